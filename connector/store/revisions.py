"""Complaints on their way into the store: packed as rows, and written with the people and figures beside them. Called
by pull and replay, and where a person gives a complaint other tags. Each such write is the row's next `revision`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, select, update

from connector.figures import Figures
from connector.model import FINISHED, Answer, Status, Tag
from connector.people.identity import Identifying, numbers_of, place_of
from connector.people.repeats import words_hash
from connector.people.retention import Retention
from connector.store import tallies
from connector.store.assessments import assessed_columns
from connector.store.complaints import Assessed, Doc, Stored, pack
from connector.store.figures import Counted as Figured
from connector.store.figures import keep as keep_figures
from connector.store.people import Seen, save_people
from connector.store.rows import Row, add, among, change, upsert
from connector.store.surveys import rated_at_source
from connector.store.tables import PERSONS_WORD, complaint
from connector.store.times import micros, micros_or_none, moment
from connector.trends.views import Counted


class Saving(msgspec.Struct, frozen=True):
    """A complaint on its way into the store. `counted` is where it counts for trends now, `counted_before` where the
    row that it replaces did."""

    doc: Doc
    assessed: Assessed
    resolved_at: datetime | None
    look_at: datetime | None
    figures: Figures | None = None
    ratings: tuple[Answer, ...] = ()
    counted: Counted | None = None
    counted_before: Counted | None = None


class Packed(msgspec.Struct, frozen=True):
    """A complaint on its way into the store, as small as it will be there."""

    ticket: str
    seen: Seen
    columns: dict[str, Any]
    figures: Figures | None = None
    ratings: tuple[Answer, ...] = ()
    counted: Counted | None = None
    counted_before: Counted | None = None

    @property
    def standing(self) -> tuple[str, int | None]:
        """Its status, and when it was resolved in microseconds since 1970 UTC."""
        return self.columns["status"], self.columns["resolved_at"]

    @property
    def opened_at(self) -> datetime:
        return moment(self.columns["opened_at"])

    def over(self, retention: Retention, now: datetime) -> bool:
        """Whether the time to keep it is over, so that it would go as soon as it came."""
        before = retention.tickets_before(now)
        if before is None or Status(self.columns["status"]) not in FINISHED:
            return False
        return moment(self.columns["updated_at"]) < before


def packed(item: Saving, people: Identifying) -> Packed:
    """A complaint as its row, but for what the store adds to it. `people` says what its complainant is known by."""
    told = item.doc.complaint
    columns = {
        "source_id": 0,  # this and the next two are told by `save`
        "revision": 0,
        "complainant_id": 0,
        "ticket": told.ticket,
        "version": told.version,
        "status": told.status._value_,
        "complaint": _facet(item.doc.tags, "complaint") or "unsure",
        "merged": told.merged_into is not None,
        "opened_at": micros(told.opened_at),
        "updated_at": micros(told.updated_at),
        "resolved_at": micros_or_none(item.resolved_at),
        "category": _facet(item.doc.tags, "category"),
        "product": told.product,
        "order_number": told.order_number,
        "doc": bytearray(pack(item.doc)),
        **assessed_columns(item.assessed),
        "look_at": micros_or_none(item.look_at),
        "emergency": _emergencies(item.doc.tags),
        "words": words_hash(told.text),
    }
    numbers = numbers_of(told, people) if people.numbers else ()
    seen = Seen(told.complainant, numbers, place_of(told, people) if people.place else None)
    return Packed(told.ticket, seen, columns, item.figures, item.ratings, item.counted, item.counted_before)


_KEYS = ("source_id", "ticket")


def save(
    connection: Connection,
    source_id: int,
    saving: Sequence[Packed],
    before: dict[str, Stored],
    people: Identifying,
    now: datetime,
) -> None:
    """Write complaints with the people behind them; `before` are the rows they replace. `people` says what these are
    known by, and so who is who."""
    known_as = save_people(connection, (item.seen for item in saving), people, now)
    new: list[Row] = []
    changed: list[Row] = []
    in_place: list[Row] = []
    for item in saving:
        known = before.get(item.ticket)
        item.columns["source_id"] = source_id
        item.columns["revision"] = known.revision + 1 if known else 1
        item.columns["complainant_id"] = known_as[item.seen.person.key]
        if known is None:
            new.append(item.columns)
        elif _stays_in_place(item.columns, known):
            in_place.append({"of": known.id, **item.columns})
        else:
            changed.append(item.columns)
    add(connection, complaint, _KEYS, new)
    if change(connection, _IN_PLACE, in_place) < len(in_place):  # one was erased since it was read
        changed += [{name: value for name, value in row.items() if name != "of"} for row in in_place]
    upsert(connection, complaint, _KEYS, changed)
    _keep_figures(connection, source_id, saving, before)
    _tally(connection, source_id, [item for item in saving if item.counted != item.counted_before], before)


# What most indexes go by, and most news leaves as it is: each index that is left alone saves a tenth of a row's price.
_PLACE = ("status", "complaint", "opened_at", "complainant_id", "order_number")


def _stays_in_place(columns: Row, known: Stored) -> bool:
    """Whether the row that is there has the same _PLACE as the new one."""
    told = known.doc.complaint
    there = (
        told.status.value,
        _facet(known.doc.tags, "complaint") or "unsure",
        micros(told.opened_at),
        known.complainant_id,
        told.order_number,
    )
    return there == tuple(columns[name] for name in _PLACE)


_IN_PLACE = (
    update(complaint)
    .where(complaint.c.id == bindparam("of"))
    .values(
        {
            one.name: bindparam(one.name)
            for one in complaint.columns
            if one.name not in ("id", *_KEYS, *_PLACE) and PERSONS_WORD not in one.info
        }
    )
)


def _keep_figures(connection: Connection, source_id: int, saving: Sequence[Packed], before: dict[str, Stored]) -> None:
    """What the complaints count as, and how their customers rated them at the helpdesk, beside them."""
    wanted = [item for item in saving if item.figures is not None or item.ratings or item.ticket in before]
    if not wanted:
        return
    rows = among(connection, _IDS, "tickets", [item.ticket for item in wanted], of=source_id)
    idents = {ticket: (ident, person) for ident, ticket, person in rows}
    counted = {idents[one.ticket][0]: Figured(source_id, idents[one.ticket][1], one.figures) for one in wanted}
    keep_figures(connection, counted)
    rated = [(*idents[one.ticket], one.ticket, rating) for one in wanted for rating in one.ratings]
    rated_at_source(connection, source_id, rated)


_IDS = select(complaint.c.id, complaint.c.ticket, complaint.c.complainant_id).where(
    complaint.c.source_id == bindparam("of"), complaint.c.ticket.in_(bindparam("tickets", expanding=True))
)


def _tally(connection: Connection, source_id: int, moved: Sequence[Packed], before: dict[str, Stored]) -> None:
    """Put complaints where they count now."""
    if not moved:
        return
    unknown = [item.ticket for item in moved if item.ticket not in before]
    ids = {item.ticket: before[item.ticket].id for item in moved if item.ticket in before}
    ids |= tallies.ids_of(connection, source_id, unknown) if unknown else {}
    tallies.move(connection, [(ids[item.ticket], item.counted_before, item.counted) for item in moved])


def retag(
    connection: Connection,
    stored: Stored,
    tags: tuple[Tag, ...],
    now: datetime,
    counted: tuple[Counted | None, Counted | None] = (None, None),
) -> bool:
    """Give a complaint other tags, and let sweep look at it; False where it changed since it was read. `counted` is
    where it counted before and counts now."""
    statement = (
        update(complaint)
        .where(complaint.c.id == stored.id, complaint.c.revision == stored.revision)
        .values(
            doc=pack(replace(stored.doc, tags=tags)),
            revision=stored.revision + 1,
            complaint=_facet(tags, "complaint") or "unsure",
            category=_facet(tags, "category"),
            emergency=_emergencies(tags),
            look_at=micros(now),
        )
    )
    if connection.execute(statement).rowcount != 1:
        return False
    tallies.move(connection, [(stored.id, *counted)])
    return True


def _facet(tags: Iterable[Tag], facet: str) -> str | None:
    for tag in tags:
        if tag.facet == facet:
            return tag.value
    return None


def _emergencies(tags: Iterable[Tag]) -> str | None:
    return " ".join([tag.value for tag in tags if tag.facet == "emergency"]) or None
