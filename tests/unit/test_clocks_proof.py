"""A thousand random cases for clocks against a slow reckoning; `make proof` does twenty thousand."""

from __future__ import annotations

import sys

from tests.proof.hours import reckoned

SEED = 20261129


def test_a_thousand_random_cases_agree_with_looking_at_the_wall_clock() -> None:
    found = reckoned(1000, SEED)
    sys.stdout.write(f"{found.cases} cases, seed {SEED}, {found.zones} zones: {len(found.wrong)} differences\n")
    assert found.wrong == []
    assert found.zones >= 40
    assert found.changes > 400
