"""A ticket's metric set, counted from its audits. Called by `exports`; calendar minutes only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.zendesk.records import Ticket
from sandbox.zendesk.shapes import Body

JSON = Any


def metric_set(site: str, ticket: Ticket) -> Body:
    body, comments = ticket.body, ticket.comments()
    solved = _times(ticket, "status", "solved")
    replies = [one["created_at"] for one in comments if one["public"] and one["author_id"] != body["requester_id"]]
    owners = [audit["created_at"] for audit, _ in _changes(ticket, "assignee_id")]
    opened = body["created_at"]
    return {
        "id": ticket.number * 1000 + 1,
        "url": f"{site}/api/v2/ticket_metrics/{ticket.number * 1000 + 1}.json",
        "ticket_id": ticket.number,
        "created_at": opened,
        "updated_at": body["updated_at"],
        "group_stations": len(_changes(ticket, "group_id")),
        "assignee_stations": len(owners),
        "reopens": sum(1 for _, event in _changes(ticket, "status") if event.get("previous_value") == "solved"),
        "replies": len(replies),
        "assignee_updated_at": body["updated_at"] if owners else None,
        "requester_updated_at": opened,
        "status_updated_at": next((audit["created_at"] for audit, _ in reversed(_changes(ticket, "status"))), opened),
        "initially_assigned_at": owners[0] if owners else None,
        "assigned_at": owners[-1] if owners else None,
        "solved_at": solved[-1] if solved else None,
        "latest_comment_added_at": comments[-1]["created_at"] if comments else None,
        "reply_time_in_minutes": _minutes(opened, replies[0] if replies else None),
        "first_resolution_time_in_minutes": _minutes(opened, solved[0] if solved else None),
        "full_resolution_time_in_minutes": _minutes(opened, solved[-1] if solved else None),
        "agent_wait_time_in_minutes": _minutes(opened, None),
        "requester_wait_time_in_minutes": _minutes(opened, solved[-1] if solved else None),
        "on_hold_time_in_minutes": _minutes(opened, None),
    }


def _changes(ticket: Ticket, name: str) -> list[tuple[Body, Body]]:
    return [(audit, event) for audit in ticket.audits for event in audit["events"] if event.get("field_name") == name]


def _times(ticket: Ticket, name: str, value: str) -> list[str]:
    return [audit["created_at"] for audit, event in _changes(ticket, name) if event["value"] == value]


def _minutes(start: str, end: str | None) -> Body:
    if end is None:
        return {"calendar": None, "business": None}
    passed = int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() // 60)
    return {"calendar": passed, "business": passed}
