"""Names by which later records refer to a ticket (message ids), where the source itself does not say what belongs
together. Called by `sync`, and by adapters through the memory that `desks` hands them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from connector.adapter import Known
from connector.model import FINISHED
from connector.store import complaints
from connector.store.tables import name


def keep(connection: Connection, source_id: int, named: Iterable[tuple[str, str]]) -> None:
    """Keep (name, ticket) pairs. A name stays with the ticket that had it first: a later one may be a forger's."""
    rows = [{"source_id": source_id, "name": one, "ticket": ticket} for one, ticket in named]
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(name).on_conflict_do_nothing(), rows)


def known(connection: Connection, source_id: int, asked: Sequence[str]) -> Mapping[str, Known]:
    """The stored tickets that these names belong to."""
    statement = select(name.c.name, name.c.ticket).where(
        name.c.source_id == source_id, name.c.name.in_(bindparam("names", expanding=True))
    )
    found = {row[0]: row[1] for row in connection.execute(statement, {"names": list(asked)})}
    stored = complaints.of_tickets(connection, source_id, sorted(set(found.values())))
    tickets = {
        ticket: Known(
            ticket,
            finished=one.doc.complaint.status in FINISHED,
            people=frozenset(entry.actor for entry in one.doc.entries if entry.actor is not None),
        )
        for ticket, one in stored.items()
    }
    return {one: tickets[ticket] for one, ticket in found.items() if ticket in tickets}
