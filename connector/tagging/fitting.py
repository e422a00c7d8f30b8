"""Logistic regression on hashed features, in numpy alone: the same rows in the same order give the same weights.

Called by `training`. One column of weights a value; the values of a facet exclude each other (softmax) or do not
(one yes or no each). Minimised by L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.5), whose steps
depend on nothing but the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MEMORY = 5
MOST_HALVINGS = 12
# How much of the first step is taken: features come together, and what each of them needs alone is too much.
FIRST = 1 / 32
# Rows are multiplied together with others of about their length, so many features at a time (few enough to stay in the
# processor's cache), and longer ones piece by piece: sums of many thousand small numbers lose digits.
GATHERED, PIECE = 8192, 512
# e to this is still a number. A first step that goes too far is taken back, and need not overflow before.
_MOST = 700.0


class _Part(NamedTuple):
    """Rows that are multiplied together: the features of each from the `first` on, `width` of them; `ragged` where some
    have fewer."""

    rows: Ints
    first: int
    width: int
    ragged: bool


class Sparse(msgspec.Struct, frozen=True, eq=False, dict=True):
    """Rows of few features: row n has `columns` and `values` from begins[n] up to begins[n + 1]."""

    begins: Ints
    columns: Ints
    values: Floats
    width: int

    @property
    def size(self) -> int:
        return len(self.begins) - 1

    def rows(self, chosen: Ints) -> Sparse:
        """Some of the rows, in the order given."""
        lengths = self.begins[chosen + 1] - self.begins[chosen]
        begins = np.concatenate([[0], np.cumsum(lengths)])
        at = np.repeat(self.begins[chosen] - begins[:-1], lengths) + np.arange(begins[-1])
        return Sparse(begins, self.columns[at], self.values[at], self.width)

    def times(self, weights: Floats) -> Floats:
        """The matrix product with `weights` (width x values)."""
        out = np.zeros((self.size, weights.shape[1]), dtype=np.float32)
        for part in self._parts:
            at = self.begins.take(part.rows)[:, None] + np.arange(part.first, part.first + part.width)
            if part.ragged:
                # Nothing of the first feature takes the place of what a shorter row has not.
                inside = at < self.begins.take(part.rows + 1)[:, None]
                at *= inside
                values = self.values.take(at) * inside
            else:
                values = self.values.take(at)
            said = np.einsum("mk,mkj->mj", values, weights.take(self.columns.take(at), axis=0), optimize=False)
            if part.first:
                out[part.rows] += said
            else:
                out[part.rows] = said
        return out

    @cached_property
    def _parts(self) -> list[_Part]:
        """What is multiplied together, in turn."""
        lengths = self.begins[1:] - self.begins[:-1]
        order = np.argsort(lengths, kind="stable")
        return list(_parts(order, lengths.take(order)))


def _parts(order: Ints, lengths: Ints) -> Iterator[_Part]:
    """Rows by length, the shortest first, with their lengths: those that are multiplied together."""
    begin = int(np.searchsorted(lengths, 1))
    while begin < len(order):
        # As many as fit if each were as long as the longest of them: guessed by the first, of which none is shorter.
        end = min(len(order), begin + max(1, GATHERED // min(int(lengths[begin]), PIECE)))
        end = min(end, begin + max(1, GATHERED // min(int(lengths[end - 1]), PIECE)))
        for first in range(0, int(lengths[end - 1]), PIECE):
            there = int(np.searchsorted(lengths[begin:end], first, side="right")) + begin
            width = min(int(lengths[end - 1]) - first, PIECE)
            yield _Part(order[there:end], first, width, ragged=int(lengths[there]) - first < width)
        begin = end


def transposed(rows: Sparse) -> Sparse:
    """The same matrix with its features as rows."""
    order = np.argsort(rows.columns, kind="stable")
    owner = np.repeat(np.arange(rows.size), rows.begins[1:] - rows.begins[:-1])
    counts = np.bincount(rows.columns, minlength=rows.width)
    return Sparse(np.concatenate([[0], np.cumsum(counts)]), owner[order], rows.values[order], rows.size)


class Fitted(NamedTuple):
    """What was learnt: features x values, dense features x values, and one number a value."""

    sparse: Floats
    dense: Floats
    bias: Floats


class Group(NamedTuple):
    """The columns of one facet, `first` up to `last`, whose values exclude each other or do not (`several`). `penalty`
    is on the squares of the weights of features, `dense_penalty` on those of phrases, both for each text. Where it has
    not `heard` phrases, and from the feature `reach` on, nothing is learnt: those weights stay zero."""

    first: int
    last: int
    several: bool
    penalty: float
    dense_penalty: float
    heard: bool = True
    reach: int | None = None


def fit(
    rows: Sparse,
    dense: Floats,
    wanted: Floats,
    weights: Floats,
    groups: Sequence[Group],
    *,
    most_steps: int,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> Fitted:
    """Learn all groups at once. `wanted` is texts x columns: 1 where the value is right, nan where that is not known
    (it then teaches nothing). `weights`, texts x groups, says how much each text counts in each."""
    columns = transposed(rows)
    wide, thick, values = rows.width, dense.shape[1], wanted.shape[1]
    known = np.isfinite(wanted).astype(np.float32)
    for number, group in enumerate(groups):
        known[:, group.first : group.last] *= weights[:, number : number + 1]
    target = np.nan_to_num(wanted)
    totals = [max(float(known[:, group.first].sum()), 1e-6) for group in groups]
    shrink = _shrink(groups, wide, thick, values)

    def slope(at: Doubles) -> tuple[float, Doubles]:
        part = at.astype(np.float32)
        sparse = part[: wide * values].reshape(wide, values)
        second = part[wide * values : (wide + thick) * values].reshape(thick, values)
        scores = rows.times(sparse) + _product(dense, second) + part[(wide + thick) * values :]
        error = np.zeros_like(scores)
        loss = 0.0
        for group, total in zip(groups, totals, strict=True):
            own = slice(group.first, group.last)
            rate = _binary if group.several else _softmax
            lost, wrong = rate(scores[:, own], target[:, own], known[:, own])
            loss += lost / total
            error[:, own] = wrong / np.float32(total)
        turned, heard = columns.times(error), _product(dense.T, error)
        for group in groups:
            own = slice(group.first, group.last)
            heard[:, own] *= group.heard
            if group.reach is not None:
                turned[group.reach :, own] = 0
        gradient = np.concatenate([turned.ravel(), heard.ravel(), error.sum(axis=0)])
        return loss + 0.5 * float((shrink * at * at).sum()), gradient + shrink * at

    bends = shrink + _curvature(rows, dense, known, target, totals, groups)
    best = _descend(slope, bends, most_steps, tell).astype(np.float32)
    return Fitted(
        best[: wide * values].reshape(wide, values),
        best[wide * values : (wide + thick) * values].reshape(thick, values),
        best[(wide + thick) * values :],
    )


def _shrink(groups: Sequence[Group], wide: int, thick: int, values: int) -> Doubles:
    sparse, dense = np.zeros(values), np.zeros(values)
    for group in groups:
        sparse[group.first : group.last] = group.penalty
        dense[group.first : group.last] = group.dense_penalty
    return np.concatenate([np.tile(sparse, wide), np.tile(dense, thick), np.full(values, 1e-6)])


def _curvature(
    rows: Sparse, dense: Floats, known: Floats, target: Floats, totals: Sequence[float], groups: Sequence[Group]
) -> Doubles:
    """How much the loss bends along each weight, about: as if each value had its own share of the texts as its chance.
    Common features bend it a thousand times as much as rare ones, and common values more than rare ones."""
    counts = np.maximum(known.sum(axis=0, dtype=np.float64), 1e-6)
    shares = (known * target).sum(axis=0, dtype=np.float64) / counts
    bends = known * (shares * (1 - shares)).astype(np.float32)
    for group, total in zip(groups, totals, strict=True):
        bends[:, group.first : group.last] /= np.float32(total)
    squares = Sparse(rows.begins, rows.columns, rows.values * rows.values, rows.width)
    parts = [transposed(squares).times(bends).ravel(), _product((dense * dense).T, bends).ravel(), bends.sum(axis=0)]
    return np.concatenate(parts).astype(np.float64)


def _product(left: Floats, right: Floats) -> Floats:
    product: Floats = np.einsum("ij,jk->ik", left, right, optimize=False)
    return product


def _softmax(scores: Floats, target: Floats, known: Floats) -> tuple[float, Floats]:
    top = scores.max(axis=1, keepdims=True)
    powers = np.exp((scores - top).astype(np.float64))
    sums = powers.sum(axis=1, keepdims=True)
    chances = powers / sums
    counts = known[:, :1].astype(np.float64)
    logs = (scores - top).astype(np.float64) - np.log(sums)
    return -float((counts * target * logs).sum()), ((chances - target) * counts).astype(np.float32)


def _binary(scores: Floats, target: Floats, known: Floats) -> tuple[float, Floats]:
    wide = scores.astype(np.float64)
    losses = np.logaddexp(0.0, wide) - target * wide
    chances = 1 / (1 + np.exp(np.minimum(-wide, _MOST)))
    return float((known * losses).sum()), ((chances - target) * known).astype(np.float32)


def _descend(
    slope: Callable[[Doubles], tuple[float, Doubles]],
    bends: Doubles,
    most_steps: int,
    tell: Callable[[int, int], None],
) -> Doubles:
    """From zero; `bends` says how far to go along each weight at first."""
    at = np.zeros_like(bends)
    value, gradient = slope(at)
    steps: list[tuple[Doubles, Doubles, float]] = []
    for number in range(most_steps):
        tell(number, most_steps)
        direction = _direction(gradient, steps, bends)
        fall = _dot(gradient, direction)
        if fall >= 0 or -fall < 1e-9:
            break
        length = 1.0 if steps else FIRST
        found: Any = None
        for _ in range(MOST_HALVINGS):
            there = at + length * direction
            new_value, new_gradient = slope(there)
            if new_value <= value + 1e-4 * length * fall:
                found = there, new_value, new_gradient
                break
            length /= 2
        if found is None:
            break
        moved, turned = found[0] - at, found[2] - gradient
        curve = _dot(moved, turned)
        if curve > 1e-12:
            steps = [*steps[-(MEMORY - 1) :], (moved, turned, 1 / curve)]
        gained = value - found[1]
        at, value, gradient = found
        if gained < 1e-6 * max(abs(value), 1e-3):
            break
    return at


def _direction(gradient: Doubles, steps: list[tuple[Doubles, Doubles, float]], bends: Doubles) -> Doubles:
    rest = gradient.copy()
    shares = []
    for moved, turned, inverse in reversed(steps):
        share = inverse * _dot(moved, rest)
        rest -= share * turned
        shares.append(share)
    rest /= bends
    if steps:
        moved, turned, inverse = steps[-1]
        rest *= 1 / (inverse * _dot(turned, turned / bends))
    for (moved, turned, inverse), share in zip(steps, reversed(shares), strict=True):
        rest += (share - inverse * _dot(turned, rest)) * moved
    return -rest


def _dot(left: Doubles, right: Doubles) -> float:
    """Without BLAS, whose sums depend on the processor."""
    return float((left * right).sum())
