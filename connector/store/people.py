"""The people behind complaints, as rows. Called by `complaints` when it saves."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from connector.model import Complainant
from connector.store.rows import listed, upsert
from connector.store.tables import complainant

_PERSON = ("key", "name", "address", "phone", "verified", "language", "time_zone")


def save_people(connection: Connection, people: Iterable[Complainant]) -> dict[str, int]:
    """The id of each person by key; new people are added, changed ones brought up to date."""
    wanted = {person.key: person for person in people}
    known: dict[str, int] = {}
    changed: list[dict[str, object]] = []
    rows = connection.execute(
        select(complainant).where(complainant.c.key.in_(bindparam("keys", expanding=True))), {"keys": listed(wanted)}
    )
    for row in rows:
        known[row.key] = row.id
        person = wanted[row.key]
        if tuple(row[1:]) != _columns(person):
            changed.append(_person(person))
    missing = [person for key, person in wanted.items() if key not in known]
    if missing or changed:
        upsert(connection, complainant, ("key",), [*(_person(person) for person in missing), *changed])
    if missing:
        keys = [person.key for person in missing]
        found = select(complainant.c.key, complainant.c.id).where(
            complainant.c.key.in_(bindparam("keys", expanding=True))
        )
        known.update((row.key, row.id) for row in connection.execute(found, {"keys": listed(keys)}))
    return known


def _columns(person: Complainant) -> tuple[object, ...]:
    return (
        person.key,
        person.name,
        person.address,
        person.phone,
        person.verified,
        person.language,
        person.time_zone,
    )


def _person(person: Complainant) -> dict[str, object]:
    return dict(zip(_PERSON, _columns(person), strict=True))
