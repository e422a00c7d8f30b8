"""The register of conduct: an incident logged, and the steps that may follow it, in their order and by enough people.

The rules are those of `connector.people.conduct`, asked through the commands; here is only who may file what.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from connector.commands import people_conduct
from connector.commands.people_conduct import RegisterRow, Suggestion, Told
from connector.console.errors import MissingError, RequestError, told_as
from connector.console.seat import Seat, needs
from connector.people.conduct import LONGEST_REVIEW_DAYS, Step, following
from connector.roles import Permission
from connector.store import conducts


class Register(msgspec.Struct, frozen=True):
    """A register, which steps may follow now, and the last day that a restriction may be looked at again."""

    row: RegisterRow
    next: tuple[Step, ...]
    latest_review: date


@needs(Permission.DECIDE)
def listing(seat: Seat, *, everything: bool = False) -> list[RegisterRow]:
    """The registers, oldest first; those that are over only with `everything`."""
    return people_conduct.listing(seat, everything=everything)


@needs(Permission.DECIDE)
def suggestions(seat: Seat) -> list[Suggestion]:
    """Whom people may want to talk about; nothing follows from it by itself."""
    return people_conduct.suggestions(seat)


@needs(Permission.DECIDE)
def one(seat: Seat, number: int) -> Register:
    """Raises MissingError."""
    _prove_there(seat, number)
    row = people_conduct.show(seat, number)
    days = min(seat.settings.people.conduct.review_days, LONGEST_REVIEW_DAYS)
    return Register(row, following(row.steps, seat.now()), seat.now().date() + timedelta(days=days))


@needs(Permission.TAG)
def begin(seat: Seat, person: int, text: str) -> RegisterRow:
    """Log an incident about a person. Raises MissingError, RequestError without facts."""
    if not text.strip():
        raise RequestError("an incident needs its facts.", remedy="Say what was said or done, when, and to whom.")
    with told_as(MissingError, "Look for them by name."):
        return people_conduct.begin(seat, str(person), Told(text=text.strip()[:5000]), dry_run=False)


@needs(Permission.DECIDE)
def file(seat: Seat, number: int, step: str, told: Told) -> RegisterRow:
    """File a step. Raises MissingError; RequestError, with what has to come first, where it may not follow."""
    _prove_there(seat, number)
    if step not in list(Step)[1:]:
        raise RequestError(f"there is no step {step[:40]!r}.", remedy="Take one of those on the page.")
    with told_as(RequestError, "The page says which step may follow, and what it needs."):
        return people_conduct.file(seat, number, Step(step), told, dry_run=False)


def _prove_there(seat: Seat, number: int) -> None:
    with seat.store() as store, store.read() as connection:
        if conducts.one(connection, number) is None:
            raise MissingError(f"there is no register {number}.", remedy="The page of conduct shows them.")
