"""The issue that a write is about, read strongly: what stands in it, and whether our mark says that we were here.

The mark is an entity property of the issue, invisible on its screens and set in the same call as the edit. Used by
`writing`, `transitions`, `notes` and `creating`.
https://developer.atlassian.com/cloud/jira/platform/jira-entity-properties/
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import msgspec
from requests import Response

from adapters.jira.answers import parsed
from adapters.jira.calls import Calls
from adapters.jira.values import inner
from connector.errors import GoneError, TemporaryError
from connector.model import JSON, Action

NEEDED = ("labels", "project", "status", "updated")


class Target(msgspec.Struct, frozen=True):
    """What writing has to know of an issue. `mark` is the value of our property for this write, None where there is
    none; `server_now` is the time at Jira when it was read."""

    id: str
    key: str
    fields: dict[str, JSON]
    mark: JSON
    server_now: datetime

    @property
    def status(self) -> str:
        return str(inner(self.fields, "status", "name") or "")

    @property
    def labels(self) -> list[str]:
        labels = self.fields.get("labels")
        return [str(one) for one in labels] if isinstance(labels, list) else []

    def is_request(self, otherwise: bool) -> bool:
        """Whether it lives in a service desk, where customers read comments; `otherwise` where Jira does not say."""
        kind = inner(self.fields, "project", "projectTypeKey")
        return kind == "service_desk" if kind else otherwise


def read(calls: Calls, ticket: str, marker: str, fields: Iterable[str] = ()) -> Target:
    """The issue now, with `fields` besides those always needed. Raises GoneError where it cannot be seen."""
    path = issue_path(calls, ticket)
    key = mark_key(marker)
    asked = {"fields": ",".join(sorted({*NEEDED, *fields})), "properties": key}
    response = calls.get(path, asked, ticket=ticket, writing=True)
    place: dict[str, Any] = {"source": calls.source, "ticket": ticket}
    sent = parsed(response.content, dict[str, JSON], f"GET {path}", **place)
    found = sent.get("fields")
    if not isinstance(found, dict) or not sent.get("id"):
        raise TemporaryError(f"GET {path}: the answer is no issue.", **place)
    marks = sent.get("properties")
    mark = marks.get(key) if isinstance(marks, dict) else _mark(calls, path, key, ticket)
    return Target(str(sent["id"]), str(sent.get("key") or ""), found, mark, _server_now(calls, response))


def mark_key(marker: str) -> str:
    return f"amends.{marker}"


def mark_of(calls: Calls, action: Action, **more: JSON) -> JSON:
    """What our property says: why we wrote, and when. Anyone who sees the issue can read it, so no person is in it."""
    return {"rule": action.rule, "kind": action.kind, "at": calls.tools.now().isoformat(timespec="seconds"), **more}


def issue_path(calls: Calls, ticket: str, rest: str = "") -> str:
    return calls.api(f"/issue/{quote(ticket, safe='')}{rest}")


def wait_until_settled(
    calls: Calls, action: Action, sent_at: datetime, settle: timedelta, ask_again: timedelta
) -> None:
    """Raise TemporaryError while a write sent at `sent_at` may still be under way, or be on its way into the index; it
    says when to ask again, `ask_again` from now at the latest."""
    rest = sent_at + settle - calls.tools.now()
    if rest > timedelta(0):
        raise TemporaryError(
            "the write is not to be seen, and may still be under way.",
            source=calls.source,
            ticket=action.ticket,
            retry_after_seconds=min(rest, ask_again).total_seconds(),
        )


def _mark(calls: Calls, path: str, key: str, ticket: str) -> JSON:
    """The property asked for by itself, for a Jira that leaves properties out of its issues."""
    whole = f"{path}/properties/{key}"
    try:
        content = calls.get(whole, ticket=ticket, writing=True).content
    except GoneError:
        return None
    return parsed(content, dict[str, JSON], f"GET {whole}", source=calls.source, ticket=ticket).get("value")


def _server_now(calls: Calls, response: Response) -> datetime:
    try:
        return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return calls.tools.now()
