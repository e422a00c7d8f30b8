"""A sandbox Jira without sockets in between, and the real adapter on it. Used by the tests of the reading side.

The clock stands still but for `advance`. `asked` lists (method, path) of every request; `between` is called before each
search and may let people act, as they do in real life between two pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import requests
from requests.adapters import BaseAdapter

from adapters.jira import Adapter, JiraSettings
from connector.adapter import Cursor, Page, Record, Tools
from connector.http import session
from connector.testing import plain_tools
from sandbox.clock import SandboxClock
from sandbox.http.answers import Answer, Request
from sandbox.jira import Jira, content
from sandbox.jira.routes import Desk

URL = "https://sandbox.atlassian.test"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Wire(BaseAdapter):
    """Carries requests to the site by function call."""

    def __init__(self, jira: Jira) -> None:
        super().__init__()
        self.desk = Desk(jira)
        self.asked: list[tuple[str, str]] = []
        self.between: Callable[[], None] | None = None
        self.instead: Callable[[Request, Answer], Answer] = lambda _asked, answer: answer

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        self.asked.append((request.method or "GET", parts.path))
        if self.between is not None and "/search" in parts.path:
            self.between()
        asked = Request(
            method=request.method or "GET",
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): text for name, text in request.headers.items()},
            body=request.body if isinstance(request.body, bytes) else (request.body or "").encode(),
        )
        answer = self.instead(asked, self.desk.answer(asked))
        response = requests.Response()
        response.status_code, response._content, response.request = answer.status, answer.payload, request
        response.url = request.url or ""
        now = format_datetime(self.desk.jira.now(), usegmt=True)
        response.headers.update({"Date": now, "Content-Type": answer.content_type, **answer.headers})
        return response

    def close(self) -> None:
        pass


class JiraSite:
    """A site, its clock, and adapters on it: `JiraSite(deployment="data_center", page_size=3)`."""

    def __init__(self, **options: Any) -> None:
        self.clock = SandboxClock(START, scale=0)
        self.jira = Jira(self.clock, site=URL)
        cloud = options.get("deployment", "cloud") == "cloud"
        self.jira.switches.deployment = "cloud" if cloud else "data_center"
        login = {"email": content.EMAIL} if cloud else {"auth": "pat"}
        self.options = {"url": URL, "projects": [content.CARE], "page_size": 3, **login, **options}
        self.secrets = {"api_token": content.API_TOKEN} if cloud else {"personal_access_token": content.PAT}
        self.wire = Wire(self.jira)

    def tools(self) -> Tools:
        carried = session("jira")
        carried.mount(URL, self.wire)
        return plain_tools(self.clock, self.secrets, carried)

    def adapter(self, **options: Any) -> Adapter:
        """A fresh adapter, as a new process would have."""
        return Adapter("jira", msgspec.convert({**self.options, **options}, JiraSettings), self.tools())

    def open(self, count: int, every_seconds: float = 1) -> list[int]:
        """Issues opened one after the other."""
        opened = []
        for number in range(count):
            self.clock.advance(every_seconds)
            opened.append(int(self.jira.customer_opens(f"Case {number}", "It is late.")))
        return opened

    def searches(self) -> int:
        return sum("/search" in path for _, path in self.wire.asked)


def read_all(adapter: Adapter, cursor: Cursor | None = None) -> tuple[list[Record], Cursor]:
    """Everything up to the end, and the cursor after it, which goes through JSON at each page as in the store."""
    at: Cursor = cursor or {}
    found: list[Record] = []
    for page in adapter.fetch("issues", at):
        found += page.records
        at = through_json(page)
    return found, at


def through_json(page: Page) -> Cursor:
    return msgspec.json.decode(msgspec.json.encode(page.cursor))  # type: ignore[no-any-return]


def tickets(records: Sequence[Record]) -> list[int]:
    return [int(record.ticket) for record in records]
