"""A trained model: for each facet one linear head over the same hashed features, with what phrases say beside them.

Called by `tagger` (to score), `training` (to make one) and `model_file` (to keep one). A score is the sum of a text's
features' weights, the words, the runs and the themes each brought to length one, plus a weight for each (facet, value)
that phrases speak for, plus the value's own number.
"""

from __future__ import annotations

from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from connector.tagging.extras import PLAIN, Terms
from connector.tagging.fitting import Floats, Ints, summed
from connector.tagging.grams import BUCKETS, Grams, Places

Bytes = npt.NDArray[np.int8]
# Texts whose weights are gathered together: few enough to stay in the processor's cache.
BLOCK = 16


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
    each of its columns is to be multiplied by its scale: a model that was read from a file has eight bits a weight."""

    buckets: npt.NDArray[np.int32]
    idf: Floats
    weights: Floats | Bytes
    scales: Floats
    dense: Floats
    bias: Floats


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

    @cached_property
    def _row_of(self) -> npt.NDArray[np.int32]:
        """Bucket → row, -1 for the unknown."""
        rows = np.full(BUCKETS, -1, dtype=np.int32)
        rows[self.arrays.buckets] = np.arange(len(self.arrays.buckets), dtype=np.int32)
        return rows

    @cached_property
    def _columns(self) -> tuple[Floats, npt.NDArray[np.bool_], Ints, Ints]:
        """For each column its temperature, whether it stands for itself, and its head; and where heads begin."""
        lengths = [len(head.values) for head in self.heads]
        temperatures = np.repeat(np.array([head.temperature for head in self.heads], dtype=np.float32), lengths)
        alone = np.repeat(np.array([head.several for head in self.heads], dtype=np.bool_), lengths)
        return (
            temperatures,
            alone,
            np.repeat(np.arange(len(self.heads)), lengths),
            np.array([head.first for head in self.heads], dtype=np.int64),
        )

    def chances(self, scores: Floats) -> Floats:
        """Calibrated chances of all heads' values: texts x columns."""
        temperatures, alone, head_of, firsts = self._columns
        own = scores / temperatures
        tops = np.maximum.reduceat(own, firsts, axis=1)[:, head_of]
        powers = np.exp(np.where(alone, np.minimum(-own, np.float32(80)), own - tops))
        sums = np.add.reduceat(powers, firsts, axis=1)[:, head_of]
        found: Floats = np.where(alone, 1 / (1 + powers), powers / sums)
        return found

    def head(self, facet: str) -> Head | None:
        """The head of that facet, if it has one."""
        return next((head for head in self.heads if head.facet == facet), None)

    def sparse_scores(self, features: Grams) -> Floats:
        """What words and runs alone say: texts x all columns."""
        sums = self._group(features.words, features.size) + self._group(features.runs, features.size)
        found: Floats = sums * self.arrays.scales
        return found

    def theme_scores(self, features: Grams) -> Floats:
        """What the themes add to that: texts x all columns."""
        found: Floats = self._group(features.themes, features.size) * self.arrays.scales
        return found

    def scores(self, sparse: Floats, strengths: Floats) -> Floats:
        """Texts x all columns, from `sparse_scores` (and `theme_scores`) and `strengths` (texts x pairs): how strongly
        phrases speak for each pair (0 to 1), and the vectors of the texts where the method has them."""
        said: Floats = np.einsum("ij,jk->ik", strengths, self.arrays.dense, optimize=False)
        total: Floats = sparse + said + self.arrays.bias
        return total

    def _group(self, places: Places, count: int) -> Floats:
        rows = self.rows_of(places.buckets)
        known = rows >= 0
        rows, texts = rows[known], places.texts[known]
        idf = self.arrays.idf[rows]
        begins = np.searchsorted(texts, np.arange(count + 1))
        lengths = np.sqrt(np.bincount(texts, weights=idf * idf, minlength=count))
        factors = (1 / np.maximum(lengths, 1e-9)).astype(np.float32)
        sums = np.zeros((count, self.arrays.weights.shape[1]), dtype=np.float32)
        for first in range(0, count, BLOCK):
            last = min(first + BLOCK, count)
            start, stop = begins[first], begins[last]
            weights = self.arrays.weights[rows[start:stop]].astype(np.float32, copy=False)
            sums[first:last] = summed(weights, begins[first : last + 1] - start)
        return sums * factors[:, None]

    def known_share(self, features: Grams) -> Floats:
        """Which share of each text's words and pairs of words was seen in training."""
        known = self._row_of[features.words.buckets] >= 0
        all_ = np.bincount(features.words.texts, minlength=features.size)
        some = np.bincount(features.words.texts[known], minlength=features.size)
        share: Floats = (some / np.maximum(all_, 1)).astype(np.float32)
        return share

    def rows_of(self, buckets: Ints) -> npt.NDArray[np.int32]:
        """The row of each feature, -1 for the unknown."""
        return self._row_of[buckets]


def chances(head: Head, scores: Floats) -> Floats:
    """Calibrated chances of the head's values, from the model's scores: texts x values."""
    own = scores[:, head.first : head.first + len(head.values)] / np.float32(head.temperature)
    if head.several:
        found: Floats = 1 / (1 + np.exp(-own))
        return found
    powers = np.exp(own - own.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
