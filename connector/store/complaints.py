"""Complaints as rows. Called by `sync` and the commands.

Functions take the connection of one `Store.read` or `Store.write`; none opens or ends a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import force_setattr, replace
from sqlalchemy import BindParameter, Connection, bindparam, func, select, update

from connector.clocks.closed import Kept
from connector.clocks.promises.standing import PROMISE, words_of
from connector.figures import Figures
from connector.model import (
    FINISHED,
    Answer,
    Clock,
    Complaint,
    Entry,
    EntryKind,
    Flag,
    Promise,
    Ruling,
    Status,
    Tag,
)
from connector.people.identity import Identifying, numbers_of, place_of
from connector.people.repeats import Earlier, words_hash
from connector.people.retention import Retention
from connector.people.tongues import Spoken, spoken
from connector.store import tallies
from connector.store.figures import Counted as Figured
from connector.store.figures import keep as keep_figures
from connector.store.people import PERSON, Seen, save_people
from connector.store.rows import Row, add, among, change, listed, upsert
from connector.store.surveys import rated_at_source
from connector.store.tables import IS_COMPLAINT, PERSONS_WORD, complainant, complaint, source
from connector.store.times import micros, micros_or_none, moment, moment_or_none
from connector.trends.views import Counted


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


class Saving(msgspec.Struct, frozen=True):
    """A complaint on its way into the store. `counted` is where it counts for trends now, `counted_before` where the
    row that it replaces did."""

    doc: Doc
    assessed: Assessed
    resolved_at: datetime | None
    look_at: datetime | None
    figures: Figures | None = None
    ratings: tuple[Answer, ...] = ()
    counted: Counted | None = None
    counted_before: Counted | None = None


class Packed(msgspec.Struct, frozen=True):
    """A complaint on its way into the store, as small as it will be there."""

    ticket: str
    seen: Seen
    columns: dict[str, Any]
    figures: Figures | None = None
    ratings: tuple[Answer, ...] = ()
    counted: Counted | None = None
    counted_before: Counted | None = None

    @property
    def standing(self) -> tuple[str, int | None]:
        """Its status, and when it was resolved in microseconds since 1970 UTC."""
        return self.columns["status"], self.columns["resolved_at"]

    @property
    def opened_at(self) -> datetime:
        return moment(self.columns["opened_at"])

    def over(self, retention: Retention, now: datetime) -> bool:
        """Whether the time to keep it is over, so that it would go as soon as it came."""
        before = retention.tickets_before(now)
        if before is None or Status(self.columns["status"]) not in FINISHED:
            return False
        return moment(self.columns["updated_at"]) < before


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
# The sum keeps the planner from walking through all that a source has, instead of what is due: it knows no statistics.
_DUE = (
    ROW.where(
        complaint.c.look_at <= bindparam("now"), (complaint.c.source_id + 0).in_(bindparam("sources", expanding=True))
    )
    .order_by(complaint.c.look_at, complaint.c.id)
    .limit(bindparam("most"))
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


def of_tickets(connection: Connection, source_id: int, tickets: Sequence[str]) -> dict[str, Stored]:
    """The stored complaints of these tickets, by ticket."""
    rows = among(connection, _OF_TICKETS, "tickets", tickets, of=source_id)
    return {stored.ticket: stored for stored in map(stored_of, rows)}


def revisions(connection: Connection, source_id: int, tickets: Sequence[str]) -> dict[str, int]:
    """How often each of these tickets was written."""
    statement = select(complaint.c.ticket, complaint.c.revision).where(
        complaint.c.source_id == source_id,
        complaint.c.ticket.in_(bindparam("tickets", expanding=True)),
    )
    return {row[0]: row[1] for row in connection.execute(statement, {"tickets": listed(tickets)})}


def by_ids(connection: Connection, ids: Iterable[int]) -> list[Stored]:
    """The complaints with these row ids, in their order."""
    statement = ROW.where(complaint.c.id.in_(bindparam("ids", expanding=True))).order_by(complaint.c.id)
    return [stored_of(row) for row in connection.execute(statement, {"ids": listed(sorted(set(ids)))})]


def due(connection: Connection, source_ids: Sequence[int], now: datetime, most: int) -> list[Stored]:
    """Up to `most` complaints of these sources that sweep has to look at, the longest waiting first."""
    rows = connection.execute(_DUE, {"now": micros(now), "most": most, "sources": list(source_ids)})
    return [stored_of(row) for row in rows]


def packed(item: Saving, people: Identifying) -> Packed:
    """A complaint as its row, but for what the store adds to it. `people` says what its complainant is known by."""
    told, assessed = item.doc.complaint, item.assessed
    columns = {
        "source_id": 0,  # this and the next two are told by `save`
        "revision": 0,
        "complainant_id": 0,
        "ticket": told.ticket,
        "version": told.version,
        "status": told.status._value_,
        "complaint": _facet(item.doc.tags, "complaint") or "unsure",
        "merged": told.merged_into is not None,
        "opened_at": micros(told.opened_at),
        "updated_at": micros(told.updated_at),
        "resolved_at": micros_or_none(item.resolved_at),
        "category": _facet(item.doc.tags, "category"),
        "product": told.product,
        "order_number": told.order_number,
        "doc": bytearray(pack(item.doc)),
        "assessed": bytearray(_encode(assessed)),
        "flags": _flags(assessed),
        "due_at": _due_at(assessed),
        "promises": _promises(assessed),
        "look_at": micros_or_none(item.look_at),
        "emergency": _emergencies(item.doc.tags),
        "words": words_hash(told.text),
    }
    numbers = numbers_of(told, people) if people.numbers else ()
    seen = Seen(told.complainant, numbers, place_of(told, people) if people.place else None)
    return Packed(told.ticket, seen, columns, item.figures, item.ratings, item.counted, item.counted_before)


_KEYS = ("source_id", "ticket")
# Tickets are read back at the most to learn in which language people write.
MOST_SPOKEN = 1_000


def save(
    connection: Connection,
    source_id: int,
    saving: Sequence[Packed],
    before: dict[str, Stored],
    people: Identifying,
    now: datetime,
) -> None:
    """Write complaints with the people behind them; `before` are the rows they replace. `people` says what these are
    known by, and so who is who."""
    known_as = save_people(connection, (item.seen for item in saving), people, now)
    new: list[Row] = []
    changed: list[Row] = []
    in_place: list[Row] = []
    for item in saving:
        known = before.get(item.ticket)
        item.columns["source_id"] = source_id
        item.columns["revision"] = known.revision + 1 if known else 1
        item.columns["complainant_id"] = known_as[item.seen.person.key]
        if known is None:
            new.append(item.columns)
        elif _stays_in_place(item.columns, known):
            in_place.append({"of": known.id, **item.columns})
        else:
            changed.append(item.columns)
    add(connection, complaint, _KEYS, new)
    if change(connection, _IN_PLACE, in_place) < len(in_place):  # one was erased since it was read
        changed += [{name: value for name, value in row.items() if name != "of"} for row in in_place]
    upsert(connection, complaint, _KEYS, changed)
    _keep_figures(connection, source_id, saving, before)
    _tally(connection, source_id, [item for item in saving if item.counted != item.counted_before], before)


# What most indexes go by, and most news leaves as it is: each index that is left alone saves a tenth of a row's price.
_PLACE = ("status", "complaint", "opened_at", "complainant_id", "order_number")


def _stays_in_place(columns: Row, known: Stored) -> bool:
    """Whether the row that is there has the same _PLACE as the new one."""
    told = known.doc.complaint
    there = (
        told.status.value,
        _facet(known.doc.tags, "complaint") or "unsure",
        micros(told.opened_at),
        known.complainant_id,
        told.order_number,
    )
    return there == tuple(columns[name] for name in _PLACE)


_IN_PLACE = (
    update(complaint)
    .where(complaint.c.id == bindparam("of"))
    .values(
        {
            one.name: bindparam(one.name)
            for one in complaint.columns
            if one.name not in ("id", *_KEYS, *_PLACE) and PERSONS_WORD not in one.info
        }
    )
)


def _keep_figures(connection: Connection, source_id: int, saving: Sequence[Packed], before: dict[str, Stored]) -> None:
    """What the complaints count as, and how their customers rated them at the helpdesk, beside them."""
    wanted = [item for item in saving if item.figures is not None or item.ratings or item.ticket in before]
    if not wanted:
        return
    rows = among(connection, _IDS, "tickets", [item.ticket for item in wanted], of=source_id)
    idents = {ticket: (ident, person) for ident, ticket, person in rows}
    counted = {idents[one.ticket][0]: Figured(source_id, idents[one.ticket][1], one.figures) for one in wanted}
    keep_figures(connection, counted)
    rated = [(*idents[one.ticket], one.ticket, rating) for one in wanted for rating in one.ratings]
    rated_at_source(connection, source_id, rated)


_IDS = select(complaint.c.id, complaint.c.ticket, complaint.c.complainant_id).where(
    complaint.c.source_id == bindparam("of"), complaint.c.ticket.in_(bindparam("tickets", expanding=True))
)


def _tally(connection: Connection, source_id: int, moved: Sequence[Packed], before: dict[str, Stored]) -> None:
    """Put complaints where they count now."""
    if not moved:
        return
    unknown = [item.ticket for item in moved if item.ticket not in before]
    ids = {item.ticket: before[item.ticket].id for item in moved if item.ticket in before}
    ids |= tallies.ids_of(connection, source_id, unknown) if unknown else {}
    tallies.move(connection, [(ids[item.ticket], item.counted_before, item.counted) for item in moved])


def _facet(tags: Iterable[Tag], facet: str) -> str | None:
    for tag in tags:
        if tag.facet == facet:
            return tag.value
    return None


def _emergencies(tags: Iterable[Tag]) -> str | None:
    return " ".join([tag.value for tag in tags if tag.facet == "emergency"]) or None


def _assessed_columns(assessed: Assessed) -> dict[str, object]:
    return {
        "assessed": bytearray(_encode(assessed)),
        "flags": _flags(assessed),
        "due_at": _due_at(assessed),
        "promises": _promises(assessed),
    }


def _flags(assessed: Assessed) -> str:
    """The kinds of its flags, each once."""
    return " ".join(sorted({flag.kind._value_ for flag in assessed.flags})) if assessed.flags else ""


def _due_at(assessed: Assessed) -> int | None:
    dues = [clock.due_at for clock in assessed.clocks if clock.stopped_at is None and clock.due_at is not None]
    return micros(min(dues)) if dues else None


def _promises(assessed: Assessed) -> str | None:
    """A word for each promise, so that they can be counted without reading the complaints; None where there is none."""
    known = assessed.unsure or assessed.dismissed
    if not known and PROMISE not in [clock.kind for clock in assessed.clocks]:
        return None
    return " ".join(words_of(assessed.clocks, assessed.unsure))


_ASSESS = (
    update(complaint)
    .where(
        complaint.c.id == bindparam("of"),
        complaint.c.revision == bindparam("seen"),
        complaint.c.look_at.is_not_distinct_from(bindparam("was_due")),
    )
    .values(
        assessed=bindparam("assessed"),
        flags=bindparam("flags"),
        promises=bindparam("promises"),
        due_at=bindparam("due_at"),
        look_at=bindparam("look_at"),
    )
)


def save_assessed(connection: Connection, looked: Iterable[tuple[Stored, Assessed, datetime | None]]) -> None:
    """Write what sweep found, but not over a complaint that changed since it was read, or that somebody else wants to
    have looked at again: that one is."""
    rows = [
        {
            "of": stored.id,
            "seen": stored.revision,
            "was_due": micros_or_none(stored.look_at),
            **_assessed_columns(assessed),
            "look_at": micros_or_none(look_at),
        }
        for stored, assessed, look_at in looked
    ]
    change(connection, _ASSESS, rows)


def retag(
    connection: Connection,
    stored: Stored,
    tags: tuple[Tag, ...],
    now: datetime,
    counted: tuple[Counted | None, Counted | None] = (None, None),
) -> bool:
    """Give a complaint other tags, and let sweep look at it; False where it changed since it was read. `counted` is
    where it counted before and counts now."""
    statement = (
        update(complaint)
        .where(complaint.c.id == stored.id, complaint.c.revision == stored.revision)
        .values(
            doc=pack(replace(stored.doc, tags=tags)),
            revision=stored.revision + 1,
            complaint=_facet(tags, "complaint") or "unsure",
            category=_facet(tags, "category"),
            emergency=_emergencies(tags),
            look_at=micros(now),
        )
    )
    if connection.execute(statement).rowcount != 1:
        return False
    tallies.move(connection, [(stored.id, *counted)])
    return True


def which_are_stored(connection: Connection, source_id: int, tickets: Iterable[str]) -> set[str]:
    """Those of a source's `tickets` of which there is a complaint."""
    wanted = complaint.c.ticket.in_(bindparam("tickets", expanding=True))
    statement = select(complaint.c.ticket).where(complaint.c.source_id == source_id, wanted)
    return set(connection.execute(statement, {"tickets": listed(tickets)}).scalars())


