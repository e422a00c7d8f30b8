"""What is held of a person or a ticket: told in full, erased, and kept out. Called by `sync` and the commands.

What goes is deleted from every table, its raw records and intended writes with it, and what reports and trends kept
words of that nobody else has. What stays are hashes (`tombstones`), so that what the source still has is not taken in
again; a person who writes anew after that day is a new one. The audit log keeps its lines, which name tickets by
number, without what they tell.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Table, delete, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from connector.errors import AmendsError
from connector.model import FINISHED, JSON
from connector.people.identity import Identifying, numbers_of
from connector.store import complaints, figures, identities, legible, sources, tables, tallies, tombstones
from connector.store.archive import unpacked_raw
from connector.store.database import Store
from connector.store.intentions import State
from connector.store.rows import add_unknown
from connector.store.times import micros, moment

AT_ONCE = 200
# What has left, or may have, has to be settled first: nobody could look for it at the ticket any more.
_ON_ITS_WAY = (State.SENDING.value, State.IN_DOUBT.value)
_OF_TICKETS = (
    tables.record,
    tables.name,
    tables.label,
    tables.source_step,
    tables.unplaced,
    tables.unlisted,
    tables.quarantine,
)
_OF_COMPLAINTS = (tables.link, tables.ack, tables.granted, tables.survey, tables.tally, tables.telling)
_OF_PEOPLE = (tables.identity, tables.conduct)


class Erased(msgspec.Struct, frozen=True):
    """How many rows went, by table, and of how many tickets."""

    tickets: int = 0
    rows: dict[str, int] = {}

    def __add__(self, other: Erased) -> Erased:
        names = sorted({*self.rows, *other.rows})
        rows = {name: self.rows.get(name, 0) + other.rows.get(name, 0) for name in names}
        return Erased(self.tickets + other.tickets, rows)


class Ticket(NamedTuple):
    """A stored ticket. `id` is that of its row."""

    id: int
    source_id: int
    source: str
    ticket: str

    @property
    def name(self) -> str:
        return f"{self.source}/{self.ticket}"


def tickets_of(connection: Connection, identities: Collection[int]) -> list[Ticket]:
    """The tickets of these identities."""
    return _tickets(connection, tables.complaint.c.complainant_id.in_(sorted(identities)))


def tickets_by_identity(connection: Connection, people: Collection[int]) -> dict[int, int]:
    """How many tickets each of these identities has."""
    whose = tables.complaint.c.complainant_id
    statement = select(whose, func.count()).where(whose.in_(sorted(people))).group_by(whose)
    return {row[0]: row[1] for row in connection.execute(statement)}


def _tickets(connection: Connection, which: ColumnElement[bool], most: int | None = None) -> list[Ticket]:
    row = tables.complaint.c
    statement = (
        select(row.id, row.source_id, tables.source.c.name, row.ticket)
        .join_from(tables.complaint, tables.source)
        .where(which)
        .order_by(row.id)
    )
    return [Ticket(*found) for found in connection.execute(statement.limit(most) if most else statement)]


def prove_settled(connection: Connection, tickets: Iterable[Ticket]) -> None:
    """Raises AmendsError where a write to one of these tickets may be on its way."""
    for one in tickets:
        moving = connection.execute(
            select(tables.outbox.c.id).where(_writes_of(one), tables.outbox.c.state.in_(_ON_ITS_WAY))
        ).first()
        if moving is not None:
            raise AmendsError(
                f"write #{moving.id} to {one.name} is on its way.",
                remedy="Let it be settled first: run the daemon a moment, or see `amends outbox show`.",
            )


def _writes_of(one: Ticket) -> ColumnElement[bool]:
    """Its own writes, and tickets that were opened elsewhere for its sake."""
    own = (tables.outbox.c.source_id == one.source_id) & (tables.outbox.c.ticket == one.ticket)
    return own | (tables.outbox.c.ticket == one.name)


def erase_people(connection: Connection, people: Collection[int], rules: Identifying, at: datetime) -> Erased:
    """Erase these identities and all their tickets, keep what is older than `at` out, and make persons anew of whoever
    was joined with them. Raises AmendsError while a write is on its way; nothing is changed then."""
    tickets = tickets_of(connection, people)
    prove_settled(connection, tickets)
    ids = sorted(people)
    near = _beside(connection, ids)
    aside = _aside(connection, ids)
    # Of what only lies aside, their own letters stay out; a letter of somebody else that quotes them has to be heard.
    _remember(connection, ids, [*tickets, *(one for one in aside if one.sent and not one.stored)], rules, at)
    gone = erase_tickets(connection, tickets) + _erase_aside(connection, aside)
    gone += _erase_identities(connection, ids)
    resettle(connection, near, rules, at)
    forget_words(connection)
    return gone


def _remember(
    connection: Connection, ids: Sequence[int], tickets: Iterable[Ticket | Aside], rules: Identifying, at: datetime
) -> None:
    names = [tombstones.of_ticket(one.source, one.ticket) for one in tickets]
    for one in identities.identities(connection, ids, keys=True):
        names += [tombstones.of_account(one.key), *tombstones.of_person(one.name, one.keys, rules)]
    tombstones.remember(connection, names, at)


def _beside(connection: Connection, ids: Collection[int]) -> set[int]:
    """The identities that these are tied to, or were one person with."""
    tied = {end for tie in identities.ties_of(connection, ids) for end in (tie.a, tie.b)}
    together = {one for group in identities.members(connection, ids).values() for one in group}
    return (tied | together) - set(ids)


def resettle(connection: Connection, ids: Collection[int], rules: Identifying, now: datetime) -> None:
    """After tickets or identities beside these went: what only those tickets proved is known no more, persons are made
    anew of whoever is left, and sweep looks at what these still have."""
    numbers: dict[int, set[str]] = {}
    for stored in complaints.of_identities(connection, ids):
        numbers.setdefault(stored.complainant_id, set()).update(numbers_of(stored.doc.complaint, rules))
    identities.keep_numbers(connection, ids, numbers, rules, now)
    identities.recompose(connection, ids, rules, now)
    identities.look_again(connection, ids, now)


def erase_tickets(connection: Connection, tickets: Sequence[Ticket]) -> Erased:
    """Erase all that belongs to these tickets, in every table; not who wrote them. What the audit log tells of them
    goes, too; that something was done, and when, stays proven."""
    rows: dict[str, int] = {}
    alone = _corrections_of(connection, tickets)
    for one in tickets:
        for table, which in _of_ticket(one):
            _delete(connection, table, which, rows)
        told = connection.execute(select(tables.audit.c.id).where(_told_of(one))).scalars().all()
        sources.erase_detail(connection, told)
    _delete(connection, tables.correction, tables.correction.c.id.in_(alone), rows)
    figures.keep(connection, {one.id: figures.Counted(one.source_id, 0, None) for one in tickets})
    return Erased(len(tickets), rows)


def _corrections_of(connection: Connection, tickets: Sequence[Ticket]) -> list[int]:
    """The corrections that concern these tickets and nobody else's: what their titles tell is told of these. One that
    a trend asked for is about a cause, and stays."""
    told, made = tables.telling.c, tables.correction.c
    ours = [one.id for one in tickets]
    mine = select(told.correction_id).where(told.complaint_id.in_(ours))
    others = select(told.correction_id).where(told.complaint_id.not_in(ours))
    statement = select(made.id).where(made.trend_id.is_(None), made.id.in_(mine), made.id.not_in(others))
    return list(connection.execute(statement).scalars())


Part = tuple[Table, ColumnElement[bool]]


def _of_ticket(one: Ticket) -> Iterator[Part]:
    """Where rows of a ticket lie; the complaint itself comes last."""
    for table in _OF_COMPLAINTS:
        yield table, table.c.complaint_id == one.id
    yield tables.outbox, _writes_of(one)
    for table in _OF_TICKETS:
        yield table, (table.c.source_id == one.source_id) & (table.c.ticket == one.ticket)
    yield tables.complaint, tables.complaint.c.id == one.id


def _of_identities(ids: Sequence[int]) -> Iterator[Part]:
    """Where rows of identities lie besides their tickets; they themselves come last."""
    for table in _OF_PEOPLE:
        yield table, table.c.complainant_id.in_(ids)
    yield tables.survey, tables.survey.c.person_id.in_(ids)
    yield tables.tie, or_(tables.tie.c.a_id.in_(ids), tables.tie.c.b_id.in_(ids))
    yield tables.complainant, tables.complainant.c.id.in_(ids)


def _told_of(one: Ticket) -> ColumnElement[bool]:
    return (tables.audit.c.source == one.source) & (tables.audit.c.ticket == one.ticket)


def _erase_identities(connection: Connection, ids: Sequence[int]) -> Erased:
    rows: dict[str, int] = {}
    for table, which in _of_identities(ids):
        _delete(connection, table, which, rows)
    return Erased(0, rows)


class Aside(NamedTuple):
    """A ticket of which something is kept aside that holds the address of a person. Where `stored`, it is somebody
    else's, and only what lies aside may be of this one; `sent` says that it is from that address."""

    source_id: int
    source: str
    ticket: str
    rows: tuple[int, ...]
    stored: bool
    sent: bool = False


