"""What needs somebody now, how the sources stand, and the switch that stops all writes."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from connector.console.asking import Form, Seated, house_of
from connector.console.errors import RequestError
from connector.console.rendering import page
from connector.console.services import standing, writes

router = APIRouter(include_in_schema=False)


@router.get("/")
def now(request: Request, seat: Seated) -> Response:
    return page(request, "now.html", told=standing.now(seat))


@router.get("/live")
def live(request: Request, seat: Seated) -> Response:
    """The same without what stands around it: pages ask for it every few seconds."""
    return page(request, "live.html", told=standing.now(seat))


@router.get("/sources")
def sources(request: Request, seat: Seated) -> Response:
    return page(request, "sources.html", rows=standing.all_sources(seat))


@router.post("/pause")
def pause(request: Request, posted: Form) -> Response:
    said = writes.pause(posted.seat, posted.text("why"))
    house_of(request).say(posted.seat.actor.session, said)
    return RedirectResponse("/", 303)


@router.post("/sources/{name}")
def switch(request: Request, posted: Form, name: str) -> Response:
    """Stop the writes to one source, which whoever does it confirms and explains, or let them go again."""
    decision = posted.text("decision")
    if decision == "pause":
        if posted.text("sure") != "yes" or not posted.text("why").strip():
            raise RequestError("nothing was stopped.", remedy="Say why, and that it is meant.")
        said = writes.pause(posted.seat, posted.text("why"), name)
    elif decision == "resume":
        said = writes.resume(posted.seat, name)
    else:
        raise RequestError(f"nothing can be decided by {decision[:40]!r}.", remedy="Say pause or resume.")
    house_of(request).say(posted.seat.actor.session, said)
    return RedirectResponse("/sources", 303)


@router.post("/resume")
def resume(request: Request, posted: Form) -> Response:
    said = writes.resume(posted.seat)
    house_of(request).say(posted.seat.actor.session, said)
    return RedirectResponse("/", 303)
