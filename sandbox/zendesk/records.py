"""The account's state and the one way it changes: `update` makes an audit, moves the times and keeps the indexes.

`account` lets people act on top of this, `writes` lets the API. Not thread-safe by itself: callers hold `lock`.
"""

from __future__ import annotations

import bisect
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sandbox.clock import Elsewhen
from sandbox.zendesk import content, shapes
from sandbox.zendesk.hooks import Webhooks
from sandbox.zendesk.ledger import Ledger
from sandbox.zendesk.shapes import Body
from sandbox.zendesk.switches import Policy, Switches, Trigger

JSON = Any
SYSTEM = -1  # the author Zendesk gives to what its own rules do


class Change(msgspec.Struct, frozen=True):
    """One update: `fields` maps names ("status", "tags", "custom:17") to new values."""

    actor: int
    fields: dict[str, JSON] = {}
    text: str | None = None
    public: bool = True
    author: int | None = None
    metadata: dict[str, JSON] = {}
    via: Body | None = None


@dataclass
class Ticket:
    """A ticket's JSON and its audits, oldest first. `before_delete` is the status it had, None while it lives."""

    body: Body
    audits: list[Body] = field(default_factory=list)
    before_delete: str | None = None
    deleted_at: str | None = None
    deleted_by: int | None = None

    @property
    def number(self) -> int:
        return int(self.body["id"])

    def comments(self) -> list[Body]:
        return [
            shapes.listed_comment(event, audit)
            for audit in self.audits
            for event in audit["events"]
            if event["type"] == "Comment"
        ]


