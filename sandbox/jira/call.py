"""One call of the API as its endpoint sees it: who asks, in which version, about what. Made by `routes`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.http.answers import Answer, Request, told
from sandbox.jira.answers import invalid, no_issue
from sandbox.jira.view import View

if TYPE_CHECKING:
    from sandbox.jira.people import Jira
    from sandbox.jira.records import Issue

JSON = Any


class Call:
    """`parts` are the variable parts of the path, `actor` an account id, `objects` how many issues were told."""

    def __init__(self, jira: Jira, request: Request, actor: str, version: str, parts: tuple[str, ...]) -> None:
        self.jira, self.request, self.actor, self.version, self.parts = jira, request, actor, version, parts
        self.objects = 0

    @cached_property
    def view(self) -> View:
        return self.jira.view(self.actor, self.version)

    @cached_property
    def body(self) -> dict[str, JSON]:
        """The body, an object. Raises Refused(400)."""
        found = self.any_body
        if not isinstance(found, dict):
            raise invalid("Invalid request payload. Refer to the REST API documentation and try again.")
        return found

    @cached_property
    def any_body(self) -> JSON:
        try:
            return msgspec.json.decode(self.request.body or b"{}")
        except msgspec.DecodeError:
            raise invalid("There was an error parsing JSON. Check that your request body is valid.") from None

    def query(self, name: str, default: str = "") -> str:
        return self.request.query.get(name, default)

    def number(self, name: str, default: int, most: int) -> int:
        text = self.query(name)
        return max(0, min(int(text), most)) if text.isdigit() else min(default, most)

    def listed(self, name: str) -> list[str]:
        return [one.strip() for one in self.query(name).split(",") if one.strip()]

    def sees(self, issue: Issue) -> bool:
        return issue.project not in self.jira.hidden_projects

    def issue(self, name: str | None = None) -> Issue:
        """The issue by id or key (default: the first part of the path). Raises Refused(404)."""
        try:
            issue = self.jira.issue(name or self.parts[0])
        except KeyError:
            raise no_issue() from None
        if not self.sees(issue):
            raise no_issue()
        return issue

    def page(self, name: str, rows: list[JSON], most: int = 50) -> Answer:
        """The platform's offset paging: startAt, maxResults, total; `isLast` where the list is called "values"."""
        start, size = self.number("startAt", 0, 10**9), self.number("maxResults", most, max(most, 1000))
        told_: JSON = {name: rows[start : start + size], "startAt": start, "maxResults": size, "total": len(rows)}
        return told(told_ | ({"isLast": start + size >= len(rows)} if name == "values" else {}))

    def portal_page(self, rows: list[JSON]) -> Answer:
        """Service Management's paging: start, limit, isLastPage."""
        start, size = self.number("start", 0, 10**9), self.number("limit", 50, 100)
        shown = rows[start : start + size]
        last = start + size >= len(rows)
        where = f"{self.jira.links}{self.request.path}"
        links: JSON = {"base": self.jira.links, "context": "", "self": where}
        links |= {} if last else {"next": f"{where}?start={start + size}&limit={size}"}
        counts = {"size": len(shown), "start": start, "limit": size, "isLastPage": last}
        return told({"_expands": [], **counts, "_links": links, "values": shown})
