"""Models beside the phrases: who decides what, what is shown for it, and that the same comes out each time."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.errors import SettingsError
from connector.model import Amount, Tag
from connector.tagging import (
    Asked,
    Facet,
    Model,
    Phrase,
    PhraseBook,
    ProductWords,
    Strength,
    Tagger,
    TaggingSettings,
    Taxonomy,
)
from connector.tagging.duplicates import groups
from connector.tagging.grams import grams
from connector.tagging.heads import Arrays, Head
from connector.tagging.labelled import Labelled, labels_of, task_for
from connector.tagging.material import material
from connector.tagging.measuring import Answer, coverage, measured, measured_sets
from connector.tagging.model_file import packed, unpacked
from connector.tagging.money import amounts
from connector.tagging.reading import Message, Reader
from connector.tagging.training import learn
from connector.tagging.weigh import Voice, answers
from tests.unit.test_tagging_phrases import complaint

TAXONOMY = Taxonomy(
    {
        "complaint": Facet("Complaint?", {"yes": "Yes", "no": "No", "unsure": "Unsure"}, default="unsure"),
        "category": Facet(
            "About",
            {"delivery": "Delivery", "delivery/late": "Too late", "payment": "Payment", "garden": "Garden"},
            topic=True,
        ),
        "remedy": Facet("Wanted", {"refund": "Money", "repair": "Repair", "apology": "Sorry"}, several=True),
        "emergency": Facet(
            "Now",
            {"safety": "Danger", "legal": "Law"},
            topic=True,
            several=True,
            firm=True,
            raises={"safety": {"severity": "critical"}, "legal": {"severity": "high"}},
        ),
        "severity": Facet("How bad", {"low": "L", "normal": "N", "high": "H", "critical": "C"}),
        "language": Facet("Language", {"en": "English", "zh": "Chinese", "unknown": "Unknown"}),
    }
)
ENGLISH = PhraseBook(
    "en",
    {
        "late": Phrase(("late",), {"category": "delivery/late"}),
        "tulips": Phrase(("tulip bulbs", "hedge"), {"category": "garden"}),
        "money": Phrase(("money back", "refund"), {"remedy": "refund"}),
        "fix": Phrase(("repair it",), {"remedy": "repair"}),
        "fire": Phrase(("sparks", "smoke"), {"emergency": "safety"}),
        "law": Phrase(("my lawyer",), {"emergency": "legal"}),
    },
    negations=("no", "not"),
)
SETTINGS = TaggingSettings(TAXONOMY, (ENGLISH, PhraseBook("zh", {"late": Phrase(("太晚",), {"category": "delivery"})})))

PARCELS = ("the courier lost my box", "a box from the courier never came", "where is the courier with my box")
BILLS = ("the invoice charges twice", "charges on this invoice are wrong", "your invoice shows wrong charges")


@cache
def model() -> Model:
    """A model that knows deliveries from payments, and a complaint when it sees a courier or an invoice."""
    examples = [
        Labelled(f"{text}, number {number}", {"category": (value,), "complaint": ("yes",), "remedy": ()}, "en")
        for number in range(6)
        for value, texts in (("delivery", PARCELS), ("payment", BILLS))
        for text in texts
    ]
    examples += [
        Labelled(f"{text} {number}", {"complaint": ("no",), "emergency": ()}, "en")
        for number in range(6)
        for text in ("what are your opening hours", "do you sell lamps", "thank you so much")
    ]
    reader = Reader(SETTINGS)
    stuff = material(examples, reader)
    tasks = [task_for(facet, examples, reader.facets) for facet in ("complaint", "category")]
    return unpacked(packed(learn(stuff, tasks)[0]))


@cache
def tagger() -> Tagger:
    return Tagger(SETTINGS, [model()])


def tags(text: str, by: Tagger | None = None, subject: str = "") -> dict[str, list[Tag]]:
    found: dict[str, list[Tag]] = {}
    for tag in (by or tagger()).tags(complaint(text, subject)):
        found.setdefault(tag.facet, []).append(tag)
    return found


def values(text: str, facet: str, by: Tagger | None = None) -> list[str]:
    return [tag.value for tag in tags(text, by).get(facet, [])]


# -- who decides ---------------------------------------------------------------------------------------------------


def test_a_model_hears_what_no_phrase_says_and_shows_the_words_that_weighed_most() -> None:
    [tag] = tags("Hello, the courier has lost my box again!")["category"]
    assert tag.value == "delivery"
    assert tag.author == f"model:{model().version}"
    assert {word for span in tag.evidence for word in span.words.lower().split()} & {"courier", "box", "lost"}


def test_phrases_alone_decide_a_category_that_no_model_was_taught() -> None:
    [tag] = tags("The courier lost my box of tulip bulbs")["category"]
    assert (tag.value, tag.author) == ("garden", "phrase:en/tulips")


def test_a_finer_value_is_said_where_a_phrase_says_it_and_the_model_agrees() -> None:
    assert values("The courier with my box is late", "category") == ["delivery/late"]
    assert values("The courier lost my box", "category") == ["delivery"]


def test_a_model_that_is_not_sure_says_nothing() -> None:
    assert values("qwertz asdfgh yxcvbn", "category") == []
    assert values("qwertz asdfgh yxcvbn", "complaint") == ["unsure"]


def test_several_remedies_are_told_each_with_its_own_words() -> None:
    found = tags("I want my money back, or repair it.")["remedy"]
    assert [(tag.value, tag.evidence[0].words) for tag in found] == [
        ("refund", "money back"),
        ("repair", "repair it"),
    ]


def test_an_emergency_is_not_denied_and_nothing_makes_it_trifling() -> None:
    found = tags("There is no smoke, but sparks, and my lawyer knows.")
    assert [tag.value for tag in found["emergency"]] == ["safety", "legal"]
    assert [tag.value for tag in found["severity"]] == ["critical"]


def test_a_model_cannot_unlearn_an_emergency() -> None:
    examples = [Labelled(f"sparks here {number}", {"emergency": ()}, "en") for number in range(30)]
    examples += [Labelled(f"tea please {number}", {"emergency": ("safety",)}, "en") for number in range(30)]
    reader = Reader(SETTINGS)
    made, _ = learn(material(examples, reader), [task_for("emergency", examples, reader.facets)])
    taught = Tagger(SETTINGS, [unpacked(packed(made))])
    assert values("sparks here", "emergency", taught) == ["safety"]
    assert values("tea please", "emergency", taught) == ["safety"], "it may add what phrases do not know"


def test_what_is_only_hinted_at_is_left_to_a_model_whose_answers_take_counsel_in_that_language() -> None:
    hints = {
        "grill": Phrase(("grill",), {"emergency": "safety"}, Strength.HINT),
        "smell": Phrase(("smell",), {"emergency": "safety"}, Strength.HINT),
    }
    settings = replace(SETTINGS, books=(replace(ENGLISH, phrases=ENGLISH.phrases | hints),))
    reader = Reader(settings)
    facet = reader.facets["emergency"]
    voice = Voice({"safety": 0}, ("safety",), [0.18], "model:calm")
    wise = replace(voice, hears_hints=frozenset({"en"}))

    def said(text: str, by: Voice | None, language: str) -> list[str]:
        votes = reader.read([Message("", text)]).messages[0].votes["emergency"]
        opinion = (by, [0.02]) if by is not None else None
        return [tag.value for tag in answers("emergency", facet, votes, opinion, language)]

    assert said("lovely grill, what a smell", wise, "en") == []
    assert said("sparks from the grill", wise, "en") == ["safety"], "a phrase that is enough alone stands"
    for by, language in ((None, "en"), (voice, "en"), (wise, "sv")):
        assert said("lovely grill, what a smell", by, language) == ["safety"]


def test_a_renamed_value_is_still_what_the_model_calls_otherwise() -> None:
    facet = replace(
        TAXONOMY.facets["category"], values={"shipping": "Shipping", "payment": "P"}, was={"delivery": "shipping"}
    )
    renamed = TaggingSettings(Taxonomy({**TAXONOMY.facets, "category": facet}), ())
    assert values("the courier lost my box", "category", Tagger(renamed, [model()])) == ["shipping"]


def test_what_the_source_states_wins_over_every_model() -> None:
    told = Tag("complaint", "no", 1.0, "mapping:labels")
    [found] = tagger().tags_of([Asked(complaint("the courier lost my box"), told)])
    assert [tag for tag in found if tag.facet == "complaint"] == [told]


def test_a_product_is_found_by_its_words_in_the_text() -> None:
    products = (ProductWords("Kettle", {"en": ("water boiler",), "zh": ("水壶",)}), ProductWords("Lamp"))
    sold = Tagger(replace(SETTINGS, products=products))
    assert values("My water boilers leak", "product", sold) == ["Kettle"]
    assert values("Nothing is said here", "product", sold) == []


# -- the same each time, and whatever comes --------------------------------------------------------------------------


def test_the_same_examples_give_the_same_bytes() -> None:
    first = packed(model())
    model.cache_clear()
    assert packed(model()) == first


def test_a_batch_says_of_each_text_what_the_text_alone_says() -> None:
    texts = ["the courier lost my box", "", "charges twice", "太晚了", "sparks! refund £20 \ud800", "x" * 5000]
    texts += ["charges twice, and the courier is late. " * 99, "where is the courier"] * 12  # more than one reading
    asked = [Asked(complaint(text, language=None)) for text in texts]
    assert tagger().tags_of(asked) == [tagger().tags_of([one])[0] for one in asked]


PIECES = st.sampled_from(
    [
        "courier ",
        "invoice",
        "sparks",
        " refund £20 ",
        "太晚",
        "\ud800",
        "\u200b",
        "\u202e",
        "e\u0301",
        "\n\n",
        "((((",
        "> ",
    ]
)


@settings(deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=20).map("".join), st.sampled_from(["en", "zh", None]))
def test_evidence_always_stands_in_the_text(text: str, language: str | None) -> None:
    ticket = complaint(text, "courier", language)
    for tag in tagger().tags(ticket):
        assert 0 <= tag.confidence <= 1
        for span in tag.evidence:
            original = ticket.subject if span.field == "subject" else ticket.text
            assert span.words == original[span.start : span.end] != ""


@pytest.mark.parametrize("unit", ["(", "[{<", "\ud83d", "\u200b", "\u202e\u202d", "12 ", "£1 ", "@", "courier ", "太"])
def test_a_million_of_anything_is_answered(unit: str) -> None:
    assert tagger().tags(complaint(unit * 1_000_000, unit * 1_000, language=None))


def test_a_model_of_another_release_is_told_from_what_is_none() -> None:
    with pytest.raises(SettingsError, match="another release made it") as error:
        unpacked(packed(model()).replace(b"model 2", b"model 1", 1))
    assert "Train it again" in error.value.remedy


def test_a_file_that_is_no_model_is_refused_in_words() -> None:
    content = packed(model())
    for broken in (b"", b"pickle", content[:40], content[:-20], content.replace(b"model 2", b"model 1")):
        with pytest.raises(SettingsError, match="no model of Amends"):
            unpacked(broken)


# -- the parts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number", "currency"),
    [
        ("give me £25 now", "25", "GBP"),
        ("25,50 EUR zurück", "25.50", "EUR"),
        ("quero R$ 30 de volta", "30", "BRL"),
        ("zwrot 1 200 zł", "1200", "PLN"),
        ("3000円返して", "3000", "JPY"),
        ("退我300块钱", "300", "CNY"),
        ("вернуть 500 рублей", "500", "RUB"),
        ("$1,299.99 please", "1299.99", "USD"),
        ("1.234,56 € bitte", "1234.56", "EUR"),
    ],
)
def test_money_is_read_as_people_write_it(text: str, number: str, currency: str) -> None:
    assert [found[2] for found in amounts(text)] == [Amount(number, currency)]


@pytest.mark.parametrize("text", ["order 25 arrived", "call 12345", "in 2024", "40 really nice people", "24/7"])
def test_a_number_without_a_currency_is_no_money(text: str) -> None:
    assert amounts(text) == []


def test_a_remedy_carries_the_amount_that_stands_beside_it() -> None:
    [tag] = tags("The lamp was £80. I want a refund of £25.")["remedy"]
    assert tag.amount == Amount("25", "GBP")
    assert [span.words for span in tag.evidence] == ["refund", "£25"]


def test_the_same_text_again_is_one_group_and_short_ones_only_when_they_are_equal() -> None:
    long = "My parcel with the order number 4711 has still not arrived and nobody answers the phone"
    assert groups(
        [long, long.replace("4711", "815"), "Something else that has nothing to do with it", "no", "NO!"]
    ) == [
        0,
        0,
        2,
        3,
        3,
    ]


def test_labels_from_elsewhere_are_read_as_the_taxonomy_has_them() -> None:
    assert [labels_of("complaint", said) for said in (1, "0", True, "Complaint", "enquiry", "perhaps", None)] == [
        ("yes",),
        ("no",),
        ("yes",),
        ("yes",),
        ("no",),
        None,
        None,
    ]
    assert labels_of("remedy", ["refund", "apology"]) == ("refund", "apology")
    assert labels_of("intent", 17) == ("17",)


def test_the_measures_are_those_of_the_books() -> None:
    right = ["a", "a", "b", "b"]
    answers = [
        Answer("a", 0.9, given=True),
        Answer("b", 0.8, given=True),
        Answer("b", 0.7, given=True),
        Answer(None, 0, given=False),
    ]
    found = measured(right, answers)
    assert found.per_class["a"].f1 == pytest.approx(2 / 3, abs=1e-4)
    assert found.per_class["b"].f1 == pytest.approx(0.5)
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.5) / 2, abs=1e-4)
    assert found.accuracy == 0.5
    assert found.abstained == 0.25
    assert coverage([(0.9, True), (0.8, True), (0.7, False), (0.6, True)], 0.75) == 1.0
    assert coverage([(0.9, True), (0.8, False)], 0.9) == 0.5
    sets = measured_sets([frozenset("ab"), frozenset()], [frozenset("a"), frozenset("c")])
    assert sets.micro_f1 == 0.5


def test_a_model_file_can_be_read_as_plain_numbers() -> None:
    again = unpacked(packed(model()))
    assert [msgspec.structs.asdict(head) for head in again.heads] == [
        msgspec.structs.asdict(head) for head in model().heads
    ]


def test_learning_tells_how_far_it_has_come_and_never_goes_back() -> None:
    examples = [Labelled(f"{text} {n}", {"emergency": ()}, "en") for n in range(6) for text in PARCELS]
    examples += [Labelled(f"smoke from oven {n}", {"emergency": ("safety",)}, "en") for n in range(18)]
    reader = Reader(SETTINGS)
    told: list[tuple[int, int]] = []
    tasks = [task_for("emergency", examples, reader.facets)]
    learn(material(examples, reader), tasks, tell=lambda _what, done, of: told.append((done, of)))
    assert len({of for _, of in told}) == 1, "of one number of steps"
    done = [one for one, _ in told]
    assert done == sorted(done) and len(set(done)) == len(done)
    assert 0 == done[0] < done[-1] < told[0][1]


def test_a_facet_that_does_not_believe_its_phrases_learns_the_words_and_hears_phrases_by_a_fixed_number() -> None:
    plain = ("the lift shook and dropped", "the rail came off in my hand", "the ladder gave way under me")
    examples = [
        Labelled(f"sparks and smoke, {text} {n}", {"emergency": ("safety",)}, "en") for n in range(6) for text in plain
    ]
    examples += [Labelled(f"{text} {n}", {"emergency": ()}, "en") for n in range(6) for text in PARCELS]
    reader = Reader(SETTINGS)
    tasks = [task_for("emergency", examples, reader.facets)]
    stuff = material(examples, reader)
    leaning, _ = learn(stuff, tasks)
    upright, _ = learn(stuff, tasks, believed={"emergency": 2.5})
    told = upright.pairs.index(("emergency", "safety"))
    assert upright.arrays.dense[told].tolist() == [2.5]
    assert upright.arrays.dense.sum() == 2.5
    without = reader.read([Message("", "the rail came off in my hand")])
    lean, stand = (one.chances(without.scores(one, reader.facets))[0, 0] for one in (leaning, upright))
    assert stand > lean


def test_judges_are_not_learnt_from_and_say_how_sure_a_model_has_to_be() -> None:
    examples = [
        Labelled(f"{text} number {n}", {"category": (value,)}, "en")
        for n in range(6)
        for value, texts in (("delivery", PARCELS), ("payment", BILLS))
        for text in texts
    ]
    judges = [
        Labelled("zebra " * 4, {"category": ("payment",)}, "en"),
        Labelled("zebra", {"category": ("delivery",)}, "en"),
    ]
    reader = Reader(SETTINGS)
    tasks = [task_for("category", examples, reader.facets)]
    stuff = material([*examples, *judges], reader)
    made, held = learn(stuff, tasks, believed={"category": 1.0}, judges=len(judges))
    alone, _ = learn(material(examples, reader), tasks, believed={"category": 1.0})
    assert held["category"].chosen.tolist() == [len(examples), len(examples) + 1]
    assert made.arrays.weights.tobytes() == alone.arrays.weights.tobytes()


def test_a_value_may_be_given_falsely_no_oftener_than_was_wished() -> None:
    texts = [*PARCELS, *BILLS]
    examples = [Labelled(f"{text} {n}", {"complaint": ("yes",)}, "en") for n in range(12) for text in texts]
    examples += [Labelled(f"{text} {n}", {"complaint": ("no",)}, "en") for n in range(12) for text in texts[::2]]
    reader = Reader(SETTINGS)
    tasks = [task_for("complaint", examples, reader.facets)]
    _, held = learn(material(examples, reader), tasks, falsely={"complaint": ("yes", 0.05)})
    column = tasks[0].values.index("yes")
    answers = held["complaint"]
    without = answers.chances[answers.right[:, column] == 0, column]
    assert (without > answers.least[column] + 1e-3).mean() <= 0.05


def test_what_is_said_outright_is_heard_before_a_model_that_is_sure_of_the_contrary() -> None:
    stated = Phrase(("i complain",), {"complaint": "yes"}, Strength.CERTAIN)
    named = Phrase(("complaint",), {"complaint": "yes"}, Strength.SURE)
    book = replace(ENGLISH, phrases={**ENGLISH.phrases, "stated": stated, "named": named})
    tagger = Tagger(replace(SETTINGS, books=(book,)), [model()])

    def said(text: str) -> Tag:
        return next(tag for tag in tagger.tags(complaint(text, language="en")) if tag.facet == "complaint")

    asking = "what are your opening hours, do you sell lamps"
    assert (said(asking).value, said(f"{asking}, complaint").value) == ("no", "no")
    told = said(f"{asking}? I complain!")
    assert (told.value, told.author) == ("yes", "phrase:en/stated")
    assert said(f"{asking}? Not that I complain!").value == "no", "denied"


def test_a_model_that_knows_no_feature_still_says_what_is_usual() -> None:
    arrays = Arrays(
        buckets=np.zeros(0, dtype=np.int32),
        idf=np.zeros(0, dtype=np.float32),
        weights=np.zeros((0, 2), dtype=np.int8),
        scales=np.ones(2, dtype=np.float32),
        dense=np.zeros((0, 2), dtype=np.float32),
        bias=np.array([3, -3], dtype=np.float32),
    )
    model = Model("none", (Head("complaint", ("yes", "no"), 0, False, 1.0, (0.5, 0.5)),), (), arrays)
    facets = {"complaint": Facet("Complaint", {"yes": "Yes", "no": "No"})}
    tagger = Tagger(TaggingSettings(Taxonomy(facets)), [model])
    assert [
        (tag.value, tag.evidence) for tag in tagger.tags(complaint("Where is it?")) if tag.facet == "complaint"
    ] == [("yes", ())]


@pytest.mark.parametrize("kind", [np.int8, np.float32])
def test_many_heavy_words_add_up_to_no_less_than_they_weigh(kind: type[Any]) -> None:
    words = [f"{'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10 % 10]}{n // 100 * 'x'}" for n in range(700)]
    texts = [" ".join(words[:count]) for count in (150, 3, 700)]
    features = grams(texts)
    buckets = np.unique(np.concatenate([features.words.buckets, features.runs.buckets])).astype(np.int32)
    arrays = Arrays(
        buckets=buckets,
        idf=np.ones(len(buckets), dtype=np.float32),
        weights=np.tile(np.array([[127, -128]], dtype=kind), (len(buckets), 1)),
        scales=np.ones(2, dtype=np.float32),
        dense=np.zeros((0, 2), dtype=np.float32),
        bias=np.zeros(2, dtype=np.float32),
    )
    model = Model("heavy", (Head("complaint", ("yes", "no"), 0, False, 1.0, (0.5, 0.5)),), (), arrays)
    roots = sum(np.sqrt(np.bincount(part.texts, minlength=3)) for part in (features.words, features.runs))
    together = model.sparse_scores(features).scores
    assert np.allclose(together, roots[:, None] * np.array([127, -128]), rtol=1e-6)
    for number, text in enumerate(texts):
        assert np.array_equal(model.sparse_scores(grams([text])).scores[0], together[number])
