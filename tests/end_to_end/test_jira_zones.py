"""A tenth of the zone proof: a Jira site read from six sides of the world, the reader killed at random points."""

from __future__ import annotations

import pytest

from tests.proof.zones import ZONES, zone_story

UPDATES = 1000
KILLS = 20


@pytest.mark.parametrize(("zone", "number"), [(zone, number) for number, zone in enumerate(ZONES)])
def test_no_update_is_missed_and_none_doubled(zone: str, number: int) -> None:
    deployment = "data_center" if number % 2 else "cloud"
    ended = zone_story(zone, updates=UPDATES, kills=KILLS, seed=2026, deployment=deployment)
    assert (ended.missed, ended.doubled, ended.wrong) == (0, 0, [])
    assert ended.updates >= UPDATES
    assert ended.kills >= KILLS * 0.8  # a point may lie behind the end of a pull
