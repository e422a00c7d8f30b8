"""Learning from labelled texts: the same examples in the same order give the same model, to the byte.

Called by the commands that train and by the build of the shipped weights. Everything that is found out about a model
(how sure it may be, how good it is) comes from texts that it did not learn from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from connector.tagging.book import LANGUAGE, Facet
from connector.tagging.duplicates import groups
from connector.tagging.extras import ACCURATE, MULTILINGUAL, PLAIN, Terms, learnt_terms, vectors
from connector.tagging.fitting import Doubles, Floats, Group, Ints, Sparse, fit
from connector.tagging.grams import BITS, BUCKETS, THEME_WEIGHT, Places
from connector.tagging.heads import Arrays, Head, Layer, Model, chances
from connector.tagging.hidden import Layered, Units, learnt, spoken
from connector.tagging.labelled import Labelled, Task
from connector.tagging.reading import Message, Reader

FOLDS = 5
BATCH = 512
# A feature that only one text has teaches nothing about others.
LEAST_TEXTS = 2
PENALTY = 0.2
DENSE_PENALTY = 0.1
# How far rare values are made to count like frequent ones: 0 not at all, 1 fully.
BALANCE = 0.5
STEPS = 30
# How many texts have a value before its limit can be found with them.
ENOUGH = 30

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


class _Features(msgspec.Struct, frozen=True, eq=False):
    """Which features count, how much, and every example in them."""

    buckets: npt.NDArray[np.int32]
    idf: Floats
    rows: Sparse


def _features(stuff: Material, learnt: npt.NDArray[np.bool_], least_texts: int) -> _Features:
    """`learnt` marks the examples whose features count, where so many texts have them."""
    number = int(learnt.sum())
    counts = np.zeros(BUCKETS, dtype=np.int64)
    kinds = stuff.words, stuff.runs, stuff.themes
    shares = 1.0, 1.0, THEME_WEIGHT
    for buckets, owners in kinds:
        once = np.unique(owners * BUCKETS + buckets)
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
    return _Features(np.flatnonzero(kept).astype(np.int32), idf[kept], rows)


def _normal(
    buckets: Ints, owners: Ints, kept: npt.NDArray[np.bool_], idf: Floats, count: int, share: float
) -> tuple[Ints, Ints, Doubles]:
    known = kept[buckets]
    buckets, owners = buckets[known], owners[known]
    weights = idf[buckets].astype(np.float64)
    lengths = np.sqrt(np.bincount(owners, weights=weights * weights, minlength=count))
    return owners, buckets, share * weights / np.maximum(lengths, 1e-9)[owners]


def learn(
    stuff: Material,
    tasks: Sequence[Task],
    *,
    reach: Mapping[str, float] | None = None,
    falsely: Mapping[str, tuple[str, float]] | None = None,
    believed: Mapping[str, float] | None = None,
    layered: Layered | None = None,
    judges: int = 0,
    folds: int = FOLDS,
    steps: int = STEPS,
    least_texts: int = LEAST_TEXTS,
    tell: Tell = lambda _what, _done, _of: None,
) -> tuple[Model, dict[str, Held]]:
    """A model for these facets, and what it says of each example when it has not learnt from it. `reach` is, by
    facet, the share of texts that should get an answer; `falsely` names a value, and the share of the texts without it
    that may be given it at the most.

    Where phrases were written by those who wrote the examples, they fit them far better than messages of strangers.
    A facet in `believed` therefore learns as if there were no phrases, and each phrase then adds that number to its
    value. The last `judges` examples are never learnt from: they show how sure the model may be of those facets. Of
    many heads together `steps` have to be more than of one, for rare values are learnt last; folds need fewer. Features
    of fewer than `least_texts` are left out.

    The last tasks may be heard through a layer of units: those of the facets of `layered`, all of them `believed`."""
    believed = believed or {}
    learning = np.arange(len(stuff.examples)) < len(stuff.examples) - judges
    wanted = _wanted(stuff, tasks)
    outside: list[tuple[Ints, Floats]] = []
    for fold in range(folds):
        tell("learning", fold, folds + 1)
        learnt = (stuff.folds % folds != fold) & learning
        testing = np.flatnonzero((stuff.folds % folds == fold) & learning)
        if len(testing) and learnt.any():
            outside.append(
                (testing, _fitted(stuff, tasks, wanted, learnt, believed, STEPS, least_texts).scores(stuff, testing))
            )
    tell("learning", folds, folds + 1)
    found = _fitted(stuff, tasks, wanted, learning, believed, steps, least_texts)
    if layered is not None:
        direct, units = _units(stuff, tasks, wanted, learning, layered, found, tell)
        found = msgspec.structs.replace(found, direct=direct, units=units)
    judging = np.flatnonzero(~learning)
    judged = [(judging, found.scores(stuff, judging))]
    held, first = {}, 0
    for task in tasks:
        own = slice(first, first + len(task.values))
        parts = judged if judges and task.facet in believed else outside
        wish = _Wish((reach or {}).get(task.facet, 0.0), (falsely or {}).get(task.facet))
        held[task.facet] = _held(task, wanted[:, own], [(numbers, said[:, own]) for numbers, said in parts], wish)
        first = own.stop
    return _model(stuff, tasks, wanted, found, held), held


class _Wish(msgspec.Struct, frozen=True):
    """How a facet's limits are to be set: see `learn`."""

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


