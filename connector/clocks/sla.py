"""SLA targets, and the clocks of one complaint as they stand at `now`.

Everything is derived from the history and the calendar alone, so a daemon that slept for two days finds the same
breaches at the same instants. Called by `sync` for every ticket it reads and by every sweep; fast on purpose.
Decisions: intervals are half-open (a reply at the very second that was due is in time, a clock still open then has
breached); used time is working time outside breaks, and a break costs only the working time in it; a target that
changes in mid-flight carries over what was used, since the whole life is measured against today's target.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec.structs import replace

from connector.clocks.business_hours import Hours, epoch_seconds, instant_at
from connector.clocks.lives import KINDS, PAUSES, Break, Life, breaks, finished_at, lives
from connector.errors import SettingsError
from connector.model import JSON, Clock, ClockState, Complaint, History, Status

LONGEST_WEEKS = 1040


class Condition(Protocol):
    """A yes-or-no question about a complaint, as `connector.condition` compiles it."""

    @property
    def text(self) -> str: ...

    def holds(self, values: Mapping[str, JSON]) -> bool: ...


class Target(msgspec.Struct, frozen=True):
    """One promise of time. `clock` is "first_reply" or "resolution"; `within_seconds` is working time of `calendar`.

    A warning is due once `warn_share` of it is used; 1 means never. `when` None is always. `pauses` are the statuses
    in which the clock stands still; None is the usual: any waiting status for resolution, none for first_reply.
    """

    name: str
    clock: str
    within_seconds: int
    calendar: str
    warn_share: float = 0.75
    when: Condition | None = None
    pauses: frozenset[Status] | None = None


class Sla(msgspec.Struct, frozen=True):
    """Targets in order, of which the first that matches counts for its clock, and the calendars they name.

    Raises SettingsError for a target that cannot be measured.
    """

    targets: tuple[Target, ...]
    calendars: dict[str, Hours]

    def __post_init__(self) -> None:
        for target in self.targets:
            _check(target, self.calendars)

    def target_for(self, kind: str, values: Mapping[str, JSON]) -> Target | None:
        for target in self.targets:
            if target.clock == kind and (target.when is None or target.when.holds(values)):
                return target
        return None


class Run(msgspec.Struct, frozen=True):
    """One life of a clock in seconds since 1970: from `start` to `end` (where it was stopped or cut off, or now),
    standing still in `breaks`. `open` says that it would run on after `end`."""

    start: int
    end: int
    breaks: list[Break]
    open: bool

    def stretches(self) -> list[tuple[int, int | None]]:
        """The stretches in which it runs; the last one has no end if the clock would run on."""
        found: list[tuple[int, int | None]] = []
        start = self.start
        for pause in self.breaks:
            if start < pause.start:
                found.append((start, pause.start))
            if pause.end is None:
                return found
            start = pause.end
        if self.open:
            found.append((start, None))
        elif start < self.end:
            found.append((start, self.end))
        return found


def clocks(
    complaint: Complaint, history: History, values: Mapping[str, JSON], sla: Sla, now: datetime
) -> tuple[Clock, ...]:
    """Every life of every clock that a target applies to: first replies first, then by cycle.

    `values` is what conditions see of the complaint (`connector.condition.values_of`).
    """
    now_second, finished = epoch_seconds(now), finished_at(complaint, history)
    found: list[Clock] = []
    for kind in KINDS:
        target = sla.target_for(kind, values)
        if target is not None:
            hours = sla.calendars[target.calendar]
            found += [_clock(target, hours, life, history, finished, now_second) for life in lives(kind, history)]
    return tuple(found)


def run_of(target: Target, life: Life, history: History, finished: datetime | None, now_second: int) -> Run:
    """The course of one life up to `now_second`; `finished` is when the complaint ended, if it did."""
    stopped = life.stop
    ended = finished if stopped is None else stopped
    start, end = epoch_seconds(life.start), now_second if ended is None else epoch_seconds(ended)
    if end < start:
        end = start
    pauses = target.pauses
    found = breaks(history, PAUSES[target.clock] if pauses is None else pauses, start, end)
    if found and found[-1].end is None and stopped is not None:
        found[-1] = replace(found[-1], end=end)
    return Run(start, end, found, stopped is not None or finished is None)


def _clock(
    target: Target, hours: Hours, life: Life, history: History, finished: datetime | None, now_second: int
) -> Clock:
    run = run_of(target, life, history, finished, now_second)
    stopped = life.stop is not None
    cut_off = not (stopped or finished is None)
    used, due, warning = _measure(hours, run, target)
    in_time = due is None or due > run.end or (due == run.end and (stopped or cut_off))
    due_at = None if due is None or (in_time and cut_off) else instant_at(due)
    return Clock(
        kind=target.clock,
        cycle=life.cycle,
        state=_state(run, stopped=stopped, cut_off=cut_off, in_time=in_time),
        started_at=life.start,
        target_seconds=target.within_seconds,
        used_seconds=used,
        target=target.name,
        calendar=target.calendar,
        warn_at=None if warning is None or stopped or cut_off else instant_at(warning),
        due_at=due_at,
        stopped_at=life.stop or finished,
        breached_at=None if in_time else due_at,
    )


def _state(run: Run, *, stopped: bool, cut_off: bool, in_time: bool) -> ClockState:
    if stopped:
        return ClockState.MET if in_time else ClockState.MISSED
    if cut_off:
        return ClockState.CANCELLED
    if not in_time:
        return ClockState.BREACHED
    return ClockState.PAUSED if run.breaks and run.breaks[-1].end is None else ClockState.RUNNING


def _measure(hours: Hours, run: Run, target: Target) -> tuple[int, int | None, int | None]:
    """The seconds used, and when the target and its warning are reached: None if the run stands still or was cut off
    before that."""
    goal = target.within_seconds
    warning = int(goal * target.warn_share) or 1
    if run.open and not run.breaks:
        return hours.course(run.start, run.end, goal, warning)
    used, due, warn = 0, None, None
    for start, end in run.stretches():
        worked = hours.worked(start, run.end if end is None else end)
        if warn is None and (end is None or warning <= used + worked):
            warn = hours.add(start, warning - used)
        if due is None and (end is None or goal <= used + worked):
            due = hours.add(start, goal - used)
        used += worked
    return used, due, warn


def _check(target: Target, calendars: Mapping[str, Hours]) -> None:
    where = f"target {target.name!r}"
    if target.clock not in KINDS:
        raise SettingsError(f"{where}: there is no clock {target.clock!r}.", remedy=f"Use one of {', '.join(KINDS)}.")
    if target.calendar not in calendars:
        known = ", ".join(sorted(calendars)) or "none"
        raise SettingsError(f"{where}: there is no calendar {target.calendar!r}.", remedy=f"Calendars: {known}.")
    longest = LONGEST_WEEKS * calendars[target.calendar].calendar.week_seconds
    if not 0 < target.within_seconds <= longest:
        raise SettingsError(f"{where} allows {target.within_seconds} s.", remedy="Use more than 0, at most 20 years.")
    if not 0 < target.warn_share <= 1:
        raise SettingsError(f"{where} warns at {target.warn_share} of its time.", remedy="Use a share such as 0.75.")
