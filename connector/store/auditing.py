"""The audit log a page at a time, and how far outgoing webhooks were told of it. Called by the console."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select

from connector.store.rows import upsert
from connector.store.sources import AuditLine
from connector.store.tables import audit, hook
from connector.store.times import micros, moment


class Noted(AuditLine, frozen=True):
    """A line of the audit log with its number, which grows."""

    id: int = 0


class HookRow(msgspec.Struct, frozen=True):
    """How far into the log a webhook was told (`told_to`, the number of a line), how often it failed since, and when it
    is tried again."""

    name: str
    told_to: int
    failures: int
    next_at: datetime
    last_error: str | None


def _noted(row: Any) -> Noted:
    return Noted(
        at=moment(row.at),
        who=row.who,
        what=row.what,
        source=row.source,
        ticket=row.ticket,
        detail=None if row.detail is None else msgspec.json.decode(row.detail),
        id=row.id,
    )


def page(
    connection: Connection,
    most: int,
    *,
    before: int | None = None,
    source: str | None = None,
    ticket: str | None = None,
    who: str | None = None,
    what: str | None = None,
) -> tuple[list[Noted], int | None]:
    """Up to `most` lines that are older than line `before`, newest first, and the number to go on before; None where
    these are the last. `what` is the beginning of what was done ("write:")."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(most + 1)
    for column, value in ((audit.c.source, source), (audit.c.ticket, ticket), (audit.c.who, who)):
        if value is not None:
            statement = statement.where(column == value)
    if what is not None:
        statement = statement.where(audit.c.what.startswith(what, autoescape=True))
    if before is not None:
        statement = statement.where(audit.c.id < before)
    rows = connection.execute(statement).all()
    return [_noted(row) for row in rows[:most]], rows[most - 1].id if len(rows) > most else None


def lines_after(connection: Connection, number: int, most: int) -> list[Noted]:
    """The lines that follow line `number`, oldest first."""
    rows = connection.execute(select(audit).where(audit.c.id > number).order_by(audit.c.id).limit(most))
    return [_noted(row) for row in rows]


def newest(connection: Connection) -> int:
    """The number of the newest line; 0 where there is none."""
    return int(connection.execute(select(func.coalesce(func.max(audit.c.id), 0))).scalar_one())


def hooks(connection: Connection) -> dict[str, HookRow]:
    """Every outgoing webhook that was told something, by name."""
    rows = connection.execute(select(hook).order_by(hook.c.name))
    return {row.name: HookRow(row.name, row.told_to, row.failures, moment(row.next_at), row.last_error) for row in rows}


def save_hook(connection: Connection, row: HookRow) -> None:
    values = {**msgspec.structs.asdict(row), "next_at": micros(row.next_at)}
    upsert(connection, hook, ("name",), [values])


def forget_hooks(connection: Connection, names: list[str]) -> None:
    """Those that the settings do not name any more."""
    connection.execute(delete(hook).where(hook.c.name.in_(names)))
