"""Lines are added to an admin's file, and everything that stood there stands there still."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import SettingsError
from connector.settings.editing import scalar, with_lines
from connector.settings.problems import Problems
from connector.settings.yaml_file import read_text

FILE = """\
# mine
adapter: jira   # the kind

fields:
  subject: summary
  # product: not yet

# Every status needs a line.
status:
    Open: open   # four blanks are fine
values: {}   # none so far
priority: {High: high, "Low": low}  # short

examples:
  - given: {a: b}
"""


def loaded(text: str) -> Any:
    problems = Problems()
    document = read_text(text.encode(), "x.yaml", problems)
    problems.raise_if_any()
    assert document is not None
    return document.value


def test_a_line_goes_to_the_end_of_its_section_and_before_the_comment_of_the_next() -> None:
    found = with_lines(FILE, "fields", ["product: customfield_1  # why"])
    assert "  # product: not yet\n  product: customfield_1  # why\n\n# Every status" in found
    assert loaded(found)["fields"] == {"subject": "summary", "product": "customfield_1"}


def test_the_indent_of_the_section_is_kept() -> None:
    assert "    Open: open   # four blanks are fine\n    Done: resolved\n" in with_lines(
        FILE, "status", ["Done: resolved"]
    )


def test_a_section_in_braces_is_opened_without_losing_anything() -> None:
    found = with_lines(FILE, "priority", ["Lowest: low"])
    assert loaded(found)["priority"] == {"High": "high", "Low": "low", "Lowest": "low"}
    assert "# short" in found
    found = with_lines(FILE, "values", ["product:", "  a: A"])
    assert loaded(found)["values"] == {"product": {"a": "A"}}
    assert "# none so far" in found


def test_a_section_that_is_not_there_is_made_at_the_end() -> None:
    assert loaded(with_lines(FILE, "write", ["tags: labels"]))["write"] == {"tags": "labels"}
    assert loaded(with_lines("", "write", ["tags: labels"])) == {"write": {"tags": "labels"}}


def test_a_section_whose_comments_would_be_lost_is_left_alone() -> None:
    with pytest.raises(SettingsError, match="line 1: status has comments"):
        with_lines("status: {\n  a: open,  # why\n  b: closed}\n", "status", ["c: new"])


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(WORDS)
def test_any_text_comes_back_as_it_was_put_in(text: str) -> None:
    assert loaded(f"{scalar(text)}: {scalar(text)}\n") == {text: text}


@pytest.mark.parametrize(
    "word", ["no", "yes", "null", "1", "1.5", "2026-01-01", "~", "on", "a: b", "x #y", "- a", "true"]
)
def test_words_that_yaml_would_take_for_something_else_are_quoted(word: str) -> None:
    assert scalar(word).startswith('"')
    assert loaded(f"k: {scalar(word)}\n") == {"k": word}


SECTIONS = st.dictionaries(
    st.sampled_from(["fields", "status", "values", "write"]),
    st.dictionaries(WORDS, WORDS, max_size=4),
    max_size=4,
)


@given(
    SECTIONS,
    st.sampled_from(["fields", "status", "values", "write"]),
    st.dictionaries(WORDS, WORDS, min_size=1),
    st.booleans(),
)
def test_whatever_is_added_the_rest_stays(
    whole: dict[str, dict[str, str]], section: str, new: dict[str, str], flow: bool
) -> None:
    text = "# first\n"
    for name, lines in whole.items():
        body = [f"{scalar(key)}: {scalar(value)}" for key, value in lines.items()]
        text += f"{name}: {{{', '.join(body)}}}  # {name}\n" if flow or not body else ""
        text += "" if flow or not body else f"{name}:  # {name}\n" + "".join(f"  {line}  # x\n" for line in body)
        text += "\n# between\n"
    fresh = {key: value for key, value in new.items() if key not in whole.get(section, {})}
    found = with_lines(text, section, [f"{scalar(key)}: {scalar(value)}" for key, value in fresh.items()])
    if fresh:
        assert loaded(found) == {**whole, section: whole.get(section, {}) | fresh}
    assert found.count("#") >= text.count("#")
    assert found.count("# between") == text.count("# between")
