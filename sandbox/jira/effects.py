"""How a write of the API comes into the site's ledger. Called by everything that writes."""

from __future__ import annotations

from typing import Any

from sandbox.jira.call import Call
from sandbox.jira.records import Issue


def enter(call: Call, kind: str, issue: Issue, *, anyway: bool = False, **what: Any) -> None:
    """Into the ledger, unless nothing was changed."""
    if not (anyway or any(what.values())):
        return
    call.jira.ledger.add(
        request_id=call.request.headers.get("x-request-id", ""),
        kind=kind,
        ticket=issue.number,
        key=issue.key,
        actor=call.actor,
        applied_at=call.jira.now().isoformat(timespec="milliseconds"),
        late=call.request.late,
        **what,
    )
