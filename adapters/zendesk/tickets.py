"""Tickets as the export and the strong read show them: a snapshot in, a record out. Pure; used by `pages`, `getting`.

What is kept of a ticket is `{"ticket": <as sent>, "requester": <the sideloaded user, cut>}`.

Field ids that a mapping can use are the members of the ticket as Zendesk names them (subject, description, status,
custom_status_id, priority, type, tags, via.channel, brand_id, ticket_form_id, group_id, assignee_id, organization_id,
external_id, recipient, due_at, created_at, updated_at, is_public, satisfaction_rating.score, metric_set.reopens …)
and besides:
  requester.*      id, name, email, phone, verified, locale, time_zone (in Rails' words), iana_time_zone, external_id,
                   role, tags
  custom:360001    the value of custom field 360001
  agent_url        where an agent opens the ticket
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from adapters.zendesk.snapshots import REFUSED, Metrics, Snapshot, fields_of, kept_of, metrics_of, snapshot_of
from adapters.zendesk.values import instant, loaded, moment, number, ticket_id
from connector.adapter import Record
from connector.model import JSON, Entry, EntryKind, Role, Visibility

BLOCK = "\u2587"  # what Zendesk leaves in place of a redacted character
SCRUBBED = "SCRUBBED"  # what it leaves of the words of a ticket that was deleted for good
SOLVED = ("solved", "closed")
SHAPES: tuple[tuple[str, tuple[type, ...], str], ...] = (
    ("status", (str,), "a word"),
    ("subject", (str, type(None)), "text"),
    ("description", (str, type(None)), "text"),
    ("priority", (str, type(None)), "a word"),
    ("tags", (list, type(None)), "a list"),
)
USUAL = (str, str, str, list)  # status, subject, description, tags
_NO_METRICS = Metrics()
# Each ticket is made of these, and to look into an enum's class takes longer than the rest of an entry.
_RECEIVED, _STATUS, _PRIORITY = EntryKind.RECEIVED, EntryKind.STATUS, EntryKind.PRIORITY
_OWNER, _STAFF_REPLY = EntryKind.OWNER, EntryKind.STAFF_REPLY
_CUSTOMER, _STAFF, _NOBODY = Role.CUSTOMER, Role.STAFF, Role.UNKNOWN
_PUBLIC, _INTERNAL = Visibility.PUBLIC, Visibility.INTERNAL


class Person(msgspec.Struct, omit_defaults=True):
    """What is kept of a sideloaded user. Members are read as they come; a mapping judges them."""

    id: Any = None
    name: Any = None
    email: Any = None
    phone: Any = None
    verified: Any = None
    locale: Any = None
    time_zone: Any = None
    iana_time_zone: Any = None
    external_id: Any = None
    role: Any = None
    tags: Any = None


class Requester(NamedTuple):
    """A requester as bytes for the kept record and as an object for its fields."""

    packed: bytes
    fields: dict[str, JSON]


class Seen(NamedTuple):
    """When a page was read, and what the ids of its statements begin with: "~", so that they sort after what was
    observed at their instant, and the time, so that a later statement sorts after an earlier one."""

    at: datetime
    prefix: str

    @staticmethod
    @lru_cache(maxsize=64)  # all tickets of a page were seen at one time
    def when(at: datetime) -> Seen:
        return Seen(at, f"~{int(at.timestamp() * 1_000_000):016d}")


class People:
    """The sideloaded users of one page, by id; each is packed once, and only if it is a requester."""

    def __init__(self, sent: msgspec.Raw) -> None:
        self._found: dict[int, Person] = {}
        self._requesters: dict[int, Requester] = {}
        for person in _persons(sent):
            ident = number(person.id)
            if ident is not None:
                self._found[ident] = person

    def requester(self, ident: JSON) -> Requester | None:
        known = number(ident)
        if known is None or known not in self._found:
            return None
        if known not in self._requesters:
            person = self._found[known]
            self._requesters[known] = Requester(msgspec.json.encode(person), msgspec.to_builtins(person))
        return self._requesters[known]


_decode_persons = msgspec.json.Decoder(list[Person]).decode


def _persons(sent: msgspec.Raw) -> list[Person]:
    if not sent:
        return []
    try:
        return _decode_persons(sent)
    except (msgspec.DecodeError, UnicodeDecodeError):
        users = loaded(sent)
        found = users if isinstance(users, list) else []
        return [msgspec.convert(one, Person) for one in found if isinstance(one, dict)]


def sent_ticket(raw: msgspec.Raw, people: People, metrics: Mapping[int, msgspec.Raw], seen: Seen) -> Record:
    """The record of one ticket of a page. Never raises: what cannot be read is a record with a problem."""
    try:
        ticket = snapshot_of(raw)
        requester = people.requester(ticket.requester_id)
        metric = metrics.get(number(ticket.id) or 0) if metrics else None
        if metric is not None:
            ticket.with_metrics(metrics_of(metric))
    except REFUSED:
        return _odd_ticket(raw, people, metrics, seen)
    parts = [b'{"ticket":', raw]
    if requester is not None:
        parts += (b',"requester":', requester.packed)
    if metric is not None:
        parts += (b',"metric_set":', metric)
    parts.append(b"}")
    return _record(b"".join(parts), ticket, requester.fields if requester else None, seen)


def _odd_ticket(raw: msgspec.Raw, people: People, metrics: Mapping[int, msgspec.Raw], seen: Seen) -> Record:
    """The same of a ticket that is not what the documentation says."""
    try:
        ticket = msgspec.json.decode(raw)
        requester = people.requester(ticket.get("requester_id"))
    except (*REFUSED, AttributeError):
        return read(b"".join((b'{"ticket":', raw, b"}")), seen.at)
    parts = [b'{"ticket":', raw]
    if requester is not None:
        parts += (b',"requester":', requester.packed)
    if metrics and (metric := metrics.get(number(ticket.get("id")) or 0)) is not None:
        parts += (b',"metric_set":', metric)
    return read(b"".join((*parts, b"}")), seen.at)


def gone(ticket: str, seen_at: datetime) -> Record:
    """The record of a ticket that a strong read no longer finds."""
    return read(b'{"ticket":{"id":%d},"gone":true}' % int(ticket), seen_at)


def read(kept: bytes, seen_at: datetime) -> Record:
    """The record that `kept` holds, as it was made when it was seen at `seen_at`."""
    try:
        whole = kept_of(kept)
    except ValueError as error:
        return _broken(kept, None, str(error))
    seen, requester = Seen.when(seen_at), whole.requester
    if whole.gone is True and (ident := number(whole.ticket.id)) is not None:
        return Record(str(ident), f"{ident}#gone", kept, entries=(_deletion(seen_at, seen),))
    ticket = whole.ticket.with_metrics(whole.metric_set)
    return _record(kept, ticket, requester if isinstance(requester, dict) else None, seen)


def _record(kept: bytes, ticket: Snapshot, requester: dict[str, JSON] | None, seen: Seen) -> Record:
    ident = ticket_id(ticket.id)
    if ident is None:
        return _broken(kept, None, f"it has no id: {ticket.id!r}")
    created, updated = moment(ticket.created_at), moment(ticket.updated_at)
    trouble = _trouble(ticket, created, updated)
    opened = created or updated
    if trouble is not None or opened is None:
        return _broken(kept, ident, trouble or "it says neither when it was created nor when it was updated")
    changed = updated or opened
    generated = ticket.generated_timestamp
    version = int(changed.timestamp())
    # Changes by Zendesk itself move only this one; outside the export it may be missing or 0.
    if type(generated) is int and generated > version:
        version = generated
    name = str(ident)
    if ticket.subject == SCRUBBED and ticket.description == SCRUBBED:
        # Only the ticket's end is news: what Zendesk wiped must not wipe what we hold, be it wiped by our own rules.
        ended = (_deletion(instant(version) or changed, seen),) if ticket.status == "deleted" else ()
        return Record(name, f"{name}#scrubbed", kept, version, entries=ended)
    entries = _entries(name, ticket, opened, changed, version, seen)
    return Record(name, name, kept, version, fields_of(ticket, requester, kept), entries)


def _as_usual(ticket: Snapshot) -> bool:
    """Whether its members are of the types that nearly all tickets have."""
    kinds = (type(ticket.status), type(ticket.subject), type(ticket.description), type(ticket.tags))
    rated = ticket.priority is None or type(ticket.priority) is str
    return kinds == USUAL and rated and memoryview(ticket.custom_fields)[0] in b"[n"


def _trouble(ticket: Snapshot, created: datetime | None, updated: datetime | None) -> str | None:
    if created and updated and _as_usual(ticket):
        return None
    for name, kinds, wanted in SHAPES:
        value = getattr(ticket, name)
        if not isinstance(value, kinds):
            return f"{name} is {type(value).__name__}, not {wanted}"
    if memoryview(ticket.custom_fields)[0] not in b"[n":
        try:
            return f"custom_fields is {type(loaded(ticket.custom_fields)).__name__}, not a list"
        except ValueError as error:
            return f"custom_fields is no JSON: {error}"
    if created is None and ticket.created_at is not None:
        return f"created_at is no time with a zone: {str(ticket.created_at)[:40]!r}"
    if updated is None and ticket.updated_at is not None:
        return f"updated_at is no time with a zone: {str(ticket.updated_at)[:40]!r}"
    return None


def _broken(kept: bytes, ident: int | None, problem: str) -> Record:
    # Nobody can read it, but it must be found again: by its id, or else by its bytes.
    name = str(ident) if ident is not None else f"unknown-{sha256(kept).hexdigest()[:16]}"
    return Record(name, name, kept, problem=problem)


def _entries(
    name: str, ticket: Snapshot, opened: datetime, changed: datetime, version: int, seen: Seen
) -> tuple[Entry, ...]:
    """What a snapshot tells of the timeline: how it began, and what it says of status, priority and owner now."""
    at, prefix = seen
    metrics = ticket.metric_set or _NO_METRICS
    description, status, priority = ticket.description, ticket.status, ticket.priority
    public = ticket.is_public is not False
    requester, owner = number(ticket.requester_id), number(ticket.assignee_id)
    actor = None if requester is None else str(requester)
    # Only staff can open a ticket that its requester does not see.
    opener, visibility = (_CUSTOMER, _PUBLIC) if public else (_STAFF, _INTERNAL)
    entries = [Entry(f"r:{name}", _RECEIVED, opened, at, opener, actor, visibility, description)]
    if status == "deleted":
        entries.append(_deletion(instant(version) or changed, seen))
    else:
        since = moment(metrics.solved_at if status in SOLVED else metrics.status_updated_at) or changed
        entries.append(_statement(f"{prefix}s", _STATUS, since, at, status))
    if priority is not None:
        entries.append(_statement(f"{prefix}p", _PRIORITY, changed, at, priority))
    if owner is not None:
        entries.append(_statement(f"{prefix}o", _OWNER, moment(metrics.assigned_at) or changed, at, str(owner)))
    if (replied := _first_reply(metrics, opened)) is not None:
        entries.append(replied_entry(replied, at))
    if description is not None and BLOCK in description:
        entries.append(_redaction(f"{prefix}x", name, changed, at, description))
    return tuple(entries)


def _statement(ident: str, kind: EntryKind, at: datetime, seen_at: datetime, value: str) -> Entry:
    return Entry(ident, kind, at, seen_at, _NOBODY, None, _INTERNAL, None, value, None, False)


def _deletion(at: datetime, seen: Seen) -> Entry:
    return Entry(f"{seen.prefix}d", EntryKind.DELETE, at, seen.at, observed=False)


def _redaction(ident: str, name: str, at: datetime, seen_at: datetime, left: str) -> Entry:
    """The description was redacted: its first telling, which has our own id, is blanked to what is left of it."""
    return Entry(ident, EntryKind.REDACTION, at, seen_at, text=left, value=f"r:{name}", observed=False)


def _first_reply(metrics: Metrics, opened: datetime) -> datetime | None:
    """When staff first replied in public, to the minute, as the vendor's own metric has it (calendar time)."""
    reply = metrics.reply_time_in_minutes
    minutes = reply.get("calendar") if isinstance(reply, dict) else None
    if type(minutes) is not int or not 0 <= minutes < 10**8:
        return None
    try:
        return opened + timedelta(0, minutes * 60)
    except OverflowError:
        return None


def replied_entry(at: datetime, seen_at: datetime) -> Entry:
    return Entry("~reply", _STAFF_REPLY, at, seen_at, _STAFF, None, _PUBLIC, None, None, None, False)
