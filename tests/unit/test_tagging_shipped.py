"""The shipped taxonomy and phrase books hold what they promise."""

from __future__ import annotations

import shutil
import weakref
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from connector.settings import load_tagging
from connector.settings.folder import SHIPPED
from connector.settings.packed_books import FILE, packed, shipped_book
from connector.tagging import TaggingSettings
from connector.tagging.check import check

LANGUAGES = ["de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "sl", "zh"]


@cache
def shipped() -> TaggingSettings:
    return load_tagging()[0]


def test_there_is_a_book_for_every_language_that_is_told_apart() -> None:
    assert sorted(book.language for book in shipped().books) == LANGUAGES == sorted(shipped().languages)


def test_the_books_are_packed_as_they_are() -> None:
    assert _unpacked((SHIPPED / "phrases" / FILE).read_bytes()) == _unpacked(packed(SHIPPED / "phrases")), (
        "run `make books`"
    )


def _unpacked(content: bytes) -> dict[str, Any]:
    """What is packed, whichever release of zstandard compressed it."""
    return {
        name: (*digests, says, zstandard.decompress(book))
        for name, (*digests, says, book) in msgspec.msgpack.decode(content).items()
    }


def test_who_reads_a_book_again_shares_it_with_whoever_holds_it_and_nobody_else_does(tmp_path: Path) -> None:
    for name in ("sl.yaml", FILE):
        shutil.copy(SHIPPED / "phrases" / name, tmp_path)
    first, again = (shipped_book(tmp_path / "sl.yaml", "sl.yaml") for _ in range(2))
    assert first is not None
    assert again is not None
    assert first.book is again.book
    held = weakref.ref(first.book)
    del first, again
    assert held() is None


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_file_of_packed_books_that_came_to_harm_is_not_used(tmp_path: Path, share: float) -> None:
    for path in (SHIPPED / "phrases").glob("*.yaml"):
        shutil.copy(path, tmp_path)
    content = bytearray((SHIPPED / "phrases" / FILE).read_bytes())
    content[int(share * len(content))] ^= 0xFF
    (tmp_path / FILE).write_bytes(content)
    found = [shipped_book(path, path.name) for path in sorted(tmp_path.glob("*.yaml"))]
    sound = [shipped_book(path, path.name) for path in sorted((SHIPPED / "phrases").glob("*.yaml"))]
    assert None in found
    for one, other in zip(found, sound, strict=True):
        assert one is None or (other is not None and one.book == other.book)


def test_every_shipped_example_holds() -> None:
    assert check(shipped()) == []


@pytest.mark.parametrize("language", LANGUAGES)
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_of_words_stands_twice_in_one_phrase(language: str) -> None:
    book = next(book for book in shipped().books if book.language == language)
    for name, phrase in (book.phrases | book.guards).items():
        assert len(set(phrase.words)) == len(phrase.words), name
