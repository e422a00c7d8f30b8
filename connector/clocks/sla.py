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

import msgspec
from msgspec.structs import force_setattr, replace

from connector.clocks.business_hours import Hours, epoch_seconds, instant_at
from connector.clocks.closed import still_broken
from connector.clocks.lives import KINDS, Life, Run, finished_at, lives, run_of
from connector.clocks.promises.keeping import Promising
from connector.clocks.regulation import Regulation, deadline_clocks
from connector.clocks.targets import NO_TERM, Changing, Stage, Target, Term, check, pauses_of, stages, while_owed
from connector.errors import SettingsError
from connector.model import JSON, Clock, ClockState, Complaint, History


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
        return NO_TERM


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
    steady = len(history.priorities) < 2
    for kind in sla.by_kind:
        one_term = steady and not sla.marks[kind]
        for life in lives(kind, history):
            if one_term and life.team is None:  # as most are: one target from beginning to end
                term = sla.term_for(kind, values)
                target = term.target
                if target is None:
                    continue
                if not target.automatic:
                    run = run_of(life, pauses_of(target), history, finished, now_second)
                    found.append(_clock(term, target, sla.calendars[target.calendar], life, run, finished))
                    continue
            clock, _ = _clock_of(terms(kind, history, values, sla, life), sla, life, history, finished, now_second)
            if clock is not None:
                found.append(clock)
    if sla.regulations:
        found += deadline_clocks(complaint, history, values, sla.regulations, now)
    return tuple(found)


def resumed(
    old: Clock, complaint: Complaint, history: History, values: Mapping[str, JSON], sla: Sla, now: datetime
) -> tuple[Clock, Stage, Run] | None:
    """A clock that was over when the settings changed (`closed.Kept`) and runs on since its complaint was reopened: by
    today's target, with what was used before; and what it counted since. None where no target applies today."""
    life = next((one for one in lives(old.kind, history) if one.cycle == old.cycle), None)
    target = terms(old.kind, history, values, sla, life)[-1].target if life is not None else None
    if life is None or target is None or old.stopped_at is None:
        return None
    finished = finished_at(complaint, history)
    life = _answered_by_machine(life, target, history)
    stage = Stage(epoch_seconds(old.stopped_at), target)
    run = _run(stage, life, history, finished, epoch_seconds(now))
    first = next(iter(run.breaks), None)
    taken_up = first.end if first is not None and first.start == run.start and first.end is not None else run.start
    term = Term(taken_up, None, target, "targets")
    clock = _clock(term, target, sla.calendars[target.calendar], life, run, finished, old.used_seconds)
    return still_broken(clock, old), stage, run


def life_of(clock: Clock, target: Target, history: History) -> Life | None:
    """The life that a clock of `clocks` tells of; None where one that was kept is of a life that is not known now."""
    found = lives(clock.kind, history, automatic=target.automatic)
    return next((one for one in found if one.cycle == clock.cycle), None)


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


def course_of(
    clock: Clock, complaint: Complaint, history: History, values: Mapping[str, JSON], sla: Sla, now: datetime
) -> tuple[tuple[Stage, Run], ...]:
    """What a clock of `clocks` counted: its stages, each with its course from its start on; () for one that no target
    of `sla` has (a regulator's, a promise)."""
    finished, now_second = finished_at(complaint, history), epoch_seconds(now)
    for life in lives(clock.kind, history) if clock.kind in sla.by_kind else ():
        if life.cycle == clock.cycle:
            found, staged = _clock_of(
                terms(clock.kind, history, values, sla, life), sla, life, history, finished, now_second
            )
            assert found is not None
            target = staged[-1].target
            lived = _answered_by_machine(life, target, history)
            return tuple((one, _run(one, lived, history, finished, now_second)) for one in staged)
    return ()


