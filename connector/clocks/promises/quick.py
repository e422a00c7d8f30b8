"""A first glance at a reply: may it promise anything in a language at all? Called by `keeping`.

Most replies promise nothing in most languages, and to look closely costs a thousand times as much.
"""

from __future__ import annotations

import re

from connector.clocks.promises.book import Book

WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")


class Glance:
    """The single words of a book; a phrase may be there only if all of its words are."""

    def __init__(self, book: Book) -> None:
        self._spaced = book.spaced
        self._binds = _needles((*book.commits, *book.weak))
        self._anchors = _needles(tuple(book.anchors()))

    def may_promise(self, text: str) -> bool:
        """`text` is in lower case."""
        if not self._spaced:
            return _within(self._binds, text) and (_within(self._anchors, text) or _DIGIT.search(text) is not None)
        words = set(WORD.findall(text))
        return _among(self._binds, words) and (_DIGIT.search(text) is not None or _among(self._anchors, words))


Needles = tuple[tuple[frozenset[str], str], ...]  # whole words, and the whole phrase where its words cannot be told


def _needles(phrases: tuple[str, ...]) -> Needles:
    return tuple((frozenset(WORD.findall(re.sub(r"\w*\*", "", phrase.lower()))), phrase.lower()) for phrase in phrases)


def _among(needles: Needles, words: set[str]) -> bool:
    return any(wanted <= words for wanted, _ in needles)


def _within(needles: Needles, text: str) -> bool:
    return any(phrase in text for _, phrase in needles)
