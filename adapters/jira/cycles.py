"""Service Management's own clocks: the cycles of an issue's SLA fields as steps of clocks. Pure. Used by `issues`.

A cycle is named by when it began. What is told of one that is over has ids that do not change with what is told: a
repair at the vendor may compute finished cycles anew, by today's goals, and what counts is what was first seen. Of the
one that runs, each new due time is a step, and that it stands still, or runs, is told with the time of the issue's last
change, since nobody says when that began.
https://developer.atlassian.com/cloud/jira/service-desk/rest/api-group-request/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from adapters.jira.values import inner, moment, rows, seconds_of, word
from connector.model import JSON, ClockStep, StepKind

# Our clock by the name of an SLA, as a new project has them; others are told in the settings.
CLOCKS = {"Time to first response": "first_reply", "Time to resolution": "resolution"}


def steps_of(fields: dict[str, JSON], changed: datetime, seen_at: datetime) -> tuple[ClockStep, ...]:
    """What the SLA fields of an issue tell that was last `changed` then."""
    found: list[ClockStep] = []
    for field, value in fields.items():
        if isinstance(value, dict):
            clock = word(value.get("name")) or field
            for cycle in rows(value.get("completedCycles")):
                found += _finished(field, clock, cycle, seen_at)
            ongoing = value.get("ongoingCycle")
            if isinstance(ongoing, dict):
                found += _ongoing(field, clock, ongoing, changed, seen_at)
    return tuple({step.id: step for step in found}.values())


def _finished(field: str, clock: str, cycle: dict[str, JSON], seen_at: datetime) -> Iterator[ClockStep]:
    start, stop, breach = (_at(cycle, name) for name in ("startTime", "stopTime", "breachTime"))
    if start is None or stop is None:
        return
    name, name_of = _stamp(start), f"{field}:{_stamp(start)}"
    yield ClockStep(f"{name_of}:start", clock, name, StepKind.STARTED, start, seen_at)
    yield ClockStep(
        f"{name_of}:goal at the end", clock, name, StepKind.TARGET, start, seen_at, target_seconds=_goal(cycle)
    )
    if breach is not None:
        yield ClockStep(f"{name_of}:due at the end", clock, name, StepKind.DUE, breach, seen_at)
    if cycle.get("breached") is True:
        yield ClockStep(f"{name_of}:breach", clock, name, StepKind.BREACHED, min(breach or stop, stop), seen_at)
    yield ClockStep(f"{name_of}:stop", clock, name, StepKind.STOPPED, stop, seen_at)


def _ongoing(
    field: str, clock: str, cycle: dict[str, JSON], changed: datetime, seen_at: datetime
) -> Iterator[ClockStep]:
    start, breach = _at(cycle, "startTime"), _at(cycle, "breachTime")
    if start is None:
        return
    name, name_of, goal = _stamp(start), f"{field}:{_stamp(start)}", _goal(cycle)
    yield ClockStep(f"{name_of}:start", clock, name, StepKind.STARTED, start, seen_at)
    yield ClockStep(f"{name_of}:goal {goal}", clock, name, StepKind.TARGET, start, seen_at, target_seconds=goal)
    course = StepKind.PAUSED if cycle.get("paused") is True else StepKind.RESUMED
    if changed > start:
        yield ClockStep(f"{name_of}:{course} {_stamp(changed)}", clock, name, course, changed, seen_at)
    if cycle.get("breached") is True:
        at = breach or changed
        yield ClockStep(f"{name_of}:breach", clock, name, StepKind.BREACHED, at, seen_at)
    elif breach is not None and cycle.get("paused") is not True:
        yield ClockStep(f"{name_of}:due {_stamp(breach)}", clock, name, StepKind.DUE, breach, seen_at)


def _at(cycle: dict[str, JSON], name: str) -> datetime | None:
    stamp = cycle.get(name)
    return moment(inner(stamp, "epochMillis")) or moment(inner(stamp, "iso8601"))


def _goal(cycle: dict[str, JSON]) -> int | None:
    return seconds_of(cycle.get("goalDuration"))


def _stamp(at: datetime) -> str:
    return f"{int(at.timestamp()):012d}"
