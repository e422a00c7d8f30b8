"""Folding text without losing the way back to the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.tagging.fold import fold, folded_lines, without_quotes


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hello THERE", "hello there"),
        ("It\u2019s \u2013 late\u2026", "it's - late."),
        ("Não FUNCIONA", "nao funciona"),
        ("Straße", "strasse"),
        ("ﬁne", "fine"),
        ("e\u0301te\u0301", "ete"),
        ("İzmir", "izmir"),
        ("ＡＢＣ，１", "abc,1"),
        ("Ёлка", "елка"),
        ("ZŁAMAŁ złamał", "zlamal zlamal"),
        ("one  two\r\nthree", "one two three"),
        ("one\n\ntwo", "one\ntwo"),
        ("re\u200bfund", "refund"),
        ("par\u00adcel is\u200d late", "parcel is late"),
        ("\ufeffHello", "hello"),
        ("\u200b\u00ad", ""),
        ("", ""),
    ],
)
def test_spellings_of_one_thing_become_one(text: str, folded: str) -> None:
    assert fold(text).text == folded


def test_offsets_lead_back_to_the_characters_they_came_from() -> None:
    text = "Die  Straße war\r\n\r\nﬁnster und Damp\u00adf zu sehen"
    folded = fold(text)
    for word, original in (
        ("strasse", "Straße"),
        ("war", "war"),
        ("finster", "ﬁnster"),
        ("ss", "ß"),
        ("dampf", "Damp\u00adf"),
    ):
        at = folded.text.index(word)
        start, end = folded.original(at, at + len(word))
        assert text[start:end] == original


@given(st.text(alphabet=st.characters(), max_size=60))
def test_every_folded_character_came_from_somewhere_and_in_order(text: str) -> None:
    folded = fold(text)
    places = [folded.original(at, at + 1) for at in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)


@given(st.text(alphabet="aéÉ ß\u2026\u2019İﬁＡ\u00ad\u200b", max_size=40))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


@given(st.lists(st.text(alphabet="aé ß\u2026İﬁＡ\u00ad\u0301\n\0", max_size=8), max_size=12))
def test_many_lines_fold_as_each_of_them_does(lines: list[str]) -> None:
    assert folded_lines(lines) == [fold(line).text for line in lines]


@given(st.text(alphabet="> a\n", max_size=40))
def test_quoted_lines_are_blanked_without_moving_anything(text: str) -> None:
    blanked = without_quotes(text)
    assert len(blanked) == len(text)
    for before, after in zip(text.split("\n"), blanked.split("\n"), strict=True):
        assert after == ("\0" * len(before) if before.lstrip(" ").startswith(">") else before)
