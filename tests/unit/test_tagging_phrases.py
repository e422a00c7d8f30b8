"""How phrases become tags: words, stems, gaps, negation, guards, quoted mail, and evidence that points at the text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import SettingsError
from connector.model import Complainant, Complaint, Status, Tag
from connector.tagging import (
    Example,
    Examples,
    Facet,
    Phrase,
    PhraseBook,
    Strength,
    Tagger,
    TaggingSettings,
    Taxonomy,
)
from connector.tagging.check import check

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TAXONOMY = Taxonomy(
    {
        "complaint": Facet("Complaint?", {"yes": "Yes", "no": "No", "unsure": "Unsure"}, default="unsure"),
        "category": Facet("About", {"delivery": "Delivery", "payment": "Payment", "service": "Service"}, topic=True),
        "root_cause": Facet("Why", {"staff_conduct": "Staff"}),
        "language": Facet("Language", {"en": "English", "pt": "Portuguese", "zh": "Chinese", "unknown": "Unknown"}),
    }
)
ENGLISH = PhraseBook(
    language="en",
    phrases={
        "late": Phrase(("late", "arriv* late", "parcel .. not arrived"), {"complaint": "yes", "category": "delivery"}),
        "rude": Phrase(("rude",), {"complaint": "yes", "category": "service", "root_cause": "staff_conduct"}),
        "refund": Phrase(("refund",), {"category": "payment"}),
        "charged": Phrase(("charged twice", "é caro"), {"complaint": "yes", "category": "payment"}, Strength.SURE),
        "parcel": Phrase(("parcel",), {"category": "delivery"}, Strength.HINT),
        "courier": Phrase(("courier",), {"category": "delivery"}, Strength.HINT),
        "bad": Phrase(("bad",), {"complaint": "yes"}),
        "any-wait": Phrase(("wait * days",), {"complaint": "yes"}),
    },
    guards={
        "thanks": Phrase(("thank* .. quick refund",), {"complaint": "no"}),
        "silent": Phrase(("not bad at all",)),
    },
    negations=("not", "never", "in no way"),
)
CHINESE = PhraseBook("zh", {"bad": Phrase(("太差",), {"complaint": "yes"})})
SETTINGS = TaggingSettings(TAXONOMY, (ENGLISH, CHINESE))
TAGGER = Tagger(SETTINGS)


def complaint(text: str, subject: str = "", language: str | None = "en", locale: str | None = None) -> Complaint:
    return Complaint(
        source="desk",
        ticket="1",
        version=1,
        subject=subject,
        text=text,
        complainant=Complainant(key="desk:1", language=locale),
        status=Status.NEW,
        opened_at=NOW,
        updated_at=NOW,
        language=language,
    )


def tagged(text: str, subject: str = "", language: str | None = "en") -> dict[str, Tag]:
    return {tag.facet: tag for tag in TAGGER.tags(complaint(text, subject, language))}


def values(text: str, subject: str = "") -> dict[str, str]:
    return {facet: tag.value for facet, tag in tagged(text, subject).items()}


def words(tag: Tag) -> list[str]:
    return [span.words for span in tag.evidence]


def test_a_phrase_speaks_about_several_facets_and_names_itself() -> None:
    tags = tagged("Your driver was RUDE to my mother.")
    assert {facet: tag.value for facet, tag in tags.items()} == {
        "complaint": "yes",
        "category": "service",
        "root_cause": "staff_conduct",
        "language": "en",
    }
    assert tags["category"].author == "phrase:en/rude"
    assert tags["category"].confidence == pytest.approx(0.65)
    assert words(tags["category"]) == ["RUDE"]


def test_a_stem_takes_any_ending_and_the_evidence_shows_the_whole_words() -> None:
    assert words(tagged("It arrives late")["category"]) == ["arrives late"]


def test_a_gap_takes_up_to_three_words_of_the_same_sentence() -> None:
    assert words(tagged("The parcel has still really not arrived.")["complaint"]) == [
        "parcel has still really not arrived"
    ]
    assert values("The parcel of my dear old aunt has not arrived.")["complaint"] == "unsure"
    assert values("I have the parcel. The letter has not arrived.")["complaint"] == "unsure"


def test_one_star_alone_stands_for_one_word() -> None:
    assert values("I had to wait seven days")["complaint"] == "yes"
    assert values("I had to wait days")["complaint"] == "unsure"


def test_words_are_found_whole_and_not_within_other_words_or_names() -> None:
    assert values("The chocolate plate was translated by @late")["complaint"] == "unsure"


def test_chinese_phrases_are_found_although_no_blanks_surround_them() -> None:
    assert words(tagged("服务太差了", language="zh")["complaint"]) == ["太差"]


def test_a_line_break_within_a_phrase_does_not_hide_it_but_an_empty_line_does() -> None:
    assert words(tagged("I was charged\r\n  twice!")["category"]) == ["charged\r\n  twice"]
    assert "category" not in values("I was charged\n\ntwice")


def test_accents_typographic_signs_and_case_do_not_matter() -> None:
    assert words(tagged("E CARO")["category"]) == ["E CARO"]
    assert words(tagged("e\u0301 caro")["category"]) == ["e\u0301 caro"]
    assert words(tagged("ＣＨＡＲＧＥＤ twice")["category"]) == ["ＣＨＡＲＧＥＤ twice"]


def test_a_negation_shortly_before_takes_the_statement_back_but_leaves_the_topic() -> None:
    assert values("He was not at all rude") == {"complaint": "unsure", "category": "service", "language": "en"}
    assert values("He was in no way rude")["complaint"] == "unsure"
    assert values("I am not, to be clear, rude")["complaint"] == "yes"
    assert values("This is not the first time he was rude")["complaint"] == "yes"


def test_a_negation_within_a_gap_is_no_part_of_the_phrase() -> None:
    assert values("The parcel was never not arrived")["complaint"] == "unsure"


def test_a_guard_hides_the_phrases_it_overlaps_and_may_speak_itself() -> None:
    tags = tagged("Thank you for the quick refund")
    assert {facet: tag.value for facet, tag in tags.items()} == {"complaint": "no", "language": "en"}
    assert tags["complaint"].author == "guard:en/thanks"
    assert values("It was not bad at all")["complaint"] == "unsure"


def test_lines_quoted_from_earlier_mail_are_not_read() -> None:
    assert values("See below.\n> You were rude\n  >> and late") == {"complaint": "unsure", "language": "en"}
    assert words(tagged("> hello\nYou were rude")["category"]) == ["rude"]


def test_one_hint_says_nothing_and_two_different_hints_do() -> None:
    assert "category" not in values("About the parcel, the parcel and the parcel")
    assert values("The courier has my parcel")["category"] == "delivery"


def test_a_phrase_within_a_longer_one_is_not_counted_again() -> None:
    assert words(tagged("It arrived late")["complaint"]) == ["arrived late"]


def test_two_values_that_come_close_decide_nothing() -> None:
    assert "category" not in values("The clerk was rude about my refund")


def test_subject_and_text_are_both_read() -> None:
    tag = tagged("It was late.", subject="Rude driver")["complaint"]
    assert [(span.field, span.words) for span in tag.evidence] == [("subject", "Rude"), ("text", "late")]
    assert tag.confidence > 0.65


def test_only_the_first_four_thousand_characters_are_read() -> None:
    assert values("x " * 1_990 + "rude")["complaint"] == "yes"
    assert values("x " * 2_000 + "rude")["complaint"] == "unsure"


def test_without_evidence_the_complaint_is_unsure_and_nothing_else_is_said() -> None:
    tags = tagged("Where is your shop?")
    assert list(tags) == ["complaint", "language"]
    assert (tags["complaint"].value, tags["complaint"].author, tags["complaint"].evidence) == ("unsure", "default", ())


def test_what_the_source_itself_says_wins_over_the_phrases() -> None:
    told = Tag("complaint", "no", 1.0, "mapping")
    tags = TAGGER.tags(complaint("You were rude"), told)
    assert tags[0] == told
    assert [tag.facet for tag in tags] == ["complaint", "category", "root_cause", "language"]


def test_a_language_that_the_source_states_is_taken_and_its_book_alone_is_read() -> None:
    tag = tagged("You were rude", language="zh")["language"]
    assert (tag.value, tag.confidence, tag.author) == ("zh", 1.0, "mapping")
    assert values("You were rude")["complaint"] == "yes"
    assert tagged("You were rude", language="zh")["complaint"].value == "unsure"


def test_a_text_too_short_for_its_language_is_read_with_every_book() -> None:
    tags = tagged("rude", language=None)
    assert (tags["language"].value, tags["complaint"].value) == ("unknown", "yes")


def test_the_same_text_gets_the_same_tags_every_time() -> None:
    ticket = complaint("The courier was rude and late, charged twice, parcel not arrived, bad")
    assert TAGGER.tags(ticket) == Tagger(SETTINGS).tags(ticket)


@pytest.mark.parametrize("line", ["", "*", "..", "* days", ".. late", "a*b", "pa*rcel late"])
def test_words_that_cannot_be_looked_up_are_refused_by_name(line: str) -> None:
    book = PhraseBook("en", {"odd": Phrase((line,), {"complaint": "yes"})})
    with pytest.raises(SettingsError, match="phrase:en/odd"):
        Tagger(TaggingSettings(TAXONOMY, (book,)))
    assert len(check(TaggingSettings(TAXONOMY, (book,)))) == 1


def test_check_tells_which_examples_do_not_hold() -> None:
    examples = Examples(
        match=(Example("You were rude", {"complaint": "yes"}), Example("You were nice", {"category": "service"})),
        miss=(Example("You were rude", {"root_cause": "staff_conduct"}), Example("Hello", {"complaint": "yes"})),
    )
    book = PhraseBook("en", ENGLISH.phrases, examples=examples)
    assert check(TaggingSettings(TAXONOMY, (book,))) == [
        'phrases en: "You were nice" should be category: service, but is nothing.',
        'phrases en: "You were rude" should not be root_cause: staff_conduct, but is.',
    ]


def test_check_finds_a_strange_language_and_a_phrase_that_says_nothing() -> None:
    empty = PhraseBook("en", {"mute": Phrase(("hello",))})
    strange = PhraseBook("sl", {"slow": Phrase(("počasi",), {"complaint": "yes"})})
    problems = check(TaggingSettings(TAXONOMY, (ENGLISH, empty, strange)))
    assert len(problems) == 2
    assert all(word in " ".join(problems) for word in ("mute", '"sl"'))


ODD = ["> ", "\n", "\r\n\r\n", "  ", "e\u0301", "ﬁne", "ß", "İ", "太差", "\u2026", "\0", "½", "\u0345", "가"]
SPICE = st.sampled_from(["rude", "charged twice", "parcel", " not ", "LATE", "thanks for the quick refund", *ODD])
TEXTS = st.lists(st.one_of(SPICE, st.text(max_size=8)), max_size=30).map("".join)


@settings(deadline=None)  # the first text of all loads the letter statistics
@given(TEXTS, TEXTS, st.sampled_from(["en", "zh", None]))
def test_no_text_is_too_odd_and_all_evidence_stands_in_the_original(subject: str, text: str, language: str) -> None:
    ticket = complaint(text, subject, language)
    for tag in TAGGER.tags(ticket):
        assert 0 <= tag.confidence <= 1
        assert tag.value in TAXONOMY.facets[tag.facet].values
        for span in tag.evidence:
            original = ticket.subject if span.field == "subject" else ticket.text
            assert span.words == original[span.start : span.end] != ""


@pytest.mark.parametrize(
    "unit", ["rude ", "not ", "parcel not ", "thank ", "a", "\u0301", "> rude\n", "\n", "太差", "e\u0301 "]
)
def test_huge_text_of_one_kind_is_answered(unit: str) -> None:
    assert TAGGER.tags(complaint(unit * 200_000, unit * 200_000, language=None))
