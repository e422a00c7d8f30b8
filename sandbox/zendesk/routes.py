"""From request to answer: authentication, limits, then the endpoint. No sockets; `server` calls `Desk.answer`."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from sandbox.http.answers import Answer, Refused, Request, told
from sandbox.http.desk import FrontDesk
from sandbox.zendesk import exports, hooks, shapes, writes
from sandbox.zendesk.account import Account
from sandbox.zendesk.answers import bad_value, forbidden, not_found
from sandbox.zendesk.limits import Turnstile
from sandbox.zendesk.records import Ticket
from sandbox.zendesk.shapes import Body

JSON = Any
Handler = Callable[["Desk", Request, int, int], Answer]
ADMIN_ONLY = ("incremental", "suspended_tickets", "deleted_tickets")


class Desk(FrontDesk):
    """The API of one account (see `FrontDesk`). `turnstile` holds the rate limits."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self.account = account
        self.turnstile = Turnstile()
        self.idempotency: dict[str, tuple[str, datetime, Answer]] = {}
        self._request_number = 0

    def answer(self, request: Request) -> Answer:
        """The answer to a request, applied in full. Never raises for anything a client can send."""
        with self.account.lock:
            self._request_number += 1
            number = f"sandbox-{self._request_number:08d}"
            request = msgspec.structs.replace(request, headers={**request.headers, "x-request-id": number})
            now, ticket_key = self.account.now(), None
            try:
                if request.path == "/oauth/tokens" and request.method == "POST":
                    answer = told(self.account.doorman.tokens(writes.parsed(request)), 201)
                else:
                    actor = self._admit(request)
                    ticket_key = _ticket_key(request, actor)
                    refusal = self.turnstile.pass_or_refuse(_endpoint(request), ticket_key, now)
                    answer = refusal or self._dispatch(request, actor)
            except Refused as refused:
                answer = refused.answer
            return msgspec.structs.replace(answer, headers={
                "X-Zendesk-API-Version": "v2", "X-Request-Id": number,
                **self.turnstile.headers(ticket_key, now), **answer.headers,
            })  # fmt: skip

    def too_many(self, wait_seconds: int) -> Answer:
        return self.turnstile.too_many(wait_seconds, self.account.now())

    def is_bulk(self, request: Request) -> bool:
        return "/incremental/" in request.path

    def _admit(self, request: Request) -> int:
        """The acting user's id, or Refused: 401, or 403 for a missing scope or right."""
        emails = {one["email"].lower(): number for number, one in self.account.users.items() if one["email"]}
        actor, scopes = self.account.doorman.user_of(request.headers.get("authorization"), emails)
        resource = (request.path.split("/") + [""] * 4)[3]
        right = "read" if request.method == "GET" else "write"
        if not {right, f"{resource}:{right}"} & set(scopes.split()):
            raise forbidden()
        lost = self.account.switches.forbidden
        if lost and re.search(lost, request.path):
            raise forbidden()
        role = self.account.users[actor]["role"]
        if role == "end-user" or (resource in ADMIN_ONLY and role != "admin"):
            raise forbidden()
        return actor

    def _dispatch(self, request: Request, actor: int) -> Answer:
        for method, pattern, handler in ROUTES:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                number = int(found.group(1)) if found.groups() else 0
                if method != "GET" and "/webhooks" not in request.path:
                    self.people_first(number)
                return handler(self, request, actor, number)
        raise Refused(404, {"error": "InvalidEndpoint", "description": "Not found"})


def _endpoint(request: Request) -> str:
    if request.path.startswith("/api/v2/incremental/"):
        return "exports"
    return "updates" if request.method != "GET" and "/tickets" in request.path else "other"


def _ticket_key(request: Request, actor: int) -> str | None:
    found = re.match(r"/api/v2/tickets/(\d+)", request.path)
    return f"{actor}:{found.group(1)}" if found and request.method != "GET" else None


# lists and paging


def listed(desk: Desk, request: Request, name: str, rows: Sequence[JSON], **more: JSON) -> Answer:
    """Cursor paging when page[size] is asked for, offset paging otherwise; 100 rows a page at most."""
    size_text = request.query.get("page[size]")
    if size_text is None and not any(key.startswith("page[") for key in request.query):
        return _offset_page(desk, request, name, rows, more)
    size = _number(size_text, 100)
    begin = _decode(request.query["page[after]"]) if "page[after]" in request.query else 0
    page, stop = rows[begin : begin + size], begin + size
    has_more = stop < len(rows)
    after = base64.urlsafe_b64encode(str(min(stop, len(rows))).encode()).decode() if page else None
    link = f"{desk.account.links}{request.path}.json?page[size]={size}&page[after]={after}" if has_more else None
    meta = {"has_more": has_more, "after_cursor": after, "before_cursor": None}
    return told({name: page, "meta": meta, "links": {"next": link, "prev": None}} | more)


