"""SLA targets, and the clocks of one complaint as they stand at `now`.

Everything is derived from the history and the calendar alone, so a daemon that slept for two days finds the same
breaches at the same instants. Called by `sync` for every ticket it reads and by every sweep; fast on purpose.
Decisions: intervals are half-open (a reply at the very second that was due is in time, a clock still open then has
breached); used time is working time outside breaks, and a break costs only the working time in it. When a new
priority brings another target, what was used is carried over; a target that is broken the moment it comes into force
is breached at that moment; and a breach stays, whatever changes afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec.structs import force_setattr

from connector.clocks.business_hours import Hours, epoch_seconds, instant_at
from connector.clocks.lives import KINDS, PAUSES, Life, Run, finished_at, lives, run_of
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


class Term(msgspec.Struct, frozen=True):
    """Which target is in force in [since, until), in seconds since 1970; None: from the beginning, until further."""

    since: int | None
    until: int | None
    target: Target | None


_NO_TERM = Term(None, None, None)


class Sla(msgspec.Struct, frozen=True):
    """Targets in order, of which the first that matches counts for its clock, and the calendars they name.

    Raises SettingsError for a target that cannot be measured.
    """

    targets: tuple[Target, ...]
    calendars: dict[str, Hours]
    by_kind: dict[str, tuple[Term, ...]] = {}  # derived: each target as it stands where it never changed

    def __post_init__(self) -> None:
        known = {kind: [one for one in self.targets if one.clock == kind] for kind in KINDS}
        force_setattr(self, "by_kind", {kind: tuple(Term(None, None, one) for one in known[kind]) for kind in KINDS})
        names = [(target.clock, target.name) for target in self.targets]
        for target in self.targets:
            _check(target, self.calendars)
            if names.count((target.clock, target.name)) > 1:
                raise SettingsError(f"two {target.clock} targets are called {target.name!r}.", remedy="Rename one.")

    def target_for(self, kind: str, values: Mapping[str, JSON]) -> Target | None:
        return self.term_for(kind, values).target

    def term_for(self, kind: str, values: Mapping[str, JSON]) -> Term:
        """The target that counts for these values, as if it had always been in force."""
        for term in self.by_kind[kind]:
            when = term.target.when  # type: ignore[union-attr]
            if when is None or when.holds(values):
                return term
        return _NO_TERM


def clocks(
    complaint: Complaint, history: History, values: Mapping[str, JSON], sla: Sla, now: datetime
) -> tuple[Clock, ...]:
    """Every life of every clock that a target applies to: first replies first, then by cycle.

    `values` is what conditions see of the complaint (`connector.condition.values_of`).
    """
    now_second, finished = epoch_seconds(now), finished_at(complaint, history)
    found: list[Clock] = []
    changed = len(history.priorities) > 1
    for kind in KINDS:
        terms = _terms(kind, history, values, sla) if changed else (sla.term_for(kind, values),)
        for life in lives(kind, history):
            clock = _clock_of(terms, sla, life, history, finished, now_second)
            if clock is not None:
                found.append(clock)
    return tuple(found)


def pauses_of(target: Target) -> frozenset[Status]:
    return PAUSES[target.clock] if target.pauses is None else target.pauses


def _terms(kind: str, history: History, values: Mapping[str, JSON], sla: Sla) -> list[Term]:
    """The targets of one clock by the priority of the time, each with all else as it is today. What the priority was
    before its first change is known from that change; the last word has `values`."""
    target = sla.target_for(kind, values)
    known = [sla.target_for(kind, {**values, "priority": priority or ""}) for _, priority in history.priorities[:-1]]
    changes = [epoch_seconds(instant) for instant, _ in history.priorities[1:]]
    found: list[Term] = []
    for since, until, then in zip([None, *changes], [*changes, None], [*known, target], strict=True):
        if found and found[-1].target is then:
            found[-1] = Term(found[-1].since, until, then)
        else:
            found.append(Term(since, until, then))
    return found


def _clock_of(
    terms: Sequence[Term], sla: Sla, life: Life, history: History, finished: datetime | None, now_second: int
) -> Clock | None:
    """The clock of one life under the last target in force, or under the first one that was breached: whatever is
    changed afterwards does not undo a breach."""
    clock = None
    for term in terms:
        target = term.target
        run = run_of(life, frozenset() if target is None else pauses_of(target), history, finished, now_second)
        if term.since is not None and (term.since > run.end or (term.since == run.end and run.ended)):
            break
        clock = None if target is None else _clock(term, target, sla.calendars[target.calendar], life, run, finished)
        if clock is not None and clock.breached_at is not None:
            break
    return clock


def _clock(term: Term, target: Target, hours: Hours, life: Life, run: Run, finished: datetime | None) -> Clock:
    goal = target.within_seconds
    used, due, warning = measured(hours, run, goal, int(goal * target.warn_share) or 1)
    if term.since is not None:  # a promise cannot be broken before it was made
        due, warning = (None if at is None else max(at, term.since) for at in (due, warning))
    ended = run.ended
    in_time = due is None or due > run.end or (ended and due == run.end)
    if term.until is not None and due is not None and due >= term.until:
        in_time = True
    due_at = None if due is None or (in_time and run.cut_off) else instant_at(due)
    return Clock(
        kind=target.clock,
        cycle=life.cycle,
        state=_state(run, in_time=in_time),
        started_at=life.start,
        target_seconds=target.within_seconds,
        used_seconds=used,
        target=target.name,
        calendar=target.calendar,
        warn_at=None if ended or warning is None else instant_at(warning),
        due_at=due_at,
        stopped_at=life.stop or finished,
        breached_at=None if in_time else due_at,
    )


def _state(run: Run, *, in_time: bool) -> ClockState:
    if run.answered:
        return ClockState.MET if in_time else ClockState.MISSED
    if run.cut_off:
        return ClockState.CANCELLED
    if not in_time:
        return ClockState.BREACHED
    return ClockState.PAUSED if run.breaks and run.breaks[-1].end is None else ClockState.RUNNING


def measured(hours: Hours, run: Run, goal_seconds: int, fewer_seconds: int) -> tuple[int, int | None, int | None]:
    """(seconds used, when `goal_seconds` of them are reached, when `fewer_seconds` are), the instants in seconds since
    1970; None if the run stands still or was cut off before that. 0 < fewer_seconds <= goal_seconds."""
    if run.unbroken:
        return hours.course(run.start, run.end, goal_seconds, fewer_seconds)
    used, due, fewer = 0, None, None
    for start, end in run.stretches():
        worked = hours.worked(start, run.end if end is None else end)
        if fewer is None and (end is None or fewer_seconds <= used + worked):
            fewer = hours.add(start, fewer_seconds - used)
        if due is None and (end is None or goal_seconds <= used + worked):
            due = hours.add(start, goal_seconds - used)
        used += worked
    return used, due, fewer


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
