"""A batch of folded texts as hashed features: words, pairs of words, and runs of characters, each with its place.

Called by `heads` to score and by `training` to learn; both must see the very same features, so they are made here only.
Everything runs over one array of all characters of the batch: the hash of any stretch is the difference of two sums.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
_Number = TypeVar("_Number", np.uint64, np.int32)

# Words and runs share one space of features: even numbers are words, odd ones runs. After them come the themes.
BITS = 18
THEME_BUCKETS = 1 << 17
BUCKETS = (1 << BITS) + THEME_BUCKETS
# What all themes of a text count beside its words and its runs, which count one each: there are so many pairs of themes
# that small sets would be learnt by heart.
THEME_WEIGHT = 0.6

# A character's class: nothing, part of a word, a sign that speaks for itself, a letter of a script without blanks.
_BLANK, _WORD, _SIGN, _UNSPACED = 0, 1, 2, 3
_LETTERS = 0x3400, 0x9FFF, 0x3040, 0x30FF, 0x0E00, 0x0E7F
_PLANE = 0x10000
# Added to a character's code in a hash, so that no character is worth nothing.
_LEAST_WORTH = np.uint32(7)
_NONE = np.zeros(0, dtype=np.int64)
_EDGE = np.uint32(0x20) + _LEAST_WORTH

# Runs are of three lengths, which follow each other: the shortest within words, and in scripts without blanks.
LENGTHS = 3
WORD_RUN = 3
UNSPACED_RUN = 1
_ORDER = np.arange(LENGTHS, dtype=np.uint64)
_LONGER = np.arange(1, LENGTHS)

_PRIME = 0x9E3779B97F4A7C15 | 1
_JOINT, _ONE = np.uint64(0xD6E8FEB86659FD93), np.uint64(1)
_MIX = tuple(map(np.uint64, (29, 0xBF58476D1CE4E5B9, 32, 0x94D049BB133111EB, 65 - BITS)))
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
    joined = "\n".join(map(_without_addresses, texts))
    codes = np.frombuffer(f"\n{joined}\n".encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    within = codes.astype(np.intp)
    if not joined.isascii():
        np.minimum(within, _PLANE, out=within)
    classes, worth = _classes().take(within), _worth().take(within)
    stretch = _Stretches(worth)
    # Of which text the character after each is, and where each text begins.
    owner: Ints | None = None
    if len(texts) > 1:
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1
        owner = np.arange(len(texts)).repeat(lengths)
        begins = lengths.cumsum() - lengths + 1
    hashes, starts, ends, of = _words(codes, classes, stretch, owner)
    unspaced = None if joined.isascii() else classes == _UNSPACED
    run_hashes, run_starts, run_ends = _runs(worth, unspaced, stretch)
    buckets = _buckets(np.concatenate([hashes, run_hashes]), len(hashes))
    words, runs = buckets[: len(hashes)], buckets[len(hashes) :]
    if owner is None:
        return Grams(len(texts), _of_one(words, starts, ends), _of_one(runs, run_starts, run_ends))
    return Grams(
        len(texts),
        _places(words, of, starts, ends, begins),
        _places(runs, owner.take(run_starts), run_starts, run_ends, begins),
    )


def _without_addresses(text: str) -> str:
    if "@" in text or ("." in text and ("://" in text or "www." in text)):
        return _ADDRESS.sub(_hidden, text)
    return text


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
def _worth() -> npt.NDArray[np.uint32]:
    """What every such character counts in a hash: all digits the same, and all that is no letter, which is the edge of
    a run."""
    codes = np.arange(_PLANE + 1, dtype=np.uint32)
    codes[0x30:0x3A] = 0x30
    codes[(_classes() == _BLANK) | (_classes() == _SIGN)] = 0x20
    return codes + _LEAST_WORTH


class _Stretches:
    """The hash of any stretch of the characters, as if the stretch stood alone."""

    def __init__(self, worth: npt.NDArray[np.uint32]) -> None:
        powers, self._inverses = _powers(len(worth))
        self._sums = np.zeros(len(worth) + LENGTHS, dtype=np.uint64)
        np.multiply(worth, powers[: len(worth)]).cumsum(out=self._sums[1 : len(worth) + 1])

    def of(self, starts: Ints, ends: Ints) -> Hashes:
        found: Hashes = self._sums.take(ends) - self._sums.take(starts)
        found *= self._inverses.take(starts)
        return found

    def from_all(self, shortest: int, count: int) -> Hashes:
        """Of the runs from each of the first places: lengths x places. What would reach over the end means nothing."""
        found: Hashes = _shifted(self._sums, shortest, count) - self._sums[:count]
        found *= self._inverses[:count]
        found += _ORDER[:, None] + np.uint64(shortest)
        return found


def _shifted(numbers: npt.NDArray[_Number], first: int, count: int) -> npt.NDArray[_Number]:
    """A view: row n begins `first` + n places further on."""
    step = numbers.itemsize
    return np.ndarray((LENGTHS, count), numbers.dtype, numbers, first * step, (step, step))


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


def _buckets(hashes: Hashes, words: int) -> Ints:
    """Hashes as the numbers of buckets: even ones for the first `words`, odd ones for the runs after them."""
    mixed = hashes >> _MIX[0]
    mixed ^= hashes
    mixed *= _MIX[1]
    mixed ^= mixed >> _MIX[2]
    mixed *= _MIX[3]
    mixed >>= _MIX[4]
    numbers: Ints = mixed.view(np.int64)
    numbers *= 2
    numbers[words:] += 1
    return numbers


def _words(
    codes: npt.NDArray[np.uint32], classes: npt.NDArray[np.uint8], stretch: _Stretches, owner: Ints | None
) -> tuple[Hashes, Ints, Ints, Ints]:
    """The hashes of words and of pairs of words, where they start and end, and of which text they are (nothing where
    there is but one)."""
    word = classes == _WORD
    starting, ending = word[1:] > word[:-1], word[1:] < word[:-1]
    sign = classes == _SIGN
    signs = bool(sign.any())
    if signs:
        starting |= sign[1:]
        ending |= sign[:-1]
    starts, ends = starting.nonzero()[0] + 1, ending.nonzero()[0] + 1
    hashes = stretch.of(starts, ends)
    if signs:
        # A sign is the edge of any run, but among words it counts as itself.
        alone = sign.take(starts).nonzero()[0]
        hashes[alone] = codes.take(starts.take(alone)) + _LEAST_WORTH
    joint = hashes[:-1] * _JOINT + hashes[1:]
    joint += _ONE
    first, last, texts = starts[:-1], ends[1:], _NONE
    if owner is not None:
        texts = owner.take(starts - 1)
        same = (texts[1:] == texts[:-1]).nonzero()[0]
        joint, first, last = joint.take(same), first.take(same), last.take(same)
        texts = np.concatenate([texts, texts.take(same)])
    return np.concatenate([hashes, joint]), np.concatenate([starts, first]), np.concatenate([ends, last]), texts


def _of_one(buckets: Ints, starts: Ints, ends: Ints) -> Places:
    """The features of a single text, before which one line break stands."""
    starts -= 1
    ends -= 1
    return Places(buckets, np.zeros(len(buckets), dtype=np.int64), starts, ends)


def _places(buckets: Ints, texts: Ints, starts: Ints, ends: Ints, begins: Ints) -> Places:
    """The features in the order of their texts, and their places in them."""
    order = texts.argsort(kind="stable")
    texts = texts.take(order)
    offset = begins.take(texts)
    return Places(buckets.take(order), texts, starts.take(order) - offset, ends.take(order) - offset)


def _runs(
    worth: npt.NDArray[np.uint32], unspaced: npt.NDArray[np.bool_] | None, stretch: _Stretches
) -> tuple[Hashes, Ints, Ints]:
    """The hashes of runs within a word, its edges included, and of short runs of unspaced letters; and where they start
    and end."""
    # How many edges stand before each character: equal at both ends means none between. The last character is one.
    edges = _counted(worth == _EDGE)
    count = len(worth) + 1 - WORD_RUN
    within = _shifted(edges, WORD_RUN - 1, count) == edges[1 : count + 1]
    if unspaced is None or not unspaced.any():
        return _chosen(within, stretch, WORD_RUN)
    spaced, strange = _counted(unspaced), _counted(~unspaced)
    within &= _shifted(spaced, WORD_RUN, count) == spaced[:count]
    alike = _shifted(strange, UNSPACED_RUN, len(worth)) == strange[: len(worth)]
    one, other = _chosen(within, stretch, WORD_RUN), _chosen(alike, stretch, UNSPACED_RUN)
    return (
        np.concatenate([one[0], other[0]]),
        np.concatenate([one[1], other[1]]),
        np.concatenate([one[2], other[2]]),
    )


def _chosen(found: npt.NDArray[np.bool_], stretch: _Stretches, shortest: int) -> tuple[Hashes, Ints, Ints]:
    """The runs that are found (lengths x places), the shorter first: their hashes, where they start and end."""
    count = found.shape[1]
    at = found.ravel().nonzero()[0]
    hashes = stretch.from_all(shortest, count).ravel().take(at)
    ends = at + shortest
    for longer in at.searchsorted(_LONGER * count).tolist():
        at[longer:] -= count
        ends[longer:] -= count - 1
    return hashes, at, ends


def _counted(found: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """How many are found before each character, and in all; behind the end, what is no number of them."""
    counts = np.zeros(len(found) + LENGTHS, dtype=np.int32)
    np.add.accumulate(found, dtype=np.int32, out=counts[1 : len(found) + 1])
    counts[len(found) + 1 :] = -1
    return counts