class Records:
    """Everything in the account. `now` is the only clock; `site` is the address that objects name in their
    `url`, `links` the one that paging links begin with (`serve` makes it the served address)."""

    def __init__(self, now: Callable[[], datetime], site: str = "https://sandbox.zendesk.test") -> None:
        self.clock = now
        self._elsewhen = Elsewhen()
        self.shown_until = datetime.min.replace(tzinfo=UTC)
        # Lets happen what stories say happened until a time, before an export makes that time past for ever.
        self.catch_up: Callable[[datetime], object] = lambda _until: None
        self.lock = threading.RLock()
        self.site = site
        self.links = site
        self.ledger = Ledger()
        self.switches = Switches()
        self.triggers: list[Trigger] = []
        self.policies: list[Policy] = []
        self.users: dict[int, Body] = {}
        self.tickets: dict[int, Ticket] = {}
        self.suspended: list[Body] = []
        self.ticket_order: list[tuple[int, int]] = []
        self.user_order: list[tuple[int, int]] = []
        self.event_order: list[tuple[int, int, int]] = []
        self.hooks = Webhooks()
        self.audits: dict[int, Body] = {}
        self._last_id = 6_130_000_000_000
        self._last_ticket = 0
        self._furnish()

    # time and numbers

    def now(self) -> datetime:
        moment = self._elsewhen.moment
        if moment is not None:
            return max(moment, self.shown_until + timedelta(seconds=1))
        return self.clock() + timedelta(seconds=self.switches.skew_seconds)

    def at(self, moment: datetime) -> AbstractContextManager[None]:
        """Let what this thread does inside happen at `moment`, for stories that catch up with the clock; but not in a
        past that an export has already shown, since that would never be seen."""
        return self._elsewhen.at(moment)

    def next_id(self) -> int:
        self._last_id += 128
        return self._last_id

    # look-up

    def live(self, number: int) -> Ticket | None:
        """The ticket, or None where it does not exist or is deleted."""
        ticket = self.tickets.get(number)
        return ticket if ticket is not None and ticket.before_delete is None else None

    def ticket(self, number: int) -> Ticket:
        return self.tickets[number]

    def default_status(self, category: str) -> int | None:
        return next((one["id"] for one in self.statuses if one["status_category"] == category and one["default"]), None)

    # change

    def add_user(self, number: int, name: str, email: str | None, role: str, **more: JSON) -> Body:
        at = shapes.iso(self.now())
        body = shapes.user(self.site, number, name, email, role, at, **more)
        self.users[number] = body
        bisect.insort(self.user_order, (int(self.now().timestamp()), number))
        return body

    def create(self, requester: int, submitter: int, subject: str, change: Change, **more: JSON) -> Ticket:
        """A new ticket; `change` holds its first comment and the values set at birth."""
        self._last_ticket += 1
        number, at = self._last_ticket, shapes.iso(self.now())
        defaults: Body = {
            "subject": subject,
            "raw_subject": subject,
            "description": change.text or "",
            "requester_id": requester,
            "submitter_id": submitter,
            "via": change.via or shapes.via("api"),
            "brand_id": content.BRAND,
            "ticket_form_id": content.FORM,
            "custom_status_id": self.default_status("new"),
            "is_public": change.public,
        }
        body = shapes.ticket(self.site, number, at, **(defaults | more))
        body["custom_fields"] = [{"id": one["id"], "value": _blank(one)} for one in self.custom_fields()]
        body["fields"] = body["custom_fields"]
        ticket = self.tickets[number] = Ticket(body)
        self._record(ticket, change, creating=True)
        return ticket

    def update(self, ticket: Ticket, change: Change) -> Body | None:
        """Apply `change`; returns the audit, or None when nothing was changed by it."""
        return self._record(ticket, change, creating=False)

    def touch(self, ticket: Ticket) -> None:
        """A system update: the export shows the ticket again though updated_at stays."""
        self._reindex(ticket, int(self._moment(ticket).timestamp()))

    def _record(self, ticket: Ticket, change: Change, *, creating: bool) -> Body | None:
        moment = self._moment(ticket)
        audit: Body = {
            "id": self.next_id(),
            "ticket_id": ticket.number,
            "created_at": shapes.iso(moment),
            "author_id": change.actor,
            "metadata": {"system": dict(shapes.SYSTEM_METADATA), "custom": change.metadata},
            "events": [],
            "via": change.via or shapes.via("api"),
        }
        events: list[Body] = audit["events"]
        if change.text is not None:
            author = change.author or change.actor
            events.append(shapes.comment(self.next_id(), audit["id"], author, change.text, change.public))
        if creating:
            events += [self._born(name, ticket.body[name]) for name in BORN_WITH]
        tags_before = set(ticket.body["tags"])
        for name, value in self._derived(ticket, change.fields).items():
            events += self._set(ticket, name, value, creating=creating)
        events += self._fire(ticket, set(ticket.body["tags"]) - tags_before)
        if not events:
            return None
        self.keep(ticket, audit, moment)
        return audit

    def keep(self, ticket: Ticket, audit: Body, moment: datetime) -> None:
        """File an audit made at `moment` and move the ticket's times."""
        stamp = int(moment.timestamp())
        ticket.audits.append(audit)
        self.audits[audit["id"]] = audit
        ticket.body["updated_at"] = audit["created_at"]
        if any(event["type"] == "Comment" and event["public"] for event in audit["events"]):
            ticket.body["is_public"] = True
        bisect.insort(self.event_order, (stamp, audit["id"], ticket.number))
        self._reindex(ticket, stamp)
        self.hooks.tell(audit, created=len(ticket.audits) == 1)

    def _moment(self, ticket: Ticket) -> datetime:
        """Now, but never before the ticket's last change: a ticket's own history does not run backwards."""
        last = datetime.fromisoformat(ticket.body["updated_at"])
        return max(self.now().replace(microsecond=0), last)

    def _reindex(self, ticket: Ticket, stamp: int) -> None:
        old = (ticket.body["generated_timestamp"], ticket.number)
        place = bisect.bisect_left(self.ticket_order, old)
        if self.ticket_order[place : place + 1] == [old]:
            del self.ticket_order[place]
        ticket.body["generated_timestamp"] = stamp
        bisect.insort(self.ticket_order, (stamp, ticket.number))

    def _derived(self, ticket: Ticket, fields: dict[str, JSON]) -> dict[str, JSON]:
        """What follows from the wish: a status sets its custom status and the other way, an option brings its tag."""
        wish = dict(fields)
        if "custom_status_id" in wish:
            wish["status"] = next(
                one["status_category"] for one in self.statuses if one["id"] == wish["custom_status_id"]
            )
        elif "status" in wish and wish["status"] != ticket.body["status"]:
            wish["custom_status_id"] = self.default_status(wish["status"]) or ticket.body["custom_status_id"]
        kinds = {one["id"]: one["type"] for one in self.custom_fields()}
        tags: set[str] = set(wish["tags"] if "tags" in wish else ticket.body["tags"])
        for name, value in fields.items():
            if name.startswith("custom:") and kinds.get(int(name[7:])) in ("tagger", "multiselect"):
                tags -= set(_listed(custom_value(ticket.body, int(name[7:]))))
                tags |= set(_listed(value))
        if "tags" in wish or tags != set(ticket.body["tags"]):
            wish["tags"] = sorted(tags)
        return wish

    def _set(self, ticket: Ticket, name: str, value: JSON, *, creating: bool) -> list[Body]:
        if name.startswith("custom:"):
            name = name[7:]
            slot = next((one for one in ticket.body["custom_fields"] if one["id"] == int(name)), None)
            if slot is None:
                return []
            before, slot["value"] = slot["value"], value
        else:
            before, ticket.body[name] = ticket.body.get(name), value
            if name == "subject":
                ticket.body["raw_subject"] = value
        if before == value:
            return []
        if creating:
            return [self._born(name, value)]
        event = {"id": self.next_id(), "type": "Change", "field_name": name}
        return [event | {"value": _told(value), "previous_value": _told(before)}]

    def _born(self, name: str, value: JSON) -> Body:
        return {"id": self.next_id(), "type": "Create", "field_name": name, "value": _told(value)}

    def _fire(self, ticket: Ticket, added: set[str]) -> list[Body]:
        """Each trigger runs at most once an update, as the vendor's do."""
        events: list[Body] = []
        for number, trigger in enumerate(self.triggers, start=1):
            if trigger.when in added:
                tags = (set(ticket.body["tags"]) | set(trigger.add)) - set(trigger.remove)
                rule = shapes.via("rule", rel="trigger", source={"id": number, "title": trigger.title})
                events += [event | {"via": rule} for event in self._set(ticket, "tags", sorted(tags), creating=False)]
        return events

    # furniture

    def custom_fields(self) -> list[Body]:
        return [one for one in self.fields if one["type"] not in shapes.SYSTEM_FIELD_KINDS]

    def _furnish(self) -> None:
        at, site = shapes.iso(self.now()), self.site
        self.fields = [
            shapes.field(site, number, title, kind, at, options)
            for number, title, kind, options in (*content.SYSTEM_FIELDS, *content.CUSTOM_FIELDS)
        ]
        self.statuses = [
            shapes.custom_status(site, number, label, category, at, default=default)
            for number, label, category, default in content.STATUSES
        ]
        self.groups = [
            shapes.group(site, number, name, at, default=number == content.SUPPORT) for number, name in content.GROUPS
        ]
        self.forms = [shapes.form(site, content.FORM, "Default ticket form", at, [one["id"] for one in self.fields])]
        self.brands = [shapes.brand(site, content.BRAND, "Sandbox Store", at, [content.FORM], default=True)]
        for number, name, email, role in content.STAFF:
            self.add_user(number, name, email, role, default_group_id=content.SUPPORT)


BORN_WITH = (
    "subject",
    "requester_id",
    "priority",
    "type",
    "status",
    "organization_id",
    "brand_id",
    "ticket_form_id",
    "custom_status_id",
)


def custom_value(body: Body, number: int) -> JSON:
    return next((one["value"] for one in body["custom_fields"] if one["id"] == number), None)


def _blank(field_body: Body) -> JSON:
    return {"checkbox": False, "multiselect": []}.get(field_body["type"])


def _listed(value: JSON) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _told(value: JSON) -> JSON:
    """Audits tell numbers and booleans as text and leave lists and null alone."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value) if isinstance(value, int | float) else value
