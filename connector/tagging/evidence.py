"""The words that weighed most, for answers that a model gave without any phrase. Called by `tagger`, once a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from connector.model import Span
from connector.tagging.fitting import Ints
from connector.tagging.grams import Places
from connector.tagging.heads import Model
from connector.tagging.pattern import unspaced
from connector.tagging.reading import Batch, Read
from connector.tagging.weigh import quoted

MOST_WORDS = 3
# A word that weighs less than this share of the heaviest one explains nothing.
LEAST_SHARE = 0.4
# "a", "!" and "uma" weigh too, and tell a reader nothing: words of so many letters are shown instead, where there are
# any that weigh a little. So many places are looked at for them.
TELLING_LETTERS = 4
LEAST_TELLING_SHARE = 0.15
MOST_LOOKED_AT = 12


class Wanted(msgspec.Struct, frozen=True):
    """Whose evidence is asked for: the message's row in the batch, facet and value, and the column of a model."""

    row: int
    facet: str
    value: str
    model: int
    column: int


class Heavy(NamedTuple):
    """A place in a message that speaks for a value, and its weight as a share of the heaviest one's."""

    start: int
    end: int
    share: float


def evidence(
    batch: Batch, models: Sequence[Model], wanted: Sequence[Wanted]
) -> dict[tuple[int, str, str], tuple[Span, ...]]:
    """The words and pairs of words with the greatest weights, by (row, facet, value); else the words of
    its themes, in scripts without blanks short runs of characters."""
    found: dict[tuple[int, str, str], tuple[Span, ...]] = {}
    for number, model in enumerate(models):
        asked = [one for one in wanted if one.model == number]
        for places in (batch.features.words, batch.features.themes, batch.features.runs):
            open_ = [one for one in asked if (one.row, one.facet, one.value) not in found]
            if not open_:
                break
            for one, ranges in zip(open_, _heaviest(model, places, open_), strict=True):
                spans = _spans(batch, one, _telling(batch, one, ranges))
                if spans:
                    found[one.row, one.facet, one.value] = spans
    return found


def _heaviest(model: Model, places: Places, asked: Sequence[Wanted]) -> list[list[Heavy]]:
    """For each the places that weigh most, the heaviest first."""
    rows = np.array([one.row for one in asked])
    first, last = np.searchsorted(places.texts, rows), np.searchsorted(places.texts, rows + 1)
    lengths = last - first
    owner = np.repeat(np.arange(len(asked)), lengths)
    at: Ints = np.repeat(first - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
    columns = np.repeat(np.array([one.column for one in asked]), lengths)
    known = model.rows_of(places.buckets[at])
    weights = np.where(known >= 0, model.arrays.weights[np.maximum(known, 0), columns], 0).astype(np.float32)
    weights *= model.arrays.scales[columns]
    heavy = np.flatnonzero(weights > 0)
    order = heavy[np.lexsort((-weights[heavy], owner[heavy]))]
    owner, ordered = owner[order], weights[order]
    firsts = np.searchsorted(owner, np.arange(len(asked)))
    ranks = np.arange(len(order)) - firsts[owner]
    shares = ordered / ordered[firsts[owner]]
    chosen = (ranks < MOST_LOOKED_AT) & (shares >= LEAST_TELLING_SHARE)
    spots = at[order[chosen]]
    found: list[list[Heavy]] = [[] for _ in asked]
    for number, *heavy_one in zip(
        owner[chosen].tolist(),
        places.starts[spots].tolist(),
        places.ends[spots].tolist(),
        shares[chosen].tolist(),
        strict=True,
    ):
        found[number].append(Heavy(*heavy_one))
    return found


def _telling(batch: Batch, one: Wanted, heavy: Sequence[Heavy]) -> list[tuple[int, int]]:
    """Those to be shown, in the order of the text: words that a reader takes for a reason, else the heaviest."""
    message = batch.messages[one.row]
    telling = [each for each in heavy if _tells(message, each)]
    least = LEAST_SHARE * telling[0].share if telling else LEAST_SHARE
    shown = [each for each in telling or heavy if each.share >= least][:MOST_WORDS]
    return sorted((each.start, each.end) for each in shown)


def _tells(message: Read, heavy: Heavy) -> bool:
    place = message.place(heavy.start, heavy.end)
    if place is None:
        return False
    field, start, end = place
    start, end = _whole(field.folded.text, start, end)
    return any(
        len(word) >= TELLING_LETTERS or any(map(unspaced, word)) for word in field.folded.text[start:end].split()
    )


def _spans(batch: Batch, one: Wanted, ranges: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    """The ranges as quotations, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in ranges:
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    quotes = []
    for start, end in joined:
        place = batch.messages[one.row].place(start, end)
        if place is not None:
            field, first, last = place[0], *_whole(place[0].folded.text, place[1], place[2])
            if first < last:
                quotes.append(quoted(field, first, last))
    return tuple(dict.fromkeys(quotes))


def _whole(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without blanks and signs at its ends (unless it is all signs), and with the rest of the words that it
    begins and ends in."""
    outside = str.isspace if not any(map(str.isalnum, text[start:end])) else lambda one: not one.isalnum()
    while start < end and outside(text[start]):
        start += 1
    while end > start and outside(text[end - 1]):
        end -= 1
    while start > 0 and end > start and _joined(text[start - 1], text[start]):
        start -= 1
    while end < len(text) and end > start and _joined(text[end - 1], text[end]):
        end += 1
    return start, end


def _joined(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum() and not unspaced(left) and not unspaced(right)
