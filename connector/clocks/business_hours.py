"""Working time of a calendar, exact to the second, over time zones, clock changes, nights and holidays.

The one rule: an instant is working time if the wall clock in the calendar's zone reads within one of the day's windows
at that instant, and the date it shows is no holiday. So an hour that the wall clock skips is not worked, and an hour
it shows twice is worked twice. Windows are turned into UTC intervals once; after that all arithmetic is on whole UTC
seconds (fractions are cut off), because subtracting two local datetimes of one ZoneInfo gives wall-clock differences.
Called by `sla` and `explain`; `settings` builds `Hours` from calendars.yaml.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connector.errors import RecordError, SettingsError

DAY_SECONDS = 86_400
EPOCH_DAY = date(1970, 1, 1).toordinal()
FIRST_YEAR, LAST_YEAR = 1900, 2300  # outside lie only misread dates; following them would build endless tables
NEVER = -(2**62)


class Window(msgspec.Struct, frozen=True):
    """A stretch of the day in seconds after local midnight, half-open. `end_second` 86400 is "24:00"; an end at or
    before the start runs over midnight into the next day ("22:00-06:00")."""

    start_second: int
    end_second: int


class Holiday(msgspec.Struct, frozen=True):
    """A local date without working time, from midnight to midnight, whichever window it cuts."""

    date: date
    name: str


class Calendar(msgspec.Struct, frozen=True):
    """When people work. `week` holds the windows of seven days, Monday first; windows may overlap.

    `zone` is an IANA name and also the zone in which times are shown. `always` means 24/7, without week and holidays.
    """

    name: str
    zone: str
    week: tuple[tuple[Window, ...], ...] = ()
    holidays: tuple[Holiday, ...] = ()
    always: bool = False

    @property
    def week_seconds(self) -> int:
        """Working seconds of a week without holiday or clock change."""
        if self.always:
            return 7 * DAY_SECONDS
        return sum(end - start for day in range(7) for start, end in _pieces(self, day))

    @property
    def day_seconds(self) -> int:
        """What "1d" of working time means here: the mean of the days that have windows; 24 hours if always open."""
        return self.week_seconds // (7 if self.always else sum(bool(windows) for windows in self.week))


class Span(NamedTuple):
    """[start, end) in seconds, of UTC or of a wall clock."""

    start: int
    end: int


class _Table(NamedTuple):
    """Working intervals that are complete for instants in [first, last]; `before[i]` seconds are worked before
    interval i. Interval 0 is empty and lies before all others, so that a search always finds one."""

    first: int
    last: int
    starts: list[int]
    ends: list[int]
    before: list[int]
    holidays: list[tuple[Span, str]]

    def worked_before(self, instant: int) -> int:
        _, _, starts, ends, before, _ = self
        index = bisect_right(starts, instant) - 1
        end = ends[index]
        return before[index] + (instant if instant < end else end) - starts[index]

    def reached(self, goal: int) -> int | None:
        """The first instant before which `goal` seconds are worked, None if it lies beyond this table."""
        _, last, starts, ends, before, _ = self
        index = bisect_left(before, goal) - 1
        instant = starts[index] + goal - before[index]
        return instant if instant <= ends[index] and instant <= last else None


class Hours:
    """A calendar made ready for quick questions. Build one per calendar and share it; it may be used by many threads.

    The table of working intervals grows by whole years as instants ask for it; a table is replaced, never changed.
    Raises SettingsError where the calendar cannot work: no hours, an unknown zone, a window outside the day.
    """

    __slots__ = ("_always", "_table", "_zone", "calendar")

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._zone = _zone(calendar)
        self._always = calendar.always
        _check(calendar)
        self._table = _Table(0, -1, [], [], [], [])

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
        table = self._table_over(start, end)
        return table.worked_before(end) - table.worked_before(start)

    def add(self, start: int, seconds: int) -> int:
        """As `add_working_seconds`, in seconds since 1970."""
        if self._always or seconds <= 0:
            return start + max(0, seconds)
        table = self._table_over(start, start)
        while (reached := table.reached(table.worked_before(start) + seconds)) is None:
            table = self._table_over(start, table.last + 1)
        return reached

    def course(self, start: int, end: int, seconds: int, fewer: int) -> tuple[int, int, int]:
        """(worked(start, end), add(start, seconds), add(start, fewer)) for half the price of asking one by one.

        `end` is not before `start`, and 0 < fewer <= seconds.
        """
        table = self._table
        if not self._always and table.first <= start and end <= table.last:
            done = table.worked_before(start)
            later = table.reached(done + seconds)
            if later is not None:
                return table.worked_before(end) - done, later, table.reached(done + fewer) or later
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
            known = () if table.last < table.first else (table.first, table.last)
            first, last = (_year(instant) for instant in (min(start, *known, start), max(end, *known, end)))
            table = self._table = _build(self.calendar, self._zone, first - 1, last + 2)
        return table


def epoch_seconds(instant: datetime) -> int:
    """Whole seconds since 1970; a fraction is cut off."""
    seconds = instant.timestamp()
    return int(seconds) if seconds >= 0 else math.floor(seconds)


def instant_at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _year(seconds: int) -> int:
    year = 1970 + seconds // 31_556_952
    if not FIRST_YEAR < year < LAST_YEAR:
        raise RecordError(f"an instant in or near {year} cannot be right.", remedy="Correct the date at the source.")
    return year


def _zone(calendar: Calendar) -> ZoneInfo:
    try:
        return ZoneInfo(calendar.zone)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(
            f"calendar {calendar.name!r}: there is no time zone {calendar.zone!r}.",
            remedy='Use a name such as "Europe/London".',
        ) from error


def _check(calendar: Calendar) -> None:
    where = f"calendar {calendar.name!r}"
    if calendar.always:
        if any(calendar.week) or calendar.holidays:
            raise SettingsError(f"{where} is always open yet has hours or holidays.", remedy="Remove one of the two.")
        return
    if len(calendar.week) != 7 or not any(calendar.week):
        raise SettingsError(f"{where} has no hours.", remedy='Give it hours such as mon-fri: ["09:00-17:00"].')
    for window in (window for windows in calendar.week for window in windows):
        start, end = window.start_second, window.end_second
        if not (0 <= start < DAY_SECONDS and 0 <= end <= DAY_SECONDS and start != end):
            raise SettingsError(
                f"{where} has a window from second {start} to second {end} of the day.",
                remedy='A window begins before 24:00, ends by 24:00 or the next day, and is not empty: "22:00-06:00".',
            )


def _pieces(calendar: Calendar, weekday: int) -> list[Span]:
    """What is open on one date: its own windows up to midnight, and what the day before left over."""
    own = [
        Span(window.start_second, window.end_second if window.end_second > window.start_second else DAY_SECONDS)
        for window in calendar.week[weekday]
    ]
    left_over = [
        Span(0, window.end_second)
        for window in calendar.week[weekday - 1]
        if window.end_second < window.start_second and window.end_second
    ]
    return _joined(sorted(left_over + own))


def _build(calendar: Calendar, zone: ZoneInfo, first_year: int, last_year: int) -> _Table:
    """The table for the years [first_year, last_year)."""
    first_day = date(first_year, 1, 1).toordinal() - EPOCH_DAY
    last_day = date(last_year, 1, 1).toordinal() - EPOCH_DAY
    days = range(first_day - 2, last_day + 2)
    offsets = _offsets(zone, days[0] * DAY_SECONDS, days[-1] * DAY_SECONDS)
    open_spans = _joined(span for span, _ in _to_utc(_open_on_the_wall(calendar, days), offsets))
    before = [0]
    for span in open_spans:
        before.append(before[-1] + span.end - span.start)
    return _Table(
        first=first_day * DAY_SECONDS,
        last=last_day * DAY_SECONDS,
        starts=[NEVER, *(span.start for span in open_spans)],
        ends=[NEVER, *(span.end for span in open_spans)],
        before=[0, *before[:-1]],
        holidays=_to_utc(_holidays_on_the_wall(calendar), offsets),
    )


def _open_on_the_wall(calendar: Calendar, days: range) -> list[tuple[Span, str]]:
    """Open stretches by the wall clock, as if it ran on without change; days count from 1970-01-01, a Thursday."""
    pieces = [_pieces(calendar, weekday) for weekday in range(7)]
    closed = {holiday.date.toordinal() - EPOCH_DAY for holiday in calendar.holidays}
    return [
        (Span(day * DAY_SECONDS + start, day * DAY_SECONDS + end), "")
        for day in days
        if day not in closed
        for start, end in pieces[(day + 3) % 7]
    ]


def _holidays_on_the_wall(calendar: Calendar) -> list[tuple[Span, str]]:
    days = sorted((holiday.date.toordinal() - EPOCH_DAY, holiday.name) for holiday in calendar.holidays)
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


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Sorted spans with those that touch or overlap made one."""
    joined: list[Span] = []
    for span in spans:
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined
