"""In which cells complaints count, as rows: written with each complaint, read by the test of trends.

Called by `revisions` when it saves, and by `sync`. A row says that a complaint counts in a cell on a day; who its
person is, the complaint says, so that people who are joined or parted count anew without a row being touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update

from connector.store.people import PERSON
from connector.store.rows import add_unknown, listed
from connector.store.tables import cell, complainant, complaint, instance, tally, trend
from connector.store.times import micros, moment_or_none
from connector.trends.finding import Case
from connector.trends.life import day_number
from connector.trends.views import Counted


class Standing(msgspec.Struct, frozen=True):
    """How far counting and testing have come. `digest` names the views that complaints are counted by, `counted_to`
    the last row that was counted anew by them, None where all are; `tested_on` is the last day (since 1970) that was
    tested, `tested_at` when."""

    digest: str | None
    counted_to: int | None
    tested_on: int | None
    tested_at: datetime | None


def move(connection: Connection, changes: Iterable[tuple[int, Counted | None, Counted | None]]) -> None:
    """Take complaints (row ids) out of the cells where they counted and put them where they count now."""
    gone: set[tuple[int, str, int]] = set()
    come: set[tuple[int, str, int]] = set()
    for ident, before, after in changes:
        was, is_ = _places(ident, before), _places(ident, after)
        gone |= was - is_
        come |= is_ - was
    if not (gone or come):
        return
    ids = _cell_ids(connection, {name for _, name, _ in (*gone, *come)}, wanted={name for _, name, _ in come})
    if gone:
        rows = [_row(day, ids[name], ident) for day, name, ident in sorted(gone) if name in ids]
        if rows:
            connection.execute(_REMOVE, rows)
    columns = [
        {"day": day, "cell_id": ids[name], "complaint_id": ident}
        for day, name, ident in sorted(come, key=lambda one: (one[0], ids[one[1]], one[2]))
    ]
    add_unknown(connection, tally, columns)


def _places(ident: int, counted: Counted | None) -> set[tuple[int, str, int]]:
    if counted is None:
        return set()
    day = day_number(counted.day)
    return {(day, name, ident) for name in counted.cells}


def _row(day: int, cell_id: int, ident: int) -> dict[str, int]:
    return {"on": day, "at": cell_id, "of": ident}


_REMOVE = delete(tally).where(
    tally.c.day == bindparam("on"), tally.c.cell_id == bindparam("at"), tally.c.complaint_id == bindparam("of")
)
_CELLS = select(cell.c.key, cell.c.id).where(cell.c.key.in_(bindparam("keys", expanding=True)))


def _cell_ids(connection: Connection, names: set[str], wanted: set[str]) -> dict[str, int]:
    """The ids of cells by key; those that are `wanted` are made where they are missing."""
    found = {row[0]: row[1] for row in connection.execute(_CELLS, {"keys": listed(sorted(names))})}
    missing = sorted(wanted - found.keys())
    if missing:
        add_unknown(connection, cell, [{"key": name} for name in missing])
        found.update((row[0], row[1]) for row in connection.execute(_CELLS, {"keys": listed(missing)}))
    return found


_READ = (
    select(cell.c.key, tally.c.complaint_id, tally.c.day, PERSON)
    .join_from(tally, cell)
    .join(complaint, complaint.c.id == tally.c.complaint_id)
    .join(complainant, complainant.c.id == complaint.c.complainant_id)
    .where(tally.c.day >= bindparam("since"))
)


def cases(
    connection: Connection, since: int, *, but_of: Sequence[int] = (), of: str | None = None
) -> dict[str, list[Case]]:
    """Every cell's cases since a day; those of the sources `but_of` (row ids) are left out, and with `of` only that
    cell is read."""
    statement = _READ
    if but_of:
        statement = statement.where(complaint.c.source_id.not_in(list(but_of)))
    if of is not None:
        statement = statement.where(cell.c.key == of)
    found: dict[str, list[Case]] = {}
    for name, ident, day, person in connection.execute(statement, {"since": since}):
        found.setdefault(name, []).append(Case(ident, day, person))
    return found


_FIRST_DAY = select(func.min(tally.c.day))


def first_day(connection: Connection) -> int | None:
    """The day of the oldest complaint that counts."""
    found = connection.execute(_FIRST_DAY).scalar_one()
    return None if found is None else int(found)


def cells_since(connection: Connection, since: int) -> int:
    """How many cells had anybody since a day."""
    statement = select(func.count(tally.c.cell_id.distinct())).where(tally.c.day >= since)
    return int(connection.execute(statement).scalar_one())


_FORGET = delete(tally).where(tally.c.day < bindparam("before"))


def forget(connection: Connection, before: int) -> int:
    """Drop what lies before a day."""
    return connection.execute(_FORGET, {"before": before}).rowcount


def forget_unused(connection: Connection) -> None:
    """Drop the cells in which nobody counts any more and of which no trend speaks: their keys hold values."""
    counts, spoken = select(tally.c.cell_id), select(trend.c.cell_id)
    connection.execute(delete(cell).where(cell.c.id.not_in(counts), cell.c.id.not_in(spoken)))


# -- how far it has come ----------------------------------------------------------------------------------------------


_STANDING = select(
    instance.c.trends_digest, instance.c.trends_counted_to, instance.c.trends_tested_on, instance.c.trends_tested_at
)


def standing(connection: Connection) -> Standing:
    row = connection.execute(_STANDING).one()
    return Standing(row[0], row[1], row[2], moment_or_none(row[3]))


def begin_anew(connection: Connection, digest: str) -> None:
    """Count all complaints again by other views."""
    connection.execute(delete(tally))
    _note(connection, trends_digest=digest, trends_counted_to=0, trends_tested_at=None)


def counted_to(connection: Connection, last: int | None) -> None:
    """Counting anew came as far as this row; None: to its end."""
    _note(connection, trends_counted_to=last)


def tested(connection: Connection, on: int, now: datetime) -> None:
    _note(connection, trends_tested_on=on, trends_tested_at=micros(now))


def _note(connection: Connection, **values: Any) -> None:
    connection.execute(update(instance).values(**values))


def ids_of(connection: Connection, source_id: int, tickets: Sequence[str]) -> Mapping[str, int]:
    """The rows of these tickets of a source."""
    statement = select(complaint.c.ticket, complaint.c.id).where(
        complaint.c.source_id == source_id, complaint.c.ticket.in_(bindparam("tickets", expanding=True))
    )
    return {row[0]: row[1] for row in connection.execute(statement, {"tickets": listed(tickets)}).all()}
