"""Complaints a page at a time, by what somebody who looks is after. Called by the console and the API.

A page begins after the last row of the one before (its `Spot`), not after so many rows: the thousandth page costs what
the first one does, and nothing is shown twice when new complaints come in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Select, func, select, tuple_

from connector.model import FINISHED
from connector.store.complaints import ROW, Stored, stored_of
from connector.store.tables import complainant, complaint, source
from connector.store.times import micros

Order = Literal["newest", "due", "emergency"]
MOST_PEOPLE = 50
MOST_SPOTS = 1000
_FINISHED = [status.value for status in FINISHED]
_KEYS: dict[str, Any] = {
    "newest": complaint.c.opened_at,
    "due": complaint.c.due_at,
    # The sum has the few emergencies looked through, and not all that was opened.
    "emergency": complaint.c.opened_at + 0,
}


class Spot(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: the row's place in the order (microseconds since 1970 UTC), and its id."""

    at: int
    id: int


class Wanted(msgspec.Struct, frozen=True):
    """Which complaints; None is any. `status` may be "unfinished". With the order "due" those that wait for a deadline,
    `before` which only; with "emergency" the unfinished ones with an emergency that are not known to be no
    complaint."""

    order: Order = "newest"
    source: str | None = None
    status: str | None = None
    flag: str | None = None
    complaint: str | None = None
    category: str | None = None
    since: datetime | None = None
    due_from: datetime | None = None
    due_before: datetime | None = None


class Page(msgspec.Struct, frozen=True):
    """Some complaints, and where the next page begins; None where this is the last one."""

    rows: tuple[Stored, ...]
    next: Spot | None


def page(connection: Connection, wanted: Wanted, most: int, after: Spot | None = None) -> Page:
    """The `most` complaints that follow `after`: newest first, or what is due first."""
    key = _KEYS[wanted.order]
    statement = _filtered(select(complaint.c.id, key).join_from(complaint, source), wanted)
    backwards = wanted.order != "due"
    if after is not None:
        spot, here = tuple_(key, complaint.c.id), (after.at, after.id)
        statement = statement.where(spot < here if backwards else spot > here)
    order = (key.desc(), complaint.c.id.desc()) if backwards else (key, complaint.c.id)
    found = [Spot(at, number) for number, at in connection.execute(statement.order_by(*order).limit(most + 1))]
    spots = found[:most]
    return Page(tuple(_at(connection, spots)), spots[-1] if len(found) > most else None)


def _at(connection: Connection, spots: Sequence[Spot]) -> list[Stored]:
    """The complaints at these places, in this order. They are fetched last, so that what is sorted is small."""
    rows = connection.execute(ROW.where(complaint.c.id.in_([spot.id for spot in spots])))
    found = {stored.id: stored for stored in map(stored_of, rows)}
    return [found[spot.id] for spot in spots]


