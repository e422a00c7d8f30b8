"""The people behind complaints, as rows. Called by `revisions` when it saves, and by the commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from connector.model import Complainant
from connector.people.identity import Identifying, keys_of, nobodys
from connector.people.linking import Said
from connector.store import identities
from connector.store.rows import Row, among, in_lists, upsert
from connector.store.tables import complainant, complaint, identity, instance, tie
from connector.store.times import moment

_OWN = ("key", "name", "address", "phone", "verified", "language", "time_zone")
_PERSON = (*_OWN, "place")
_columns: Callable[[Complainant], tuple[Any, ...]] = attrgetter(*_OWN)
_OF_KEYS = complainant.c.key.in_(bindparam("keys", expanding=True))
_KNOWN = select(*(complainant.c[name] for name in _PERSON), complainant.c.id).where(_OF_KEYS)
_IDS = select(complainant.c.key, complainant.c.id).where(_OF_KEYS)
PERSON = func.coalesce(complainant.c.person_id, complainant.c.id)


class Seen(msgspec.Struct, frozen=True):
    """A complainant as one complaint shows them: the numbers in its fields, as keys, and the postal address there."""

    person: Complainant
    numbers: tuple[str, ...] = ()
    place: str | None = None


def save_people(
    connection: Connection, seen: Iterable[Seen], rules: Identifying, now: datetime, *, all_over: bool = False
) -> dict[str, int]:
    """The id of each complainant by key; new ones are added, changed ones brought up to date, and both joined with
    whoever they prove to be. With `all_over`, what they are known by is gone through even where nothing changed."""
    wanted: dict[str, Seen] = {}
    numbers: dict[str, set[str]] = {}
    for one in seen:
        before = wanted.get(one.person.key)
        wanted[one.person.key] = (
            one if one.place or before is None else msgspec.structs.replace(one, place=before.place)
        )
        if one.numbers:
            numbers.setdefault(one.person.key, set()).update(one.numbers)
    known: dict[str, int] = {}
    changed: list[Row] = []
    for *columns, place, ident in among(connection, _KNOWN, "keys", wanted):
        here = wanted[columns[0]]
        known[columns[0]] = ident
        if tuple(columns) != _columns(here.person) or (here.place or place) != place or all_over:
            changed.append(_row(here, rules, here.place or place))
    missing = [one for key, one in wanted.items() if key not in known]
    if missing or changed:
        upsert(connection, complainant, ("key",), [*(_row(one, rules, one.place) for one in missing), *changed])
    if missing:
        known.update(tuple(row) for row in among(connection, _IDS, "keys", [one.person.key for one in missing]))
    fresh = {one.person.key for one in missing} | {row["key"] for row in changed} | numbers.keys()
    if fresh:
        known_by = {known[key]: keys_of(wanted[key].person, numbers.get(key, ()), rules) for key in fresh}
        new = {known[one.person.key] for one in missing}
        altered = [known[row["key"]] for row in changed]
        identities.know(connection, known_by, known_by.keys() - new, altered, rules, now)
    return known


def names(connection: Connection) -> tuple[dict[int, str], dict[int, int]]:
    """What each person is called: a name of theirs, else a key; and the person of each identity that is joined with
    others."""
    called: dict[int, str] = {}
    unnamed: dict[int, str] = {}
    whose: dict[int, int] = {}
    statement = select(complainant.c.id, PERSON, complainant.c.name, complainant.c.key).order_by(complainant.c.id)
    for ident, person, name, key in connection.execute(statement):
        if ident != person:
            whose[ident] = person
        if name:
            called.setdefault(person, name)
        else:
            unnamed.setdefault(person, key)
    return unnamed | called, whose


def _row(one: Seen, rules: Identifying, place: str | None) -> Row:
    return {
        **dict(zip(_OWN, _columns(one.person), strict=True)),
        "place": place,
        "shared": nobodys(one.person, rules),
        "compared_at": None,
    }


# -- when the rules change -------------------------------------------------------------------------------------------


def rules_in_force(connection: Connection) -> str | None:
    """By which rules people are known here: the digest of a people.yaml, None before the first."""
    found = connection.execute(select(instance.c.people_digest)).scalar_one()
    return None if found is None else str(found)


def begin_again(connection: Connection) -> None:
    """Forget what rules made of identities; what humans said stays."""
    connection.execute(delete(identity))
    connection.execute(delete(tie).where(tie.c.said.in_((Said.KEY.value, Said.PROPOSED.value))))
    connection.execute(update(complainant).values(person_id=None, compared_at=None))


def finish(connection: Connection, digest: str, rules: Identifying, now: datetime) -> None:
    """Put humans' words in force again, and note by which rules all this stands."""
    said = connection.execute(select(tie.c.a_id, tie.c.b_id)).all()
    identities.recompose(connection, {end for pair in said for end in pair}, rules, now)
    connection.execute(update(instance).values(people_digest=digest))


