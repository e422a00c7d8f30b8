"""Names of people as they are compared: folded, across scripts, and whether two of them can be one person's; pure.

`linking` asks `fit`, which errs on the side of strangers; `matching` asks `likeness`, which only proposes. Scripts are
brought to Latin letters by anyascii, which reads Chinese characters as Mandarin: a Japanese name in them is found again
in its own romanisation, or in kana, only where it brings its reading along, as forms in Japan ask for it: "山田 太郎
(Yamada Taro)". `japanese` reads kana and tells the two apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import TypeVar

from connector.people.japanese import in_kana, in_latin, spellings

MOST_CHARACTERS = 200
# Below seven letters, one letter parts brothers and sisters: Martin and Marvin, Maria and Marta.
LETTERS_FOR_A_SLIP = 7
_TITLES = frozenset({
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "herr", "frau", "sr", "sra", "senhor", "senhora", "senor",
    "senora", "mme", "mlle", "monsieur", "madame", "sig", "signor", "signora", "dhr", "mevr", "pan", "pani",
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
    """How far two names can be one person's: not; nothing speaks against it, but an initial or a single word is all
    there is; every word of one is in the other; the same name in full. "H. Berg" and "H. Berg" may be Hanna and
    Heike."""

    NO = 0
    MAYBE = 1
    FITS = 2
    SAME = 3


Much = TypeVar("Much", Fit, float)


@lru_cache(maxsize=65_536)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in small Latin letters, titles left out: "Dr. Ирина Соколова" is ("irina", "sokolova")."""
    text = unicodedata.normalize("NFKC", name[:MOST_CHARACTERS])
    latin = text if text.isascii() else _in_latin(in_latin(text))
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


_ROMANISED = tuple(
    (re.compile(pattern), letters)
    for pattern, letters in (
        (r"shch|sch|sh|sz|š", "s"),
        (r"kh|ch|tch", "h"),
        (r"zh|ž", "z"),
        (r"ph", "f"),
        (r"[jy]", "i"),
        (r"w", "v"),
        (r"ou|oo", "u"),
        (r"ck|q", "k"),
        (r"ii+", "i"),
    )
)


@lru_cache(maxsize=65_536)
def spelt(word: str) -> str:
    """A word with what romanisations write in several ways written in one: "yuliya" and "julija" are both "iulia"."""
    for pattern, instead in _ROMANISED:
        word = pattern.sub(instead, word)
    return word


def fit(one: str | None, other: str | None) -> Fit:
    """Whether two names can be those of one person. A name that is missing may be anybody's.

    Each word of the shorter name has to be found in the longer one: the same, as its initial, or, in long words, with
    one slip inside; one word at least has to be the same in full. Of two names that bring their reading along, the
    readings have to fit as well as the characters.
    """
    return _by_spelling(_fit, one, other) if one and other else Fit.MAYBE


def _by_spelling(compare: Callable[[str, str], Much], one: str, other: str) -> Much:
    """Characters with characters and reading with reading where both names have the two, and what fits worst counts;
    else whatever of the two fits."""
    ours, theirs = spellings(one), spellings(other)
    if len(ours) == len(theirs):
        return min(map(compare, ours, theirs))
    return max(compare(each, that) for each in ours for that in theirs)


def _fit(one: str, other: str) -> Fit:
    ours, theirs = words(one), words(other)
    if not ours or not theirs:
        return Fit.MAYBE
    in_full = min(sum(len(word) > 1 for word in name) for name in (ours, theirs)) > 1
    if in_full and sorted(ours) == sorted(theirs):
        return Fit.SAME
    if _joined_alike(ours, theirs) and (in_full or in_kana(one) or in_kana(other)):
        return Fit.SAME
    shorter, longer = sorted((ours, theirs), key=len)
    left = list(longer)
    same = initials = 0
    for word in sorted(shorter, key=len, reverse=True):
        found = (
            word if word in left else next((each for each in left if _initial(word, each) or _slip(word, each)), None)
        )
        if found is None:
            return Fit.NO
        left.remove(found)
        same += found == word and len(word) > 1
        initials += found != word and _initial(word, found)
    if not same:
        return Fit.NO
    return Fit.FITS if in_full and not initials else Fit.MAYBE


def _joined_alike(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Whether two names differ in spaces and in which word comes first: "zhao xiao ming" and "xiaoming zhao"."""
    joined = "".join(theirs)
    return joined in ("".join(ours), _turned(ours)) or "".join(ours) == _turned(theirs)


def _turned(name: tuple[str, ...]) -> str:
    return "".join((*name[1:], name[0]))


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
    return _by_spelling(_likeness, one, other) if one and other else 0.0


def _likeness(one: str, other: str) -> float:
    ours, theirs = words(one), words(other)
    if not ours or not theirs:
        return 0.0
    from rapidfuzz import fuzz

    written = fuzz.ratio(" ".join(sorted(ours)), " ".join(sorted(theirs)))
    joined = max(fuzz.ratio("".join(theirs), each) for each in ("".join(ours), _turned(ours)))
    if written > 99:
        return 1.0
    heard = fuzz.ratio(" ".join(sorted(map(sound, ours))), " ".join(sorted(map(sound, theirs))))
    read = fuzz.ratio(" ".join(sorted(map(spelt, ours))), " ".join(sorted(map(spelt, theirs))))
    return max(written, joined, heard - 5, read - 2) / 100


def weakest(one: str | None, other: str | None) -> float:
    """How alike the two words are, 0 to 1, that fit least when each word of the shorter name takes the one most like it
    in the longer: for "Emma Smith" and "Tom Smith" that is "emma" and "tom". An initial fits its word."""
    return _by_spelling(_weakest, one, other) if one and other else 1.0


def _weakest(one: str, other: str) -> float:
    shorter, longer = sorted((words(one), words(other)), key=len)
    if not shorter:
        return 1.0
    from rapidfuzz import fuzz

    def alike(word: str, each: str) -> float:
        if _initial(word, each) or spelt(word) == spelt(each):
            return 1.0
        heard = fuzz.ratio(sound(word), sound(each)) if min(len(sound(word)), len(sound(each))) > 1 else 0
        return max(fuzz.ratio(word, each), heard) / 100

    return min(max(alike(word, each) for each in longer) for word in shorter)
