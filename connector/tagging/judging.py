"""How sure a model may be of each answer: temperatures and limits, by texts that it has not learnt from.

Called by `training`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from connector.tagging.fitting import Floats, Ints
from connector.tagging.heads import Head, chances
from connector.tagging.labelled import Task

# How many texts have a value before its limit can be found with them.
ENOUGH = 30


class Wish(msgspec.Struct, frozen=True):
    """How a facet's limits are to be set: see `training.learn`."""

    reach: float
    falsely: tuple[str, float] | None


class Held(msgspec.Struct, frozen=True, eq=False):
    """What folds said of examples that they had not learnt from: their numbers, what is right (examples x values), the
    calibrated chances, and the temperature and limits found with them."""

    chosen: Ints
    right: Floats
    chances: Floats
    temperature: float
    least: tuple[float, ...]


def held_of(task: Task, wanted: Floats, parts: Sequence[tuple[Ints, Floats]], wish: Wish) -> Held:
    if not parts:
        none = np.zeros((0, len(task.values)), dtype=np.float32)
        return Held(np.zeros(0, dtype=np.int64), none, none, 1.0, (0.5,) * len(task.values))
    chosen = np.concatenate([numbers for numbers, _ in parts])
    scores = np.concatenate([said for _, said in parts])
    order = np.argsort(chosen, kind="stable")
    order = order[np.isfinite(wanted[chosen[order], 0])]
    chosen, scores = chosen[order], scores[order]
    right = wanted[chosen]
    temperature = _temperature(scores, right, several=task.several)
    head = Head(task.facet, task.values, 0, task.several, temperature, (0.5,) * len(task.values))
    shares = chances(head, scores)
    return Held(chosen, right, shares, temperature, least_of(task, shares, right, wish))


def _temperature(scores: Floats, right: Floats, *, several: bool) -> float:
    """The divisor under which the chances fit what happened best, out of a fixed row of them."""
    best, found = np.inf, 1.0
    for tried in np.geomspace(0.25, 4.0, 33):
        own = scores.astype(np.float64) / tried
        if several:
            loss = float((np.logaddexp(0.0, own) - right * own).sum())
        else:
            top = own.max(axis=1, keepdims=True)
            loss = -float((right * (own - top - np.log(np.exp(own - top).sum(axis=1, keepdims=True)))).sum())
        if loss < best - 1e-9:
            best, found = loss, float(round(tried, 4))
    return found


def least_of(task: Task, shares: Floats, right: Floats, wish: Wish) -> tuple[float, ...]:
    """Of one answer: the chance below which more are wrong than right, or where a `reach` is wished, the one that so
    many texts have. Of several: what balances missing with inventing (the best F1) for each value, and for all together
    where a value has too few texts to tell."""
    if task.several:
        common = _best_limit(shares.ravel(), right.ravel())
        return tuple(
            _best_limit(shares[:, column], right[:, column]) if right[:, column].sum() >= ENOUGH else common
            for column in range(len(task.values))
        )
    limit = 0.5 if len(task.values) > 2 else 0.6
    if wish.reach and len(shares):
        limit = float(np.quantile(shares.max(axis=1), 1 - wish.reach))
    limits = dict.fromkeys(task.values, round(limit, 4))
    if wish.falsely is not None and len(shares):
        value, share = wish.falsely
        column = task.values.index(value)
        without = shares[right[:, column] == 0, column]
        limits[value] = max(limits[value], round(float(np.quantile(without, 1 - share)), 4))
    return tuple(limits.values())


def _best_limit(shares: Floats, right: Floats) -> float:
    best, found = -1.0, 0.5
    for limit in np.arange(0.2, 0.96, 0.05):
        given = shares >= limit
        true = float((given & (right > 0)).sum())
        score = 2 * true / max(float(given.sum()) + float(right.sum()), 1.0)
        if score > best + 1e-9:
            best, found = score, float(round(limit, 2))
    return found
