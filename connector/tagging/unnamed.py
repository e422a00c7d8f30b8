"""What several people write about and no category names yet: groups of texts that are alike in their words. Pure.

Called by `amends trends themes`. The hashed features of tagging (words, pairs of words, runs of characters, so that
inflection and scripts without blanks do as well), weighed by how rare they are among these texts. The text with the
most others near it gathers them, then the next one, until too few people are left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from connector.tagging.fold import fold
from connector.tagging.grams import Grams, Places, grams

LEAST_PEOPLE = 3
LIKENESS = 0.09  # of two texts, 0 to 1; two that have nothing in common stay below half of that
TYPICAL = 0.12  # as near, on average, are the texts of a theme to the one that gathers them
COMMON = 0.2  # a feature of more than this share of all texts tells nothing
RARE_ENOUGH = 12  # … unless there are only so few
LONGEST = 2_000
MOST_WORDS = 5
SHARED = 0.5  # of a theme's texts hold a word that names it …
OWN = 0.6  # … and so much of the texts that hold it are the theme's
SHORTEST, SHORTEST_UNSPACED = 4, 2  # words that may name a theme
UNSPACED = 0x2E80  # from here on, scripts without blanks
AT_ONCE = 2048  # features
CANDIDATES = 20  # texts with the most others near them, of which the one with the most people is taken

Floats = npt.NDArray[np.float32]


class Text(msgspec.Struct, frozen=True):
    """A complaint's words, and who wrote them."""

    id: str
    person: int
    words: str


class Theme(msgspec.Struct, frozen=True):
    """Texts that are alike, the most typical first: how many people wrote them, and the words that they share."""

    ids: tuple[str, ...]
    people: int
    words: tuple[str, ...]


def themes(texts: Sequence[Text], usual: Sequence[str] = (), least: int = LEAST_PEOPLE) -> list[Theme]:
    """The themes of at least so many people, the largest first. Each text is in one at most. `usual` are other
    complaints of the same time, by which it is known what many write whatever it is about."""
    folded = [fold(words[:LONGEST]).text for words in (*(text.words for text in texts), *usual)]
    found = grams(folded)
    likeness = _likeness(found, len(texts))
    near = likeness >= LIKENESS
    naming = _Naming(found, folded)
    told: list[Theme] = []
    while True:
        seed, members = _densest(near, texts)
        people = len({texts[at].person for at in members})
        if people < least:
            return sorted(told, key=lambda one: (-one.people, one.ids))
        typical = float(likeness[seed, members].sum() - 1) / max(1, len(members) - 1) >= TYPICAL
        words = naming.words(members) if typical else ()
        # What cannot be named is alike by chance; its other texts may still be alike in something else.
        gone = members if words else [seed]
        near[gone, :] = False
        near[:, gone] = False
        if words:
            ordered = sorted(members, key=lambda at: (-likeness[seed, at], at))
            told.append(Theme(tuple(texts[at].id for at in ordered), people, words))


def _densest(near: npt.NDArray[np.bool_], texts: Sequence[Text]) -> tuple[int, list[int]]:
    """The text with the most people near it, and all that are."""
    best: tuple[int, list[int]] = (0, [])
    most = 0
    for at in np.argsort(-near.sum(axis=1), kind="stable")[:CANDIDATES].tolist():
        members = np.flatnonzero(near[at]).tolist()
        people = len({texts[one].person for one in members})
        if people > most:
            best, most = (at, members), people
    return best


def _likeness(found: Grams, size: int) -> Floats:
    """How alike each two of the first `size` texts are: the mean of the cosines of their words and of their runs."""
    total = np.zeros((size, size), dtype=np.float32)
    for places in (found.words, found.runs):
        total += _cosines(places, size, found.size) / 2
    np.fill_diagonal(total, 1.0)
    return total


def _cosines(places: Places, size: int, of: int) -> Floats:
    pairs = np.unique(places.buckets * of + places.texts)
    buckets, texts = pairs // of, pairs % of
    _, numbers, counts = np.unique(buckets, return_inverse=True, return_counts=True)
    weights = np.log((of + 1) / counts).astype(np.float32)
    here = texts < size
    numbers, texts = numbers[here], texts[here]
    lengths = np.bincount(texts, weights[numbers] ** 2, minlength=size)
    # What only one of these texts has, or very many of all, brings no two together.
    shared = (np.bincount(numbers, minlength=len(counts)) > 1) & (counts <= max(RARE_ENOUGH, int(COMMON * of)))
    kept = shared[numbers]
    numbers, texts = np.cumsum(shared)[numbers[kept]] - 1, texts[kept]
    weights = weights[shared]
    found = np.zeros((size, size), dtype=np.float32)
    for begin in range(0, len(weights), AT_ONCE):
        some = (numbers >= begin) & (numbers < begin + AT_ONCE)
        part = np.zeros((size, min(AT_ONCE, len(weights) - begin)), dtype=np.float32)
        part[texts[some], numbers[some] - begin] = weights[numbers[some]]
        found += part @ part.T
    norms = np.sqrt(np.maximum(lengths, 1e-6)).astype(np.float32)
    cosines: Floats = found / norms[:, None] / norms[None, :]
    return cosines


class _Naming:
    """The words, and pairs of words, of each text; in scripts without blanks, its runs of two and three characters."""

    def __init__(self, found: Grams, folded: Sequence[str]) -> None:
        self._of: list[set[str]] = [set() for _ in folded]
        for places in (found.words, found.runs):
            runs = places is found.runs
            for text, start, end in zip(
                places.texts.tolist(), places.starts.tolist(), places.ends.tolist(), strict=True
            ):
                if runs and not (end - start >= SHORTEST_UNSPACED and ord(folded[text][start]) >= UNSPACED):
                    continue
                self._of[text].add(folded[text][start:end].strip())
        self._everywhere = Counter(word for words in self._of for word in words)

    def words(self, members: Sequence[int]) -> tuple[str, ...]:
        """Those that most of a theme's texts hold and few others do, the longest of those that lie in each other; ()
        where there is only a single short one, which many texts share by chance."""
        inside = Counter(word for at in members for word in self._of[at])
        shared = [
            word
            for word, number in inside.items()
            if number >= SHARED * len(members) and number >= OWN * self._everywhere[word] and _speaks(word)
        ]
        shared.sort(key=lambda word: (-inside[word] * len(word) ** 0.5, word))
        kept: list[str] = []
        for word in shared:
            if not any(word in other or other in word for other in kept):
                kept.append(word)
        return tuple(kept[:MOST_WORDS]) if len(shared) > 1 else ()


def _speaks(word: str) -> bool:
    """Whether a word is long enough to say something; in scripts without blanks two characters are."""
    unspaced = ord(word[0]) >= UNSPACED if word else False
    return len(word) >= (SHORTEST_UNSPACED if unspaced else SHORTEST) and any(map(str.isalpha, word))
