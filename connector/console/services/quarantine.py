"""Records that could not be understood: why, with what payload, and what a person does about them."""

from __future__ import annotations

import msgspec

from connector.commands import aside
from connector.commands.aside import Aside, TriedAll
from connector.console.errors import MissingError
from connector.console.seat import Seat, needs
from connector.roles import Permission
from connector.store import quarantine


class AsidePage(msgspec.Struct, frozen=True):
    """Some records, oldest first, and the number to go on after; None where these are the last."""

    rows: tuple[Aside, ...]
    next: int | None


@needs(Permission.READ)
def page(seat: Seat, most: int, *, after: int = 0, everything: bool = False) -> AsidePage:
    """Without what the sources sent, which is personal data as it came."""
    with seat.store() as store, store.read() as connection:
        found = quarantine.page(connection, most + 1, after=after, skipped_too=everything)
    rows = tuple(aside.aside(one, payload=False) for one in found[:most])
    return AsidePage(rows, rows[-1].id if len(found) > most else None)


@needs(Permission.DECIDE)
def one(seat: Seat, number: int) -> Aside:
    """A record with what the source sent. Raises MissingError."""
    with seat.store() as store, store.read() as connection:
        found = quarantine.listing(connection, one=number)
    if not found:
        raise MissingError(f"nothing in quarantine has the number {number}.", remedy="It may have been understood.")
    return aside.aside(found[0], payload=True)


@needs(Permission.DECIDE)
def skip(seat: Seat, number: int) -> TriedAll:
    """Leave a record alone for good. Raises MissingError."""
    one(seat, number)
    return aside.skip(seat, [number], dry_run=False)


@needs(Permission.DECIDE)
def retry(seat: Seat, number: int) -> TriedAll:
    """Read it again by today's mapping, or fetch it afresh. Raises MissingError, and StoreError while a daemon is at
    work: that one reads it again by itself when its mapping changes."""
    one(seat, number)
    return aside.retry(seat, [number], everything=False, dry_run=False)
