"""Names of people as they are compared: folded, across scripts, and whether two of them can be one person's; pure.

`linking` asks `fit`, which errs on the side of strangers; `matching` asks `likeness`, which only proposes. Scripts are
brought to Latin letters by anyascii, which reads Chinese characters as Mandarin: a Japanese name in them is not found
again in its own romanisation.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum
from functools import lru_cache

MOST_CHARACTERS = 200
# Below seven letters, one letter parts brothers and sisters: Martin and Marvin, Maria and Marta.
LETTERS_FOR_A_SLIP = 7
_TITLES = frozenset({
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "herr", "frau", "sr", "sra", "senhor", "senhora", "senor",
    "senora", "m", "mme", "mlle", "monsieur", "madame", "sig", "signor", "signora", "dhr", "mevr", "pan", "pani",
    "gospod", "gospa",
})  # fmt: skip
_WORD = re.compile(r"[a-z0-9]+")
_SYLLABLE = re.compile(r"[A-Z][a-z]*|[a-z]+")
_HAN = re.compile("[\u3400-\u9fff]")
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"shch|sch|sh|ss|sz|ts|tz|tch|ch|cz|ci|zh|z|x", "s"),
        (r"ph|pf|v|w", "f"),
        (r"ck|kh|q|c|g|gh", "k"),
        (r"th|d", "t"),
        (r"[aeiouyjh]", ""),
        (r"(.)\1+", r"\1"),
    )
)


class Fit(IntEnum):
    """How far two names can be one person's: not; nothing speaks against it; the same name in full."""

    NO = 0
    MAYBE = 1
    SAME = 2


@lru_cache(maxsize=65_536)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in small Latin letters, titles left out: "Dr. Ирина Соколова" is ("irina", "sokolova")."""
    text = unicodedata.normalize("NFKC", name[:MOST_CHARACTERS])
    latin = text if text.isascii() else _in_latin(text)
    if _HAN.search(text):
        latin = " ".join(_SYLLABLE.findall(latin))
    found = tuple(_WORD.findall(latin.casefold().replace("'", "")))
    return tuple(word for word in found if word not in _TITLES) or found


def _in_latin(text: str) -> str:
    from anyascii import anyascii  # most names, and most runs, need none of its tables

    return anyascii(text)


@lru_cache(maxsize=65_536)
def sound(word: str) -> str:
    """What is left of a word when spellings of one sound are made one, and vowels taken out: "yuliya" is "l"."""
    for pattern, instead in _SOUNDS:
        word = pattern.sub(instead, word)
    return word


def fit(one: str | None, other: str | None) -> Fit:
    """Whether two names can be those of one person. A name that is missing fits all.

    Each word of the shorter name has to be found in the longer one: the same, as its initial, or, in long words, with
    one slip inside; one word at least has to be the same in full.
    """
    ours, theirs = words(one or ""), words(other or "")
    if not ours or not theirs:
        return Fit.MAYBE
    if len(ours) > 1 and sorted(ours) == sorted(theirs):
        return Fit.SAME
    shorter, longer = sorted((ours, theirs), key=len)
    left = list(longer)
    same = 0
    for word in sorted(shorter, key=len, reverse=True):
        found = next((each for each in left if each == word), None)
        same += found is not None and len(word) > 1
        found = found or next((each for each in left if _initial(word, each) or _slip(word, each)), None)
        if found is None:
            return Fit.NO
        left.remove(found)
    return Fit.MAYBE if same else Fit.NO


def _initial(one: str, other: str) -> bool:
    return min(len(one), len(other)) == 1 and one[0] == other[0]


def _slip(one: str, other: str) -> bool:
    """One wrong, missing, doubled or swapped letter inside a long word; at its end it may tell a woman from a man."""
    if min(len(one), len(other)) < LETTERS_FOR_A_SLIP or (one[0], one[-1]) != (other[0], other[-1]):
        return False
    from rapidfuzz.distance import OSA

    return OSA.distance(one, other, score_cutoff=1) <= 1


def likeness(one: str | None, other: str | None) -> float:
    """How alike two names are, 0 to 1, whatever the order of their words, and by sound as well as by letter."""
    ours, theirs = words(one or ""), words(other or "")
    if not ours or not theirs:
        return 0.0
    from rapidfuzz import fuzz

    written = fuzz.ratio(" ".join(sorted(ours)), " ".join(sorted(theirs)))
    joined = fuzz.ratio("".join(ours), "".join(theirs))
    heard = fuzz.ratio(" ".join(sorted(map(sound, ours))), " ".join(sorted(map(sound, theirs))))
    return max(written, joined, heard - 5) / 100