def _clock_of(
    terms: Sequence[Term], sla: Sla, life: Life, history: History, finished: datetime | None, now_second: int
) -> tuple[Clock | None, tuple[Stage, ...]]:
    """The clock of one life under the last target in force, or under the first one that was breached: whatever is
    changed afterwards does not undo a breach. With it, the stages in which it counted."""
    if len(terms) == 1 and ((target := terms[0].target) is None or not target.automatic):  # as most are
        if target is None:
            return None, ()
        run = run_of(life, pauses_of(target), history, finished, now_second)
        whole = (Stage(run.start, target),)
        return _clock(terms[0], target, sla.calendars[target.calendar], life, run, finished), whole
    clock: Clock | None = None
    counted: tuple[Stage, ...] = ()
    terms = while_owed(terms, run_of(life, frozenset(), history, finished, now_second).breaks)
    for index, term in enumerate(terms):
        target = term.target
        lived = _answered_by_machine(life, target, history)
        whole_run = run_of(lived, frozenset(), history, finished, now_second)
        if term.since is not None and (term.since > whole_run.end or (term.since == whole_run.end and whole_run.ended)):
            break
        before = clock, counted
        if target is None:
            clock, counted = None, ()
            continue
        counted = stages(terms[: index + 1], epoch_seconds(lived.start), sla.changing)
        runs = [_run(one, lived, history, finished, now_second) for one in counted]
        used_before = sum(
            _used_until(sla.calendars[one.target.calendar], run, later.start)
            for one, run, later in zip(counted, runs, counted[1:], strict=False)
        )
        stricter = sla.changing is Changing.STRICTER  # then a target binds beyond its term
        lasting = replace(term, until=None) if stricter else term
        clock = _clock(lasting, target, sla.calendars[target.calendar], lived, runs[-1], finished, used_before)
        if stricter:
            clock, counted = _stricter(before, (clock, counted))
            continue
        if clock.breached_at is not None:
            break
    return clock, counted


def _run(stage: Stage, life: Life, history: History, finished: datetime | None, now_second: int) -> Run:
    """The course of a life from the beginning of a stage on."""
    begun = life if stage.start <= epoch_seconds(life.start) else replace(life, start=instant_at(stage.start))
    return run_of(begun, pauses_of(stage.target), history, finished, now_second)


def _used_until(hours: Hours, run: Run, until: int) -> int:
    return sum(
        hours.worked(start, until if end is None else min(end, until))
        for start, end in run.stretches()
        if start < until
    )


def _answered_by_machine(life: Life, target: Target | None, history: History) -> Life:
    if target is None or not target.automatic or not history.automatic:
        return life
    return next((one for one in lives(target.clock, history, automatic=True) if one.cycle == life.cycle), life)


Counted = tuple[Clock, tuple[Stage, ...]]


def _stricter(before: tuple[Clock | None, tuple[Stage, ...]], now: Counted) -> Counted:
    """The one that is due first."""
    old, new = before[0], now[0]
    if old is None or old.due_at is None:
        return now
    return (old, before[1]) if new.due_at is None or old.due_at <= new.due_at else now


def _clock(
    term: Term, target: Target, hours: Hours, life: Life, run: Run, finished: datetime | None, used_before: int = 0
) -> Clock:
    """`run` is the course of the life since `used_before` seconds were used under other targets."""
    ended = run.ended
    due: int | None
    warning: int | None
    if not used_before and run.unbroken:  # as most are; whom it reached in time need not be warned
        goal = target.within_seconds
        fewer = goal if ended else min(goal, target.warns_at_seconds)
        used, due, warning = hours.course(run.start, run.end, goal, fewer)
    else:
        used, due, warning = _measured_on(hours, run, target, used_before)
    reached = due
    if term.since is not None:  # a promise cannot be broken before it was made
        due, warning = (None if at is None else max(at, term.since) for at in (due, warning))
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


def _measured_on(hours: Hours, run: Run, target: Target, used_before: int) -> tuple[int, int | None, int | None]:
    """As `measured`, with what was used before the run began. What was over by then was reached before it."""
    goal, fewer = target.within_seconds - used_before, target.warns_at_seconds - used_before
    used, due, warning = measured(hours, run, max(goal, 1), max(min(goal, fewer), 1))
    past = run.start - 1
    return used + used_before, due if goal > 0 else past, warning if fewer > 0 else past


def _cut_off_at(life: Life, run: Run, finished: datetime | None) -> datetime | None:
    """When the complaint ended; what the customer wrote afterwards outlives that, until the ticket is gone."""
    if not life.after_end:
        return finished
    return instant_at(run.end) if run.cut_off else None


def _state(run: Run, *, in_time: bool) -> ClockState:
    if run.answered:
        return _MET if in_time else _MISSED
    if run.cut_off:
        return ClockState.CANCELLED
    if not in_time:
        return _BREACHED
    return _PAUSED if run.breaks and run.breaks[-1].end is None else _RUNNING


# Each clock of each ticket has one of them, and to look into an enum's class takes longer than to tell which.
_MET, _MISSED, _BREACHED = ClockState.MET, ClockState.MISSED, ClockState.BREACHED
_PAUSED, _RUNNING = ClockState.PAUSED, ClockState.RUNNING


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
