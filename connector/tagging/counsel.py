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

from connector.tagging.fitting import Floats, Group, Ints, Sparse, fit

STEPS = 300
# How far a weight is drawn back to nothing, for the sum of what all messages lose.
PENALTY = 100.0
# A facet's own scores are made this much louder, so that they are drawn back so much less; and for the question whether
# any of its values holds, the score of the likeliest.
OWN, LIKELIEST = 5.0, 3.0
_LEAST_SPREAD = 1e-6
# What a message is like raises no value of which its words say next to nothing: angry people whose kettle leaks are in
# no danger. Below this first chance (and its odds) a value gets no more than that, whatever the other answers say.
# Found with the messages that may be looked at, and with complaints of real people, of whom few have an emergency.
UNSPOKEN = np.float32(0.08)
_UNSPOKEN_ODDS = np.log(UNSPOKEN / (1 - UNSPOKEN))
# Beyond it a chance is as good as certain.
_SURE = np.float32(40)
_LEAST, _ONE = np.float32(1e-9), np.float32(1)
_NONE = np.zeros(0, dtype=np.int64)


class Counsel(msgspec.Struct, frozen=True, eq=False):
    """What was learnt: for each column of a model a weight for each answer (whose columns are the first ones) and then
    for each facet in `wholes`, of whose values any may be asked for; a number for each of these; and for each of
    `wholes` what the score of its likeliest value counts besides."""

    weights: Floats
    bias: Floats
    wholes: tuple[str, ...]
    likeliest: Floats

    @property
    def answers(self) -> int:
        """How many columns are of answers."""
        return len(self.bias) - len(self.wholes)

    def said(self, own: Floats) -> Floats:
        """The scores after a second look (texts x answers and wholes), from those of all columns; those of answers are
        calibrated."""
        found: Floats = np.einsum("ij,jk->ik", own, self.weights, optimize=False)
        found += self.bias
        return found

    def shared(self, number: int, chances: Floats, said: Floats, own: Floats) -> Floats:
        """The chances of the values of the `number`-th of `wholes`, where the likeliest has the chance that any of them
        holds, and the others at most their part of it; what words hardly speak for gets no more than `UNSPOKEN`. `said`
        is all that was said, `own` what these values had at first; all are texts x these values or columns."""
        odds = own.max(axis=1) * self.likeliest[number]
        odds += said[:, self.answers + number]
        any_of = 1 / (1 + np.exp(np.minimum(-odds, _SURE)))
        top = chances.max(axis=1)
        part = np.minimum(any_of / np.maximum(top, _LEAST), _ONE)
        shared = np.where(chances >= top[:, None], any_of[:, None], chances * part[:, None])
        found: Floats = np.where(own >= _UNSPOKEN_ODDS, shared, np.minimum(shared, UNSPOKEN))
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
    """From scores of messages that they were not learnt from (texts x all columns, those of answers calibrated), and
    what is right (texts x values: 1, 0, or nan where it is not known). The columns after those of `parts` are of no
    answer, and heard as well. Of a value that none of the messages has nothing can be learnt: see `met`."""
    width, answers = own.shape[1], parts[-1].last
    listed = [np.arange(one.first, one.last) for one in parts if one.facet not in counselled.but]
    heard = np.concatenate([*listed, np.arange(answers, width)])
    weights, bias = np.eye(width, answers, dtype=np.float32), np.zeros(answers, dtype=np.float32)
    wholes: dict[str, tuple[Floats, Floats, Floats]] = {}
    for one in parts:
        if one.facet not in counselled.facets:
            continue
        known = np.isfinite(wanted[:, one.first])
        theirs, right = own[known], wanted[known, one.first : one.last]
        chosen = met(right, several=one.several)
        if not len(chosen):
            continue
        columns = one.first + chosen
        look = _Look(theirs, heard, theirs[:, columns], OWN)
        plain, loud, base = look.learnt(right[:, chosen], several=one.several)
        weights[:, columns], bias[columns] = plain, base
        weights[columns[:, None], columns] += loud
        if one.facet in counselled.wholes:
            look = _Look(theirs, heard, theirs[:, one.first : one.last].max(axis=1, keepdims=True), LIKELIEST)
            plain, loud, base = look.learnt(right.max(axis=1, keepdims=True), several=True)
            wholes[one.facet] = plain, base, loud[0]
    return Counsel(
        np.concatenate([weights, *(plain for plain, _, _ in wholes.values())], axis=1),
        np.concatenate([bias, *(base for _, base, _ in wholes.values())]),
        tuple(wholes),
        np.concatenate([np.zeros(0, dtype=np.float32), *(loud for _, _, loud in wholes.values())]),
    )


def met(right: Floats, *, several: bool) -> Ints:
    """Which values of a facet can be learnt of, from what is right of the messages of which that is known: those that
    some message has; of values that exclude each other all or none. The scores of the others stay as they are."""
    found = np.flatnonzero(right.any(axis=0))
    return found if several or len(found) == right.shape[1] else found[:0]


class _Look:
    """Scores as they are looked at: those of the columns `heard`, and some louder ones, all brought to one spread."""

    def __init__(self, own: Floats, heard: Ints, louder: Floats, times: float) -> None:
        self._width, self._heard = own.shape[1], heard
        looked = np.concatenate([own[:, heard], louder], axis=1)
        self._middle, spread = _spread(looked)
        self._factor = np.float32(1) / spread
        self._factor[len(heard) :] *= np.float32(times)
        self._scores = (looked - self._middle) * self._factor

    def learnt(self, right: Floats, *, several: bool) -> tuple[Floats, Floats, Floats]:
        """For each value of what is `right`: weights of all columns, of the louder ones besides, and a number."""
        count = len(right)
        nothing = Sparse(np.zeros(count + 1, dtype=np.int64), _NONE, np.zeros(0, dtype=np.float32), 0)
        group = Group(0, right.shape[1], several, 0.0, PENALTY / count)
        ones = np.ones((count, 1), dtype=np.float32)
        found = fit(nothing, self._scores, right, ones, [group], most_steps=STEPS)
        weights = found.dense * self._factor[:, None]
        plain = np.zeros((self._width, right.shape[1]), dtype=np.float32)
        plain[self._heard] = weights[: len(self._heard)]
        base: Floats = found.bias - np.einsum("j,jk->k", self._middle, weights, optimize=False)
        return plain, weights[len(self._heard) :], base


def _spread(numbers: Floats) -> tuple[Floats, Floats]:
    """Of each column the mean and the deviation, which is 1 where all are alike."""
    spread = numbers.std(axis=0, dtype=np.float64)
    even: Any = np.where(spread < _LEAST_SPREAD, 1.0, spread)
    return numbers.mean(axis=0, dtype=np.float64).astype(np.float32), even.astype(np.float32)
