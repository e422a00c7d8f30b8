"""Every numbered crash point: killed there once, and once more in the recovery that follows; nothing lost or doubled.

Fault cases L01, L02 and W05. `AMENDS_ALL_PAIRS=1` (in `make proof`) kills the recovery at every point instead of some.
"""

from __future__ import annotations

import os

import pytest

from tests.engine.world import CUSTOMERS, World

ROUND = ("pull", "sweep", "push")
ALL_PAIRS = bool(os.environ.get("AMENDS_ALL_PAIRS"))


def a_town() -> World:
    """Three complaints, one of them overdue, one answered, one solved yesterday."""
    world = World()
    late = world.desk.open("Late", "My parcel has still not arrived.", requester=CUSTOMERS[0])
    solved = world.desk.open("Twice", "You charged me twice.", requester=CUSTOMERS[1])
    world.desk.open("Broken", "The lamp arrived broken, I want a refund.", requester=CUSTOMERS[2])
    world.desk.advance(3600)
    world.desk.staff_reply(solved, "We gave the money back.")
    world.desk.set(solved, "status", "solved")
    world.desk.advance(28 * 3600)
    world.desk.customer_message(late, "Hello? Anybody?")
    world.desk.advance(60)
    return world


def live(world: World) -> None:
    for verb in ROUND:
        world.step(verb)


def seams_of_a_round() -> int:
    world = a_town()
    before = world.seams
    live(world)
    assert world.desk.ledger, "a round that writes nothing proves nothing"
    return world.seams - before


POINTS = seams_of_a_round()


@pytest.mark.parametrize("point", range(1, POINTS + 1))
def test_killed_at_any_point_and_again_in_the_recovery_nothing_is_lost_or_doubled(point: int) -> None:
    for second in range(1, POINTS + 1) if ALL_PAIRS else (1, 3, 8, 21):
        world = a_town()
        world.die_at = world.seams + point
        live(world)
        world.die_at = world.seams + second
        live(world)
        world.check()
        world.heal()
        world.check_at_rest()
        with world.store.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_round_has_crash_points_at_every_commit_and_around_every_write() -> None:
    assert POINTS >= 20