def look_again(connection: Connection, now: datetime, source_id: int | None = None) -> int:
    """Let sweep look at every complaint that is not history; after a change of rules or policy."""
    statement = (
        update(complaint).where(complaint.c.due_at.is_not(None) | (complaint.c.flags != "")).values(look_at=micros(now))
    )
    if source_id is not None:
        statement = statement.where(complaint.c.source_id == source_id)
    return connection.execute(statement).rowcount


def wake(connection: Connection, name: str | None, now: datetime) -> None:
    """Let sweep look at the complaint "<source>/<ticket>", if there is one."""
    of, _, ticket = (name or "").partition("/")
    home = select(source.c.id).where(source.c.name == of).scalar_subquery()
    connection.execute(
        update(complaint).where(complaint.c.source_id == home, complaint.c.ticket == ticket).values(look_at=micros(now))
    )


_WHOSE: BindParameter[list[int]] = bindparam("people", expanding=True)
_CASES = (
    select(
        PERSON,
        source.c.name,
        complaint.c.ticket,
        complaint.c.opened_at,
        complaint.c.resolved_at,
        complaint.c.category,
        complaint.c.product,
        complaint.c.order_number,
        complaint.c.words,
        complaint.c.status.in_([Status.DELETED.value, Status.WITHDRAWN.value]),
    )
    .join_from(complaint, source)
    .join_from(complaint, complainant)
    .where(
        IS_COMPLAINT,
        complaint.c.merged.is_(False),
        complaint.c.complainant_id.in_(
            select(complainant.c.id).where(complainant.c.id.in_(_WHOSE) | complainant.c.person_id.in_(_WHOSE))
        ),
        complaint.c.opened_at >= bindparam("since"),
    )
    .order_by(complaint.c.opened_at, complaint.c.id)
)


