"""From a request to a seat: whose cookie or token it is, and whether a form comes from a page of ours.

FastAPI dependencies of the pages and the API; they look at sessions off the event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

import msgspec
from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from connector.console import entrance
from connector.console.entrance import form_token, same
from connector.console.errors import ForbiddenError, StrangerError
from connector.console.house import House
from connector.console.seat import Seat

FORM_TOKEN = "form_token"  # noqa: S105  # the name of a field
_FOREIGN = "this form does not come from a page of this console."
_AGAIN = "Load the page again, and send it once more."


def house_of(request: Request) -> House:
    return cast(House, request.app.state.house)


def cookie_name(house: House) -> str:
    """Over https the browser itself sees to it that the cookie is ours alone."""
    return "__Host-amends" if house.web.url else "amends"


def address_of(request: Request) -> str:
    """Who is calling; a proxy's word is believed where the settings name it (`serving`)."""
    return request.client.host if request.client else "unknown"


def secret_of(request: Request) -> str | None:
    return request.cookies.get(cookie_name(house_of(request)))


def _seat(request: Request) -> Seat | None:
    secret = secret_of(request)
    if not secret:
        return None
    house = house_of(request)
    actor = entrance.holder(house, secret)
    return house.seat(actor) if actor else None


async def seated(request: Request) -> Seat:
    """The seat of whoever is signed in. Raises StrangerError."""
    seat = await run_in_threadpool(_seat, request)
    if seat is None:
        raise StrangerError("nobody is signed in here.", remedy="Sign in.")
    request.state.seat = seat
    return seat


class Posted(msgspec.Struct, frozen=True):
    """A form that somebody who is signed in sent from a page of ours."""

    seat: Seat
    form: Mapping[str, Any]
    several: FormData

    def text(self, name: str) -> str:
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        return [one for one in self.several.getlist(name) if isinstance(one, str)]


async def posted(request: Request) -> Posted:
    """Raises StrangerError, ForbiddenError where the form is from elsewhere."""
    prove_origin(request)
    seat = await seated(request)
    form = await request.form()
    secret = secret_of(request) or ""
    said = request.headers.get("x-form-token") or form.get(FORM_TOKEN)
    if not isinstance(said, str) or not same(said, form_token(secret)):
        raise ForbiddenError(_FOREIGN, remedy=_AGAIN)
    return Posted(seat, form, form)


def prove_origin(request: Request) -> None:
    """What the browser says of where a form comes from. Raises ForbiddenError for a page that is not ours."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForbiddenError(_FOREIGN, remedy=_AGAIN)
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ForbiddenError(_FOREIGN, remedy=_AGAIN)


def _program(request: Request) -> Seat:
    house = house_of(request)
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        raise StrangerError("no token came with this.", remedy="Send Authorization: Bearer …")
    return house.seat(entrance.token_holder(house, secret.strip(), address_of(request)))


async def program(request: Request) -> Seat:
    """The seat of a program with a token. Cookies count for nothing here: there is no form token to protect them."""
    return await run_in_threadpool(_program, request)


Seated = Annotated[Seat, Depends(seated)]
Form = Annotated[Posted, Depends(posted)]
Program = Annotated[Seat, Depends(program)]
