"""What a mail says about where it belongs: ids, words that we signed, who wrote it. Pure.

Taken out of a message once, for `threading` to decide on. `names_asked` are what the store is asked for, `names` what
it keeps, so that later mail finds this one.
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Collection
from hashlib import sha256

import msgspec

from adapters.imap import composing, tokens
from adapters.imap.authentication import Trust
from adapters.imap.automatic import Kind
from adapters.imap.message import Message
from adapters.imap.people import actor, writer_of
from adapters.imap.purposes import Purpose

MOST_ASKED = 60  # names of one mail that the store is asked for; a thread's nearest ids come first


class Letter(msgspec.Struct, frozen=True):
    """What is looked at of one mail.

    `identity` tells it from all others; `parents` are the ids that it answers, nearest first, `root` the first of its
    thread; `signed` the tickets that words of ours in it name; `returned` the ids that a bounce is about, and
    `unreached` whom that mail did not reach; `leaving` the ticket whose complainant wants no more surveys; `thread` the
    provider's own name for its thread; `ours` what it is for, where it has an id of our own automatic mail; `sent` that
    it lies among what was sent.
    """

    message_id: str | None
    identity: str
    parents: tuple[str, ...]
    root: str | None
    who: str | None
    trust: Trust
    automatic: Kind | None
    reason: str
    signed: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    leaving: str | None = None
    thread: str | None = None
    ours: Purpose | None = None
    sent: bool = False


def letter_of(
    message: Message,
    keys: tokens.Keys,
    own: Collection[str],
    domain: str,
    *,
    sent: bool = False,
    thread: str | None = None,
) -> Letter:
    """What threading looks at in `message`. `own` addresses, and the `domain` that we send from; `sent`: it lies among
    what was sent; `thread` is the provider's own name for its thread."""
    ids = [*reversed(message.references), *message.in_reply_to]
    nearest = dict.fromkeys([*message.in_reply_to[:1], *ids])
    parents = tuple(id_name(one) for one in nearest if one != message.message_id)
    thread_ids = (one for one in (*message.references, *message.in_reply_to) if one != message.message_id)
    report = message.automatic.report
    returned = (id_name(report.original_id),) if report is not None and report.original_id else ()
    mine = composing.ours(message.message_id or "")
    said = [message.message_id] if sent and mine is not None and message.message_id else []
    spoken = [*said, *(one.address for one in (*message.to, *message.cc)), *parents, *returned]
    signed = dict.fromkeys(filter(None, (tokens.reply_ticket(keys, word) for word in spoken))) if keys else {}
    writer = writer_of(message, own)
    return Letter(
        message_id=None if message.message_id is None else id_name(message.message_id),
        identity=identity_of(message),
        parents=parents,
        root=next(map(id_name, thread_ids), None),
        who=actor(writer.address, writer.trust),
        trust=writer.trust,
        automatic=message.automatic.kind,
        reason=message.automatic.reason,
        signed=tuple(signed),
        leaving=_leaving(message, keys),
        unreached=message.bounce_recipients,
        returned=returned,
        thread=thread,
        ours=mine.purpose if mine is not None and mine.domain == domain.lower() else None,
        sent=sent,
    )


def identity_of(message: Message) -> str:
    """32 hexadecimal digits that the copies of one mail share, in whatever folder or inbox, and no other mail has: not
    one with the same Message-ID and other words, nor one with the same words and another Message-ID."""
    return sha256(f"{message.fingerprint} {message.message_id or ''}".encode("utf-8", "replace")).hexdigest()[:32]


def id_name(message_id: str) -> str:
    """A Message-ID as a name. Nobody can write one that looks like a name of another kind: those hold no @."""
    return message_id if "@" in message_id else f"id:{message_id}"


def message_id_of(name: str) -> str | None:
    """The Message-ID that a name stands for, None for a name of another kind."""
    if name.startswith("id:"):
        return name[3:]
    return name if "@" in name else None


def ticket_of(name: str) -> str:
    """The id of the ticket that begins with the mail of this Message-ID (or fingerprint): the same in every folder and
    inbox, at every reading. It tells nothing of what it was made from."""
    return "m" + b32encode(sha256(name.encode("utf-8", "replace")).digest())[:24].decode().lower()


def names_asked(letter: Letter) -> list[str]:
    """Every name by which the store may know this mail, its thread or its ticket."""
    marks = [mark.marker for one in letter.returned if (mark := composing.ours(one)) is not None]
    tickets = [ticket_of(one) for one in (letter.message_id, letter.root, letter.identity) if one]
    mine = [print_name(letter), first_name(letter), *([letter.message_id] if letter.message_id else [])]
    about = [*letter.signed, *filter(None, [letter.leaving]), *tickets, *letter.returned, *marks, *thread_names(letter)]
    return list(dict.fromkeys([*mine, *about, *letter.parents]))[:MOST_ASKED]


def _leaving(message: Message, keys: tokens.Keys) -> str | None:
    """The ticket that a signed word in the address or subject of an unsubscribing mail names."""
    if not keys:
        return None
    found = (tokens.unsubscribing(keys, one.address) for one in (*message.to, *message.cc))
    words = message.subject.split()
    said = words[1:3] if words[:1] == ["unsubscribe"] else []
    return next(filter(None, (*found, *(tokens.verified(keys, tokens.UNSUBSCRIBE, word) for word in said))), None)


def names(letter: Letter) -> tuple[str, ...]:
    """By what later mail finds this one. An id that another mail has already stays that one's."""
    return (print_name(letter), *([letter.message_id] if letter.message_id else []), *thread_names(letter))


def print_name(letter: Letter) -> str:
    """The name of this very mail."""
    return f"fp:{letter.identity}"


def first_name(letter: Letter) -> str:
    """The name that says: a ticket began with this very mail."""
    return f"first:{letter.identity}"


def thread_names(letter: Letter) -> tuple[str, ...]:
    """The name of the provider's thread, where it has one."""
    return (f"thread:{letter.thread}",) if letter.thread else ()
