"""Working time of a calendar, exact to the second, over time zones, clock changes, nights and holidays.

The one rule: an instant is working time if the wall clock in the calendar's zone reads within one of the day's windows
at that instant, and the date it shows is no holiday. So an hour that the wall clock skips is not worked, and an hour
it shows twice is worked twice. Windows are turned into UTC intervals once; after that all arithmetic is on whole UTC
seconds (fractions are cut off), because subtracting two local datetimes of one ZoneInfo gives wall-clock differences.
Called by `sla` and `explain`; `settings` builds `Hours` from the calendars that it read.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connector.clocks.calendars import (
    DAY_SECONDS,
    EPOCH_DAY,
    Calendar,
    Holiday,
    Span,
    check,
    joined,
    open_stretches,
    zone_of,
)
from connector.errors import RecordError

FIRST_YEAR, LAST_YEAR = 1900, 2300  # outside lie only misread dates; following them would build endless tables
LAST_SECOND = (date(LAST_YEAR - 1, 1, 1).toordinal() - EPOCH_DAY) * DAY_SECONDS
NEVER = -(2**62)


class _Table(NamedTuple):
    """Working intervals that are complete for instants in [first, last], which are the years [years[0], years[1]);
    `before[i]` seconds are worked before interval i. Interval 0 is empty and lies before all others, so that a search
    always finds one."""

    years: tuple[int, int]
    first: int
    last: int
    starts: list[int]
    ends: list[int]
    before: list[int]
    holidays: list[tuple[Span, str]]

    def worked_before(self, instant: int) -> int:
        _, _, _, starts, ends, before, _ = self
        index = bisect_right(starts, instant) - 1
        end = ends[index]
        return before[index] + (instant if instant < end else end) - starts[index]

    def worked(self, start: int, end: int) -> int:
        """Seconds worked between two instants within this table, of which the second is not before the first."""
        _, _, _, starts, ends, before, _ = self
        first = bisect_right(starts, start) - 1
        last = bisect_right(starts, end, first) - 1
        done = min(start, ends[first]) - starts[first] + before[first]
        return min(end, ends[last]) - starts[last] + before[last] - done

    def reached(self, goal: int) -> int | None:
        """The first instant before which `goal` seconds are worked, None if it lies beyond this table."""
        _, _, last, starts, ends, before, _ = self
        index = bisect_left(before, goal) - 1
        instant = starts[index] + goal - before[index]
        return instant if instant <= ends[index] and instant <= last else None

    def course(self, start: int, end: int, seconds: int, fewer: int) -> tuple[int, int, int] | None:
        """As `Hours.course`, for instants within this table; None where an answer lies beyond it."""
        # In one go: each clock of each ticket passes here.
        _, _, last, starts, ends, before, _ = self
        at = bisect_right(starts, start) - 1
        until = ends[at]
        done = before[at] + (start if start < until else until) - starts[at]
        at = bisect_right(starts, end, at) - 1
        until = ends[at]
        worked = before[at] + (end if end < until else until) - starts[at] - done
        at = bisect_left(before, done + seconds) - 1
        due = starts[at] + done + seconds - before[at]
        if due > ends[at] or due > last:
            return None
        if fewer == seconds:
            return worked, due, due
        at = bisect_left(before, done + fewer, 0, at + 1) - 1
        return worked, due, starts[at] + done + fewer - before[at]


class Hours:
    """A calendar made ready for quick questions. Build one per calendar and share it; it may be used by many threads.

    The table of working intervals grows by whole years as instants ask for it; a table is replaced, never changed.
    Raises SettingsError where the calendar cannot work: no hours, an unknown zone, a window outside the day.
    """

    __slots__ = ("_always", "_table", "calendar")

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        zone_of(calendar)
        self._always = calendar.always
        check(calendar)
        self._table = _Table((LAST_YEAR, FIRST_YEAR), 0, -1, [], [], [], [])

    def working_seconds(self, start: datetime, end: datetime) -> int:
        """Working seconds in [start, end); 0 where end is not after start."""
        return self.worked(epoch_seconds(start), epoch_seconds(end))

    def add_working_seconds(self, start: datetime, seconds: int) -> datetime:
        """The first instant by which `seconds` of working time have passed since `start`; `start` itself for 0."""
        return instant_at(self.add(epoch_seconds(start), seconds))

    def worked(self, start: int, end: int) -> int:
        """As `working_seconds`, in seconds since 1970."""
        if end <= start:
            return 0
        if self._always:
            return end - start
        table = self._table
        if start < table.first or end > table.last:
            table = self._table_over(start, end)
        return table.worked(start, end)

    def add(self, start: int, seconds: int) -> int:
        """As `add_working_seconds`, in seconds since 1970."""
        if self._always or seconds <= 0:
            return start + max(0, seconds)
        table = self._table_over(start, start)
        while (reached := table.reached(table.worked_before(start) + seconds)) is None:
            # Twice as far each time, so that a far goal costs few tables; the last second in sight is asked for once.
            table = self._table_over(start, max(table.last + 1, min(2 * table.last - table.first, LAST_SECOND)))
        return reached

    def course(self, start: int, end: int, seconds: int, fewer: int) -> tuple[int, int, int]:
        """(worked(start, end), add(start, seconds), add(start, fewer)) for half the price of asking one by one.

        `end` is not before `start`, and 0 < fewer <= seconds.
        """
        table = self._table
        if not self._always and table.first <= start and end <= table.last:
            found = table.course(start, end, seconds, fewer)
            if found is not None:
                return found
        return self.worked(start, end), self.add(start, seconds), self.add(start, fewer)

    def intervals(self, start: int, end: int) -> list[Span]:
        """The working intervals of [start, end), clipped to it, oldest first."""
        if self._always:
            return [Span(start, end)] if start < end else []
        table = self._table_over(start, end)
        spans = (Span(max(start, first), min(end, last)) for first, last in zip(table.starts, table.ends, strict=True))
        return [span for span in spans if span.start < span.end]

    def holidays(self, start: int, end: int) -> list[tuple[Span, str]]:
        """The holidays that touch [start, end), clipped to it, with their names, oldest first."""
        if self._always:
            return []
        days = self._table_over(start, end).holidays
        spans = ((Span(max(start, day.start), min(end, day.end)), name) for day, name in days)
        return [(span, name) for span, name in spans if span.start < span.end]

    def _table_over(self, start: int, end: int) -> _Table:
        table = self._table
        if start < table.first or end > table.last:
            first, last = min(table.years[0], _year(start) - 1), max(table.years[1], _year(end) + 2)
            table = self._table = _build(self.calendar, first, last)
        return table


def epoch_seconds(instant: datetime) -> int:
    """Whole seconds since 1970; a fraction is cut off."""
    return math.floor(instant.timestamp())


def instant_at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _year(seconds: int) -> int:
    year = 1970 + seconds // 31_556_952
    if not FIRST_YEAR < year < LAST_YEAR:
        raise RecordError(f"an instant in or near {year} cannot be right.", remedy="Correct the date at the source.")
    return year


# Calendars that are read again, as after a reload, are mostly the same.
@lru_cache(maxsize=32)
def _build(calendar: Calendar, first_year: int, last_year: int) -> _Table:
    """The table for the years [first_year, last_year)."""
    first_day = date(first_year, 1, 1).toordinal() - EPOCH_DAY
    last_day = date(last_year, 1, 1).toordinal() - EPOCH_DAY
    days = range(first_day - 2, last_day + 2)
    offsets = _offsets(zone_of(calendar), days[0] * DAY_SECONDS, days[-1] * DAY_SECONDS)
    holidays = calendar.holidays_between(days[0], days[-1])
    wall = [(span, "") for span in open_stretches(calendar, days, holidays)]
    open_spans = joined(span for span, _ in _to_utc(wall, offsets))
    before = [0]
    for span in open_spans:
        before.append(before[-1] + span.end - span.start)
    return _Table(
        years=(first_year, last_year),
        first=first_day * DAY_SECONDS,
        last=last_day * DAY_SECONDS,
        starts=[NEVER, *(span.start for span in open_spans)],
        ends=[NEVER, *(span.end for span in open_spans)],
        before=[0, *before[:-1]],
        holidays=_to_utc(_by_name(holidays.values()), offsets),
    )


def _by_name(holidays: Iterable[Holiday]) -> list[tuple[Span, str]]:
    """The holidays by the wall clock; a half day is one for as long as nobody works."""
    days = sorted((holiday.date.toordinal() - EPOCH_DAY, holiday.name) for holiday in holidays)
    return [(Span(day * DAY_SECONDS, (day + 1) * DAY_SECONDS), name) for day, name in days]


def _offsets(zone: ZoneInfo, first: int, last: int) -> list[tuple[Span, int]]:
    """UTC spans of one offset from UTC each, in seconds, that together cover [first, last]."""

    def offset(instant: int) -> int:
        return int(datetime.fromtimestamp(instant, zone).utcoffset().total_seconds())  # type: ignore[union-attr]

    spans, begin, current = [], first, offset(first)
    for here in range(first, last, DAY_SECONDS):
        if offset(here + DAY_SECONDS) != current:
            change = here + bisect_left(range(here, here + DAY_SECONDS), True, key=lambda at: offset(at) != current)
            spans.append((Span(begin, change), current))
            begin, current = change, offset(here + DAY_SECONDS)
    return [*spans, (Span(begin, last), current)]


def _to_utc(wall: Sequence[tuple[Span, str]], offsets: Iterable[tuple[Span, int]]) -> list[tuple[Span, str]]:
    """Wall-clock spans as UTC spans: under each offset the part that the wall clock showed then. Keeps the order."""
    found = []
    for (begin, end), offset in offsets:
        index = bisect_right(wall, begin + offset, key=lambda item: item[0].end)
        while index < len(wall) and wall[index][0].start < end + offset:
            span, name = wall[index]
            found.append((Span(max(span.start - offset, begin), min(span.end - offset, end)), name))
            index += 1
    return found
