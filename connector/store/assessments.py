"""What sweep makes of complaints: which are due, what it found in them (clocks, flags, promises), and how many of these
there are. Called by sweep, by whatever wants a complaint looked at again, and by the commands that tell of flags and
promises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update

from connector.clocks.promises.standing import PROMISE, words_of
from connector.model import Ruling
from connector.store.complaints import ROW, Assessed, Stored, stored_of
from connector.store.rows import change
from connector.store.tables import complaint, source
from connector.store.times import micros, micros_or_none

_encode = msgspec.json.Encoder().encode
# The sum keeps the planner from walking through all that a source has, instead of what is due: it knows no statistics.
_DUE = (
    ROW.where(
        complaint.c.look_at <= bindparam("now"), (complaint.c.source_id + 0).in_(bindparam("sources", expanding=True))
    )
    .order_by(complaint.c.look_at, complaint.c.id)
    .limit(bindparam("most"))
)


def due(connection: Connection, source_ids: Sequence[int], now: datetime, most: int) -> list[Stored]:
    """Up to `most` complaints of these sources that sweep has to look at, the longest waiting first."""
    rows = connection.execute(_DUE, {"now": micros(now), "most": most, "sources": list(source_ids)})
    return [stored_of(row) for row in rows]


def look_again(connection: Connection, now: datetime, source_id: int | None = None) -> int:
    """Let sweep look at every complaint that is not history; after a change of rules or policy."""
    statement = (
        update(complaint).where(complaint.c.due_at.is_not(None) | (complaint.c.flags != "")).values(look_at=micros(now))
    )
    if source_id is not None:
        statement = statement.where(complaint.c.source_id == source_id)
    return connection.execute(statement).rowcount


def wake(connection: Connection, name: str | None, now: datetime) -> None:
    """Let sweep look at the complaint "<source>/<ticket>", if there is one."""
    of, _, ticket = (name or "").partition("/")
    home = select(source.c.id).where(source.c.name == of).scalar_subquery()
    connection.execute(
        update(complaint).where(complaint.c.source_id == home, complaint.c.ticket == ticket).values(look_at=micros(now))
    )


# -- what it found ----------------------------------------------------------------------------------------------------


_ASSESS = (
    update(complaint)
    .where(
        complaint.c.id == bindparam("of"),
        complaint.c.revision == bindparam("seen"),
        complaint.c.look_at.is_not_distinct_from(bindparam("was_due")),
    )
    .values(
        assessed=bindparam("assessed"),
        flags=bindparam("flags"),
        promises=bindparam("promises"),
        due_at=bindparam("due_at"),
        look_at=bindparam("look_at"),
    )
)


def save(connection: Connection, looked: Iterable[tuple[Stored, Assessed, datetime | None]]) -> None:
    """Write what sweep found, but not over a complaint that changed since it was read, or that somebody else wants to
    have looked at again: that one is."""
    rows = [
        {
            "of": stored.id,
            "seen": stored.revision,
            "was_due": micros_or_none(stored.look_at),
            **assessed_columns(assessed),
            "look_at": micros_or_none(look_at),
        }
        for stored, assessed, look_at in looked
    ]
    change(connection, _ASSESS, rows)


def assessed_columns(assessed: Assessed) -> dict[str, object]:
    """The columns that sweep writes."""
    return {
        "assessed": bytearray(_encode(assessed)),
        "flags": _flags(assessed),
        "due_at": _due_at(assessed),
        "promises": _promises(assessed),
    }


def _flags(assessed: Assessed) -> str:
    """The kinds of its flags, each once."""
    return " ".join(sorted({flag.kind._value_ for flag in assessed.flags})) if assessed.flags else ""


def _due_at(assessed: Assessed) -> int | None:
    dues = [clock.due_at for clock in assessed.clocks if clock.stopped_at is None and clock.due_at is not None]
    return micros(min(dues)) if dues else None


def _promises(assessed: Assessed) -> str | None:
    """A word for each promise, so that they can be counted without reading the complaints; None where there is none."""
    known = assessed.unsure or assessed.dismissed
    if not known and PROMISE not in [clock.kind for clock in assessed.clocks]:
        return None
    return " ".join(words_of(assessed.clocks, assessed.unsure))


# -- flags and promises -----------------------------------------------------------------------------------------------


def flagged(connection: Connection) -> dict[str, int]:
    """How many complaints carry each flag."""
    counts: dict[str, int] = {}
    statement = select(complaint.c.flags, func.count()).where(complaint.c.flags != "").group_by(complaint.c.flags)
    for flags, count in connection.execute(statement):
        for flag in flags.split():
            counts[flag] = counts.get(flag, 0) + count
    return counts


def promised(connection: Connection) -> dict[str, int]:
    """How many promises became of each kind, and how many a person has to decide about."""
    counts: dict[str, int] = {}
    statement = (
        select(complaint.c.promises, func.count())
        .where(complaint.c.promises.is_not(None))
        .group_by(complaint.c.promises)
    )
    for words, number in connection.execute(statement):
        for word in words.split():
            counts[word] = counts.get(word, 0) + number
    return counts


def with_promises(connection: Connection, source_name: str | None = None) -> Iterator[Stored]:
    """The complaints in which something was promised, or may have been, newest first."""
    statement = ROW.where(complaint.c.promises.is_not(None)).order_by(complaint.c.opened_at.desc(), complaint.c.id)
    if source_name is not None:
        statement = statement.where(source.c.name == source_name)
    for row in connection.execute(statement):
        yield stored_of(row)


def decide(connection: Connection, stored: Stored, ruling: Ruling, now: datetime) -> None:
    """Keep a person's word on a promise, in the place of an earlier one, and let sweep look at the complaint."""
    kept = (*(one for one in stored.rulings if one.promise.id != ruling.promise.id), ruling)
    connection.execute(
        update(complaint).where(complaint.c.id == stored.id).values(rulings=_encode(kept).decode(), look_at=micros(now))
    )
