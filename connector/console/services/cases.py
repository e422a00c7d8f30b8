"""Complaints: found, listed and shown with everything that led to what Amends says of them."""

from __future__ import annotations

import msgspec

from connector.commands.cases import Row, Shown, row
from connector.commands.explaining import explained
from connector.console.errors import MissingError
from connector.console.seat import Seat, needs
from connector.errors import SettingsError
from connector.explain import Explanation
from connector.roles import Permission
from connector.store import Transaction, browsing, complaints, links, sources
from connector.store.browsing import Spot, Wanted
from connector.store.complaints import Stored

MOST_EARLIER = 20
MOST_FOUND = 50


class CasePage(msgspec.Struct, frozen=True):
    """Some complaints, and where the next page begins; None where this is the last one."""

    rows: tuple[Row, ...]
    next: Spot | None


class Case(msgspec.Struct, frozen=True):
    """One complaint: its row, why it is as it is (None where its source is not configured any more), and what else its
    person complained about, over all sources."""

    row: Row
    doc: complaints.Doc
    explanation: Explanation | None
    earlier: tuple[Row, ...]


@needs(Permission.READ)
def page(seat: Seat, wanted: Wanted, most: int, after: Spot | None = None) -> CasePage:
    """The complaints that are wanted, `most` at a time."""
    with seat.store() as store, store.read() as connection:
        found = browsing.page(connection, wanted, most, after)
    return CasePage(tuple(row(one) for one in found.rows), found.next)


@needs(Permission.READ)
def search(seat: Seat, words: str) -> list[Row]:
    """What somebody may mean by these words; [] for none."""
    said = words.strip()[:200]
    if not said:
        return []
    with seat.store() as store, store.read() as connection:
        return [row(one) for one in browsing.search(connection, said, MOST_FOUND)]


@needs(Permission.READ)
def case(seat: Seat, source: str, ticket: str) -> Case:
    """One complaint in full. Raises MissingError."""
    with seat.store() as store, store.read() as connection:
        stored = exact(connection, source, ticket)
        others = browsing.of_person(connection, stored.person_id, MOST_EARLIER)
    try:
        told = explained(seat, f"{source}/{ticket}")
    except SettingsError:
        told = None
    return Case(row(stored), stored.doc, told, tuple(row(one) for one in others if one.id != stored.id))


@needs(Permission.READ)
def shown(seat: Seat, source: str, ticket: str) -> Shown:
    """One complaint as it is stored. Raises MissingError."""
    with seat.store() as store, store.read() as connection:
        stored = exact(connection, source, ticket)
        linked = links.of_complaints(connection, [stored.id]).get(stored.id, [])
    return Shown(row(stored), stored.doc, stored.assessed, tuple(linked))


@needs(Permission.READ)
def explanation(seat: Seat, source: str, ticket: str) -> Explanation:
    """Why it is tagged, timed, flagged and written to as it is. Raises MissingError, SettingsError."""
    with seat.store() as store, store.read() as connection:
        exact(connection, source, ticket)
    return explained(seat, f"{source}/{ticket}")


def exact(connection: Transaction, source: str, ticket: str) -> Stored:
    """The complaint with this very name; others are looked for by `search`. Raises MissingError."""
    known = sources.by_name(connection, source)
    found = complaints.of_tickets(connection, known.id, [ticket]).get(ticket) if known else None
    if found is None:
        raise MissingError(f"there is no complaint {source}/{ticket}.", remedy="Look for it by its number.")
    return found
