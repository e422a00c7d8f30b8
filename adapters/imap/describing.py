"""A message as `amends mail parse` prints it: one JSON object, for people and for programs that measure. Pure.

Called by the command line alone; nothing in the daemon reads this form.
"""

from __future__ import annotations

import msgspec

from adapters.imap.addresses import Address
from adapters.imap.message import Message


class Person(msgspec.Struct, frozen=True):
    """A mailbox; "" where there is no name, or no address."""

    name: str
    address: str


class File(msgspec.Struct, frozen=True):
    """An attachment; `size` in bytes."""

    name: str
    type: str
    size: int
    sha256: str


class Machine(msgspec.Struct, frozen=True):
    """What kind of machine wrote it (null: a person), what shows it, and whether nothing automatic may answer it."""

    kind: str | None
    reason: str
    silent: bool


class Described(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """A message; times are ISO 8601 in UTC. `subject` is what the standard says stands there; `subject_read` is there
    where bytes of it had to be guessed, and is what Amends works with. `marks` name sealed or unread content."""

    file: str
    sender: list[Person]
    to: list[Person]
    subject: str
    subject_read: str | None
    date: str | None
    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    fingerprint: str
    language: str
    reply_text: str
    full_text: str
    cut_reason: str | None
    forwarded_from: str | None
    automatic: Machine
    bounce_recipients: tuple[str, ...]
    bounced_message_id: str | None
    authentication: dict[str, str]
    attachments: list[File]
    marks: tuple[str, ...]
    defects: tuple[str, ...]


def described(file: str, message: Message, language: str) -> Described:
    """`message`, which was read from `file` and is written in `language` (ISO 639-1, or "unknown")."""
    machine, trust = message.automatic, message.authentication
    return Described(
        file=file,
        sender=_people(message.sender),
        to=_people(message.to),
        subject=message.subject_as_sent,
        subject_read=message.subject if message.subject != message.subject_as_sent else None,
        date=message.date.isoformat() if message.date else None,
        message_id=message.message_id,
        in_reply_to=message.in_reply_to,
        references=message.references,
        fingerprint=message.fingerprint,
        language=language,
        reply_text=message.reply_text,
        full_text=message.full_text,
        cut_reason=message.cut_reason,
        forwarded_from=message.forwarded.sender if message.forwarded else None,
        automatic=Machine(machine.kind, machine.reason, machine.silent),
        bounce_recipients=message.bounce_recipients,
        bounced_message_id=machine.report.original_id if machine.report else None,
        authentication={
            "level": trust.level, "reason": trust.reason, "spf": trust.spf, "dkim": trust.dkim, "dmarc": trust.dmarc
        },
        attachments=[File(one.name, one.type, one.size_bytes, one.sha256) for one in message.attachments],
        marks=message.marks,
        defects=message.defects,
    )  # fmt: skip


def _people(addresses: tuple[Address, ...]) -> list[Person]:
    return [Person(one.name, one.address) for one in addresses]
