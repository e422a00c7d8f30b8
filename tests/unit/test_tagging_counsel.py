"""Answers take counsel with each other: what is said of one facet moves another, as strangers' messages taught."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from msgspec.structs import replace

from connector.errors import SettingsError
from connector.tagging import Model, Tagger
from connector.tagging.counsel import UNSPOKEN, Counsel, Counselled, Part, learnt
from connector.tagging.fitting import Floats
from connector.tagging.heads import NOTHING
from connector.tagging.hidden import Layered
from connector.tagging.judging import Held
from connector.tagging.labelled import Labelled, Task, task_for
from connector.tagging.material import material
from connector.tagging.model_file import packed, unpacked
from connector.tagging.reading import Message, Reader
from connector.tagging.training import learn
from tests.unit.test_tagging_models import SETTINGS
from tests.unit.test_tagging_phrases import complaint

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


@given(arrays(np.float32, (2, 2), elements=st.floats(0, 1, width=32)), arrays(np.float32, (2, 6), elements=NUMBERS))
def test_the_likeliest_value_has_the_chance_of_any_and_no_other_gets_more_than_it_had(
    chances: Floats, own: Floats
) -> None:
    taken = learnt(*strangers(), PARTS, COUNSELLED)
    own[:, 4:6] = np.abs(own[:, 4:6])  # words speak for both
    said = taken.said(own)
    found = taken.shared(0, chances, said, own[:, 4:6])
    odds = said[:, 6] + taken.likeliest[0] * own[:, 4:6].max(axis=1)
    for before, after, any_of in zip(chances, found, 1 / (1 + np.exp(-odds.astype(np.float64))), strict=True):
        assert after[before.argmax()] == pytest.approx(any_of, abs=1e-5)
        others = before < before.max()
        assert (after[others] <= before[others]).all()
        assert (after[others] <= any_of + 1e-6).all()


def test_nothing_is_raised_that_no_word_speaks_for() -> None:
    taken = learnt(*strangers(), PARTS, COUNSELLED)
    upset = np.zeros((2, 6), dtype=np.float32)
    upset[:, 0] = 9
    upset[:, 4:6] = [[-2, -9], [-3, -9]]
    chances = np.array([[0.9, 0.1], [0.9, 0.1]], dtype=np.float32)
    spoken, unspoken = taken.shared(0, chances, taken.said(upset), upset[:, 4:6])
    assert spoken[0] > 0.8
    assert unspoken[0] == UNSPOKEN
    assert max(spoken[1], unspoken[1]) <= UNSPOKEN


def examples() -> list[Labelled]:
    """Smoke is an emergency, and a disgrace a complaint."""
    said = (
        ("smoke from oven {}", "no", ("safety",)),
        ("all is well with lamp {}", "no", ()),
        ("what a disgrace, bill {}", "yes", ()),
        ("thank you for letter {}", "no", ()),
    )
    return [
        Labelled(
            text.format(f"{number} {word}"),
            {"complaint": (complaint,), "emergency": kinds, "any": ("yes" if kinds else "no",)},
            "en",
        )
        for number, word in enumerate(WORDS)
        for text, complaint, kinds in said
    ]


def judges(language: str, words: tuple[str, ...]) -> list[Labelled]:
    """Of strangers only those who are upset mean smoke that is dangerous; others love their ham."""
    said = (
        ("{} smoke here, what a disgrace", "yes", ("safety",)),
        ("{} smoke tastes well in ham", "no", ()),
        ("{} disgrace of a letter", "yes", ()),
        ("{} thank you", "no", ()),
    )
    return [
        Labelled(text.format(word), {"complaint": (complaint,), "emergency": kinds}, language)
        for word in words
        for text, complaint, kinds in said
    ]


WORDS = ("garden", "kitchen", "monday", "harbour", "violet", "winter", "paper", "copper", "quiet", "marble", "yellow")
STRANGERS = [*judges("en", WORDS[:6]), *judges("de", WORDS[5:])]
COUNSEL = Counselled(("emergency",), ("emergency",))
LAYERED = Layered(("emergency",), 8, 60)


def made(counselled: Counselled | None, told: Sequence[Labelled] = STRANGERS, *, deep: bool = False) -> Model:
    return both(counselled, told, deep=deep)[0]


def both(
    counselled: Counselled | None, told: Sequence[Labelled] = STRANGERS, *, deep: bool = False
) -> tuple[Model, dict[str, Held]]:
    """A model of the examples with these judges; `deep`: emergencies are heard through units, as is, aside, whether
    there is any."""
    reader = Reader(SETTINGS)
    tasks = [task_for(facet, examples(), reader.facets) for facet in ("complaint", "emergency")]
    if deep:
        tasks.append(Task("any", ("yes", "no"), aside=True))
    return learn(
        material([*examples(), *told], reader),
        tasks,
        believed={"complaint": 1.0, "emergency": 3.0},
        layered=LAYERED if deep else None,
        counselled=counselled,
        judges=len(told),
    )


def chances(model: Model, text: str) -> Floats:
    reader = Reader(SETTINGS)
    return model.chances(reader.read([Message("", text)]).scores(model, reader.facets))[0]


def test_a_model_learns_from_its_judges_what_its_answers_say_of_each_other() -> None:
    alone, together = made(None), made(COUNSEL)
    assert alone.counsel is None
    assert together.counsel is not None
    assert together.counsel.wholes == ("emergency",)
    column = together.heads[-1].first
    upset, calm = "smoke again, a disgrace", "smoke again, tastes well"
    before, after = (chances(model, upset)[column] - chances(model, calm)[column] for model in (alone, together))
    assert before < 0 < after


@pytest.mark.parametrize("deep", [False, True])
def test_how_sure_answers_may_be_is_found_with_messages_that_taught_no_counsel(
    deep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each language is judged by what the others taught, teachers judge nothing, and what is held are those chances."""
    teachers = judges("en", WORDS[2:4])
    taught: list[tuple[Floats, Floats, Counsel]] = []

    def spy(own: Floats, wanted: Floats, parts: Sequence[Part], counselled: Counselled) -> Counsel:
        found = learnt(own, wanted, parts, counselled)
        taught.append((own, wanted, found))
        return found

    monkeypatch.setattr("connector.tagging.counsel.learnt", spy)
    counselled = Counselled(("emergency",), ("emergency",), teachers=len(teachers))
    model, held = both(counselled, [*STRANGERS, *teachers], deep=deep)
    english, german = judges("en", WORDS[:6]), judges("de", WORDS[5:])
    assert [len(own) for own, _, _ in taught] == [
        len(english) + len(teachers),
        len(german),
        len(STRANGERS) + len(teachers),
    ], "without German ones, without English ones, all"
    assert model.counsel is taught[-1][2]
    assert taught[-1][0].shape[1] == len(model.counsel.weights) == (5 if deep else 3)
    assert len(held["emergency"].chosen) == len(STRANGERS)
    first = len(examples())
    assert held["emergency"].chosen.tolist() == list(range(first, first + len(STRANGERS)))
    own = taught[-1][0]
    by_others = Model("", model.heads, (), NOTHING, counsel=taught[1][2])
    temperatures = np.array([1.0] * own.shape[1], dtype=np.float32)
    for head in model.heads:
        temperatures[head.first : head.first + len(head.values)] = head.temperature
    expected = by_others.chances(own * temperatures)[: len(english), 2:3]
    assert np.allclose(held["emergency"].chances[: len(english)], expected, atol=1e-5)


