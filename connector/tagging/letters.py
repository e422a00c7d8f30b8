"""How much the letters of a text are those of each of sixty languages: what `eld` says, to the last digit.

Called by `language`, for what neither script nor model decides. `eld` has a dictionary for each of a hundred thousand
runs of letters, 48 MB in all, and 55 while it is loaded; the same table lies in 2 MB here, and all runs of a text are
looked up together. The table (`letters.bin`) is made of the data of `eld` by `make books`, and under its licence
(`letters.license.txt`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from pkgutil import get_data
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import zstandard

FILE = "letters.bin"
LARGEST = 1 << 26

# A text's runs: four bytes of UTF-8 of a word in every three, and its last four; a blank tells a word's edges. Longer
# texts and words are not read to their ends.
_RUN, _STEP, _LONGEST_WORD = 4, 3, 70
_MOST_BYTES, _MOST_WITH_REST = 350, 380
# So much of all runs is one that is all of them; the numbers of the table count as much.
_WHOLE = 13_200
# What is no letter is a blank, but for these at the end of it.
_KEPT = "'` 19"
# Bytes of a run in the table, which ends in zeros.
_WIDTH = 8


class Header(msgspec.Struct, frozen=True):
    """How the file begins: the release of `eld` that it was made of, the languages, and how much follows."""

    version: str
    codes: tuple[str, ...]
    runs: int
    entries: int


class Table(NamedTuple):
    """The runs in order, as numbers. The n-th is one of the languages (by their place in `codes`, ISO 639-1) from
    begins[n] up to begins[n + 1], as often in each as `counts` say, and says so much (`worth`)."""

    codes: tuple[str, ...]
    runs: npt.NDArray[np.uint64]
    begins: npt.NDArray[np.int32]
    worth: npt.NDArray[np.float32]
    languages: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.uint16]


def scores(text: str) -> dict[str, float]:
    """How much the text is each language, the best first; only those it is at all."""
    return scores_of([text])[0]


def scores_of(texts: Sequence[str]) -> list[dict[str, float]]:
    """The same of each of several texts, in half of the time that each of them alone takes."""
    if not texts:
        return []
    table = _table()
    runs: dict[bytes, int] = {}  # each once, in the order in which they are first met
    numbers: list[int] = []
    times: list[float] = []
    counts: list[int] = []
    for text in texts:
        found: dict[bytes, int] = {}
        for run in _runs(_normal(text)):
            found[run] = found.get(run, 0) + 1
        whole = sum(found.values())
        numbers += [runs.setdefault(run, len(runs)) for run in found]
        times += [often / whole * _WHOLE for often in found.values()]
        counts.append(len(found))
    if not runs:
        return [{} for _ in texts]
    sums = _sums(table, runs, numbers, times, counts)
    order = np.argsort(-sums, axis=1, kind="stable")
    ordered = np.take_along_axis(sums, order, axis=1)
    return [
        {table.codes[number]: score for number, score in zip(best, said, strict=True) if score}
        for best, said in zip(order.tolist(), ordered.tolist(), strict=True)
    ]


def _sums(
    table: Table, runs: Mapping[bytes, int], numbers: Sequence[int], times: Sequence[float], counts: Sequence[int]
) -> npt.NDArray[np.float64]:
    """Texts x languages. Of each text `counts` says how many runs it has; of each of these, in turn, `numbers` which it
    is, and `times` how often it stands there."""
    places, there = _found(table, runs)
    place = places.take(numbers)
    known = there.take(numbers).nonzero()[0]
    place, shares = place.take(known), np.array(times).take(known)
    text = np.arange(len(counts)).repeat(counts).take(known)
    first = table.begins.take(place)
    lengths = table.begins.take(place + 1) - first
    at = (first - lengths.cumsum() + lengths).repeat(lengths) + np.arange(lengths.sum())
    share, usual = shares.repeat(lengths), table.counts.take(at).astype(np.float64)
    likeness = np.minimum(share, usual) / np.maximum(share, usual) * table.worth.take(place).repeat(lengths) + 2
    cells = text.repeat(lengths) * len(table.codes) + table.languages.take(at)
    sums = np.bincount(cells, weights=likeness, minlength=len(counts) * len(table.codes))
    return sums.reshape(len(counts), -1) / (np.maximum(counts, 1) * 3.2)[:, None]


def _found(table: Table, runs: Mapping[bytes, int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Where each run is or would be in the table, and whether it is in it."""
    numbers = numbered(runs)
    places = np.minimum(table.runs.searchsorted(numbers), len(table.runs) - 1)
    return places, table.runs.take(places) == numbers


def numbered(runs: Mapping[bytes, Any]) -> npt.NDArray[np.uint64]:
    """Runs as numbers; one that is too long for any table as no run's."""
    padded = b"".join(run.ljust(_WIDTH, b"\0") if len(run) <= _WIDTH else bytes(_WIDTH) for run in runs)
    return np.frombuffer(padded, dtype=">u8").astype(np.uint64)


def _normal(text: str) -> bytes:
    """Small letters with single blanks between them."""
    if not text.replace(" ", "").isalpha():
        text = "".join([_spaced(letters, "".join(part)) for letters, part in groupby(text, str.isalpha)])
    normal = text.strip().lower().encode()
    if len(normal) > _MOST_BYTES:
        # Where no blank follows, `eld` takes -1 for its place, and reads all but the last byte.
        normal = normal[: min(_MOST_WITH_REST, normal.find(b" ", _MOST_BYTES))]
    return normal


def _spaced(letters: bool, part: str) -> str:
    bare = part if letters else part.rstrip(_KEPT)
    return part if letters or not bare else " " + part[len(bare) :]


def _runs(text: bytes) -> Iterator[bytes]:
    for word in text.split(b" "):
        if word:
            length = min(len(word), _LONGEST_WORD)
            for at in range(0, length - _RUN, _STEP):
                yield (b"" if at else b" ") + word[at : at + _RUN]
            yield (b"" if length > _RUN else b" ") + word[max(length - _RUN, 0) if length != 3 else 0 :] + b" "


def shipped() -> bytes:
    """The file as it ships."""
    content = get_data(__package__, FILE)
    assert content is not None, "it is part of the package"
    return content


@cache
def _table() -> Table:
    content = zstandard.ZstdDecompressor().decompress(shipped(), max_output_size=LARGEST)
    size = int.from_bytes(content[:4], "little")
    header = msgspec.json.decode(content[4 : 4 + size], type=Header)
    at = 4 + size

    def take(kind: str, count: int) -> npt.NDArray[Any]:
        nonlocal at
        found = np.frombuffer(content, dtype=kind, count=count, offset=at)
        at += found.nbytes
        return found

    runs = take("<u8", header.runs).cumsum(dtype=np.uint64)
    begins = np.concatenate([[0], take("u1", header.runs).cumsum()]).astype(np.int32)
    languages, counts = take("u1", header.entries).copy(), take("<u2", header.entries).astype(np.uint16)
    return Table(header.codes, runs, begins, worth_of(begins), languages, counts)


def worth_of(begins: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """What a run says: the more the fewer languages have it."""
    lengths = np.diff(begins)
    worth: npt.NDArray[np.float32] = np.where(lengths < 16, (16 - lengths) / 2 + 1, 1).astype(np.float32)
    worth[lengths == 1] = 27
    return worth
