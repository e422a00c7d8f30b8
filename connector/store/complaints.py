"""Complaints as they lie in the store, and how they are found. Called by `sync`, the commands and the console, and by
the modules of this room that write them (`revisions` the `Doc`, `assessments` what sweep makes of it) or read them in
another order (`browsing`, `walks`, `earlier`).

Functions take the connection of one `Store.read` or `Store.write`; none opens or ends a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import force_setattr, replace
from sqlalchemy import Connection, bindparam, func, select

from connector.clocks.closed import Kept
from connector.model import FINISHED, Clock, Complaint, Entry, EntryKind, Flag, Promise, Ruling, Status, Tag
from connector.store.people import PERSON
from connector.store.rows import among, listed
from connector.store.tables import complainant, complaint, source
from connector.store.times import micros, moment_or_none


class Doc(msgspec.Struct, frozen=True, omit_defaults=True):
    """What pull writes of a complaint: its mapped fields, its timeline, its tags, and what was promised in it."""

    complaint: Complaint
    entries: tuple[Entry, ...]
    tags: tuple[Tag, ...] = ()
    promises: tuple[Promise, ...] = ()


class Assessed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What sweep writes of a complaint. `unsure` counts the promises that a person has to decide about, `dismissed`
    those that a person said are none. `kept` is what no change of settings reaches any more: it was closed by then."""

    clocks: tuple[Clock, ...] = ()
    flags: tuple[Flag, ...] = ()
    unsure: int = 0
    dismissed: int = 0
    kept: Kept | None = None


class Stored(msgspec.Struct, frozen=True):
    """A complaint as it lies in the store. `revision` grows with every change of its `doc`. `person_id` names who it is
    from, over all sources; only where it `joins` is that more than an account which somebody may have used."""

    id: int
    source_id: int
    source: str
    ticket: str
    revision: int
    complainant_id: int
    person_id: int
    joins: bool
    doc: Doc
    assessed: Assessed
    look_at: datetime | None
    rulings: tuple[Ruling, ...] = ()


_encode = msgspec.json.Encoder().encode
_decode_doc = msgspec.json.Decoder(Doc).decode
_decode_assessed = msgspec.json.Decoder(Assessed).decode
_decode_rulings = msgspec.json.Decoder(tuple[Ruling, ...]).decode
_NOTHING = Assessed()


def pack(doc: Doc) -> bytes:
    """The row form of a doc. The words of a ticket stand in it once: the first entry's text is the complaint's."""
    entries = doc.entries
    if entries and _repeats_text(entries[0], doc.complaint):
        first = replace(entries[0], text="\x00same")
        doc = Doc(doc.complaint, (first, *entries[1:]), doc.tags, doc.promises)
    return _encode(doc)


def unpack(body: bytes) -> Doc:
    """The doc that `pack` made `body` of."""
    doc = _decode_doc(body)
    if doc.entries and doc.entries[0].text == "\x00same":
        # In place: nobody else has seen it yet.
        force_setattr(doc.entries[0], "text", doc.complaint.text)
    return doc


def _repeats_text(entry: Entry, of: Complaint) -> bool:
    return entry.kind is EntryKind.RECEIVED and bool(entry.text) and entry.text == of.text


ROW = (
    select(
        complaint.c.id,
        complaint.c.source_id,
        source.c.name,
        complaint.c.ticket,
        complaint.c.revision,
        complaint.c.complainant_id,
        complaint.c.doc,
        complaint.c.assessed,
        complaint.c.look_at,
        complaint.c.rulings,
        PERSON,
        complainant.c.person_id.is_not(None) | (complainant.c.verified & ~complainant.c.shared),
    )
    .join_from(complaint, source)
    .join_from(complaint, complainant)
)
_OF_TICKETS = ROW.where(
    complaint.c.source_id == bindparam("of"), complaint.c.ticket.in_(bindparam("tickets", expanding=True))
)


def stored_of(row: Any) -> Stored:
    """The complaint in a row of `ROW`."""
    return Stored(
        id=row[0],
        source_id=row[1],
        source=row[2],
        ticket=row[3],
        revision=row[4],
        complainant_id=row[5],
        doc=unpack(row[6]),
        assessed=_decode_assessed(row[7]) if row[7] else _NOTHING,
        look_at=moment_or_none(row[8]),
        rulings=_decode_rulings(row[9]) if row[9] else (),
        person_id=row[10],
        joins=bool(row[11]),
    )


# -- finding them -----------------------------------------------------------------------------------------------------


def of_tickets(connection: Connection, source_id: int, tickets: Sequence[str]) -> dict[str, Stored]:
    """The stored complaints of these tickets, by ticket."""
    rows = among(connection, _OF_TICKETS, "tickets", tickets, of=source_id)
    return {stored.ticket: stored for stored in map(stored_of, rows)}


