"""Names by which later records refer to a ticket (message ids), where the source itself does not say what belongs
together. Called by `sync`, and by adapters through the memory that `desks` hands them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, literal_column, select

from connector.adapter import Known
from connector.model import FINISHED
from connector.store import complaints, intentions
from connector.store.rows import insert_for, listed
from connector.store.tables import name


def keep(connection: Connection, source_id: int, named: Iterable[tuple[str, str]]) -> None:
    """Keep (name, ticket) pairs. A name stays with the ticket that had it first: a later one may be a forger's."""
    rows = [{"source_id": source_id, "name": one, "ticket": ticket} for one, ticket in named]
    if rows:
        connection.execute(insert_for(connection.dialect.name)(name).on_conflict_do_nothing(), rows)


def of_tickets(connection: Connection, source_id: int, tickets: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """The names kept with each of these tickets, in the order in which they were kept."""
    statement = (
        select(name.c.ticket, name.c.name)
        .where(name.c.source_id == source_id, name.c.ticket.in_(bindparam("tickets", expanding=True)))
        .order_by(literal_column("rowid") if connection.dialect.name == "sqlite" else name.c.name)
    )
    found: dict[str, list[str]] = {}
    for row in connection.execute(statement, {"tickets": listed(tickets)}):
        found.setdefault(row[0], []).append(row[1])
    return found


def known(connection: Connection, source_id: int, asked: Sequence[str]) -> Mapping[str, Known]:
    """The stored tickets that these names, or markers of intended writes, belong to."""
    statement = select(name.c.name, name.c.ticket).where(
        name.c.source_id == source_id, name.c.name.in_(bindparam("names", expanding=True))
    )
    found = {row[0]: row[1] for row in connection.execute(statement, {"names": listed(asked)})}
    for one in asked:
        if one not in found and (ticket := intentions.ticket_of_marker(connection, source_id, one)) is not None:
            found[one] = ticket
    stored = complaints.of_tickets(connection, source_id, sorted(set(found.values())))
    tickets = {
        ticket: Known(
            ticket,
            finished=one.doc.complaint.status in FINISHED,
            people=frozenset(entry.actor for entry in one.doc.entries if entry.actor is not None),
            version=one.doc.complaint.version,
        )
        for ticket, one in stored.items()
    }
    return {one: tickets[ticket] for one, ticket in found.items() if ticket in tickets}
