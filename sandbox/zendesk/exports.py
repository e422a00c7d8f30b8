"""The incremental exports: tickets and users by cursor or by time, two kinds of events by time. Called by `routes`.

Ordering is by (generated second, id). The last minute is held back, so a second is complete before it is shown.
"""

from __future__ import annotations

import base64
import bisect
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from sandbox.http.answers import Refused, Request
from sandbox.zendesk.account import Account
from sandbox.zendesk.answers import bad_value
from sandbox.zendesk.events import ticket_event
from sandbox.zendesk.metric_events import metric_events
from sandbox.zendesk.metrics import metric_set
from sandbox.zendesk.records import Ticket
from sandbox.zendesk.shapes import Body

JSON = Any
Key = tuple[int, int]


def encode_cursor(key: Key) -> str:
    return base64.b64encode(f"{key[0]}.0||{key[1]}|".encode()).decode()


def decode_cursor(text: str) -> Key:
    try:
        stamp, _, rest = base64.b64decode(text, validate=True).decode().partition("||")
        return int(float(stamp)), int(rest.rstrip("|"))
    except ValueError:
        raise Refused(400, {"error": "InvalidCursor", "description": "The cursor is invalid."}) from None


def tickets_by_cursor(account: Account, request: Request) -> Body:
    horizon = _horizon(account)
    keys, body = _cursor_page(account, request, horizon, "tickets", account.ticket_order)
    shown = _exported(account, request, keys)
    return {"tickets": shown} | sideloads(account, request, page_tickets(account, keys)) | body


def users_by_cursor(account: Account, request: Request) -> Body:
    horizon = _horizon(account)
    keys, body = _cursor_page(account, request, horizon, "users", account.user_order)
    return {"users": [account.users[number] for _, number in keys]} | body


def tickets_by_time(account: Account, request: Request) -> Body:
    horizon = _horizon(account)
    keys, body = _time_page(account, request, horizon, "tickets", account.ticket_order)
    shown = _exported(account, request, keys)
    return {"tickets": shown} | sideloads(account, request, page_tickets(account, keys)) | body


def users_by_time(account: Account, request: Request) -> Body:
    horizon = _horizon(account)
    keys, body = _time_page(account, request, horizon, "users", account.user_order)
    return {"users": [account.users[number] for _, number in keys]} | body


def events_by_time(account: Account, request: Request) -> Body:
    horizon = _horizon(account)
    keys, body = _time_page(account, request, horizon, "ticket_events", account.event_order)
    comments = "comment_events" in request.query.get("include", "").split(",")
    told = []
    for _, audit_id, number in keys:
        if number not in account.switches.hidden:
            metadata = account.switches.metadata_in_events
            told.append(ticket_event(account.audits[audit_id], with_comments=comments, with_metadata=metadata))
    return {"ticket_events": told} | body | {"count": len(told)}


def metric_events_by_time(account: Account, request: Request) -> Body:
    """Made from the tickets' audits whenever it is asked for; breaches come once they are past."""
    horizon = _horizon(account)
    hidden = account.switches.hidden
    told = [
        event
        for ticket in account.tickets.values()
        if ticket.number not in hidden
        for event in metric_events(ticket, account.policies, account.now())
    ]
    by_key = {(second, event["id"], event["ticket_id"]): event for second, event in told}
    keys, body = _time_page(account, request, horizon, "ticket_metric_events", sorted(by_key))
    return {"ticket_metric_events": [by_key[key] for key in keys]} | body | {"count": len(keys)}


def page_tickets(account: Account, keys: Sequence[Key]) -> list[Ticket]:
    return [account.tickets[number] for _, number in keys]


def _exported(account: Account, request: Request, keys: Sequence[Key]) -> list[Body]:
    wanted = set(request.query.get("include", "").split(","))
    hide = account.switches.hidden
    gone = account.switches.exclude_deleted or request.query.get("exclude_deleted") == "true"
    shown = [one for one in page_tickets(account, keys) if one.number not in hide]
    return [dressed(account, one, wanted) for one in shown if not (gone and one.before_delete)]


def dressed(account: Account, ticket: Ticket, wanted: set[str]) -> Body:
    """The ticket with the sideloads that stand inside it."""
    extra: Body = {}
    if "metric_sets" in wanted:
        extra["metric_set"] = metric_set(account.site, ticket)
    if "comment_count" in wanted:
        extra["comment_count"] = len(ticket.comments())
    if "slas" in wanted:
        extra["slas"] = {"policy_metrics": []}
    return ticket.body | extra if extra else ticket.body