def cases_of(connection: Connection, people: Iterable[int], since: datetime) -> dict[int, list[Earlier]]:
    """What counts towards coming back: the complaints, by person, of these people (`Stored.person_id`) that were opened
    at or after `since` and not merged into others, oldest first. One query for a batch."""
    found: dict[int, list[Earlier]] = {}
    for row in connection.execute(_CASES, {"people": listed(sorted(set(people))), "since": micros(since)}):
        who, name, ticket, opened_at, resolved_at, category, product, order_number, words, gone = row
        case = Earlier(
            name,
            ticket,
            moment(opened_at),
            moment_or_none(resolved_at),
            category=category,
            product=product,
            order_number=order_number,
            words=words,
            gone=bool(gone),
        )
        found.setdefault(who, []).append(case)
    return found


_SPOKEN = (
    select(complainant.c.key, complaint.c.doc)
    .join_from(complaint, complainant)
    .where(complainant.c.key.in_(bindparam("keys", expanding=True)))
    .order_by(complaint.c.opened_at.desc(), complaint.c.id.desc())
    .limit(MOST_SPOKEN)
)


def spoken_by(connection: Connection, keys: Iterable[str]) -> dict[str, list[Spoken]]:
    """In which languages these people (complainants' keys) wrote their tickets, as far as the words tell."""
    found: dict[str, list[Spoken]] = {}
    for key, body in connection.execute(_SPOKEN, {"keys": listed(sorted(set(keys)))}):
        doc = unpack(body)
        heard = spoken(doc.complaint, doc.tags)
        if heard is not None:
            found.setdefault(key, []).append(heard)
    return found


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


