"""Carries requests to a sandbox by function call, without sockets, and loses, delays or replaces answers when told to.

Mounted on a session by the backends of the conformance tests.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter

from connector.testing import Failure
from sandbox.http.answers import Answer, Request

HTML = b"<!doctype html><html><body>We will be back soon.</body></html>"
Deed = Callable[[Request], Answer]


class Desk(Protocol):
    """What answers: the routes of a sandbox."""

    def answer(self, request: Request) -> Answer: ...


class Wire(BaseAdapter):
    """`suffix` is what the vendor's paths may end with; `questions` are words in the paths of POSTs that only ask.
    `next_write` takes the place of the writing request that comes after `writes_before` others."""

    def __init__(
        self, desk: Desk, now: Callable[[], datetime], suffix: str = "", questions: tuple[str, ...] = ()
    ) -> None:
        super().__init__()
        self.desk = desk
        self.now = now
        self.suffix = suffix
        self.questions = questions
        self.calls = 0
        self.next_call: Deed | None = None
        self.next_write: Deed | None = None
        self.writes_before = 0
        self.late: list[Request] = []
        self.land_at: int | None = None

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self.calls += 1
        parts = urlsplit(request.url or "")
        asked = Request(
            method=request.method or "GET",
            path=parts.path.removesuffix(self.suffix),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): text for name, text in request.headers.items()},
            body=request.body if isinstance(request.body, bytes) else (request.body or "").encode(),
        )
        answer = self._enact(asked)
        self.land_if_due()
        return self._told(request, answer)

    def close(self) -> None:
        pass

    def on_write(self, deed: Deed, writes_before: int = 0) -> None:
        self.next_write, self.writes_before = deed, writes_before

    def lose(self, asked: Request) -> Answer:
        self.desk.answer(asked)
        raise requests.ReadTimeout("no answer")

    def hold(self, asked: Request) -> Answer:
        self.late.append(asked)
        raise requests.ReadTimeout("no answer")

    def fail(self, kind: Failure, retry_after_seconds: int | None = None) -> None:
        def deed(asked: Request) -> Answer:
            if kind == "timeout":
                raise requests.ReadTimeout("no answer")
            if kind == "busy":
                stated = {} if retry_after_seconds is None else {"Retry-After": str(retry_after_seconds)}
                return Answer(429, b'{"error": "TooManyRequests"}', stated)
            status = {"auth": 401, "down": 503, "not_json": 200}[kind]
            if kind == "auth":
                return Answer(status, b'{"error": "Couldn\'t authenticate you"}')
            return Answer(status, HTML, {}, "text/html")

        self.next_call = deed

    def land(self, after_calls: int = 0) -> None:
        self.land_at = self.calls + after_calls
        self.land_if_due()

    def land_if_due(self) -> None:
        if self.land_at is not None and self.calls >= self.land_at:
            self.land_at = None
            while self.late:
                self.desk.answer(self.late.pop(0))

    def _enact(self, asked: Request) -> Answer:
        deed, self.next_call = self.next_call, None
        if deed is None and asked.method != "GET" and not any(word in asked.path for word in self.questions):
            if self.next_write is not None and self.writes_before == 0:
                deed, self.next_write = self.next_write, None
            self.writes_before = max(0, self.writes_before - 1)
        return (deed or self.desk.answer)(asked)

    def _told(self, request: requests.PreparedRequest, answer: Answer) -> requests.Response:
        response = requests.Response()
        response.status_code, response._content, response.request = answer.status, answer.payload, request
        response.url = request.url or ""
        now = format_datetime(self.now().replace(microsecond=0), usegmt=True)
        response.headers.update({"Date": now, "Content-Type": answer.content_type, **answer.headers})
        return response
