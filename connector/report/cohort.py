"""Complaints as columns: the packed figures of the store, made ready for counting. numpy; no I/O of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from connector.figures import FACETS, NONE, RESOLVED, YES
from connector.store.figures import A_BLOCK, FIELDS
from connector.store.scores import DIGITS, INSTANT, MIDDLE, SAID

Column = NDArray[Any]
Columns = Mapping[str, Column]
_CODES = {"B": "u1", "H": "<u2", "I": "<u4"}
DTYPE = np.dtype([(name, _CODES[code]) for name, code in FIELDS])
SOURCE, CUSTOMER = "source", "customer"
DIMENSIONS = (*FACETS, SOURCE, CUSTOMER)
NOT_SAID = -1
_AT_A_TIME = 16  # blocks: that much fits into the processor's nearer caches


class Cost(NamedTuple):
    """What remedies cost in one `currency` ("" where none is told): `cents` of the complaints at `places`."""

    currency: str
    places: Column
    cents: Column


class Cohort(NamedTuple):
    """`rows` are complaints, a column for each field of DTYPE, `idents` their row ids in ascending order. `words` are
    told by number; `whose` is the person of each identity that is joined with others. `asked` are surveys, one column
    each ("complaint", "asked", "answered", and those of `store.scores.DIGITS`), times in seconds since 1970 and
    NOT_SAID where there is nothing; `at` is the place in `rows` of the complaint that each belongs to.
    """

    rows: Columns
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
            return self.rows[dimension]
        found = self.rows["person"]
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


def from_blocks(blocks: Iterable[Sequence[Any]]) -> tuple[Columns, Column]:
    """(rows, idents) of all figures that the store keeps: blocks of (number, body)."""
    numbers, bodies = [], []
    for number, body in blocks:
        numbers.append(number)
        bodies.append(body)
    rows = _columns(bodies)
    idents = (np.array(numbers, np.int64)[:, None] * A_BLOCK + np.arange(A_BLOCK)).ravel()
    counted = rows["answer"] != 0
    # Before the first and after the last one there is always room in a block: to leave that out takes no copy.
    there = np.flatnonzero(counted)
    used = slice(there[0], there[-1] + 1) if len(there) else slice(0)
    kept = used if counted[used].all() else counted
    return {name: column[kept] for name, column in rows.items()}, idents[kept]


def _columns(bodies: Sequence[bytes]) -> Columns:
    """The fields of blocks, each by itself: one look through all of a field then reads nothing else."""
    rows = {name: np.empty(len(bodies) * A_BLOCK, DTYPE[name]) for name, _ in FIELDS}
    for begin in range(0, len(bodies), _AT_A_TIME):
        some = np.frombuffer(b"".join(bodies[begin : begin + _AT_A_TIME]), DTYPE)
        at = slice(begin * A_BLOCK, begin * A_BLOCK + len(some))
        for name, column in rows.items():
            column[at] = some[name]
    return rows


def from_bytes(body: bytes, idents: Sequence[int]) -> tuple[Columns, Column]:
    """The same of figures that were made for this report alone."""
    found = np.array(idents, np.int64)
    order = np.argsort(found)
    rows = np.frombuffer(body, DTYPE)[order]
    return {name: np.ascontiguousarray(rows[name]) for name, _ in FIELDS}, found[order]


def from_scores(about: str, when: str) -> Columns:
    """Surveys, one column each, of what `store.scores.everything` tells."""
    complaint, said = np.divmod(np.fromstring(about, np.int64, sep=","), SAID)
    sent, answered = np.divmod(np.fromstring(when, np.int64, sep=","), INSTANT)
    asked = {"complaint": complaint, "asked": sent + (MIDDLE - 1), "answered": answered - 1}
    said = said.astype(np.uint16)
    for name, base in DIGITS:
        said, digit = np.divmod(said, np.uint16(base))
        asked[name] = digit.astype(np.int8) - np.int8(1)
    return asked


def cohort(
    found: tuple[Columns, Column],
    words: Mapping[int, str],
    sources: Mapping[int, str],
    surveys: Columns,
    until: datetime | None = None,
    granted: Iterable[tuple[int, int, str]] = (),
) -> Cohort:
    """Everything that counts. What was answered after `until` counts as not answered yet. `granted` is what was written
    down of remedies: (complaint, hundredths, currency); where something is, it counts in the place of what a mapped
    field says."""
    rows, idents = found
    asked = dict(surveys)
    if until is not None:
        late = asked["answered"] > int(until.timestamp())
        for name in ("answered", "csat", "ces", "nps", "solved"):
            asked[name] = np.where(late, asked[name].dtype.type(NOT_SAID), asked[name])
    at = np.searchsorted(idents, asked["complaint"])
    known = at < len(idents)
    known[known] = idents[at[known]] == asked["complaint"][known]
    known[known] = rows["answer"][at[known]] == YES
    asked = {name: one[known] for name, one in asked.items()}
    return Cohort(rows, idents, words, sources, {}, {}, asked, at[known], _costs(rows, idents, words, granted))


def _costs(
    rows: Columns, idents: Column, words: Mapping[int, str], granted: Iterable[tuple[int, int, str]]
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


def is_resolved(rows: Columns) -> Column:
    found: Column = (rows["bits"] & RESOLVED) != 0
    return found
