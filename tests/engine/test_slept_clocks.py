"""A daemon that was down for two days finds the breaches of one that never slept, at the very same instants."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

import pytest

from connector.model import FlagKind
from connector.store import complaints
from tests.engine.world import World

HOURS = 48
Act = Callable[[World, str], object]
ACTS: tuple[Act, ...] = (
    lambda world, ticket: world.desk.staff_reply(ticket, "We are looking into it."),
    lambda world, ticket: world.desk.customer_message(ticket, "It is still not here!"),
    lambda world, ticket: world.desk.customer_message(ticket, "Thank you!"),
    lambda world, ticket: world.desk.set(ticket, "status", "pending"),
    lambda world, ticket: world.desk.set(ticket, "status", "open"),
    lambda world, ticket: world.desk.set(ticket, "status", "solved"),
    lambda world, ticket: world.desk.set(ticket, "priority", "urgent"),
)


def lived(seed: int, *, asleep: bool) -> World:
    """Two working days of five tickets: what people do is drawn, and the same for whoever looks on or sleeps."""
    chance, world = random.Random(seed), World()
    tickets = [world.desk.open(f"Late {number}", "My parcel has not come.", labels=["complaint"]) for number in "12345"]
    work(world)
    for _ in range(HOURS):
        world.desk.advance(3600)
        for ticket in tickets:
            if chance.random() < 0.08:
                chance.choice(ACTS)(world, ticket)
        if not asleep:
            work(world)
    work(world)
    return world


def work(world: World) -> None:
    for verb in ("pull", "sweep", "push", "pull", "sweep"):
        world.step(verb)


def breaches(world: World) -> list[tuple[str, str, int, datetime]]:
    with world.store.read() as connection:
        return sorted(
            (one.ticket, clock.kind, clock.cycle, clock.breached_at)
            for one in complaints.listing(connection)
            for clock in one.assessed.clocks
            if clock.breached_at is not None
        )


def times(world: World) -> list[tuple[object, ...]]:
    with world.store.read() as connection:
        return sorted(
            (one.ticket, clock.kind, clock.cycle, clock.state, str(clock.due_at), str(clock.stopped_at))
            for one in complaints.listing(connection)
            for clock in one.assessed.clocks
        )


def overdue(world: World) -> list[tuple[str, str, datetime]]:
    with world.store.read() as connection:
        return sorted(
            (one.ticket, flag.episode, flag.since)
            for one in complaints.listing(connection)
            for flag in one.assessed.flags
            if flag.kind is FlagKind.OVERDUE
        )


@pytest.mark.parametrize("seed", range(4))
def test_after_48_hours_of_downtime_breaches_times_and_flags_are_those_of_a_daemon_that_ran(seed: int) -> None:
    awake, slept = lived(seed, asleep=False), lived(seed, asleep=True)
    assert breaches(awake) == breaches(slept) != []
    assert overdue(awake) == overdue(slept)
    assert times(awake) == times(slept)
    for one in (awake, slept):
        one.check()
