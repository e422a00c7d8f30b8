"""The page on which a customer says how their complaint was handled. Starlette; served by `amends web serve` with what
else the world may reach, or alone by `amends survey serve`.

A link is a key to one survey and is used up by its answer. Only a POST answers: mail scanners and browsers that look
ahead fetch links, so a GET shows the form, at most with a score chosen, and changes nothing. The page names nobody,
needs no script, loads nothing from elsewhere, and says of a link that is altered, used or over just that it cannot be
used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from connector.model import Answer
from connector.policy.answers import PAGE, told
from connector.policy.contacts import Contacts
from connector.policy.rules import SurveyPage
from connector.settings.survey_words import SurveyWords
from connector.store import Store, sources, surveys
from connector.store.surveys import LONGEST_COMMENT, Asked
from connector.survey_key import PATH, SurveyLinks

LONGEST_BODY_BYTES = 64_000
FALLBACK = "en"
SCALES: Mapping[str, range] = {"csat": range(1, 6), "ces": range(1, 6), "nps": range(11)}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000",
}
_HERE = Path(__file__).parent


class SurveyPages(msgspec.Struct, frozen=True):
    """What the page needs: the store, the policy's section, the words by language, the links, a clock, and who there is
    for a customer to call."""

    store: Store
    page: SurveyPage
    words: Mapping[str, SurveyWords]
    links: SurveyLinks
    now: Callable[[], datetime]
    contacts: Contacts = Contacts()


def app(pages: SurveyPages) -> Starlette:
    """The page alone, as `amends survey serve` runs it."""
    return Starlette(routes=routes(pages), exception_handlers={404: nothing_here, 405: nothing_here})


def routes(pages: SurveyPages) -> list[Route]:
    """The routes of the page, to be put into an app: all begin with `survey_key.PATH`."""

    async def show(request: Request) -> Response:
        return await run_in_threadpool(_show, pages, request)

    async def answer(request: Request) -> Response:
        form = await _form(request)
        if form is None:
            return PlainTextResponse("too long", 413, headers=HEADERS)
        return await run_in_threadpool(_answer, pages, request, form)

    async def stop(request: Request) -> Response:
        if request.method == "POST":
            await _form(request)
        return await run_in_threadpool(_stop, pages, request)

    return [
        Route(f"{PATH}-/survey.css", _style, methods=["GET"]),
        Route(f"{PATH}-/icon.svg", _icon, methods=["GET"]),
        Route(f"{PATH}{{token}}", show, methods=["GET"]),
        Route(f"{PATH}{{token}}", answer, methods=["POST"]),
        Route(f"{PATH}{{token}}/stop", stop, methods=["GET", "POST"]),
    ]


# -- what happens ----------------------------------------------------------------------------------------------------


def _show(pages: SurveyPages, request: Request) -> Response:
    """The form. What a link in a mail chose beforehand (`?csat=4`) is marked, and counts when it is sent."""
    found = _asked(pages, request)
    if found is None or _used(found):
        return _over(pages, request, found)
    chosen = {name: request.query_params.get(name, "") for name in (*SCALES, "solved")}
    return _page(pages, request, found, "form", chosen=chosen)


def _answer(pages: SurveyPages, request: Request, form: Mapping[str, str]) -> Response:
    found = _asked(pages, request)
    if found is None or found.marker is None or _used(found):
        return _over(pages, request, found)
    now = pages.now()
    given = _given(pages.page, form, found.episode, now)
    if given is None:
        return _page(pages, request, found, "form", status=422, chosen=dict(form), nothing=True)
    with pages.store.write("survey: answered") as connection:
        kept = surveys.answer(connection, found.marker, given, now)
        if kept:
            sources.log(
                connection,
                now,
                "customer",
                "survey: answered",
                source=found.source,
                ticket=found.ticket,
                detail={"episode": found.episode, "said": told(given)},
            )
    return _page(pages, request, found, "thanks") if kept else _over(pages, request, found)


def _stop(pages: SurveyPages, request: Request) -> Response:
    """Ask this person no more. A GET only asks whether that is meant; the POST is also what mail programs send for one
    click (RFC 8058), with neither cookie nor login."""
    found = _asked(pages, request)
    if found is None or found.marker is None:
        return _over(pages, request, found)
    if request.method != "POST":
        return _page(pages, request, found, "stop")
    now = pages.now()
    with pages.store.write("survey: opted out") as connection:
        person = surveys.person_of(connection, found.marker)
        if surveys.opt_out_of(connection, person, "they said so on the page", now):
            sources.log(connection, now, "customer", "survey: wants no more", source=found.source, ticket=found.ticket)
    return _page(pages, request, found, "stopped")


def _asked(pages: SurveyPages, request: Request) -> Asked | None:
    marker = pages.links.marker(str(request.path_params["token"]), pages.now())
    if marker is None:
        return None
    with pages.store.read() as connection:
        return surveys.by_marker(connection, marker)


def _used(found: Asked) -> bool:
    return found.answer is not None and found.answer.via == PAGE


def _given(page: SurveyPage, form: Mapping[str, str], episode: str, now: datetime) -> Answer | None:
    """What was answered to the questions that are asked; None where it is nothing."""
    scores = {name: _score(form.get(name), SCALES[name]) for name in SCALES if name in page.questions}
    solved = {"yes": True, "no": False}.get(form.get("solved", "")) if "solved" in page.questions else None
    comment = form.get("comment", "").strip()[:LONGEST_COMMENT] if "comment" in page.questions else ""
    if solved is None and not comment and all(value is None for value in scores.values()):
        return None
    return Answer(episode, now, PAGE, scores.get("csat"), scores.get("ces"), scores.get("nps"), solved, comment or None)


def _score(text: str | None, scale: range) -> int | None:
    value = int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) <= 2 else None
    return value if value in scale else None


async def _form(request: Request) -> dict[str, str] | None:
    """The fields that were sent, the last of each name; None where the body is too long to be an answer."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_BODY_BYTES:
                return None
    except ClientDisconnect:  # half an answer is none
        return None
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=50, errors="replace")
    except ValueError:  # hundreds of fields are no answer
        return None
    return {name: values[-1] for name, values in fields.items()}


