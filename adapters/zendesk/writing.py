"""Writing back: one ticket update with compare-and-set, and finding out whether it landed. Used by the adapter.

Every write is one PUT of the ticket under the stamp of the read before: note, fields and the full tag list in one
audit, whose metadata carries our marker. A write that only adds tags goes this way too: the tags endpoint keeps no
marker, and a customer's trigger or an agent may take a tag off at once, so that reading the tags proves nothing.

No copy of a write can land twice: each carries the same stamp, and the first one to land changes what it is compared
with. Stamps have whole seconds, hence the two seconds that a ticket must have been left alone before it is pinned.
https://developer.zendesk.com/documentation/ticketing/managing-tickets/creating-and-updating-tickets/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from adapters.zendesk.answers import parsed
from adapters.zendesk.calls import Calls
from adapters.zendesk.events import MARKER
from adapters.zendesk.listing import PAGE, pages
from adapters.zendesk.values import inner, moment, number
from connector.adapter import Finding, Landed, Never, NotYet, Receipt, Stamp, Unknown
from connector.errors import ConflictError, ExposedError, GoneError, RejectedError, TemporaryError
from connector.model import JSON, Action, ActionKind

QUIET = timedelta(seconds=2)
BEFORE_SENDING = timedelta(minutes=5)
SETTLED = timedelta(minutes=15)
MOST_PAGES = 20
ALIASES = {"group": "group_id", "assignee": "assignee_id"}
PLAIN = frozenset({"status", "custom_status_id", "priority", "type", "group_id", "assignee_id", "due_at"})


class Ticket(msgspec.Struct, frozen=True):
    """What writing has to know of a ticket."""

    id: int
    updated_at: str
    status: str
    tags: list[str] | None = None
    sent: dict[str, JSON] = {}

    @property
    def labels(self) -> list[str]:
        return self.tags or []


class _Shown(msgspec.Struct, frozen=True):
    ticket: dict[str, JSON]


def prepare(calls: Calls, action: Action) -> Stamp:
    """What the write is pinned to: `updated_at`, all tags that the ticket shall have, and Zendesk's `server_date`."""
    _body(action, {**action.effect.fill, **action.effect.fields})
    ticket, server_now = _read(calls, action.ticket)
    empty, back = _empty(action, ticket), _still_ours(action, ticket)
    body = _body(action, {**empty, **back, **action.effect.fields})
    place = {"source": calls.source, "ticket": action.ticket}
    if ticket.status == "deleted":
        raise GoneError("the ticket is deleted.", **place)
    if ticket.status == "closed":
        raise RejectedError("the ticket is closed, and a closed ticket takes no update.", **place)
    changes = _changes(action, body, ticket)
    if action.kind is ActionKind.SURVEY and not changes:
        raise RejectedError(
            "the survey's tag (or field) is already set, so setting it would trigger nothing.",
            remedy="Let the trigger that sends the survey remove the tag.",
            **place,
        )
    age = server_now - (moment(ticket.updated_at) or server_now)
    if age < QUIET:
        # Two changes within one second share a stamp; one that old can no longer be confused with a later one.
        wait = min((QUIET - age).total_seconds(), QUIET.total_seconds())
        raise ConflictError("the ticket changed a moment ago.", retry_after_seconds=max(wait, 0.1), **place)
    added = sorted(_tags(action) - set(ticket.labels))
    stamp: Stamp = {
        "updated_at": ticket.updated_at,
        "tags": [*(tag for tag in ticket.labels if tag not in action.effect.untag), *added],
        "server_date": server_now.isoformat(),
        "undo": {"tags": added, "fields": _before(ticket, {**empty, **action.effect.fields})},
    }
    if empty:
        # The stamp is of a ticket in which they are empty; a ticket that changed since takes no write at all.
        stamp["fill"] = empty
    if back:
        stamp["restore"] = back
    if action.kind is ActionKind.UNDO:
        stamp["left"] = _left(action, ticket, back)
    # An update that changes nothing makes no audit, and could never be found.
    return stamp if changes else {**stamp, "already": True}


