"""What people begin: a correction of a cause, with everybody told in the end; and the register of conduct, step by
step."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from connector.commands.correcting import Wish
from connector.commands.people_conduct import Told
from connector.console.asking import Form, Posted, Seated, house_of
from connector.console.errors import RequestError
from connector.console.pages.settling import number_of
from connector.console.rendering import page
from connector.console.services import conduct, corrections
from connector.people.conduct import GRAVE, QUESTIONS, Measure

router = APIRouter(include_in_schema=False)
LONGEST_TEXT = 5000


def day_of(text: str) -> date | None:
    """A day as forms send it; None for none. Raises RequestError."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RequestError(f"{text[:40]!r} is no day.", remedy="Write it as 2026-03-02.") from None


def _short(text: str) -> str | None:
    return text.strip()[:200] or None


# -- corrections -----------------------------------------------------------------------------------------------------


@router.get("/corrections")
def listing(request: Request, seat: Seated) -> Response:
    everything = request.query_params.get("all") == "yes"
    rows = corrections.listing(seat, everything=everything)
    return page(request, "corrections.html", rows=rows, everything=everything)


@router.get("/corrections/{number}")
def correction(request: Request, seat: Seated, number: str) -> Response:
    told = corrections.one(seat, number_of(number) or 0)
    languages = sorted({one.language for one in told.concerned if one.language} | set(told.changed)) or ["en"]
    return page(request, "correction.html", told=told, languages=languages)


@router.post("/corrections")
def begin(request: Request, posted: Form) -> Response:
    """Open one from the page of a trend or of a complaint."""
    wish = Wish(
        trend=number_of(posted.text("trend")),
        complaint=posted.text("complaint")[:500] or None,
        owner=_short(posted.text("owner")),
        due_on=day_of(posted.text("due")),
        rule=_short(posted.text("rule")),
        title=_short(posted.text("title")),
    )
    if (wish.trend is None) == (wish.complaint is None):
        raise RequestError("a correction is about a trend or a complaint.", remedy="Begin on its page.")
    opened = corrections.begin(posted.seat, wish)
    house_of(request).say(posted.seat.actor.session, f"Correction {opened.number} is open.")
    return RedirectResponse(f"/corrections/{opened.number}", 303)


@router.post("/corrections/{number}")
def decide(request: Request, posted: Form, number: str) -> Response:
    wanted, decision = number_of(number) or 0, posted.text("decision")
    if decision == "done":
        words, language = posted.text("changed").strip()[:LONGEST_TEXT], posted.text("language")[:20]
        said = corrections.done(posted.seat, wanted, {language: words} if words else {})
    else:
        said = corrections.tell(posted.seat, wanted, posted.texts("case"), decision, posted.text("why"))
    words = f"Correction {wanted}: {len(said.complaints)} {said.state} now."
    house_of(request).say(posted.seat.actor.session, words)
    return RedirectResponse(f"/corrections/{wanted}", 303)


# -- conduct ---------------------------------------------------------------------------------------------------------


@router.get("/conduct")
def registers(request: Request, seat: Seated) -> Response:
    everything = request.query_params.get("all") == "yes"
    rows, talk = conduct.listing(seat, everything=everything), conduct.suggestions(seat)
    return page(request, "conducts.html", rows=rows, talk=talk, everything=everything)


@router.get("/conduct/{number}")
def register(request: Request, seat: Seated, number: str) -> Response:
    one = conduct.one(seat, number_of(number) or 0)
    return page(request, "conduct.html", one=one, questions=QUESTIONS, measures=list(Measure), grave=GRAVE)


@router.post("/conduct")
def incident(request: Request, posted: Form) -> Response:
    """Log an incident, from the page of the person whom it is about."""
    person = number_of(posted.text("person")) or 0
    made = conduct.begin(posted.seat, person, posted.text("text"))
    house_of(request).say(posted.seat.actor.session, f"The incident stands in register {made.id}. It restricts nobody.")
    return RedirectResponse(f"/people/{person}", 303)


@router.post("/conduct/{number}")
def step(request: Request, posted: Form, number: str) -> Response:
    wanted = number_of(number) or 0
    row = conduct.file(posted.seat, wanted, posted.text("decision"), _told(posted))
    house_of(request).say(posted.seat.actor.session, f"Register {wanted} stands at: {row.state.replace('_', ' ')}.")
    return RedirectResponse(f"/conduct/{wanted}", 303)


def _told(posted: Posted) -> Told:
    measure = posted.text("measure")
    if measure and measure not in list(Measure):
        raise RequestError(f"there is no measure {measure[:40]!r}.", remedy="Take one of those on the page.")
    answers = {name: posted.text(f"q-{name}") == "yes" for name in QUESTIONS if posted.text(f"q-{name}")}
    return Told(
        text=posted.text("text").strip()[:LONGEST_TEXT],
        document=_short(posted.text("document")),
        request=_short(posted.text("request")),
        measure=Measure(measure) if measure else None,
        review=day_of(posted.text("review")),
        cases=tuple(posted.text("cases").split()[:50]),
        answers=answers,
    )
