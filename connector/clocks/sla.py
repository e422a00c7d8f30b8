"""SLA targets, and the clocks of one complaint as they stand at `now`.

Everything is derived from the history and the calendar alone, so a daemon that slept for two days finds the same
breaches at the same instants. Called by `sync` for every ticket it reads and by every sweep; fast on purpose.
Decisions: intervals are half-open (a reply at the very second that was due is in time, a clock still open then has
breached); used time is working time outside breaks, and a break costs only the working time in it. When a new
priority, or a target whose time has come, brings another promise, what was used is carried over (or counting begins
anew, or the stricter of the two is kept: `Changing`); a target that is broken the moment it comes into force is
breached at that moment, and says that the change was the cause; and a breach stays, whatever changes afterwards.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec
from msgspec.structs import force_setattr, replace

from connector.clocks.business_hours import Hours, epoch_seconds, instant_at
from connector.clocks.lives import ACKNOWLEDGEMENT, KINDS, PAUSES, Life, Run, finished_at, lives, run_of
from connector.clocks.promises.keeping import Promising
from connector.clocks.regulation import Regulation, deadline_clocks
from connector.errors import SettingsError
from connector.model import JSON, Clock, ClockState, Complaint, History, Status

LONGEST_WEEKS = 1040


class Condition(Protocol):
    """A yes-or-no question about a complaint, as `connector.condition` compiles it."""

    @property
    def text(self) -> str: ...

    def holds(self, values: Mapping[str, JSON]) -> bool: ...


class Changing(StrEnum):
    """What a change of target does to a clock that runs: what was used is carried over, or counting begins anew at the
    change, or of the old target and the new one the earlier due time counts."""

    CARRY = "carry"
    RESTART = "restart"
    STRICTER = "stricter"


class Target(msgspec.Struct, frozen=True):
    """One promise of time. `clock` is one of `lives.KINDS`; `within_seconds` is working time of `calendar`.

    A warning is due once `warn_share` of it is used, or `warn_before_seconds` of it are left; a share of 1 means never.
    `when` None is always. `pauses` are the statuses in which the clock stands still; None is the usual of its kind.
    In force from `since` to before `until` (UTC; None: from the beginning, until further notice). `automatic` lets the
    message of a machine acknowledge.
    """

    name: str
    clock: str
    within_seconds: int
    calendar: str
    warn_share: float = 0.75
    when: Condition | None = None
    pauses: frozenset[Status] | None = None
    warn_before_seconds: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    automatic: bool = False

    @property
    def warns_at_seconds(self) -> int:
        """After how much used time a warning is due."""
        if self.warn_before_seconds is not None:
            return max(1, self.within_seconds - self.warn_before_seconds)
        return int(self.within_seconds * self.warn_share) or 1

    def in_force(self, second: int | None) -> bool:
        """Whether it is at that second since 1970; None is the beginning of all times."""
        since, until = self.since, self.until
        begun = since is None or (second is not None and second >= epoch_seconds(since))
        return begun and (until is None or second is None or second < epoch_seconds(until))


class Term(msgspec.Struct, frozen=True):
    """Which target is in force in [since, until), in seconds since 1970; None: from the beginning, until further.
    `cause` is what brought it: "priority" or "targets"."""

    since: int | None
    until: int | None
    target: Target | None
    cause: str | None = None


_NO_TERM = Term(None, None, None)


class Sla(msgspec.Struct, frozen=True):
    """Targets in order, of which the first that matches counts for its clock, and the calendars they name.

    Raises SettingsError for a target that cannot be measured.
    """

    targets: tuple[Target, ...]
    calendars: dict[str, Hours]
    changing: Changing = Changing.CARRY
    regulations: tuple[Regulation, ...] = ()
    promising: Promising | None = None
    by_kind: dict[str, tuple[Term, ...]] = {}  # derived: each target as it stands where it never changed
    marks: dict[str, tuple[int, ...]] = {}  # derived: when the targets of a kind change by themselves

    def __post_init__(self) -> None:
        known = {kind: [one for one in self.targets if one.clock == kind] for kind in KINDS}
        force_setattr(
            self,
            "by_kind",
            {kind: tuple(Term(None, None, one) for one in known[kind]) for kind in KINDS if known[kind]},
        )
        force_setattr(self, "marks", {kind: _marks(found) for kind, found in known.items()})
        names = [(target.clock, target.name) for target in self.targets]
        for target in self.targets:
            check(target, self.calendars)
            if names.count((target.clock, target.name)) > 1:
                raise SettingsError(f"two {target.clock} targets are called {target.name!r}.", remedy="Rename one.")

    def zone_of(self, clock: Clock) -> str:
        """The zone in which the times of this clock are told."""
        if clock.calendar in self.calendars:
            return self.calendars[clock.calendar].calendar.zone
        return next((one.profile.zone for one in self.regulations if one.profile.name == clock.calendar), "UTC")

    def term_for(self, kind: str, values: Mapping[str, JSON], second: int | None = None) -> Term:
        """The target that counts for these values at that second since 1970, as if it had always been in force."""
        timed = self.marks[kind]
        for term in self.by_kind.get(kind, ()):
            target = term.target
            when = target.when  # type: ignore[union-attr]
            if timed and not target.in_force(second):  # type: ignore[union-attr]
                continue
            if when is None or when.holds(values):
                return term
        return _NO_TERM


def _marks(targets: Iterable[Target]) -> tuple[int, ...]:
    times = (time for target in targets for time in (target.since, target.until) if time is not None)
    return tuple(sorted({epoch_seconds(time) for time in times}))


def clocks(
    complaint: Complaint, history: History, values: Mapping[str, JSON], sla: Sla, now: datetime
) -> tuple[Clock, ...]:
    """Every life of every clock that a target applies to, by kind in the order of `lives.KINDS`, then by cycle;
    after them the deadlines of regulators.

    `values` is what conditions see of the complaint (`connector.condition.values_of`).
    """
    now_second, finished = epoch_seconds(now), finished_at(complaint, history)
    found: list[Clock] = []
    for kind in sla.by_kind:
        for life in lives(kind, history):
            clock = _clock_of(terms(kind, history, values, sla, life), sla, life, history, finished, now_second)
            if clock is not None:
                found.append(clock)
    if sla.regulations:
        found += deadline_clocks(complaint, history, values, sla.regulations, now)
    return tuple(found)


def life_of(clock: Clock, target: Target, history: History) -> Life:
    """The life that a clock of `clocks` tells of."""
    return next(one for one in lives(clock.kind, history, automatic=target.automatic) if one.cycle == clock.cycle)


def pauses_of(target: Target) -> frozenset[Status]:
    return PAUSES[target.clock] if target.pauses is None else target.pauses


def terms(kind: str, history: History, values: Mapping[str, JSON], sla: Sla, life: Life) -> Sequence[Term]:
    """The targets of one clock by the priority of the time and by when they are in force, each with all else as it is
    today. What the priority was before its first change is known from that change; the last word has `values`."""
    if life.team is not None:
        values = {**values, "team": life.team}
    timed = sla.marks[kind]
    if len(history.priorities) < 2 and not timed:
        return (sla.term_for(kind, values),)
    changes = [epoch_seconds(instant) for instant, _ in history.priorities[1:]]
    priorities = [{**values, "priority": priority or ""} for _, priority in history.priorities[:-1]]
    marks = sorted({*changes, *timed})
    found: list[Term] = []
    for since, until in zip([None, *marks], [*marks, None], strict=True):
        passed = 0 if since is None else bisect_right(changes, since)
        then = sla.term_for(kind, values if passed == len(changes) else priorities[passed], since).target
        if found and found[-1].target is then:
            found[-1] = replace(found[-1], until=until)
        else:
            found.append(Term(since, until, then, "targets" if since in timed else "priority"))
    return found


def _clock_of(
    terms: Sequence[Term], sla: Sla, life: Life, history: History, finished: datetime | None, now_second: int
) -> Clock | None:
    """The clock of one life under the last target in force, or under the first one that was breached: whatever is
    changed afterwards does not undo a breach."""
    clock: Clock | None = None
    if len(terms) == 1 and ((target := terms[0].target) is None or not target.automatic):  # as most are
        if target is None:
            return None
        run = run_of(life, pauses_of(target), history, finished, now_second)
        return _clock(terms[0], target, sla.calendars[target.calendar], life, run, finished)
    for term in terms:
        target = term.target
        lived = _answered_by_machine(life, target, history)
        pauses = frozenset() if target is None else pauses_of(target)
        run = run_of(_restarted(lived, term, sla.changing), pauses, history, finished, now_second)
        if term.since is not None and (term.since > run.end or (term.since == run.end and run.ended)):
            break
        before = clock
        clock = None if target is None else _clock(term, target, sla.calendars[target.calendar], lived, run, finished)
        if clock is not None and sla.changing is Changing.STRICTER:
            clock = _stricter(before, clock)
        if clock is not None and clock.breached_at is not None:
            break
    return clock


def _answered_by_machine(life: Life, target: Target | None, history: History) -> Life:
    if target is None or not target.automatic or not history.automatic:
        return life
    return next((one for one in lives(target.clock, history, automatic=True) if one.cycle == life.cycle), life)


def _restarted(life: Life, term: Term, changing: Changing) -> Life:
    if changing is not Changing.RESTART or term.since is None or term.since <= epoch_seconds(life.start):
        return life
    return replace(life, start=instant_at(term.since))


def _stricter(before: Clock | None, clock: Clock) -> Clock:
    """The one that is due first."""
    if before is None or before.due_at is None or clock.breached_at is not None:
        return clock
    return before if clock.due_at is None or before.due_at <= clock.due_at else clock


def _clock(term: Term, target: Target, hours: Hours, life: Life, run: Run, finished: datetime | None) -> Clock:
    used, due, warning = measured(hours, run, target.within_seconds, target.warns_at_seconds)
    reached = due
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
        stopped_at=life.stop or _cut_off_at(life, run, finished),
        breached_at=None if in_time else due_at,
        cause=None if in_time or reached == due else term.cause,
    )


def _cut_off_at(life: Life, run: Run, finished: datetime | None) -> datetime | None:
    """When the complaint ended; what the customer wrote afterwards outlives that, until the ticket is gone."""
    if not life.after_end:
        return finished
    return instant_at(run.end) if run.cut_off else None


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


def check(target: Target, calendars: Mapping[str, Hours]) -> None:
    where = f"target {target.name!r}"
    if target.clock not in KINDS:
        raise SettingsError(f"{where}: there is no clock {target.clock!r}.", remedy=f"Use one of {', '.join(KINDS)}.")
    if target.calendar not in calendars:
        known = ", ".join(sorted(calendars)) or "none"
        raise SettingsError(f"{where}: there is no calendar {target.calendar!r}.", remedy=f"Calendars: {known}.")
    longest = LONGEST_WEEKS * calendars[target.calendar].calendar.week_seconds
    if not 0 < target.within_seconds <= longest:
        raise SettingsError(f"{where} allows {target.within_seconds} s.", remedy="Use more than 0, at most 20 years.")
    if target.warn_before_seconds is not None and not 0 < target.warn_before_seconds < target.within_seconds:
        raise SettingsError(
            f"{where} warns {target.warn_before_seconds} s before {target.within_seconds} s are used.",
            remedy="Warn some time before it is due, but after it started.",
        )
    if target.automatic and target.clock != ACKNOWLEDGEMENT:
        raise SettingsError(f"{where}: only an acknowledgement may be automatic.", remedy="Take out `automatic`.")
    if target.since is not None and target.until is not None and target.until <= target.since:
        raise SettingsError(f"{where} ends before it begins.", remedy="Put the earlier date in `from`.")
    if not 0 < target.warn_share <= 1:
        raise SettingsError(f"{where} warns at {target.warn_share} of its time.", remedy="Use a share such as 0.75.")