def apply(calls: Calls, action: Action, stamp: Stamp) -> Receipt:
    """Send the write, once. Raises what `Calls.put` raises; ExposedError when our note came out public."""
    if "already" in stamp:
        return {"already": True}
    fields = {**stamp.get("fill", {}), **stamp.get("restore", {}), **action.effect.fields}
    body = {**_body(action, fields), "tags": stamp["tags"], "metadata": {MARKER: action.marker}}
    body |= {"safe_update": True, "updated_stamp": stamp["updated_at"]}
    path = f"/api/v2/tickets/{action.ticket}.json"
    content = calls.put(path, {"ticket": body}, ticket=action.ticket).content
    answer = parsed(content, dict[str, JSON], f"PUT {path}", source=calls.source, ticket=action.ticket)
    audit, updated_at = answer.get("audit"), inner(answer, "ticket", "updated_at")
    ours = str(inner(answer, "ticket", "id")) == action.ticket
    if ours and audit is None and updated_at == stamp["updated_at"]:
        return {"already": True}
    if not ours or number(inner(audit, "id")) is None:
        raise TemporaryError(
            f"PUT {path}: the answer shows no audit of our write.", source=calls.source, ticket=action.ticket
        )
    if _is_public(audit):
        raise _exposed(calls, action)
    return _receipt(audit, updated_at)


def _exposed(calls: Calls, action: Action) -> ExposedError:
    return ExposedError(
        "our internal note came out PUBLIC.",
        source=calls.source,
        ticket=action.ticket,
        remedy="Make it internal in Zendesk now; `amends resume` once it is known why.",
    )


