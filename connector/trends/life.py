"""What becomes of a trend from day to day, and by a person's word. Called by `sync` at every test, and by the commands.

open → acknowledged → explained or actioned → closed. It is told once: again only when it grew by half since somebody
last spoke of it, and as another trend once this one was quiet for two weeks. It is held against the weeks before it
began as long as it lives, so that what goes on does not become usual by going on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from connector.errors import AmendsError
from connector.model import EPOCH
from connector.trends.finding import Case, Finding, Ground, Judged, Outbreak, judge
from connector.trends.start import LATEST_DAYS, likely_start
from connector.trends.views import Trends

SYSTEM = "amends"


class Level(StrEnum):
    """`watch` is worth a look, `alarm` is told."""

    WATCH = "watch"
    ALARM = "alarm"


class State(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    EXPLAINED = "explained"
    ACTIONED = "actioned"
    CLOSED = "closed"


SPEAKING = (State.OPEN, State.ACKNOWLEDGED, State.ACTIONED)  # complaints of such an alarm carry a flag
_FROM = {
    State.ACKNOWLEDGED: (State.OPEN,),
    State.EXPLAINED: (State.OPEN, State.ACKNOWLEDGED),
    State.ACTIONED: (State.OPEN, State.ACKNOWLEDGED, State.EXPLAINED),
    State.CLOSED: (State.OPEN, State.ACKNOWLEDGED, State.EXPLAINED, State.ACTIONED),
}


class Trend(msgspec.Struct, frozen=True, omit_defaults=True):
    """One life of a trend in a cell. `started_on` is when it is likely to have begun, `found_on` the last day of the
    test that found it, `standing_on` of the last one in which it stood out. `size` counts the people of the longest
    window, `peak` is the most there ever were, `told` how many there were when somebody last spoke of it; `again` how
    often it was told anew since. `raised_at` is when it became an alarm. `who` said `why` at `changed_at`.
    """

    cell: str
    level: Level
    state: State
    found_on: date
    started_on: date
    standing_on: date
    judged: Judged
    size: int
    peak: int
    told: int
    changed_at: datetime
    raised_at: datetime | None = None
    who: str = SYSTEM
    why: str | None = None
    again: int = 0


def outbreak(trend: Trend) -> Outbreak:
    """The days of a trend, which are no past for the next one to be held against."""
    return Outbreak(trend.cell, day_number(trend.started_on), day_number(trend.standing_on))


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH.date()).days


def day_of(number: int) -> date:
    return EPOCH.date() + timedelta(days=number)


def begun(finding: Finding, cases: Sequence[Case], settings: Trends, on: Ground, now: datetime) -> Trend:
    """A trend that was found just now; `cases` are all of its cell."""
    level = _level(finding.judged, settings)
    size = _size(cases, settings, on)
    return Trend(
        cell=finding.cell,
        level=level,
        state=State.OPEN,
        found_on=day_of(on.today),
        started_on=day_of(_start(cases, settings, on)),
        standing_on=day_of(on.today),
        judged=finding.judged,
        size=size,
        peak=size,
        told=size,
        changed_at=now,
        raised_at=now if level is Level.ALARM else None,
    )


def lived(trend: Trend, cases: Sequence[Case], settings: Trends, on: Ground, now: datetime) -> Trend:
    """The trend after the test of one more day (or of the same day once more); `cases` are all of its cell."""
    judged = judge(trend.cell, cases, settings, on, (trend.judged.before, trend.judged.before_days))
    size = _size(cases, settings, on)
    after = replace(trend, judged=judged, size=size, peak=max(trend.peak, size))
    if judged.chance < settings.watch:
        after = replace(after, standing_on=day_of(on.today))
    if after.level is Level.WATCH and _level(judged, settings) is Level.ALARM:
        return replace(after, level=Level.ALARM, raised_at=now, told=size, changed_at=now)
    if _grew(after, settings):
        why = f"it grew from {trend.told} to {size} people since then"
        return replace(after, state=State.OPEN, told=size, again=after.again + 1, who=SYSTEM, why=why, changed_at=now)
    quiet = on.today - day_number(after.standing_on)
    if quiet >= settings.quiet_days and after.state in (State.OPEN, State.ACKNOWLEDGED, State.EXPLAINED):
        why = f"it was quiet for {quiet} days"
        return replace(after, state=State.CLOSED, who=SYSTEM, why=why, changed_at=now)
    return after


def _grew(trend: Trend, settings: Trends) -> bool:
    spoken = trend.state in (State.ACKNOWLEDGED, State.EXPLAINED, State.ACTIONED)
    return spoken and trend.level is Level.ALARM and trend.size >= (1 + settings.growth) * max(1, trend.told)


def _level(judged: Judged, settings: Trends) -> Level:
    return Level.ALARM if judged.chance < settings.alarm else Level.WATCH


def _size(cases: Sequence[Case], settings: Trends, on: Ground) -> int:
    return len({case.person for case in cases if on.today - settings.longest < case.day <= on.today})


def _start(cases: Sequence[Case], settings: Trends, on: Ground) -> int:
    first = on.today - settings.longest - on.before_days + 1
    counts = daily(cases, first, on.today)
    return max(first + likely_start(counts), on.today - LATEST_DAYS)


def daily(cases: Sequence[Case], first: int, last: int) -> list[int]:
    """How many people there were on each day from `first` to `last`, each person on the first of their days only."""
    counts = [0] * (last - first + 1)
    seen: set[int] = set()
    for case in sorted(cases, key=lambda one: one.day):
        if first <= case.day <= last and case.person not in seen:
            seen.add(case.person)
            counts[case.day - first] += 1
    return counts


def said(trend: Trend, state: State, who: str, why: str | None, now: datetime) -> Trend:
    """The trend after a person's word. Raises AmendsError where that does not follow from where it stands."""
    if trend.state not in _FROM[state]:
        raise AmendsError(
            f"this trend is {trend.state}: it cannot become {state} any more.",
            remedy="`amends trends list --all` shows where each stands.",
        )
    return replace(trend, state=state, told=trend.size, who=who, why=why, changed_at=now)


def judged_again(trend: Trend, *, helped: bool, why: str, now: datetime) -> Trend:
    """The trend after its correction was judged: over where that helped, else open once more."""
    state = State.CLOSED if helped else State.OPEN
    again = trend.again if helped else trend.again + 1
    return replace(trend, state=state, told=trend.size, again=again, who=SYSTEM, why=why, changed_at=now)
