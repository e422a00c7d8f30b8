"""The statistics of letters are those of `eld`, in a fortieth of its memory."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.letters import packed
from connector.settings import load_tagging
from connector.tagging import letters


@cache
def eld() -> Any:
    from eld import LanguageDetector

    return LanguageDetector()


def same(text: str) -> bool:
    ours, theirs = letters.scores(text), eld().detect(text).scores()
    return list(ours.items()) == list(theirs.items())


def test_they_are_packed_as_they_are_installed() -> None:
    unpacked = zstandard.ZstdDecompressor().decompress
    assert unpacked(letters.shipped()) == unpacked(packed()), "run `make books`"


def test_every_shipped_example_has_the_scores_that_eld_gives_it() -> None:
    examples = [one.text for book in load_tagging()[0].books for one in (*book.examples.match, *book.examples.miss)]
    assert len(examples) > 300
    assert all(map(same, examples))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "'",
        "l\u2019\u00e9tat d'urgence",
        "\u00b2\u00bd\u2167 square 19 metres",
        "a" * 75 + "bcdefghijk",
        "\u044f" * 200,
        "\u10d0\u10dc " * 60,
        "\u10d0" * 117 + " \u10d0\u10dc",
    ],
)
def test_odd_texts_have_the_scores_that_eld_gives_them(text: str) -> None:
    assert same(text)


@given(
    st.text(
        alphabet=st.sampled_from("abcde\u00e9\u00df\u0130'\u2019` ²½19.\u0440\u0443\u10d0\u65e5\u672c\u0301"),
        max_size=200,
    )
)
def test_any_text_has_the_scores_that_eld_gives_it(text: str) -> None:
    assert same(text)


@given(st.lists(st.text(alphabet="abcde\u00e9' 19\u0440\u65e5\U0001f600", max_size=40), max_size=6))
def test_texts_that_are_asked_together_have_the_scores_that_each_has_alone(texts: list[str]) -> None:
    together = letters.scores_of(texts)
    assert [list(one.items()) for one in together] == [list(letters.scores(text).items()) for text in texts]
