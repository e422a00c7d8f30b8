"""Folders and what is fetched from them: numbers first, then sizes and flags, then the mail itself.

Nothing is marked as read. Mail is fetched in portions that fit into memory; of what is too large, the beginning. A mail
that vanished between two steps is left out. Used by `pages` and `getting`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from adapters.imap.connection import Connection, Selected, flags_of, zoned
from adapters.imap.settings import ImapSettings
from connector.errors import TemporaryError

PORTION_BYTES = 8_000_000
FLAGS_AT_A_TIME = 500
NUMBERS = 20_000  # of a folder's numbers that are asked for at a time: an answer has to fit into a line
GMAIL = "X-GM-EXT-1"
log = logging.getLogger("amends.imap")


class Kind(StrEnum):
    """What a folder is for: mail that comes in, mail that is finished, what we sent."""

    IN = "in"
    DONE = "done"
    SENT = "sent"


class Folder(msgspec.Struct, frozen=True):
    """A folder that is read. `key` names it in a cursor."""

    box: int
    name: str
    kind: Kind
    key: str


class Head(msgspec.Struct, frozen=True):
    """What is known of a mail before it is fetched. `arrived` is None where the server does not say; `thread` is the
    provider's own name for its thread."""

    uid: int
    flags: tuple[str, ...]
    arrived: datetime | None
    size: int
    thread: str | None = None


class Fetched(msgspec.Struct, frozen=True):
    """A mail as the server has it now; `partial` where only its beginning was fetched."""

    head: Head
    raw: bytes
    partial: bool = False


def folders_of(connections: Sequence[Connection], settings: ImapSettings) -> list[Folder]:
    """Every folder that is read, in the order in which they are read: what is finished, what came in, what was sent.

    So an answer of ours is read after the mail that it answers, and a customer's mail after the end of what it follows.
    May ask a server for the name of its Sent folder.
    """
    found: list[Folder] = []
    for kind in (Kind.DONE, Kind.IN, Kind.SENT):
        for number, connection in enumerate(connections):
            found += [
                Folder(number, name, kind, f"{connection.box.name}/{name}")
                for name in _names(connection, kind, settings)
            ]
    return list({folder.key: folder for folder in reversed(found)}.values())[::-1]


def _names(connection: Connection, kind: Kind, settings: ImapSettings) -> Sequence[str]:
    box = connection.box
    if kind is Kind.DONE:
        return box.done_folders
    if kind is Kind.SENT:
        sent = connection.sent_folder()
        return () if sent is None or sent in (*box.folders, *box.done_folders) else (sent,)
    escalated = settings.escalation_folder
    return (*box.folders, *((escalated,) if escalated and connection.folder_exists(escalated) else ()))


def opened(connection: Connection, seen: Selected) -> None:
    """The folder, as it was seen. Raises TemporaryError where its server has numbered it anew since: what is fetched by
    the old numbers may be any mail."""
    if connection.select(seen.name, again=False).validity != seen.validity:
        raise _void(connection, seen)


