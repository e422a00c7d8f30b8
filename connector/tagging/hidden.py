"""Units between features and values: what comes together in a message can mean more than each of it does alone.

Called by `training` for the facets of the shipped model that strangers tell between the lines. Each unit adds up the
weights of a text's features and is silent below zero (rectified); a value adds up what the units say. Learnt in small
batches by Adam (Kingma and Ba, 2015) while most features of each text are left out (dropout: Srivastava and others,
2014). Chance is drawn from a fixed number and sums keep their order, so the same texts give the same units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from connector.tagging.fitting import Floats, Group, Ints, Sparse

SEED = 20_261_130
BATCH = 256
RATE = 0.002
LEFT_OUT = 0.7
# How much of the last slopes, and of the last squares of slopes, each step remembers.
SLOPES, SQUARES = 0.9, 0.999
FIRST_LOUDNESS = 0.1
_TINY = 1e-8


class Units(NamedTuple):
    """What was learnt: features x units, a number a unit, units x values, and a number a value."""

    sparse: Floats
    bias: Floats
    values: Floats
    of_values: Floats


class Layered(NamedTuple):
    """How a layer is to be learnt: so many units, in so many rounds through the examples, for these `facets`."""

    facets: tuple[str, ...]
    units: int
    rounds: int


def spoken(units: Units, heard: Floats) -> Floats:
    """What the values get of what the units heard (texts x units): texts x values."""
    loud = np.maximum(heard + units.bias, np.float32(0))
    said: Floats = np.einsum("ij,jk->ik", loud, units.values, optimize=False) + units.of_values
    return said


def learnt(
    rows: Sparse,
    wanted: Floats,
    weights: Floats,
    groups: Sequence[tuple[int, Group]],
    layered: Layered,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> Units:
    """Units for the values of some groups together, each with its number among the columns of `weights`. `wanted` and
    `weights` are as `fitting.fit` takes them; columns of no group stay as they began."""
    chance = np.random.Generator(np.random.PCG64(SEED))
    width = wanted.shape[1]
    found = Units(
        # Units differ by what they are to the values; a rare feature keeps the nothing that it knows.
        np.zeros((rows.width, layered.units), dtype=np.float32),
        np.full(layered.units, FIRST_LOUDNESS, dtype=np.float32),
        (chance.uniform(-1, 1, (layered.units, width)) * np.sqrt(6 / (layered.units + width))).astype(np.float32),
        np.zeros(width, dtype=np.float32),
    )
    steps = [_Step(part) for part in found]
    known, target = np.isfinite(wanted), np.nan_to_num(wanted)
    done = 0
    for turn in range(layered.rounds):
        order = chance.permutation(rows.size)
        for first in range(0, rows.size, BATCH):
            some = order[first : first + BATCH]
            done += 1
            part = _thinned(rows.rows(some), chance)
            owners = np.repeat(np.arange(part.size), np.diff(part.begins))
            heard = np.zeros((part.size, layered.units), dtype=np.float32)
            spoke = np.flatnonzero(np.diff(part.begins))
            if len(spoke):
                weighed = found.sparse.take(part.columns, axis=0) * part.values[:, None]
                heard[spoke] = np.add.reduceat(weighed, part.begins[:-1][spoke], axis=0)
            heard += found.bias
            loud = np.maximum(heard, np.float32(0))
            said = np.einsum("ij,jk->ik", loud, found.values, optimize=False) + found.of_values
            error = _error(said, target[some], known[some], weights[some], groups)
            back = np.einsum("ik,jk->ij", error, found.values, optimize=False) * (heard > 0)
            steps[2].take(found.values, np.einsum("ij,ik->jk", loud, error, optimize=False), done)
            steps[3].take(found.of_values, error.sum(axis=0), done)
            steps[1].take(found.bias, back.sum(axis=0), done)
            if len(part.columns):
                columns, slopes = _by_column(part.columns, back.take(owners, axis=0) * part.values[:, None])
                steps[0].take(found.sparse, slopes, done, columns)
        tell(turn + 1, layered.rounds)
    return found


class _Step:
    """Adam's memory of one array, which it changes in place."""

    def __init__(self, array: Floats) -> None:
        self._slopes, self._squares = np.zeros_like(array), np.zeros_like(array)

    def take(self, array: Floats, slope: Floats, number: int, rows: Ints | None = None) -> None:
        """The `number`-th step, of these rows alone where some are named."""
        at: Any = slice(None) if rows is None else rows
        slopes = np.float32(SLOPES) * self._slopes[at] + np.float32(1 - SLOPES) * slope
        squares = np.float32(SQUARES) * self._squares[at] + np.float32(1 - SQUARES) * slope * slope
        self._slopes[at], self._squares[at] = slopes, squares
        size = np.sqrt(squares / np.float32(1 - SQUARES**number)) + np.float32(_TINY)
        array[at] -= np.float32(RATE) * (slopes / np.float32(1 - SLOPES**number)) / size


def _thinned(rows: Sparse, chance: np.random.Generator) -> Sparse:
    """The rows without most of their features; what is left counts for those as well."""
    kept = chance.random(len(rows.columns), dtype=np.float32) >= LEFT_OUT
    begins = np.concatenate([[0], np.cumsum(kept)])[rows.begins]
    return Sparse(begins, rows.columns[kept], rows.values[kept] / np.float32(1 - LEFT_OUT), rows.width)


def _error(
    said: Floats, target: Floats, known: npt.NDArray[np.bool_], weights: Floats, groups: Sequence[tuple[int, Group]]
) -> Floats:
    """The slope of the loss in each score, a text's share of its batch."""
    error = np.zeros_like(said)
    for number, group in groups:
        own = slice(group.first, group.last)
        if group.several:
            chances = 1 / (1 + np.exp(-said[:, own]))
        else:
            powers = np.exp(said[:, own] - said[:, own].max(axis=1, keepdims=True))
            chances = powers / powers.sum(axis=1, keepdims=True)
        counts = weights[:, number] * known[:, group.first]
        error[:, own] = (chances - target[:, own]) * counts[:, None]
    return error / np.float32(len(said))


def _by_column(columns: Ints, slopes: Floats) -> tuple[Ints, Floats]:
    """The sums of what is of one column, in the order of the columns."""
    order = np.argsort(columns, kind="stable")
    sorted_columns = columns[order]
    begins = np.flatnonzero(np.concatenate([[True], sorted_columns[1:] != sorted_columns[:-1]]))
    return sorted_columns[begins], np.add.reduceat(slopes[order], begins, axis=0)
