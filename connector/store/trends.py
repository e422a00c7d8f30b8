"""Trends as rows, from the day they were found to the day they are over. Called by `sync` and the commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update

from connector.store.people import PERSON
from connector.store.rows import add_unknown
from connector.store.tables import cell, complainant, complaint, source, tally, trend
from connector.store.times import micros, moment
from connector.trends.life import Level, State, Trend, day_number
from connector.trends.speaking import Alive

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Trend).decode
_LEAD = source.c.name + "/" + complaint.c.ticket
_ROWS = (
    select(trend.c.id, trend.c.body, _LEAD)
    .join_from(trend, complaint, complaint.c.id == trend.c.lead_id, isouter=True)
    .join(source, source.c.id == complaint.c.source_id, isouter=True)
    .order_by(trend.c.id)
)


class Affected(msgspec.Struct, frozen=True):
    """A complaint in a trend. `person` is who is behind it, as trends know people."""

    complaint: int
    source_id: int
    source: str
    ticket: str
    person: int
    opened_at: datetime

    @property
    def case(self) -> str:
        return f"{self.source}/{self.ticket}"


def _alive(row: Any) -> Alive:
    return Alive(row[0], _decode(row[1]), row[2])


_ALIVE = _ROWS.where(trend.c.state != State.CLOSED.value)
_OVER = select(trend.c.body).where(trend.c.state == State.CLOSED.value, trend.c.level == Level.ALARM.value)


def alive(connection: Connection) -> list[Alive]:
    """The trends that are not over, the oldest first."""
    return [_alive(row) for row in connection.execute(_ALIVE)]


def listing(connection: Connection, *, closed: bool = False, most: int | None = None) -> list[Alive]:
    """Trends, the newest first; with `closed` also those that are over."""
    statement = _ROWS.order_by(None).order_by(trend.c.id.desc())
    if not closed:
        statement = statement.where(trend.c.state != State.CLOSED.value)
    return [_alive(row) for row in connection.execute(statement.limit(most) if most is not None else statement)]


def over_since(connection: Connection, since: date) -> list[Trend]:
    """The alarms that are over and still stood out at some time since a day."""
    found = [_decode(row[0]) for row in connection.execute(_OVER)]
    return [one for one in found if one.standing_on >= since]


def one(connection: Connection, number: int) -> Alive | None:
    row = connection.execute(_ROWS.where(trend.c.id == number)).one_or_none()
    return None if row is None else _alive(row)


def add(connection: Connection, found: Trend) -> int | None:
    """Keep a trend that was found; returns its number, or None where one of its cell goes on already."""
    at = connection.execute(select(cell.c.id).where(cell.c.key == found.cell)).scalar_one()
    going_on = select(trend.c.id).where(trend.c.cell_id == at, trend.c.state != State.CLOSED.value)
    if connection.execute(going_on).first() is not None:
        return None
    add_unknown(connection, trend, [{"cell_id": at, "lead_id": None, **_columns(found)}])
    return int(connection.execute(going_on).scalar_one())


def save(connection: Connection, number: int, after: Trend) -> None:
    connection.execute(update(trend).where(trend.c.id == number).values(**_columns(after)))


def _columns(one: Trend) -> dict[str, Any]:
    return {
        "state": one.state.value,
        "level": one.level.value,
        "started_on": day_number(one.started_on),
        "body": bytearray(_encode(one)),
    }


def leads(connection: Connection, number: int, complaint_id: int) -> None:
    """Let a complaint speak for a trend."""
    connection.execute(update(trend).where(trend.c.id == number).values(lead_id=complaint_id))


def affected(
    connection: Connection, cell_key: str, since: date, until: datetime | None = None, most: int | None = None
) -> list[Affected]:
    """The complaints of a cell since a day, the oldest first; with `until`, none that came later."""
    statement = (
        select(complaint.c.id, complaint.c.source_id, source.c.name, complaint.c.ticket, PERSON)
        .add_columns(complaint.c.opened_at)
        .join_from(tally, cell)
        .join(complaint, complaint.c.id == tally.c.complaint_id)
        .join(source, source.c.id == complaint.c.source_id)
        .join(complainant, complainant.c.id == complaint.c.complainant_id)
        .where(tally.c.day >= day_number(since), cell.c.key == cell_key)
        .order_by(complaint.c.opened_at, complaint.c.id)
    )
    if until is not None:
        statement = statement.where(complaint.c.opened_at <= micros(until))
    if most is not None:
        statement = statement.limit(most)
    rows = connection.execute(statement)
    return [Affected(row[0], row[1], row[2], row[3], row[4], moment(row[5])) for row in rows]


def look_again(connection: Connection, complaints: Iterable[int], now: datetime) -> None:
    """Let sweep look at these complaints (row ids): a trend that they are in has changed."""
    ids = sorted(set(complaints))
    for begin in range(0, len(ids), 500):
        some: Sequence[int] = ids[begin : begin + 500]
        connection.execute(update(complaint).where(complaint.c.id.in_(some)).values(look_at=micros(now)))


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many trends stand in each (level, state)."""
    statement = select(trend.c.level, trend.c.state, func.count()).group_by(trend.c.level, trend.c.state)
    return {(row[0], row[1]): row[2] for row in connection.execute(statement)}