def names_of(connection: Connection, idents: Sequence[int]) -> list[str]:
    """SOURCE/TICKET of these complaints (row ids), in the order in which they were stored."""
    statement = (
        select(source.c.name, complaint.c.ticket)
        .join_from(complaint, source)
        .where(complaint.c.id.in_(bindparam("of", expanding=True)))
        .order_by(complaint.c.id)
    )
    found = []
    for begin in range(0, len(idents), 5000):
        rows = connection.execute(statement, {"of": listed(idents[begin : begin + 5000])})
        found += [f"{name}/{ticket}" for name, ticket in rows]
    return found


def of_identities(connection: Connection, identities: Iterable[int]) -> list[Stored]:
    """The complaints and other tickets of these identities (`Stored.complainant_id`), newest first."""
    statement = ROW.where(complaint.c.complainant_id.in_(bindparam("of", expanding=True))).order_by(
        complaint.c.opened_at.desc(), complaint.c.id.desc()
    )
    return [stored_of(row) for row in connection.execute(statement, {"of": listed(sorted(set(identities)))})]


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


def totals(connection: Connection) -> list[tuple[str, str, str, int]]:
    """(source, complaint yes/no/unsure, status, count) for `status`."""
    statement = (
        select(source.c.name, complaint.c.complaint, complaint.c.status, func.count())
        .join_from(complaint, source)
        .group_by(source.c.name, complaint.c.complaint, complaint.c.status)
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(statement)]


