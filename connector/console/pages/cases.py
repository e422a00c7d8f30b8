"""Complaints: the list, one of them with its whole story, and what an agent says about it."""

from __future__ import annotations

from typing import get_args

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from connector.commands.options import FlagWord, StatusWord
from connector.console.asking import Form, Posted, Seated, house_of
from connector.console.errors import RequestError
from connector.console.paging import address, cursor_of, spot_of
from connector.console.rendering import page
from connector.console.seat import Seat
from connector.console.services import cases, corrections, tags
from connector.store.browsing import Wanted

router = APIRouter(include_in_schema=False)
ROWS = 50
ORDERS = {"newest": "the newest first", "due": "what is due first", "emergency": "emergencies"}
STATUSES = ("unfinished", *get_args(StatusWord))
ANSWERS = ("yes", "unsure", "no")
_FILTERS = ("order", "source", "status", "flag", "complaint", "category")


@router.get("/complaints")
def listing(request: Request, seat: Seated) -> Response:
    asked = {name: request.query_params.get(name) or None for name in _FILTERS}
    wanted = wanted_of(asked)
    found = cases.page(seat, wanted, ROWS, spot_of(request.query_params.get("after")))
    here = {name: value for name, value in asked.items() if value}
    return page(
        request,
        "complaints.html",
        rows=found.rows,
        asked=asked,
        further=address("/complaints", **here, after=cursor_of(found.next)) if found.next else None,
        first=address("/complaints", **here) if request.query_params.get("after") else None,
        words="",
        orders=ORDERS,
        statuses=STATUSES,
        flags=get_args(FlagWord),
        answers=ANSWERS,
        sources=sorted(seat.settings.sources),
        categories=_categories(seat),
    )


def _categories(seat: Seat) -> list[str]:
    return next((list(one.values) for one in tags.choices(seat) if one.facet == "category"), [])


def wanted_of(asked: dict[str, str | None]) -> Wanted:
    """The filters of an address. Raises RequestError for words that are none."""
    known = {"order": ORDERS, "status": STATUSES, "flag": get_args(FlagWord), "complaint": ANSWERS}
    for name, words in known.items():
        if asked.get(name) is not None and asked[name] not in words:
            raise RequestError(f"{name} cannot be {asked[name]!r}.", remedy=f"It is one of {', '.join(words)}.")
    given = {name: value for name, value in asked.items() if value is not None}
    return msgspec.convert({"order": "newest"} | given, Wanted)


@router.get("/find")
def find(request: Request, seat: Seated) -> Response:
    words = request.query_params.get("q", "")[:200]
    found = cases.search(seat, words)
    if len(found) == 1:
        return RedirectResponse(f"/complaints/{found[0].source}/{found[0].ticket}", 303)
    return page(request, "found.html", rows=found, words=words)


@router.get("/complaints/{source}/{ticket:path}")
def one(request: Request, seat: Seated, source: str, ticket: str) -> Response:
    return _one(request, seat, source, ticket, "complaint.html")


def _one(request: Request, seat: Seat, source: str, ticket: str, template: str) -> Response:
    told = cases.case(seat, source, ticket)
    partial = template == "understood.html"
    rules = corrections.rules(seat)
    return page(request, template, told=told, choices=tags.choices(seat), partial=partial, rules=rules)


@router.post("/correct")
def correct(request: Request, posted: Form) -> Response:
    """An agent's word about a tag. With scripts only the part of the page with the tags is exchanged."""
    source, ticket = posted.text("source"), posted.text("ticket")
    said = tags.correct(posted.seat, source, ticket, posted.text("facet"), posted.texts("value"))
    words = f"{said.facet.replace('_', ' ')} is {' and '.join(said.values)} now, by your word."
    return _after(request, posted, source, ticket, words)


@router.post("/promise")
def promise(request: Request, posted: Form) -> Response:
    source, ticket = posted.text("source"), posted.text("ticket")
    number, stands = posted.text("number"), posted.text("stands") == "yes"
    if not number.isascii() or not number.isdigit():
        raise RequestError("this is no number of a promise.", remedy="Take one of those on the page.")
    tags.rule(posted.seat, source, ticket, int(number), stands=stands)
    words = f"date #{int(number)} {'is a promise' if stands else 'is no promise'}, by your word."
    return _after(request, posted, source, ticket, words)


@router.post("/see-to")
def see_to(request: Request, posted: Form) -> Response:
    source, ticket = posted.text("source"), posted.text("ticket")
    tags.see_to(posted.seat, source, ticket)
    house_of(request).say(posted.seat.actor.session, "You see to it: nobody further up is told.")
    return RedirectResponse(f"/complaints/{source}/{ticket}", 303)


def _after(request: Request, posted: Posted, source: str, ticket: str, words: str) -> Response:
    house_of(request).say(posted.seat.actor.session, words)
    if request.headers.get("hx-request"):
        return _one(request, posted.seat, source, ticket, "understood.html")
    return RedirectResponse(f"/complaints/{source}/{ticket}", 303)