def _offset_page(desk: Desk, request: Request, name: str, rows: Sequence[JSON], more: Body) -> Answer:
    size, page = (
        _number(request.query.get("per_page"), 100),
        _number(request.query.get("page"), 10_000) if "page" in request.query else 1,
    )
    if page * size > 10_000 + size:
        raise bad_value("Offset pagination is limited to 10,000 records")
    begin = (page - 1) * size
    link = f"{desk.account.links}{request.path}.json?page={{}}&per_page={size}"
    following = link.format(page + 1) if begin + size < len(rows) else None
    previous = link.format(page - 1) if page > 1 else None
    shown = {name: rows[begin : begin + size], "next_page": following, "previous_page": previous, "count": len(rows)}
    return told(shown | more)


def _number(text: str | None, most: int) -> int:
    return max(1, min(int(text), most)) if text and text.isdigit() else most


def _decode(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor))
    except (ValueError, binascii.Error):
        raise bad_value("Invalid cursor") from None


def _sorted(request: Request, rows: list[Body]) -> list[Body]:
    newest_first = request.query.get("sort", "").startswith("-") or request.query.get("sort_order") == "desc"
    return rows[::-1] if newest_first else rows


# endpoints


def _alive(desk: Desk, number: int) -> Ticket:
    ticket = desk.account.live(number)
    if ticket is None:
        raise not_found()
    return ticket


def _ids(request: Request) -> list[int]:
    ids = [int(one) for one in request.query.get("ids", "").split(",") if one.strip().isdigit()]
    if len(ids) > 100:
        body = {"error": "TooManyValues", "description": "Parameter ids cannot specify more than 100 values"}
        raise Refused(400, body | {"max_count": 100})
    return ids