class _Fit(msgspec.Struct, frozen=True, eq=False):
    features: _Features
    sparse: Floats
    dense: Floats
    bias: Floats
    terms: Terms | None = None
    units: Units | None = None
    direct: int = 0

    def scores(self, stuff: Material, chosen: Ints) -> Floats:
        said = np.einsum("ij,jk->ik", stuff.strengths[chosen], self.dense, optimize=False)
        rows = self.features.rows.rows(chosen)
        found: Floats = rows.times(self.sparse) + self.bias
        if self.units is not None:
            found[:, self.direct :] = spoken(self.units, rows.times(self.units.sparse))[:, self.direct :]
        found += said
        return found if self.terms is None else found + self.terms.scores([stuff.texts[at] for at in chosen.tolist()])


def _wanted(stuff: Material, tasks: Sequence[Task]) -> Floats:
    """Examples x all values: 1 where it holds, 0 where it does not, nan where nothing is known of the facet."""
    width = sum(len(task.values) for task in tasks)
    wanted = np.full((len(stuff.examples), width), np.nan, dtype=np.float32)
    first = 0
    for task in tasks:
        column = {value: first + number for number, value in enumerate(task.values)}
        for number, example in enumerate(stuff.examples):
            labels = example.labels.get(task.facet)
            if labels is None or any(label not in column for label in labels) or (not labels and not task.several):
                continue
            wanted[number, first : first + len(task.values)] = 0
            wanted[number, [column[label] for label in labels]] = 1
        first += len(task.values)
    return wanted


def _fitted(
    stuff: Material,
    tasks: Sequence[Task],
    wanted: Floats,
    learnt: npt.NDArray[np.bool_],
    believed: Mapping[str, float],
    steps: int,
    least_texts: int,
) -> _Fit:
    features = _features(stuff, learnt, least_texts)
    chosen = np.flatnonzero(learnt)
    weights, groups, first = np.ones((len(chosen), len(tasks)), dtype=np.float32), [], 0
    words = int((features.buckets < 1 << BITS).sum())
    for number, task in enumerate(tasks):
        last = first + len(task.values)
        own = wanted[chosen, first:last]
        known = np.isfinite(own[:, 0])
        count = max(int(known.sum()), 1)
        if not task.several:
            counts = np.nan_to_num(own).sum(axis=0)
            share = (count / max(len(task.values), 1) / np.maximum(counts, 1)) ** BALANCE
            weights[:, number] = np.einsum("ij,j->i", np.nan_to_num(own), share)
        # The language is told before the themes are looked for, which are listed by language.
        reach = words if task.facet == LANGUAGE else None
        heard = task.facet not in believed
        groups.append(Group(first, last, task.several, PENALTY / count, DENSE_PENALTY / count, heard, reach))
        first = last
    found = fit(features.rows.rows(chosen), stuff.strengths[chosen], wanted[chosen], weights, groups, most_steps=steps)
    terms = None
    if stuff.method == ACCURATE:
        terms = learnt_terms([stuff.texts[at] for at in chosen.tolist()], wanted[chosen], tasks)
    return _Fit(features, found.sparse, _with_belief(found.dense, stuff.pairs, tasks, believed), found.bias, terms)


