"""A clock, stretch by stretch: which time counted, which not, and why. Called by `amends explain` and the console."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connector.clocks.business_hours import Hours, epoch_seconds, instant_at
from connector.clocks.calendars import Span
from connector.clocks.closed import Kept, runs_on
from connector.clocks.lives import Break, Run
from connector.clocks.regulation import REGULATION
from connector.clocks.sla import Sla, clocks, course_of, resumed
from connector.model import FINISHED, JSON, Clock, Complaint, History, Segment

CALENDAR_TIME = "calendar time"
COUNTED_THEN = "as counted before the settings changed"


def segments(
    kind: str,
    cycle: int,
    complaint: Complaint,
    history: History,
    values: Mapping[str, JSON],
    sla: Sla,
    now: datetime,
    kept: Kept | None = None,
) -> tuple[Segment, ...]:
    """The life `cycle` of the clock `kind` from its start to its end (or `now`) without gaps; () if there is none.

    The counted seconds add up to the clock's used seconds. `why` is "working", "outside hours", "holiday: <name>",
    "paused: <status>", "finished: <status>", CALENDAR_TIME for a regulator's deadline, or COUNTED_THEN for what was
    `kept` of it when the settings changed.
    """
    old = kept.clock(kind, cycle) if kept is not None else None
    if old is not None:
        return _since_then(old, complaint, history, values, sla, now)
    told = clocks(complaint, history, values, sla, now)
    clock = next((clock for clock in told if (clock.kind, clock.cycle) == (kind, cycle)), None)
    if clock is None:
        return ()
    if kind.startswith(REGULATION):  # by the calendar, and never paused
        whole = Span(epoch_seconds(clock.started_at), epoch_seconds(clock.stopped_at or now))
        return (_segment(whole, CALENDAR_TIME, counts=True),) if whole.start < whole.end else ()
    before = kept.taken_up_from(clock) if kept is not None else None
    if before is not None:
        return _since_then(before, complaint, history, values, sla, now)
    course = course_of(clock, complaint, history, values, sla, now)
    ends = [stage.start for stage, _ in course[1:]]
    return tuple(
        segment
        for (stage, run), end in zip(course, [*ends, course[-1][1].end], strict=True)
        for segment in _counted(sla.calendars[stage.target.calendar], run, end)
    )


def _since_then(
    old: Clock, complaint: Complaint, history: History, values: Mapping[str, JSON], sla: Sla, now: datetime
) -> tuple[Segment, ...]:
    ended = old.stopped_at or old.due_at or old.started_at
    before = Segment(old.started_at, ended, old.used_seconds, COUNTED_THEN)
    again = resumed(old, complaint, history, values, sla, now) if old.kind in sla.by_kind else None
    if again is None:
        return (before,)
    clock, stage, run = again
    if not runs_on(old, clock):
        return (before,)
    return (before, *_counted(sla.calendars[stage.target.calendar], run, run.end))


def _counted(hours: Hours, run: Run, until: int) -> list[Segment]:
    """The course of one stage up to `until`."""
    found: list[Segment] = []
    here = run.start
    for pause in run.breaks:
        end = min(until, run.end if pause.end is None else pause.end)
        if pause.start >= end:
            continue
        found += [*_stretch(hours, here, pause.start), _segment(Span(pause.start, end), _why(pause), counts=False)]
        here = end
    return [*found, *_stretch(hours, here, until)]


def _why(pause: Break) -> str:
    return f"{'finished' if pause.status in FINISHED else 'paused'}: {pause.status}"


def _stretch(hours: Hours, start: int, end: int) -> list[Segment]:
    found: list[Segment] = []
    for work in hours.intervals(start, end):
        found += [*_closed(hours, start, work.start), _segment(work, "working", counts=True)]
        start = work.end
    return [*found, *_closed(hours, start, end)]


def _closed(hours: Hours, start: int, end: int) -> list[Segment]:
    found: list[Segment] = []
    for day, name in hours.holidays(start, end):
        if start < day.start:
            found.append(_segment(Span(start, day.start), "outside hours", counts=False))
        found.append(_segment(day, f"holiday: {name}", counts=False))
        start = day.end
    if start < end:
        found.append(_segment(Span(start, end), "outside hours", counts=False))
    return found


def _segment(span: Span, why: str, *, counts: bool) -> Segment:
    return Segment(instant_at(span.start), instant_at(span.end), span.end - span.start if counts else 0, why)
