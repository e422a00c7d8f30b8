"""A mail as it is kept, and as the engine is told of it: one record a message, a snapshot and an entry, or an entry.

Pure: `read` needs nothing but what was kept. What was decided when the mail came (its ticket, whether it counts) is
kept with it, since it rests on what was known then; what can be understood again is understood again. Used by `pages`
and `getting`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec

from adapters.imap.attachments import Attachment, without_attached
from adapters.imap.authentication import Trust
from adapters.imap.evidence import identity_of, ticket_of
from adapters.imap.message import Message, understood
from adapters.imap.people import BELIEVED, Writer, actor, writer_of
from adapters.imap.threading import Placed, Role
from adapters.imap.tokens import without_keys
from connector.adapter import Record
from connector.model import JSON, Entry, EntryKind, Visibility
from connector.model import Role as Acting

OPEN, DONE = "open", "done"
# Flags that say how a mail was treated on a screen, and keywords that programs set for themselves.
_UNTOLD = frozenset(
    [
        *("\\seen", "\\recent", "\\draft", "\\deleted", "$mdnsent", "$forwarded", "forwarded", "$submitted"),
        *("$submitpending", "old", "nonjunk", "notjunk", "$notjunk", "junk", "$junk", "$phishing"),
    ]
)
_SYSTEM = {"\\flagged": "flagged", "\\answered": "answered"}
# Lines of base64 by the hundred: what somebody attached.
_ATTACHED = re.compile(rb"(?:[A-Za-z0-9+/]{60,76}\r?\n){400,}")
_MOST_MICROSECONDS = 1_000_000


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of one mail. `at` is when it arrived, aware UTC; its microseconds are of the mail's number in its
    folder, so that mails of one second keep their order. `status` is what its place and flags say, None where they say
    nothing. `size` is in bytes; where `message` holds less than the whole, `attachments` were looked at before. `gone`
    stands for a ticket none of whose mail is there any more; `problem` says why a mail could not even be fetched."""

    ticket: str
    at: str
    placed: Placed | None = None
    folder: str = ""
    flags: tuple[str, ...] = ()
    status: str | None = None
    version: int = 0
    size: int = 0
    message: bytes = b""
    attachments: tuple[Attachment, ...] | None = None
    partial: bool = False
    gone: bool = False
    problem: str | None = None


def told(flags: Iterable[str]) -> tuple[str, ...]:
    """The flags and keywords that say something about a complaint, sorted."""
    return tuple(sorted(flag for flag in flags if flag.lower() not in _UNTOLD))


def labels(flags: Iterable[str]) -> list[str]:
    """Flags and keywords as labels: keywords as they are, and "flagged", "answered"."""
    return [_SYSTEM.get(flag.lower(), flag) for flag in flags]


def arrival(at: datetime, uid: int) -> str:
    """When a mail arrived, with its number in place of the microseconds that servers do not tell."""
    whole = at.astimezone(UTC).replace(microsecond=0)
    return (whole + timedelta(microseconds=uid % _MOST_MICROSECONDS)).isoformat(timespec="microseconds")


def shortened(
    raw: bytes, message: Message, most: int, own: Collection[str], hosts: Collection[str], *, attached: bool = False
) -> bytes:
    """`raw` without the content of what was attached, unless that is to be kept (`attached`) and is not larger than
    `most`; as it is, where taking it out would change how the mail is understood."""

    def same(cut: bytes) -> bool:
        return _meaning(understood(cut, own_addresses=own, trusted_hosts=hosts)) == _meaning(message)

    if message.attachments and not attached:
        bare = without_attached(raw)
        if bare != raw and same(bare):
            raw = bare
    if len(raw) <= most:
        return raw
    cut = _ATTACHED.sub(b"", raw)
    return cut if same(cut) else raw


def _meaning(message: Message) -> tuple[object, ...]:
    """All that is read of a mail again, but for what was attached."""
    return (
        message.full_text,
        message.reply_text,
        message.fingerprint,
        message.automatic,
        message.authentication,
        message.marks,
    )


def packed(kept: Kept) -> bytes:
    return msgspec.json.encode(kept)


def read(raw: bytes, seen_at: datetime, own: Collection[str], hosts: Collection[str]) -> Record:
    """The record that `raw` was kept from."""
    try:
        kept = msgspec.json.decode(raw, type=Kept)
        if kept.gone:
            return gone(kept.ticket, raw, seen_at)
        if kept.problem is not None:
            return broken(raw, kept.problem, kept.ticket)
        return record(kept, understood(kept.message, own_addresses=own, trusted_hosts=hosts), raw, seen_at, own)
    except (msgspec.MsgspecError, ValueError) as error:
        return broken(raw, f"{type(error).__name__}: {error}")


def broken(raw: bytes, why: str, ticket: str | None = None) -> Record:
    """A mail that nobody can read still has to be findable: by the ticket it would have been, or by its bytes."""
    name = ticket or ticket_of(sha256(raw).hexdigest())
    return Record(name, f"broken:{name}", raw, problem=why)


