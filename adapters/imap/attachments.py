"""What is attached to a message: names that are safe to show and to write, types, sizes, hashes. Pure; never raises.

Called by `message`. Nothing is unpacked, opened or guessed at: sealed parts are only marked as what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256

import msgspec

from adapters.imap.bodies import body
from adapters.imap.headers import tidy
from adapters.imap.parts import Limits, Parsed, Part, parsed

LONGEST_NAME = 120
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\u2028\u2029]+')
_EXTENSIONS = {"message/rfc822": ".eml", "text/calendar": ".ics", "text/html": ".html", "text/plain": ".txt"}
_PGP = "-----BEGIN PGP MESSAGE-----"
_METHODS = frozenset("PUBLISH REQUEST REPLY ADD CANCEL REFRESH COUNTER DECLINECOUNTER".split())  # RFC 5546  # noqa: SIM905
_METHOD = re.compile(rb"^METHOD:\s*([A-Za-z-]{1,20})", re.MULTILINE | re.IGNORECASE)


class Attachment(msgspec.Struct, frozen=True):
    """One attached part. `size_bytes` and `sha256` are of its decoded content; `inline` that the text shows it."""

    name: str
    type: str
    size_bytes: int
    sha256: str
    content_id: str = ""
    inline: bool = False


class Mark(StrEnum):
    """Content that Amends does not read: a person has to."""

    CALENDAR = "calendar"
    TNEF = "tnef"
    SIGNED = "signed"  # the text was read, the signature was not checked
    OPAQUE = "opaque"  # signed in such a way that the text is inside the signature
    ENCRYPTED = "encrypted"


def attachments(parts: Iterable[Part]) -> tuple[Attachment, ...]:
    """The attachments, in the order of their parts."""
    return tuple(_attachment(part, number) for number, part in enumerate(parts, 1))


def _attachment(part: Part, number: int) -> Attachment:
    content = part.content()
    ident = part.headers.said("content-id").strip("<> ")
    return Attachment(
        name=safe_name(part.name or _own_name(part)) or f"part-{number}{_EXTENSIONS.get(part.type, '.bin')}",
        type=part.type,
        size_bytes=len(content),
        sha256=sha256(content).hexdigest(),
        content_id=tidy(ident)[:LONGEST_NAME],
        inline=part.disposition == "inline" or (bool(ident) and part.disposition != "attachment"),
    )


def _own_name(part: Part) -> str:
    """An attached message is known by its subject."""
    subject = part.inner(Limits()).text("subject") if part.type == "message/rfc822" else ""
    return f"{subject[:100].replace('/', '-')}.eml" if subject else ""


def without_attached(raw: bytes) -> bytes:
    """The message with every attached part empty: its headers stay, its content goes."""
    tree = parsed(raw, Limits())
    if tree.raw != raw:
        return raw  # its lines end in some odd way, so that its parts lie elsewhere
    kept, at = [], 0
    for part in sorted(body(tree, Limits()).attachments, key=lambda one: one.start):
        if part.start >= at:
            kept.append(raw[at : part.start])
            at = part.end
    return b"".join([*kept, raw[at:]])


def safe_name(name: str) -> str:
    """`name` without folders, marks that hide its true ending, and what a file system or a shell might obey."""
    base = re.split(r"[/\\]", name.replace("\0", ""))[-1]
    base = _UNSAFE.sub("_", tidy(base)).strip(" .")
    if len(base) > LONGEST_NAME:
        stem, dot, ending = base.rpartition(".")
        base = f"{stem[: LONGEST_NAME - 11]}{dot}{ending[:10]}" if dot and stem else base[:LONGEST_NAME]
    return base


def marks(parsed: Parsed, text: str) -> tuple[Mark, ...]:
    """What of the message is sealed, signed, or an appointment."""
    found = {mark for part in parsed.parts if (mark := _mark(part)) is not None}
    types = set(parsed.types)
    if "multipart/encrypted" in types or _PGP in text:
        found.add(Mark.ENCRYPTED)
    if "multipart/signed" in types or "-----BEGIN PGP SIGNED MESSAGE-----" in text:
        found.add(Mark.SIGNED)
    return tuple(mark for mark in Mark if mark in found)


def _mark(part: Part) -> Mark | None:
    if part.type == "text/calendar":
        return Mark.CALENDAR
    if part.type in ("application/ms-tnef", "application/vnd.ms-tnef") or part.name.lower() == "winmail.dat":
        return Mark.TNEF
    if part.type in ("application/pkcs7-mime", "application/x-pkcs7-mime") or part.name.lower().endswith(".p7m"):
        return Mark.OPAQUE if part.parameters.get("smime-type", "").lower() == "signed-data" else Mark.ENCRYPTED
    return None


def calendar_method(parsed: Parsed) -> str:
    """The METHOD of an appointment (REQUEST, REPLY, CANCEL, COUNTER…) in upper case, "" where there is none."""
    for part in parsed.parts:
        if part.type == "text/calendar":
            said = part.parameters.get("method", "")
            found = None if said else _METHOD.search(part.content()[:20_000])
            method = (said or (found[1].decode("ascii", "replace") if found else "")).upper()
            return method if method in _METHODS else ""
    return ""
