"""Answers that take counsel with each other: what a message says of one facet tells something of the others.

Called by `training` (to learn it) and by `heads` (to hear it). A message that is calm, asks for nothing and names no
fault is hardly an emergency, whatever words stand in it. So the scores of all facets together are looked at a second
time (stacked generalization: Wolpert 1992), by what was learnt from messages of strangers, whom the first look has not
learnt from. Where it is no matter which value holds but whether any does, that is asked as a question of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from connector.tagging.fitting import Floats, Group, Sparse, fit

STEPS = 300
# How far a weight is drawn back to nothing, for the sum of what all messages lose.
PENALTY = 100.0
# A facet's own scores are made this much louder, so that they are drawn back so much less; of the question whether any
# of its values holds, the first answer.
OWN, FIRST_ANSWER = 5.0, 3.0
_LEAST_SPREAD = 1e-6
# Beyond it a chance is as good as certain.
_SURE = np.float32(40)


class Counsel(msgspec.Struct, frozen=True, eq=False):
    """What was learnt: all columns x those of answers (the first ones), and a number an answer; and for each facet in
    `wholes`, of whose values any may be asked for, a weight for each column, then one for the first answer, then a
    number."""

    weights: Floats
    bias: Floats
    wholes: tuple[str, ...]
    whole_weights: Floats

    def heard(self, own: Floats) -> Floats:
        """The scores of the answers after a second look, from calibrated ones of all columns."""
        found: Floats = np.einsum("ij,jk->ik", own, self.weights, optimize=False) + self.bias
        return found

    def any_of(self, number: int, own: Floats, first: int, last: int) -> Floats:
        """The chance, for each text, that any value of the facet that is the `number`-th of `wholes` holds; its columns
        are `first` up to `last`."""
        weights = self.whole_weights[number]
        said = np.einsum("ij,j->i", own, weights[:-2], optimize=False)
        said += first_answer(own[:, first:last]) * weights[-2] + weights[-1]
        found: Floats = 1 / (1 + np.exp(-np.clip(said, -_SURE, _SURE)))
        return found


def first_answer(own: Floats) -> Floats:
    """How likely any of some values holds, if none knew of the others: the logarithm of the odds, a number a text."""
    none = np.log1p(np.exp(np.clip(own, -_SURE, _SURE))).sum(axis=1)
    odds: Floats = np.log(np.expm1(np.minimum(none, _SURE)))
    return odds


def shared(chances: Floats, any_of: Floats) -> Floats:
    """The chances of a facet's values where that of any is known: the likeliest has it, the others their part of it."""
    found: Floats = chances * (any_of / np.maximum(chances.max(axis=1), np.float32(1e-9)))[:, None]
    return found


class Part(NamedTuple):
    """A facet's columns, and whether its values do not exclude each other."""

    facet: str
    first: int
    last: int
    several: bool


class Counselled(NamedTuple):
    """Which facets are looked at a second time, with the scores of all but those in `but`; in `wholes` those of which
    it is asked as well whether any value holds. Of the judges, the last `teachers` only teach this: they say nothing of
    how sure answers may be."""

    facets: tuple[str, ...]
    wholes: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    teachers: int = 0


def learnt(own: Floats, wanted: Floats, parts: Sequence[Part], counselled: Counselled) -> Counsel:
    """From calibrated scores of messages that they were not learnt from, and what is right (`training._wanted`). The
    columns after those of `parts` are of no answer, and heard as well. Of a value that none of the messages has nothing
    can be learnt: its scores stay as they are, and so do those that it excludes."""
    width, answers = own.shape[1], parts[-1].last
    listed = [np.arange(one.first, one.last) for one in parts if one.facet not in counselled.but]
    heard = np.concatenate([*listed, np.arange(answers, width)])
    weights, bias = np.eye(width, answers, dtype=np.float32), np.zeros(answers, dtype=np.float32)
    named: list[str] = []
    wholes: list[Floats] = []
    for one in parts:
        if one.facet not in counselled.facets:
            continue
        known = np.isfinite(wanted[:, one.first])
        theirs, right = own[known], wanted[known, one.first : one.last]
        met = np.flatnonzero(right.any(axis=0))
        if not len(met) or (len(met) < one.last - one.first and not one.several):
            continue
        middle, spread = _spread(theirs)
        even = (theirs - middle) / spread
        columns = one.first + met
        looked = np.concatenate([even[:, heard], even[:, columns] * np.float32(OWN)], axis=1)
        found, base = _fitted(looked, right[:, met], several=one.several)
        plain = np.zeros((width, len(met)), dtype=np.float32)
        plain[heard] = found[: len(heard)]
        plain[columns] += found[len(heard) :] * np.float32(OWN)
        weights[:, columns] = plain / spread[:, None]
        bias[columns] = base - np.einsum("j,jk->k", middle / spread, plain, optimize=False)
        if one.facet in counselled.wholes:
            odds = first_answer(theirs[:, one.first : one.last])[:, None]
            at, by = _spread(odds)
            looked = np.concatenate([even[:, heard], (odds - at) / by * np.float32(FIRST_ANSWER)], axis=1)
            found, base = _fitted(looked, right.max(axis=1, keepdims=True), several=True)
            row = np.zeros(width + 2, dtype=np.float32)
            row[heard] = found[:-1, 0] / spread[heard]
            row[-2] = found[-1, 0] * np.float32(FIRST_ANSWER) / by[0]
            row[-1] = base[0] - float((row[:-2] * middle).sum()) - row[-2] * at[0]
            named.append(one.facet)
            wholes.append(row)
    return Counsel(weights, bias, tuple(named), np.array(wholes, dtype=np.float32).reshape(len(named), width + 2))


def _spread(numbers: Floats) -> tuple[Floats, Floats]:
    """Of each column the mean and the deviation, which is 1 where all are alike."""
    spread = numbers.std(axis=0, dtype=np.float64)
    even: Any = np.where(spread < _LEAST_SPREAD, 1.0, spread)
    return numbers.mean(axis=0, dtype=np.float64).astype(np.float32), even.astype(np.float32)


def _fitted(looked: Floats, right: Floats, *, several: bool) -> tuple[Floats, Floats]:
    count = max(len(looked), 1)
    empty = np.zeros(0, dtype=np.int64)
    nothing = Sparse(np.zeros(len(looked) + 1, dtype=np.int64), empty, np.zeros(0, dtype=np.float32), 0)
    group = Group(0, right.shape[1], several, 0.0, PENALTY / count)
    ones = np.ones((len(looked), 1), dtype=np.float32)
    found = fit(nothing, looked, right, ones, [group], most_steps=STEPS)
    return found.dense, found.bias
