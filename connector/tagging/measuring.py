"""How good answers are: F1 for each value and on average, how many can be trusted at a wished precision. Pure.

Called by the commands that train and evaluate, and by the benchmark. An answer is a value with its confidence; `given`
says whether it was sure enough to be given at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

PRECISIONS = (0.90, 0.95)


class Answer(msgspec.Struct, frozen=True):
    """The best value there is for a text (None for none), how sure that is, and whether it would be said."""

    value: str | None
    confidence: float
    given: bool


class Score(msgspec.Struct, frozen=True):
    """One value: of those given how many are right, of those that are right how many were given; `support` texts."""

    precision: float
    recall: float
    f1: float
    support: int


class Measured(msgspec.Struct, frozen=True):
    """What a set of answers is worth. Unless said otherwise every text counts with its best value, sure or not.

    `macro_f1` is the mean over all values that are right or answered somewhere, `coverage` the share of texts whose
    answers reach a precision together, the surest first. `abstained` is the share that would not be answered;
    `answered_macro_f1` and `answered_accuracy` are about the others alone. `micro_f1` is for facets of several values.
    """

    texts: int
    macro_f1: float
    accuracy: float
    coverage: dict[str, float]
    abstained: float
    answered_macro_f1: float
    answered_accuracy: float
    per_class: dict[str, Score]
    micro_f1: float | None = None


def measured(right: Sequence[str], answers: Sequence[Answer]) -> Measured:
    """The measures of answers that exclude each other. Values that are never right and never answered do not count."""
    pairs = [(truth, one.value or "") for truth, one in zip(right, answers, strict=True)]
    given = [(truth, one.value or "") for truth, one in zip(right, answers, strict=True) if one.given]
    scores = _scores(pairs)
    hits = [(one.confidence, one.value == truth) for truth, one in zip(right, answers, strict=True)]
    return Measured(
        texts=len(pairs),
        macro_f1=_mean(scores),
        accuracy=_share(pairs),
        coverage={f"{precision:.2f}": coverage(hits, precision) for precision in PRECISIONS},
        abstained=round(1 - len(given) / len(pairs), 4) if pairs else 0.0,
        answered_macro_f1=_mean(_scores(given)),
        answered_accuracy=_share(given),
        per_class=scores,
    )


def measured_sets(right: Sequence[frozenset[str]], found: Sequence[frozenset[str]]) -> Measured:
    """The measures of answers of which several may hold: each (text, value) counts by itself, "accuracy" is the share
    of texts with exactly the right ones."""
    values = sorted({value for one in (*right, *found) for value in one})
    scores = {value: _score(*_counts(right, found, value)) for value in values}
    true, given, wanted = (sum(_counts(right, found, value)[at] for value in values) for at in range(3))
    exact = _ratio(sum(one == other for one, other in zip(right, found, strict=True)), len(right))
    return Measured(
        texts=len(right),
        macro_f1=_mean(scores),
        accuracy=exact,
        coverage={},
        abstained=0.0,
        answered_macro_f1=_mean(scores),
        answered_accuracy=exact,
        per_class=scores,
        micro_f1=_score(true, given, wanted).f1,
    )


def coverage(hits: Sequence[tuple[float, bool]], precision: float) -> float:
    """The largest share of (confidence, right) that, taken from the surest on, is right at least that often."""
    best, right = 0, 0
    for number, (_, hit) in enumerate(sorted(hits, key=lambda one: -one[0]), 1):
        right += hit
        if right >= precision * number:
            best = number
    return _ratio(best, len(hits))


def _scores(pairs: Sequence[tuple[str, str]]) -> dict[str, Score]:
    true = Counter(truth for truth, said in pairs if truth == said)
    wanted = Counter(truth for truth, _ in pairs)
    given = Counter(said for _, said in pairs)
    return {value: _score(true[value], given[value], wanted[value]) for value in sorted(wanted | given) if value}


def _counts(right: Sequence[frozenset[str]], found: Sequence[frozenset[str]], value: str) -> tuple[int, int, int]:
    return (
        sum(value in one and value in other for one, other in zip(right, found, strict=True)),
        sum(value in one for one in found),
        sum(value in one for one in right),
    )


def _score(true: int, given: int, wanted: int) -> Score:
    f1 = _ratio(2 * true, given + wanted)
    return Score(_ratio(true, given), _ratio(true, wanted), f1, wanted)


def _mean(scores: dict[str, Score]) -> float:
    return round(sum(one.f1 for one in scores.values()) / len(scores), 4) if scores else 0.0


def _share(pairs: Sequence[tuple[str, str]]) -> float:
    return _ratio(sum(truth == said for truth, said in pairs), len(pairs))


def _ratio(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
