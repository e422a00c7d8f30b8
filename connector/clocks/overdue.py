"""From clocks to what people should know: due soon, overdue, and when to look again. Called by every sweep."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from connector.clocks.promises.standing import PROMISE
from connector.clocks.regulation import REGULATION
from connector.clocks.sla import Sla
from connector.model import Clock, ClockState, Flag, FlagKind
from connector.wording import duration, instant

TITLES = {
    "acknowledgement": "The acknowledgement",
    "first_reply": "The first reply",
    "next_reply": "The reply to the customer's last message",
    "periodic_update": "The next word to the customer",
    "resolution": "The resolution",
    "requester_wait": "The end of the customer's waiting",
    "agent_work": "The end of our work",
    "team_time": "The team's part",
    REGULATION: "A regulator's deadline",
    PROMISE: "What the customer was promised",
}
_BREACHED, _RUNNING = ClockState.BREACHED, ClockState.RUNNING  # each clock of each ticket is asked for them
CHANGES = {"priority": "the new priority", "targets": "the new target"}


def flags(clocks: Iterable[Clock], sla: Sla, now: datetime) -> tuple[Flag, ...]:
    """DUE_SOON from a running clock's warning until its due time; OVERDUE for as long as a breach is unanswered, which
    of a promise is called BROKEN_PROMISE.

    A flag tells only what does not change while it lasts, so that the same condition gives the same flag at any `now`.
    """
    found = []
    for clock in clocks:
        if clock.state is _BREACHED and clock.breached_at is not None:
            kind = FlagKind.BROKEN_PROMISE if clock.kind == PROMISE else FlagKind.OVERDUE
            found.append(_flag(kind, clock, clock.breached_at, sla))
        elif clock.state is _RUNNING and _due_soon(clock, now) and clock.warn_at is not None:
            found.append(_flag(FlagKind.DUE_SOON, clock, clock.warn_at, sla))
    return tuple(found)


def _due_soon(clock: Clock, now: datetime) -> bool:
    return clock.warn_at is not None and clock.due_at is not None and clock.warn_at <= now < clock.due_at


def next_change(clocks: Iterable[Clock], now: datetime) -> datetime | None:
    """The next instant after `now` at which a flag comes, changes or goes by the passing of time alone."""
    coming = [
        instant
        for clock in clocks
        if clock.state is _RUNNING
        for instant in (clock.warn_at, clock.due_at)
        if instant is not None and instant > now
    ]
    return min(coming) if coming else None


def _flag(kind: FlagKind, clock: Clock, since: datetime, sla: Sla) -> Flag:
    told = why(kind, clock, sla.zone_of(clock))
    return Flag(kind, rule=clock.target, episode=f"{clock.kind}#{clock.cycle}", since=since, why=told)


def why(kind: FlagKind, clock: Clock, zone: str, beside: str = "UTC") -> str:
    """What a flag of this kind says of a clock, with its times in `zone`, and in `beside` where the two differ."""
    what, _, _ = clock.kind.partition(":")
    due = "at an unknown time"
    if clock.due_at is not None:
        due = instant(clock.due_at, zone, beside, ends_day=what == REGULATION)
    if what == PROMISE:
        return _why_promise(kind, clock, due, instant(clock.started_at, zone, beside))
    title = TITLES[what] + (f" (life {clock.cycle})" if clock.cycle > 1 else "")
    was = "was due" if kind is FlagKind.OVERDUE else "is due"
    tail = " and has not come" if kind is FlagKind.OVERDUE else ""
    if what == REGULATION:
        return f"{title} {was} {due}{tail} ({clock.target})."
    promise = _promise(clock.target, clock.target_seconds, clock.calendar)
    by = f"; with {CHANGES[clock.cause]} it was over at once" if clock.cause else ""
    return f"{title} {was} {due}{tail} ({promise}{by})."


@lru_cache(maxsize=256)  # there is one for each target, and it is told with each clock that was missed
def _promise(target: str, seconds: int, calendar: str) -> str:
    return f"{target}: {duration(seconds)} of calendar {calendar}"


def _why_promise(kind: FlagKind, clock: Clock, due: str, made: str) -> str:
    was = "was due" if kind is FlagKind.BROKEN_PROMISE else "is due"
    tail = "; neither an answer nor an explanation has come" if kind is FlagKind.BROKEN_PROMISE else ""
    return f"{TITLES[PROMISE]} ({clock.target}, {made}) {was} {due}{tail}."
