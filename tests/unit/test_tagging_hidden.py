"""A layer of units hears what comes together: learnt the same each time, kept in a file, able to say which words."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from connector.errors import SettingsError
from connector.tagging import Model, Tagger
from connector.tagging.hidden import Layered
from connector.tagging.labelled import Labelled, Task, task_for
from connector.tagging.material import material
from connector.tagging.model_file import packed, unpacked
from connector.tagging.reading import Message, Reader
from connector.tagging.training import learn
from tests.unit.test_tagging_models import SETTINGS
from tests.unit.test_tagging_phrases import complaint

# A child in a shop and a lift that is slow are nothing; a child in a lift that is stuck is.
APART = (
    "the child chose a red jacket in the shop",
    "the lift in the shop is slow again today",
    "my child likes the shop",
    "the lift was slow",
)
TOGETHER = ("the child is in the lift since noon", "our child and the lift since eleven", "child, lift, since two")
FILLING = ("on monday", "yesterday", "as always", "and so on", "in the main street", "near the station", "dear all")
LAYERED = Layered(("emergency",), 8, 300)


def examples() -> list[Labelled]:
    said = [(text, ()) for text in APART] + [(text, ("safety",)) for text in TOGETHER]
    return [
        Labelled(
            f"{text} {filling} {number}", {"emergency": value, "category": ("delivery" if value else "payment",)}, "en"
        )
        for text, value in said
        for number, filling in enumerate(FILLING)
    ]


def tasks() -> list[Task]:
    reader = Reader(SETTINGS)
    return [task_for(facet, examples(), reader.facets) for facet in ("category", "emergency")]


def learnt() -> Model:
    stuff = material(examples(), Reader(SETTINGS))
    made, _ = learn(stuff, tasks(), believed={"emergency": 3.0, "category": 1.0}, layered=LAYERED)
    return made


def test_what_comes_together_is_told_from_what_stands_alone() -> None:
    reader, made = Reader(SETTINGS), learnt()
    asked = ["child lift since nine", "the child likes the shop", "the slow lift"]
    batch = reader.read([Message("", text) for text in asked])
    column = made.heads[-1].first + made.heads[-1].values.index("safety")
    together, child, lift = made.chances(batch.scores(made, reader.facets))[:, column].tolist()
    assert together > 0.5 > max(child, lift)


def test_the_same_examples_give_the_same_bytes() -> None:
    assert packed(learnt()) == packed(learnt())


def test_a_model_with_units_is_read_as_it_was_kept() -> None:
    made = learnt()
    kept = unpacked(packed(made))
    assert kept.layer is not None
    assert kept.direct == made.direct == len(made.heads[0].values)
    assert kept.arrays.weights.shape[1] == kept.direct + LAYERED.units
    reader = Reader(SETTINGS)
    batch = reader.read([Message("", text) for text in (*APART, *TOGETHER)])
    before, after = (batch.scores(model, reader.facets) for model in (made, kept))
    assert np.allclose(before, after, atol=0.15), "eight bits a weight"


def test_the_words_that_are_shown_are_those_that_moved_the_units() -> None:
    tagger = Tagger(SETTINGS, [unpacked(packed(learnt()))])
    tags = tagger.tags(complaint("We are fine, but the child is in the lift since noon", language="en"))
    (tag,) = [tag for tag in tags if tag.facet == "emergency"]
    shown = " ".join(span.words for span in tag.evidence)
    assert "child" in shown or "lift" in shown


def test_the_parts_that_words_have_in_a_score_add_up_to_it() -> None:
    made = unpacked(packed(learnt()))
    assert made.layer is not None
    reader = Reader(SETTINGS)
    batch = reader.read([Message("", text) for text in TOGETHER])
    score = batch.scores(made, reader.facets)
    loud = batch.loud[made.version]
    for row in range(len(TOGETHER)):
        for column in range(made.direct, score.shape[1]):
            total = 0.0
            for kind in (batch.features.words, batch.features.runs, batch.features.themes):
                rows = made.rows_of(kind.buckets[kind.texts == row])
                length = np.sqrt(np.square(made.arrays.idf[rows[rows >= 0]]).sum()) or 1.0
                owners = np.zeros(len(rows), dtype=np.int64)
                total += made.weights_of(rows, owners, np.array([column]), loud[row : row + 1]).sum() / length
            usual = ((loud[row] > 0) * made.layer.bias) @ made.layer.values[:, column - made.direct]
            assert total + usual + made.arrays.bias[column] == pytest.approx(score[row, column], abs=1e-3)


def test_only_the_last_facets_can_be_heard_through_units() -> None:
    stuff = material(examples(), Reader(SETTINGS))
    with pytest.raises(ValueError, match="emergency stands behind"):
        learn(stuff, tasks(), believed={"category": 1.0}, layered=LAYERED._replace(facets=("category",)))


def test_a_file_whose_layer_does_not_fit_is_refused() -> None:
    made = learnt()
    assert made.layer is not None
    broken = replace(made, layer=replace(made.layer, values=np.repeat(made.layer.values, 2, axis=1)))
    with pytest.raises(SettingsError, match="is no model of Amends"):
        unpacked(packed(broken))
    infinite = replace(made, layer=replace(made.layer, bias=made.layer.bias + np.float32(np.inf)))
    with pytest.raises(SettingsError, match="a number that no model has"):
        unpacked(packed(infinite))
