"""What the API may change, with the vendor's checks: safe updates, closed and deleted tickets, problems by field.

Called by `routes`. Every write that changed something is put into the account's ledger.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sandbox.http.answers import Answer, Refused, Request, told
from sandbox.zendesk import content, shapes
from sandbox.zendesk.account import Account
from sandbox.zendesk.answers import bad_value, conflict, invalid, not_found
from sandbox.zendesk.records import Change, Ticket
from sandbox.zendesk.shapes import Body

JSON = Any
KEY_LIFE = timedelta(hours=2)
METADATA_BYTES = 1024
PLAIN = (
    "status", "priority", "type", "subject", "assignee_id", "group_id", "custom_status_id", "external_id", "due_at",
)  # fmt: skip
Keys = dict[str, tuple[str, datetime, Answer]]


def update_ticket(account: Account, request: Request, actor: int, number: int) -> Answer:
    """PUT /tickets/{id}. `tags` replaces the set; `additional_tags` is not honoured here, as at the vendor."""
    wish = parsed(request).get("ticket")
    if not isinstance(wish, dict):
        raise bad_value("Parameter ticket is required")
    ticket = _writable(account, number)
    check_stamp(wish, ticket)
    change = _change(account, wish, actor, ticket)
    before = _photograph(ticket)
    audit = account.update(ticket, change)
    record_effect(account, request, "ticket.update", actor, ticket, audit, before, wish)
    return told({"ticket": ticket.body, "audit": audit})


def create_ticket(account: Account, request: Request, actor: int, keys: Keys) -> Answer:
    """POST /tickets, once per Idempotency-Key for two hours."""
    key = request.headers.get("idempotency-key")
    digest = hashlib.sha256(request.body).hexdigest()
    kept = keys.get(key) if key else None
    if kept and account.now() - kept[1] < KEY_LIFE:
        if kept[0] != digest:
            raise bad_value("The request body does not match the one first sent with this idempotency key")
        return msgspec.structs.replace(kept[2], headers={"x-idempotency-lookup": "hit"})
    answer = _create(account, request, actor)
    if key:
        keys[key] = (digest, account.now(), answer)
        answer.headers["x-idempotency-lookup"] = "miss"
    return answer


def _create(account: Account, request: Request, actor: int) -> Answer:
    wish = parsed(request).get("ticket")
    if not isinstance(wish, dict):
        raise bad_value("Parameter ticket is required")
    requester = wish.get("requester_id", actor)
    if requester not in account.users:
        raise invalid({"requester": ["Requester: is not valid"]})
    change = _change(account, wish | {"comment": wish.get("comment") or {"body": wish.get("description")}}, actor, None)
    if not change.text:
        raise invalid({"base": ["Description: cannot be blank"]})
    named = {name: wish[name] for name in ("external_id",) if name in wish}
    subject = wish.get("subject") or str(change.text)[:80]
    ticket = account.create(requester, actor, subject, change, **named)
    record_effect(account, request, "ticket.create", actor, ticket, ticket.audits[-1], None, wish)
    where = f"{account.site}/api/v2/tickets/{ticket.number}.json"
    return told({"ticket": ticket.body, "audit": ticket.audits[-1]}, 201, location=where)


def change_tags(account: Account, request: Request, actor: int, number: int) -> Answer:
    """PUT adds, POST sets, DELETE removes; each may be a safe update."""
    wish = parsed(request) if request.body else {}
    tags = wish.get("tags", request.query.get("tags", "").split(","))
    tags = _clean(tags)
    ticket = _writable(account, number)
    check_stamp(wish, ticket)
    have, kind = set(ticket.body["tags"]), {"PUT": "add", "POST": "set", "DELETE": "remove"}[request.method]
    then = {"add": have | set(tags), "set": set(tags), "remove": have - set(tags)}[kind]
    before = _photograph(ticket)
    audit = account.update(ticket, Change(actor=actor, fields={"tags": sorted(then)}))
    record_effect(account, request, f"tags.{kind}", actor, ticket, audit, before, wish)
    return told({"tags": ticket.body["tags"]}, 201 if kind == "set" else 200)


def delete_ticket(account: Account, request: Request, actor: int, number: int) -> Answer:
    ticket = _writable(account, number, closed_too=True)
    before = _photograph(ticket)
    account.delete(number, by=actor)
    record_effect(account, request, "ticket.delete", actor, ticket, ticket.audits[-1], before, {})
    return Answer(204)


def parsed(request: Request) -> Body:
    try:
        body = msgspec.json.decode(request.body or b"{}")
    except msgspec.DecodeError:
        raise Refused(400, {"error": "Unparsable", "description": "The JSON body could not be parsed"}) from None
    if not isinstance(body, dict):
        raise bad_value("The body must be an object")
    return body


def check_stamp(wish: Body, ticket: Ticket) -> None:
    """Safe updates compare whole seconds, so two changes of one second look alike, as at the vendor."""
    if str(wish.get("safe_update", "")).lower() != "true":
        return
    try:
        stamp = datetime.fromisoformat(str(wish.get("updated_stamp")))
    except ValueError:
        raise conflict() from None
    if shapes.iso(stamp) != ticket.body["updated_at"]:
        raise conflict()


def _writable(account: Account, number: int, *, closed_too: bool = False) -> Ticket:
    ticket = account.live(number)
    if ticket is None:
        raise not_found()
    if ticket.body["status"] == "closed" and not closed_too:
        raise invalid({"status": ["Status: closed prevents ticket update"]})
    return ticket


def _change(account: Account, wish: Body, actor: int, ticket: Ticket | None) -> Change:
    fields: Body = {name: wish[name] for name in PLAIN if name in wish and not (ticket is None and name == "subject")}
    if "tags" in wish:
        fields["tags"] = _clean(wish["tags"])
    said, metadata = wish.get("comment") or {}, wish.get("metadata") or {}
    custom = wish.get("custom_fields") or wish.get("fields") or []
    if not (isinstance(said, dict) and isinstance(metadata, dict) and _is_custom(custom)):
        raise bad_value("comment and metadata must be objects, custom_fields a list of objects with an id")
    fields |= {f"custom:{one['id']}": one.get("value") for one in custom}
    _check(account, fields)
    text = said.get("body") or said.get("html_body")
    if said and not text and ticket is not None:
        raise invalid({"comment": ["Comment: cannot be blank"]})
    if len(msgspec.json.encode(metadata)) > METADATA_BYTES:
        raise invalid({"metadata": ["Metadata: is too long (maximum is 1024 bytes)"]})
    return Change(
        actor=actor,
        fields=fields,
        text=text,
        public=said.get("public", True) is not False,
        author=said.get("author_id"),
        metadata=metadata,
        via=shapes.via("api"),
    )


def _is_custom(value: JSON) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and isinstance(one.get("id"), int) for one in value)


def _check(account: Account, fields: Body) -> None:
    """Unknown values are refused together, by field. Unknown custom fields are ignored, as at the vendor."""
    known: dict[str, tuple[str, set[JSON]]] = {
        "status": ("Status", {*content.CATEGORIES, "closed"}),
        "priority": ("Priority", {*content.PRIORITIES, None}),
        "type": ("Type", {*content.TYPES, None}),
        "group_id": ("Group", {*(one["id"] for one in account.groups), None}),
        "assignee_id": ("Assignee", {*(n for n, one in account.users.items() if one["role"] != "end-user"), None}),
        "custom_status_id": ("Ticket status", {one["id"] for one in account.statuses}),
    }
    details = {
        name: [f"{title}: {fields[name]} is not valid"]
        for name, (title, values) in known.items()
        if name in fields and fields[name] not in values
    }
    for field in account.custom_fields():
        value = fields.get(f"custom:{field['id']}")
        options = {one["value"] for one in field.get("custom_field_options", [])}
        chosen = value if isinstance(value, list) else [value] if value else []
        if options and not set(chosen) <= options:
            details.setdefault("base", []).append(f"{field['title']}: {value} is not a valid option")
    if details:
        raise invalid(details)


def _clean(tags: JSON) -> list[str]:
    given = tags.split(",") if isinstance(tags, str) else tags
    if not isinstance(given, list):
        raise bad_value("Parameter tags must be a list")
    return sorted({str(tag).strip().lower().replace(" ", "_") for tag in given if str(tag).strip()})


def _photograph(ticket: Ticket) -> Body:
    return {name: ticket.body[name] for name in (*PLAIN, "tags")} | {
        f"custom:{one['id']}": one["value"] for one in ticket.body["custom_fields"]
    }


def record_effect(
    account: Account,
    request: Request,
    kind: str,
    actor: int,
    ticket: Ticket,
    audit: Body | None,
    before: Body | None,
    wish: Body,
) -> None:
    if audit is None:
        return
    after, old = _photograph(ticket), before or {"tags": []}
    said = next((one for one in audit["events"] if one["type"] == "Comment"), None)
    account.ledger.add(
        request_id=request.headers.get("x-request-id", ""),
        kind=kind,
        ticket=ticket.number,
        actor=actor,
        audit=audit["id"],
        applied_at=audit["created_at"],
        marker=audit["metadata"]["custom"],
        comment=said and {"body": said["body"], "public": said["public"]},
        fields={
            name: [old.get(name), value] for name, value in after.items() if name != "tags" and old.get(name) != value
        },
        tags_added=sorted(set(after["tags"]) - set(old["tags"])),
        tags_removed=sorted(set(old["tags"]) - set(after["tags"])),
        stamp=wish.get("updated_stamp"),
        late=request.late,
    )
