"""A Jira site for one test, as the conformance kit wants it: the sandbox without sockets in between.

Used by the conformance tests and by those of the adapter's writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.jira import Adapter, JiraSettings
from connector.adapter import Tools
from connector.http import session
from connector.model import JSON, Visibility
from connector.testing import Failure, plain_tools
from sandbox.clock import SandboxClock
from sandbox.http.answers import Answer, Request
from sandbox.jira import Jira, Switches, content
from sandbox.jira.documents import as_wiki
from sandbox.jira.routes import READING_POSTS, Desk
from tests.conformance.carrier import Wire

SITE = "https://sandbox.atlassian.test"
SECRETS = {"cloud": {"api_token": content.API_TOKEN}, "data_center": {"personal_access_token": content.PAT}}
MARK = "amends.am-"


class JiraBackend:
    """A site of its own for each test, with a clock that stands still and an index that is behind."""

    def __init__(self, deployment: str, project: str) -> None:
        self.deployment = deployment
        self.project = project
        self.clock = SandboxClock(datetime(2026, 3, 2, 9, tzinfo=UTC), scale=0)
        self.jira = Jira(self.clock, site=SITE)
        self.jira.switches = Switches(deployment=deployment, index_lag_seconds=30)  # type: ignore[arg-type]
        self.customer = self.jira.add_customer("Maria Silva", "maria@example.net")
        self.desk = Desk(self.jira)
        self.wire = Wire(self, self.clock, questions=READING_POSTS)
        self.broken: set[str] = set()

    def answer(self, request: Request) -> Answer:
        """The site's answer; of a broken issue it says that it was created "soon"."""
        answer = self.desk.answer(request)
        if not self.broken or b'"fields"' not in answer.payload:
            return answer
        told = msgspec.json.decode(answer.payload)
        for issue in [told, *told.get("issues", ())]:
            if issue.get("id") in self.broken and "created" in issue.get("fields", {}):
                issue["fields"]["created"] = "soon"
        return msgspec.structs.replace(answer, payload=msgspec.json.encode(told))

    def tools(self) -> Tools:
        carried = session("kit")
        carried.mount(SITE, self.wire)
        return plain_tools(self.now, SECRETS[self.deployment], carried)

    def now(self) -> datetime:
        return self.clock()

    def stop(self) -> None:
        pass

    def settle(self) -> None:
        self.clock.advance(61)

    def calls(self) -> int:
        return self.wire.calls

    def seed(self, count: int) -> Sequence[str]:
        tickets = []
        for _ in range(count):
            self.clock.advance(1)
            tickets += self.same_instant(1)
        return tickets

    def same_instant(self, count: int) -> Sequence[str]:
        return [str(self._open("Late", "Where is it?")) for _ in range(count)]

    def _open(self, summary: str, text: str) -> int:
        kind = 101 if self.project == content.CARE else None
        return self.jira.customer_opens(summary, text, self.customer, project=self.project, request_type=kind)

    def touch(self, ticket: str, text: str) -> None:
        self.jira.customer_comments(int(ticket), text)

    def agent_edit(self, ticket: str) -> str:
        self.jira.agent_sets(int(ticket), priority=content.HIGH, add_labels=["by-agent"])
        return "by-agent"

    def agent_fills(self, ticket: str, field: str, value: JSON) -> None:
        self.jira.agent_sets(int(ticket), fields={field: value})

    def field(self, ticket: str, field: str) -> JSON:
        return self.jira.issue(int(ticket)).values.get(field)

    def delete(self, ticket: str) -> None:
        self.jira.delete(int(ticket))

    def break_one(self) -> str:
        ticket = str(self._open("Odd", "The clock is broken"))
        self.broken.add(ticket)
        return ticket

    def fail(self, kind: Failure, retry_after_seconds: int | None = None) -> None:
        self.wire.fail(kind, retry_after_seconds)

    def lose_answer(self, after_writes: int = 0) -> None:
        self.wire.on_write(self.wire.lose, after_writes)

    def delay_write(self, after_writes: int = 0) -> None:
        self.wire.on_write(self.wire.hold, after_writes)

    def land(self, after_calls: int = 0) -> None:
        self.wire.land(after_calls)

    def effects(self, ticket: str) -> Sequence[str]:
        """A write is seen by its mark on the issue, and as often as its comment stands there."""
        told: dict[str, None] = {}
        for one in self.jira.ledger.of_ticket(int(ticket)):
            told |= {key.removeprefix("amends."): None for key in one.marker if key.startswith(MARK)}
        return [marker for marker in told for _ in range(max(1, self.comments(ticket, marker)))]

    def comments(self, ticket: str, marker: str) -> int:
        held = self.jira.issue(int(ticket)).comments if int(ticket) in self.jira.issues else ()
        return sum(one.properties.get("amends.marker") == {"value": marker} for one in held)

    def messages(self, ticket: str) -> Sequence[tuple[str, Visibility]]:
        return [
            (as_wiki(one.body), Visibility.PUBLIC if _is_public(one) else Visibility.INTERNAL)
            for one in self.jira.issue(int(ticket)).comments
        ]

    def labels(self, ticket: str) -> frozenset[str]:
        return frozenset(self.jira.issue(int(ticket)).values.get("labels") or ())

    def opened(self, marker: str) -> Sequence[str]:
        made = [one for one in self.jira.ledger.of_kind("issue.create") if f"amends.{marker}" in one.marker]
        labelled = {str(issue.number) for issue in self.jira.issues.values() if marker in issue.values["labels"]}
        tickets = sorted({str(one.ticket) for one in made} | labelled, key=int)
        return [ticket for ticket in tickets if "amends-duplicate" not in self.labels(ticket)]


def _is_public(comment: Any) -> bool:
    return comment.public and comment.visibility is None


def adapter_for(backend: JiraBackend, page_size: int = 3, **options: Any) -> Adapter:
    cloud = backend.deployment == "cloud"
    login = {"auth": "api_token", "email": content.EMAIL} if cloud else {"auth": "pat"}
    settings = {
        "url": SITE,
        "deployment": backend.deployment,
        "projects": (backend.project,),
        "service_desk": backend.project == content.CARE,
        "page_size": page_size,
    }
    return Adapter("kit", msgspec.convert(login | settings | options, JiraSettings), backend.tools())