def _filtered(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.order == "due":
        statement = statement.where(complaint.c.due_at.is_not(None))
    if wanted.order == "emergency":
        statement = statement.where(_IS_EMERGENCY, complaint.c.complaint != "no")
    for column, value in (
        (source.c.name, wanted.source),
        (complaint.c.complaint, wanted.complaint),
        (complaint.c.category, wanted.category),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.status == "unfinished" or wanted.order == "emergency":
        statement = statement.where(complaint.c.status.not_in(_FINISHED))
    elif wanted.status is not None:
        statement = statement.where(complaint.c.status == wanted.status)
    if wanted.flag is not None:
        statement = statement.where((" " + complaint.c.flags + " ").contains(f" {wanted.flag} ", autoescape=True))
    return _in_time(statement, wanted)


_IS_EMERGENCY = complaint.c.emergency.is_not(None)


def _in_time(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.since is not None:
        statement = statement.where(complaint.c.opened_at >= micros(wanted.since))
    if wanted.due_from is not None:
        statement = statement.where(complaint.c.due_at >= micros(wanted.due_from))
    if wanted.due_before is not None:
        statement = statement.where(complaint.c.due_at < micros(wanted.due_before))
    return statement


class Counts(msgspec.Struct, frozen=True):
    """How many complaints are late, due within the time asked for, and how many emergencies are unfinished."""

    overdue: int
    due_soon: int
    emergencies: int


def counts(connection: Connection, now: datetime, soon: datetime) -> Counts:
    """As of `now`; due soon is due before `soon`. Answered from indexes alone."""
    timed = select(func.count()).where(complaint.c.complaint == "yes", complaint.c.due_at.is_not(None))
    late, near = micros(now), micros(soon)
    emergencies = select(func.count()).where(
        _IS_EMERGENCY, complaint.c.complaint != "no", complaint.c.status.not_in(_FINISHED)
    )
    return Counts(
        overdue=connection.execute(timed.where(complaint.c.due_at < late)).scalar_one(),
        due_soon=connection.execute(timed.where(complaint.c.due_at >= late, complaint.c.due_at < near)).scalar_one(),
        emergencies=connection.execute(emergencies).scalar_one(),
    )


def of_person(connection: Connection, person_id: int, most: int) -> list[Stored]:
    """What a person (`Stored.person_id`) wrote about, over all sources, complaint or not; newest first."""
    theirs = select(complainant.c.id).where((complainant.c.id == person_id) | (complainant.c.person_id == person_id))
    statement = ROW.where(complaint.c.complainant_id.in_(theirs))
    rows = connection.execute(statement.order_by((complaint.c.opened_at + 0).desc(), complaint.c.id.desc()).limit(most))
    return [stored_of(row) for row in rows]


def search(connection: Connection, words: str, most: int) -> list[Stored]:
    """The complaints that `words` may mean: a ticket ("SOURCE/TICKET" or its id alone), an order number, or somebody's
    mail address (its beginning) or name (a part of it); newest first."""
    known = {row.id: row.name for row in connection.execute(select(source.c.id, source.c.name))}
    meant = [(number, words) for number in known]
    meant += [
        (number, words.removeprefix(f"{name}/")) for number, name in known.items() if words.startswith(f"{name}/")
    ]
    # One question each: asked together they would be answered by looking at every complaint.
    questions = [complaint.c.order_number == words]
    questions += [(complaint.c.source_id == number) & (complaint.c.ticket == ticket) for number, ticket in meant]
    people = _people(connection, words)
    if people:
        questions.append(complaint.c.complainant_id.in_(people))
    spots = {
        Spot(row[1], row[0])
        for question in questions
        for row in connection.execute(select(complaint.c.id, complaint.c.opened_at).where(question).limit(MOST_SPOTS))
    }
    newest = sorted(spots, key=lambda spot: (spot.at, spot.id), reverse=True)[:most]
    return _at(connection, newest)


def _people(connection: Connection, words: str) -> Sequence[int]:
    said = words.casefold()
    by_address = select(complainant.c.id).where(
        complainant.c.address >= said, complainant.c.address < said + "\U0010ffff"
    )
    by_name = select(complainant.c.id).where(func.lower(complainant.c.name).contains(said, autoescape=True))
    found = [row[0] for row in connection.execute(by_address.limit(MOST_PEOPLE))]
    if not found and "@" not in said and len(said) > 2:
        found = [row[0] for row in connection.execute(by_name.limit(MOST_PEOPLE))]
    return found


def newest_tickets(connection: Connection, source_id: int, most: int) -> list[str]:
    """The tickets of a source that were opened last, for trying a mapping on."""
    statement = (
        select(complaint.c.ticket)
        .where(complaint.c.source_id + 0 == source_id)
        .order_by(complaint.c.opened_at.desc(), complaint.c.id.desc())
        .limit(most)
    )
    return [row[0] for row in connection.execute(statement)]
