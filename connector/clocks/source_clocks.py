"""The clocks of a source itself, put together from what it said of them step by step. Pure; called by the commands.

What is told of a run that was seen to be over stays as it was when that was first seen: a source that computes its
clocks anew, by today's targets, does not rewrite what had been told. Where the source counts calendar time and names no
due time, it follows from the start, the target and the pauses; where it counts business hours it is what the source
says, or not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from connector.model import ClockState, ClockStep, StepKind

Pause = tuple[datetime, datetime | None]


class SourceClock(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run of a clock of the source's own, as of an instant. `kind` is ours where one corresponds to its `name`,
    else None; `cycle` numbers the runs of one name. `target_seconds` is None where the source has no target for it, and
    `business_hours` where it does not tell which hours count. `due_at` is None where it is not due (it stands still) or
    nobody knows when. `applied_at` is when its target came into force; `first_seen_at` is when we learned of it.
    """

    name: str
    cycle: int
    state: ClockState
    started_at: datetime
    first_seen_at: datetime
    kind: str | None = None
    target_seconds: int | None = None
    policy: str | None = None
    business_hours: bool | None = None
    applied_at: datetime | None = None
    due_at: datetime | None = None
    breached_at: datetime | None = None
    stopped_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()


def source_clocks(steps: Iterable[ClockStep], kinds: Mapping[str, str], now: datetime) -> tuple[SourceClock, ...]:
    """The clocks that these steps of one ticket amount to at `now`, by name and start. `kinds` are ours by name."""
    every = list(steps)
    withdrawn = {step.of for step in every if step.kind is StepKind.WITHDRAWN}
    runs: dict[tuple[str, str], list[ClockStep]] = {}
    for step in every:
        if step.kind is not StepKind.WITHDRAWN and step.id not in withdrawn:
            runs.setdefault((step.clock, step.cycle), []).append(step)
    found: dict[str, list[SourceClock]] = {}
    told = (_clock(run, now) for run in runs.values())
    for clock in sorted((one for one in told if one is not None), key=lambda one: (one.name, one.started_at)):
        found.setdefault(clock.name, []).append(clock)
    return tuple(
        msgspec.structs.replace(clock, cycle=number, kind=kinds.get(name))
        for name, clocks in found.items()
        for number, clock in enumerate(_as_first_told(clocks), 1)
    )


def _as_first_told(clocks: Sequence[SourceClock]) -> list[SourceClock]:
    """Without runs that lie in the time of one that was seen finished before they were first told of."""
    return [one for one in clocks if not any(_retold(one, other) for other in clocks if other is not one)]


def _retold(clock: SourceClock, other: SourceClock) -> bool:
    stopped = other.stopped_at
    return (
        stopped is not None
        and other.started_at <= clock.started_at < stopped
        and clock.first_seen_at > other.first_seen_at
    )


def _clock(run: Sequence[ClockStep], now: datetime) -> SourceClock | None:
    """One run; None where nothing says when it began."""
    run = _until_finished(sorted(run, key=lambda step: (step.at, step.id)))
    starts = [step.at for step in run if step.kind is StepKind.STARTED]
    if not starts:
        return None
    pauses, stopped = _course(run, starts[0])
    target, breach = _judged(run)
    due = _due(run, target, breach, starts[0], pauses)
    over = breach is not None and breach <= (stopped or now)
    paused = stopped is None and bool(pauses) and pauses[-1][1] is None
    return SourceClock(
        name=run[0].clock,
        cycle=0,
        state=_state(stopped is not None, over=over, paused=paused),
        started_at=starts[0],
        first_seen_at=min(step.seen_at for step in run),
        target_seconds=target.target_seconds if target else None,
        policy=target.policy if target else None,
        business_hours=target.business_hours if target else None,
        applied_at=target.at if target else None,
        due_at=due if over or not paused else None,
        breached_at=breach if over else None,
        stopped_at=stopped,
        pauses=pauses,
    )


def _judged(run: Sequence[ClockStep]) -> tuple[ClockStep | None, datetime | None]:
    """(target, breach): the first target that was broken while it was in force, and when; else the last one. A breach
    stays one, whichever target comes afterwards. Of several in the time of one target the last counts: it was told
    ahead, and has moved."""
    targets = [step for step in run if step.kind is StepKind.TARGET]
    breaches = [step.at for step in run if step.kind is StepKind.BREACHED]
    for target, later in pairwise(targets):
        broken = [at for at in breaches if at < later.at]
        if broken:
            return target, max(broken)
    return (targets[-1] if targets else None), max(breaches, default=None)


def _state(stopped: bool, *, over: bool, paused: bool) -> ClockState:
    if stopped:
        return ClockState.MISSED if over else ClockState.MET
    if over:
        return ClockState.BREACHED
    return ClockState.PAUSED if paused else ClockState.RUNNING


def _until_finished(run: list[ClockStep]) -> list[ClockStep]:
    """Without what was told of it after it was seen to be over. A run that went on afterwards was not over."""
    last = next((step for step in reversed(run) if step.kind in (StepKind.STARTED, StepKind.STOPPED)), None)
    if last is None or last.kind is not StepKind.STOPPED:
        return run
    known_at = min(step.seen_at for step in run if step.kind is StepKind.STOPPED and step.at == last.at)
    return [step for step in run if step.seen_at <= known_at]


def _course(run: Sequence[ClockStep], start: datetime) -> tuple[tuple[Pause, ...], datetime | None]:
    """When it stood still, and when it stopped for good."""
    pauses: list[Pause] = []
    stopped: datetime | None = None
    for step in run:
        at, standing = step.at, bool(pauses) and pauses[-1][1] is None
        if step.kind is StepKind.STARTED and stopped is not None:
            pauses, stopped = [*pauses, (stopped, at)], None
        elif step.kind in (StepKind.STARTED, StepKind.RESUMED, StepKind.STOPPED) and standing:
            pauses[-1] = (pauses[-1][0], at)
        elif step.kind is StepKind.PAUSED and not standing and stopped is None and at >= start:
            pauses.append((at, None))
        if step.kind is StepKind.STOPPED:
            stopped = at
    return tuple(pauses), stopped


def _due(
    run: Sequence[ClockStep],
    target: ClockStep | None,
    breach: datetime | None,
    start: datetime,
    pauses: Sequence[Pause],
) -> datetime | None:
    dues = sorted((step for step in run if step.kind is StepKind.DUE), key=lambda step: (step.seen_at, step.at))
    if breach is not None or dues:
        return breach if breach is not None else dues[-1].at
    if target is None or target.target_seconds is None or target.business_hours is not False:
        return None
    due = start + timedelta(seconds=target.target_seconds)
    for begin, end in pauses:
        if begin < due:
            if end is None:
                return None
            due += end - begin
    return due
