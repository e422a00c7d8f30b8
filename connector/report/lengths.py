"""How long things took, exactly, in every group of a table at once. numpy; no I/O.

All lengths are put in order once. What a group has at a rank is then looked for in the order of all: by how many of
the group lie in each thousand of it, or where groups are many, by a stable sort by group, which leaves the lengths of
each in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
Nth = Callable[[int, int], int]  # (group, rank in it, from 0): where it stands in the order of all
FEW = 255  # groups: so many are told apart by a byte
A_PART = 1024
_HALF = 32  # bits


class Lengths(msgspec.Struct, frozen=True):
    """How long something took in `n` cases, in seconds: mean, median, and what nine of ten did not exceed."""

    n: int = 0
    mean: float | None = None
    median: float | None = None
    p90: float | None = None


class Ordered(NamedTuple):
    """Lengths, shortest first: the places of the complaints that have them, and the `seconds`."""

    places: Column
    seconds: Column


def ordered(seconds: Column, told: Column) -> Ordered:
    """The lengths (32 bits each) of those complaints of which one is told."""
    places = np.flatnonzero(told)
    # One number of both is sorted twice as fast as places by their lengths.
    keys = seconds[places].astype(np.uint64)
    keys <<= _HALF
    keys |= places.astype(np.uint64)
    keys.sort()
    return Ordered((keys & (2**_HALF - 1)).astype(np.intp), (keys >> _HALF).astype(np.float64))


def of_all(found: Ordered) -> Lengths:
    """The figures of all of them."""
    return _told(found.seconds, len(found.seconds), found.seconds.sum(), lambda _, rank: rank, 0)


def of_groups(found: Ordered, labels: Column, many: int) -> list[Lengths]:
    """The figures of each of `many` groups; `labels` has the number of its group for each complaint."""
    of = labels[found.places]
    wide = of.astype(np.intp)
    sums = np.bincount(wide, found.seconds, minlength=many + 1)
    counts, nth = _by_parts(of, wide, many) if many < FEW else _by_sorting(of, wide, many)
    return [_told(found.seconds, int(counts[group]), sums[group], nth, group) for group in range(many)]


def _by_parts(of: Column, wide: Column, many: int) -> tuple[Column, Nth]:
    """(how many each group has, the finder); changes `wide`."""
    parts, even = -(-len(of) // A_PART), len(of) // A_PART * A_PART
    first = np.arange(parts) * (many + 1)
    wide[:even].reshape(-1, A_PART)[:] += first[: even // A_PART, None]
    wide[even:] += first[even // A_PART :]
    by_part = np.bincount(wide, minlength=parts * (many + 1)).reshape(parts, many + 1)
    until = np.concatenate([np.zeros((many + 1, 1), np.intp), by_part.T.cumsum(axis=1)], axis=1)

    def nth(group: int, rank: int) -> int:
        part = int(np.searchsorted(until[group], rank, "right")) - 1
        begin = part * A_PART
        there = np.flatnonzero(of[begin : begin + A_PART] == group)
        return begin + int(there[rank - int(until[group, part])])

    return until[:, -1], nth


def _by_sorting(of: Column, wide: Column, many: int) -> tuple[Column, Nth]:
    counts = np.bincount(wide, minlength=many + 1)
    starts = np.concatenate(([0], np.cumsum(counts)))
    order = np.argsort(of, kind="stable")
    return counts, lambda group, rank: int(order[int(starts[group]) + rank])


def _told(seconds: Column, n: int, total: float, nth: Nth, group: int) -> Lengths:
    """Quantiles by linear interpolation between neighbours."""
    if not n:
        return Lengths()

    def quantile(share: float) -> float:
        place = share * (n - 1)
        low = float(seconds[nth(group, int(place))])
        if place % 1 == 0:
            return low
        return low + (float(seconds[nth(group, int(place) + 1)]) - low) * (place % 1)

    return Lengths(n, float(total / n), quantile(0.5), quantile(0.9))