def _aside(connection: Connection, ids: Sequence[int], before: datetime | None = None) -> list[Aside]:
    """What could not be understood may be of a person all the same: whatever holds an address that is proved to be
    theirs, and theirs alone; with `before`, only what came before then."""
    row = tables.complainant.c
    proved = row.id.in_(ids) & row.address.is_not(None) & row.verified & ~row.shared
    found = connection.execute(select(row.address).where(proved))
    addresses = sorted({str(address).casefold() for address in found.scalars()})
    if not addresses:
        return []
    # As a whole: "im@example.com" stands in "kim@example.com", and is not theirs. Letters of other scripts end a word.
    theirs = re.compile(rf"(?<![\w.+-])(?:{'|'.join(map(re.escape, addresses))})(?![\w-]|\.\w)", re.ASCII)
    at = tables.quarantine.c
    statement = select(at.id, at.source_id, tables.source.c.name, at.ticket, at.body)
    statement = statement.join_from(tables.quarantine, tables.source)
    rows = connection.execute(statement if before is None else statement.where(at.seen_at < micros(before)))
    held: dict[tuple[int, str, str], list[int]] = {}
    sent: set[tuple[int, str, str]] = set()
    for one in rows:
        body, ticket = unpacked_raw(one.body), (one.source_id, one.name, one.ticket)
        if any(theirs.search(text.casefold()) for text in legible.texts(body)):
            held.setdefault(ticket, []).append(one.id)
            if any(theirs.search(text.casefold()) for text in legible.senders(body)):
                sent.add(ticket)
    return [
        Aside(of, name, ticket, tuple(numbers), _is_stored(connection, of, ticket), (of, name, ticket) in sent)
        for (of, name, ticket), numbers in held.items()
    ]


