"""A sandbox Jira without sockets, and a caller who is let in. Used by the tests of the sandbox Jira."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from sandbox.clock import SandboxClock
from sandbox.http.answers import Answer, Request
from sandbox.jira import Jira, content
from sandbox.jira.documents import as_document
from sandbox.jira.routes import Desk

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
API = "/rest/api/3"
BASIC = "Basic " + base64.b64encode(f"{content.EMAIL}:{content.API_TOKEN}".encode()).decode()
PAT = f"Bearer {content.PAT}"
doc = as_document


class Office:
    """`ask` sends a call, asserts the status and gives the decoded body."""

    def __init__(self, start: datetime = START) -> None:
        self.clock = SandboxClock(start, scale=0)
        self.jira = Jira(self.clock)
        self.desk = Desk(self.jira)
        self.auth: str | None = BASIC
        self.headers: dict[str, str] = {}

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        parts = urlsplit(path)
        headers = dict(self.headers) | ({"authorization": self.auth} if self.auth else {})
        payload = b"" if body is None else msgspec.json.encode(body)
        return self.desk.answer(Request(method, parts.path, dict(parse_qsl(parts.query)), headers, payload))

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = self.send(method, path, body)
        assert answer.status == status, (answer.status, answer.payload)
        return msgspec.json.decode(answer.payload) if answer.payload else None

    def search(self, jql: str, **wish: Any) -> Any:
        return self.ask("POST", f"{API}/search/jql", {"jql": jql} | wish)

    def found(self, jql: str, **wish: Any) -> list[int]:
        """The ids on the first page."""
        return [int(one["id"]) for one in self.search(jql, **wish)["issues"]]

    def refusal(self, jql: str, **wish: Any) -> str:
        told = self.ask("POST", f"{API}/search/jql", {"jql": jql} | wish, status=400)
        return " ".join(told["errorMessages"])

    def become_data_center(self) -> None:
        self.jira.switches.deployment = "data_center"
        self.auth = PAT
