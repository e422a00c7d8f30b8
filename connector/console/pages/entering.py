"""Signing in and out: by password, by a link that works once, by an identity provider; and one's own password."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from connector.console import entrance, single_sign_on
from connector.console.asking import Form, Seated, address_of, cookie_name, house_of, prove_origin, secret_of
from connector.console.entrance import LONGEST
from connector.console.errors import RequestError, StrangerError
from connector.console.house import House
from connector.console.rendering import page
from connector.console.services import accounts
from connector.errors import AmendsError

router = APIRouter(include_in_schema=False)
_UNDER_WAY = "amends-sign-in"
_NO_PASSWORDS = StrangerError("passwords let nobody in here.", remedy="Sign in by your identity provider.")


def inside(request: Request) -> str:
    """Where to go on after signing in: a path of ours, whatever the address says."""
    path = request.query_params.get("next", "/")
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def with_cookie(answer: Response, house: House, secret: str) -> Response:
    """The session's secret, for this console alone and out of the reach of scripts. "Lax", so that a link in a mail
    finds its reader signed in; what changes something is guarded by form tokens."""
    answer.set_cookie(
        cookie_name(house),
        secret,
        max_age=int(LONGEST.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=house.web.url is not None,
        path="/",
    )
    return answer


def _passwords(house: House) -> bool:
    return house.web.sign_in is None or house.web.sign_in.passwords


@router.get("/login")
def login_page(request: Request) -> Response:
    return _login(request)


def _login(request: Request, error: AmendsError | None = None) -> Response:
    house = house_of(request)
    status = getattr(error, "status", 200)
    return page(
        request,
        "login.html",
        status=status,
        error=error,
        next=quote(inside(request)),
        passwords=_passwords(house),
        provider=house.web.sign_in is not None,
    )


@router.post("/login")
async def login(request: Request) -> Response:
    prove_origin(request)
    house, form = house_of(request), await request.form()
    name, password = str(form.get("name", "")), str(form.get("password", ""))
    try:
        if not _passwords(house):
            raise _NO_PASSWORDS
        secret = await run_in_threadpool(entrance.sign_in, house, name, password, address_of(request))
    except RequestError as error:
        return await run_in_threadpool(_login, request, error)
    return with_cookie(RedirectResponse(inside(request), 303), house, secret)


@router.get("/enter")
def enter_page(request: Request) -> Response:
    """A link is not used up by looking at it: mail scanners and previews do."""
    return page(request, "enter.html", key=request.query_params.get("key", "")[:200])


@router.post("/enter")
async def enter(request: Request) -> Response:
    prove_origin(request)
    house, form = house_of(request), await request.form()
    key = str(form.get("key", ""))
    secret = await run_in_threadpool(entrance.enter_by_link, house, key, address_of(request))
    return with_cookie(RedirectResponse("/", 303), house, secret)


@router.post("/logout")
def logout(request: Request, posted: Form) -> Response:
    house = house_of(request)
    entrance.leave(house, secret_of(request) or "")
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(house), path="/", secure=house.web.url is not None, httponly=True)
    answer.headers["clear-site-data"] = '"cache", "storage"'
    return answer


@router.get("/account")
def account(request: Request, seat: Seated) -> Response:
    return page(request, "account.html", error=None)


@router.post("/account")
def own_password(request: Request, posted: Form) -> Response:
    try:
        accounts.own_password(posted.seat, posted.text("before"), posted.text("password"))
    except AmendsError as error:
        return page(request, "account.html", status=400, error=error)
    return RedirectResponse("/login", 303)


@router.get("/sign-in")
def sign_in_elsewhere(request: Request) -> Response:
    """On to the identity provider; the browser keeps a secret by which it is known when it comes back."""
    house = house_of(request)
    address, secret = single_sign_on.begin(house, address_of(request))
    answer = RedirectResponse(address, 303)
    lasts = int(single_sign_on.LASTS.total_seconds())
    answer.set_cookie(
        _UNDER_WAY,
        secret,
        max_age=lasts,
        httponly=True,
        samesite="lax",
        secure=house.web.url is not None,
        path="/sign-in",
    )
    return answer


@router.get("/sign-in/back")
def back_from_elsewhere(request: Request) -> Response:
    house, asked = house_of(request), request.query_params
    secret = single_sign_on.finish(
        house,
        request.cookies.get(_UNDER_WAY, ""),
        state=asked.get("state", ""),
        code=asked.get("code", ""),
        issuer=asked.get("iss"),
        address=address_of(request),
    )
    answer = with_cookie(RedirectResponse("/", 303), house, secret)
    answer.delete_cookie(_UNDER_WAY, path="/sign-in")
    return answer
