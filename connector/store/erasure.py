"""What is held of a person or a ticket: told in full, erased, and kept out. Called by `sync` and the commands.

What goes is deleted from every table, its raw records and intended writes with it. What stays is a hash of each ticket
and key, made with the salt of this store, so that what the source still has is not taken in again; a person who writes
anew after that day is a new one. The audit log stays: it names tickets by number, and nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Table, delete, or_, select
from sqlalchemy.sql.elements import ColumnElement

from connector.errors import AmendsError
from connector.model import FINISHED, JSON
from connector.people.identity import Identifying, keys_of
from connector.store import sources, tables
from connector.store.archive import unpacked_raw
from connector.store.database import Store
from connector.store.intentions import State
from connector.store.people import Seen
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
_OF_COMPLAINTS = (tables.link, tables.tally, tables.telling)
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


def erase_people(connection: Connection, identities: Collection[int], at: datetime) -> Erased:
    """Erase these identities and all their tickets, and keep what is older than `at` out. Raises AmendsError while a
    write is on its way; nothing is changed then."""
    tickets = tickets_of(connection, identities)
    prove_settled(connection, tickets)
    ids = sorted(identities)
    known = connection.execute(
        select(tables.complainant.c.key, tables.complainant.c.address).where(tables.complainant.c.id.in_(ids))
    ).all()
    keys = connection.execute(
        select(tables.identity.c.key).where(
            tables.identity.c.complainant_id.in_(ids), ~tables.identity.c.key.startswith("~")
        )
    ).scalars()
    names = [*(f"ticket:{one.name}" for one in tickets), *(f"identity:{row.key}" for row in known), *keys]
    _remember(connection, names, at)
    gone = erase_tickets(connection, tickets) + _erase_aside(connection, [row.address for row in known if row.address])
    return gone + _erase_identities(connection, ids)


def erase_tickets(connection: Connection, tickets: Sequence[Ticket]) -> Erased:
    """Erase all that belongs to these tickets, in every table; not who wrote them."""
    rows: dict[str, int] = {}
    for one in tickets:
        for table in _OF_COMPLAINTS:
            _delete(connection, table, table.c.complaint_id == one.id, rows)
        _delete(connection, tables.outbox, _writes_of(one), rows)
        for table in _OF_TICKETS:
            own = (table.c.source_id == one.source_id) & (table.c.ticket == one.ticket)
            _delete(connection, table, own, rows)
        _delete(connection, tables.complaint, tables.complaint.c.id == one.id, rows)
    return Erased(len(tickets), rows)


def _erase_identities(connection: Connection, ids: Sequence[int]) -> Erased:
    rows: dict[str, int] = {}
    for table in _OF_PEOPLE:
        _delete(connection, table, table.c.complainant_id.in_(ids), rows)
    _delete(connection, tables.tie, _ties_of(ids), rows)
    _delete(connection, tables.complainant, tables.complainant.c.id.in_(ids), rows)
    return Erased(0, rows)


def _ties_of(ids: Sequence[int]) -> ColumnElement[bool]:
    return or_(tables.tie.c.a_id.in_(ids), tables.tie.c.b_id.in_(ids))


def _erase_aside(connection: Connection, addresses: Collection[str]) -> Erased:
    """What could not be understood may be of a person all the same: whatever holds their address goes."""
    rows: dict[str, int] = {}
    _delete(connection, tables.quarantine, tables.quarantine.c.id.in_(_aside(connection, addresses)), rows)
    return Erased(0, rows)


def _aside(connection: Connection, addresses: Collection[str]) -> list[int]:
    wanted = [address.casefold().encode() for address in addresses]
    bodies = connection.execute(select(tables.quarantine.c.id, tables.quarantine.c.body)) if wanted else ()
    return [row.id for row in bodies if any(address in unpacked_raw(row.body).lower() for address in wanted)]


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
    addresses = _rows(connection, tables.complainant, tables.complainant.c.id.in_(ids), found)
    for table in _OF_PEOPLE:
        _rows(connection, table, table.c.complainant_id.in_(ids), found)
    _rows(connection, tables.tie, _ties_of(ids), found)
    for one in tickets_of(connection, ids):
        _rows(connection, tables.complaint, tables.complaint.c.id == one.id, found)
        for table in _OF_COMPLAINTS:
            _rows(connection, table, table.c.complaint_id == one.id, found)
        _rows(connection, tables.outbox, _writes_of(one), found)
        for table in _OF_TICKETS:
            _rows(connection, table, (table.c.source_id == one.source_id) & (table.c.ticket == one.ticket), found)
        _rows(
            connection,
            tables.audit,
            (tables.audit.c.source == one.source) & (tables.audit.c.ticket == one.ticket),
            found,
        )
    aside = _aside(connection, [str(row["address"]) for row in addresses if row["address"]])
    seen = {row["id"] for row in found.get("quarantine", ())}
    _rows(connection, tables.quarantine, tables.quarantine.c.id.in_(set(aside) - seen), found)
    return found


def _rows(
    connection: Connection, table: Table, which: ColumnElement[bool], found: dict[str, list[dict[str, JSON]]]
) -> list[dict[str, JSON]]:
    rows = [
        {name: _told(table.name, name, value) for name, value in row._mapping.items()}
        for row in connection.execute(select(table).where(which))
    ]
    if rows:
        found.setdefault(table.name, []).extend(rows)
    return rows


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


# -- keeping it out --------------------------------------------------------------------------------------------------


def _hash(salt: str, name: str) -> str:
    return hashlib.blake2b(name.encode(), key=salt.encode()[:64], digest_size=16).hexdigest()


def _remember(connection: Connection, names: Iterable[str], at: datetime) -> None:
    salt = sources.salt(connection)
    rows = [{"hash": one, "at": micros(at)} for one in sorted({_hash(salt, name) for name in names})]
    add_unknown(connection, tables.erased, rows)


def any_erased(connection: Connection) -> bool:
    """Whether anything was ever erased here; where not, nobody need look."""
    return connection.execute(select(tables.erased.c.at).limit(1)).first() is not None


def unwanted(
    connection: Connection,
    source: str,
    tickets: Collection[str],
    people: Mapping[str, tuple[datetime, Collection[str]]],
) -> set[str]:
    """Those of a source's `tickets` that were erased, or are of somebody who was erased after they were opened.
    `people` says of a ticket when it was opened, and what its complainant is called and known by."""
    salt = sources.salt(connection)
    of_tickets = {_hash(salt, f"ticket:{source}/{ticket}"): ticket for ticket in tickets}
    of_people: dict[str, list[str]] = {}
    for ticket, (_, names) in people.items():
        for name in names:
            of_people.setdefault(_hash(salt, name), []).append(ticket)
    found: set[str] = set()
    hashes = [*of_tickets, *of_people]
    for start in range(0, len(hashes), AT_ONCE):
        some = hashes[start : start + AT_ONCE]
        for one, at in connection.execute(
            select(tables.erased.c.hash, tables.erased.c.at).where(tables.erased.c.hash.in_(some))
        ):
            if one in of_tickets:
                found.add(of_tickets[one])
            found.update(ticket for ticket in of_people.get(one, ()) if people[ticket][0] < moment(at))
    return found


def names_of(seen: Seen, rules: Identifying) -> list[str]:
    """What somebody would be remembered as."""
    return [f"identity:{seen.person.key}", *keys_of(seen.person, seen.numbers, rules)]


def carry_over(connection: Connection, erased: Iterable[tuple[str, int]]) -> Erased:
    """Erase in a restored store what was erased since its backup was made: (hash, time) of each."""
    add_unknown(connection, tables.erased, [{"hash": one, "at": at} for one, at in erased])
    known = set(connection.execute(select(tables.erased.c.hash)).scalars())
    if not known:
        return Erased()
    salt = sources.salt(connection)
    people = [
        row.id
        for row in connection.execute(select(tables.complainant.c.id, tables.complainant.c.key))
        if _hash(salt, f"identity:{row.key}") in known
    ]
    done = Erased()
    for start in range(0, len(people), AT_ONCE):
        some = people[start : start + AT_ONCE]
        older = [one for one in tickets_of(connection, some) if _hash(salt, f"ticket:{one.name}") in known]
        done += erase_tickets(connection, older)
        busy = {
            row.complainant_id
            for row in connection.execute(
                select(tables.complaint.c.complainant_id).where(tables.complaint.c.complainant_id.in_(some))
            )
        }
        done += _erase_identities(connection, sorted(set(some) - busy))
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


def erase_records(connection: Connection, before: datetime) -> Erased:
    """Erase what sources sent before then, as it was sent. What was understood of it stays."""
    rows: dict[str, int] = {}
    _delete(connection, tables.record, tables.record.c.seen_at < micros(before), rows)
    _delete(connection, tables.quarantine, tables.quarantine.c.seen_at < micros(before), rows)
    return Erased(0, rows)


def erase_idle_people(connection: Connection) -> Erased:
    """Erase who has no ticket here any more, unless the register of conduct names them."""
    has_ticket = select(tables.complaint.c.id).where(tables.complaint.c.complainant_id == tables.complainant.c.id)
    named = select(tables.conduct.c.id).where(tables.conduct.c.complainant_id == tables.complainant.c.id)
    idle = connection.execute(
        select(tables.complainant.c.id).where(~has_ticket.exists(), ~named.exists()).limit(AT_ONCE * 5)
    ).scalars()
    return _erase_identities(connection, list(idle))


def leave_no_trace(store: Store) -> bool:
    """Take what was erased out of the database's log as well; False where somebody was reading just then, and it goes
    with the next."""
    if store.file is None:
        return True
    with store.engine.connect() as connection:
        busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    return not busy
