"""The figures of complaints, packed: what reports count, without opening a complaint. Called by `complaints`, `sync`
and `report`.

256 complaints share a row of 15 KB, which fits on one page of the file: a report on a million complaints reads four
thousand rows instead of a million, and still has every single complaint, so that medians are exact and each figure can
name the complaints behind it. A word (a category, a product) is kept once, and stands in the figures by its number.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, select

from connector.figures import FACETS, MOST, NONE, Figures
from connector.store import grants
from connector.store.rows import insert_for, listed, upsert
from connector.store.tables import figure, figure_word

A_BLOCK = 256
# As `report` reads it; every name is a column of its own there.
FIELDS: tuple[tuple[str, str], ...] = (
    ("answer", "B"), ("bits", "B"), ("source", "H"),
    ("person", "I"), ("opened", "I"), ("handled", "I"), ("handled_working", "I"),
    ("resolved", "I"), ("resolving", "I"), ("resolving_working", "I"), ("cost_cents", "I"),
    *((facet, "I") for facet in FACETS[:1]), *((facet, "H") for facet in FACETS[1:]), ("currency", "H"),
    ("breaches", "B"), ("kept", "B"), ("broken", "B"), ("reopens", "B"), ("handoffs", "B"), ("spare", "B"),
)  # fmt: skip
_FORM = struct.Struct("<" + "".join(code for _, code in FIELDS))
SIZE = _FORM.size
EMPTY = bytes(SIZE)
CURRENCY = "currency"
_MANY = 0xFFFF


class Counted(NamedTuple):
    """What a complaint counts as, with the rows of its source and its person; `figures` is None where it does not."""

    source_id: int
    person_id: int
    figures: Figures | None


def keep(connection: Connection, counted: Mapping[int, Counted]) -> None:
    """Put down what these complaints (row ids) count as."""
    if not counted:
        return
    counted = _with_grants(connection, counted)
    numbers = _numbers(connection, (one.figures for one in counted.values() if one.figures is not None))
    by_block: dict[int, list[int]] = {}
    for ident in counted:
        by_block.setdefault(ident // A_BLOCK, []).append(ident)
    known = _blocks(connection, by_block)
    rows = []
    for block, idents in by_block.items():
        before = known.get(block)
        body = bytearray(before) if before is not None else bytearray(SIZE * A_BLOCK)
        for ident in idents:
            one, at = counted[ident], ident % A_BLOCK * SIZE
            body[at : at + SIZE] = EMPTY if one.figures is None else _packed(one, one.figures, numbers)
        if bytes(body) != before and (before is not None or any(counted[ident].figures for ident in idents)):
            rows.append({"block": block, "body": body})
    upsert(connection, figure, ("block",), rows)


def _with_grants(connection: Connection, counted: Mapping[int, Counted]) -> Mapping[int, Counted]:
    """The same with what was granted to these complaints."""
    given = grants.of_complaints(connection, counted) if grants.are_any(connection) else {}
    costed = {
        ident: counted[ident]._replace(figures=grants.costed(one, given[ident]))
        for ident in given
        if (one := counted[ident].figures) is not None
    }
    return {**counted, **costed} if costed else counted


def _packed(of: Counted, one: Figures, numbers: Mapping[tuple[str, str], int]) -> bytes:
    words = [numbers[facet, word] if word else 0 for facet, word in zip(FACETS, one.words, strict=True)]
    return _FORM.pack(
        one.answer,
        one.bits,
        min(of.source_id, _MANY),
        of.person_id,
        one.opened if 0 <= one.opened < NONE else 0,
        *(_or_none(value) for value in (one.handled, one.handled_working)),
        *(_or_none(value) for value in (one.resolved, one.resolving, one.resolving_working, one.cost_cents)),
        words[0],
        *(word if word <= _MANY else 0 for word in words[1:]),
        min(numbers[CURRENCY, one.currency], _MANY) if one.currency else 0,
        *(min(value, MOST) for value in (one.breaches, one.kept, one.broken, one.reopens, one.handoffs)),
        0,
    )


def _or_none(value: int | None) -> int:
    return NONE if value is None else min(max(value, 0), NONE - 1)


def _numbers(connection: Connection, counted: Iterable[Figures]) -> dict[tuple[str, str], int]:
    """The number of each word that is needed; new ones are added."""
    wanted: set[tuple[str, str]] = set()
    for one in counted:
        wanted.update((facet, word) for facet, word in zip(FACETS, one.words, strict=True) if word)
        if one.currency:
            wanted.add((CURRENCY, one.currency))
    if not wanted:
        return {}
    known = _known(connection, wanted)
    missing = sorted(wanted - known.keys())
    if missing:
        adding = insert_for(connection.dialect.name)(figure_word).on_conflict_do_nothing()
        connection.execute(adding, [{"facet": facet, "word": word} for facet, word in missing])
        known = _known(connection, wanted)
    return known


_WORDS = select(figure_word.c.id, figure_word.c.facet, figure_word.c.word).where(
    figure_word.c.word.in_(bindparam("words", expanding=True))
)
_BLOCKS = select(figure.c.block, figure.c.body).where(figure.c.block.in_(bindparam("blocks", expanding=True)))


def _known(connection: Connection, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    rows = connection.execute(_WORDS, {"words": listed(sorted({word for _, word in wanted}))})
    return {(facet, word): ident for ident, facet, word in rows}


def _blocks(connection: Connection, blocks: Iterable[int]) -> dict[int, bytes]:
    statement = _BLOCKS if connection.dialect.name == "sqlite" else _BLOCKS.with_for_update()
    return {row[0]: row[1] for row in connection.execute(statement, {"blocks": listed(sorted(blocks))})}


# -- reading -------------------------------------------------------------------------------------------------------


def blocks(connection: Connection) -> Iterable[Row[Any]]:
    """(block, body) of all figures, in order."""
    return connection.execute(select(figure.c.block, figure.c.body).order_by(figure.c.block))


def words(connection: Connection) -> dict[int, str]:
    """The words by their numbers."""
    return {row[0]: row[1] for row in connection.execute(select(figure_word.c.id, figure_word.c.word))}


class Alone:
    """Figures that are not in the store, one by one in the form in which `report` reads those that are."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.idents: list[int] = []
        self._numbers: dict[tuple[str, str], int] = {}

    def add(self, ident: int, of: Counted) -> None:
        """What the complaint with that row id counts as."""
        one = of.figures
        if one is None:
            return
        for facet, word in (*zip(FACETS, one.words, strict=True), (CURRENCY, one.currency)):
            if word:
                self._numbers.setdefault((facet, word), len(self._numbers) + 1)
        self.body += _packed(of, one, self._numbers)
        self.idents.append(ident)

    @property
    def words(self) -> dict[int, str]:
        return {number: word for (_, word), number in self._numbers.items()}
