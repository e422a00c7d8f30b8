"""What is done about causes: corrections opened from a trend or a grave complaint, and their customers told."""

from __future__ import annotations

from collections.abc import Sequence

from connector.commands import correcting, corrections
from connector.commands.correcting import Changed, Opened, Wish
from connector.commands.corrections import Row, Shown
from connector.console.errors import MissingError, RequestError
from connector.console.seat import Seat, needs
from connector.console.services.cases import exact
from connector.roles import Permission
from connector.store import corrections as stored
from connector.store import trends
from connector.store.corrections import Told

MOST_SHOWN = 200


@needs(Permission.READ)
def listing(seat: Seat, *, everything: bool = False) -> list[Row]:
    """Corrections that are not closed, newest first; with `everything` all of them."""
    return corrections.listing(seat, everything=everything, most=MOST_SHOWN)


@needs(Permission.READ)
def one(seat: Seat, number: int) -> Shown:
    """A correction with whom it concerns, and their letters. Raises MissingError."""
    _prove_there(seat, number)
    return corrections.show(seat, number)


@needs(Permission.READ)
def rules(seat: Seat) -> list[str]:
    """The corrections of policy.yaml, by which a ticket can be opened elsewhere."""
    return [one.id for one in seat.settings.policy.corrections]


@needs(Permission.DECIDE)
def begin(seat: Seat, wish: Wish) -> Opened:
    """Open one, for the trend or the complaint of the wish. Raises MissingError, AmendsError."""
    with seat.store() as store, store.read() as connection:
        if wish.complaint is not None:
            source, _, ticket = wish.complaint.partition("/")
            exact(connection, source, ticket)
        elif wish.trend is None or trends.one(connection, wish.trend) is None:
            raise MissingError("there is no such trend.", remedy="The page of trends shows what there is.")
    return correcting.opened(seat, wish, dry_run=False)


@needs(Permission.DECIDE)
def done(seat: Seat, number: int, changed: dict[str, str]) -> Changed:
    """Say that the cause is gone, and what was changed, by language. Raises MissingError, AmendsError."""
    _prove_there(seat, number)
    return correcting.done(seat, number, changed, dry_run=False)


@needs(Permission.DECIDE)
def tell(seat: Seat, number: int, names: Sequence[str], state: str, why: str) -> Changed:
    """Keep a person's word on letters: approved, told or waived. Raises MissingError, RequestError, AmendsError."""
    _prove_there(seat, number)
    if state not in (Told.APPROVED, Told.TOLD, Told.WAIVED):
        raise RequestError(f"no letter can be made {state[:40]!r}.", remedy="Say approved, told or waived.")
    words = why.strip()[:500] or None
    if words is None and state == Told.WAIVED:
        raise RequestError("nobody will know why they were not told.", remedy="Say why.")
    return correcting.decide(seat, number, list(names), Told(state), words, everything=False, dry_run=False)


def _prove_there(seat: Seat, number: int) -> None:
    with seat.store() as store, store.read() as connection:
        if stored.one(connection, number) is None:
            raise MissingError(f"there is no correction {number}.", remedy="The page of corrections shows them.")
