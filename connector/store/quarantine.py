"""Records that could not be understood, each with its payload and the reason.

Called by `sync` and `amends quarantine`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, case, delete, func, select, update

from connector.store.archive import Raw, packed_raw, unpacked_raw
from connector.store.rows import insert_for
from connector.store.tables import quarantine, source
from connector.store.times import micros, micros_or_none, moment, moment_or_none


class Quarantined(msgspec.Struct, frozen=True):
    """One such record. `skipped_at` is when a person said that it may be left alone."""

    id: int
    source_id: int
    source: str
    why: str
    tries: int
    skipped_at: datetime | None
    raw: Raw


def put(
    connection: Connection, source_id: int, items: Sequence[tuple[Raw, str]], *, left_alone_at: datetime | None = None
) -> None:
    """Keep records aside, with the reason. One that was there already counts a try more; if a person said that it may
    be left alone, it is, until it comes with other bytes. With `left_alone_at`, nobody need look at these."""
    if not items:
        return
    rows = [
        {
            "source_id": source_id,
            "ticket": raw.ticket,
            "stream": raw.stream,
            "raw_id": raw.raw_id,
            "seen_at": micros(raw.seen_at),
            "why": why,
            "tries": 1,
            "skipped_at": micros_or_none(left_alone_at),
            "body": packed_raw(raw.body),
        }
        for raw, why in items
    ]
    insert = insert_for(connection.dialect.name)(quarantine)
    new = insert.excluded
    same = quarantine.c.body == new.body
    statement = insert.on_conflict_do_update(
        index_elements=["source_id", "stream", "raw_id"],
        set_={
            "ticket": new.ticket,
            "seen_at": new.seen_at,
            "why": new.why,
            "body": new.body,
            "tries": quarantine.c.tries + 1,
            "skipped_at": case((same, quarantine.c.skipped_at), else_=new.skipped_at),
        },
    )
    connection.execute(statement, rows)


def clear(connection: Connection, source_id: int, good: Iterable[tuple[str, str]]) -> None:
    """Forget records, named by (stream, raw id), of which a good version has come."""
    by_stream: dict[str, list[str]] = {}
    for stream, raw_id in good:
        by_stream.setdefault(stream, []).append(raw_id)
    for stream, raw_ids in by_stream.items():
        connection.execute(
            delete(quarantine).where(
                quarantine.c.source_id == source_id, quarantine.c.stream == stream, quarantine.c.raw_id.in_(raw_ids)
            )
        )


_ANY = select(quarantine.c.id).where(quarantine.c.source_id == bindparam("source")).limit(1)


def holds_any(connection: Connection, source_id: int) -> bool:
    """Whether anything of a source is kept aside; spares the good path a delete for each page."""
    return connection.execute(_ANY, {"source": source_id}).first() is not None


_ROW = select(quarantine, source.c.name.label("source_name")).join_from(quarantine, source).order_by(quarantine.c.id)


def listing(connection: Connection, *, source_name: str | None = None, one: int | None = None) -> list[Quarantined]:
    """What is kept aside, oldest first."""
    statement = _ROW
    if source_name is not None:
        statement = statement.where(source.c.name == source_name)
    if one is not None:
        statement = statement.where(quarantine.c.id == one)
    return [_quarantined(row) for row in connection.execute(statement)]


def page(connection: Connection, most: int, *, after: int, skipped_too: bool) -> list[Quarantined]:
    """Up to `most` records that follow number `after`, oldest first."""
    statement = _ROW.where(quarantine.c.id > after).limit(most)
    if not skipped_too:
        statement = statement.where(quarantine.c.skipped_at.is_(None))
    return [_quarantined(row) for row in connection.execute(statement)]


def _quarantined(row: Any) -> Quarantined:
    return Quarantined(
        id=row.id,
        source_id=row.source_id,
        source=row.source_name,
        why=row.why,
        tries=row.tries,
        skipped_at=moment_or_none(row.skipped_at),
        raw=Raw(row.ticket, row.stream, row.raw_id, moment(row.seen_at), unpacked_raw(row.body)),
    )


def skip(connection: Connection, one: int, now: datetime) -> None:
    connection.execute(update(quarantine).where(quarantine.c.id == one).values(skipped_at=micros(now)))


def count(connection: Connection) -> int:
    """How many records wait for a person."""
    statement = select(func.count()).select_from(quarantine).where(quarantine.c.skipped_at.is_(None))
    return int(connection.execute(statement).scalar_one())