def _is_stored(connection: Connection, source_id: int, ticket: str) -> bool:
    row = tables.complaint.c
    return bool(connection.execute(select(row.id).where(row.source_id == source_id, row.ticket == ticket)).first())


def _of_aside(one: Aside) -> Iterator[Part]:
    if one.stored or not one.sent:
        yield tables.quarantine, tables.quarantine.c.id.in_(one.rows)
        return
    for table in _OF_TICKETS:
        yield table, (table.c.source_id == one.source_id) & (table.c.ticket == one.ticket)


def _erase_aside(connection: Connection, aside: Iterable[Aside]) -> Erased:
    rows: dict[str, int] = {}
    for one in aside:
        for table, which in _of_aside(one):
            _delete(connection, table, which, rows)
    return Erased(0, rows)


def _delete(connection: Connection, table: Table, which: ColumnElement[bool], rows: dict[str, int]) -> None:
    count = connection.execute(delete(table).where(which)).rowcount
    if count:
        rows[table.name] = rows.get(table.name, 0) + count


# -- telling it ------------------------------------------------------------------------------------------------------


def held(connection: Connection, identities: Collection[int]) -> dict[str, list[dict[str, JSON]]]:
    """All rows that are held of these identities and their tickets, by table; the very rows that `erase_people` would
    delete, with times in ISO 8601 and what is packed unpacked."""
    ids = sorted(identities)
    found: dict[str, list[dict[str, JSON]]] = {}
    tickets = tickets_of(connection, ids)
    for one in tickets:
        for table, which in _of_ticket(one):
            _rows(connection, table, which, found)
        _rows(connection, tables.audit, _told_of(one), found)
    _rows(connection, tables.correction, tables.correction.c.id.in_(_corrections_of(connection, tickets)), found)
    for each in _aside(connection, ids):
        for table, which in _of_aside(each):
            told = [row["id"] for row in found.get("quarantine", ())] if table is tables.quarantine else []
            _rows(connection, table, which & table.c.id.not_in(told) if told else which, found)
    for table, which in _of_identities(ids):
        told = [row["id"] for row in found.get("survey", ())] if table is tables.survey else []
        _rows(connection, table, which & table.c.id.not_in(told) if told else which, found)
    return found


def _rows(
    connection: Connection, table: Table, which: ColumnElement[bool], found: dict[str, list[dict[str, JSON]]]
) -> None:
    rows = [
        {name: _told(table.name, name, value) for name, value in row._mapping.items()}
        for row in connection.execute(select(table).where(which))
    ]
    if rows:
        found.setdefault(table.name, []).extend(rows)


def _told(table: str, column: str, value: object) -> JSON:
    if isinstance(value, bytes):
        if table in ("record", "quarantine"):
            value = unpacked_raw(value)
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return value.decode(errors="replace")
    if isinstance(value, int) and (column == "at" or column.endswith("_at")):
        return moment(value).isoformat()
    return value


# -- after a backup was restored -------------------------------------------------------------------------------------


