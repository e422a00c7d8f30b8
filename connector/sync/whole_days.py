"""The days of which all complaints are known: every source was read beyond their end. Called by `trending` and
`correcting`, which must not take a source that lags for a quiet one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from connector.helpdesk import Helpdesk
from connector.store import Transaction, sources
from connector.trends.life import day_number
from connector.trends.views import Trends

# An export holds its last minute back, and an index is behind by some: what a source has nothing more of at an instant
# is known up to this long before.
BEHIND = timedelta(minutes=5)


class Whole(NamedTuple):
    """`day` is the last one that is known whole (days since 1970); None while some source was never read to its end, or
    stands by other rules. `waits_for` names the source that is furthest behind."""

    day: int | None
    waits_for: str | None = None


def whole_days(connection: Transaction, desks: Sequence[Helpdesk], settings: Trends, now: datetime) -> Whole:
    """By the first stream of every source, which brings all tickets: half of a history, or one that is being read again
    by another mapping, would look like a jump. What is only written to, like people who are told, has no history."""
    found: list[tuple[datetime, str]] = []
    for desk in desks:
        if not desk.streams:
            continue
        row = sources.by_name(connection, desk.name)
        stream = sources.stream_row(connection, desk.id, desk.streams[0])
        by_rules_in_force = row is not None and row.rules_digest == desk.rules_digest and row.replayed_by is None
        if not by_rules_in_force or stream is None or stream.complete_at is None:
            return Whole(None, desk.name)
        found.append((stream.complete_at, desk.name))
    if not found:
        return Whole(None)
    read_to, name = min(found)
    day = day_number(settings.day(min(read_to - BEHIND, now))) - 1
    behind = day < day_number(settings.day(now - BEHIND)) - 1
    return Whole(day, name if behind else None)
