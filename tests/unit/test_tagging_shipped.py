"""The shipped taxonomy and phrase books hold what they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

import mappings
from connector.tagging import PhraseBook, TaggingSettings, Taxonomy, check

FOLDER = Path(mappings.__file__).parent


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def shipped() -> TaggingSettings:
    books = sorted((FOLDER / "phrases").glob("*.yaml"))
    return TaggingSettings(
        msgspec.convert(read(FOLDER / "taxonomy.yaml"), Taxonomy),
        tuple(msgspec.convert(read(book), PhraseBook) for book in books),
    )


def test_every_shipped_example_holds() -> None:
    assert check(shipped()) == []


@pytest.mark.parametrize("language", ["en", "pt"])
def test_a_shipped_book_covers_every_category_and_cause_that_phrases_can_know(language: str) -> None:
    settings = shipped()
    book = next(book for book in settings.books if book.language == language)
    said = {(facet, value) for phrase in book.phrases.values() for facet, value in phrase.says.items()}
    facets = settings.taxonomy.facets
    categories = {("category", value) for value in facets["category"].values} - {("category", "other")}
    causes = {("root_cause", value) for value in facets["root_cause"].values} - {("root_cause", "unknown")}
    assert categories | causes | {("complaint", "yes"), ("complaint", "no")} <= said
    assert book.negations
    assert len(book.examples.match) >= 15
    assert len(book.examples.miss) >= 5


@pytest.mark.parametrize("language", ["en", "pt"])
def test_no_line_of_words_stands_twice_in_one_phrase(language: str) -> None:
    book = next(book for book in shipped().books if book.language == language)
    for name, phrase in (book.phrases | book.guards).items():
        assert len(set(phrase.words)) == len(phrase.words), name
