"""Requests and answers without sockets: what a stand-in's routes take and give. Used by every stand-in over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec

JSON = Any


class Request(msgspec.Struct, frozen=True):
    """One HTTP request. `path` has no ".json" where the vendor ignores one, `headers` have lower-case names; a name
    that `query` repeats has its values joined by commas. `late` marks a write that lands after its sender gave up."""

    method: str
    path: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: bytes = b""
    late: bool = False


class Answer(msgspec.Struct):
    """One HTTP answer. `payload` is encoded JSON (empty for 204) or whatever `content_type` says;
    with an empty one no type is told."""

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
