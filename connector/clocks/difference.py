"""Where our clocks and those of the source differ, and why. Pure; called by `amends clock diff`.

A clock differs where the due or breach instants lie more than a minute apart, where only one of the two is due at all,
or where only one of the two is breached. Why it does is tried out: our due time is reckoned again with the source's
start, target, pauses and hours in place of ours, and the fewest of them that lead to the source's due time are the
reasons. Where none does, all that can be seen to differ are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import StrEnum
from itertools import combinations

import msgspec

from connector.clocks.business_hours import Hours, epoch_seconds
from connector.clocks.calendars import Calendar
from connector.clocks.lives import Break, Life, Run, finished_at, run_of
from connector.clocks.sla import Sla, life_of, measured
from connector.clocks.source_clocks import SourceClock
from connector.clocks.targets import Target, pauses_of
from connector.model import Clock, ClockState, Complaint, History, Status

TOLERANCE_SECONDS = 60
_ALWAYS = Hours(Calendar(name="around the clock", zone="UTC", always=True))


class Reason(StrEnum):
    """Why two clocks differ: they count by different hours; begin, pause or stop by different rules; have different
    targets; the source learned of its policy late; only one side has the clock."""

    SCHEDULE = "schedule"
    START = "start"
    PAUSE = "pause"
    TARGET = "target"
    STOP = "stop"
    LATE_POLICY = "late_policy"
    MISSING = "missing"


class Difference(msgspec.Struct, frozen=True):
    """Two clocks that differ; either may be None. `reasons` begins with the one that explains most; `by_seconds` is how
    much later ours is due, where both are."""

    kind: str
    reasons: tuple[Reason, ...]
    ours: Clock | None
    theirs: SourceClock | None
    by_seconds: int | None = None


class Case(msgspec.Struct, frozen=True):
    """A complaint whose clocks are compared."""

    complaint: Complaint
    history: History
    sla: Sla
    now: datetime


def differences(
    ours: Sequence[Clock], theirs: Sequence[SourceClock], case: Case, kinds: AbstractSet[str]
) -> tuple[Difference, ...]:
    """Every clock of these `kinds` that differs, by kind and start."""
    found = []
    for kind in sorted(kinds):
        both = pairs([one for one in ours if one.kind == kind], [one for one in theirs if one.kind == kind])
        found += [one for our, their in both if (one := _difference(kind, our, their, case)) is not None]
    return tuple(found)


def pairs(ours: Sequence[Clock], theirs: Sequence[SourceClock]) -> Iterator[tuple[Clock | None, SourceClock | None]]:
    """The runs of one kind of clock, ours and theirs that belong together: of those with the same number or which share
    some time, the ones that begin closest to each other."""
    near = sorted(
        ((abs((our.started_at - their.started_at).total_seconds()), i, j)
         for i, our in enumerate(ours) for j, their in enumerate(theirs)
         if our.cycle == their.cycle or _share_time(our, their)),
    )  # fmt: skip
    taken: dict[int, int] = {}
    for _, i, j in near:
        if i not in taken and j not in taken.values():
            taken[i] = j
    for i, our in enumerate(ours):
        yield our, theirs[taken[i]] if i in taken else None
    for j, their in enumerate(theirs):
        if j not in taken.values():
            yield None, their


def _share_time(our: Clock, their: SourceClock) -> bool:
    begins = max(our.started_at, their.started_at)
    return all(one.stopped_at is None or one.stopped_at > begins for one in (our, their))


def _difference(kind: str, our: Clock | None, their: SourceClock | None, case: Case) -> Difference | None:
    if their is None or their.target_seconds is None:
        return None if our is None else Difference(kind, (Reason.MISSING,), our, their)
    if our is None:
        return Difference(kind, (Reason.MISSING,), None, their)
    mine, its = our.breached_at or our.due_at, their.breached_at or their.due_at
    by = None if mine is None or its is None else epoch_seconds(mine) - epoch_seconds(its)
    apart = by is not None and abs(by) > TOLERANCE_SECONDS
    if not (apart or _only_one_breached(our, their, by) or _only_one_stands_still(our, their)):
        return None
    return Difference(kind, _reasons(our, their, case, due_differs=apart), our, their, by)


def _only_one_breached(our: Clock, their: SourceClock, by: int | None) -> bool:
    if (our.breached_at is None) == (their.breached_at is None):
        return False
    # Within the tolerance of a due time that is the same, a stop that is the same may lie on either side of it.
    same_due = by is not None and abs(by) <= TOLERANCE_SECONDS
    return not (same_due and _close(our.stopped_at, their.stopped_at))


def _only_one_stands_still(our: Clock, their: SourceClock) -> bool:
    states = {our.state, their.state}
    return states == {ClockState.PAUSED, ClockState.RUNNING}


def _close(one: datetime | None, other: datetime | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs((one - other).total_seconds()) <= TOLERANCE_SECONDS


def _reasons(our: Clock, their: SourceClock, case: Case, *, due_differs: bool) -> tuple[Reason, ...]:
    target = next((one for one in case.sla.targets if (one.clock, one.name) == (our.kind, our.target)), None)
    if _seen_late(our, their, target):
        return (Reason.LATE_POLICY,)
    life = life_of(our, target, case.history) if target is not None else None
    if target is None or life is None:
        return (Reason.SCHEDULE,)
    trial = _Trial(our, their, target, life, case)
    suspects = list(trial.suspects())
    if not due_differs:
        if _only_one_stands_still(our, their):
            return (Reason.PAUSE,)
        rest = () if _close(our.stopped_at, their.stopped_at) else (Reason.STOP,)
        return (*rest, *suspects) or (Reason.SCHEDULE,)
    for count in range(1, len(suspects) + 1):
        for some in combinations(suspects, count):
            if trial.explained_by(some):
                return some
    # What they count by is all that cannot be seen from outside.
    return tuple(suspects) if suspects and their.business_hours is False else _with_schedule(suspects)


def _with_schedule(suspects: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys((*suspects, Reason.SCHEDULE)))


def _seen_late(our: Clock, their: SourceClock, target: Target | None) -> bool:
    """A source applies a policy when something happens to the ticket. Then a target may be over the moment it comes;
    and one that changed since is not known there yet."""
    applied = their.applied_at
    if applied is None:
        return False
    if not _close(applied, their.started_at) and applied > their.started_at and their.breached_at is not None:
        return _close(their.breached_at, applied)
    newer = target is not None and target.since is not None and target.since > applied
    return newer and our.target_seconds != their.target_seconds


class _Trial:
    """Our due time, reckoned with some of what the source has in place of ours."""

    def __init__(self, our: Clock, their: SourceClock, target: Target, life: Life, case: Case) -> None:
        self.our, self.their, self.target = our, their, target
        self.hours = case.sla.calendars[target.calendar]
        finished = finished_at(case.complaint, case.history)
        self.run = run_of(life, pauses_of(target), case.history, finished, epoch_seconds(case.now))
        self.pauses = [Break(epoch_seconds(one), None if end is None else epoch_seconds(end), Status.ON_HOLD)
                       for one, end in their.pauses]  # fmt: skip

    def suspects(self) -> Iterator[Reason]:
        """What can be seen to differ, the plainest first."""
        if self.our.target_seconds != self.their.target_seconds:
            yield Reason.TARGET
        if not _close(self.our.started_at, self.their.started_at):
            yield Reason.START
        if self._paused_otherwise():
            yield Reason.PAUSE
        if self.their.business_hours is not True and not self.hours.calendar.always:
            yield Reason.SCHEDULE  # theirs may run around the clock; trying it tells
        if self.their.business_hours is True and self.hours.calendar.always:
            yield Reason.SCHEDULE

    def explained_by(self, reasons: Sequence[Reason]) -> bool:
        """Whether the source's due time comes out with these of the source's."""
        if Reason.SCHEDULE in reasons and self.their.business_hours is True:
            return False  # by which schedule, it does not say
        due, wanted = self._due(reasons), self.their.breached_at or self.their.due_at
        return due is not None and wanted is not None and abs(due - epoch_seconds(wanted)) <= TOLERANCE_SECONDS

    def _due(self, reasons: Sequence[Reason]) -> int | None:
        run, their = self.run, self.their
        start = epoch_seconds(their.started_at) if Reason.START in reasons else run.start
        breaks = self.pauses if Reason.PAUSE in reasons else run.breaks
        goal = their.target_seconds if Reason.TARGET in reasons else self.target.within_seconds
        hours = _ALWAYS if Reason.SCHEDULE in reasons else self.hours
        assert goal is not None, "what has no target is not compared"
        tried = Run(start, max(run.end, start), [one for one in breaks if one.end is None or one.end > start],
                    run.answered, run.cut_off)  # fmt: skip
        return measured(hours, tried, goal, 1)[1] if goal > 0 else None

    def _paused_otherwise(self) -> bool:
        ours = [(one.start, one.end) for one in self.run.breaks if one.end != one.start]
        theirs = [(one.start, one.end) for one in self.pauses]
        if len(ours) != len(theirs):
            return True
        return any(
            abs(a - c) > TOLERANCE_SECONDS or (b is None) != (d is None) or abs((b or 0) - (d or 0)) > TOLERANCE_SECONDS
            for (a, b), (c, d) in zip(ours, theirs, strict=True)
        )
