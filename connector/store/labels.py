"""What people said about tickets: labels that models learn from, as rows. Called by `sync` and the commands.

A label is its facet and values; the words it is about stay with the complaint, and where they are erased the label
teaches nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, select

from connector.store.complaints import unpack
from connector.store.rows import Row, upsert
from connector.store.tables import complaint, label, source
from connector.store.times import micros


class Label(msgspec.Struct, frozen=True):
    """What somebody said about a ticket of a source: these values of this facet, and no others."""

    ticket: str
    facet: str
    values: tuple[str, ...]
    who: str


class Taught(msgspec.Struct, frozen=True):
    """A label with the words that it is about. `language` is an ISO 639-1 code or None."""

    id: str
    subject: str
    text: str
    language: str | None
    values: tuple[str, ...]
    who: str


def keep(connection: Connection, source_id: int, said: Iterable[Label], now: datetime) -> None:
    """Keep labels; of one ticket and facet the newest counts."""
    rows: list[Row] = [
        {
            "source_id": source_id,
            "ticket": one.ticket,
            "facet": one.facet,
            "said": msgspec.json.encode(one.values).decode(),
            "who": one.who,
            "at": micros(now),
        }
        for one in said
    ]
    upsert(connection, label, ("source_id", "ticket", "facet"), rows)


def of_facet(connection: Connection, facet: str) -> list[Taught]:
    """All labels of a facet whose words are still there, in the order in which they were given."""
    statement = (
        select(source.c.name, label.c.ticket, complaint.c.doc, label.c.said, label.c.who)
        .join_from(label, source)
        .join(complaint, (complaint.c.source_id == label.c.source_id) & (complaint.c.ticket == label.c.ticket))
        .where(label.c.facet == facet)
        .order_by(label.c.at, source.c.name, label.c.ticket)
    )
    found = []
    for name, ticket, body, said, who in connection.execute(statement):
        doc = unpack(body)
        told = doc.complaint
        if not (told.text.strip() or told.subject.strip()):
            continue
        language = next((tag.value for tag in doc.tags if tag.facet == "language"), told.language)
        values = msgspec.json.decode(said, type=tuple[str, ...])
        known = None if language == "unknown" else language
        found.append(Taught(f"{name}/{ticket}", told.subject, told.text, known, values, who))
    return found


def counts(connection: Connection) -> dict[str, int]:
    """How many labels there are of each facet."""
    statement = select(label.c.facet, func.count()).group_by(label.c.facet).order_by(label.c.facet)
    return {row[0]: row[1] for row in connection.execute(statement)}