def _show_ticket(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    ticket = _alive(desk, number)
    wanted = set(request.query.get("include", "").split(","))
    shown = exports.dressed(desk.account, ticket, wanted)
    return told({"ticket": shown} | exports.sideloads(desk.account, request, [ticket]))


def _show_tickets(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    found = [ticket for ticket in map(desk.account.live, _ids(request)) if ticket]
    wanted = set(request.query.get("include", "").split(","))
    shown = [exports.dressed(desk.account, one, wanted) for one in found]
    body = {"tickets": shown, "next_page": None, "previous_page": None, "count": len(shown)}
    return told(body | exports.sideloads(desk.account, request, found))


def _list_tickets(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    external = request.query.get("external_id")
    rows = [one.body for one in desk.account.tickets.values() if one.before_delete is None]
    return listed(desk, request, "tickets", [one for one in rows if external in (None, one["external_id"])])


def _comments(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    rows = _sorted(request, _alive(desk, number).comments())
    return listed(desk, request, "comments", rows)


def _audits(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    return listed(desk, request, "audits", _sorted(request, _alive(desk, number).audits))


def _me(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    return told({"user": desk.account.users[actor]})


def _token(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    token = desk.account.doorman.current(request.headers.get("authorization", ""))
    if token is None:
        raise not_found()
    return told({"token": token})


def _users(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    roles = (request.query.get("role[]") or request.query.get("role") or "").split(",")
    everybody = desk.account.users.values()
    return listed(desk, request, "users", [one for one in everybody if roles == [""] or one["role"] in roles])


def _show_user(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    if number not in desk.account.users:
        raise not_found()
    return told({"user": desk.account.users[number]})


def _show_users(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    found = [desk.account.users[one] for one in _ids(request) if one in desk.account.users]
    return told({"users": found, "next_page": None, "previous_page": None, "count": len(found)})


def _deleted(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    rows = [
        {
            "id": one.number,
            "subject": one.body["subject"],
            "description": one.body["description"],
            "actor": {"id": one.deleted_by, "name": desk.account.users.get(one.deleted_by or 0, {}).get("name")},
            "deleted_at": one.deleted_at,
            "previous_state": one.before_delete,
        }
        for one in desk.account.tickets.values()
        if one.before_delete is not None
    ]
    return listed(desk, request, "deleted_tickets", rows)


def _restore(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    ticket = desk.account.tickets.get(number)
    if ticket is None or ticket.before_delete is None:
        raise not_found()
    desk.account.restore(number, by=actor)
    return told({})


def _tags(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    return told({"tags": _alive(desk, number).body["tags"]})


def _of_account(name: str, rows: Callable[[Account], Sequence[Body]]) -> Handler:
    return lambda desk, request, actor, number: listed(desk, request, name, rows(desk.account))


def _survey_responses(desk: Desk, request: Request, actor: int, number: int) -> Answer:
    """Those offered from created_at_start (milliseconds) on, by id; also of some tickets only."""
    account, since = desk.account, int(request.query.get("filter[created_at_start]", "0")) / 1000
    wanted = set(filter(None, request.query.get("filter[subject_zrns]", "").split(",")))
    rows = [
        body
        for _, (offered_at, body) in sorted(account.survey_responses.items())
        if offered_at.timestamp() >= since and (not wanted or wanted & set(body["subject_zrns"]))
    ]
    return listed(desk, request, "survey_responses", rows[::-1] if request.query.get("sort") == "-id" else rows)


def _export(make: Callable[[Account, Request], Body]) -> Handler:
    def handler(desk: Desk, request: Request, actor: int, number: int) -> Answer:
        body = make(desk.account, request)
        padding = desk.account.switches.huge_page_bytes
        return told(body | {"padding": "x" * padding} if padding else body)

    return handler


def _write(make: Callable[[Account, Request, int, int], Answer]) -> Handler:
    return lambda desk, request, actor, number: make(desk.account, request, actor, number)


def _hook(make: Callable[[Account, Request], Answer]) -> Handler:
    return lambda desk, request, actor, number: make(desk.account, request)


def _route(method: str, path: str, handler: Handler) -> tuple[str, re.Pattern[str], Handler]:
    return method, re.compile("/api/v2/" + path.replace("ID", r"(\d+)")), handler


ROUTES = (
    _route("GET", "incremental/tickets/cursor", _export(exports.tickets_by_cursor)),
    _route("GET", "incremental/tickets", _export(exports.tickets_by_time)),
    _route("GET", "incremental/ticket_events", _export(exports.events_by_time)),
    _route("GET", "incremental/ticket_metric_events", _export(exports.metric_events_by_time)),
    _route("GET", "guide/survey_responses", _survey_responses),
    _route("GET", "incremental/users/cursor", _export(exports.users_by_cursor)),
    _route("GET", "incremental/users", _export(exports.users_by_time)),
    _route("GET", "tickets", _list_tickets),
    _route("POST", "tickets", lambda desk, request, actor, _: writes.create_ticket(
        desk.account, request, actor, desk.idempotency)),
    _route("GET", "tickets/show_many", _show_tickets),
    _route("GET", "tickets/ID", _show_ticket),
    _route("PUT", "tickets/ID", _write(writes.update_ticket)),
    _route("DELETE", "tickets/ID", _write(writes.delete_ticket)),
    _route("GET", "tickets/ID/comments", _comments),
    _route("GET", "tickets/ID/audits", _audits),
    _route("GET", "tickets/ID/tags", _tags),
    _route("PUT", "tickets/ID/tags", _write(writes.change_tags)),
    _route("POST", "tickets/ID/tags", _write(writes.change_tags)),
    _route("DELETE", "tickets/ID/tags", _write(writes.change_tags)),
    _route("GET", "webhooks", lambda desk, request, *_: listed(
        desk, request, "webhooks", list(desk.account.hooks.rows.values()))),
    _route("POST", "webhooks", _hook(hooks.create)),
    _route("PATCH", "webhooks/[^/]+", _hook(hooks.change)),
    _route("DELETE", "webhooks/[^/]+", _hook(hooks.remove)),
    _route("GET", "webhooks/[^/]+/signing_secret", _hook(hooks.secret)),
    _route("POST", "webhooks/[^/]+/signing_secret", _hook(hooks.secret)),
    _route("GET", "users/me", _me),
    _route("GET", "users/show_many", _show_users),
    _route("GET", "users/ID", _show_user),
    _route("GET", "users", _users),
    _route("GET", "oauth/tokens/current", _token),
    _route("GET", "groups", _of_account("groups", lambda account: account.groups)),
    _route("GET", "brands", _of_account("brands", lambda account: account.brands)),
    _route("GET", "ticket_forms", _of_account("ticket_forms", lambda account: account.forms)),
    _route("GET", "ticket_fields", _of_account("ticket_fields", lambda account: account.fields)),
    _route("GET", "custom_statuses", lambda desk, *_: told({"custom_statuses": desk.account.statuses})),
    _route("GET", "account/settings", lambda desk, *_: told(shapes.settings())),
    _route("GET", "suspended_tickets", _of_account("suspended_tickets", lambda account: account.suspended)),
    _route("GET", "deleted_tickets", _deleted),
    _route("PUT", "deleted_tickets/ID/restore", _restore),
)  # fmt: skip
