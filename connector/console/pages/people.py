"""People over all sources, and what stands out among their complaints."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from connector.commands.keeping import Done
from connector.console.asking import Form, Posted, Seated, house_of
from connector.console.errors import RequestError
from connector.console.pages.settling import number_of
from connector.console.rendering import page
from connector.console.services import corrections, people, trends

router = APIRouter(include_in_schema=False)


@router.get("/people")
def listing(request: Request, seat: Seated) -> Response:
    words = request.query_params.get("q", "")[:200]
    found = people.search(seat, words) if words else None
    back = people.came_back(seat) if found is None else []
    return page(request, "people.html", words=words, found=found, back=back)


@router.get("/people/{number}")
def person(request: Request, seat: Seated, number: str) -> Response:
    return page(request, "person.html", one=people.person(seat, number_of(number) or 0))


@router.post("/people/{number}")
def decide(request: Request, posted: Form, number: str) -> Response:
    done = _decided(posted)
    house_of(request).say(posted.seat.actor.session, done.said)
    return RedirectResponse(f"/people/{number_of(number) or 0}", 303)


def _decided(posted: Posted) -> Done:
    one, other = number_of(posted.text("one")) or 0, number_of(posted.text("other"))
    decision, why = posted.text("decision"), posted.text("why")
    if decision == "join" and other is not None:
        return people.join(posted.seat, one, other, why)
    if decision == "part":
        return people.part(posted.seat, one, other, why)
    raise RequestError(f"nothing can be decided by {decision[:40]!r}.", remedy="Say join or part.")


@router.get("/trends")
def standing_out(request: Request, seat: Seated) -> Response:
    everything = request.query_params.get("all") == "yes"
    told = trends.listing(seat, everything=everything)
    return page(request, "trends.html", told=told, everything=everything)


@router.get("/trends/{number}")
def trend(request: Request, seat: Seated, number: str) -> Response:
    told = trends.one(seat, number_of(number) or 0)
    return page(request, "trend.html", told=told, rules=corrections.rules(seat))


@router.post("/trends/{number}")
def say(request: Request, posted: Form, number: str) -> Response:
    wanted = number_of(number) or 0
    said = trends.say(posted.seat, wanted, posted.text("decision"), posted.text("why"))
    house_of(request).say(posted.seat.actor.session, f"Trend {said.number} is {said.after} now.")
    return RedirectResponse(f"/trends/{wanted}", 303)
