"""The editor of mappings: fields that a source has, a draft tried on stored tickets as it is typed, check, save."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from connector.console.asking import Form, Seated, house_of
from connector.console.errors import RequestError
from connector.console.rendering import page
from connector.console.services import mappings, standing
from connector.errors import AmendsError

router = APIRouter(include_in_schema=False)


@router.get("/mappings")
def listing(request: Request, seat: Seated) -> Response:
    return page(request, "mappings.html", rows=standing.all_sources(seat))


@router.get("/mappings/{source}")
def editor(request: Request, seat: Seated, source: str) -> Response:
    stamp = request.query_params.get("version") or None
    return page(request, "mapping.html", one=mappings.edition(seat, source, stamp), stamp=stamp, error=None, draft=None)


@router.get("/mappings/{source}/fields")
def fields(request: Request, seat: Seated, source: str) -> Response:
    """Asked of the helpdesk itself, so only when somebody wants to know."""
    try:
        found, error = mappings.fields(seat, source), None
    except RequestError:
        raise
    except AmendsError as refused:
        found, error = None, refused
    return page(request, "fields.html", found=found, error=error, source=source)


@router.post("/mappings/{source}/try")
def tried(request: Request, posted: Form, source: str) -> Response:
    return page(request, "tried.html", told=mappings.tried(posted.seat, source, posted.text("text")))


@router.post("/mappings/{source}")
def save(request: Request, posted: Form, source: str) -> Response:
    text = posted.text("text")
    try:
        saved = mappings.save(posted.seat, source, text, posted.text("digest"))
    except RequestError:
        raise
    except AmendsError as error:
        one = mappings.edition(posted.seat, source)
        return page(request, "mapping.html", status=400, one=one, stamp=None, error=error, draft=text)
    kept = f" The former text is kept as {saved.kept}." if saved.kept else ""
    house_of(request).say(posted.seat.actor.session, f"{saved.file} is saved.{kept}")
    return RedirectResponse(f"/mappings/{source}", 303)
