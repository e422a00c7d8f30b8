"""Random cases for clocks against a slow reckoning: the harness behind the proof of working time.

A case is a calendar with any windows (over midnight, overlapping, all day), holidays, half days and hours that change
on a date, in one of more than forty zones and around a day on which its wall clock skips or repeats an hour; a start,
a target, and pauses that may overlap, all to the second. The reckoning looks at the wall clock every minute, and every
second of a minute in which something begins or ends. It shares nothing with the engine but the words of the settings.
`tests/unit/test_clocks_proof.py` runs it short, `make proof` runs it long.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

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


class Outcome(NamedTuple):
    """How many cases were reckoned, in how many zones, how many around a change of wall clocks; and what differed."""

    cases: int
    zones: int
    changes: int
    wrong: list[str]


class Case(NamedTuple):
    calendar: Calendar
    start: int
    goal: int
    probe: int
    pauses: list[Pause]
    changes: bool


def reckoned(count: int, seed: int) -> Outcome:
    """`count` cases drawn from `seed`, each by both."""
    chance = random.Random(seed)
    wrong, zones, changes = [], set(), 0
    for number in range(count):
        case = _drawn(chance)
        zones.add(case.calendar.zone)
        changes += case.changes
        ours, theirs = _ours(case), _theirs(case)
        if ours != theirs:
            wrong.append(f"case {number}: (used, due) {ours} and not {theirs}: {case}")
    return Outcome(count, len(zones), changes, wrong)


# -- drawing ---------------------------------------------------------------------------------------------------------


def _drawn(chance: random.Random) -> Case:
    zone = chance.choice(ZONES)
    changing, others = _change_days(zone, chance.choice(YEARS))
    on_a_change = bool(changing) and chance.random() < 0.7
    middle = chance.choice(changing if on_a_change else others)
    first = int(middle.timestamp()) - chance.randrange(1, 4) * 86_400
    start = first + chance.randrange(4 * 86_400)
    if chance.random() < 0.5:
        start -= start % 60
    pauses = [_pause(chance, start) for _ in range(chance.choice((0, 0, 1, 2, 4)))]
    goal = chance.choice((1, 59, 60, 3600, 8 * 3600, chance.randrange(1, 60 * 3600)))
    probe = start + chance.randrange(6 * 86_400)
    return Case(_calendar(chance, zone, middle.date()), start, goal, probe, pauses, on_a_change)


def _pause(chance: random.Random, start: int) -> Pause:
    begin = start + chance.randrange(-86_400, 4 * 86_400)
    return begin, begin + chance.choice((0, 1, 61, chance.randrange(2 * 86_400)))


def _calendar(chance: random.Random, zone: str, middle: date) -> Calendar:
    near = [middle + timedelta(days=offset) for offset in range(-4, 8)]
    holidays = {
        day: Holiday(day, "off", _windows(chance) if chance.random() < 0.4 else ())
        for day in chance.sample(near, chance.choice((0, 0, 1, 2)))
    }
    changes = (Change(chance.choice(near), _week(chance)),) if chance.random() < 0.2 else ()
    own = tuple(holidays[day] for day in sorted(holidays))
    return Calendar("drawn", zone, _week(chance), own, changes=changes)


def _week(chance: random.Random) -> Week:
    week = tuple(_windows(chance) if chance.random() < 0.8 else () for _ in range(7))
    return week if any(week) else ((Window(9 * 3600, 17 * 3600),),) * 7


def _windows(chance: random.Random) -> Windows:
    return tuple(
        Window(chance.randrange(DAY_MINUTES) * 60, chance.choice((0, 86_400, chance.randrange(DAY_MINUTES) * 60)))
        for _ in range(chance.choice((1, 1, 2, 3)))
    )


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
                if second >= case.start and not any(begin <= second < until for begin, until in case.pauses):
                    used += 1
                    used_at_probe += second < case.probe
                    if due is None and used == case.goal:
                        due = second + 1
        elif not any(begin <= minute < until for begin, until in case.pauses):
            used += 60
            used_at_probe += 60 * (minute < case.probe)
        if due is not None and minute > case.probe:
            break
    return used_at_probe, due if due is not None and due < end else None


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
