"""A batch of folded texts as hashed features: words, pairs of words, and runs of characters, each with its place.

Called by `heads` to score and by `training` to learn; both must see the very same features, so they are made here only.
Everything runs over one array of all characters of the batch: the hash of any stretch is the difference of two sums.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

# Words and runs share one space of features: even numbers are words, odd ones runs. After them come the themes.
BITS = 18
THEME_BUCKETS = 1 << 16
BUCKETS = (1 << BITS) + THEME_BUCKETS

# A character's class: nothing, part of a word, a sign that speaks for itself, a letter of a script without blanks.
_BLANK, _WORD, _SIGN, _UNSPACED = 0, 1, 2, 3
_LETTERS = 0x3400, 0x9FFF, 0x3040, 0x30FF, 0x0E00, 0x0E7F
_PLANE = 0x10000

# Within words, and in scripts without blanks: how long the runs are.
WORD_RUNS = (3, 4, 5)
UNSPACED_RUNS = (1, 2, 3)

_PRIME = 0x9E3779B97F4A7C15 | 1
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}\.[^\s@.]{2,24}|https?://\S{1,2000}|www\.\S{1,2000}")


class Places(NamedTuple):
    """Features of one kind: their numbers below BUCKETS, the text each is of, and its half-open range in that text."""

    buckets: Ints
    texts: Ints
    starts: Ints
    ends: Ints


NOWHERE = Places(*(np.zeros(0, dtype=np.int64) for _ in Places._fields))


class Grams(NamedTuple):
    """The features of a batch of `size` texts, in the order of the texts. The `themes` are found by `themes`, once the
    languages are known."""

    size: int
    words: Places
    runs: Places
    themes: Places = NOWHERE


def grams(texts: Sequence[str]) -> Grams:
    """The features of folded texts. Numbers count by their length only, mail addresses and links not at all."""
    joined = "\n".join(_ADDRESS.sub(_hidden, text) if "@" in text or "." in text else text for text in texts)
    codes = np.frombuffer(f"\n{joined}\n".encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    begins = np.cumsum(lengths + 1) - lengths
    classes = _classes()[np.minimum(codes, _PLANE)]
    codes = np.where(_digits()[np.minimum(codes, _PLANE)], np.uint32(0x30), codes)
    stretch = _Stretches(codes)
    owner = np.repeat(np.arange(len(texts)), lengths + 1)
    owner = np.concatenate([[0], owner]) if len(texts) else owner
    return Grams(len(texts), _words(classes, stretch, owner, begins), _runs(codes, classes, stretch, owner, begins))


def _hidden(found: re.Match[str]) -> str:
    return "\0" * len(found[0])


@cache
def _classes() -> npt.NDArray[np.uint8]:
    """The class of every character of the basic plane, and of one beyond it (an emoji: a sign)."""
    table = np.zeros(_PLANE + 1, dtype=np.uint8)
    letters = [code for code in range(_PLANE) if chr(code).isalnum() or code == 0x27]
    table[letters] = _WORD
    table[[ord(sign) for sign in "!?:()%$\u20ac\u00a3\u00a5*"]] = _SIGN
    table[0x2190:0x2C00] = _SIGN
    table[0xD800:0xE000] = _BLANK
    for first, last in zip(_LETTERS[::2], _LETTERS[1::2], strict=True):
        table[first : last + 1] = _UNSPACED
    table[_PLANE] = _SIGN
    return table


@cache
def _digits() -> npt.NDArray[np.bool_]:
    table = np.zeros(_PLANE + 1, dtype=np.bool_)
    table[0x30:0x3A] = True
    return table


class _Stretches:
    """The hash of any stretch of the characters, as if the stretch stood alone."""

    def __init__(self, codes: npt.NDArray[np.uint32]) -> None:
        self._powers, self._inverses = _powers(len(codes))
        self._sums = np.zeros(len(codes) + 1, dtype=np.uint64)
        np.cumsum((codes.astype(np.uint64) + np.uint64(7)) * self._powers[: len(codes)], out=self._sums[1:])

    def of(self, starts: Ints, ends: Ints) -> Hashes:
        found: Hashes = (self._sums[ends] - self._sums[starts]) * self._inverses[starts]
        return found


_made: dict[str, Any] = {"powers": None}


def _powers(length: int) -> tuple[Hashes, Hashes]:
    """The powers of an odd number and of its inverse modulo 2^64, as many as the longest batch so far needed."""
    kept = _made["powers"]
    if kept is None or len(kept[0]) < length + 1:
        size = max(1 << 16, 1 << (length + 1).bit_length())
        kept = _geometric(_PRIME, size), _geometric(pow(_PRIME, -1, 1 << 64), size)
        if size <= 1 << 20:
            _made["powers"] = kept
    return kept[0], kept[1]


def _geometric(base: int, size: int) -> Hashes:
    factors = np.full(size, base, dtype=np.uint64)
    factors[0] = 1
    powers: Hashes = np.cumprod(factors, dtype=np.uint64)
    return powers


def _mixed(hashes: Hashes, salt: int) -> Ints:
    """Hashes as bucket numbers: even ones for salt 0, odd ones for salt 1."""
    mixed = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(0x94D049BB133111EB)
    low: Ints = (mixed >> np.uint64(65 - BITS)).astype(np.int64)
    return low * 2 + salt


def _words(classes: npt.NDArray[np.uint8], stretch: _Stretches, owner: Ints, begins: Ints) -> Places:
    word = classes == _WORD
    starts = np.flatnonzero(word[1:] & ~word[:-1]) + 1
    ends = np.flatnonzero(word[:-1] & ~word[1:]) + 1
    signs = np.flatnonzero(classes == _SIGN)
    if len(signs):
        starts = np.concatenate([starts, signs])
        ends = np.concatenate([ends, signs + 1])
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
    hashes = stretch.of(starts, ends)
    texts = owner[starts]
    pair = np.flatnonzero(texts[1:] == texts[:-1])
    joint = hashes[pair] * np.uint64(0xD6E8FEB86659FD93) + hashes[pair + 1] + np.uint64(1)
    return _places(
        _mixed(np.concatenate([hashes, joint]), 0),
        np.concatenate([texts, texts[pair]]),
        np.concatenate([starts, starts[pair]]),
        np.concatenate([ends, ends[pair + 1]]),
        begins,
    )


def _places(buckets: Ints, texts: Ints, starts: Ints, ends: Ints, begins: Ints) -> Places:
    order = np.argsort(texts, kind="stable")
    texts = texts[order]
    offset = begins[texts] if len(texts) else texts
    return Places(buckets[order], texts, starts[order] - offset, ends[order] - offset)


def _runs(
    codes: npt.NDArray[np.uint32],
    classes: npt.NDArray[np.uint8],
    stretch: _Stretches,
    owner: Ints,
    begins: Ints,
) -> Places:
    """Runs within a word, its edges included, and short runs of unspaced letters."""
    blank = (classes == _BLANK) | (classes == _SIGN)
    # How many blanks stand before each character: equal at both ends means none between.
    blanks = np.concatenate([[0], np.cumsum(blank)])
    unspaced = classes == _UNSPACED
    some_unspaced = bool(unspaced.any())
    strange = np.concatenate([[0], np.cumsum(~unspaced)]) if some_unspaced else None
    spaced = np.concatenate([[0], np.cumsum(unspaced)]) if some_unspaced else None
    plain = np.where(blank, np.uint32(0x20), codes)
    of = _Stretches(plain).of
    found: list[tuple[Hashes, Ints, int]] = []
    for length in WORD_RUNS:
        at = np.arange(len(codes) - length + 1) if len(codes) >= length else np.zeros(0, dtype=np.int64)
        inner = blanks[at + length - 1] == blanks[at + 1]
        if spaced is not None:
            inner &= spaced[at + length] == spaced[at]
        at = at[inner]
        found.append((of(at, at + length) + np.uint64(length), at, length))
    if strange is not None:
        for length in UNSPACED_RUNS:
            at = np.arange(len(codes) - length + 1) if len(codes) >= length else np.zeros(0, dtype=np.int64)
            at = at[strange[at + length] == strange[at]]
            found.append((of(at, at + length) + np.uint64(length), at, length))
    hashes = np.concatenate([one[0] for one in found])
    starts = np.concatenate([one[1] for one in found])
    ends = np.concatenate([one[1] + one[2] for one in found])
    texts = owner[np.minimum(starts + 1, len(owner) - 1)] if len(owner) else starts
    return _places(_mixed(hashes, 1), texts, starts, ends, begins)
