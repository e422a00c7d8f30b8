"""What people settle: writes of the outbox, records in quarantine; and the log of all that was done."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from connector.commands.aside import Tried
from connector.console.asking import Form, Posted, Seated, house_of
from connector.console.errors import RequestError
from connector.console.paging import address
from connector.console.rendering import page
from connector.console.services import audit, quarantine, writes
from connector.store.intentions import State

router = APIRouter(include_in_schema=False)
ROWS = 50
LARGEST_NUMBER = (1 << 63) - 1


def number_of(text: str | None) -> int | None:
    """A number of a row in an address; None where there is none. Raises RequestError."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > LARGEST_NUMBER:
        raise RequestError(f"{text[:40]!r} is no number of a row.", remedy="Begin with the first page.")
    return int(text)


@router.get("/outbox")
def outbox(request: Request, seat: Seated) -> Response:
    asked = request.query_params
    state, source = asked.get("state") or None, asked.get("source") or None
    found = writes.page(
        seat, states=[state] if state else [], source=source, most=ROWS, before=number_of(asked.get("before"))
    )
    further = address("/outbox", state=state, source=source, before=found.next) if found.next else None
    return page(
        request,
        "outbox.html",
        rows=found.rows,
        further=further,
        counts=writes.counts(seat),
        states=[one.value for one in State],
        state=state,
    )


@router.get("/outbox/{number}")
def write(request: Request, seat: Seated, number: str) -> Response:
    one = writes.one(seat, number_of(number) or 0)
    back = writes.undoable(seat, one.id) if one.state == State.DONE else None
    return page(request, "write.html", one=one, back=back)


@router.post("/outbox/{number}")
def decide(request: Request, posted: Form, number: str) -> Response:
    wanted = number_of(number) or 0
    if posted.text("decision") == "undo":
        return _taken_back(request, posted, wanted)
    (moved,) = writes.decide(posted.seat, wanted, posted.text("decision")).moved
    said = f"left alone: {moved.why_not}" if moved.why_not else f"is {moved.after.replace('_', ' ')} now"
    house_of(request).say(posted.seat.actor.session, f"#{moved.id} {said}.")
    return RedirectResponse(f"/outbox/{wanted}", 303)


def _taken_back(request: Request, posted: Posted, number: int) -> Response:
    undone = writes.take_back(posted.seat, number)
    said = f"left alone: {undone.why_not}" if undone.why_not else f"is taken back by #{undone.undo}"
    house_of(request).say(posted.seat.actor.session, f"#{number} {said}.")
    return RedirectResponse(f"/outbox/{undone.undo or number}", 303)


@router.get("/quarantine")
def aside(request: Request, seat: Seated) -> Response:
    everything = request.query_params.get("all") == "yes"
    after = number_of(request.query_params.get("after")) or 0
    found = quarantine.page(seat, ROWS, after=after, everything=everything)
    further = address("/quarantine", all="yes" if everything else None, after=found.next) if found.next else None
    return page(request, "quarantine.html", rows=found.rows, further=further, everything=everything)


@router.get("/quarantine/{number}")
def record(request: Request, seat: Seated, number: str) -> Response:
    return page(request, "record.html", one=quarantine.one(seat, number_of(number) or 0))


@router.post("/quarantine/{number}")
def settle(request: Request, posted: Form, number: str) -> Response:
    wanted = number_of(number) or 0
    (tried,) = _settled(posted, wanted)
    said = f"#{tried.id}: {tried.result}" + (f" ({tried.why})" if tried.why else "")
    house_of(request).say(posted.seat.actor.session, said)
    return RedirectResponse("/quarantine", 303)


def _settled(posted: Posted, number: int) -> tuple[Tried, ...]:
    decision = posted.text("decision")
    if decision == "skip":
        return quarantine.skip(posted.seat, number).records
    if decision == "retry":
        return quarantine.retry(posted.seat, number).records
    raise RequestError(f"nothing can be decided by {decision[:40]!r}.", remedy="Say skip or retry.")


@router.get("/audit")
def log(request: Request, seat: Seated) -> Response:
    asked = {name: request.query_params.get(name) or None for name in ("source", "ticket", "who", "what")}
    found = audit.page(seat, ROWS, before=number_of(request.query_params.get("before")), **asked)
    further = address("/audit", **asked, before=found.next) if found.next else None
    return page(request, "audit.html", rows=found.rows, further=further, asked=asked)
