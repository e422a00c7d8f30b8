"""Reading one YAML file: plain values, their places, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.settings.problems import Place, Problems, SettingsFilesError
from connector.settings.yaml_file import MAX_BYTES, Document, read_file, read_text


def read(text: str | bytes) -> Document:
    problems = Problems()
    document = read_text(text.encode() if isinstance(text, str) else text, "f.yaml", problems)
    problems.raise_if_any()
    assert document is not None
    return document


def refusal(text: str | bytes) -> str:
    with pytest.raises(SettingsFilesError) as error:
        read(text)
    return "\n".join(str(problem) for problem in error.value.problems)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("007", 7),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("12:30", "12:30"),
        ("2026-12-25", "2026-12-25"),
        ("1.2.3", "1.2.3"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        (".", "."),
        ("-", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("'no'", "no"),
        ("9" * 40, float("9" * 40)),
        (".inf", ".inf"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_a_word_means_what_yaml_1_2_says(word: str, value: Any) -> None:
    if word == "-":
        assert read("a:\n  -").value == {"a": [None]}
    else:
        assert read(f"a: {word}").value == {"a": value}


def test_norwegian_is_a_language_and_keys_are_text() -> None:
    assert read("no: norsk\n12: twelve\ntrue: t\n~: tilde").value == {
        "no": "norsk",
        "12": "twelve",
        "true": "t",
        "~": "tilde",
    }


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert read("").value == read("# nothing\n").value == read("---\n").value == {}


def test_every_value_and_key_has_its_line_and_column() -> None:
    document = read("a:\n  b: [x,\n      y]\n  c:\n    - k: v\n")
    assert document.place(("a", "b", 1)) == Place("f.yaml", 3, 7)
    assert document.place(("a", "c"), key=True) == Place("f.yaml", 4, 3)
    assert document.place(("a", "c", 0, "k")) == Place("f.yaml", 5, 10)
    assert str(document.place(("a", "nothing", "b"))) == "f.yaml:2:6"


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1", "'a' is here twice, first in line 1"),
        ("a: &x 1\nb: *x", "f.yaml:2:4", "aliases"),
        ("a: !!python/object/apply:os.system [x]", "f.yaml:1:4", "tag"),
        ("a: !secret x", "f.yaml:1:4", "tag"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1", "second document"),
        ("? [a]\n: b", "f.yaml:1:3", "a key has to be plain text"),
        ("a: [1, 2", "f.yaml:2:1", "not YAML"),
        ("a: b: c", "f.yaml:1:5", "not YAML"),
        ("a:\n\t- b", "f.yaml:2:1", "not YAML"),
        ("a: 'open", "f.yaml:1:9", "not YAML"),
        ("a: ok\nb: \x07", "f.yaml:2:4", "cannot stand in YAML"),
        (b"a: ok\nb: \xff", "f.yaml:2:1", "not UTF-8"),
        ("[" * 50, "f.yaml:1:21", "nested more than 20 deep"),
        ("a: " + "x" * MAX_BYTES, "f.yaml", "more than 1,000,000 bytes"),
    ],
)
def test_what_has_no_place_in_settings_is_refused_where_it_stands(text: str | bytes, where: str, what: str) -> None:
    said = refusal(text)
    assert said.startswith(f"{where}: ")
    assert what in said


def test_an_alias_bomb_is_refused_unopened() -> None:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "aliases (*name) are not used here" in refusal("\n".join(rows))


def test_all_duplicates_of_a_file_are_named_at_once() -> None:
    assert refusal("a: 1\na: 2\nb: 1\nb: 2").count("is here twice") == 2


def test_a_file_that_cannot_be_read_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    problems = Problems()
    assert read_file(tmp_path, "amends.yaml", problems) is None
    with pytest.raises(SettingsFilesError, match=r"amends\.yaml: the file cannot be read"):
        problems.raise_if_any()


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!#'\"|> \n\t,?%@~0", max_size=80).map(str.encode))
def test_any_bytes_are_a_document_or_a_problem(content: bytes) -> None:
    problems = Problems()
    document = read_text(content, "f.yaml", problems)
    assert (document is None) == bool(len(problems))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=20,
    )
)
def test_json_is_read_as_json(value: Any) -> None:
    import json

    text = json.dumps({"v": value}, ensure_ascii=True)
    if "\\ud" in text:  # JSON writes what is beyond 16 bits as two halves; YAML does not know that
        return
    assert read(text).value == {"v": value}