# -- what is shown ---------------------------------------------------------------------------------------------------


def _over(pages: SurveyPages, request: Request, found: Asked | None) -> Response:
    """One page for all links that lead nowhere: nobody can tell a used one from a guessed one."""
    return _page(pages, request, found, "done", status=404)


def _page(
    pages: SurveyPages,
    request: Request,
    found: Asked | None,
    view: str,
    *,
    status: int = 200,
    chosen: Mapping[str, str] | None = None,
    nothing: bool = False,
) -> Response:
    language = _language(pages, request, found if status != 404 else None)
    content = _template().render(
        view=view,
        words=pages.words[language],
        languages=list(pages.words.values()),
        page=pages.page,
        contact=pages.page.contact or pages.contacts.line_for(language),
        scales={name: list(scale) for name, scale in SCALES.items()},
        chosen=chosen or {},
        nothing=nothing,
        token=request.path_params["token"] if status != 404 else None,
        longest=LONGEST_COMMENT,
        path=PATH,
    )
    return HTMLResponse(content, status, headers={**HEADERS, "Content-Language": language, "Vary": "Accept-Language"})


def _language(pages: SurveyPages, request: Request, found: Asked | None) -> str:
    """The one that was clicked, that of the customer's last message, those of the browser, ours."""
    wanted = [request.query_params.get("lang"), found.language if found is not None else None]
    browser = [part.partition(";")[0].strip()[:2] for part in request.headers.get("accept-language", "").split(",")]
    known = (code for code in (*wanted, *browser, FALLBACK) if code is not None and code in pages.words)
    return next(known, next(iter(pages.words)))


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(_HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("survey.html")


def _style(_request: Request) -> Response:
    return Response((_HERE / "static" / "survey.css").read_bytes(), media_type="text/css", headers=_STATIC)


def _icon(_request: Request) -> Response:
    return Response((_HERE / "static" / "icon.svg").read_bytes(), media_type="image/svg+xml", headers=_STATIC)


_STATIC = {**HEADERS, "Cache-Control": "public, max-age=86400"}


def nothing_here(_request: Request, _error: Exception) -> Response:
    """The same for everything that is not here."""
    return PlainTextResponse("There is nothing here.", 404, headers=HEADERS)