def _units(
    stuff: Material,
    tasks: Sequence[Task],
    wanted: Floats,
    learnt_from: npt.NDArray[np.bool_],
    layered: Layered,
    beside: _Fit,
    tell: Tell,
) -> tuple[int, Units]:
    """How many values, the first ones, are heard without units, and the units of the others."""
    chosen = np.flatnonzero(learnt_from)
    groups, first = [], 0
    for task in tasks:
        last = first + len(task.values)
        if task.facet in layered.facets:
            groups.append((0, Group(first, last, task.several, 0.0, 0.0)))
        elif groups:
            raise ValueError(f"{task.facet} stands behind what is heard through a layer")
        first = last
    ones = np.ones((len(chosen), 1), dtype=np.float32)
    rows = beside.features.rows.rows(chosen)
    units = learnt(rows, wanted[chosen], ones, groups, layered, lambda done, of: tell("units", done, of))
    return (groups[0][1].first if groups else first), units


def _with_belief(
    dense: Floats, pairs: Sequence[tuple[str, str]], tasks: Sequence[Task], believed: Mapping[str, float]
) -> Floats:
    """The weights of phrases (pairs x all values) with those of the facets in `believed` as they were given."""
    columns = [(task.facet, value) for task in tasks for value in task.values]
    for row, pair in enumerate(pairs):
        if pair[0] in believed and pair in columns:
            dense[row, columns.index(pair)] = believed[pair[0]]
    return dense


def _held(task: Task, wanted: Floats, parts: Sequence[tuple[Ints, Floats]], wish: _Wish) -> Held:
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
    return Held(chosen, right, shares, temperature, _least(task, shares, right, wish))


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


def _least(task: Task, shares: Floats, right: Floats, wish: _Wish) -> tuple[float, ...]:
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


def _model(stuff: Material, tasks: Sequence[Task], wanted: Floats, found: _Fit, held: Mapping[str, Held]) -> Model:
    heads, first = [], 0
    for task in tasks:
        last = first + len(task.values)
        counts = tuple(int(one) for one in np.nan_to_num(wanted[:, first:last]).sum(axis=0))
        kept = held[task.facet]
        heads.append(Head(task.facet, task.values, first, task.several, kept.temperature, kept.least, counts))
        first = last
    weights, bias, layer = found.sparse, found.bias, None
    if found.units is not None:
        units, direct = found.units, found.direct
        weights = np.concatenate([weights[:, :direct], units.sparse], axis=1)
        bias = np.concatenate([bias[:direct], units.of_values[direct:]])
        layer = Layer(units.bias, units.values[:, direct:])
    sparse = weights * found.features.idf[:, None]
    rows = np.flatnonzero(np.abs(sparse).max(axis=1, initial=0.0) > 0)
    scales = np.ones(sparse.shape[1], dtype=np.float32)
    arrays = Arrays(found.features.buckets[rows], found.features.idf[rows], sparse[rows], scales, found.dense, bias)
    return Model("new", tuple(heads), stuff.pairs, arrays, stuff.method, found.terms, layer)
