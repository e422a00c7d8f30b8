"""Complaints by their rows: some at a time, or those that are asked for. Called by `sync` and the commands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam

from connector.store.complaints import ROW, Stored, stored_of
from connector.store.rows import listed
from connector.store.tables import IS_COMPLAINT, complaint
from connector.store.times import micros


def counting(connection: Connection, last_id: int, oldest: datetime, most: int) -> list[Stored]:
    """The next complaints in row order that may count for trends: those that are some, opened since `oldest`."""
    statement = (
        ROW.where(IS_COMPLAINT, complaint.c.id > last_id, complaint.c.opened_at >= micros(oldest))
        .order_by(complaint.c.id)
        .limit(most)
    )
    return [stored_of(row) for row in connection.execute(statement)]


def by_ids(connection: Connection, ids: Sequence[int]) -> dict[int, Stored]:
    """The complaints of these rows."""
    statement = ROW.where(complaint.c.id.in_(bindparam("ids", expanding=True)))
    found: dict[int, Stored] = {}
    for begin in range(0, len(ids), 500):
        rows = connection.execute(statement, {"ids": listed(ids[begin : begin + 500])})
        found.update((stored.id, stored) for stored in map(stored_of, rows))
    return found
