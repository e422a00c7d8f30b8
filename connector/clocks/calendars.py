"""When people work, as an admin says it: windows of a week, holidays, half days, and weeks that begin on a date.

`Calendar` is what `settings` builds from calendars.yaml; `open_stretches` lays it out by the wall clock for
`business_hours`, which turns the stretches into UTC. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connector.clocks.public_holidays import PublicHolidays
from connector.errors import SettingsError

DAY_SECONDS = 86_400
EPOCH_DAY = date(1970, 1, 1).toordinal()
ANY_YEAR = 2026  # in which a country's holidays are looked up to see whether there are any


class Span(NamedTuple):
    """[start, end) in seconds, of UTC or of a wall clock."""

    start: int
    end: int


class Window(msgspec.Struct, frozen=True):
    """A stretch of the day in seconds after local midnight, half-open. `end_second` 86400 is "24:00"; an end at or
    before the start runs over midnight into the next day ("22:00-06:00"; "09:00-09:00" is a whole day from nine on)."""

    start_second: int
    end_second: int


Windows = tuple[Window, ...]
Week = tuple[Windows, ...]


class Holiday(msgspec.Struct, frozen=True):
    """A local date that is not worked like its weekday: not at all, or (a half day) only in its own `windows`, from
    midnight to midnight, whichever window of the evening before it cuts."""

    date: date
    name: str
    windows: Windows = ()


class Change(msgspec.Struct, frozen=True):
    """From the local date `since` on the `week` is another one."""

    since: date
    week: Week


class Calendar(msgspec.Struct, frozen=True):
    """When people work. `week` holds the windows of seven days, Monday first; windows may overlap.

    `zone` is an IANA name and also the zone in which times are shown. `always` means 24/7, without all the rest.
    `changes` are in order of their dates. A date in `holidays` goes before one of `public`, and one in `open_on` is
    worked although it is a public holiday.
    """

    name: str
    zone: str
    week: Week = ()
    holidays: tuple[Holiday, ...] = ()
    always: bool = False
    changes: tuple[Change, ...] = ()
    public: tuple[PublicHolidays, ...] = ()
    open_on: frozenset[date] = frozenset()

    @property
    def week_seconds(self) -> int:
        """Working seconds of a week without holiday or clock change, before any change of the hours."""
        if self.always:
            return 7 * DAY_SECONDS
        return sum(end - start for day in range(7) for start, end in _pieces(self.week[day], self.week[day - 1]))

    @property
    def day_seconds(self) -> int:
        """What "1d" of working time means here: the mean of the days that have windows; 24 hours if always open."""
        return self.week_seconds // (7 if self.always else sum(bool(windows) for windows in self.week))

    def holidays_between(self, first_day: int, last_day: int) -> dict[int, Holiday]:
        """Day: holiday for the local dates [first_day, last_day), as days since 1970."""
        first, last = (date.fromordinal(day + EPOCH_DAY) for day in (first_day, last_day))
        found: dict[date, Holiday] = {}
        for whose in self.public:
            for day, name in whose.names(first.year, last.year + 1).items():
                found.setdefault(day, Holiday(day, name))
        for day in self.open_on:
            found.pop(day, None)
        found |= {holiday.date: holiday for holiday in self.holidays}
        return {
            holiday.date.toordinal() - EPOCH_DAY: holiday for holiday in found.values() if first <= holiday.date < last
        }


def open_stretches(calendar: Calendar, days: range, holidays: dict[int, Holiday]) -> Iterator[Span]:
    """Open stretches by the wall clock, as if it ran on without change; days count from 1970-01-01, a Thursday.

    In order; those of two days may touch.
    """
    weeks = [calendar.week, *(change.week for change in calendar.changes)]
    since = [change.since.toordinal() - EPOCH_DAY for change in calendar.changes]
    known: dict[tuple[Windows, Windows], list[Span]] = {}

    def planned(day: int) -> Windows:
        return weeks[bisect_right(since, day)][(day + 3) % 7]

    for day in days:
        holiday, before = holidays.get(day), holidays.get(day - 1)
        if holiday is None:
            # What the evening before leaves over is worked even where that evening itself was a holiday.
            left_over = before.windows if before is not None and before.windows else planned(day - 1)
            key = planned(day), left_over
        else:
            key = holiday.windows, ()
        pieces = known.get(key)
        if pieces is None:
            pieces = known[key] = _pieces(*key)
        for start, end in pieces:
            yield Span(day * DAY_SECONDS + start, day * DAY_SECONDS + end)


def _pieces(windows: Windows, evening_before: Windows) -> list[Span]:
    """What is open on one date: its own windows up to midnight, and what the day before left over."""
    own = [
        Span(window.start_second, window.end_second if window.end_second > window.start_second else DAY_SECONDS)
        for window in windows
    ]
    left_over = [
        Span(0, window.end_second)
        for window in evening_before
        if window.end_second <= window.start_second and window.end_second
    ]
    return joined(sorted(left_over + own))


def joined(spans: Iterable[Span]) -> list[Span]:
    """Sorted spans with those that touch or overlap made one."""
    found: list[Span] = []
    for span in spans:
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def zone_of(calendar: Calendar) -> ZoneInfo:
    """The calendar's zone. Raises SettingsError where there is none of that name."""
    try:
        return ZoneInfo(calendar.zone)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(
            f"calendar {calendar.name!r}: there is no time zone {calendar.zone!r}.",
            remedy='Use a name such as "Europe/London".',
        ) from error


def check(calendar: Calendar) -> None:
    """Raises SettingsError where the calendar cannot work: no hours, a window outside the day, an unknown country."""
    where = f"calendar {calendar.name!r}"
    if calendar.always:
        if any(calendar.week) or calendar.holidays or calendar.public or calendar.changes:
            raise SettingsError(f"{where} is always open yet has hours or holidays.", remedy="Remove one of the two.")
        return
    for week in (calendar.week, *(change.week for change in calendar.changes)):
        if len(week) != 7 or not any(week):
            raise SettingsError(f"{where} has no hours.", remedy='Give it hours such as mon-fri: ["09:00-17:00"].')
    since = [change.since for change in calendar.changes]
    if any(later <= earlier for earlier, later in pairwise(since)):
        raise SettingsError(f"{where} has changes out of order.", remedy="Put the earlier date first, each date once.")
    weeks = (calendar.week, *(change.week for change in calendar.changes))
    regular = (windows for week in weeks for windows in week)
    for windows in (*regular, *(holiday.windows for holiday in calendar.holidays)):
        _check_windows(where, windows)
    for whose in calendar.public:
        whose.names(ANY_YEAR, ANY_YEAR + 1)


def _check_windows(where: str, windows: Windows) -> None:
    for window in windows:
        start, end = window.start_second, window.end_second
        if not (0 <= start < DAY_SECONDS and 0 <= end <= DAY_SECONDS):
            raise SettingsError(
                f"{where} has a window from second {start} to second {end} of the day.",
                remedy='A window begins before 24:00, and ends by 24:00 or the next day: "22:00-06:00".',
            )
