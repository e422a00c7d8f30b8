"""The console as one ASGI application: door, pages, API, assets, and what is said when something goes wrong."""

from __future__ import annotations

import logging
import secrets
from importlib.resources import files
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from connector.console import api, pages
from connector.console.door import Door
from connector.console.errors import RequestError, StrangerError, TooManyError
from connector.console.house import House
from connector.console.rendering import page
from connector.errors import AmendsError, AuthError, ConflictError, StoreError, TemporaryError

log = logging.getLogger("amends.web")

_STATUS: dict[type[AmendsError], int] = {AuthError: 502, TemporaryError: 502, StoreError: 503, ConflictError: 409}


class _Assets(StaticFiles):
    """Their addresses change with their content, so browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        return answer


def application(house: House) -> FastAPI:
    """The whole of it, over this house."""
    app = FastAPI(
        title="Amends",
        version="1",
        description=api.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.house = house
    app.mount("/static", _Assets(directory=str(files("connector.console").joinpath("static"))), name="static")
    for router in (*pages.ROUTERS, *api.ROUTERS):
        app.include_router(router)
    app.openapi = lambda: api.described(app)  # type: ignore[method-assign]
    app.add_exception_handler(AmendsError, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _unknown)
    app.add_exception_handler(ClientDisconnect, _broken_off)
    app.add_exception_handler(Exception, _broken)
    app.add_middleware(Door, web=house.web)
    return app


def status_of(error: AmendsError) -> int:
    """The HTTP status of an error of ours: 400 where the asker can put it right."""
    if isinstance(error, RequestError):
        return error.status
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)


def _is_api(request: Request) -> bool:
    """Whether a program asks, who wants no page and no way to sign in."""
    return request.url.path.startswith("/api/") or request.url.path == "/metrics"


def _answer(request: Request, status: int, title: str, remedy: str | None, headers: dict[str, str]) -> Response:
    """Problem details (RFC 9457) for programs, a page for people."""
    if _is_api(request):
        said = {"type": "about:blank", "status": status, "title": title} | ({"detail": remedy} if remedy else {})
        return Response(msgspec.json.encode(said), status, headers, "application/problem+json")
    answer = page(request, "error.html", status=status, code=status, title=title, remedy=remedy)
    answer.headers.update(headers)
    return answer


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, AmendsError)
    if (
        isinstance(error, StrangerError)
        and not _is_api(request)
        and request.url.path not in ("/enter", "/sign-in/back")
    ):
        return _to_sign_in(request)
    headers = {"retry-after": str(error.retry_after_seconds)} if isinstance(error, TooManyError) else {}
    if isinstance(error, StrangerError):
        headers["www-authenticate"] = "Bearer"
    return _answer(request, status_of(error), error.message, error.remedy, headers)


def _to_sign_in(request: Request) -> Response:
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"hx-redirect": "/login"})
    back = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={back}", 303)


def _misread(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: Any = next(iter(error.errors()), {})
    where = ".".join(str(part) for part in first.get("loc", ())[1:])
    said = f"{where}: {first.get('msg', 'it could not be understood')}" if where else "this could not be understood"
    return _answer(request, 422, said[:300], "See /api/v1/openapi.json for what is asked.", {})


def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = {404: "There is nothing at this address.", 405: "That cannot be done at this address."}
    return _answer(
        request, error.status_code, said.get(error.status_code, str(error.detail)), None, dict(error.headers or {})
    )


def _broken_off(request: Request, error: Exception) -> Response:
    """The body did not come to its end, or went beyond what the door lets through; nobody may be there to hear it."""
    return _answer(request, 413, "That broke off, or is too much.", None, {"connection": "close"})


def _broken(request: Request, error: Exception) -> Response:
    """Our own fault: what it was is in the log alone, under a number that the reader can name."""
    number = secrets.token_hex(4)
    log.error("a fault in the console itself, no. %s, at %s", number, request.url.path, exc_info=error)
    return _answer(request, 500, f"Something is wrong in Amends itself (no. {number}).", "Its log says more.", {})
