"""Labelled texts as a model learns from them: their features, what phrases say of them, and which are the same text.

Called by `training`, and by the commands and the build that train.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from connector.tagging.book import Facet
from connector.tagging.duplicates import groups
from connector.tagging.extras import ACCURATE, MULTILINGUAL, PLAIN, vectors
from connector.tagging.fitting import Doubles, Floats, Ints, Sparse
from connector.tagging.grams import BUCKETS, THEME_WEIGHT, Places
from connector.tagging.labelled import Labelled
from connector.tagging.reading import Message, Reader

BATCH = 512

Tell = Callable[[str, int, int], None]


class Material(msgspec.Struct, frozen=True, eq=False):
    """Examples as they were read: their features (`owners` are the texts of the features), what phrases say, and in
    `folds` the number of the first that is the same text. The method `multilingual` has the vectors of the texts after
    what phrases say, `accurate` the folded `texts`."""

    examples: tuple[Labelled, ...]
    words: tuple[Ints, Ints]
    runs: tuple[Ints, Ints]
    themes: tuple[Ints, Ints]
    strengths: Floats
    pairs: tuple[tuple[str, str], ...]
    folds: npt.NDArray[np.int64]
    method: str = PLAIN
    texts: tuple[str, ...] = ()


def material(
    examples: Sequence[Labelled],
    reader: Reader,
    tell: Tell = lambda _what, _done, _of: None,
    *,
    method: str = PLAIN,
) -> Material:
    """Read all examples, for a model of that method."""
    pairs = pairs_of(reader.facets)
    words, runs, themes, strengths = _Columns(), _Columns(), _Columns(), []
    texts: list[str] = []
    for first in range(0, len(examples), BATCH):
        part = examples[first : first + BATCH]
        batch = reader.read([Message(one.subject, one.text, one.language) for one in part])
        words.add(batch.features.words, first)
        runs.add(batch.features.runs, first)
        themes.add(batch.features.themes, first)
        said = batch.strengths(pairs, reader.facets)
        strengths.append(np.concatenate([said, vectors(batch.written)], axis=1) if method == MULTILINGUAL else said)
        texts += batch.folded if method == ACCURATE else ()
        tell("reading", first + len(part), len(examples))
    dense = np.concatenate(strengths) if strengths else np.zeros((0, len(pairs)), dtype=np.float32)
    folds = np.array(groups([one.text for one in examples]), dtype=np.int64)
    features = words.joined(), runs.joined(), themes.joined()
    return Material(tuple(examples), *features, dense, pairs, folds, method, tuple(texts))


def pairs_of(facets: Mapping[str, Facet]) -> tuple[tuple[str, str], ...]:
    """The (facet, value) that phrases may speak for, as a model hears them: without finer values."""
    return tuple((name, value) for name, facet in sorted(facets.items()) for value in facet.values if "/" not in value)


class _Columns:
    def __init__(self) -> None:
        self.buckets: list[Ints] = []
        self.owners: list[Ints] = []

    def add(self, places: Places, first: int) -> None:
        self.buckets.append(places.buckets)
        self.owners.append(places.texts + first)

    def joined(self) -> tuple[Ints, Ints]:
        none = [np.zeros(0, dtype=np.int64)]
        return np.concatenate(self.buckets or none), np.concatenate(self.owners or none)


class Features(msgspec.Struct, frozen=True, eq=False):
    """Which features count, how much, and every example in them."""

    buckets: npt.NDArray[np.int32]
    idf: Floats
    rows: Sparse


def features_of(stuff: Material, learnt: npt.NDArray[np.bool_], least_texts: int) -> Features:
    """`learnt` marks the examples whose features count, where so many texts have them."""
    number = int(learnt.sum())
    counts = np.zeros(BUCKETS, dtype=np.int64)
    kinds = stuff.words, stuff.runs, stuff.themes
    shares = 1.0, 1.0, THEME_WEIGHT
    for buckets, owners in kinds:
        once = _once(owners * BUCKETS + buckets)
        counts += np.bincount((once % BUCKETS)[learnt[once // BUCKETS]], minlength=BUCKETS)
    kept = counts >= least_texts
    idf = np.where(kept, np.log((1 + number) / (1 + counts)) + 1, 0).astype(np.float16).astype(np.float32)
    places = np.cumsum(kept) - 1
    parts = [
        _normal(buckets, owners, kept, idf, len(stuff.examples), share)
        for (buckets, owners), share in zip(kinds, shares, strict=True)
    ]
    owners, columns, values = (np.concatenate([part[at] for part in parts]) for at in range(3))
    order = np.argsort(owners, kind="stable")
    begins = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(stuff.examples)))])
    rows = Sparse(begins, places[columns[order]], values[order].astype(np.float32), int(kept.sum()))
    return Features(np.flatnonzero(kept).astype(np.int32), idf[kept], rows)


def _once(numbers: Ints) -> Ints:
    """Each number once. (numpy's own way of late is by a table of hashes, which takes ten times as long.)"""
    ordered = np.sort(numbers)
    return ordered[np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))] if len(ordered) else ordered


def _normal(
    buckets: Ints, owners: Ints, kept: npt.NDArray[np.bool_], idf: Floats, count: int, share: float
) -> tuple[Ints, Ints, Doubles]:
    known = kept[buckets]
    buckets, owners = buckets[known], owners[known]
    weights = idf[buckets].astype(np.float64)
    lengths = np.sqrt(np.bincount(owners, weights=weights * weights, minlength=count))
    return owners, buckets, share * weights / np.maximum(lengths, 1e-9)[owners]