def numbers(connection: Connection, seen: Selected, after: int, since: datetime | None) -> Iterator[int]:
    """The numbers above `after` of what was in the folder when it was `seen`, rising; with `since`, of what may have
    arrived then or later (servers know days only). What is marked for removal counts as removed."""
    low, width = after + 1, NUMBERS
    criteria: list[Any] = ["UNDELETED"]
    if since is not None:
        criteria += ["SINCE", (since - timedelta(days=1)).date()]
    while low < seen.next_uid:
        high = min(low + width, seen.next_uid) - 1
        found = searched(connection, seen, ["UID", f"{low}:{high}", *criteria])
        yield from (uid for uid in found if low <= uid <= high)
        # Numbers may have wide gaps.
        low, width = high + 1, (width * 2 if len(found) < NUMBERS // 10 else NUMBERS)


def searched(connection: Connection, seen: Selected, criteria: Sequence[Any]) -> list[int]:
    """The numbers that the server finds, rising."""
    opened(connection, seen)
    with connection.speaking(f"searching the folder {seen.name!r}") as client:
        return sorted(client.search(list(criteria)))


def flags(connection: Connection, seen: Selected, uids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The flags of those that are there still."""
    found: dict[int, tuple[str, ...]] = {}
    for begin in range(0, len(uids), FLAGS_AT_A_TIME):
        answer = _fetched(connection, seen, uids[begin : begin + FLAGS_AT_A_TIME], ["FLAGS"])
        found |= {uid: tuple(sorted(flags_of(one[b"FLAGS"]))) for uid, one in answer.items() if b"FLAGS" in one}
    return found


def heads(connection: Connection, seen: Selected, uids: Sequence[int]) -> list[Head]:
    """Flags, time of arrival and size of those that are there still, in the order asked for."""
    items = ["FLAGS", "INTERNALDATE", "RFC822.SIZE", *(["X-GM-THRID"] if connection.can(GMAIL) else [])]
    answer = _fetched(connection, seen, uids, items)
    return [_head(uid, answer[uid]) for uid in uids if b"RFC822.SIZE" in answer.get(uid, {})]


def _head(uid: int, answer: Any) -> Head:
    thread = answer.get(b"X-GM-THRID")
    return Head(
        uid=uid,
        flags=tuple(sorted(flags_of(answer.get(b"FLAGS", ())))),
        arrived=zoned(answer.get(b"INTERNALDATE")),
        size=int(answer[b"RFC822.SIZE"]),
        thread=None if thread is None else str(thread),
    )


def bodies(connection: Connection, seen: Selected, wanted: Sequence[Head], settings: ImapSettings) -> Iterator[Fetched]:
    """The mails themselves, in the order asked for, a portion at a time. What vanished meanwhile is left out."""
    for portion in _portions(wanted, settings.whole_bytes):
        large = portion[0].size > settings.whole_bytes
        item = f"BODY.PEEK[]<0.{settings.keep_bytes}>" if large else "BODY.PEEK[]"
        answer = _fetched(connection, seen, [head.uid for head in portion], [item])
        for head in portion:
            raw = _body(answer.get(head.uid, {}))
            if raw is None:
                log.info("mail %d of %r went away while it was read", head.uid, seen.name)
            else:
                yield Fetched(head, raw, partial=large)


def header_fields(connection: Connection, seen: Selected, uids: Sequence[int], item: str) -> dict[int, bytes]:
    """Some header lines of those that are there still; `item` says which."""
    answer = _fetched(connection, seen, uids, [item])
    return {
        uid: next((value for name, value in one.items() if name.upper().startswith(b"BODY[") and value), b"")
        for uid, one in answer.items()
    }


def _fetched(connection: Connection, seen: Selected, uids: Sequence[int], items: Sequence[str]) -> Mapping[int, Any]:
    opened(connection, seen)
    with connection.speaking(f"reading from the folder {seen.name!r}") as client:
        answer: Mapping[int, Any] = client.fetch(list(uids), list(items))
    told = connection.validity_told()
    if told is not None and told != seen.validity:
        raise _void(connection, seen)
    return answer


def _void(connection: Connection, seen: Selected) -> TemporaryError:
    connection.close()
    return TemporaryError(f"the server has numbered {seen.name!r} anew while it was read.", source=connection.source)


def _portions(wanted: Sequence[Head], whole_bytes: int) -> Iterator[list[Head]]:
    portion: list[Head] = []
    for head in wanted:
        alone = head.size > whole_bytes
        if portion and (alone or sum(one.size for one in portion) + head.size > PORTION_BYTES):
            yield portion
            portion = []
        portion.append(head)
        if alone:
            yield portion
            portion = []
    if portion:
        yield portion


def _body(answer: Any) -> bytes | None:
    for item, value in answer.items():
        if item.upper().startswith(b"BODY[]"):
            return value if isinstance(value, bytes) else None
    return None