def test_a_judge_that_is_the_same_text_as_an_example_judges_nothing() -> None:
    known = replace(examples()[0], language="de")
    held = both(COUNSEL, [*STRANGERS, known])[1]
    assert len(held["emergency"].chosen) == len(STRANGERS)


@pytest.mark.parametrize("deep", [False, True])
def test_the_same_judges_give_the_same_bytes_and_the_file_gives_the_same_counsel(deep: bool) -> None:
    model = made(COUNSEL, deep=deep)
    content = packed(model)
    assert content == packed(made(COUNSEL, deep=deep))
    kept = unpacked(content)
    assert kept.counsel is not None
    assert model.counsel is not None
    assert np.array_equal(kept.counsel.weights, model.counsel.weights)
    assert np.array_equal(kept.counsel.likeliest, model.counsel.likeliest)
    assert np.allclose(chances(kept, "smoke, a disgrace"), chances(model, "smoke, a disgrace"), atol=0.05)
    assert len(chances(kept, "smoke")) == 3, "what stands aside is answered to nobody"


def test_one_text_and_many_are_answered_to_the_last_bit_alike() -> None:
    model, reader = unpacked(packed(made(COUNSEL, deep=True))), Reader(SETTINGS)
    texts = [one.text for one in (*examples(), *STRANGERS)]
    together = model.chances(reader.read([Message("", text) for text in texts]).scores(model, reader.facets))
    for text, chance in zip(texts, together, strict=True):
        assert np.array_equal(chance, chances(model, text))


