"""Answers as JSON, and their description as OpenAPI 3.1: schemas come from the very values that are encoded."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi

DESCRIPTION = (
    "Complaints, why they are what they are, what was written back, and a person's decisions. Send a token as "
    "`Authorization: Bearer …`; make one with `amends web token add`. Listings come a page at a time: hand `next` back "
    "as `cursor` until it is null."
)
_REFERENCE = "#/components/schemas/{name}"
_TOLD: list[Any] = []
PROBLEM = {
    "type": "object",
    "required": ["type", "status", "title"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
    },
}
_PROBLEMS = {
    401: "No token, or one that opens nothing.",
    403: "The token lacks the scope.",
    404: "There is no such thing.",
    429: "Too many requests.",
}


class Listing(msgspec.Struct, frozen=True):
    """A page of a listing. `next` goes into `cursor` for the following page; null where this is the last."""

    items: list[Any]
    next: str | None


def answer(value: Any) -> Response:
    """`value` as JSON."""
    return Response(msgspec.json.encode(value), media_type="application/json")


def _anything(_kind: type) -> dict[str, Any]:
    """What a helpdesk says of itself has whatever shape it has."""
    return {"description": "As the helpdesk says it."}


def tells(kind: Any, *also: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with a `kind`; `also` statuses besides the usual ones."""
    _TOLD.append(kind)
    schema = msgspec.json.schema_components([kind], schema_hook=_anything, ref_template=_REFERENCE)[0][0]
    return {200: {"description": "Done.", "content": {"application/json": {"schema": schema}}}, **problems(*also)}


def listings_of(kind: Any) -> dict[int | str, dict[str, Any]]:
    """The same for a page of a listing of `kind`."""
    told = tells(kind, 400)
    schema = told[200]["content"]["application/json"]["schema"]
    told[200]["content"]["application/json"]["schema"] = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": schema},
            "next": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
    }
    return told


def problems(*also: int) -> dict[int | str, dict[str, Any]]:
    """How a route says no (RFC 9457)."""
    content = {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(name="Problem")}}}
    said = {400: "The request does not hold.", 422: "The request cannot be understood.", 502: "A source is down."}
    every = _PROBLEMS | {422: said[422]} | {status: said.get(status, "Not now.") for status in also}
    return {status: {"description": words, "content": content} for status, words in every.items()}


def described(app: FastAPI) -> dict[str, Any]:
    """The whole API as OpenAPI; made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, components = msgspec.json.schema_components(_TOLD, schema_hook=_anything, ref_template=_REFERENCE)
        parts = made.setdefault("components", {})
        parts["schemas"] = {**components, "Problem": PROBLEM}
        parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
        for operations in made["paths"].values():
            for one in operations.values():
                one["responses"].setdefault("422", {})["content"] = one["responses"]["404"]["content"]
        app.openapi_schema = made
    return app.openapi_schema
