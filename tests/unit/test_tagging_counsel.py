"""Answers take counsel with each other: what is said of one facet moves another, as strangers' messages taught."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from msgspec.structs import replace

from connector.errors import SettingsError
from connector.tagging import Model
from connector.tagging.counsel import Counselled, Part, learnt
from connector.tagging.fitting import Floats
from connector.tagging.labelled import Labelled, task_for
from connector.tagging.material import material
from connector.tagging.model_file import packed, unpacked
from connector.tagging.reading import Message, Reader
from connector.tagging.training import learn
from tests.unit.test_tagging_models import SETTINGS

PARTS = [Part("complaint", 0, 2, several=False), Part("language", 2, 4, several=False), Part("emergency", 4, 6, True)]
COUNSELLED = Counselled(("emergency",), ("emergency",), ("language",))
NUMBERS = st.floats(-30, 30, width=32)


def strangers() -> tuple[Floats, Floats]:
    """Messages of which the words of an emergency tell nothing, and that they complain tells all."""
    chance = np.random.default_rng(3)
    own = chance.normal(0, 1, (400, 6)).astype(np.float32)
    wanted = np.full((400, 6), np.nan, dtype=np.float32)
    wanted[:, 4] = own[:, 0] > own[:, 1]
    wanted[:, 5] = 0
    return own, wanted


def test_an_answer_is_moved_by_what_is_said_of_another_facet() -> None:
    taken = learnt(*strangers(), PARTS, COUNSELLED)
    calm, upset = np.zeros((1, 6), dtype=np.float32), np.zeros((1, 6), dtype=np.float32)
    calm[0, 1], upset[0, 0] = 2, 2
    assert taken.said(upset)[0, 4] > 1 > -1 > taken.said(calm)[0, 4]
    alike = np.full((1, 2), 0.5, dtype=np.float32)
    raised, left = (taken.shared(0, alike, taken.said(own), own[:, 4:6])[0, 0] for own in (upset, calm))
    assert raised > 0.7 > 0.3 > left


def test_facets_that_take_no_counsel_stay_as_they_were_and_those_left_out_are_not_heard() -> None:
    own, wanted = strangers()
    taken = learnt(own, wanted, PARTS, COUNSELLED)
    assert np.array_equal(taken.said(own)[:, :4], own[:, :4])
    louder = own.copy()
    louder[:, 2:4] += 5
    assert np.array_equal(taken.said(louder)[:, 4:], taken.said(own)[:, 4:])


def test_messages_of_which_a_facet_is_not_known_teach_nothing_of_it() -> None:
    own, wanted = strangers()
    more = np.concatenate([own, own[:50] + 9]), np.concatenate([wanted, np.full((50, 6), np.nan, dtype=np.float32)])
    assert np.array_equal(learnt(own, wanted, PARTS, COUNSELLED).said(own), learnt(*more, PARTS, COUNSELLED).said(own))


def test_a_value_that_no_message_has_stays_as_it_was_and_so_do_those_that_it_excludes() -> None:
    own, wanted = strangers()
    assert np.array_equal(learnt(own, wanted, PARTS, COUNSELLED).said(own)[:, 5], own[:, 5])
    wanted[:, :2] = 1, 0
    single = learnt(own, wanted, PARTS, Counselled(("complaint",)))
    assert np.array_equal(single.said(own), own)
    wanted[:, 4] = 0
    never = learnt(own, wanted, PARTS, COUNSELLED)
    assert never.wholes == ()
    assert np.array_equal(never.said(own), own)


@given(arrays(np.float32, (2, 3), elements=st.floats(0, 1, width=32)), arrays(np.float32, (2, 6), elements=NUMBERS))
def test_the_likeliest_value_has_the_chance_of_any_and_none_has_more(chances: Floats, own: Floats) -> None:
    taken = learnt(*strangers(), PARTS, COUNSELLED)
    said = taken.said(own)
    found = taken.shared(0, chances, said, own[:, 4:6])
    odds = said[:, 6] + taken.likeliest[0] * own[:, 4:6].max(axis=1)
    for before, after, any_of in zip(chances, found, 1 / (1 + np.exp(-odds.astype(np.float64))), strict=True):
        assert (after <= any_of + 1e-6).all()
        if before.max() > 1e-6:
            assert after[before.argmax()] == pytest.approx(any_of, abs=1e-5)
            assert all(left <= right for left, right in pairwise(after[np.argsort(before, kind="stable")]))


def examples() -> list[Labelled]:
    """Smoke is an emergency in complaints only; of the judges that alone is known."""
    said = [
        (text, {"complaint": (complaint,), "emergency": kinds}, language)
        for number in range(12)
        for language, text, complaint, kinds in (
            ("en", f"smoke from the oven of number {number}, this is a disgrace", "yes", ("safety",)),
            ("en", f"please tell me what smoke tastes like in ham number {number}", "no", ()),
            ("de", f"please tell me when you open on day {number}", "no", ()),
            ("de", f"a disgrace how late you opened on day {number}", "yes", ()),
        )
    ]
    return [Labelled(text, labels, language) for text, labels, language in said]


def made(counselled: Counselled | None) -> Model:
    all_ = [*examples(), *examples()]
    stuff = material(all_, Reader(SETTINGS))
    tasks = [task_for(facet, all_, Reader(SETTINGS).facets) for facet in ("complaint", "emergency")]
    believed = {"complaint": 1.0, "emergency": 3.0}
    return learn(stuff, tasks, believed=believed, counselled=counselled, judges=len(examples()))[0]


COUNSEL = Counselled(("emergency",), ("emergency",))


def chances(model: Model, text: str) -> Floats:
    reader = Reader(SETTINGS)
    return model.chances(reader.read([Message("", text)]).scores(model, reader.facets))[0]


def test_a_model_learns_from_its_judges_what_its_answers_say_of_each_other() -> None:
    alone, together = made(None), made(COUNSEL)
    assert alone.counsel is None
    assert together.counsel is not None
    assert together.counsel.wholes == ("emergency",)
    column = together.heads[-1].first
    raised, calm = (chances(together, text)[column] for text in ("smoke, a disgrace", "tell me what smoke tastes like"))
    assert raised > calm


def test_the_same_judges_give_the_same_bytes_and_the_file_gives_the_same_counsel() -> None:
    model = made(COUNSEL)
    content = packed(model)
    assert content == packed(made(COUNSEL))
    kept = unpacked(content)
    assert kept.counsel is not None
    assert model.counsel is not None
    assert np.array_equal(kept.counsel.weights, model.counsel.weights)
    assert np.array_equal(kept.counsel.likeliest, model.counsel.likeliest)
    assert np.allclose(chances(kept, "smoke, a disgrace"), chances(model, "smoke, a disgrace"), atol=0.05)


def test_one_text_and_many_are_answered_to_the_last_bit_alike() -> None:
    model, reader = unpacked(packed(made(COUNSEL))), Reader(SETTINGS)
    texts = [one.text for one in examples()]
    together = model.chances(reader.read([Message("", text) for text in texts]).scores(model, reader.facets))
    for text, chance in zip(texts, together, strict=True):
        assert np.array_equal(chance, chances(model, text))


def test_a_file_that_asks_for_any_value_where_one_alone_can_hold_is_refused() -> None:
    model = made(COUNSEL)
    assert model.counsel is not None
    with pytest.raises(SettingsError, match="any value holds where only one can"):
        unpacked(packed(replace(model, counsel=replace(model.counsel, wholes=("complaint",)))))
    infinite = replace(model.counsel, bias=model.counsel.bias + np.float32(np.inf))
    with pytest.raises(SettingsError, match="no number"):
        unpacked(packed(replace(model, counsel=infinite)))
