"""The figures of complaints, packed: what reports count, without opening a complaint. Called by `revisions`, `sync` and
`report`.

256 complaints share a row of 15 KB, which fits on one page of the file: a report on a million complaints reads four
thousand rows instead of a million, and still has every single complaint, so that medians are exact and each figure can
name the complaints behind it. A word (a category, a product) is kept once, and stands in the figures by its number.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Container, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, func, select, text, update

from connector.figures import FACETS, MOST, NONE, Figures
from connector.store import grants
from connector.store.rows import add_unknown, listed, upsert
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
_NAMES = [name for name, _ in FIELDS]
_OFFSETS = [struct.calcsize("<" + "".join(code for _, code in FIELDS[:at])) for at in range(len(FIELDS))]
_FORM = struct.Struct("<" + "".join(code for _, code in FIELDS))
SIZE = _FORM.size
EMPTY = bytes(SIZE)
CURRENCY = "currency"
PRODUCT = FACETS[0]  # the one facet whose numbers have 32 bits
_PRODUCT_AT = _OFFSETS[_NAMES.index(PRODUCT)]
# Where in a row words stand, and in how many bytes.
_WORDS_AT = tuple((_OFFSETS[_NAMES.index(name)], 4 if name == PRODUCT else 2) for name in (*FACETS, CURRENCY))
# The highest number of 16 bits: that of all words which are more than can be told apart. They count together.
REST, TOO_MANY = 0xFFFF, "(too many to tell apart)"


Word = tuple[str, str]  # facet, word


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
    numbers = _numbers(connection, [one.figures for one in counted.values() if one.figures is not None])
    coded: dict[tuple[str, ...], tuple[int, ...]] = {}  # many have the same words
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
            body[at : at + SIZE] = EMPTY if one.figures is None else _packed(one, one.figures, numbers, coded)
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


def _packed(
    of: Counted, one: Figures, numbers: Mapping[Word, int], coded: dict[tuple[str, ...], tuple[int, ...]]
) -> bytes:
    """Its row; `coded` are the numbers of words that came before."""
    words = coded.get(one.words)
    if words is None:
        words = tuple([numbers[facet, word] if word else 0 for facet, word in zip(FACETS, one.words, strict=True)])
        coded[one.words] = words
    whole = (  # by FIELDS; each complaint of each page passes here
        one.answer,
        one.bits,
        of.source_id,
        of.person_id,
        one.opened if 0 <= one.opened < NONE else 0,
        NONE if one.handled is None else one.handled,
        NONE if one.handled_working is None else one.handled_working,
        NONE if one.resolved is None else one.resolved,
        NONE if one.resolving is None else one.resolving,
        NONE if one.resolving_working is None else one.resolving_working,
        NONE if one.cost_cents is None else one.cost_cents,
        *words,
        numbers[CURRENCY, one.currency] if one.currency else 0,
        one.breaches,
        one.kept,
        one.broken,
        one.reopens,
        one.handoffs,
        0,
    )
    try:
        return _FORM.pack(*whole)
    except struct.error:  # there is something that no row has room for
        return _FORM.pack(*map(_fitting, FIELDS, whole))


def _fitting(field: tuple[str, str], value: int) -> int:
    """The nearest number that the field has room for; NONE stands for no number, so none may come to it."""
    if field[1] == "B":
        return min(value, MOST)
    return value if value == NONE or field[0] in FACETS else min(max(value, 0), NONE - 1)


def _wanted(counted: Iterable[Figures]) -> set[Word]:
    found = list(counted)
    wanted: set[Word] = {(CURRENCY, one.currency) for one in found if one.currency}
    for words in {one.words for one in found}:
        wanted.update((facet, word) for facet, word in zip(FACETS, words, strict=True) if word)
    return wanted


def numbered(missing: Iterable[Word], taken: Container[int], top: int) -> dict[Word, int]:
    """A free number for each of these words; `taken` are those in use, `top` the highest of them. Words of products are
    given numbers that need 32 bits, for there may be a hundred thousand of them, and no currency shall go without one
    that fits its 16. Words that find none left are not there."""
    small = (number for number in range(1, REST) if number not in taken)
    large = itertools.count(max(top, REST) + 1)
    found = ((word, next(large if word[0] == PRODUCT else small, None)) for word in sorted(missing))
    return {word: number for word, number in found if number is not None}


def _numbers(connection: Connection, counted: Iterable[Figures]) -> dict[Word, int]:
    """The number of each word that is needed; new ones are added."""
    wanted = _wanted(counted)
    if not wanted:
        return {}
    known = _known(connection, wanted)
    if not all(map(_fits, wanted, map(known.get, wanted))):
        if connection.dialect.name != "sqlite":  # there, nobody else writes meanwhile
            connection.execute(text("LOCK TABLE figure_word IN SHARE ROW EXCLUSIVE MODE"))
        _add(connection, wanted)
        known = _known(connection, wanted)
    return {word: known[word] if _fits(word, known.get(word)) else REST for word in wanted}


def _fits(word: Word, number: int | None) -> bool:
    return number is not None and (number < REST or word[0] == PRODUCT)


def _add(connection: Connection, wanted: set[Word]) -> None:
    known = _known(connection, wanted)
    missing = {word for word in wanted if not _fits(word, known.get(word))}
    new = _numbered(connection, missing)
    if len(new) < len(missing):
        _move_products(connection)
        new = _numbered(connection, missing)
    rows = [{"id": new[word], "facet": word[0], "word": word[1]} for word in sorted(new) if word not in known]
    if len(new) < len(missing):
        rows.append({"id": REST, "facet": "", "word": TOO_MANY})
    add_unknown(connection, figure_word, rows)
    for word in new.keys() & known.keys():
        connection.execute(update(figure_word).where(figure_word.c.id == known[word]).values(id=new[word]))


def _numbered(connection: Connection, missing: Iterable[Word]) -> dict[Word, int]:
    taken = set(connection.execute(select(figure_word.c.id).where(figure_word.c.id < REST)).scalars())
    return numbered(missing, taken, connection.execute(select(func.max(figure_word.c.id))).scalar_one() or 0)


def _move_products(connection: Connection) -> None:
    """Give products the numbers above those that fit 16 bits: once, they were numbered like all other words."""
    low = (figure_word.c.facet == PRODUCT) & (figure_word.c.id <= REST)
    products = {row.word: row.id for row in connection.execute(select(figure_word).where(low))}
    new = _numbered(connection, [(PRODUCT, word) for word in products])
    moved = {products[word]: number for (_, word), number in new.items()}
    if moved:
        renumber = update(figure_word).where(figure_word.c.id == bindparam("old")).values(id=bindparam("new"))
        connection.execute(renumber, [{"old": old, "new": number} for old, number in moved.items()])
        for block, before in connection.execute(select(figure.c.block, figure.c.body)).all():
            body = bytearray(before)
            for at in range(_PRODUCT_AT, len(body), SIZE):
                old = int.from_bytes(body[at : at + 4], "little")
                body[at : at + 4] = moved.get(old, old).to_bytes(4, "little")
            connection.execute(update(figure).where(figure.c.block == block).values(body=bytes(body)))


class Unused(NamedTuple):
    """The numbers of words that stood in no figures when these were read, and by what each block is known again."""

    numbers: frozenset[int]
    seen: Mapping[int, int]


def unused(connection: Connection) -> Unused:
    """Look through all figures for words that stand in none any more: seconds where there are a million, so do it in a
    read, and hand what was found to `forget_unused`."""
    seen: dict[int, int] = {}
    used: set[int] = set()
    for row in blocks(connection):
        seen[row.block] = hash(row.body)
        used |= _used(row.body)
    known = set(connection.execute(select(figure_word.c.id)).scalars())
    return Unused(frozenset(known - used), seen)


def forget_unused(connection: Connection, found: Unused) -> None:
    """Drop the words that stand in no figures any more: they may be customers' values. Of the figures, only what
    changed since `found` was read is looked through again."""
    if not found.numbers:
        return
    changed = (row.body for row in blocks(connection) if found.seen.get(row.block) != hash(row.body))
    used = {number for body in changed for number in _used(body)}
    gone = sorted(found.numbers - used)
    for start in range(0, len(gone), A_BLOCK):
        some = gone[start : start + A_BLOCK]
        connection.execute(delete(figure_word).where(figure_word.c.id.in_(some)))


def _used(body: bytes) -> set[int]:
    """The numbers of words in a block."""
    used: set[int] = set()
    for at, width in _WORDS_AT:
        numbers = set(zip(*(body[at + byte :: SIZE] for byte in range(width)), strict=True))
        used.update(int.from_bytes(number, "little") for number in numbers)
    return used


_WORDS = select(figure_word.c.id, figure_word.c.facet, figure_word.c.word).where(
    figure_word.c.word.in_(bindparam("words", expanding=True))
)
_BLOCKS = select(figure.c.block, figure.c.body).where(figure.c.block.in_(bindparam("blocks", expanding=True)))


def _known(connection: Connection, wanted: Iterable[Word]) -> dict[Word, int]:
    rows = connection.execute(_WORDS, {"words": listed(sorted({word for _, word in wanted}))}).all()
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
        self._numbers: dict[Word, int] = {}
        self._taken: set[int] = set()
        self._top = 0

    def add(self, ident: int, of: Counted) -> None:
        """What the complaint with that row id counts as."""
        one = of.figures
        if one is None:
            return
        missing = _wanted([one]) - self._numbers.keys()
        new = numbered(missing, self._taken, self._top)
        self._taken.update(new.values())
        self._top = max(self._top, *new.values(), 0)
        self._numbers.update({word: new.get(word, REST) for word in missing})
        self.body += _packed(of, one, self._numbers, {})
        self.idents.append(ident)

    @property
    def words(self) -> dict[int, str]:
        return {number: TOO_MANY if number == REST else word for (_, word), number in self._numbers.items()}
