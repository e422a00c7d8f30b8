"""Audits as the incremental ticket event export tells them: the same facts in another, older shape. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.zendesk.shapes import Body

JSON = Any

VIA_NAMES = {
    "web": "Web form", "email": "Mail", "api": "Web service", "rule": "Rule", "chat": "Chat",
    "mobile": "Mobile", "native_messaging": "Messaging",
}  # fmt: skip


def ticket_event(audit: Body, *, with_comments: bool, with_metadata: bool) -> Body:
    """One update of one ticket. Each change is a child named after its field; a comment's text is only there with the
    comment_events sideload, otherwise two booleans stand for it.
    """
    event: Body = {
        "id": audit["id"],
        "ticket_id": audit["ticket_id"],
        "timestamp": int(datetime.fromisoformat(audit["created_at"]).timestamp()),
        "created_at": audit["created_at"],
        "updater_id": audit["author_id"],
        "via": _via_name(audit["via"]),
        "system": audit["metadata"]["system"],
        "event_type": "Audit",
        "child_events": [_child(one, audit, with_comments=with_comments) for one in audit["events"]],
    }
    return event | {"metadata": audit["metadata"]} if with_metadata else event


def _via_name(via: Body) -> str:
    if via["source"]["rel"] == "merge":
        return "Merge"
    channel: str = via["channel"]
    return VIA_NAMES.get(channel, channel)


def _child(event: Body, audit: Body, *, with_comments: bool) -> Body:
    via: Body = event["via"] if "via" in event else audit["via"]
    rule = via["source"]["from"].get("id") if via["channel"] == "rule" else None
    child: Body = {"id": event["id"], "via": _via_name(via), "via_reference_id": rule}
    kind = event["type"]
    if kind == "Comment":
        if with_comments:
            return child | event | {"via": via, "created_at": audit["created_at"], "event_type": kind}
        return child | {"comment_present": True, "comment_public": event["public"], "event_type": kind}
    if kind not in ("Change", "Create"):
        return child | {name: value for name, value in event.items() if name != "type"} | {"event_type": kind}
    child |= _named(event)
    child["event_type"] = kind
    if kind == "Change":
        child["previous_value"] = event["previous_value"]
    return child


def _named(event: Body) -> Body:
    name, value = event["field_name"], event["value"]
    if name.isdigit():
        return {"custom_ticket_fields": {name: value}}
    if name == "tags" and event["type"] == "Change":
        before = event["previous_value"] or []
        added = [tag for tag in value if tag not in before]
        removed = [tag for tag in before if tag not in value]
        return {"tags": value, "added_tags": added, "removed_tags": removed}
    return {name: value}
