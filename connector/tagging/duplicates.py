"""The same text again: sent twice, copied, or only a number and a name apart. MinHash by `rensa`; pure.

Called before anything is counted or learnt from, so that one text that many sent does not speak many times, and is
never learnt from in one fold and examined in another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from connector.tagging.fold import fold

# Runs of four letters, numbers alike; 64 hashes in 16 bands of 4 find nine in ten pairs that share half their runs.
RUN = 4
HASHES = 64
BANDS = 16
LIKENESS = 0.8
SEED = 42
LONGEST = 2_000
# Shorter texts share their few runs by chance: they are the same when they are equal.
SHORTEST = 24

_DIGITS = re.compile(r"\d+")
_NO_LETTER = re.compile(r"\W+")


def groups(texts: Sequence[str], likeness: float = LIKENESS) -> list[int]:
    """For each text the number of the first one that is the same text (its own where there is none before).

    `likeness` is the estimated share of runs of four characters (Jaccard) from which on two texts are the same.
    """
    plain = [_plain(text) for text in texts]
    firsts: dict[str, int] = {}
    found = [firsts.setdefault(text, number) for number, text in enumerate(plain)]
    _join_alike(plain, found, likeness)
    return [_root(found, number) for number in range(len(found))]


def _plain(text: str) -> str:
    return _NO_LETTER.sub(" ", _DIGITS.sub("0", fold(text[:LONGEST]).text)).strip()


def _join_alike(plain: Sequence[str], found: list[int], likeness: float) -> None:
    from rensa import RMinHash, RMinHashLSH  # type: ignore[import-untyped]

    index = RMinHashLSH(threshold=likeness, num_perm=HASHES, num_bands=BANDS)
    sketches: dict[int, Any] = {}
    for number, text in enumerate(plain):
        if found[number] != number or len(text) < SHORTEST:
            continue
        sketch = RMinHash(num_perm=HASHES, seed=SEED)
        sketch.update([text[at : at + RUN] for at in range(len(text) - RUN + 1)])
        for other in sorted(index.query(sketch)):
            if sketch.jaccard(sketches[other]) >= likeness:
                found[_root(found, number)] = _root(found, min(other, number))
                break
        index.insert(number, sketch)
        sketches[number] = sketch


def _root(found: Sequence[int], number: int) -> int:
    while found[number] != number:
        number = found[number]
    return number
