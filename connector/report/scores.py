"""What customers say, as figures with the doubt that belongs to them. Pure.

Satisfaction (CSAT) is the share of 4 and 5 among the answers of 1 to 5, ease (CES) likewise, with 5 as easy; NPS is the
share of 9 and 10 less the share of 0 to 6. Intervals hold 95 %: Wilson's for shares, the normal one for NPS with the
standard error 100 * sqrt((p + d - (p - d)^2) / n) of p promoters and d detractors. Under ten answers no score is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import msgspec

FEWEST = 10  # below, a score says more about chance than about us
SHAKY = 30  # below, it is shown as uncertain
Z = 1.959964


class Score(msgspec.Struct, frozen=True):
    """`n` answers; `value` with its interval from `low` to `high`, and the `mean` answer; None under FEWEST. Shares are
    percentages, NPS runs from -100 to 100."""

    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    mean: float | None = None

    @property
    def shaky(self) -> bool:
        return FEWEST <= self.n < SHAKY


def share(good: int, n: int, mean: float | None = None) -> Score:
    """`good` of `n` as a percentage, by Wilson (1927)."""
    if n < FEWEST:
        return Score(n)
    p = good / n
    middle = p + Z * Z / (2 * n)
    spread = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    whole = 1 + Z * Z / n
    return Score(
        n, 100 * p, max(0.0, 100 * (middle - spread) / whole), min(100.0, 100 * (middle + spread) / whole), mean
    )


def nps(promoters: int, detractors: int, n: int, mean: float | None = None) -> Score:
    """Net promoters: what recommends us less what does not."""
    if n < FEWEST:
        return Score(n)
    p, d = promoters / n, detractors / n
    error = 100 * sqrt(max(0.0, p + d - (p - d) ** 2) / n)
    value = 100 * (p - d)
    return Score(n, value, max(-100.0, value - Z * error), min(100.0, value + Z * error), mean)


def of_five(counts: Sequence[int], two_way: Sequence[int] = (0, 0)) -> Score:
    """A question of 1 to 5, `counts[0]` being the ones. `two_way` are (bad, good) of helpdesks that know only these:
    they count in the share and not in the mean."""
    n = sum(counts)
    mean = sum(value * count for value, count in enumerate(counts, 1)) / n if n else None
    return share(counts[3] + counts[4] + two_way[1], n + sum(two_way), mean)


def of_ten(counts: Sequence[int]) -> Score:
    """The question of 0 to 10."""
    n = sum(counts)
    mean = sum(value * count for value, count in enumerate(counts)) / n if n else None
    return nps(sum(counts[9:]), sum(counts[:7]), n, mean)
