"""Who said that they see to a complaint (`amends ack`), as rows. Called by `sync` and the commands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from connector.policy.taken import Ack
from connector.store.rows import listed
from connector.store.tables import ack, complaint
from connector.store.times import micros, moment


def add(connection: Connection, complaint_id: int, word: Ack, now: datetime) -> None:
    """Keep a person's word, and let sweep look at the complaint."""
    connection.execute(insert(ack).values(complaint_id=complaint_id, at=micros(word.at), who=word.who))
    connection.execute(update(complaint).where(complaint.c.id == complaint_id).values(look_at=micros(now)))


_OF_COMPLAINTS = (
    select(ack)
    .where(ack.c.complaint_id.in_(bindparam("of", expanding=True)))
    .order_by(ack.c.complaint_id, ack.c.at, ack.c.id)
)


def of_complaints(connection: Connection, complaints: Iterable[int]) -> dict[int, list[Ack]]:
    """The words about these complaints (row ids), the oldest first."""
    found: dict[int, list[Ack]] = {}
    for row in connection.execute(_OF_COMPLAINTS, {"of": listed(sorted(set(complaints)))}):
        found.setdefault(row.complaint_id, []).append(Ack(moment(row.at), row.who))
    return found
