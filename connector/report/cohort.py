"""Complaints as columns: the packed figures of the store, made ready for counting. numpy; no I/O of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from connector.figures import FACETS, NONE, RESOLVED, YES
from connector.store.figures import A_BLOCK, CURRENCY, FIELDS
from connector.store.surveys import DIGITS

Column = NDArray[Any]
_CODES = {"B": "u1", "H": "<u2", "I": "<u4"}
DTYPE = np.dtype([(name, _CODES[code]) for name, code in FIELDS])
SOURCE, CUSTOMER = "source", "customer"
DIMENSIONS = (*FACETS, SOURCE, CUSTOMER)
NOT_SAID = -1


class Cost(NamedTuple):
    """What remedies cost in one `currency` ("" where none is told): `cents` of the complaints at `places`."""

    currency: str
    places: Column
    cents: Column


class Cohort(NamedTuple):
    """`rows` are complaints (one record each, of DTYPE), `idents` their row ids in ascending order. `names` are the
    words by number, by dimension; `whose` is the person of each identity that is joined with others. `asked` are
    surveys, one column each ("complaint", "asked", "answered", and those of `store.surveys.DIGITS`), times in seconds
    since 1970 and NOT_SAID where there is nothing; `at` is the place in `rows` of the complaint that each belongs to.
    """

    rows: Column
    idents: Column
    words: Mapping[int, str]
    sources: Mapping[int, str]
    people: Mapping[int, str]
    whose: Mapping[int, int]
    asked: Mapping[str, Column]
    at: Column
    costs: tuple[Cost, ...] = ()

    def codes(self, dimension: str) -> Column:
        """The number of each complaint's word; of its customer, that of the person over all sources."""
        if dimension != CUSTOMER:
            return np.ascontiguousarray(self.rows[dimension])
        found = np.ascontiguousarray(self.rows["person"])
        if self.whose:
            joined = np.array(sorted(self.whose), found.dtype)
            persons = np.array([self.whose[int(one)] for one in joined], found.dtype)
            at = np.minimum(np.searchsorted(joined, found), len(joined) - 1)
            found = np.where(joined[at] == found, persons[at], found)
        return found

    def name(self, dimension: str, code: int) -> str:
        """The word with that number; "" where nothing is known."""
        if dimension == SOURCE:
            return self.sources.get(code, "")
        if dimension == CUSTOMER:
            return self.people.get(code, f"person {code}")
        return self.words.get(code, "")

    def called(self, dimension: str, name: str) -> Column:
        """Which complaints have this word of a dimension; several customers may have one name."""
        codes = self.codes(dimension)
        wanted = [int(code) for code in np.unique(codes) if self.name(dimension, int(code)) == name]
        found: Column = np.isin(codes, wanted)
        return found


def from_blocks(blocks: Iterable[Sequence[Any]]) -> tuple[Column, Column]:
    """(rows, idents) of all figures that the store keeps: blocks of (number, body)."""
    numbers, bodies = [], []
    for number, body in blocks:
        numbers.append(number)
        bodies.append(body)
    rows: Column = np.frombuffer(b"".join(bodies), DTYPE)
    idents = (np.array(numbers, np.int64)[:, None] * A_BLOCK + np.arange(A_BLOCK)).ravel()
    counted = rows["answer"] != 0
    # Before the first and after the last one there is always room in a block: to leave that out takes no copy.
    there = np.flatnonzero(counted)
    used = slice(there[0], there[-1] + 1) if len(there) else slice(0)
    rows, idents, counted = rows[used], idents[used], counted[used]
    return (rows, idents) if counted.all() else (rows[counted], idents[counted])


def from_bytes(body: bytes, idents: Sequence[int]) -> tuple[Column, Column]:
    """The same of figures that were made for this report alone."""
    found = np.array(idents, np.int64)
    order = np.argsort(found)
    return np.frombuffer(body, DTYPE)[order], found[order]


def cohort(
    found: tuple[Column, Column],
    words: Mapping[int, str],
    sources: Mapping[int, str],
    surveys: Sequence[Sequence[Any]],
    until: datetime | None = None,
    granted: Iterable[tuple[int, int, str]] = (),
) -> Cohort:
    """Everything that counts; `surveys` as `store.surveys.scores` gives them. What was
    answered after `until` counts as not answered yet. `granted` is what was written down of remedies:
    (complaint, hundredths, currency); where something is, it counts in the place of what a mapped field says."""
    rows, idents = found
    table = np.fromiter(chain.from_iterable(surveys), np.int64, len(surveys) * 4).reshape(-1, 4)
    asked = {name: table[:, number].copy() for number, name in enumerate(("complaint", "asked", "answered"))}
    said = table[:, 3]
    for name, base in DIGITS:
        asked[name], said = said % base - 1, said // base
    if until is not None:
        late = asked["answered"] > int(until.timestamp())
        for name in ("answered", "csat", "ces", "nps", "solved"):
            asked[name][late] = NOT_SAID
    at = np.searchsorted(idents, asked["complaint"])
    known = at < len(idents)
    known[known] = idents[at[known]] == asked["complaint"][known]
    known[known] = rows["answer"][at[known]] == YES
    asked = {name: one[known] for name, one in asked.items()}
    return Cohort(rows, idents, words, sources, {}, {}, asked, at[known], _costs(rows, idents, words, granted))


def _costs(
    rows: Column, idents: Column, words: Mapping[int, str], granted: Iterable[tuple[int, int, str]]
) -> tuple[Cost, ...]:
    given = list(granted)
    named = np.array([ident for ident, _, _ in given], np.int64)
    at = np.searchsorted(idents, named)
    there = at < len(idents)
    there[there] = idents[at[there]] == named[there]
    mapped = np.flatnonzero(rows["cost_cents"] != NONE)
    mapped = mapped[~np.isin(mapped, at[there])]
    found: dict[str, tuple[list[Column], list[Column]]] = {}
    for code in np.unique(rows["currency"][mapped]):
        of = mapped[rows["currency"][mapped] == code]
        found[words.get(int(code), "")] = ([of], [rows["cost_cents"][of].astype(np.int64)])
    for currency in sorted({given[number][2] for number in np.flatnonzero(there)}):
        mine = [number for number in np.flatnonzero(there) if given[number][2] == currency]
        places, cents = found.setdefault(currency, ([], []))
        places.append(at[mine])
        cents.append(np.array([given[number][1] for number in mine], np.int64))
    return tuple(Cost(name, np.concatenate(one), np.concatenate(other)) for name, (one, other) in found.items())


def column(rows: Column, name: str) -> Column:
    """A column of seconds or cents as whole numbers, -1 where there is none."""
    values = rows[name].astype(np.int64)
    values[values == NONE] = NOT_SAID
    return values


def is_resolved(rows: Column) -> Column:
    found: Column = (rows["bits"] & RESOLVED) != 0
    return found


__all__ = ["CURRENCY", "Cohort", "Column", "cohort", "column", "from_blocks", "from_bytes", "is_resolved"]