# -- looking at them -------------------------------------------------------------------------------------------------


class Listed(msgspec.Struct, frozen=True):
    """A person in a listing: the lowest id of their identities, how many these are, and their complaints."""

    id: int
    name: str | None
    identities: int
    tickets: int
    complaints: int
    last_at: datetime


def listing(connection: Connection, *, words: str | None = None, most: int | None = 50) -> Iterator[Listed]:
    """People with tickets, those heard of last first; with `words`, those in whose names, addresses, phones or keys
    these stand."""
    yes = func.sum((complaint.c.complaint == "yes") & complaint.c.merged.is_(False))
    last = func.max(complaint.c.updated_at)
    statement = (
        select(PERSON, func.max(complainant.c.name), func.count(complainant.c.id.distinct()), func.count(), yes, last)
        .join_from(complaint, complainant)
        .group_by(PERSON)
        .order_by(last.desc(), PERSON)
    )
    if words is not None:
        # SQLite's LIKE knows no case by itself: lower() on both sides would say the same, four times as slowly.
        plainly = connection.dialect.name == "sqlite"

        def holds(column: Any) -> Any:
            return (column.contains if plainly else column.icontains)(words, autoescape=True)

        by_key = select(identity.c.complainant_id).where(holds(identity.c.key))
        text = [complainant.c[name] for name in ("name", "address", "phone", "key")]
        found = select(PERSON).where(or_(*map(holds, text), complainant.c.id.in_(by_key)))
        # Only whoever is found is counted, not everybody first.
        theirs = select(complainant.c.id).where(PERSON.in_(found))
        statement = statement.where(complaint.c.complainant_id.in_(theirs))
    for row in connection.execute(statement.limit(most) if most is not None else statement):
        person, name, several, tickets, complaints, at = row
        yield Listed(person, name, several, tickets, int(complaints or 0), moment(at))


def find(connection: Connection, name: str, kinds: Iterable[str]) -> list[int]:
    """The identities called `name`: an id, a key ("shop:77"), or all with this address, phone, or number of one of
    these `kinds`. [] if none."""
    if name.isdecimal():
        found = list(connection.execute(select(complainant.c.id).where(complainant.c.id == int(name))).scalars())
        if found:
            return found
    folded = name.strip().casefold()
    keys = [f"mail:{folded}", f"phone:{name.strip()}", *(f"{kind}:{folded.upper()}" for kind in kinds)]
    by_key = select(identity.c.complainant_id).where(identity.c.key.in_(keys))
    statement = select(complainant.c.id).where(
        or_(complainant.c.key == name, func.lower(complainant.c.address) == folded, complainant.c.id.in_(by_key))
    )
    return sorted(connection.execute(statement).scalars())


def persons(connection: Connection, ids: Iterable[int]) -> dict[int, int]:
    """The person that each of these identities belongs to."""
    statement = select(complainant.c.id, PERSON).where(complainant.c.id.in_(bindparam("ids", expanding=True)))
    return {one: person for some in in_lists(ids) for one, person in connection.execute(statement, {"ids": some})}
