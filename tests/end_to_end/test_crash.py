"""The real command against the real HTTP sandbox, killed again and again under a bad network (L01, W01 to W05).

Fifty deaths here, a thousand in `make proof`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proof.lives import bad, random_deaths


@pytest.mark.parametrize("seed", [1, 2])
def test_fifty_random_deaths_lose_nothing_and_double_nothing(seed: int, tmp_path: Path) -> None:
    result = random_deaths(tmp_path, kills=25, seed=seed)
    assert not bad(result), result
    assert result["kills"] >= 25
    assert result["writes_done"] > 5, result
