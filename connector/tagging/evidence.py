"""The words that weighed most, for answers that a model gave without any phrase. Called by `tagger`, once a batch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from connector.model import Span
from connector.tagging.fitting import Floats, Ints
from connector.tagging.grams import Places
from connector.tagging.heads import Model
from connector.tagging.pattern import any_unspaced, unspaced
from connector.tagging.reading import Batch, Read
from connector.tagging.weigh import Field, quoted

MOST_WORDS = 3
# A word that weighs less than this share of the heaviest one explains nothing.
LEAST_SHARE = 0.4
# "a", "!" and "uma" weigh too, and tell a reader nothing: words of so many letters are shown instead, where there are
# any that weigh a little. So many places are looked at for them.
_LONG_WORD = re.compile(r"[\w']{4}")
LEAST_TELLING_SHARE = 0.15
MOST_LOOKED_AT = 12


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """Whose evidence is asked for: the message's row in the batch, facet and value, and the column of a model."""

    row: int
    facet: str
    value: str
    model: int
    column: int


class Heavy(NamedTuple):
    """The places that speak for what is asked, one after the other: of the n-th question those from begins[n] up to
    begins[n + 1], the heaviest first, with their weights."""

    begins: list[int]
    starts: list[int]
    ends: list[int]
    weights: list[float]


# A place as a reader sees it: its field, its range in the folded text, whole words, and whether it tells anything. A
# tuple, as ten of them are made for every message.
_Shown = tuple[Field, int, int, bool]


class _Places(dict[tuple[int, int, int], _Shown | None]):
    """What (row, start, end) shows; None for what lies between two fields. The same words speak for several values,
    and are looked at once. `texts` are the folded texts of the messages of one field."""

    def __init__(self, messages: Sequence[Read]) -> None:
        super().__init__()
        self.messages = messages
        self.texts = [one.fields[0].folded.text if len(one.fields) == 1 else "" for one in messages]

    def __missing__(self, at: tuple[int, int, int]) -> _Shown | None:
        row, start, end = at
        text = self.texts[row]
        if start >= 0 and end <= len(text):
            field = self.messages[row].fields[0]
        else:
            place = self.messages[row].place(start, end)
            if place is None:
                self[at] = None
                return None
            field, start, end = place
            text = field.folded.text
        words = text[start:end]
        if not (words[0].isalnum() and words[-1].isalnum()):
            start, end = _trimmed(text, start, end)
        if start < end and ((start and text[start - 1].isalnum()) or text[end : end + 1].isalnum()):
            start, end = _widened(text, start, end)
        words = text[start:end]
        tells = _LONG_WORD.search(words) is not None or (not words.isascii() and any_unspaced(words))
        self[at] = shown = field, start, end, tells
        return shown


def evidence(
    batch: Batch, models: Sequence[Model], wanted: Sequence[Wanted]
) -> dict[tuple[int, str, str], tuple[Span, ...]]:
    """The words and pairs of words with the greatest weights, by (row, facet, value); else the words of
    its themes, in scripts without blanks short runs of characters."""
    found: dict[tuple[int, str, str], tuple[Span, ...]] = {}
    shown = _Places(batch.messages)
    for number, model in enumerate(models):
        open_ = [one for one in wanted if one.model == number]
        loud = batch.loud.get(model.version)
        for places in (batch.features.words, batch.features.themes, batch.features.runs):
            if not open_:
                break
            heavy = _heaviest(model, places, open_, loud)
            left = []
            for question, one in enumerate(open_):
                whole = places is batch.features.words and shown.texts[one.row] != ""
                spans = _spans(shown, one.row, _telling(shown, one.row, heavy, question, whole=whole), whole=whole)
                if spans:
                    found[one.row, one.facet, one.value] = spans
                else:
                    left.append(one)
            open_ = left
    return found


def _heaviest(model: Model, places: Places, asked: Sequence[Wanted], loud: Floats | None) -> Heavy:
    rows = np.array([one.row for one in asked])
    first, last = places.texts.searchsorted(rows), places.texts.searchsorted(rows + 1)
    lengths = last - first
    begins = lengths.cumsum() - lengths
    owner = np.arange(len(asked)).repeat(lengths)
    at: Ints = (first - begins).repeat(lengths) + np.arange(len(owner))
    columns = np.array([one.column for one in asked])
    known = model.rows_of(places.buckets.take(at))
    weights = model.weights_of(known, owner, columns, loud.take(rows, axis=0) if loud is not None else None)
    chosen = (weights > 0).nonzero()[0]
    owner, weights = owner.take(chosen), weights.take(chosen)
    order = np.lexsort((-weights, owner))
    at = at.take(chosen.take(order))
    return Heavy(
        owner.searchsorted(np.arange(len(asked) + 1)).tolist(),
        places.starts.take(at).tolist(),
        places.ends.take(at).tolist(),
        weights.take(order).tolist(),
    )


def _telling(shown: _Places, row: int, heavy: Heavy, number: int, *, whole: bool) -> list[tuple[int, int]]:
    """Those to be shown, in the order of the text: words that a reader takes for a reason, else the heaviest. `whole`:
    they are whole words of scripts with blanks, in a message of one field, of which a look at the text is enough."""
    first, last = heavy.begins[number], min(heavy.begins[number + 1], heavy.begins[number] + MOST_LOOKED_AT)
    if first == last:
        return []
    text = shown.texts[row]
    chosen: list[tuple[int, int]] = []
    top = heavy.weights[first]
    least = LEAST_TELLING_SHARE * top
    for at in range(first, last):
        weight = heavy.weights[at]
        if weight < least:
            break
        start, end = heavy.starts[at], heavy.ends[at]
        if _LONG_WORD.search(text, start, end) if whole else (place := shown[row, start, end]) is not None and place[3]:
            if not chosen:
                least = LEAST_SHARE * weight
            chosen.append((start, end))
            if len(chosen) == MOST_WORDS:
                break
    if not chosen:
        few = range(first, min(last, first + MOST_WORDS))
        chosen = [(heavy.starts[at], heavy.ends[at]) for at in few if heavy.weights[at] >= LEAST_SHARE * top]
    chosen.sort()
    return chosen


def _spans(shown: _Places, row: int, ranges: Sequence[tuple[int, int]], *, whole: bool) -> tuple[Span, ...]:
    """The ranges as quotations, those that overlap as one; `whole` as in `_telling`."""
    joined: list[tuple[int, int]] = []
    for start, end in ranges:
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    text = shown.texts[row]
    quotes: list[Span] = []
    for start, end in joined:
        if whole and text[start].isalnum() and text[end - 1].isalnum():
            quote = quoted(shown.messages[row].fields[0], start, end)
        else:
            place = shown[row, start, end]
            if place is None or place[1] >= place[2]:
                continue
            quote = quoted(place[0], place[1], place[2])
        if quote not in quotes:
            quotes.append(quote)
    return tuple(quotes)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without blanks and signs at its ends; if it is all signs, without the blanks."""
    signs = not any(map(str.isalnum, text[start:end]))
    while start < end and (text[start].isspace() if signs else not text[start].isalnum()):
        start += 1
    while end > start and (text[end - 1].isspace() if signs else not text[end - 1].isalnum()):
        end -= 1
    return start, end


def _widened(text: str, start: int, end: int) -> tuple[int, int]:
    """The range with the rest of the words that it begins and ends in."""
    while start > 0 and _joined(text[start - 1], text[start]):
        start -= 1
    while end < len(text) and _joined(text[end - 1], text[end]):
        end += 1
    return start, end


def _joined(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum() and not unspaced(left) and not unspaced(right)
