"""A clock as it is told to a person: how it stands, when it is due, drawn as a line, and stretch by stretch. Pure.

Times are told in the reader's zone where one is given, with that of the calendar beside where the two differ; else in
the zone of the calendar, with UTC beside. Called by `connector.explain` for terminals, and by the console.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from connector.clocks.drawing import LEGEND, THEN, drawn
from connector.clocks.explain import CALENDAR_TIME
from connector.clocks.overdue import CHANGES
from connector.clocks.promises.standing import PROMISE
from connector.clocks.regulation import REGULATION
from connector.clocks.source_clocks import SourceClock
from connector.display import clean, cut, wrapped
from connector.model import Clock, ClockState, Segment
from connector.wording import days, duration, instant

MOST_SEGMENTS = 12
MOST_COLUMNS = 72
TWO_DAYS_SECONDS = 172_800


class ClockTold(msgspec.Struct, frozen=True):
    """A clock with the zone in which its times are told, the stretches that add up to its used time, of a promise the
    words that made it, what the source says of the same clock, and the `rule` of a regulator's deadline."""

    clock: Clock
    zone: str
    segments: tuple[Segment, ...]
    words: str | None = None
    theirs: SourceClock | None = None
    rule: str | None = None


def quoted(words: str | None) -> str:
    return f"“{clean(words)}”" if words else "without words"


def source_clock_line(clock: SourceClock, zone: str, reader: str | None = None, *, own_name: bool = False) -> str:
    """What the source says of its own clock, on one line."""
    hours = {True: "business hours", False: "calendar hours"}.get(clock.business_hours)  # type: ignore[arg-type]
    target = duration(clock.target_seconds) if clock.target_seconds is not None else "no target"
    policy = f" by “{clean(clock.policy)}”" if clock.policy else ""
    name = f"{clean(clock.name)}{f' #{clock.cycle}' if clock.cycle > 1 else ''}: " if own_name else ""
    at = clock.breached_at or clock.due_at
    when = f", {'breached' if clock.breached_at else 'due'} {_told_at(at, zone, reader)}" if at is not None else ""
    stopped = f", stopped {_told_at(clock.stopped_at, zone, reader)}" if clock.stopped_at else ""
    said = f"{name}{STATES[clock.state]}{when}{stopped}; {target}{policy}"
    return f"the source says  {said}{f', {hours}' if hours else ''}"


def nearest_line(clocks: Sequence[ClockTold], columns: int, reader: str | None = None) -> list[str]:
    """What is due first of several that run; nothing where there are no two."""
    running = [
        (one.clock.due_at, one)
        for one in clocks
        if one.clock.due_at is not None and one.clock.state is ClockState.RUNNING
    ]
    if len(running) < 2:
        return []
    due_at, first = min(running, key=lambda pair: pair[0])
    return [cut(f"  nearest: {clean(first.clock.target)}, {_due(due_at, first, reader)}", columns)]


def _due(at: datetime, one: ClockTold, reader: str | None) -> str:
    """A regulator's deadline ends with a day."""
    return _told_at(at, one.zone, reader, ends_day=one.clock.kind.startswith(REGULATION))


def _told_at(at: datetime, zone: str, reader: str | None, *, ends_day: bool = False) -> str:
    if reader is None:
        return instant(at, zone, ends_day=ends_day)
    return instant(at, reader, zone, ends_day=ends_day)


STATES = {
    ClockState.RUNNING: "running",
    ClockState.PAUSED: "standing still",
    ClockState.MET: "met",
    ClockState.BREACHED: "overdue",
    ClockState.MISSED: "answered too late",
    ClockState.CANCELLED: "cancelled",
}


OF_PROMISES = {
    ClockState.MET: "kept",
    ClockState.BREACHED: "broken",
    ClockState.MISSED: "broken, answered too late",
}


def _state(clock: Clock) -> str:
    if clock.kind != PROMISE:
        return STATES[clock.state]
    if clock.state is ClockState.CANCELLED:
        return clock.cause or STATES[clock.state]
    return OF_PROMISES.get(clock.state, STATES[clock.state])


def clock_lines(one: ClockTold, columns: int, reader: str | None = None) -> Iterator[str]:
    """A clock as it stands, drawn, and stretch by stretch. `reader` is the zone of whoever reads it."""
    clock = one.clock
    yield cut(f"  {clock_title(clock)}", columns)
    if one.words:
        yield from wrapped(f"in the words {quoted(one.words)}", columns - 4, "    ")
    else:
        yield cut(f"    target “{clean(clock.target)}”, calendar {clock.calendar}", columns)
    if one.rule:
        yield from wrapped(f"by {one.rule}", columns - 4, "    ")
    for title, at in (("due", clock.due_at), ("breached", clock.breached_at)):
        if at is not None and not (title == "due" and at == clock.breached_at):
            yield cut(f"    {title:<9} {_due(at, one, reader)}", columns)
    if clock.stopped_at is not None:
        yield cut(f"    stopped   {_told_at(clock.stopped_at, one.zone, reader)}", columns)
    if one.theirs is not None:
        yield cut(f"    {source_clock_line(one.theirs, one.zone, reader)}", columns)
    yield from _stretches(one, columns, reader)


def clock_title(clock: Clock) -> str:
    """Which clock it is, how it stands, and how much of its time is used, on one line."""
    what, _, deadline = clock.kind.partition(":")
    name = deadline or what.replace("_", " ") + (f" #{clock.cycle}" if clock.cycle > 1 else "")
    if what == PROMISE:
        name = f"promise #{clock.cycle}"
    lasts = days if deadline or (what == PROMISE and clock.target_seconds >= TWO_DAYS_SECONDS) else duration
    used = f"{lasts(clock.used_seconds)} of {lasts(clock.target_seconds)} used"
    used += f"; {CHANGES[clock.cause]} made it so" if clock.cause in CHANGES else ""
    return f"{name}: {_state(clock)}, {used}"


def _stretches(one: ClockTold, columns: int, reader: str | None) -> Iterator[str]:
    shown = joined(one.segments)
    marks, line = drawn(shown, one.clock.due_at, min(columns - 8, MOST_COLUMNS))
    key = f"{LEGEND}  {THEN} counted then" if THEN in line else LEGEND
    yield from (cut(f"    {row}".rstrip(), columns) for row in ((marks, line, key) if line else ()) if row)
    rows = [(_told_at(each.start, one.zone, reader), counted(each), clean(each.why)) for each in shown[:MOST_SEGMENTS]]
    widest = max((len(start) for start, _, _ in rows), default=0)
    yield from (cut(f"    {start:<{widest}}  {ran:>10}  {why}", columns) for start, ran, why in rows)
    if len(shown) > MOST_SEGMENTS:
        yield f"    … and {len(shown) - MOST_SEGMENTS} stretches more; --json has them all"


def counted(segment: Segment) -> str:
    """How much of a stretch ran."""
    if not segment.counted_seconds:
        return "-"
    return days(segment.counted_seconds) if segment.why == CALENDAR_TIME else duration(segment.counted_seconds)


def joined(segments: Iterable[Segment]) -> list[Segment]:
    """The stretches without those of no length, neighbours of one kind put together."""
    found: list[Segment] = []
    for segment in segments:
        if segment.start == segment.end:
            continue
        if found and found[-1].why == segment.why and found[-1].end == segment.start:
            last = found[-1]
            found[-1] = Segment(last.start, segment.end, last.counted_seconds + segment.counted_seconds, last.why)
        else:
            found.append(segment)
    return found