def carry_over(connection: Connection, erased: Iterable[tuple[str, int]], rules: Identifying, now: datetime) -> Erased:
    """Erase in a restored store what was erased since its backup was made: (hash, time) of each. What lies aside goes
    with it, also where it came after the backup's own tickets."""
    add_unknown(connection, tables.erased, [{"hash": one, "at": at} for one, at in erased])
    known = tombstones.known(connection)
    if not known:
        return Erased()
    salt = sources.salt(connection)
    erased_at = {
        row.id: known[one]
        for row in connection.execute(select(tables.complainant.c.id, tables.complainant.c.key))
        if (one := tombstones.hash_of(salt, tombstones.of_account(row.key))) in known
    }
    people, done, near = list(erased_at), Erased(), set[int]()
    for start in range(0, len(people), AT_ONCE):
        some = people[start : start + AT_ONCE]
        near |= _beside(connection, some)
        for one in some:
            done += _erase_aside(connection, _aside(connection, [one], erased_at[one]))
        done += erase_tickets(
            connection,
            [
                ticket
                for ticket in tickets_of(connection, some)
                if tombstones.hash_of(salt, tombstones.of_ticket(ticket.source, ticket.ticket)) in known
            ],
        )
        busy = {
            row.complainant_id
            for row in connection.execute(
                select(tables.complaint.c.complainant_id).where(tables.complaint.c.complainant_id.in_(some))
            )
        }
        near |= busy
        done += _erase_identities(connection, sorted(set(some) - busy))
    at = tables.quarantine.c
    aside = connection.execute(
        select(at.id, at.source_id, tables.source.c.name, at.ticket).join_from(tables.quarantine, tables.source)
    ).all()
    done += _erase_aside(
        connection,
        [
            Aside(
                one.source_id, one.name, one.ticket, (one.id,), _is_stored(connection, one.source_id, one.ticket), True
            )
            for one in aside
            if tombstones.hash_of(salt, tombstones.of_ticket(one.name, one.ticket)) in known
        ],
    )
    resettle(connection, near, rules, now)
    forget_words(connection)
    return done


# -- what goes by itself ---------------------------------------------------------------------------------------------


def overdue_tickets(connection: Connection, before: datetime, most: int) -> list[Ticket]:
    """Finished tickets that did not change since `before`, of which no write is on its way and no register speaks."""
    row = tables.complaint.c
    moving = select(tables.outbox.c.id).where(
        tables.outbox.c.source_id == row.source_id,
        tables.outbox.c.ticket == row.ticket,
        tables.outbox.c.state.in_(_ON_ITS_WAY),
    )
    over = row.status.in_([status.value for status in FINISHED]) & (row.updated_at < micros(before))
    return _tickets(connection, over & ~moving.exists(), most)


def erase_overdue(connection: Connection, before: datetime, rules: Identifying, now: datetime) -> Erased:
    """Erase some of these tickets, and make persons anew of who is left. No tickets: there are none any more."""
    tickets = overdue_tickets(connection, before, AT_ONCE)
    row = tables.complaint.c
    whose = connection.execute(select(row.complainant_id).where(row.id.in_([one.id for one in tickets]))).scalars()
    near = {one for group in identities.members(connection, list(whose)).values() for one in group}
    done = erase_tickets(connection, tickets)
    resettle(connection, near, rules, now)
    return done


def erase_records(connection: Connection, before: datetime) -> Erased:
    """Erase what sources sent before then, as it was sent. What was understood of it stays."""
    rows: dict[str, int] = {}
    _delete(connection, tables.record, tables.record.c.seen_at < micros(before), rows)
    _delete(connection, tables.quarantine, tables.quarantine.c.seen_at < micros(before), rows)
    return Erased(0, rows)


def erase_idle_people(connection: Connection, rules: Identifying, now: datetime) -> Erased:
    """Erase who has no ticket here any more, unless the register of conduct names them; whoever they joined is a person
    of their own again."""
    has_ticket = select(tables.complaint.c.id).where(tables.complaint.c.complainant_id == tables.complainant.c.id)
    named = select(tables.conduct.c.id).where(tables.conduct.c.complainant_id == tables.complainant.c.id)
    asked = select(tables.survey.c.id).where(tables.survey.c.person_id == tables.complainant.c.id)
    statement = select(tables.complainant.c.id).where(~has_ticket.exists(), ~named.exists(), ~asked.exists())
    idle = list(connection.execute(statement.limit(AT_ONCE * 5)).scalars())
    near = _beside(connection, idle)
    done = _erase_identities(connection, idle)
    identities.recompose(connection, near, rules, now)
    return done


def forget_words(connection: Connection, unused: figures.Unused | None = None) -> None:
    """Forget the words of reports and the groups of trends that no complaint has any more: a product or a field of the
    admin's may have named a person. `unused` is what was found in a read before, so that nobody waits for it."""
    figures.forget_unused(connection, figures.unused(connection) if unused is None else unused)
    tallies.forget_unused(connection)


def leave_no_trace(store: Store) -> bool:
    """Take what was erased out of the database's log as well; False where somebody was reading just then, and it goes
    with the next."""
    if store.file is None:
        return True
    with store.engine.connect() as connection:
        busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    return not busy
