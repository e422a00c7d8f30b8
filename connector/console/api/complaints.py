"""Complaints for programs: listed, one in full, explained, corrected, exported."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Body, Query, Response
from starlette.responses import StreamingResponse

from connector.commands.cases import Row, Shown
from connector.commands.options import FlagWord, StatusWord
from connector.commands.overview import Overview
from connector.commands.tag_review import Said
from connector.console.api.describing import Listing, answer, listings_of, problems, tells
from connector.console.asking import Program
from connector.console.errors import RequestError
from connector.console.paging import cursor_of, spot_of
from connector.console.services import cases, exports, reports, standing, tags
from connector.console.services.exports import TYPES, Form
from connector.console.services.standing import SourceTold
from connector.explain import Explanation
from connector.report.counting import Report
from connector.store.browsing import Order, Wanted

router = APIRouter(prefix="/api/v1")

Text = Annotated[str | None, Query(max_length=200)]
Most = Annotated[int, Query(ge=1, le=200, description="At most so many.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
Since = Annotated[datetime | None, Query(description="Opened at or after; with a zone.")]
StatusAsked = StatusWord | Literal["unfinished"]
AnswerAsked = Literal["yes", "no", "unsure"]


def _zoned(since: datetime | None) -> datetime | None:
    if since is not None and since.tzinfo is None:
        raise RequestError("since: the time has no zone.", remedy="Write 2026-03-02T08:00:00Z.")
    return since


@router.get("/status", responses=tells(Overview), response_class=Response)
def status(seat: Program) -> Response:
    """Where everything stands, as `amends status` says it."""
    return answer(standing.status(seat))


@router.get("/sources", responses=tells(list[SourceTold]), response_class=Response)
def sources(seat: Program) -> Response:
    """Every source, how it stands and how it is set up."""
    return answer(standing.all_sources(seat))


@router.get("/complaints", responses=listings_of(Row), response_class=Response)
def listing(
    seat: Program,
    order: Order = "newest",
    source: Text = None,
    status: StatusAsked | None = None,
    flag: FlagWord | None = None,
    complaint: AnswerAsked | None = None,
    category: Text = None,
    since: Since = None,
    limit: Most = 50,
    cursor: Cursor = None,
) -> Response:
    """Complaints: the newest first, or what is `due` first, or each `emergency` that is not settled."""
    wanted = Wanted(order, source, status, flag, complaint, category, _zoned(since))
    found = cases.page(seat, wanted, limit, spot_of(cursor))
    return answer(Listing(list(found.rows), cursor_of(found.next)))


@router.get("/complaints/{source}/{ticket:path}", responses=tells(Shown), response_class=Response)
def one(seat: Program, source: str, ticket: str) -> Response:
    """A complaint as it is stored, with its timeline and tags."""
    return answer(cases.shown(seat, source, ticket))


@router.get("/explanations/{source}/{ticket:path}", responses=tells(Explanation, 400), response_class=Response)
def explanation(seat: Program, source: str, ticket: str) -> Response:
    """Why it is tagged, timed, flagged and written to as it is."""
    return answer(cases.explanation(seat, source, ticket))


class Label(msgspec.Struct, frozen=True):
    """What somebody says about a complaint."""

    source: str
    ticket: str
    facet: str
    values: list[str]


@router.post(
    "/labels",
    responses=tells(Said, 400),
    response_class=Response,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["source", "ticket", "facet", "values"],
                        "additionalProperties": False,
                        "properties": {
                            **{name: {"type": "string", "maxLength": 500} for name in ("source", "ticket", "facet")},
                            "values": {"type": "array", "minItems": 1, "maxItems": 20, "items": {"type": "string"}},
                        },
                    }
                }
            },
        }
    },
)
def label(seat: Program, said: Annotated[dict[str, object], Body(include_in_schema=False)]) -> Response:
    """Take somebody's word for a facet of a complaint; models learn from it. Needs the scope `tag`."""
    try:
        told = msgspec.convert(said, Label)
    except msgspec.ValidationError as error:
        raise RequestError(str(error), remedy="Send source, ticket, facet and values.") from None
    return answer(tags.correct(seat, told.source, told.ticket, told.facet, told.values))


@router.get("/report", responses=tells(Report, 400), response_class=Response)
def report(
    seat: Program,
    period: Annotated[str | None, Query(max_length=7, description="2026, 2026-Q1 or 2026-03.")] = None,
    where: Annotated[list[str] | None, Query(max_length=10, description="DIMENSION=VALUE.")] = None,
) -> Response:
    """Figures of a period; the last twelve months, if none is named."""
    return answer(reports.report(seat, period, where or []))


@router.get("/export", responses=problems(400), response_class=StreamingResponse)
def export(
    seat: Program,
    form: Form = "csv",
    source: Text = None,
    status: StatusAsked | None = None,
    flag: FlagWord | None = None,
    complaint: AnswerAsked | None = None,
    since: Since = None,
) -> Response:
    """All complaints that are wanted, newest first, in one file. Needs the scope `export`; each one is audited."""
    wanted = Wanted("newest", source, status, flag, complaint, None, _zoned(since))
    pieces = exports.export(seat, wanted, form)
    headers = {"content-disposition": f'attachment; filename="complaints.{form}"'}
    return StreamingResponse(pieces, media_type=TYPES[form], headers=headers)
