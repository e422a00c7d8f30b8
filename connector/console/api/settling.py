"""What programs may settle: writes of the outbox, quarantine, the switch that stops all writes; and the audit log."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from connector.commands.aside import Aside, TriedAll
from connector.commands.keeping import Done
from connector.commands.people import Person
from connector.commands.trends import Listed as Trends
from connector.commands.undoing import Undone
from connector.commands.writes import Decided, Write
from connector.console.api.complaints import Cursor, Most, Text
from connector.console.api.describing import Listing, answer, listings_of, tells
from connector.console.asking import Program
from connector.console.paging import cursor_of, spot_of
from connector.console.services import audit, people, quarantine, trends, writes
from connector.store.auditing import Noted
from connector.store.browsing import Spot
from connector.store.intentions import State

router = APIRouter(prefix="/api/v1")
Number = Annotated[int, Path(ge=1, le=(1 << 62))]
Decision = Literal["approve", "approve-shadow", "retry", "there", "again", "drop"]


def _from(cursor: str | None) -> int | None:
    spot = spot_of(cursor)
    return spot.id if spot else None


def _to(number: int | None) -> str | None:
    return cursor_of(Spot(0, number)) if number is not None else None


@router.get("/writes", responses=listings_of(Write), response_class=Response)
def listing(
    seat: Program, state: State | None = None, source: Text = None, limit: Most = 50, cursor: Cursor = None
) -> Response:
    """Intended writes, newest first."""
    states = [state.value] if state else []
    found = writes.page(seat, states=states, source=source, most=limit, before=_from(cursor))
    return answer(Listing(list(found.rows), _to(found.next)))


@router.get("/writes/{number}", responses=tells(Write), response_class=Response)
def one(seat: Program, number: Number) -> Response:
    """One write: what it would do to the ticket, and how far it has come."""
    return answer(writes.one(seat, number))


@router.post("/writes/{number}/undo", responses=tells(Undone, 400), response_class=Response)
def undo(seat: Program, number: Number) -> Response:
    """Take back what a write left on its ticket, where it is still ours. Needs the scope `decide`."""
    return answer(writes.take_back(seat, number))


@router.post("/writes/{number}/{decision}", responses=tells(Decided, 400), response_class=Response)
def decide(seat: Program, number: Number, decision: Decision) -> Response:
    """Settle a write, as `amends outbox` does. Needs the scope `decide`. `why_not` says why one was left alone."""
    return answer(writes.decide(seat, number, decision))


@router.get("/trends", responses=tells(Trends), response_class=Response)
def standing_out(seat: Program, everything: bool = False) -> Response:
    """What stands out, the newest first; with `everything` also what is over."""
    return answer(trends.listing(seat, everything=everything))


@router.get("/people/{number}", responses=tells(Person), response_class=Response)
def person(seat: Program, number: Number) -> Response:
    """A person over all sources: what they are known by, and what they wrote."""
    return answer(people.person(seat, number))


@router.get("/quarantine", responses=listings_of(Aside), response_class=Response)
def aside(seat: Program, everything: bool = False, limit: Most = 50, cursor: Cursor = None) -> Response:
    """Records that could not be understood, oldest first."""
    found = quarantine.page(seat, limit, after=_from(cursor) or 0, everything=everything)
    return answer(Listing(list(found.rows), _to(found.next)))


@router.post("/quarantine/{number}/skip", responses=tells(TriedAll), response_class=Response)
def skip(seat: Program, number: Number) -> Response:
    """Leave a record alone for good. Needs the scope `decide`."""
    return answer(quarantine.skip(seat, number))


@router.post("/pause", responses=tells(Done), response_class=Response)
def pause(seat: Program, why: Annotated[str, Query(max_length=200)] = "by a program", source: Text = None) -> Response:
    """Stop all writes to all helpdesks, or those to one source; reading goes on. Needs the scope `decide`."""
    return answer(Done(writes.pause(seat, why, source)))


@router.post("/resume", responses=tells(Done), response_class=Response)
def resume(seat: Program, source: Text = None) -> Response:
    """Let writes go again, or those to one source. Needs the scope `decide`."""
    return answer(Done(writes.resume(seat, source)))


@router.get("/audit", responses=listings_of(Noted), response_class=Response)
def log(
    seat: Program,
    source: Text = None,
    ticket: Text = None,
    who: Text = None,
    what: Text = None,
    limit: Most = 50,
    cursor: Cursor = None,
) -> Response:
    """What Amends and people did, newest first; `what` is how it begins. Needs the scope `audit`."""
    found = audit.page(seat, limit, before=_from(cursor), source=source, ticket=ticket, who=who, what=what)
    return answer(Listing(list(found.rows), _to(found.next)))
