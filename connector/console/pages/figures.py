"""Figures and rules: the report with each figure led back to its complaints, and a policy tried on what is stored."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from connector.console.asking import Form, Posted, Seated
from connector.console.errors import RequestError
from connector.console.paging import address
from connector.console.rendering import page
from connector.console.services import policy, reports
from connector.roles import Permission

router = APIRouter(include_in_schema=False)


def _asked(request: Request) -> tuple[str | None, list[str]]:
    """The period and the conditions in an address."""
    return request.query_params.get("period") or None, request.query_params.getlist("where")[:10]


@router.get("/report")
def report(request: Request, seat: Seated) -> Response:
    period, where = _asked(request)
    return page(request, "report.html", told=reports.report(seat, period, where), period=period, where=where)


@router.get("/report/cell")
def cell(request: Request, seat: Seated) -> Response:
    period, where = _asked(request)
    named = request.query_params.get("of", "")[:300]
    found = reports.traced(seat, named, period, where)
    return page(request, "cell.html", told=found, back=address("/report", period=period))


@router.get("/report/file")
def file(request: Request, seat: Seated) -> Response:
    period, where = _asked(request)
    form = request.query_params.get("form", "csv")
    content = reports.file(seat, form, period, where)
    headers = {"content-disposition": f'attachment; filename="complaints.{form}"'}
    return Response(content, media_type=reports.FILES[form], headers=headers)


@router.get("/policy")
def rules(request: Request, seat: Seated) -> Response:
    tryout = policy.tryout(seat) if seat.actor.may(Permission.DECIDE) else None
    mine = tryout is not None and tryout.who == seat.who and not request.query_params.get("fresh")
    text = tryout.draft if tryout is not None and mine else policy.text(seat)
    return page(request, "policy.html", text=text, tryout=tryout, mine=mine, told=policy.contacts(seat))


@router.get("/policy/try")
def tryout(request: Request, seat: Seated) -> Response:
    """How far it is, as often as the page asks: only that is exchanged, so that nobody is torn away from the button
    that stops it. Once it has ended, all of that part of the page."""
    tryout = policy.tryout(seat)
    if tryout is not None and tryout.outcome is None:
        return page(request, "going.html", tryout=tryout)
    answer = page(request, "rehearsed.html", tryout=tryout)
    answer.headers.update({"hx-retarget": "#tried", "hx-reswap": "innerHTML"})
    return answer


@router.post("/policy/try")
def try_out(request: Request, posted: Form) -> Response:
    days = posted.text("days")
    if not days.isascii() or not days.isdigit() or len(days) > 4:
        raise RequestError("that is no number of days.", remedy="Name 1 to 365.")
    policy.try_out(posted.seat, posted.text("text"), int(days))
    return _tried(request, posted)


@router.post("/policy/try/stop")
def stop(request: Request, posted: Form) -> Response:
    policy.stop(posted.seat)
    return _tried(request, posted)


def _tried(request: Request, posted: Posted) -> Response:
    """The part of the page that changed; the whole page where no script asked."""
    if request.headers.get("hx-request"):
        return page(request, "rehearsed.html", tryout=policy.tryout(posted.seat))
    return RedirectResponse("/policy#tried", 303)
