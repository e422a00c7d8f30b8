"""Whether a message only says thanks: such a one after a resolution asks for nothing, and opens nothing again.

Pure. The words are data (`mappings/thanks/*.yaml`, and the admin's own beside them); `settings` makes them ready, and
`timeline` asks for short messages of customers. On purpose they are few: a message with one word more ("thanks, still
broken") counts as a message like any other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

import msgspec

LONGEST = 120
_WORDS = re.compile(r"[^\W\d_]+")
_MARKS = re.compile(r"[\s\W_]+")


class ThanksExamples(msgspec.Struct, frozen=True):
    """Messages that only say thanks (`match`), and some that say more (`miss`)."""

    match: tuple[str, ...] = ()
    miss: tuple[str, ...] = ()


class ThanksBook(msgspec.Struct, frozen=True):
    """The words of one language: `says` has to be there, `beside` may stand beside it. Where words are not `spaced`,
    they are pieces that a message is put together from."""

    language: str
    says: tuple[str, ...]
    beside: tuple[str, ...] = ()
    spaced: bool = True
    examples: ThanksExamples = ThanksExamples()


class Thanks:
    """Books of some languages, which may stand in one message. Those that `late` returns are read with the first one
    that might be thanks."""

    def __init__(self, books: Iterable[ThanksBook] = (), late: Callable[[], Sequence[ThanksBook]] = tuple) -> None:
        self._read, self._late = tuple(books), late

    @cached_property
    def books(self) -> tuple[ThanksBook, ...]:
        return tuple(sorted((*self._read, *self._late()), key=lambda book: book.language))

    def only(self, text: str | None) -> bool:
        """Whether `text` says thanks and nothing else: no question, no figure, no word that might ask for something."""
        if not text or len(text) > LONGEST or "?" in text or any(character.isdigit() for character in text):
            return False
        joined = _MARKS.sub("", text)
        if any(piece in joined for piece in self._saying_pieces):
            return _made_of(joined, self._pieces)
        words = _words(text)
        return bool(words) and not self._saying.isdisjoint(words) and self._allowed.issuperset(words)

    @cached_property
    def _saying(self) -> frozenset[str]:
        return frozenset(_plain(book.says for book in self.books if book.spaced))

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return self._saying | frozenset(_plain(book.beside for book in self.books if book.spaced))

    @cached_property
    def _saying_pieces(self) -> tuple[str, ...]:
        return tuple(_MARKS.sub("", piece) for book in self.books if not book.spaced for piece in book.says)

    @cached_property
    def _pieces(self) -> frozenset[str]:
        beside = (_MARKS.sub("", piece) for book in self.books if not book.spaced for piece in book.beside)
        return frozenset((*self._saying_pieces, *beside))


def broken_examples(books: Iterable[ThanksBook]) -> Iterator[str]:
    """What is wrong with the examples of these books, a line each, each by the words of its language."""
    books = tuple(books)
    for book in books:
        alone = Thanks(one for one in books if one.language == book.language)
        for text in book.examples.match:
            if not alone.only(text):
                yield f"thanks/{book.language}.yaml: {text!r} should be nothing but thanks, and one word is not known."
        for text in book.examples.miss:
            if alone.only(text):
                yield f"thanks/{book.language}.yaml: {text!r} should be more than thanks, and all its words are known."


def _words(text: str) -> list[str]:
    """Its words without accents and capitals."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    return _WORDS.findall(bare)


def _plain(lists: Iterable[Iterable[str]]) -> Iterator[str]:
    return (word for words in lists for text in words for word in _words(text))


def _made_of(text: str, pieces: frozenset[str]) -> bool:
    """Whether the text is pieces and nothing else."""
    longest = max(map(len, pieces), default=0)
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(start in reached and text[start:end] in pieces for start in range(max(0, end - longest), end)):
            reached.add(end)
    return len(text) in reached
