"""What people write: whole mails as they lie in an inbox, with what the border server put on top. Pure.

Used by tests and the demo. Written by hand and not by the standard library, so that a test can have any mail it likes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256

import msgspec

BORDER = "mx.shop.example"
SHOP = "support@shop.example"


class Person(msgspec.Struct, frozen=True):
    name: str
    address: str


MARIA = Person("Maria Silva", "maria@example.net")


class Letter(msgspec.Struct, frozen=True):
    """A mail: its bytes, and what an answer to it refers to. `message_id` is without brackets."""

    raw: bytes
    message_id: str
    references: tuple[str, ...]


def letter(
    sender: Person,
    subject: str,
    text: str,
    at: datetime,
    *,
    to: str = SHOP,
    answers: Letter | None = None,
    message_id: str | None = None,
    trust: str = "verified",
    headers: Sequence[tuple[str, str]] = (),
) -> Letter:
    """A plain mail. `trust` is what the border found out: verified, plausible, unverified (nothing) or failed; a mail
    that is "ours" has not come through it."""
    ident = message_id or _ident(sender, subject, text, at)
    references = (*answers.references, answers.message_id) if answers is not None else ()
    shown = f'"{sender.name}" <{sender.address}>' if sender.name else sender.address
    lines = [
        *_border(sender.address, trust, at),
        ("From", shown),
        ("To", to),
        ("Subject", _encoded(subject)),
        ("Date", format_datetime(at)),
        ("Message-ID", f"<{ident}>"),
        *((("In-Reply-To", f"<{references[-1]}>"),) if references else ()),
        *((("References", "\r\n ".join(f"<{one}>" for one in references)),) if references else ()),
        *headers,
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    body = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return Letter(f"{head}\r\n{body}\r\n".encode(), ident, references)


def bounce(of: str, recipient: str, at: datetime, *, to: str = SHOP) -> Letter:
    """A delivery report in the standard form (RFC 3464): the mail with the id `of` did not reach `recipient`."""
    ident = f"{sha256(f'{of}{recipient}{at}'.encode()).hexdigest()[:16]}@{BORDER}"
    body = f"""\
Return-Path: <>\r
From: Mail Delivery System <mailer-daemon@{BORDER}>\r
To: {to}\r
Subject: Undelivered Mail Returned to Sender\r
Date: {format_datetime(at)}\r
Message-ID: <{ident}>\r
Auto-Submitted: auto-replied\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\r
\r
--b1\r
Content-Type: text/plain\r
\r
I'm sorry to have to inform you that your message could not be delivered.\r
\r
--b1\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; {BORDER}\r
\r
Final-Recipient: rfc822; {recipient}\r
Action: failed\r
Status: 5.1.1\r
\r
--b1\r
Content-Type: text/rfc822-headers\r
\r
Message-ID: <{of}>\r
\r
--b1--\r
"""
    return Letter(body.encode(), ident, ())


def _border(address: str, trust: str, at: datetime) -> list[tuple[str, str]]:
    if trust == "ours":
        return []
    domain = address.rpartition("@")[2]
    found = {
        "verified": f"; dmarc=pass header.from={domain}",
        "plausible": f"; spf=pass smtp.mailfrom=bounces.{domain}.mailer.example; dmarc=none header.from={domain}",
        "failed": f"; dmarc=fail header.from={domain}",
    }.get(trust)
    results = [("Authentication-Results", f"{BORDER}{found}")] if found else []
    return [*results, ("Received", f"from out.{domain or 'nowhere'} by {BORDER} with ESMTPS; {format_datetime(at)}")]


def _ident(sender: Person, subject: str, text: str, at: datetime) -> str:
    whole = f"{sender.address}|{subject}|{text}|{at.isoformat()}"
    return f"{sha256(whole.encode()).hexdigest()[:20]}@{sender.address.rpartition('@')[2] or 'nowhere.example'}"


def _encoded(subject: str) -> str:
    return subject if subject.isascii() else f"=?utf-8?b?{b64encode(subject.encode()).decode()}?="
