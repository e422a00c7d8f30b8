"""The people behind complaints, as rows. Called by `complaints` when it saves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, select

from connector.model import Complainant
from connector.store.rows import Row, listed, upsert
from connector.store.tables import complainant

_PERSON = ("key", "name", "address", "phone", "verified", "language", "time_zone")
_columns: Callable[[Complainant], tuple[Any, ...]] = attrgetter(*_PERSON)
_OF_KEYS = complainant.c.key.in_(bindparam("keys", expanding=True))
_KNOWN = select(*(complainant.c[name] for name in _PERSON), complainant.c.id).where(_OF_KEYS)
_IDS = select(complainant.c.key, complainant.c.id).where(_OF_KEYS)


def save_people(connection: Connection, people: Iterable[Complainant]) -> dict[str, int]:
    """The id of each person by key; new people are added, changed ones brought up to date."""
    wanted = {person.key: person for person in people}
    known: dict[str, int] = {}
    changed: list[Row] = []
    for *columns, ident in connection.execute(_KNOWN, {"keys": listed(wanted)}):
        person = wanted[columns[0]]
        known[person.key] = ident
        if tuple(columns) != _columns(person):
            changed.append(_person(person))
    missing = [person for key, person in wanted.items() if key not in known]
    if missing or changed:
        upsert(connection, complainant, ("key",), [*(_person(person) for person in missing), *changed])
    if missing:
        found = connection.execute(_IDS, {"keys": listed(person.key for person in missing)})
        known.update((key, ident) for key, ident in found)
    return known


def names(connection: Connection) -> dict[int, str]:
    """What each person is called, by row id: the name, else the key."""
    rows = connection.execute(select(complainant.c.id, complainant.c.name, complainant.c.key))
    return {ident: name or key for ident, name, key in rows}


def _person(person: Complainant) -> Row:
    return dict(zip(_PERSON, _columns(person), strict=True))
