"""Random cases for clocks, drawn by Hypothesis, against a slow reckoning: the harness behind the proof of working time.

A case is a calendar with any windows (over midnight, overlapping, all day), holidays, half days and hours that change
on a date, in one of more than forty zones and around a day on which its wall clock skips or repeats an hour; a start,
a target, and pauses that may overlap, all to the second. The reckoning looks at the wall clock every minute, and every
second of a minute in which something begins or ends. It shares nothing with the engine but the words of the settings.
`tests/unit/test_clocks_proof.py` runs it short, `make proof` runs it long.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import hypothesis
from hypothesis import strategies as st

from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Change, Holiday, Week, Window, Windows
from connector.clocks.lives import Break, Run
from connector.clocks.sla import measured
from connector.model import Status
from tests.unit.wall_clock import ZONES

DAY_MINUTES = 1440
DAYS = 12
YEARS = (2011, 2019, 2024, 2025, 2026, 2027)
Pause = tuple[int, int]  # in seconds since 1970
Draw = Any  # what a composite strategy is handed


class Outcome(NamedTuple):
    """How many cases were reckoned, from which seed, in how many zones, how many around a change of wall clocks; and of
    those that differed the smallest in each zone."""

    cases: int
    seed: int
    zones: int
    changes: int
    wrong: list[str]

    @property
    def line(self) -> str:
        """The same in words."""
        return (
            f"{self.cases:,} random cases, seed {self.seed}, {self.zones} zones, {self.changes:,} of them around a day "
            f"on which the wall clock skips or repeats time: {len(self.wrong)} differences"
        )


class Case(NamedTuple):
    calendar: Calendar
    start: int
    goal: int
    probe: int
    pauses: list[Pause]
    changes: bool


def reckoned(count: int, seed: int) -> Outcome:
    """At least `count` cases that Hypothesis draws from `seed`, as many for each zone, by both reckonings. One that
    differs is made as small as it gets."""
    drawn: list[Case] = []
    wrong = []
    share = -(-count // len(ZONES))
    for number, zone in enumerate(ZONES):
        try:
            _agreeing(zone, drawn, share, seed * len(ZONES) + number)()
        except AssertionError as error:
            wrong.append(str(error))
    zones = {case.calendar.zone for case in drawn}
    return Outcome(len(drawn), seed, len(zones), sum(case.changes for case in drawn), wrong)


def _agreeing(zone: str, drawn: list[Case], count: int, seed: int) -> Callable[[], None]:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
    )
    @hypothesis.given(cases(zone))
    def agree(case: Case) -> None:
        drawn.append(case)
        ours, theirs = _ours(case), _theirs(case)
        assert ours == theirs, f"(used, due) {ours} and not {theirs}: {case}"

    return agree


# -- drawing ---------------------------------------------------------------------------------------------------------


@st.composite
def cases(draw: Draw, zone: str) -> Case:
    """A case; the plainest (no holidays, no pauses, from nine to five) is what a failing one is shrunk towards."""
    changing, others = _change_days(zone, draw(st.sampled_from(YEARS)))
    on_a_change = bool(changing) and draw(st.integers(0, 9)) > 0
    middle = draw(st.sampled_from(changing if on_a_change else others))
    first = int(middle.timestamp()) - draw(st.integers(1, 3)) * 86_400
    start = first + draw(st.integers(0, 4 * 86_400 - 1))
    if draw(st.booleans()):
        start -= start % 60
    pauses = [_pause(draw, start) for _ in range(draw(st.sampled_from((0, 0, 1, 2, 4))))]
    goal = draw(st.sampled_from((1, 59, 60, 3600, 8 * 3600)) | st.integers(1, 60 * 3600 - 1))
    probe = start + draw(st.integers(0, 6 * 86_400 - 1))
    return Case(_calendar(draw, zone, middle.date()), start, goal, probe, pauses, on_a_change)


def _pause(draw: Draw, start: int) -> Pause:
    begin = start + draw(st.integers(-86_400, 4 * 86_400 - 1))
    return begin, begin + draw(st.sampled_from((0, 1, 61)) | st.integers(0, 2 * 86_400 - 1))


def _calendar(draw: Draw, zone: str, middle: date) -> Calendar:
    near = [middle + timedelta(days=offset) for offset in range(-4, 8)]
    off = draw(st.lists(st.sampled_from(near), max_size=2, unique=True))
    own = tuple(Holiday(day, "off", draw(_WINDOWS | st.just(()))) for day in sorted(off))
    changes = (Change(draw(st.sampled_from(near)), draw(_WEEK)),) if draw(st.integers(0, 4)) == 4 else ()
    return Calendar("drawn", zone, draw(_WEEK), own, changes=changes)


def _week(days: list[Windows]) -> Week:
    return tuple(days) if any(days) else ((Window(9 * 3600, 17 * 3600),),) * 7


_MINUTE = st.integers(0, DAY_MINUTES - 1).map(lambda minute: minute * 60)
_WINDOW = st.builds(Window, _MINUTE, st.sampled_from((0, 86_400)) | _MINUTE)
_WINDOWS = st.lists(_WINDOW, min_size=1, max_size=3).map(tuple)
_WEEK = st.lists(_WINDOWS | _WINDOWS | st.just(()), min_size=7, max_size=7).map(_week)


@cache
def _change_days(zone: str, year: int) -> tuple[list[datetime], list[datetime]]:
    """The days (UTC) on which the offset changes, and two on which it does not."""
    there, first = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=number) for number in range(365)]
    changing = [
        day
        for day in days
        if day.astimezone(there).utcoffset() != (day + timedelta(days=1)).astimezone(there).utcoffset()
    ]
    return changing, [days[60], days[300]]


# -- both reckonings -------------------------------------------------------------------------------------------------


def _ours(case: Case) -> tuple[int, int | None]:
    hours = Hours(case.calendar)
    end = case.start + DAYS * 86_400
    due = measured(hours, _run(case, end), case.goal, case.goal)[1]
    used = measured(hours, _run(case, case.probe), 1, 1)[0]
    return used, due if due is not None and due < end else None


def _run(case: Case, end: int) -> Run:
    """The clock up to `end`, standing still in the pauses made one where they touch."""
    breaks: list[Break] = []
    for drawn_begin, drawn_until in sorted(case.pauses):
        begin, until = max(drawn_begin, case.start), min(drawn_until, end)
        if begin >= until:
            continue
        if breaks and begin <= (breaks[-1].end or 0):
            breaks[-1] = Break(breaks[-1].start, max(breaks[-1].end or 0, until), Status.ON_HOLD)
        else:
            breaks.append(Break(begin, until, Status.ON_HOLD))
    return Run(case.start, end, breaks, answered=False, cut_off=False)


def _theirs(case: Case) -> tuple[int, int | None]:
    used_at_probe, used, due = 0, 0, None
    end = case.start + DAYS * 86_400
    edges = {edge - edge % 60 for pause in case.pauses for edge in pause} | {
        case.start - case.start % 60,
        case.probe - case.probe % 60,
    }
    plan = _Plan(case.calendar)
    for minute in range(case.start - case.start % 60, end, 60):
        open_now = plan.open_at(minute)
        if not open_now:
            continue
        if minute in edges or (due is None and used + 60 >= case.goal):
            for second in range(minute, minute + 60):
                if second >= case.start and not _paused(second, case.pauses):
                    used += 1
                    used_at_probe += second < case.probe
                    if due is None and used == case.goal:
                        due = second + 1
        elif not _paused(minute, case.pauses):
            used += 60
            used_at_probe += 60 * (minute < case.probe)
        if due is not None and minute > case.probe:
            break
    return used_at_probe, due if due is not None and due < end else None


def _paused(second: int, pauses: list[Pause]) -> bool:
    for begin, until in pauses:  # noqa: SIM110  # asked a hundred thousand times a case
        if begin <= second < until:
            return True
    return False


class _Plan:
    """Which minutes of which local dates are open, as a person would read it off the calendar."""

    def __init__(self, calendar: Calendar) -> None:
        self.zone, self.calendar = ZoneInfo(calendar.zone), calendar
        self.holidays = {holiday.date: holiday for holiday in calendar.holidays}
        self.days: dict[date, bytearray] = {}

    def open_at(self, second: int) -> bool:
        wall = datetime.fromtimestamp(second, self.zone)
        day = wall.date()
        if day not in self.days:
            self.days[day] = self._minutes(day)
        return bool(self.days[day][wall.hour * 60 + wall.minute])

    def _minutes(self, day: date) -> bytearray:
        found = bytearray(DAY_MINUTES)
        holiday = self.holidays.get(day)
        today = self._usual(day) if holiday is None else holiday.windows
        for window in today:
            start, end = window.start_second // 60, window.end_second // 60
            for minute in range(start, end if end > start else DAY_MINUTES):
                found[minute] = 1
        if holiday is None:
            yesterday = day - timedelta(days=1)
            half = self.holidays.get(yesterday)
            for window in half.windows if half is not None and half.windows else self._usual(yesterday):
                start, end = window.start_second // 60, window.end_second // 60
                for minute in range(end if end <= start else 0):
                    found[minute] = 1
        return found

    def _usual(self, day: date) -> Windows:
        week = self.calendar.week
        for change in self.calendar.changes:
            if day >= change.since:
                week = change.week
        return week[day.weekday()]
