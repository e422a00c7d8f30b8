"""Complaints by their rows: some at a time, or those that are asked for. Called by `sync` and the commands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, select

from connector.store.complaints import ROW, Stored, stored_of, unpack
from connector.store.people import PERSON
from connector.store.rows import listed
from connector.store.tables import IS_COMPLAINT, complainant, complaint, source
from connector.store.times import micros

OTHER = "other"  # the category of what fits no other


class Words(msgspec.Struct, frozen=True):
    """What a complaint says, and who is behind it, as trends know people."""

    case: str
    person: int
    subject: str
    text: str
    language: str | None


def are_any(connection: Connection) -> bool:
    """Whether the store holds any complaint."""
    return connection.execute(select(complaint.c.id).limit(1)).first() is not None


# A sum for the planner's sake, as in `assessments`.
_NEXT = (
    ROW.where(complaint.c.source_id + 0 == bindparam("of"), complaint.c.id > bindparam("last"))
    .order_by(complaint.c.id)
    .limit(bindparam("most"))
)


def after(connection: Connection, source_id: int, last_id: int, most: int) -> list[Stored]:
    """The next complaints of a source in row order: how a replay walks through a store."""
    rows = connection.execute(_NEXT, {"of": source_id, "last": last_id, "most": most}).all()
    return [stored_of(row) for row in rows]


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


def words(connection: Connection, since: datetime, most: int, *, named: bool) -> list[Words]:
    """The words of the newest complaints since then: of those that a category names, or of the others."""
    nameless = complaint.c.category.is_(None) | (complaint.c.category == OTHER)
    statement = (
        select(source.c.name, complaint.c.ticket, PERSON, complaint.c.doc)
        .join_from(complaint, source)
        .join(complainant, complainant.c.id == complaint.c.complainant_id)
        .where(IS_COMPLAINT, complaint.c.merged.is_(False), complaint.c.opened_at >= micros(since))
        .where(~nameless if named else nameless)
        .order_by(complaint.c.opened_at.desc(), complaint.c.id.desc())
        .limit(most)
    )
    found = []
    for name, ticket, person, body in connection.execute(statement):
        doc = unpack(body)
        told = doc.complaint
        language = next((tag.value for tag in doc.tags if tag.facet == "language"), told.language)
        found.append(Words(f"{name}/{ticket}", person, told.subject, told.text, language))
    return found