def flagged(connection: Connection) -> dict[str, int]:
    """How many complaints carry each flag."""
    counts: dict[str, int] = {}
    statement = select(complaint.c.flags, func.count()).where(complaint.c.flags != "").group_by(complaint.c.flags)
    for flags, count in connection.execute(statement):
        for flag in flags.split():
            counts[flag] = counts.get(flag, 0) + count
    return counts


def promised(connection: Connection) -> dict[str, int]:
    """How many promises became of each kind, and how many a person has to decide about."""
    counts: dict[str, int] = {}
    statement = (
        select(complaint.c.promises, func.count())
        .where(complaint.c.promises.is_not(None))
        .group_by(complaint.c.promises)
    )
    for words, number in connection.execute(statement):
        for word in words.split():
            counts[word] = counts.get(word, 0) + number
    return counts


def with_promises(connection: Connection, source_name: str | None = None) -> Iterator[Stored]:
    """The complaints in which something was promised, or may have been, newest first."""
    statement = ROW.where(complaint.c.promises.is_not(None)).order_by(complaint.c.opened_at.desc(), complaint.c.id)
    if source_name is not None:
        statement = statement.where(source.c.name == source_name)
    for row in connection.execute(statement):
        yield stored_of(row)


def decide(connection: Connection, stored: Stored, ruling: Ruling, now: datetime) -> None:
    """Keep a person's word on a promise, in the place of an earlier one, and let sweep look at the complaint."""
    kept = (*(one for one in stored.rulings if one.promise.id != ruling.promise.id), ruling)
    connection.execute(
        update(complaint).where(complaint.c.id == stored.id).values(rulings=_encode(kept).decode(), look_at=micros(now))
    )


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


_NEXT = (
    ROW.where(complaint.c.source_id + 0 == bindparam("of"), complaint.c.id > bindparam("last"))  # a sum as in _DUE
    .order_by(complaint.c.id)
    .limit(bindparam("most"))
)


def number_of(connection: Connection, names: Iterable[str]) -> int:
    """How many complaints these sources have."""
    statement = select(func.count()).select_from(complaint).join(source).where(source.c.name.in_(list(names)))
    return int(connection.execute(statement).scalar_one())


def after(connection: Connection, source_id: int, last_id: int, most: int) -> list[Stored]:
    """The next complaints of a source in row order: how a replay walks through a store."""
    rows = connection.execute(_NEXT, {"of": source_id, "last": last_id, "most": most}).all()
    return [stored_of(row) for row in rows]