def of_identities(connection: Connection, identities: Iterable[int]) -> list[Stored]:
    """The complaints and other tickets of these identities (`Stored.complainant_id`), newest first."""
    statement = ROW.where(complaint.c.complainant_id.in_(bindparam("of", expanding=True))).order_by(
        complaint.c.opened_at.desc(), complaint.c.id.desc()
    )
    return [stored_of(row) for row in connection.execute(statement, {"of": listed(sorted(set(identities)))})]


def listing(
    connection: Connection,
    *,
    source_name: str | None = None,
    status: str | None = None,
    flag: str | None = None,
    is_complaint: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int | None = None,
) -> Iterator[Stored]:
    """Complaints, newest first, as the filters say."""
    statement = ROW.order_by(complaint.c.opened_at.desc(), complaint.c.id.desc())
    for column, value in (
        (source.c.name, source_name),
        (complaint.c.status, status),
        (complaint.c.complaint, is_complaint),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if flag is not None:
        statement = statement.where((" " + complaint.c.flags + " ").contains(f" {flag} ", autoescape=True))
    if since is not None:
        statement = statement.where(complaint.c.opened_at >= micros(since))
    if until is not None:
        statement = statement.where(complaint.c.opened_at <= micros(until))
    if most is not None:
        statement = statement.limit(most)
    for row in connection.execute(statement):
        yield stored_of(row)


def clocks_of(connection: Connection, names: Iterable[str]) -> dict[str, tuple[Clock, ...]]:
    """The clocks of these complaints ("source/ticket"), as of their last sweep."""
    by_source: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        of, _, ticket = name.partition("/")
        by_source.setdefault(of, []).append(ticket)
    found: dict[str, tuple[Clock, ...]] = {}
    for of, tickets in by_source.items():
        statement = (
            select(complaint.c.ticket, complaint.c.assessed)
            .join_from(complaint, source)
            .where(source.c.name == of, complaint.c.ticket.in_(bindparam("tickets", expanding=True)))
        )
        for ticket, assessed in connection.execute(statement, {"tickets": listed(tickets)}):
            found[f"{of}/{ticket}"] = _decode_assessed(assessed).clocks if assessed else ()
    return found


# -- what there is of a source ----------------------------------------------------------------------------------------


def which_are_stored(connection: Connection, source_id: int, tickets: Iterable[str]) -> set[str]:
    """Those of a source's `tickets` of which there is a complaint."""
    wanted = complaint.c.ticket.in_(bindparam("tickets", expanding=True))
    statement = select(complaint.c.ticket).where(complaint.c.source_id == source_id, wanted)
    return set(connection.execute(statement, {"tickets": listed(tickets)}).scalars())


def revisions(connection: Connection, source_id: int, tickets: Sequence[str]) -> dict[str, int]:
    """How often each of these tickets was written."""
    statement = select(complaint.c.ticket, complaint.c.revision).where(
        complaint.c.source_id == source_id,
        complaint.c.ticket.in_(bindparam("tickets", expanding=True)),
    )
    return {row[0]: row[1] for row in connection.execute(statement, {"tickets": listed(tickets)})}


_FINISHED = [status.value for status in FINISHED]


def standing(connection: Connection, source_id: int, since: datetime) -> dict[str, int]:
    """(version by ticket) of all that is unfinished or changed at or after `since`; deleted ones are not there."""
    statement = select(complaint.c.ticket, complaint.c.version).where(
        complaint.c.source_id == source_id,
        complaint.c.status.not_in(_FINISHED) | (complaint.c.updated_at >= micros(since)),
        complaint.c.status != Status.DELETED.value,
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def versions(connection: Connection, source_id: int, tickets: Sequence[str]) -> dict[str, int]:
    """The version of each of these tickets that is stored; one that is stored as deleted has none."""
    statement = select(complaint.c.ticket, complaint.c.version).where(
        complaint.c.status != Status.DELETED.value,
        complaint.c.source_id == source_id,
        complaint.c.ticket.in_(bindparam("tickets", expanding=True)),
    )
    return {row[0]: row[1] for row in connection.execute(statement, {"tickets": listed(tickets)})}


# -- counting them ----------------------------------------------------------------------------------------------------


def totals(connection: Connection) -> list[tuple[str, str, str, int]]:
    """(source, complaint yes/no/unsure, status, count) for `status`."""
    statement = (
        select(source.c.name, complaint.c.complaint, complaint.c.status, func.count())
        .join_from(complaint, source)
        .group_by(source.c.name, complaint.c.complaint, complaint.c.status)
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(statement)]


def number_of(connection: Connection, names: Iterable[str]) -> int:
    """How many complaints these sources have."""
    statement = select(func.count()).select_from(complaint).join(source).where(source.c.name.in_(list(names)))
    return int(connection.execute(statement).scalar_one())
