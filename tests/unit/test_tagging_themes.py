"""Themes: what a message touches, in whatever language it is written, and what a model learns from that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from connector.settings import load_tagging
from connector.settings.themes import shipped_themes
from connector.tagging.book import Facet, TaggingSettings, Taxonomy
from connector.tagging.fold import fold
from connector.tagging.grams import BUCKETS, THEME_BUCKETS
from connector.tagging.labelled import Labelled, task_for
from connector.tagging.material import material
from connector.tagging.model_file import packed, unpacked
from connector.tagging.reading import Reader
from connector.tagging.tagger import Asked, Tagger
from connector.tagging.themes import Themes, bucket_of, words_of
from connector.tagging.training import learn
from tests.unit.test_tagging_phrases import complaint

LISTS = {
    "en": "# A remark\nfire: smoke*, burn*\nchild: baby, cot\nthing: kettle, chair\n",
    "de": "fire: qualm*, brenn*\nchild: Säugling*\nthing: Kessel, Stuhl",
    "zh": "fire: 冒烟\nchild: 婴儿",
}


@dataclass(frozen=True)
class Found:
    buckets: set[int]
    words: list[str]


def found(text: str, language: str) -> Found:
    shown = fold(text).text
    places = Themes(LISTS).places([shown], [language])
    spans = zip(places.starts.tolist(), places.ends.tolist(), strict=True)
    return Found(set(places.buckets.tolist()), [shown[start:end] for start, end in spans])


def test_a_message_in_any_language_touches_the_same_themes_and_the_same_pair_of_them() -> None:
    english = found("Smoke came out, right beside the cot!", "en")
    assert english.buckets == {bucket_of("fire"), bucket_of("child"), bucket_of("child fire")}
    assert found("Es qualmte neben dem SÄUGLING.", "de").buckets == english.buckets
    assert found("婴儿旁边冒烟了", "zh").buckets == english.buckets
    assert max(english.buckets) < BUCKETS


@pytest.mark.parametrize(
    ("text", "words"), [("a babysitter", []), ("the BABY, again", ["baby"]), ("smokescreen", ["smoke"])]
)
def test_a_word_stands_for_itself_unless_a_star_lets_it_go_on(text: str, words: list[str]) -> None:
    assert found(text, "en").words == words


def test_a_star_in_the_midst_of_several_words_lets_only_that_word_go_on() -> None:
    lists = {"en": "again: send* it again*, wi-fi\nback: it*"}

    def words(text: str) -> list[str]:
        places = Themes(lists).places([text], ["en"])
        kept = places.buckets == bucket_of("again")
        spans = zip(places.starts[kept].tolist(), places.ends[kept].tolist(), strict=True)
        return [text[start:end] for start, end in spans]

    assert words("please, sending it again!") == ["sending it again"]
    assert words("send it, again") == words("sending items again") == words("sending it aga") == []
    assert words("no wi fi (wi-fi)") == ["wi fi"]


def test_a_theme_counts_once_however_often_it_is_touched_and_is_shown_where_it_was_first() -> None:
    once = found("It burns, burned, burnt: smoke.", "en")
    assert once.buckets == {bucket_of("fire")}
    assert once.words == ["burn"]


def test_whoever_is_read_beside_it_a_message_touches_the_same() -> None:
    texts = ["smoke \U0001f525 by the cot", "\U00020000burn, baby", "the *cot*", "\u65e5 smoke\u3001baby", "", "child"]
    shown = [fold(text).text for text in texts]
    together = Themes(LISTS).places(shown, ["en"] * len(shown))
    rows = zip(*(part.tolist() for part in together), strict=True)
    alone = [
        (bucket, number, start, end)
        for number, text in enumerate(shown)
        for bucket, _, start, end in zip(*(part.tolist() for part in Themes(LISTS).places([text], ["en"])), strict=True)
    ]
    assert list(rows) == alone
    assert len(alone) > 6


def test_a_language_without_a_list_touches_nothing() -> None:
    assert found("smoke", "fr").buckets == set()
    assert found("smoke", "unknown").buckets == set()


def test_what_was_learnt_in_one_language_is_known_in_another_and_shown_in_its_words() -> None:
    facet = Facet("Emergency", {"safety": "Danger"}, several=True)
    taxonomy = Taxonomy(
        {"language": Facet("Language", {"en": "English", "de": "German", "unknown": "?"}), "emergency": facet}
    )
    settings = TaggingSettings(taxonomy, themes=LISTS)
    danger = [f"The {thing} number {n} let smoke out" for n in range(9) for thing in ("kettle", "chair")]
    quiet = [f"The {thing} number {n} is late" for n in range(9) for thing in ("kettle", "chair")]
    examples = [Labelled(text, {"emergency": ("safety",)}, "en") for text in danger]
    examples += [Labelled(text, {"emergency": ()}, "en") for text in quiet]
    reader = Reader(settings)
    made, _ = learn(material(examples, reader), [task_for("emergency", examples, reader.facets)])
    tagger = Tagger(settings, [unpacked(packed(made))])
    (tags,) = tagger.tags_of([Asked(complaint("Aus dem Kessel qualmt es seit heute Morgen", language="de"))])
    (tag,) = [tag for tag in tags if tag.facet == "emergency"]
    assert tag.value == "safety"
    assert "qualmt" in [span.words for span in tag.evidence]


def test_the_shipped_lists_have_the_same_themes_in_all_languages_and_no_theme_without_words() -> None:
    lists = {language: dict(words_of(listed)) for language, listed in shipped_themes().items()}
    assert set(lists) == set(load_tagging(None)[0].languages)
    english = list(lists["en"])
    for language, themes in lists.items():
        assert list(themes) == english, language
        assert all(len(words) >= 10 for words in themes.values()), language
        assert all(fold(word).text.strip(" *") for words in themes.values() for word in words), language


def test_no_two_shipped_themes_or_pairs_share_a_number_with_a_word() -> None:
    places = Themes(shipped_themes()).places([fold("Smoke beside the baby's cot").text], ["en"])
    assert np.all(places.buckets >= BUCKETS - THEME_BUCKETS)
