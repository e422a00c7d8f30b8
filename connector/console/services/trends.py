"""What stands out: several people with the same thing, and what somebody says about it."""

from __future__ import annotations

from connector.commands import trends
from connector.commands.trends import Listed, Said, Shown
from connector.console.errors import MissingError, RequestError
from connector.console.seat import Seat, needs
from connector.roles import Permission
from connector.store import trends as stored
from connector.trends.life import State

MOST_SHOWN = 200
SAYABLE = (State.ACKNOWLEDGED, State.EXPLAINED, State.CLOSED)


@needs(Permission.READ)
def listing(seat: Seat, *, everything: bool = False) -> Listed:
    """Trends that are not over, newest first; with `everything` all of them."""
    return trends.listing(seat, everything=everything, most=MOST_SHOWN)


@needs(Permission.READ)
def one(seat: Seat, number: int) -> Shown:
    """A trend with the complaints in it. Raises MissingError."""
    _prove_there(seat, number)
    return trends.show(seat, number)


@needs(Permission.DECIDE)
def say(seat: Seat, number: int, state: str, why: str) -> Said:
    """That it was seen, where it comes from, or that it is over. Raises MissingError, RequestError, AmendsError."""
    _prove_there(seat, number)
    if state not in SAYABLE:
        raise RequestError(f"a trend cannot be made {state!r} here.", remedy=f"Say {', '.join(SAYABLE)}.")
    words = why.strip()[:500] or None
    if words is None and state != State.ACKNOWLEDGED:
        raise RequestError("nobody will know why.", remedy="Say where it comes from, or why it is over.")
    return trends.decide(seat, number, State(state), words, dry_run=False)


def _prove_there(seat: Seat, number: int) -> None:
    with seat.store() as store, store.read() as connection:
        if stored.one(connection, number) is None:
            raise MissingError(f"there is no trend {number}.", remedy="The page of trends shows what there is.")
