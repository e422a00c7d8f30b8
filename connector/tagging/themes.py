"""What a message touches, whatever its language: words by theme (fire, child, lawyer), and which themes come together.

Called by `reading`, once a batch. The themes are features of a model like the words themselves (`grams`), but the same
in every language: "insulin" and "warehouse" together weigh as much in Slovenian as the examples in English taught.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np
from ahocorasick_rs import AhoCorasick

from connector.tagging.fold import fold
from connector.tagging.grams import BITS, THEME_BUCKETS, Places
from connector.tagging.pattern import unspaced

# Language → theme → its words; `*` at the end of a word is any ending.
Lists = Mapping[str, Mapping[str, Sequence[str]]]

_Meaning = tuple[tuple[str, bool], ...]  # the themes of one fixed beginning, and whether the word may go on


class Themes:
    """All lists, each compiled when its language is first met. Immutable otherwise; safe to share between threads."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._books: dict[str, tuple[AhoCorasick, list[_Meaning]]] = {}

    def places(self, texts: Sequence[str], languages: Sequence[str]) -> Places:
        """The themes of folded texts, and every two of them: each once a text, where its first word stands (of two: of
        the one that is named first). Of a language without a list there are none."""
        found: list[tuple[int, int, int, int]] = []
        for number, (text, language) in enumerate(zip(texts, languages, strict=True)):
            if language in self._lists:
                first = sorted(self._first(text, language).items())
                found += [(bucket_of(name), number, *at) for name, at in first]
                found += [
                    (bucket_of(f"{one} {other}"), number, *at) for (one, at), (other, _) in combinations(first, 2)
                ]
        columns = np.array(found, dtype=np.int64).reshape(-1, 4).T
        return Places(*columns)

    def _first(self, text: str, language: str) -> dict[str, tuple[int, int]]:
        """Each theme, and where its first word stands."""
        automaton, meanings = self._book(language)
        first: dict[str, tuple[int, int]] = {}
        for index, start, end in automaton.find_matches_as_indexes(text, overlapping=True):
            if start and text[start - 1].isalnum() and not unspaced(text[start]):
                continue
            whole = end == len(text) or not text[end].isalnum() or unspaced(text[end - 1])
            for name, goes_on in meanings[index]:
                if (whole or goes_on) and name not in first:
                    first[name] = start, end
        return first

    def _book(self, language: str) -> tuple[AhoCorasick, list[_Meaning]]:
        # Two threads may compile the same list; they come to the same.
        if language not in self._books:
            listed = self._lists[language].items()
            self._books[language] = _compiled(tuple((name, tuple(words)) for name, words in listed))
        return self._books[language]


# Taggers that are made anew, as after a reload, mostly have the same lists.
@lru_cache(maxsize=32)
def _compiled(listed: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[AhoCorasick, list[_Meaning]]:
    keys: dict[str, dict[tuple[str, bool], None]] = {}
    for name, words in listed:
        for word in words:
            key = fold(word.strip()).text.strip()
            keys.setdefault(key.rstrip("*"), {})[name, key.endswith("*")] = None
    return AhoCorasick(list(keys)), [tuple(one) for one in keys.values()]


def bucket_of(theme: str) -> int:
    """The number of a theme, or of two, among the features: after those of words and runs."""
    return (1 << BITS) + crc32(theme.encode()) % THEME_BUCKETS
