"""A trained model: for each facet one linear head over the same hashed features, with what phrases say beside them.

Called by `tagger` (to score), `training` (to make one) and `model_file` (to keep one). A score is the sum of a text's
features' weights, the words, the runs and the themes each brought to length one, plus a weight for each (facet, value)
that phrases speak for, plus the value's own number. The values of the last facets may be heard through a layer of units
instead (`hidden`): features speak to units, and units to these values. In the end the answers may take counsel with
each other (`counsel`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from connector.tagging.book import LANGUAGE
from connector.tagging.counsel import Counsel
from connector.tagging.extras import PLAIN, Terms
from connector.tagging.fitting import Floats, Ints
from connector.tagging.grams import BUCKETS, THEME_WEIGHT, Grams, Places

Bytes = npt.NDArray[np.int8]
_Number = TypeVar("_Number", np.int64, np.float32)
_MOST = np.float32(80)
_NOTHING = np.float32(0)
_LEAST_LENGTH = 1e-9
# So many weights of eight bits never add up to more than sixteen bits hold, in which numpy adds a third faster.
_FEW = 255


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What decides one facet. Its values are columns `first` to `first + len(values)` of the model's weights.

    `several` says that its values do not exclude each other. Scores are divided by `temperature` before they become
    chances, so that of the answers given with 0.8 about four in five are right. `least` is the chance below which a
    value is not given. `trained` counts the examples of each value.
    """

    facet: str
    values: tuple[str, ...]
    first: int
    several: bool
    temperature: float
    least: tuple[float, ...]
    trained: tuple[int, ...] = ()


class Arrays(msgspec.Struct, frozen=True, eq=False):
    """The numbers of a model. `buckets` are the features known, ascending; row n of `weights` belongs to the n-th, and
    each of its columns is to be multiplied by its scale: a model that was read from a file has eight bits a weight.
    `dense` and `bias` have a column for each value, the heads' and after them those that only counsel hears; so has
    `weights`, but for those of a layer, in whose place it has the layer's units."""

    buckets: npt.NDArray[np.int32]
    idf: Floats
    weights: Floats | Bytes
    scales: Floats
    dense: Floats
    bias: Floats


# Of a model that is asked for nothing but the chances that scores come to.
_EMPTY = np.zeros(0, dtype=np.float32)
NOTHING = Arrays(np.zeros(0, dtype=np.int32), _EMPTY, _EMPTY[:, None], _EMPTY, _EMPTY[:, None], _EMPTY)


class Layer(msgspec.Struct, frozen=True, eq=False):
    """Units between features and the values of the last heads: a number a unit, and units x values."""

    bias: Floats
    values: Floats

    def loud(self, heard: Floats) -> Floats:
        """How loud each unit is: texts x units."""
        found: Floats = np.maximum(heard + self.bias, _NOTHING)
        return found


class Sparse(NamedTuple):
    """What features say: texts x the columns of a model's weights; and how many of each text's features of the first
    kind (words and pairs of words) were seen in training."""

    scores: Floats
    known: Ints


