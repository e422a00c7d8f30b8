"""People over all sources: found, shown with what they are known by and wrote, joined and kept apart; and who had to
come back."""

from __future__ import annotations

import msgspec

from connector.commands import people
from connector.commands.cases import Row, row
from connector.commands.keeping import Done
from connector.commands.people import Person
from connector.console.errors import MissingError, RequestError, told_as
from connector.console.seat import Seat, needs
from connector.roles import Permission
from connector.store import browsing
from connector.store import people as stored_people
from connector.store.browsing import Wanted
from connector.store.people import Listed

MOST_FOUND = 50


class CameBack(msgspec.Struct, frozen=True):
    """A complaint of somebody who had to come back, and who that is."""

    row: Row
    person: int


@needs(Permission.READ)
def came_back(seat: Seat) -> list[CameBack]:
    """The newest complaints that say so."""
    wanted = Wanted(flag="repeat", complaint="yes")
    with seat.store() as store, store.read() as connection:
        found = browsing.page(connection, wanted, MOST_FOUND).rows
        whose = stored_people.persons(connection, [one.complainant_id for one in found])
    return [CameBack(row(one), whose.get(one.complainant_id, one.complainant_id)) for one in found]


@needs(Permission.READ)
def search(seat: Seat, words: str) -> list[Listed]:
    """People in whose names, addresses, phones or numbers these words stand, those heard of last first."""
    said = words.strip()[:200]
    return people.listing(seat, said, MOST_FOUND) if said else []


@needs(Permission.READ)
def person(seat: Seat, number: int) -> Person:
    """All about one person. Raises MissingError."""
    with told_as(MissingError, "Look for them by name."):
        return people.show(seat, str(number))


@needs(Permission.DECIDE)
def join(seat: Seat, one: int, other: int, why: str) -> Done:
    """Say that two are one person; everything that follows is reckoned anew."""
    return people.link(seat, str(one), str(other), _said(why), dry_run=False)


@needs(Permission.DECIDE)
def part(seat: Seat, one: int, other: int | None, why: str) -> Done:
    """Say that an identity is not another's, or none of those that it is joined with."""
    return people.unlink(seat, str(one), str(other) if other is not None else None, _said(why), dry_run=False)


def _said(why: str) -> str:
    said = why.strip()[:500]
    if not said:
        raise RequestError("nobody will know why.", remedy="Say why in a few words.")
    return said