def find(calls: Calls, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
    """Whether the write landed. A ticket that is gone takes no write any more and shows no history: Never."""
    if "already" in stamp:
        return Landed({"already": True})
    # The ticket is read BEFORE its audits, never after. If its stamp is still ours at the first read, a copy may yet
    # land, and sending the same again is safe. If it is not, no copy can land any more, and all that ever landed is in
    # the audits that are read afterwards. The other way round, a write that lands between the two reads would be
    # called lost, and sent a second time.
    try:
        ticket, _ = _read(calls, action.ticket)
        same = ticket.updated_at == stamp["updated_at"]
        found, newest = _look_for(calls, action, _earliest(stamp, sent_at))
    except GoneError:
        return Never()
    if isinstance(found, Unknown):
        return found
    if found is not None:
        if _is_public(found):
            raise _exposed(calls, action)
        return Landed(_receipt(found, ticket.updated_at))
    return NotYet() if same else _lost(calls, action, ticket, newest, sent_at)


def _earliest(stamp: Stamp, sent_at: datetime) -> datetime:
    """No audit of this write is older. Zendesk's own time is asked too: our clock may be ahead of it."""
    return min(sent_at, moment(stamp.get("server_date")) or sent_at) - BEFORE_SENDING


def _lost(calls: Calls, action: Action, ticket: Ticket, newest: datetime | None, sent_at: datetime) -> Finding:
    """Never, unless the audits seem older than the ticket: a stale list that lacks our marker is no proof."""
    changed = moment(ticket.updated_at)
    if changed is not None and (newest is None or changed - newest > QUIET):
        if calls.tools.now() - sent_at > SETTLED:
            return Unknown(f"the ticket changed at {changed}, but its newest audit is of {newest}")
        raise TemporaryError("the audits are older than the ticket.", source=calls.source, ticket=action.ticket)
    return Never()


def _look_for(
    calls: Calls, action: Action, since: datetime
) -> tuple[dict[str, JSON] | Unknown | None, datetime | None]:
    """The audit that carries our marker, and the time of the newest audit seen. Newest first, back to `since`."""
    newest: datetime | None = None
    for audit in _audits(calls, action.ticket):
        if audit is None:
            return Unknown(f"the ticket has more than {MOST_PAGES * PAGE} audits since the write"), newest
        at = moment(audit.get("created_at"))
        if any(inner(audit, "metadata", *path, MARKER) == action.marker for path in (("custom",), ())):
            return audit, newest
        if newest is not None and at is not None and at < since and at < newest:
            break
        newest = max(filter(None, (newest, at)), default=None)
    return None, newest


def _audits(calls: Calls, ticket: str) -> Iterator[dict[str, JSON] | None]:
    """Audits, newest first; None where there are too many to look at."""
    path = f"/api/v2/tickets/{ticket}/audits.json"
    newest_first = {"sort": "-created_at"}
    for count, page in enumerate(pages(calls, path, "audits", newest_first, ticket=ticket, writing=True)):
        if count >= MOST_PAGES:
            yield None
        yield from (audit for raw in page if isinstance(audit := msgspec.json.decode(raw), dict))


def _read(calls: Calls, ident: str) -> tuple[Ticket, datetime]:
    """The ticket now, and the time at Zendesk when it was read."""
    path = f"/api/v2/tickets/{ident}.json"
    response = calls.get(path, ticket=ident, writing=True)
    place: dict[str, Any] = {"source": calls.source, "ticket": ident}
    sent = parsed(response.content, _Shown, f"GET {path}", **place).ticket
    try:
        ticket = msgspec.convert({**sent, "sent": sent}, Ticket)
    except msgspec.ValidationError as error:
        raise TemporaryError(f"GET {path}: the answer is no ticket ({error}).", **place) from error
    try:
        return ticket, parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return ticket, calls.tools.now()


def _empty(action: Action, ticket: Ticket) -> dict[str, JSON]:
    """What of the effect's `fill` is to be written: fields in which nothing stands; a checkbox not ticked is one."""
    empty = {}
    for field, value in action.effect.fill.items():
        stands = _value(ticket, field)
        if field not in action.effect.fields and (stands is None or stands is False or stands in ("", [])):
            empty[field] = value
    return empty


def _still_ours(action: Action, ticket: Ticket) -> dict[str, JSON]:
    """Of the fields to be set back, those that still hold what we wrote, with what stood there before."""
    return {
        field: before
        for field, (ours, before) in action.effect.restore.items()
        if str(_value(ticket, field)) == str(ours)
    }


def _left(action: Action, ticket: Ticket, back: dict[str, JSON]) -> dict[str, str]:
    """What an undo leaves, and why."""
    gone = [tag for tag in action.effect.untag if tag not in ticket.labels]
    off = {f"label {tag}": "somebody has taken it off already" for tag in gone}
    return off | {field: "somebody has changed it since" for field in action.effect.restore if field not in back}


def _before(ticket: Ticket, fields: dict[str, JSON]) -> dict[str, list[JSON]]:
    """What a write changes: [what it writes, what stands there now] by field."""
    return {field: [value, now] for field, value in fields.items() if str(now := _value(ticket, field)) != str(value)}


def _value(ticket: Ticket, field: str) -> JSON:
    head, _, ident = field.partition(":")
    return _custom(ticket).get(number(ident)) if head == "custom" else ticket.sent.get(ALIASES.get(field, field))


def _custom(ticket: Ticket) -> dict[JSON, JSON]:
    sent = ticket.sent.get("custom_fields")
    return {one.get("id"): one.get("value") for one in sent if isinstance(one, dict)} if isinstance(sent, list) else {}


def _body(action: Action, fields: dict[str, JSON]) -> dict[str, Any]:
    """The members of the ticket that the write sets, without tags. Raises RejectedError for what cannot be set."""
    body: dict[str, Any] = {}
    if action.effect.note is not None:
        body["comment"] = {"body": action.effect.note, "public": False}
    custom = []
    for field, value in fields.items():
        name = ALIASES.get(field, field)
        head, _, ident = name.partition(":")
        if head == "custom" and ident.isdecimal():
            custom.append({"id": int(ident), "value": value})
        elif name in PLAIN:
            body[name] = number(value) if name.endswith("_id") and number(value) is not None else value
        else:
            raise RejectedError(
                f"the field {field!r} cannot be written.",
                source=action.source,
                ticket=action.ticket,
                remedy="`amends mapping discover` lists the fields that can.",
            )
    if custom:
        body["custom_fields"] = custom
    return body


def _tags(action: Action) -> set[str]:
    """The tags to add, as Zendesk keeps them: in small letters, a space as an underscore."""
    return {"_".join(tag.lower().split()) for tag in action.effect.tags}


def _changes(action: Action, body: dict[str, Any], ticket: Ticket) -> bool:
    if "comment" in body or not _tags(action) <= set(ticket.labels) or set(action.effect.untag) & set(ticket.labels):
        return True
    now = _custom(ticket)
    custom = any(now.get(one["id"]) != one["value"] for one in body.get("custom_fields", ()))
    return custom or any(ticket.sent.get(name) != value for name, value in body.items() if name in PLAIN)


def _is_public(audit: JSON) -> bool:
    """Whether a comment of the write itself can be read by the customer. Comments by rules are none of ours."""
    found = inner(audit, "events")
    return any(
        inner(event, "type") == "Comment"
        and inner(event, "public") is not False
        and inner(event, "via", "channel") != "rule"
        for event in (found if isinstance(found, list) else ())
    )


def _receipt(audit: JSON, updated_at: JSON) -> Receipt:
    return {"audit": str(inner(audit, "id")), "updated_at": updated_at}