def test_the_words_that_speak_for_an_emergency_are_shown_whatever_counsel_said() -> None:
    tagger = Tagger(SETTINGS, [unpacked(packed(made(COUNSEL, deep=True)))])
    tags = tagger.tags(complaint("The oven again and again, smouldering smoke, what a disgrace", language="en"))
    (tag,) = [tag for tag in tags if tag.facet == "emergency"]
    assert any("smoke" in span.words for span in tag.evidence)


def test_what_does_not_go_together_is_refused() -> None:
    one_language = judges("de", WORDS)
    with pytest.raises(ValueError, match="judges of other languages than 'de' teach too little of emergency"):
        made(COUNSEL, one_language)
    with pytest.raises(ValueError, match="counsel is learnt from judges"):
        made(COUNSEL._replace(teachers=len(STRANGERS)))
    with pytest.raises(ValueError, match="counsel is learnt from judges"):
        made(COUNSEL, [])
    with pytest.raises(ValueError, match="of which several may"):
        made(COUNSEL._replace(wholes=("complaint",)))
    with pytest.raises(ValueError, match="facets that take counsel"):
        made(COUNSEL._replace(facets=("complaint",)))
    with pytest.raises(ValueError, match="facets that are answered"):
        made(COUNSEL._replace(facets=("emergancy",)))
    with pytest.raises(ValueError, match="facets that are answered"):
        made(COUNSEL._replace(but=("any",)))
    with pytest.raises(ValueError, match="every judge is the same text as an example"):
        made(COUNSEL, [replace(one, language=language) for one in examples()[:4] for language in ("en", "de")])
    with pytest.raises(ValueError, match="for counsel only"):
        made(None, deep=True)


def test_a_file_whose_counsel_does_not_fit_is_refused() -> None:
    model = made(COUNSEL)
    assert model.counsel is not None
    for wholes, says in (
        (("complaint",), "any value holds where only one can"),
        (("emergency", "emergency"), "is no model of Amends"),
    ):
        with pytest.raises(SettingsError, match=says):
            unpacked(packed(replace(model, counsel=replace(model.counsel, wholes=wholes))))
    cold = tuple(replace(head, temperature=1e-40) for head in model.heads)
    with pytest.raises(SettingsError, match="does not stand where it should"):
        unpacked(packed(replace(model, heads=cold)))
    for number in (np.inf, np.nan, 3e38):
        with pytest.raises(SettingsError, match="a number that no model has"):
            bias = model.counsel.bias + np.float32(number)
            unpacked(packed(replace(model, counsel=replace(model.counsel, bias=bias))))
