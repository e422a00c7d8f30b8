"""What sources say of their own clocks, step by step, as rows. Called by `sync` and the commands.

A step stays as it was first seen: a source that rebuilds its clocks does not rewrite what it had said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, select

from connector.model import ClockStep
from connector.store.rows import add_unknown, listed
from connector.store.tables import source_step

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ClockStep).decode


def keep(connection: Connection, source_id: int, steps: Iterable[tuple[str, ClockStep]]) -> None:
    """Keep (ticket, step) pairs; of a step that is known, nothing changes."""
    rows = [
        {"source_id": source_id, "ticket": ticket, "step": step.id, "body": bytearray(_encode(step))}
        for ticket, step in steps
    ]
    add_unknown(connection, source_step, rows)


def of_tickets(connection: Connection, source_id: int, tickets: Sequence[str]) -> dict[str, list[ClockStep]]:
    """The steps of these tickets by ticket, in no order; tickets of which no clock was told are absent."""
    statement = select(source_step.c.ticket, source_step.c.body).where(
        source_step.c.source_id == source_id, source_step.c.ticket.in_(bindparam("tickets", expanding=True))
    )
    found: dict[str, list[ClockStep]] = {}
    for ticket, body in connection.execute(statement, {"tickets": listed(tickets)}):
        found.setdefault(ticket, []).append(_decode(body))
    return found
