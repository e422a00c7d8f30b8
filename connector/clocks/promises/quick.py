"""A first glance at a reply: in which languages may it promise anything at all? Called by `keeping`.

Most replies promise nothing in most languages, and to look closely costs a hundred times as much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import ahocorasick_rs

from connector.clocks.promises.book import Book

WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")
BINDS, DATES = 1, 2


class Glance:
    """Every phrase of every book, found by one word of it: whole words in a table, parts of words in one pass."""

    def __init__(self, books: Sequence[Book]) -> None:
        self._whole: dict[str, list[tuple[frozenset[str], int, int]]] = {}
        self._parts: list[str] = []
        self._of_part: list[tuple[int, int]] = []
        for number, book in enumerate(books):
            self._add(number, BINDS, (*book.commits, *book.weak), book)
            self._add(number, DATES, book.anchors(), book)
        self._pass = ahocorasick_rs.AhoCorasick(self._parts) if self._parts else None

    def _add(self, number: int, kind: int, phrases: Iterable[str], book: Book) -> None:
        for phrase in map(str.lower, phrases):
            if not book.spaced or "*" in phrase:
                self._parts.append(phrase if not book.spaced else max(WORD.findall(phrase), key=len))
                self._of_part.append((number, kind))
                continue
            words = frozenset(WORD.findall(phrase))
            self._whole.setdefault(max(words, key=len), []).append((words, number, kind))

    def near(self, text: str) -> list[int]:
        """The numbers of the books in whose language `text` (lower case) may promise something."""
        words = set(WORD.findall(text))
        found: dict[int, int] = {}
        for word in words & self._whole.keys():
            for wanted, number, kind in self._whole[word]:
                if wanted <= words:
                    found[number] = found.get(number, 0) | kind
        if self._pass is not None:
            for part, _, _ in self._pass.find_matches_as_indexes(text, overlapping=True):
                number, kind = self._of_part[part]
                found[number] = found.get(number, 0) | kind
        enough = BINDS if _DIGIT.search(text) else BINDS | DATES
        return sorted(number for number, kinds in found.items() if kinds & enough == enough)
