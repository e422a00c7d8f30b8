"""What can be read in a record as its source sent it, whatever its form: to find whose words lie aside. Called by
`erasure`.

A record is JSON, or a mail, or JSON that holds a mail (base64). No form is proved, for what lies aside was not
understood; what is no form that is known is read as it is.
"""

from __future__ import annotations

import binascii
import email
import email.policy
import html
import quopri
import re
from base64 import b64decode
from collections.abc import Iterator
from email.message import Message
from urllib.parse import unquote

import msgspec

from connector.model import JSON

# Under what names sources tell from whom a ticket or message is.
_SENDERS = frozenset({"requester", "reporter", "from", "sender", "customer"})
_SENDING_HEADERS = ("from", "sender", "reply-to")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{40,}={0,2}\s*")


def texts(body: bytes) -> Iterator[str]:
    """Every text in a record, decoded; each also as it reads without the escapes of links, pages and mails."""
    for text in _all(body):
        yield from {text, unquote(text), html.unescape(text), _unquoted(text)}


def senders(body: bytes) -> Iterator[str]:
    """The texts that tell from whom a record is; none where it does not say so."""
    document = _json(body)
    if document is None:
        yield from _headers(_mail(body))
        return
    for name, value in _named(document):
        if name.casefold() in _SENDERS:
            yield from _strings(value)
    for text in _strings(document):
        held = _held(text)
        if held is not None:
            yield from _headers(_mail(held))


def _all(body: bytes) -> Iterator[str]:
    document = _json(body)
    if document is None:
        yield from _of_mail(body)
        return
    for text in _strings(document):
        yield text
        held = _held(text)
        if held is not None:
            yield from _of_mail(held)


def _json(body: bytes) -> JSON:
    """The document, None where it is no JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _strings(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _named(value: JSON) -> Iterator[tuple[str, JSON]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield name, each
            yield from _named(each)
    elif isinstance(value, list):
        for each in value:
            yield from _named(each)


def _held(text: str) -> bytes | None:
    """What a text is the base64 of."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        return b64decode(text)
    except binascii.Error:
        return None


def _mail(body: bytes) -> Message:
    return email.message_from_bytes(body, policy=email.policy.compat32)


def _headers(mail: Message) -> Iterator[str]:
    for name in _SENDING_HEADERS:
        for value in mail.get_all(name, []):
            yield str(value)


def _of_mail(body: bytes) -> Iterator[str]:
    yield body.decode(errors="replace")
    for part in _mail(body).walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield content.decode(errors="replace")


def _unquoted(text: str) -> str:
    """Without the escapes of quoted-printable, as a mail that was copied into a text has them."""
    return quopri.decodestring(text.encode(errors="replace")).decode(errors="replace") if "=" in text else text
