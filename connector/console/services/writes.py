"""The outbox in the browser: intended writes, and a person's decisions about them."""

from __future__ import annotations

import msgspec

from connector.commands import keeping, undoing, writes
from connector.commands.undoing import Undone
from connector.commands.writes import Decided, Write, states_named
from connector.console.errors import MissingError, RequestError
from connector.console.seat import Seat, needs
from connector.errors import SettingsError
from connector.roles import Permission
from connector.store import intentions, sources

DECISIONS = ("approve", "approve-shadow", "retry", "there", "again", "drop", "undo")


class WritePage(msgspec.Struct, frozen=True):
    """Some writes, newest first, and the number to go on before; None where these are the last."""

    rows: tuple[Write, ...]
    next: int | None


@needs(Permission.READ)
def page(seat: Seat, *, states: list[str], source: str | None, most: int, before: int | None = None) -> WritePage:
    """Raises RequestError for a state or source that is none."""
    try:
        rows = writes.listing(
            seat, states=states_named(states), source=source, ticket=None, most=most + 1, before=before
        )
    except SettingsError as error:
        raise RequestError(error.message, remedy=error.remedy) from error
    return WritePage(tuple(rows[:most]), rows[most - 1].id if len(rows) > most else None)


@needs(Permission.READ)
def counts(seat: Seat) -> dict[str, int]:
    """How many writes stand in each state."""
    found: dict[str, int] = {}
    with seat.store() as store, store.read() as connection:
        for (_, state), number in intentions.counts(connection).items():
            found[state] = found.get(state, 0) + number
    return found


@needs(Permission.READ)
def one(seat: Seat, number: int) -> Write:
    """Raises MissingError."""
    _prove_there(seat, number)
    return writes.show(seat, number)


@needs(Permission.DECIDE)
def decide(seat: Seat, number: int, decision: str) -> Decided:
    """Approve (a shadow write only by name), retry or drop a write; say of a parked one that it is `there`, or is to be
    sent `again`. Raises MissingError, RequestError."""
    _prove_there(seat, number)
    numbers = [number]
    if decision in ("approve", "approve-shadow"):
        shadow = decision == "approve-shadow"
        return writes.approve(seat, numbers, everything=False, even_shadow=shadow, dry_run=False)
    if decision == "drop":
        return writes.drop(seat, numbers, dry_run=False)
    if decision in ("retry", "there", "again"):
        there, again = decision == "there", decision == "again"
        return writes.retry(seat, numbers, is_there=there, send_again=again, dry_run=False)
    raise RequestError(f"nothing can be decided by {decision!r}.", remedy=f"Say one of {', '.join(DECISIONS)}.")


@needs(Permission.READ)
def undoable(seat: Seat, number: int) -> Undone:
    """What taking back a write would do; nothing is done. Raises MissingError."""
    _prove_there(seat, number)
    return undoing.undo(seat, [number], rule=None, dry_run=True).writes[0]


@needs(Permission.DECIDE)
def take_back(seat: Seat, number: int) -> Undone:
    """Intend the undo of a write, where what it left is still ours. Raises MissingError."""
    _prove_there(seat, number)
    return undoing.undo(seat, [number], rule=None, dry_run=False).writes[0]


def _prove_there(seat: Seat, number: int) -> None:
    with seat.store() as store, store.read() as connection:
        if intentions.one(connection, number) is None:
            raise MissingError(f"there is no write #{number}.", remedy="The outbox shows what there is.")


@needs(Permission.DECIDE)
def pause(seat: Seat, why: str, source: str | None = None) -> str:
    """Stop all writes to all helpdesks, or those to one source; reading goes on. Raises MissingError."""
    _prove_source(seat, source)
    return keeping.pause(seat, why.strip()[:200] or "by hand", dry_run=False, source=source).said


@needs(Permission.DECIDE)
def resume(seat: Seat, source: str | None = None) -> str:
    """Let writes go again, or those to one source. Raises MissingError."""
    _prove_source(seat, source)
    return keeping.resume(seat, dry_run=False, source=source).said


def _prove_source(seat: Seat, name: str | None) -> None:
    if name is None or name in seat.settings.sources:
        return
    with seat.store() as store, store.read() as connection:
        if sources.by_name(connection, name) is None:
            raise MissingError(f"there is no source {name!r}.", remedy="The page of sources shows what there is.")