def sideloads(account: Account, request: Request, tickets: Sequence[Ticket]) -> Body:
    """The sideloads that stand beside the tickets: users, groups, organizations."""
    wanted = set(request.query.get("include", "").split(","))
    loaded: Body = {}
    if "users" in wanted:
        named = {one.body[who] for one in tickets for who in ("requester_id", "submitter_id", "assignee_id")}
        loaded["users"] = [account.users[number] for number in sorted(named & account.users.keys())]
    if "groups" in wanted:
        loaded["groups"] = account.groups
    if "organizations" in wanted:
        loaded["organizations"] = []
    return loaded


def _horizon(account: Account) -> int:
    """The last second that is shown, and from now on is past for ever. Asked once, and before anything is looked up:
    what is due happens first, which moves tickets in their order."""
    last = account.now().replace(microsecond=0) - timedelta(seconds=account.switches.hold_back_seconds)
    account.catch_up(last)
    account.shown_until = max(account.shown_until, last)
    return int(last.timestamp())


def _start_time(account: Account, request: Request, horizon: int) -> int:
    text = request.query.get("start_time", "")
    if not text.isdigit():
        raise bad_value("Invalid or missing start_time")
    if int(text) > horizon:
        raise bad_value(
            "Too recent start_time. Use a start_time older than 60 seconds", account.switches.too_recent_status
        )
    return int(text)


def _link(account: Account, request: Request, name: str, where: str) -> str:
    kept = "".join(f"&{key}={quote(request.query[key])}" for key in ("include", "per_page") if key in request.query)
    return f"{account.links}/api/v2/incremental/{name}.json?{where}{kept}"


def _size(account: Account, request: Request) -> int:
    asked = request.query.get("per_page", "")
    return max(1, min(int(asked) if asked.isdigit() else 1000, account.switches.page_size, 1000))


def _cursor_page(
    account: Account, request: Request, horizon: int, name: str, order: Sequence[Key]
) -> tuple[Sequence[Key], Body]:
    switches, cursor = account.switches, request.query.get("cursor")
    if cursor and switches.cursor_refused:
        raise Refused(switches.cursor_refused, {"error": "InvalidCursor", "description": "The cursor has expired."})
    begin = (
        bisect.bisect_right(order, decode_cursor(cursor))
        if cursor
        else bisect.bisect_left(order, (_start_time(account, request, horizon), 0))
    )
    end = max(begin, bisect.bisect_right(order, horizon, key=lambda key: key[0]))
    stop = min(begin + _size(account, request), end)
    keys: Sequence[Key] = [] if switches.export_empty else order[begin:stop]
    after = encode_cursor(order[stop - 1]) if stop > begin else cursor
    if switches.cursor_loops and cursor:
        after = cursor
    link = _link(account, request, f"{name}/cursor", f"cursor={quote(after, safe='')}") if after else None
    done = stop >= end and not switches.never_ends and not switches.cursor_loops
    body = {"after_url": link, "after_cursor": after, "before_url": None, "before_cursor": None, "end_of_stream": done}
    return keys, body


def _time_page(
    account: Account, request: Request, horizon: int, name: str, order: Sequence[Any]
) -> tuple[Sequence[Any], Body]:
    """A page never splits a second, so it may be longer than asked, and the next one repeats the boundary second."""
    second: Callable[[Any], int] = lambda key: key[0]  # noqa: E731 - bisect wants a key function
    start = _start_time(account, request, horizon)
    begin = bisect.bisect_left(order, start, key=second)
    end = max(begin, bisect.bisect_right(order, horizon, key=second))
    stop = min(begin + _size(account, request), end)
    if begin < stop < end:
        stop = min(end, bisect.bisect_right(order, order[stop - 1][0], key=second))
    keys = [] if account.switches.export_empty else order[begin:stop]
    reached = order[stop - 1][0] if stop > begin else None
    link = _link(account, request, name, f"start_time={reached}") if reached else None
    done = stop >= end and not account.switches.never_ends
    return keys, {"count": len(keys), "end_of_stream": done, "end_time": reached, "next_page": link}
