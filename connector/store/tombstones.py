"""Who and what was erased, as hashes: what comes again from before that day is not taken in. Called by `erasure` and
`sync`.

A hash names a ticket, an account at a source, or a name in full together with a mailbox or a number of which nobody has
two. Nothing less silences: the phone of a household, the mailbox of a family and the number of an order are other
people's as well, and what these write has to be heard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from connector.people.identity import MAIL, Identifying, keys_of
from connector.people.names import words
from connector.store import sources, tables
from connector.store.people import Seen
from connector.store.rows import add_unknown
from connector.store.times import micros, moment

AT_ONCE = 200


def hash_of(salt: str, name: str) -> str:
    """What stays of a name; `salt` is the store's own."""
    return hashlib.blake2b(name.encode(), key=salt.encode()[:64], digest_size=16).hexdigest()


def of_ticket(source: str, ticket: str) -> str:
    """What a ticket is remembered as."""
    return f"ticket:{source}/{ticket}"


def of_account(key: str) -> str:
    """What an account at a source is remembered as (`Complainant.key`)."""
    return f"identity:{key}"


def of_person(name: str | None, keys: Iterable[str], rules: Identifying) -> Iterator[str]:
    """What somebody is remembered as beside their accounts: by the same mailbox or number and the same name in full,
    rules take two accounts for one person (`linking.links`)."""
    called = sorted(words(name or ""))
    if len(called) < 2:
        return
    for key in _alone(keys, rules):
        yield f"person:{key}/{' '.join(called)}"


def _alone(keys: Iterable[str], rules: Identifying) -> Iterator[str]:
    """The keys that one person has: their mailbox, and numbers of which nobody has two."""
    return (key for key in keys if (kind := key.partition(":")[0]) == MAIL or kind in rules.single)


def names_of(seen: Seen, rules: Identifying) -> list[str]:
    """All that somebody would be remembered as. Builds before 29 November 2026 remembered every key by itself, without
    a name; of those hashes, the ones of a mailbox or of a number that nobody shares still count."""
    keys = keys_of(seen.person, seen.numbers, rules)
    return [of_account(seen.person.key), *of_person(seen.person.name, keys, rules), *_alone(keys, rules)]


def remember(connection: Connection, names: Iterable[str], at: datetime) -> None:
    """Keep these names out from now on, where they are from before `at`."""
    salt = sources.salt(connection)
    rows = [{"hash": one, "at": micros(at)} for one in sorted({hash_of(salt, name) for name in names})]
    add_unknown(connection, tables.erased, rows)


_ANY = select(tables.erased.c.at).limit(1)


def any_erased(connection: Connection) -> bool:
    """Whether anything was ever erased here; where not, nobody need look."""
    return connection.execute(_ANY).first() is not None


def unwanted(
    connection: Connection,
    source: str,
    tickets: Collection[str],
    people: Mapping[str, tuple[datetime, Collection[str]]],
) -> set[str]:
    """Those of a source's `tickets` that were erased, or are of somebody who was erased after they were opened.
    `people` says of a ticket when it was opened, and what its complainant would be remembered as (`names_of`)."""
    salt = sources.salt(connection)
    of_tickets = {hash_of(salt, of_ticket(source, ticket)): ticket for ticket in tickets}
    of_people: dict[str, list[str]] = {}
    for ticket, (_, names) in people.items():
        for name in names:
            of_people.setdefault(hash_of(salt, name), []).append(ticket)
    found: set[str] = set()
    hashes = [*of_tickets, *of_people]
    for start in range(0, len(hashes), AT_ONCE):
        some = hashes[start : start + AT_ONCE]
        for one, at in connection.execute(
            select(tables.erased.c.hash, tables.erased.c.at).where(tables.erased.c.hash.in_(some))
        ):
            if one in of_tickets:
                found.add(of_tickets[one])
            found.update(ticket for ticket in of_people.get(one, ()) if people[ticket][0] < moment(at))
    return found


def known(connection: Connection) -> dict[str, datetime]:
    """Every hash, and when it was put down."""
    return {row.hash: moment(row.at) for row in connection.execute(select(tables.erased))}
