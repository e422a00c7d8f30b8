"""Many rows at once, as cheaply as the database takes them. Called by the other modules of this room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, Update, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from connector.store.tables import PERSONS_WORD

Row = dict[str, Any]
T = TypeVar("T")
Sortable = TypeVar("Sortable", int, str)
_MOST_PLACES = 8192


def add(connection: Connection, table: Table, keys: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert `rows` (all with the same columns) that are thought to be new. Where somebody else brought one of them
    since, it is updated.

    SQLite checks foreign keys for next to nothing in a plain insert, and dearly in one that may become an update.
    """
    if connection.dialect.name == "sqlite" and rows:
        told = tuple(name for name in rows[0] if not (table.c[name].nullable and _empty(name, rows)))
        try:
            _many(connection, *_sqlite_text(table, (), told), rows)
        except IntegrityError:
            # SQLite takes back the refused row only; those before it are there, and are updated to what they are.
            upsert(connection, table, keys, rows)
    else:
        upsert(connection, table, keys, rows)


def _empty(name: str, rows: Sequence[Row]) -> bool:
    """Whether no row says anything in this column, as in those for what is not yet known of new complaints."""
    return rows[0][name] is None and [row[name] for row in rows].count(None) == len(rows)


def upsert(connection: Connection, table: Table, keys: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert `rows` (all with the same columns), or update those whose `keys` are there already."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        _many(connection, *_sqlite_text(table, keys, tuple(rows[0])), rows)
    else:
        connection.execute(_statement(connection.dialect.name, table, keys), list(rows))


def add_unknown(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert `rows` (all with the same columns); those whose primary key is there already stay as they are."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        _many(connection, *_sqlite_adding(table, tuple(rows[0])), rows)
    else:
        connection.execute(insert_for(connection.dialect.name)(table).on_conflict_do_nothing(), list(rows))


def change(connection: Connection, statement: Update, rows: Sequence[Row]) -> int:
    """Carry out an update with parameters once for each of `rows`; each has them all, by name. How many rows of the
    table it found."""
    if not rows:
        return 0
    if connection.dialect.name == "sqlite":
        return _many(connection, *_sqlite_change(statement), rows)
    return connection.execute(statement, list(rows)).rowcount


def listed(values: Iterable[T]) -> list[T]:
    """`values` for the list of a question, the last of them repeated until there are a power of two.

    The driver remembers each question that it was asked, and one of a thousand places takes 100 KB: a question that is
    a little longer on each page would be paid for on each page, and kept a hundred times.
    """
    found = list(values)
    return found + found[-1:] * ((1 << (len(found) - 1).bit_length()) - len(found)) if found else found


def among(
    connection: Connection, statement: Select[Any], name: str, values: Iterable[Any], **others: Any
) -> Sequence[Any]:
    """The rows that `statement` has for a list of `values`, which it calls `name`; `others` are its other parameters.

    Of SQLite, they are as its driver gives them (1 for true). The library writes the places of a list into the
    statement anew whenever it is asked: for a page of tickets as much work as the answer.
    """
    wanted = listed(values)
    if not wanted or connection.dialect.name != "sqlite":
        return connection.execute(statement, {**others, name: wanted}).all()
    text, order = _sqlite_among(statement, name, len(wanted))
    at = order.index(name)
    places = [others[one] if one != name else None for one in order]
    places[at : at + 1] = wanted
    return connection.exec_driver_sql(text, tuple(places)).all()


def in_lists(values: Iterable[Sortable]) -> Iterator[list[Sortable]]:
    """`values`, each once and in order, as lists for as many questions as it takes; nothing for none. SQLite takes
    32,766 places in one, PostgreSQL 65,535."""
    wanted = sorted(set(values))
    for start in range(0, len(wanted), _MOST_PLACES):
        yield listed(wanted[start : start + _MOST_PLACES])


def insert_for(dialect: str) -> Any:
    """The `insert` of SQLAlchemy that can tell what to do about a conflict."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # costs a twentieth of an idle run

        return postgresql.insert
    return sqlite.insert


@cache
def _statement(dialect: str, table: Table, keys: tuple[str, ...]) -> Any:
    if not keys:
        return insert(table)
    adding = insert_for(dialect)(table)
    changed = {
        column.name: adding.excluded[column.name]
        for column in table.columns
        if column.name not in keys and column.name != "id" and PERSONS_WORD not in column.info
    }
    return adding.on_conflict_do_update(index_elements=list(keys), set_=changed)


@cache
def _sqlite_text(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The statement and the order of its parameters; no `keys`: a plain insert."""
    return _compiled(_statement("sqlite", table, keys), columns)


@cache
def _sqlite_adding(table: Table, columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    return _compiled(sqlite.insert(table).on_conflict_do_nothing(), columns)


@cache
def _sqlite_change(statement: Update) -> tuple[str, tuple[str, ...]]:
    return _compiled(statement, None)


@cache
def _sqlite_among(statement: Select[Any], name: str, many: int) -> tuple[str, tuple[str, ...]]:
    """The statement with places for so many values, and the order of its parameters, the list as one of them."""
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
    asked = compiled.construct_expanded_state({**dict.fromkeys(compiled.params), name: [None] * many})
    of_list = {f"{name}_{number}" for number in range(1, many + 1)}
    order = dict.fromkeys(name if one in of_list else one for one in asked.positiontup or ())
    return asked.statement, tuple(order)


def _compiled(statement: Any, columns: tuple[str, ...] | None) -> tuple[str, tuple[str, ...]]:
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=columns)
    return str(compiled), tuple(compiled.positiontup)


def _many(connection: Connection, text: str, order: tuple[str, ...], rows: Sequence[Row]) -> int:
    # With its parameters in order: half the cost of a page would go otherwise into looking at each value's type, and
    # all of ours are what SQLite takes as it is. (Its driver takes plain int, str and bytearray at once, but asks
    # around what could be made of None, bytes and members of an enum.)
    values = itemgetter(*order)
    found = map(values, rows) if len(order) > 1 else ((values(row),) for row in rows)
    return connection.exec_driver_sql(text, list(found)).rowcount
