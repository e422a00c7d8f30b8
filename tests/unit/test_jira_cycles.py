"""Service Management's SLA cycles become steps of clocks, which stay what they were when first seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.jira.cycles import CLOCKS, steps_of
from connector.clocks.source_clocks import SourceClock, source_clocks
from connector.model import ClockState, ClockStep

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def stamp(at: datetime) -> dict[str, Any]:
    return {"epochMillis": int(at.timestamp() * 1000), "iso8601": at.isoformat()}


def cycle(hours: float = 4, **more: Any) -> dict[str, Any]:
    return {"startTime": stamp(NINE), "goalDuration": {"millis": int(hours * 3_600_000)}, "breached": False, **more}


def seen(at: datetime, *done: dict[str, Any], ongoing: dict[str, Any] | None = None) -> list[ClockStep]:
    """What an issue tells that was changed and read at that instant."""
    value = {"name": "Time to resolution", "completedCycles": list(done)}
    return [*steps_of({"customfield_1": value | ({"ongoingCycle": ongoing} if ongoing else {})}, at, at)]


def kept(*readings: list[ClockStep]) -> tuple[SourceClock, ...]:
    """What the store makes of several readings: the first of each step stays."""
    known: dict[str, ClockStep] = {}
    for step in (step for reading in readings for step in reading):
        known.setdefault(step.id, step)
    return source_clocks(known.values(), CLOCKS, NINE + 10 * HOUR)


def test_a_running_cycle_is_due_when_the_site_says() -> None:
    (one,) = kept(seen(NINE, ongoing=cycle(breachTime=stamp(NINE + 4 * HOUR))))
    assert (one.kind, one.state, one.due_at) == ("resolution", ClockState.RUNNING, NINE + 4 * HOUR)
    assert (one.target_seconds, one.business_hours) == (4 * 3600, None)


def test_a_pause_takes_the_due_time_away_and_its_end_brings_a_later_one() -> None:
    runs = seen(NINE, ongoing=cycle(breachTime=stamp(NINE + 4 * HOUR)))
    stands = seen(NINE + HOUR, ongoing=cycle(paused=True))
    (paused,) = kept(runs, stands)
    assert (paused.state, paused.due_at) == (ClockState.PAUSED, None)
    again = seen(NINE + 3 * HOUR, ongoing=cycle(breachTime=stamp(NINE + 6 * HOUR)))
    (running,) = kept(runs, stands, again)
    assert (running.state, running.due_at) == (ClockState.RUNNING, NINE + 6 * HOUR)
    assert running.pauses == ((NINE + HOUR, NINE + 3 * HOUR),)


def test_a_pause_outside_working_hours_that_moved_nothing_ends_too() -> None:
    due = stamp(NINE + 4 * HOUR)
    (one,) = kept(
        seen(NINE, ongoing=cycle(breachTime=due)),
        seen(NINE + HOUR, ongoing=cycle(paused=True)),
        seen(NINE + 2 * HOUR, ongoing=cycle(breachTime=due)),
    )
    assert (one.state, one.due_at) == (ClockState.RUNNING, NINE + 4 * HOUR)


def test_a_breached_cycle_stays_breached_when_it_is_answered() -> None:
    breach = NINE + 4 * HOUR
    (runs,) = kept(seen(NINE + 5 * HOUR, ongoing=cycle(breached=True, breachTime=stamp(breach))))
    assert (runs.state, runs.breached_at) == (ClockState.BREACHED, breach)
    done = cycle(breached=True, breachTime=stamp(breach), stopTime=stamp(NINE + 6 * HOUR))
    (missed,) = kept(seen(NINE + 6 * HOUR, done))
    assert (missed.state, missed.breached_at, missed.stopped_at) == (ClockState.MISSED, breach, NINE + 6 * HOUR)


def test_a_forced_rebuild_does_not_make_a_breach_of_what_was_met() -> None:
    stop = NINE + 3 * HOUR
    met = seen(stop, cycle(breachTime=stamp(NINE + 4 * HOUR), stopTime=stamp(stop)))
    rebuilt = cycle(1, breached=True, breachTime=stamp(NINE + HOUR), stopTime=stamp(stop))
    assert kept(met, seen(NINE + 8 * HOUR, rebuilt)) == kept(met)
    (one,) = kept(met, seen(NINE + 8 * HOUR, rebuilt))
    assert (one.state, one.target_seconds) == (ClockState.MET, 4 * 3600)


def test_a_cycle_that_a_rebuild_opens_again_stays_over() -> None:
    met = seen(NINE + 3 * HOUR, cycle(stopTime=stamp(NINE + 3 * HOUR)))
    reopened = seen(NINE + 8 * HOUR, ongoing=cycle(2, breached=True, breachTime=stamp(NINE + 2 * HOUR)))
    assert kept(met, reopened) == kept(met)


def test_a_cycle_that_does_not_say_when_it_began_tells_nothing() -> None:
    assert seen(NINE, {"stopTime": stamp(NINE)}, ongoing={"breached": False}) == []
