"""Who may come in: people, their roles, and tokens of programs. For admins."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from connector.commands.accounts import Changed, TokenMade
from connector.console.asking import Form, Posted, Seated, house_of
from connector.console.errors import ForbiddenError, RequestError
from connector.console.rendering import page
from connector.console.seat import Seat
from connector.console.services import accounts
from connector.errors import AmendsError
from connector.roles import SCOPES, Rank

router = APIRouter(include_in_schema=False)


@router.get("/users")
def listing(request: Request, seat: Seated) -> Response:
    return _page(request, seat)


def _page(request: Request, seat: Seat, *, error: AmendsError | None = None, made: TokenMade | None = None) -> Response:
    return page(
        request,
        "access.html",
        status=400 if error else 200,
        users=accounts.everybody(seat),
        tokens=accounts.tokens(seat),
        ranks=[one.value for one in Rank],
        scopes=[one.value for one in SCOPES],
        error=error,
        made=made,
    )


@router.post("/users")
def change(request: Request, posted: Form) -> Response:
    """Add somebody, give another role or password, or remove them; as `decision` says."""
    try:
        said = _changed(posted).said
    except ForbiddenError:
        raise
    except AmendsError as error:
        return _page(request, posted.seat, error=error)
    house_of(request).say(posted.seat.actor.session, said)
    return RedirectResponse("/users", 303)


def _changed(posted: Posted) -> Changed:
    seat, name, decision = posted.seat, posted.text("name"), posted.text("decision")
    if decision == "add":
        return accounts.add(seat, name, _rank(posted), posted.text("password"))
    if decision == "role":
        return accounts.give_role(seat, name, _rank(posted))
    if decision == "password":
        return accounts.give_password(seat, name, posted.text("password"))
    if decision == "remove":
        return accounts.remove(seat, name)
    raise RequestError(f"nothing can be decided by {decision[:40]!r}.", remedy="Say add, role, password or remove.")


def _rank(posted: Posted) -> Rank:
    try:
        return Rank(posted.text("role"))
    except ValueError:
        raise RequestError("there is no such role.", remedy=f"There are {', '.join(Rank)}.") from None


@router.post("/tokens")
def tokens(request: Request, posted: Form) -> Response:
    """Make a token, which is shown on the page that follows and never again, or remove one."""
    try:
        if posted.text("decision") == "remove":
            said = accounts.remove_token(posted.seat, posted.text("name")).said
            house_of(request).say(posted.seat.actor.session, said)
            return RedirectResponse("/users", 303)
        days = posted.text("days")
        lasts = int(days) if days.isascii() and days.isdigit() and len(days) < 5 else None
        made = accounts.add_token(posted.seat, posted.text("name"), posted.texts("scope"), lasts)
    except ForbiddenError:
        raise
    except AmendsError as error:
        return _page(request, posted.seat, error=error)
    return _page(request, posted.seat, made=made)
