"""When a trend is likely to have begun. Called when one is found, and again while it grows.

The day from which on two Poisson rates, one before and one after, explain the daily counts best (the change point of
greatest likelihood). Kleinberg's bursts would tell much the same, with two parameters more to explain.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

LATEST_DAYS = 28  # a trend that is found now began in this time


def likely_start(counts: Sequence[int]) -> int:
    """The index in daily `counts` (oldest first) at which the higher rate is likely to begin; 0 for an empty one."""
    total, length = sum(counts), len(counts)
    best, found = float("-inf"), max(0, length - 1)
    after = 0
    for at in range(length - 1, max(0, length - LATEST_DAYS) - 1, -1):
        after += counts[at]
        days_after, before, days_before = length - at, total - after, at
        if days_before and after / days_after <= before / days_before:
            continue
        told = _likelihood(after, days_after) + _likelihood(before, days_before)
        # A day without anybody is no beginning.
        if counts[at] and told > best:
            best, found = told, at
    return found


def _likelihood(people: int, days: int) -> float:
    """The greatest log-likelihood of a Poisson rate, but for what does not depend on it."""
    return people * log(people / days) - people if people and days else 0.0
