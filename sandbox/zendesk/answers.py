"""Requests and answers without sockets: what `routes` takes and gives, and the vendor's error bodies."""

from __future__ import annotations

from typing import Any

import msgspec

JSON = Any


class Request(msgspec.Struct, frozen=True):
    """One HTTP request. `path` has no ".json", `headers` have lower-case names; a name that `query` repeats has its
    values joined by commas. `late` marks a write that lands after its sender gave up."""

    method: str
    path: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: bytes = b""
    late: bool = False


class Answer(msgspec.Struct):
    """One HTTP answer. `payload` is encoded JSON (empty for 204) or whatever `content_type` says."""

    status: int
    payload: bytes = b""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"


class Refused(Exception):  # noqa: N818 - it is an answer, not an error of ours
    """The API says no: an HTTP status and a body in the vendor's shape."""

    def __init__(self, status: int, body: JSON, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.answer = Answer(status, msgspec.json.encode(body), headers or {})


def told(body: JSON, status: int = 200, **headers: str) -> Answer:
    return Answer(status, msgspec.json.encode(body), {name.replace("_", "-"): text for name, text in headers.items()})


def not_found() -> Refused:
    return Refused(404, {"error": "RecordNotFound", "description": "Not found"})


def forbidden() -> Refused:
    words = "You do not have access to this page. Please contact the account owner of this help desk for further help."
    return Refused(403, {"error": {"title": "Forbidden", "message": words}})


def bad_value(words: str, status: int = 400) -> Refused:
    return Refused(status, {"error": "InvalidValue", "description": words})


def invalid(details: dict[str, list[str]]) -> Refused:
    """A 422 with problems by field."""
    told_details = {name: [{"description": words} for words in texts] for name, texts in details.items()}
    body = {"error": "RecordInvalid", "description": "Record validation errors", "details": told_details}
    return Refused(422, body)


def conflict() -> Refused:
    words = "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data."
    return Refused(409, {"error": "UpdateConflict", "description": words})
