"""A thousand random cases for clocks against a slow reckoning; `make proof` does twenty thousand."""

from __future__ import annotations

from collections.abc import Callable

from tests.proof.hours import reckoned

SEED = 20261129


def test_a_thousand_random_cases_agree_with_looking_at_the_wall_clock(
    record_property: Callable[[str, object], None],
) -> None:
    found = reckoned(1000, SEED)
    record_property("told", f"working time: {found.line}")
    assert found.wrong == []
    assert found.cases >= 1000
    assert found.zones >= 40
    assert found.changes > 400
