"""Learning from labelled texts: the same examples in the same order give the same model, to the byte.

Called by the commands that train and by the build of the shipped weights. Everything that is found out about a model
(how sure it may be, how good it is) comes from texts that it did not learn from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from connector.tagging import counsel
from connector.tagging.book import LANGUAGE
from connector.tagging.counsel import Counsel, Counselled, Part
from connector.tagging.extras import ACCURATE, PLAIN, Terms, learnt_terms
from connector.tagging.fitting import Floats, Group, Ints, fit
from connector.tagging.grams import BITS
from connector.tagging.heads import NOTHING, Arrays, Head, Layer, Model
from connector.tagging.hidden import Layered, Units, learnt, spoken
from connector.tagging.judging import Held, Wish, held_of, least_of
from connector.tagging.labelled import Task
from connector.tagging.material import Features, Material, Tell, features_of

FOLDS = 5
# A feature that only one text has teaches nothing about others.
LEAST_TEXTS = 2
PENALTY = 0.2
DENSE_PENALTY = 0.1
# How far rare values are made to count like frequent ones: 0 not at all, 1 fully.
BALANCE = 0.5
STEPS = 30


def learn(
    stuff: Material,
    tasks: Sequence[Task],
    *,
    reach: Mapping[str, float] | None = None,
    falsely: Mapping[str, tuple[str, float]] | None = None,
    believed: Mapping[str, float] | None = None,
    layered: Layered | None = None,
    counselled: Counselled | None = None,
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

    The last tasks may be heard through a layer of units: those of the facets of `layered`, all of them `believed`, and
    after them those that stand aside; how sure those of `layered` may be only judges tell. The answers to those of
    `counselled` take counsel with each other and with what stands aside, as the judges teach: how sure they may be then
    is found with judges of one language after the other, by what those of the other languages taught.

    Raises ValueError where what is asked for does not go together, or the judges are too few for it."""
    believed = believed or {}
    _prove(stuff, tasks, believed, layered, counselled, judges)
    learning = np.arange(len(stuff.examples)) < len(stuff.examples) - judges
    wanted = _wanted(stuff, tasks)
    plain, deep = _plain_and_deep(tasks, layered)

    def told_after(before: int) -> Callable[[int, int], None]:
        return lambda done, _of: tell("learning", before + done, folds * STEPS + steps)

    outside: list[tuple[Ints, Floats]] = []
    for fold in range(folds):
        learnt = (stuff.folds % folds != fold) & learning
        testing = np.flatnonzero((stuff.folds % folds == fold) & learning)
        if len(testing) and learnt.any():
            fit_of_it = _fitted(stuff, plain, wanted, learnt, believed, STEPS, least_texts, told_after(fold * STEPS))
            outside.append((testing, fit_of_it.scores(stuff, testing)))
    found = _fitted(stuff, plain, wanted, learning, believed, steps, least_texts, told_after(folds * STEPS))
    if layered is not None:
        found = _with_units(stuff, tasks, deep, wanted, learning, layered, found, believed, tell)
    # A judge that is the same text as an example judges what was learnt by heart.
    judging = np.flatnonzero(~learning & ~np.isin(stuff.folds, stuff.folds[learning]))
    said = found.scores(stuff, judging)
    teachers = counselled.teachers if counselled is not None else 0
    telling = int((judging < len(stuff.examples) - teachers).sum())
    if judges and not telling:
        raise ValueError("every judge is the same text as an example, or only teaches counsel")
    judged = [(judging[:telling], said[:telling])] if telling else []
    answers = [task for task in tasks if not task.aside]
    wishes = {task.facet: Wish((reach or {}).get(task.facet, 0.0), (falsely or {}).get(task.facet)) for task in tasks}
    held, first = {}, 0
    for task in answers:
        own = slice(first, first + len(task.values))
        parts = judged if task in deep or (judges and task.facet in believed) else outside
        shares = [(numbers, scores[:, own]) for numbers, scores in parts]
        held[task.facet] = held_of(task, wanted[:, own], shares, wishes[task.facet])
        first = own.stop
    taken = None
    if counselled is not None:
        taken = _counselled(stuff, answers, wanted, (judging, said), telling, held, counselled, wishes)
    return _model(stuff, answers, wanted, found, held, taken), held


