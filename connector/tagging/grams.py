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
# Added to a character's code in a hash, so that no character is worth nothing.
_LEAST_WORTH = 7

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
    within = np.minimum(codes, _PLANE)
    classes = _classes().take(within)
    stretch = _Stretches(_worth().take(within))
    # Of which text the character after each is, and where each text begins.
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1
    owner = np.arange(len(texts)).repeat(lengths)
    begins = lengths.cumsum() - lengths + 1
    hashes, starts, ends, of = _words(codes, classes, stretch, owner)
    run_hashes, run_starts, run_ends = _runs(classes, stretch)
    buckets = _buckets(np.concatenate([hashes, run_hashes]), len(hashes))
    return Grams(
        len(texts),
        _places(buckets[: len(hashes)], of, starts, ends, begins),
        _places(buckets[len(hashes) :], owner.take(run_starts), run_starts, run_ends, begins),
    )


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
    return codes + np.uint32(_LEAST_WORTH)


class _Stretches:
    """The hash of any stretch of the characters, as if the stretch stood alone."""

    def __init__(self, worth: npt.NDArray[np.uint32]) -> None:
        powers, self._inverses = _powers(len(worth))
        self._sums = np.zeros(len(worth) + 1, dtype=np.uint64)
        np.multiply(worth, powers[: len(worth)]).cumsum(out=self._sums[1:])

    def of(self, starts: Ints, ends: Ints) -> Hashes:
        found: Hashes = (self._sums.take(ends) - self._sums.take(starts)) * self._inverses.take(starts)
        return found

    def all_of(self, length: int) -> Hashes:
        """Of every stretch of so many characters."""
        count = max(len(self._sums) - length, 0)
        found: Hashes = (self._sums[length:] - self._sums[:count]) * self._inverses[:count]
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


def _buckets(hashes: Hashes, words: int) -> Ints:
    """Hashes as the numbers of buckets: even ones for the first `words`, odd ones for the runs after them."""
    mixed = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed >>= np.uint64(65 - BITS)
    numbers: Ints = mixed.view(np.int64)
    numbers *= 2
    numbers[words:] += 1
    return numbers


def _words(
    codes: npt.NDArray[np.uint32], classes: npt.NDArray[np.uint8], stretch: _Stretches, owner: Ints
) -> tuple[Hashes, Ints, Ints, Ints]:
    """The hashes of words and of pairs of words, where they start and end, and of which text they are."""
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
        hashes[alone] = codes.take(starts.take(alone)) + np.uint64(_LEAST_WORTH)
    texts = owner.take(starts - 1)
    pair = (texts[1:] == texts[:-1]).nonzero()[0]
    after = pair + 1
    joint = hashes.take(pair) * np.uint64(0xD6E8FEB86659FD93) + hashes.take(after) + np.uint64(1)
    return (
        np.concatenate([hashes, joint]),
        np.concatenate([starts, starts.take(pair)]),
        np.concatenate([ends, ends.take(after)]),
        np.concatenate([texts, texts.take(pair)]),
    )


def _places(buckets: Ints, texts: Ints, starts: Ints, ends: Ints, begins: Ints) -> Places:
    """The features in the order of their texts, and their places in them."""
    if len(begins) == 1:
        return Places(buckets, texts, starts - begins[0], ends - begins[0])
    order = texts.argsort(kind="stable")
    texts = texts.take(order)
    offset = begins.take(texts)
    return Places(buckets.take(order), texts, starts.take(order) - offset, ends.take(order) - offset)


def _runs(classes: npt.NDArray[np.uint8], stretch: _Stretches) -> tuple[Hashes, Ints, Ints]:
    """The hashes of runs within a word, its edges included, and of short runs of unspaced letters; and where they start
    and end."""
    unspaced = classes == _UNSPACED
    some_unspaced = bool(unspaced.any())
    # How many blanks stand before each character: equal at both ends means none between.
    blanks = _counted((classes == _BLANK) | (classes == _SIGN))
    spaced = _counted(unspaced) if some_unspaced else None
    found: list[tuple[Hashes, Ints, int]] = []
    for length in WORD_RUNS:
        inner = blanks[length - 1 : -1] == blanks[1 : 1 - length]
        if spaced is not None:
            inner &= spaced[length:] == spaced[:-length]
        found.append(_run(inner.nonzero()[0], stretch, length))
    if some_unspaced:
        strange = _counted(~unspaced)
        found += [
            _run((strange[length:] == strange[:-length]).nonzero()[0], stretch, length) for length in UNSPACED_RUNS
        ]
    return (
        np.concatenate([one[0] for one in found]),
        np.concatenate([one[1] for one in found]),
        np.concatenate([one[1] + one[2] for one in found]),
    )


def _run(starts: Ints, stretch: _Stretches, length: int) -> tuple[Hashes, Ints, int]:
    return stretch.all_of(length).take(starts) + np.uint64(length), starts, length


def _counted(found: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """How many are found before each character, and in all."""
    counts = np.zeros(len(found) + 1, dtype=np.int32)
    found.cumsum(dtype=np.int32, out=counts[1:])
    return counts
