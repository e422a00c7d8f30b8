"""What a message touches, whatever its language: words by theme (fire, child, lawyer), and which themes come together.

Called by `reading`, once a batch. The themes are features of a model like the words themselves (`grams`), but the same
in every language: "insulin" and "warehouse" together weigh as much in Slovenian as the examples in English taught.
"""

from __future__ import annotations

import re
from binascii import crc32
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import AhoCorasick

from connector.tagging.fold import folded_lines
from connector.tagging.grams import BITS, NOWHERE, THEME_BUCKETS, Places
from connector.tagging.pattern import unspaced

# Language → a list: a line a theme, its name, a colon, and its words with commas between; `*` at the end of a word is
# any ending, in the midst of several too. A line that begins with "#" is a remark.
Lists = Mapping[str, str]


class _Key(NamedTuple):
    """What was found where a stretch of text stands: the themes, how many of its first and last characters are blanks
    around the words, and how the words go on after a `*` in their midst."""

    themes: tuple[str, ...]
    before: int
    after: int
    rest: str


_Book = tuple[AhoCorasick, list[tuple[_Key, ...]]]  # what is looked for, and what each of it means


class _List:
    """A list of one language, known by what it says: two that are read from the same file are equal."""

    __slots__ = ("_digest", "listed")

    def __init__(self, listed: str) -> None:
        self._digest = sha256(listed.encode()).digest()
        self.listed = listed

    def __hash__(self) -> int:
        return hash(self._digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _List) and self._digest == other._digest


class Themes:
    """All lists, each compiled when its language is first met. Immutable otherwise; safe to share between threads."""

    def __init__(self, lists: Lists) -> None:
        self._languages = frozenset(lists)
        self._waiting = dict(lists)
        self._books: dict[str, _Book] = {}
        self._pairs = _Pairs()

    def places(self, texts: Sequence[str], languages: Sequence[str]) -> Places:
        """The themes of folded texts, and every two of them: each once a text, where its first word stands (of two: of
        the one that is named first). Of a language without a list there are none."""
        buckets: list[int] = []
        # Of each feature its text, and the range of its first word.
        owners: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        for number, (text, language) in enumerate(zip(_blanked(texts), languages, strict=True)):
            if language in self._languages:
                first = self._first(text, language)
                names = sorted(first)
                for at, name in enumerate(names):
                    beside = self._pairs[name]
                    buckets += [beside[other] for other in names[at:]]
                    count = len(names) - at
                    start, end = first[name]
                    owners += [number] * count
                    starts += [start] * count
                    ends += [end] * count
        if not buckets:
            return NOWHERE
        return Places(*np.array((buckets, owners, starts, ends), dtype=np.int64))

    def _first(self, text: str, language: str) -> dict[str, tuple[int, int]]:
        """Each theme, and where its first word stands in a text of words between blanks."""
        automaton, keys = self._book(language)
        first: dict[str, tuple[int, int]] = {}
        spaced = f" {text} "
        for index, start, end in automaton.find_matches_as_indexes(spaced, overlapping=True):
            for themes, before, after, rest in keys[index]:
                last = end - after
                if rest:
                    going_on = _expression(rest).match(spaced, end)
                    if going_on is None:
                        continue
                    last = going_on.end()
                for name in themes:
                    if name not in first:
                        first[name] = start + before - 1, last - 1
        return first

    def _book(self, language: str) -> _Book:
        # Two threads may compile the same list; they come to the same. What was compiled need not be held any more.
        listed = self._waiting.get(language)
        if listed is not None:
            self._books[language] = _compiled(_List(listed))
            self._waiting.pop(language, None)
        return self._books[language]


def words_of(listed: str) -> Iterator[tuple[str, list[str]]]:
    """Each theme of a list, and its words."""
    for line in listed.splitlines():
        name, colon, words = line.partition(":")
        if colon and not line.startswith("#"):
            yield name, [word for word in map(str.strip, words.split(",")) if word]


# Taggers that are made anew, as after a reload, mostly have the same lists.
@lru_cache(maxsize=32)
def _compiled(known: _List) -> _Book:
    listed, known.listed = known.listed, ""  # a cached key would keep it
    named = [(name, word) for name, theirs in words_of(listed) for word in theirs]
    words: dict[str, dict[str, None]] = {}
    for (name, _), word in zip(named, folded_lines([word for _, word in named]), strict=True):
        words.setdefault(word.strip(), {})[name] = None
    keys: dict[str, list[_Key]] = {}
    blanked = "\0".join(words).translate(_BLANKED_IN_LISTS).split("\0") if words else []
    for word, names in zip(blanked, words.values(), strict=True):
        key, one = _sought(word, tuple(names))
        keys.setdefault(key, []).append(one)
    # Nearly all that is found means one of a few hundred things: each is held once, for there are forty thousand words.
    alike: dict[tuple[_Key, ...], tuple[_Key, ...]] = {}
    return AhoCorasick(list(keys)), [alike.setdefault(one, one) for one in map(tuple, keys.values())]


def _sought(word: str, names: tuple[str, ...]) -> tuple[str, _Key]:
    """What to look for in a text of words between blanks, and what it means."""
    begin, *others = word.split("*")
    before = 0 if unspaced(begin[0]) else 1
    ended = not others and not unspaced(begin[-1])
    rest = ""
    if any(others):
        ending = "" if not others[-1] or unspaced(others[-1][-1]) else "(?= )"
        rest = "[^ ]*".join(map(re.escape, ["", *others])) + ending
    return " " * before + begin + " " * ended, _Key(names, before, int(ended), rest)


@cache
def _expression(rest: str) -> re.Pattern[str]:
    return re.compile(rest)


class _Blanked(dict[int, int]):
    """The character that stands for each in a text that is looked through: itself, or a blank for what is no letter."""

    def __missing__(self, code: int) -> int:
        self[code] = code if chr(code).isalnum() else 0x20
        return self[code]


_BLANKED = _Blanked()
_BLANKED_IN_LISTS = _Blanked({0: 0, ord("*"): ord("*")})


_PLANE = 0x10000


def _blanked(texts: Sequence[str]) -> list[str]:
    """Each text with a blank for each character that is no letter."""
    joined = "".join(texts)
    if joined.isascii() or len(texts) == 1:
        blanked = joined.translate(_BLANKED)
    else:
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        found = _letters().take(codes, mode="clip")
        for at in (codes >= _PLANE).nonzero()[0].tolist():
            found[at] = _BLANKED[int(codes[at])]
        blanked = found.tobytes().decode("utf-32-le", "surrogatepass")
    ends = [0, *accumulate(map(len, texts))]
    return [blanked[start:end] for start, end in pairwise(ends)]


@cache
def _letters() -> npt.NDArray[Any]:
    """The character for each of the basic plane."""
    return np.array([code if chr(code).isalnum() else 0x20 for code in range(_PLANE)], dtype="<u4")


def bucket_of(theme: str) -> int:
    """The number of a theme, or of two, among the features: after those of words and runs."""
    return (1 << BITS) + crc32(theme.encode()) % THEME_BUCKETS


class _Beside(dict[str, int]):
    """The number of a theme together with each other one; with itself, of it alone."""

    def __init__(self, theme: str) -> None:
        super().__init__()
        self._theme = theme

    def __missing__(self, other: str) -> int:
        self[other] = bucket_of(self._theme if other == self._theme else f"{self._theme} {other}")
        return self[other]


class _Pairs(dict[str, _Beside]):
    def __missing__(self, theme: str) -> _Beside:
        self[theme] = _Beside(theme)
        return self[theme]
