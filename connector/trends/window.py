"""Is it more than chance? The predictive window test: what the last days brought, against what the weeks before did.

Called by `finding` for every cell, by `effect` when a correction is judged, and by the benchmark. People are counted,
not tickets. If people come by chance at a rate that the `before` days (B people) tell of, the number of the window is
negative binomial with r = B + 1/2 and p = T / (T + n): a Poisson rate with Jeffreys' prior. Where counts vary more than
chance would have them, by `spread` (variance over mean), the same law with its variance so much larger is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, lgamma, log, log1p

HALF = 0.5  # Jeffreys' prior of a Poisson rate
_SMALL = 1e-15  # what is left out of a sum
WIDEST = 4.0  # more than that is no noise, but several things in one cell


def chance(people: int, before: int, window_days: int, before_days: float, spread: float = 1.0) -> float:
    """The probability of `people` or more in `window_days`, after `before` in `before_days`. 1.0 for none."""
    if people <= 0:
        return 1.0
    mean, size = _law(before, window_days, before_days, spread)
    term = exp(
        lgamma(people + size)
        - lgamma(size)
        - lgamma(people + 1)
        + people * log(mean / (size + mean))
        - size * log1p(mean / size)
    )
    share = mean / (size + mean)
    total, at = 0.0, people
    while term > _SMALL * total or at < mean:
        total += term
        term *= share * (at + size) / (at + 1)
        at += 1
        if at > people + 100_000:
            break
    return min(1.0, total)


def _law(before: int, window_days: int, before_days: float, spread: float) -> tuple[float, float]:
    """(mean, size) of the negative binomial."""
    mean = window_days * (before + HALF) / before_days
    return mean, mean / ((1 + window_days / before_days) * max(1.0, spread) - 1)


def expected(before: int, window_days: int, before_days: float) -> float:
    """How many people the window should bring."""
    return _law(before, window_days, before_days, 1.0)[0]


def spread_of(blocks: Iterable[Sequence[int]]) -> float:
    """Variance over mean of counts in blocks of equal length, pooled over cells (Pearson's chi-squared over its degrees
    of freedom, which is unbiased however thin the cells are); at least 1, at most `WIDEST`."""
    squares = freedom = 0.0
    for counts in blocks:
        total = sum(counts)
        if total and len(counts) > 1:
            mean = total / len(counts)
            squares += sum((one - mean) ** 2 for one in counts) / mean
            freedom += len(counts) - 1
    return min(WIDEST, max(1.0, squares / freedom)) if freedom else 1.0
