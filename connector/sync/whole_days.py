"""The days of which all complaints are known: every source was read beyond their end. Called by `trending` and
`correcting`, which must not take a source that lags for a quiet one, and by the commands that say what they wait for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from connector.assessment.rules import ReadSource, Rules
from connector.helpdesk import Helpdesk
from connector.store import Transaction, sources
from connector.trends.life import day_number
from connector.trends.views import Trends

# An export holds its last minute back, and an index is behind by some: what a source has nothing more of at an instant
# is known up to this long before.
BEHIND = timedelta(minutes=5)


class Whole(NamedTuple):
    """`day` is the last one that is known whole (days since 1970); None while some source was never read to its end, or
    stands by other rules. `waits_for` names the source that is furthest behind, `since` until when it was read to its
    end; None where it never was."""

    day: int | None
    waits_for: str | None = None
    since: datetime | None = None


def read_sources(desks: Iterable[Helpdesk], rules: Rules) -> tuple[ReadSource, ...]:
    """Every source with a history: those at hand, and those of the settings that could not be opened, or that nobody
    named this time. What is only written to, like people who are told, has none."""
    known = {one.name: one for one in rules.sources}
    known |= {desk.name: ReadSource(desk.name, desk.streams[0], desk.rules_digest) for desk in desks if desk.streams}
    return tuple(known.values())


def whole_days(connection: Transaction, read: Sequence[ReadSource], settings: Trends, now: datetime) -> Whole:
    """By the first stream of every source, which brings all tickets: half of a history, or one that is being read again
    by another mapping, would look like a jump."""
    found: list[tuple[datetime, str]] = []
    for one in read:
        row = sources.by_name(connection, one.name)
        stream = None if row is None else sources.stream_row(connection, row.id, one.stream)
        by_rules_in_force = row is not None and row.rules_digest == one.rules_digest and row.replayed_by is None
        if not by_rules_in_force or stream is None or stream.complete_at is None:
            return Whole(None, one.name, None if stream is None else stream.complete_at)
        found.append((stream.complete_at, one.name))
    if not found:
        return Whole(None)
    read_to, name = min(found)
    day = day_number(settings.day(min(read_to - BEHIND, now))) - 1
    behind = day < day_number(settings.day(now - BEHIND)) - 1
    return Whole(day, name, read_to) if behind else Whole(day)