def gone(ticket: str, raw: bytes, seen_at: datetime) -> Record:
    """None of the ticket's mail is there any more."""
    entry = Entry("~gone", EntryKind.DELETE, seen_at, seen_at, observed=False)
    return Record(ticket, f"gone:{ticket}", raw, entries=(entry,))


def record(kept: Kept, message: Message, raw: bytes, seen_at: datetime, own: Collection[str]) -> Record:
    """The record of one mail that was placed."""
    assert kept.placed is not None, "a mail is kept after it was placed"
    placed = kept.placed
    writer = writer_of(message, own)
    if not (message.sender or message.full_text.strip()):
        return broken(raw, "it has neither a sender nor words.", placed.ticket)
    first = placed.role is Role.FIRST
    return Record(
        ticket=placed.ticket,
        raw_id=identity_of(message),
        raw=raw,
        version=kept.version if first else 0,
        fields=_fields(kept, placed, message, writer) if first else None,
        entries=(*_said(kept, placed, message, writer, seen_at), *_standing(kept, placed, seen_at)),
        aside=placed.aside,
        quiet=placed.quiet,
        names=placed.names,
        stops=placed.stops,
    )


_KINDS = {
    Role.FIRST: (EntryKind.RECEIVED, Acting.CUSTOMER, Visibility.PUBLIC),
    Role.CUSTOMER: (EntryKind.CUSTOMER_MESSAGE, Acting.CUSTOMER, Visibility.PUBLIC),
    Role.STAFF: (EntryKind.STAFF_REPLY, Acting.STAFF, Visibility.PUBLIC),
    Role.ACKNOWLEDGED: (EntryKind.STAFF_REPLY, Acting.AMENDS, Visibility.PUBLIC),
    Role.BOUNCE: (EntryKind.NOTE, Acting.SYSTEM, Visibility.INTERNAL),
}


def _said(kept: Kept, placed: Placed, message: Message, writer: Writer, seen_at: datetime) -> tuple[Entry, ...]:
    kind, role, visibility = _KINDS[placed.role]
    at = datetime.fromisoformat(kept.at)
    if placed.role is Role.BOUNCE:
        text = "Mail of ours did not reach " + (", ".join(message.bounce_recipients) or "its recipient") + "."
    else:
        text = words_of(message)
    who = None if placed.role is Role.BOUNCE else actor(writer.address, writer.trust)
    if placed.role in (Role.STAFF, Role.ACKNOWLEDGED):  # the folder of what was sent is proof enough
        who = writer.address.lower()
    return (Entry(identity_of(message), kind, at, seen_at, role, who, visibility, text),)


def _standing(kept: Kept, placed: Placed, seen_at: datetime) -> tuple[Entry, ...]:
    """What the mail's place and flags state; nobody says when they came to be so."""
    when = seen_at.isoformat(timespec="microseconds")
    found = []
    if kept.status is not None:
        found.append(Entry(f"~{when} status", EntryKind.STATUS, seen_at, seen_at, value=kept.status, observed=False))
    if "answered" in labels(kept.flags) and placed.role in (Role.FIRST, Role.CUSTOMER):
        reply, public = EntryKind.STAFF_REPLY, Visibility.PUBLIC
        stated = Entry(f"~{when} answered", reply, seen_at, seen_at, Acting.STAFF, visibility=public, observed=False)
        found.append(stated)
    return tuple(found)


def words_of(message: Message) -> str:
    """What the sender wrote; where nearly nothing is left after cutting, all of it."""
    said = message.reply_text if len(message.reply_text.strip()) > 2 else message.full_text
    return without_keys(said)


def _fields(kept: Kept, placed: Placed, message: Message, writer: Writer) -> dict[str, JSON]:
    believed = writer.trust in BELIEVED and bool(writer.address)
    attachments = message.attachments if kept.attachments is None else kept.attachments
    forwarded = message.forwarded
    return {
        "subject": message.subject,
        "text": words_of(message),
        "requester": {
            # A person is who our border vouches for. Whoever is only claimed shares nothing with anybody's history.
            "id": actor(writer.address, writer.trust) if believed else placed.ticket,
            "name": writer.name or None,
            "address": writer.address or None,
            "verified": writer.trust is Trust.VERIFIED and bool(writer.address),
            "trust": str(writer.trust),
        },
        "channel": "email",
        "to": [one.address for one in message.to],
        "cc": [one.address for one in message.cc],
        "folder": kept.folder,
        "labels": labels(kept.flags),
        "flagged": "flagged" in labels(kept.flags),
        "status": kept.status,
        "received_at": kept.at,
        "sent_at": None if message.date is None else message.date.isoformat(),
        "message_id": message.message_id,
        "follows": placed.follows,
        "evidence": placed.evidence,
        "forwarded": None if forwarded is None else msgspec.to_builtins(forwarded),
        "attachments": [msgspec.to_builtins(one) for one in attachments],
        "size": kept.size,
        "silent": message.automatic.silent,
        "marks": [msgspec.to_builtins(mark) for mark in message.marks],
        "defects": [*message.defects, *(["it is too large: only its beginning was read"] if kept.partial else [])],
    }