class Model(msgspec.Struct, frozen=True, eq=False, dict=True):
    """Heads that were trained together. `pairs` are the (facet, value) whose phrases they hear, in order. What another
    method than the plain one adds is in `terms` (accurate), or in as many more rows of `dense` as a sentence has
    numbers (multilingual)."""

    version: str
    heads: tuple[Head, ...]
    pairs: tuple[tuple[str, str], ...]
    arrays: Arrays
    method: str = PLAIN
    terms: Terms | None = None
    layer: Layer | None = None
    counsel: Counsel | None = None

    def hears_hints(self, facet: str) -> frozenset[str]:
        """The languages in which what phrases only hint at is left to this model: those that it was taught, where of
        that facet it is asked in counsel whether any value holds."""
        language = self.head(LANGUAGE)
        asked = self.counsel is not None and facet in self.counsel.wholes
        return frozenset(language.values) if asked and language is not None else frozenset()

    @property
    def direct(self) -> int:
        """How many of the values, the first ones, features speak to without a layer between."""
        return len(self.arrays.bias) - (self.layer.values.shape[1] if self.layer is not None else 0)

    @cached_property
    def _row_of(self) -> npt.NDArray[np.int32]:
        """Bucket → row, -1 for the unknown."""
        rows = np.full(BUCKETS, -1, dtype=np.int32)
        rows[self.arrays.buckets] = np.arange(len(self.arrays.buckets), dtype=np.int32)
        return rows

    @cached_property
    def _columns(self) -> tuple[Floats, npt.NDArray[np.bool_], Ints, Ints]:
        """For each column its temperature; for each of a head whether it stands for itself, and its head; and where
        heads begin."""
        lengths = [len(head.values) for head in self.heads]
        temperatures = np.repeat(np.array([head.temperature for head in self.heads], dtype=np.float32), lengths)
        aside = len(self.counsel.weights) - len(temperatures) if self.counsel is not None else 0
        alone = np.repeat(np.array([head.several for head in self.heads], dtype=np.bool_), lengths)
        return (
            np.concatenate([temperatures, np.ones(aside, dtype=np.float32)]),
            alone,
            np.repeat(np.arange(len(self.heads)), lengths),
            np.array([head.first for head in self.heads], dtype=np.int64),
        )

    def chances(self, scores: Floats) -> Floats:
        """Calibrated chances of all heads' values, from the scores of all columns: texts x the heads' columns."""
        temperatures, alone, head_of, firsts = self._columns
        at_first = own = said = scores / temperatures
        if self.counsel is not None:
            said = self.counsel.said(at_first)
            own = said[:, : self.counsel.answers]
        tops = np.maximum.reduceat(own, firsts, axis=1).take(head_of, axis=1)
        powers = np.exp(np.where(alone, np.minimum(-own, _MOST), own - tops))
        sums = np.add.reduceat(powers, firsts, axis=1).take(head_of, axis=1)
        found: Floats = np.where(alone, 1 / (1 + powers), powers / sums)
        if self.counsel is not None:
            for number, part in enumerate(self._wholes):
                found[:, part] = self.counsel.shared(number, found[:, part], said, at_first[:, part])
        return found

    @cached_property
    def _wholes(self) -> tuple[slice, ...]:
        """The columns of the facets of which it is asked whether any value holds."""
        if self.counsel is None:
            return ()
        spans = {head.facet: slice(head.first, head.first + len(head.values)) for head in self.heads}
        return tuple(spans[facet] for facet in self.counsel.wholes)

    def any_of(self, found: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Whether any value of each head is among those found: texts x heads, from texts x columns."""
        some: npt.NDArray[np.bool_] = np.logical_or.reduceat(found, self._columns[3], axis=1)
        return some

    def head(self, facet: str) -> Head | None:
        """The head of that facet, if it has one."""
        return next((head for head in self.heads if head.facet == facet), None)

    def sparse_scores(self, features: Grams) -> Sparse:
        """What words and runs alone say."""
        return self._said((features.words, features.runs), features.size)

    def theme_scores(self, features: Grams) -> Floats:
        """What the themes add to that: texts x the columns of the weights."""
        scores: Floats = self._said((features.themes,), features.size).scores * np.float32(THEME_WEIGHT)
        return scores

    def loud(self, sparse: Floats) -> Floats | None:
        """How loud each unit of the layer is, from the same; None where there is no layer."""
        return self.layer.loud(sparse[:, self.direct :]) if self.layer is not None else None

    def scores(self, sparse: Floats, strengths: Floats | None, loud: Floats | None = None) -> Floats:
        """Texts x all values, from `sparse_scores` (and `theme_scores`) and `strengths` (texts x pairs): how strongly
        phrases speak for each pair (0 to 1; None where none does), and the vectors of the texts where the method has
        them; and what `loud` said of the same where the model has a layer."""
        if self.layer is not None and loud is not None:
            deep = np.einsum("ij,jk->ik", loud, self.layer.values, optimize=False)
            sparse = np.concatenate([sparse[:, : self.direct], deep], axis=1)
        if strengths is not None:
            sparse = sparse + np.einsum("ij,jk->ik", strengths, self.arrays.dense, optimize=False)
        total: Floats = sparse + self.arrays.bias
        return total

    def _said(self, kinds: Sequence[Places], count: int) -> Sparse:
        """The scores of features of some kinds, each kind of a text brought to length one."""
        if not len(self.arrays.buckets):  # whoever learnt from next to nothing knows no feature
            width = self.arrays.weights.shape[1]
            return Sparse(np.zeros((count, width), dtype=np.float32), np.zeros(count, dtype=np.int64))
        if count == 1:
            return self._said_of_one(kinds)
        # One stretch of features for each kind and text, all looked up together.
        rows = self._row_of.take(_joined([kind.buckets for kind in kinds]))
        seen = (rows >= 0).nonzero()[0]
        rows = rows.take(seen)
        size = len(kinds) * count
        stretches = _joined(
            [kind.texts + number * count if number else kind.texts for number, kind in enumerate(kinds)]
        )
        stretches = stretches.take(seen)
        lengths = np.sqrt(np.bincount(stretches, weights=np.square(self.arrays.idf.take(rows)), minlength=size))
        begins = stretches.searchsorted(np.arange(size + 1))
        weights = self.arrays.weights
        kind = _narrow(weights)
        few = np.zeros((size, weights.shape[1]), dtype=kind)
        many = []
        # Stretch after stretch, for numpy adds up many at once (reduceat) in twice the time.
        for number, (first, last) in enumerate(pairwise(begins.tolist())):
            if last - first > _FEW:
                many.append((number, first, last))
            elif first < last:
                np.add.reduce(weights.take(rows[first:last], axis=0), axis=0, dtype=kind, out=few[number])
        sums: Floats = few.astype(np.float32)
        for number, first, last in many:
            np.add.reduce(weights.take(rows[first:last], axis=0), axis=0, dtype=np.float32, out=sums[number])
        known = begins[1:] - begins[:-1]
        factors = (known > 0) / np.maximum(lengths, _LEAST_LENGTH)
        sums *= factors.astype(np.float32)[:, None]
        total: Floats = sums[:count]
        for number in range(1, len(kinds)):
            total += sums[number * count : (number + 1) * count]
        total *= self.arrays.scales
        return Sparse(total, known[:count])

    def _said_of_one(self, kinds: Sequence[Places]) -> Sparse:
        """The same of a single text, to the last bit, with half of the calls."""
        weights = self.arrays.weights
        total: Floats = np.zeros((1, weights.shape[1]), dtype=np.float32)
        counts = []
        for kind in kinds:
            rows = self._row_of.take(kind.buckets)
            rows = rows[rows >= 0]
            counts.append(len(rows))
            if counts[-1]:
                length = math.sqrt(np.square(self.arrays.idf.take(rows)).cumsum(dtype=np.float64)[-1])
                width = _narrow(weights) if counts[-1] <= _FEW else np.dtype(np.float32)
                said = np.add.reduce(weights.take(rows, axis=0), axis=0, dtype=width)
                total += said * np.float32(1 / max(length, _LEAST_LENGTH))
        total *= self.arrays.scales
        return Sparse(total, np.array(counts[:1]))

    def rows_of(self, buckets: Ints) -> npt.NDArray[np.int32]:
        """The row of each feature, -1 for the unknown."""
        return self._row_of.take(buckets)

    def weights_of(
        self, rows: npt.NDArray[np.int32], owners: Ints, columns: Ints, loud: Floats | None = None
    ) -> Floats:
        """What each of these rows adds to the value that is asked for, columns[owners[n]] for the n-th; 0 for an
        unknown one. A value behind a layer gets it through the units that were loud in that text: `loud` has a row for
        each of `columns`."""
        if not len(self.arrays.buckets):
            return np.zeros(len(rows), dtype=np.float32)
        known = rows >= 0
        if self.layer is None or loud is None or not len(deep := (columns >= self.direct).nonzero()[0]):
            return self._alone(rows, columns.take(owners)) * known
        found = np.zeros(len(rows), dtype=np.float32)
        is_deep = (columns >= self.direct).take(owners)
        plain, through = (~is_deep & known).nonzero()[0], (is_deep & known).nonzero()[0]
        found[plain] = self._alone(rows.take(plain), columns.take(owners.take(plain)))
        towards = np.zeros((len(columns), len(self.layer.bias)), dtype=np.float32)
        towards[deep] = self.layer.values.T[columns[deep] - self.direct] * (loud[deep] > 0)
        towards *= self.arrays.scales[self.direct :]
        # Whole rows are taken, and cut then: of a part of the columns numpy would copy all rows first.
        heard = self.arrays.weights.take(rows.take(through), axis=0)[:, self.direct :].astype(np.float32)
        found[through] = np.einsum("ij,ij->i", heard, towards.take(owners.take(through), axis=0), optimize=False)
        return found

    def _alone(self, rows: npt.NDArray[np.int32], columns: Ints) -> Floats:
        """The weight of each row in its column."""
        at = np.multiply(rows, self.arrays.weights.shape[1], dtype=np.int64)
        at += columns
        weights: Floats = self.arrays.weights.reshape(-1).take(at).astype(np.float32)
        weights *= self.arrays.scales.take(columns)
        return weights


def _narrow(weights: Floats | Bytes) -> np.dtype[Any]:
    """In what kind of numbers a few of these weights are added up."""
    return np.dtype(np.int16 if weights.dtype == np.int8 else np.float32)


def _joined(arrays: Sequence[npt.NDArray[_Number]]) -> npt.NDArray[_Number]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def chances(head: Head, scores: Floats) -> Floats:
    """Calibrated chances of the head's values, from the model's scores: texts x values."""
    own = scores[:, head.first : head.first + len(head.values)] / np.float32(head.temperature)
    if head.several:
        found: Floats = 1 / (1 + np.exp(-own))
        return found
    powers = np.exp(own - own.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