def _prove(
    stuff: Material,
    tasks: Sequence[Task],
    believed: Mapping[str, float],
    layered: Layered | None,
    counselled: Counselled | None,
    judges: int,
) -> None:
    """Raises ValueError where what `learn` was asked for does not go together."""
    if any(task.aside for task in tasks) and (layered is None or counselled is None):
        raise ValueError("what stands aside is heard through a layer and for counsel only")
    if layered is not None and (stuff.method != PLAIN or not believed.keys() >= set(layered.facets)):
        raise ValueError("a layer hears plain features alone, and believes phrases")
    if counselled is not None:
        if not 0 <= counselled.teachers < judges:
            raise ValueError("counsel is learnt from judges, of whom some have to tell how sure answers may be")
        answers = {task.facet: task.several for task in tasks if not task.aside}
        if not answers.keys() >= {*counselled.facets, *counselled.but}:
            raise ValueError("counsel is for facets that are answered")
        if not {facet for facet in counselled.facets if answers[facet]}.issuperset(counselled.wholes):
            raise ValueError("whether any value holds is asked of facets that take counsel, of which several may")


def _plain_and_deep(tasks: Sequence[Task], layered: Layered | None) -> tuple[Sequence[Task], Sequence[Task]]:
    """The tasks that features speak to, and those behind the layer."""
    named = layered.facets if layered is not None else ()
    count = sum(not task.aside and task.facet not in named for task in tasks)
    for task in tasks[count:]:
        if not task.aside and task.facet not in named:
            raise ValueError(f"{task.facet} stands behind what is heard through a layer")
    return tasks[:count], tasks[count:]


class _Fit(msgspec.Struct, frozen=True, eq=False):
    """What was fitted: `sparse` and `bias` for the values that features speak to, `dense` for all."""

    features: Features
    sparse: Floats
    dense: Floats
    bias: Floats
    terms: Terms | None = None
    units: Units | None = None

    def scores(self, stuff: Material, chosen: Ints) -> Floats:
        rows = self.features.rows.rows(chosen)
        found: Floats = rows.times(self.sparse) + self.bias
        if self.units is not None:
            found = np.concatenate([found, spoken(self.units, rows.times(self.units.sparse))], axis=1)
        found += np.einsum("ij,jk->ik", stuff.strengths[chosen], self.dense, optimize=False)
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
    tell: Callable[[int, int], None],
) -> _Fit:
    features = features_of(stuff, learnt, least_texts)
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
    right = wanted[chosen, :first]
    rows, strengths = features.rows.rows(chosen), stuff.strengths[chosen]
    found = fit(rows, strengths, right, weights, groups, most_steps=steps, tell=tell)
    terms = None
    if stuff.method == ACCURATE:
        terms = learnt_terms([stuff.texts[at] for at in chosen.tolist()], right, tasks)
    return _Fit(features, found.sparse, _with_belief(found.dense, stuff.pairs, tasks, believed), found.bias, terms)


def _with_units(
    stuff: Material,
    tasks: Sequence[Task],
    deep: Sequence[Task],
    wanted: Floats,
    learnt_from: npt.NDArray[np.bool_],
    layered: Layered,
    beside: _Fit,
    believed: Mapping[str, float],
    tell: Tell,
) -> _Fit:
    """What was fitted, and the values of `deep` heard through units."""
    chosen = np.flatnonzero(learnt_from)
    groups: list[tuple[int, Group]] = []
    first = 0
    for task in deep:
        groups.append((0, Group(first, first + len(task.values), task.several, 0.0, 0.0)))
        first += len(task.values)
    ones = np.ones((len(chosen), 1), dtype=np.float32)
    rows, right = beside.features.rows.rows(chosen), wanted[chosen, len(beside.bias) :]
    units = learnt(rows, right, ones, groups, layered, lambda done, of: tell("units", done, of))
    dense = np.concatenate([beside.dense, np.zeros((len(beside.dense), first), dtype=np.float32)], axis=1)
    return msgspec.structs.replace(beside, units=units, dense=_with_belief(dense, stuff.pairs, tasks, believed))


