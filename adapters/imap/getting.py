"""Finding the mails of a ticket as they are this moment.

A ticket's id cannot be turned back into anything that a server could be asked for: the store knows the Message-IDs, and
where it does not, headers are looked through. A search may be answered from an index that lags behind. So what a search
does not find is looked for among the newest mail before it is called gone. Used by the adapter (`get`) and `mailbox`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from email import message_from_bytes

import msgspec

from adapters.imap import folders, records
from adapters.imap.connection import Selected
from adapters.imap.desk import Desk, Mail
from adapters.imap.evidence import id_name, message_id_of, ticket_of
from adapters.imap.folders import Folder
from adapters.imap.headers import Headers
from adapters.imap.identifiers import canonical_id, ids
from adapters.imap.threading import Placed
from connector.adapter import Record

STREAM = "messages"
SCANNED = 2000  # of a folder's newest mail that is looked through
AT_A_TIME = 500
_FIELDS = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID IN-REPLY-TO REFERENCES)]"


class Found(msgspec.Struct, frozen=True):
    """A mail of a ticket that was asked for."""

    mail: Mail
    seen: Selected
    placed: Placed


class Looked(msgspec.Struct, frozen=True):
    """What was found, in the order in which it arrived; `gone` are tickets of which nothing is there any more."""

    found: tuple[Found, ...]
    gone: tuple[str, ...]


def get(desk: Desk, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
    """(stream, record) pairs of these tickets; see `connector.adapter.Adapter.get`."""
    if not tickets:
        return
    looked = look(desk, tickets)
    known = desk.known([one.mail for one in looked.found])
    for one in looked.found:
        yield STREAM, desk.record(one.mail, one.placed, known, changed=False)
    seen_at = desk.tools.now()
    for ticket in looked.gone:
        raw = records.packed(records.Kept(ticket, seen_at.isoformat(), gone=True))
        yield STREAM, records.gone(ticket, raw, seen_at)


def look(desk: Desk, tickets: Collection[str], most: int | None = None) -> Looked:
    """The mails of these tickets, by a strong read of every folder; at most the first `most` that are known of each."""
    wanted = set(tickets)
    seen = [(folder, desk.connection(folder).select(folder.name)) for folder in desk.folders()]
    named = {ticket: _message_ids(names)[:most] for ticket, names in desk.tools.memory.names_of(sorted(wanted)).items()}
    sought = [one for names in named.values() for one in names]
    found = (
        _placed(desk, wanted, ((folder, at, _searched(desk, folder, at, sought)) for folder, at in seen))
        if sought
        else []
    )
    missing = wanted - {one.placed.ticket for one in found}
    complete = True
    if missing:
        complete = all(at.exists <= SCANNED for _, at in seen)
        found += _placed(
            desk, missing, ((folder, at, _scanned(desk, folder, at, missing, sought)) for folder, at in seen)
        )
        missing -= {one.placed.ticket for one in found}
    gone = tuple(ticket for ticket in tickets if ticket in missing and (complete or named.get(ticket)))
    return Looked(tuple(sorted(found, key=lambda one: one.mail.fetched.head.uid)), gone)


def _message_ids(names: Iterable[str]) -> list[str]:
    return [found for name in names if (found := message_id_of(name)) is not None]


def _searched(desk: Desk, folder: Folder, seen: Selected, sought: Sequence[str]) -> list[int]:
    """The mails with these Message-IDs. Servers compare parts of a header, so others may be among them."""
    connection, found = desk.connection(folder), set[int]()
    for one in sought:
        if one.isascii() and '"' not in one and "\\" not in one:
            found.update(folders.searched(connection, seen, ["HEADER", "Message-ID", one, "UNDELETED"]))
    return sorted(found)


def _scanned(desk: Desk, folder: Folder, seen: Selected, wanted: Collection[str], sought: Sequence[str]) -> list[int]:
    """Of the newest mail, what may belong to the `wanted` tickets by its ids, or has none at all."""
    connection, found = desk.connection(folder), list[int]()
    numbers = f"{max(1, seen.next_uid - folders.NUMBERS)}:{seen.next_uid}"
    newest = folders.searched(connection, seen, ["UID", numbers, "UNDELETED"])[-SCANNED:]
    names = set(sought)
    for begin in range(0, len(newest), AT_A_TIME):
        for uid, sent in folders.header_fields(connection, seen, newest[begin : begin + AT_A_TIME], _FIELDS).items():
            mine, others = _ids_in(sent)
            if (
                mine is None
                or names & {mine, *others}
                or {ticket_of(id_name(one)) for one in (mine, *others[:1])} & set(wanted)
            ):
                found.append(uid)
    return sorted(found)


def _ids_in(sent: bytes) -> tuple[str | None, list[str]]:
    """The Message-ID in some header lines, and the ids it refers to, the thread's first."""
    headers = Headers(message_from_bytes(sent).raw_items())
    return canonical_id(headers.raw("message-id")), [*ids(headers.raw("references")), *ids(headers.raw("in-reply-to"))]


def _placed(
    desk: Desk, wanted: Collection[str], where: Iterable[tuple[Folder, Selected, Sequence[int]]]
) -> list[Found]:
    """Those of the mails at these places that belong to the `wanted` tickets."""
    keys, mails, seen_in = desk.keys, list[Mail](), list[Selected]()
    for folder, seen, uids in where:
        connection = desk.connection(folder)
        for begin in range(0, len(uids), desk.settings.page_size):
            heads = folders.heads(connection, seen, uids[begin : begin + desk.settings.page_size])
            some = [desk.mail(folder, one, keys) for one in folders.bodies(connection, seen, heads, desk.settings)]
            mails += some
            seen_in += [seen] * len(some)
    places = desk.placed(mails, desk.known(mails))
    return [
        Found(mail, seen, place)
        for mail, seen, place in zip(mails, seen_in, places, strict=True)
        if place is not None and place.ticket in wanted
    ]
