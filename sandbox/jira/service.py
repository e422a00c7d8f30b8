"""Service Management's clocks: the cycles of an SLA, computed from an issue's history. Called by `kinds`, `portal`.

The calendar never closes; a clock pauses while the customer is waited for, and ends with the first public answer by
staff ("first response") or with a resolution.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.jira import content
from sandbox.jira.content import FieldSpec

if TYPE_CHECKING:
    from sandbox.jira.records import Issue
    from sandbox.jira.view import View

JSON = Any
PAUSED_IN = frozenset({content.WAITING_FOR_CUSTOMER})


class Cycle(msgspec.Struct):
    start: datetime
    stop: datetime | None = None
    paused: bool = False
    elapsed: float = 0.0
    breach: datetime | None = None


def sla_value(view: View, issue: Issue, spec: FieldSpec) -> JSON:
    """The SLA object that stands in the issue's field and in /request/{id}/sla."""
    cycles = cycles_of(view, issue, spec)
    done, running = [one for one in cycles if one.stop], [one for one in cycles if not one.stop]
    number = spec.id.removeprefix("customfield_")
    told: JSON = {
        "id": number,
        "name": spec.name,
        "_links": {"self": f"{view.site}/rest/servicedeskapi/request/{issue.number}/sla/{number}"},
        "completedCycles": [_done(view, spec, one) for one in done],
    }
    return told | ({"ongoingCycle": _ongoing(view, spec, running[0])} if running else {})


def cycles_of(view: View, issue: Issue, spec: FieldSpec) -> list[Cycle]:
    first = spec.name == "Time to first response"
    cycles = [Cycle(issue.created)]
    since = issue.created
    for moment, status, answered in _events(view, issue):
        cycle = cycles[-1]
        if cycle.stop is None:
            _count(cycle, since, moment, spec)
        since = moment
        ended = answered if first else status is not None and view.jira.is_done(status)
        if cycle.stop is None and ended:
            cycle.stop = moment
        elif cycle.stop is not None and status is not None and not first and not view.jira.is_done(status):
            cycles.append(Cycle(moment))
        if status is not None:
            cycles[-1].paused = status in PAUSED_IN and not first
    if cycles[-1].stop is None:
        _count(cycles[-1], since, view.now, spec)
    return cycles


def _count(cycle: Cycle, since: datetime, until: datetime, spec: FieldSpec) -> None:
    if cycle.paused:
        return
    left = spec.goal_seconds - cycle.elapsed
    span = (until - since).total_seconds()
    if cycle.breach is None and span > left:
        cycle.breach = since + timedelta(seconds=left)
    cycle.elapsed += span


def _events(view: View, issue: Issue) -> list[tuple[datetime, int | None, bool]]:
    """(when, new status or None, whether staff answered in public), in order."""
    found: list[tuple[datetime, int | None, bool]] = [
        (one.created, int(item["to"]), False)
        for one in issue.histories
        for item in one.items
        if item["field"] == "status"
    ]
    staff = [one for one in issue.comments if one.public and view.jira.people[one.author].account_type == "atlassian"]
    found += [(one.created, None, True) for one in staff if one.author != issue.values.get("reporter")]
    return sorted(found, key=lambda event: event[0])


def _done(view: View, spec: FieldSpec, cycle: Cycle) -> JSON:
    assert cycle.stop is not None
    return {
        "startTime": view.date(cycle.start),
        "stopTime": view.date(cycle.stop),
        "breachTime": view.date(cycle.breach or cycle.stop + timedelta(seconds=spec.goal_seconds - cycle.elapsed)),
        "breached": cycle.elapsed > spec.goal_seconds,
        "goalDuration": _duration(spec.goal_seconds),
        "elapsedTime": _duration(cycle.elapsed),
        "remainingTime": _duration(spec.goal_seconds - cycle.elapsed),
    }


def _ongoing(view: View, spec: FieldSpec, cycle: Cycle) -> JSON:
    left = spec.goal_seconds - cycle.elapsed
    told: JSON = {
        "startTime": view.date(cycle.start),
        "breached": left < 0,
        "paused": cycle.paused,
        "withinCalendarHours": True,
        "goalDuration": _duration(spec.goal_seconds),
        "elapsedTime": _duration(cycle.elapsed),
        "remainingTime": _duration(left),
    }
    if cycle.breach or not cycle.paused:
        told["breachTime"] = view.date(cycle.breach or view.now + timedelta(seconds=left))
    return told


def _duration(seconds: float) -> JSON:
    sign, minutes = "-" if seconds < 0 else "", abs(int(seconds)) // 60
    return {"millis": int(seconds * 1000), "friendly": f"{sign}{minutes // 60}h {minutes % 60}m"}