def _with_belief(
    dense: Floats, pairs: Sequence[tuple[str, str]], tasks: Sequence[Task], believed: Mapping[str, float]
) -> Floats:
    """The weights of phrases (pairs x all values) with those of the facets in `believed` as they were given."""
    columns = [(task.facet, value) for task in tasks for value in task.values]
    for row, pair in enumerate(pairs):
        if pair[0] in believed and pair in columns:
            dense[row, columns.index(pair)] = believed[pair[0]]
    return dense


def _counselled(
    stuff: Material,
    tasks: Sequence[Task],
    wanted: Floats,
    judged: tuple[Ints, Floats],
    telling: int,
    held: dict[str, Held],
    counselled: Counselled,
    wishes: Mapping[str, Wish],
) -> Counsel:
    """What the judges teach the answers about each other; the first `telling` of them say how sure answers may be then.
    The facets' entries in `held` become those of answers that took counsel."""
    judging, scores = judged
    tells = np.arange(len(judging)) < telling
    widths = [len(task.values) for task in tasks]
    ends = np.cumsum(widths)
    parts = [
        Part(task.facet, int(last) - width, int(last), task.several)
        for task, width, last in zip(tasks, widths, ends, strict=True)
    ]
    heads = tuple(
        Head(one.facet, task.values, one.first, one.several, held[one.facet].temperature, held[one.facet].least)
        for one, task in zip(parts, tasks, strict=True)
    )
    temperatures = np.array([head.temperature for head in heads], dtype=np.float32)
    own: Floats = scores.copy()
    own[:, : parts[-1].last] /= temperatures[np.arange(len(heads)).repeat(widths)]
    right = wanted[judging]
    languages = np.array([stuff.examples[at].language or "" for at in judging.tolist()])
    said = np.zeros((len(own), parts[-1].last), dtype=np.float32)
    for language in sorted(set(languages.tolist())):
        theirs = languages == language
        _prove_met(right, right[~theirs], parts, counselled, language)
        taught = counsel.learnt(own[~theirs], right[~theirs], parts, counselled)
        asked = theirs & tells
        said[asked] = Model("new", heads, (), NOTHING, counsel=taught).chances(scores[asked])
    for task, part in zip(tasks, parts, strict=True):
        if task.facet in counselled.facets:
            known = np.isfinite(right[:, part.first]) & tells
            shares, truth = said[known, part.first : part.last], right[known, part.first : part.last]
            least = least_of(task, shares, truth, wishes[task.facet])
            held[task.facet] = Held(judging[known], truth, shares, held[task.facet].temperature, least)
    return counsel.learnt(own, right, parts, counselled)


def _prove_met(right: Floats, others: Floats, parts: Sequence[Part], counselled: Counselled, language: str) -> None:
    """What one language's judges are asked must have been learnt from the others as it is from all."""
    for part in parts:
        if part.facet in counselled.facets:
            met = [
                counsel.met(rows[np.isfinite(rows[:, 0])], several=part.several)
                for rows in (right[:, part.first : part.last], others[:, part.first : part.last])
            ]
            if not len(met[1]) or len(met[0]) != len(met[1]):
                raise ValueError(f"the judges of other languages than {language!r} teach too little of {part.facet}")


def _model(
    stuff: Material,
    tasks: Sequence[Task],
    wanted: Floats,
    found: _Fit,
    held: Mapping[str, Held],
    taken: Counsel | None,
) -> Model:
    heads, first = [], 0
    for task in tasks:
        last = first + len(task.values)
        counts = tuple(int(one) for one in np.nan_to_num(wanted[:, first:last]).sum(axis=0))
        kept = held[task.facet]
        heads.append(Head(task.facet, task.values, first, task.several, kept.temperature, kept.least, counts))
        first = last
    weights, bias, layer = found.sparse, found.bias, None
    if found.units is not None:
        units = found.units
        weights, bias = np.concatenate([weights, units.sparse], axis=1), np.concatenate([bias, units.of_values])
        layer = Layer(units.bias, units.values)
    sparse = weights * found.features.idf[:, None]
    rows = np.flatnonzero(np.abs(sparse).max(axis=1, initial=0.0) > 0)
    scales = np.ones(sparse.shape[1], dtype=np.float32)
    arrays = Arrays(found.features.buckets[rows], found.features.idf[rows], sparse[rows], scales, found.dense, bias)
    return Model("new", tuple(heads), stuff.pairs, arrays, stuff.method, found.terms, layer, taken)
