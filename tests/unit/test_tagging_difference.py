"""After a change of phrases only those texts are tagged anew that a changed phrase can speak about, and no tag differs
from what tagging all of them anew would have said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.model import Complainant, Complaint, Status, Tag
from connector.tagging import (
    Facet,
    Lexicon,
    Phrase,
    PhraseBook,
    ProductWords,
    Strength,
    Tagger,
    TaggingSettings,
    Taxonomy,
)
from connector.tagging.difference import Difference, difference, packed, unpacked

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TAXONOMY = Taxonomy(
    {
        "complaint": Facet("Complaint?", {"yes": "Yes", "no": "No", "unsure": "Unsure"}, default="unsure"),
        "category": Facet("About", {"delivery": "Delivery", "delivery/late": "Late", "payment": "Payment"}, topic=True),
        "remedy": Facet("Wants", {"refund": "Refund", "apology": "Apology"}, several=True),
        "language": Facet("Language", {"en": "English", "zh": "Chinese", "unknown": "Unknown"}),
    }
)
SAYS = (
    {"complaint": "yes"},
    {"category": "delivery"},
    {"category": "delivery/late", "complaint": "yes"},
    {"category": "payment", "remedy": "refund"},
    {"remedy": "apology"},
)
WORDS = ("late", "later", "parcel", "refund", "not", "nót", "very", "is", "太差", "不", "very late", "@late", "é")
PARTS = (*WORDS, "lat*", "parc*", "..", "*", "太*")
SEPARATORS = (" ", " ", " ", ". ", "\n\n", "", "\n> ", "  ", ",", "\0")


def usable(words: list[str]) -> bool:
    return words[0] not in ("..", "*")


lines = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).filter(usable).map(" ".join)
phrases = st.builds(
    Phrase,
    st.lists(lines, min_size=1, max_size=3, unique=True).map(tuple),
    st.sampled_from(SAYS),
    st.sampled_from(list(Strength)),
)
texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SEPARATORS)), max_size=12).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)


@st.composite
def two_books(draw: st.DrawFn) -> tuple[PhraseBook, PhraseBook]:
    """A book of some language before and after an edit: most of it is the same."""
    language = draw(st.sampled_from(("en", "zh")))
    sides: tuple[dict[str, Any], dict[str, Any]] = {"phrases": {}, "guards": {}}, {"phrases": {}, "guards": {}}
    for name in draw(st.permutations(("a", "b", "c", "d"))):
        group, one = draw(st.sampled_from(("phrases", "phrases", "guards"))), draw(phrases)
        other = draw(st.sampled_from(("same", "same", "same", "gone", "new", "other words", "other saying")))
        if other != "new":
            sides[0][group][name] = one
        if other == "other words":
            more = draw(st.lists(lines, min_size=1, max_size=3, unique=True).map(tuple))
            sides[1][group][name] = replace(one, words=tuple(dict.fromkeys((*one.words[1:], *more))))
        elif other == "other saying":
            sides[1][group][name] = replace(draw(phrases), words=one.words)
        elif other != "gone":
            sides[1][group][name] = one
    if draw(st.integers(0, 9)) == 0:
        sides[1]["phrases"] = dict(reversed(sides[1]["phrases"].items()))
    turns = draw(st.sets(st.sampled_from(("not", "nót", "不", "very"))))
    after = draw(st.sampled_from((turns, turns, turns - {"not"}, turns | {"very"})))
    return (
        PhraseBook(language, **sides[0], negations=tuple(sorted(turns))),
        PhraseBook(language, **sides[1], negations=tuple(sorted(after))),
    )


@st.composite
def edits(draw: st.DrawFn) -> tuple[TaggingSettings, TaggingSettings]:
    pairs = draw(st.lists(two_books(), min_size=1, max_size=2, unique_by=lambda pair: pair[0].language))
    before = tuple(ProductWords(name, {"en": (draw(st.sampled_from(WORDS)),)}) for name in ("lamp", "late"))
    after = before if draw(st.booleans()) else (before[0], ProductWords("late", {"zh": ("太差",)}))
    sold = draw(st.booleans())
    return (
        TaggingSettings(TAXONOMY, tuple(old for old, _ in pairs), before if sold else ()),
        TaggingSettings(TAXONOMY, tuple(new for _, new in pairs), after if sold else ()),
    )


def complaint(text: str, subject: str = "", language: str | None = None) -> Complaint:
    return Complaint(
        source="desk",
        ticket="1",
        version=1,
        subject=subject,
        text=text,
        complainant=Complainant(key="desk:1"),
        status=Status.NEW,
        opened_at=NOW,
        updated_at=NOW,
        language=language,
    )


def differing(before: TaggingSettings, after: TaggingSettings) -> Difference | None:
    return difference(Lexicon("1", before), Lexicon("2", after))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits(), st.lists(st.tuples(texts, texts), min_size=1, max_size=6), st.sampled_from((None, "en", "zh")))
def test_whoever_is_not_tagged_anew_would_have_been_tagged_the_same(
    pair: tuple[TaggingSettings, TaggingSettings], messages: list[tuple[str, str]], language: str | None
) -> None:
    before, after = pair
    found = differing(before, after)
    if found is None:
        return
    old, new = Tagger(before), Tagger(after)
    for subject, text in messages:
        if not found.touches(subject, text):
            asked = complaint(text, subject, language)
            assert new.tags(asked) == old.tags(asked)


BOOK = PhraseBook(
    "en",
    {
        "late": Phrase(("late", "parcel .. lost"), {"category": "delivery"}),
        "money": Phrase(("refund*", "pay back"), {"category": "payment"}),
        "other": Phrase(("broken",), {"complaint": "yes"}),
    },
    guards={"thanks": Phrase(("thank* .. refund",))},
    negations=("not",),
)
BEFORE = TaggingSettings(TAXONOMY, (BOOK,))


def changed(**parts: Any) -> TaggingSettings:
    return TaggingSettings(TAXONOMY, (replace(BOOK, **parts),))


@pytest.mark.parametrize(
    ("after", "anew", "kept"),
    [
        pytest.param(
            changed(phrases={**BOOK.phrases, "new": Phrase(("ombudsm*",), {"complaint": "yes"})}),
            ("I told the Ombudsmen.", "OMBUDSMAN"),
            ("My parcel is late, and I want a refund.", "thank you", ""),
            id="a new phrase",
        ),
        pytest.param(
            changed(phrases={**BOOK.phrases, "late": Phrase(("late",), {"category": "delivery"})}),
            ("my parcel was really lost", "Parcel\nlost"),
            ("lost", "my parcel is late", "parcel one two three four lost"),
            id="a line less",
        ),
        pytest.param(
            changed(phrases={name: one for name, one in BOOK.phrases.items() if name != "other"}),
            ("it is broken",),
            ("heartbroken", "late"),
            id="a phrase less",
        ),
        pytest.param(
            changed(guards={}),
            ("thanks for the refund",),
            ("a refund, thanks", "late"),
            id="a guard less",
        ),
        pytest.param(
            changed(negations=("not", "hardly")),
            ("it was hardly late",),
            ("it was not late",),
            id="a negation more",
        ),
        pytest.param(
            changed(phrases={**BOOK.phrases, "money": replace(BOOK.phrases["money"], strength=Strength.SURE)}),
            ("refunded", "pay back"),
            ("payback", "late"),
            id="another strength",
        ),
    ],
)
def test_only_those_are_tagged_anew_whose_words_a_changed_phrase_is_about(
    after: TaggingSettings, anew: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    for there, back in ((BEFORE, after), (after, BEFORE)):
        found = differing(there, back)
        assert found is not None
        assert [text for text in anew if not found.touches("", text)] == []
        assert [text for text in kept if found.touches(text, "")] == []


def test_a_new_title_or_example_has_nobody_tagged_anew() -> None:
    facets = {**TAXONOMY.facets, "remedy": replace(TAXONOMY.facets["remedy"], title="What they want")}
    found = differing(BEFORE, replace(BEFORE, taxonomy=Taxonomy(facets)))
    assert found is not None
    assert not found.touches("late", "a refund for my lost parcel")


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(Lexicon("2", BEFORE, ("another",)), id="another model"),
        pytest.param(Lexicon("2", BEFORE, version="another"), id="another release"),
        pytest.param(
            Lexicon("2", replace(BEFORE, taxonomy=Taxonomy(dict(list(TAXONOMY.facets.items())[1:])))), id="a facet less"
        ),
        pytest.param(Lexicon("2", replace(BEFORE, products=(ProductWords("lamp"),))), id="the first product"),
        pytest.param(Lexicon("2", changed(phrases=dict(reversed(BOOK.phrases.items())))), id="another order"),
        pytest.param(Lexicon("2", changed(phrases={"odd": Phrase(("* late",), {})})), id="a line nobody can look up"),
    ],
)
def test_what_is_more_than_a_change_of_phrases_has_everything_tagged_anew(after: Lexicon) -> None:
    assert difference(Lexicon("1", BEFORE), after) is None


def test_a_lexicon_is_kept_as_it_is_but_for_its_examples() -> None:
    kept = Lexicon("1", replace(BEFORE, products=(ProductWords("lamp", {"en": ("light",)}),)), ("m",), "1.2")
    assert unpacked(packed(kept)) == kept
    assert unpacked(b"nothing of ours") is None


def test_equal_witnesses_speak_in_the_order_of_their_books() -> None:
    """Why another order has everything tagged anew: of two phrases that say the same the first is named."""
    two = {"one": Phrase(("late",), {"complaint": "yes"}), "two": Phrase(("late",), {"complaint": "yes"})}
    said: list[tuple[Tag, ...]] = [
        Tagger(TaggingSettings(TAXONOMY, (PhraseBook("en", dict(order)),))).tags(complaint("late", language="en"))
        for order in (two.items(), reversed(two.items()))
    ]
    assert said[0] != said[1]
