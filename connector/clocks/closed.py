"""What a later change of settings leaves alone: the clocks of a complaint that was closed by then. Pure.

A change without a date counts at once for what is open. What was closed before it was first seen keeps the clocks,
breaches and deadlines that it had; of a complaint that is reopened, only what begins or goes on after that goes by
today's settings, a clock that only these ask for with nothing used before. Called by `assessment`, and by `sync` while
a source's complaints stand as other settings said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from connector.clocks.lives import KINDS, finished_at
from connector.clocks.promises.standing import PROMISE
from connector.clocks.regulation import REGULATION
from connector.model import Clock, ClockState, Complaint, History

OVER = frozenset({ClockState.MET, ClockState.MISSED, ClockState.CANCELLED})
_ORDER = {kind: number for number, kind in enumerate((*KINDS, REGULATION, PROMISE))}


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `clocks` that were over when the settings changed, as they stood; the complaint was closed at `until`.
    `others` are those that still ran then (such as the answer to a message after the resolution), by `name_of`."""

    until: datetime
    clocks: tuple[Clock, ...]
    others: tuple[str, ...] = ()

    def clock(self, kind: str, cycle: int) -> Clock | None:
        """The one that was over, if it was."""
        return next((one for one in self.clocks if (one.kind, one.cycle) == (kind, cycle)), None)

    def taken_up_from(self, fresh: Clock) -> Clock | None:
        """What a clock by today's settings goes on from: the one that was over; where there was none, since no target
        asked for it then, one of which nothing was used by `until`. None for one that is counted whole: it began later,
        or ran when the settings changed."""
        old = self.clock(fresh.kind, fresh.cycle)
        if old is not None or fresh.started_at >= self.until or name_of(fresh) in self.others:
            return old
        return replace(
            fresh,
            state=ClockState.CANCELLED,
            used_seconds=0,
            warn_at=None,
            due_at=None,
            stopped_at=self.until,
            breached_at=None,
            cause=None,
        )

    def reopened(self, complaint: Complaint, history: History) -> bool:
        """Whether it was open again after `until`. A change of one that was merged away is no reopening."""
        finished = finished_at(complaint, history)
        if finished is None or any(at > self.until for at in history.reopens):
            return True
        return complaint.merged_into is None and finished > self.until


def name_of(clock: Clock) -> str:
    """What a clock is called among those of its complaint, such as "resolution#2"."""
    return f"{clock.kind}#{clock.cycle}"


def kept(before: Kept | None, clocks: Sequence[Clock], complaint: Complaint, history: History) -> Kept | None:
    """What stays of a complaint whose `clocks` are those of the settings before; None where it was never closed. Of one
    that was reopened, what was over by its last resolution stays."""
    finished = finished_at(complaint, history)
    closed = finished or (history.resolutions[-1] if history.resolutions else None)
    if closed is None:
        return before
    over = tuple(one for one in clocks if one.state in OVER and (finished or (one.stopped_at or closed) <= closed))
    known = {name_of(one) for one in over}
    earlier = [one for one in before.clocks if name_of(one) not in known] if before is not None else []
    whole = (one for one in clocks if before is None or before.taken_up_from(one) is None)
    others = tuple(name for one in whole if (name := name_of(one)) not in known)
    return Kept(closed, (*earlier, *over), others)


def joined(
    fresh: Sequence[Clock],
    kept: Kept,
    resumed: Callable[[Clock, Clock], Clock | None],
    *,
    reopened: bool,
    anew: Collection[str] = (),
) -> tuple[Clock, ...]:
    """The clocks of a complaint: those that were kept, and those by today's settings (`fresh`) that began later. One
    that was over and runs on since a reopening is what `resumed` makes of it and of the one by today's settings; so is
    one that nobody counted before the complaint was `reopened`. Those whose names are `anew` are counted by today's
    settings in any case: a person has said something of them since."""
    olds = {name: one for one in kept.clocks if (name := name_of(one)) not in anew}
    found: list[Clock] = []
    for one in fresh:
        old, name = olds.pop(name_of(one), None), name_of(one)
        before = None if name in anew else kept.taken_up_from(one)
        if before is None:
            found.append(one)
        elif old is not None:
            found.append((resumed(old, one) if runs_on(old, one) else None) or old)
        elif reopened and runs_on(before, one) and (again := resumed(before, one)) is not None:
            found.append(again)
    return tuple(sorted((*found, *olds.values()), key=lambda one: (_ORDER[one.kind.partition(":")[0]], one.cycle)))


def runs_on(old: Clock, now: Clock) -> bool:
    """Whether a clock that was over is not, or ended later: the complaint was reopened."""
    return old.stopped_at is not None and (now.stopped_at is None or now.stopped_at > old.stopped_at)


def still_broken(now: Clock, old: Clock) -> Clock:
    """A clock that runs on, with the breach that it had before: nothing undoes that."""
    if old.breached_at is None:
        return now
    state = {ClockState.MET: ClockState.MISSED, ClockState.CANCELLED: ClockState.CANCELLED}
    return replace(
        now,
        state=state.get(now.state, ClockState.BREACHED if now.stopped_at is None else now.state),
        target=old.target,
        target_seconds=old.target_seconds,
        calendar=old.calendar,
        warn_at=None,
        due_at=old.due_at,
        breached_at=old.breached_at,
        cause=old.cause,
    )
