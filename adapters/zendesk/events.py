"""Ticket events and audits: the same facts in two shapes, translated into the same timeline entries. Pure.

Used by `pages` and `getting`. What is kept is `{"event": <as sent>, "roles": {"17": "staff", …}}`: the event itself
does not say who is staff, so those of its people who are stand beside it ("own" is the integration user).

The export names a change after its field ({"status": "open", "previous_value": "new"}), an audit has field_name and
value. Ids are the same in both, so an entry that came both ways is one entry.

Who acted: our marker in the metadata, or our own user through the API (but not by a public comment, which we never
write, so that a person who shares our user is not silenced) is Amends; a trigger or automation is the system; staff is
staff; anybody else is the customer's side. Without `roles` it stays unknown, and a public comment of an unknown author
is taken for the customer's, because a reply that was none would stop a clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from adapters.zendesk.values import inner, instant, loaded, moment, number, padded, text, ticket_id
from connector.adapter import Record
from connector.model import JSON, Entry, EntryKind, Role, Visibility

MARKER = "amends"  # our key in an audit's custom metadata
STAFF, OWN = "staff", "own"
COMMENTS = frozenset({"Comment", "VoiceComment", "FacebookComment", "Tweet"})
KINDS = {"status": EntryKind.STATUS, "priority": EntryKind.PRIORITY, "assignee_id": EntryKind.OWNER}
FIELDS = (
    "group_id",
    "type",
    "brand_id",
    "ticket_form_id",
    "organization_id",
    "requester_id",
    "custom_status_id",
    "tags",
)
RULES = frozenset({"rule", "trigger", "automation", "system"})
API = frozenset({"api", "web service"})
MERGED_TAG = "closed_by_merge"
TICKET_NUMBER = re.compile(r"#(\d+)")


class Update(NamedTuple):
    """What holds for all that one event did."""

    ident: int
    ticket: str
    at: datetime
    seen_at: datetime
    author: int | None
    via: JSON
    marked: bool
    roles: Mapping[str, JSON] | None


def people_in(event: JSON) -> set[int]:
    """The ids of those who acted in an event."""
    acted = [inner(event, "updater_id"), inner(event, "author_id")]
    acted += [child.get("author_id") for child in _children(event)]
    return {ident for one in acted if (ident := number(one)) is not None}


def read(kept: bytes, seen_at: datetime) -> Record:
    """The record that `kept` holds. Never raises: what cannot be read is a record with a problem."""
    try:
        whole = loaded(kept)
    except ValueError as error:
        return _broken(kept, None, None, f"it is no JSON: {error}")
    event, roles = inner(whole, "event"), inner(whole, "roles")
    ident, ticket = number(inner(event, "id")), ticket_id(inner(event, "ticket_id"))
    if ident is None or ticket is None:
        return _broken(kept, ident, ticket, "it does not name itself and its ticket by numbers")
    at = moment(event.get("created_at")) or instant(event.get("timestamp"))
    if at is None:
        return _broken(kept, ident, ticket, "it says no time at which it happened")
    marked = any(inner(event, *path) for path in (("metadata", "custom", MARKER), ("metadata", MARKER)))
    author = number(event.get("updater_id", event.get("author_id")))
    known = roles if isinstance(roles, dict) else None
    update = Update(ident, str(ticket), at, seen_at, author, event.get("via"), marked, known)
    entries = {entry.id: entry for entry in _entries(event, update)}
    return Record(update.ticket, str(ident), kept, entries=tuple(entries.values()))


def _broken(kept: bytes, ident: int | None, ticket: int | None, problem: str) -> Record:
    name = f"unknown-{sha256(kept).hexdigest()[:16]}"
    return Record(
        str(ticket) if ticket is not None else name, str(ident) if ident is not None else name, kept, problem=problem
    )


def _children(event: JSON) -> list[dict[str, JSON]]:
    found = inner(event, "child_events") or inner(event, "events")
    return [child for child in found if isinstance(child, dict)] if isinstance(found, list) else []


def _entries(event: JSON, update: Update) -> Iterator[Entry]:
    children = _children(event)
    opening = any(_kind(child) == "Create" for child in children)
    for index, child in enumerate(children):
        given = number(child.get("id"))
        ident = padded(given) if given is not None else f"{padded(update.ident)}.{index:03d}"
        kind = _kind(child)
        if kind in COMMENTS:
            # The comment that opened the ticket is its description: the snapshot tells it.
            if not opening:
                yield _comment(ident, child, update)
        elif kind in ("Change", "Create"):
            yield from _change(ident, child, update, opening)
        elif kind in OTHERS:
            yield from OTHERS[kind](ident, child, update)
    if (winner := _merged_into(children, update)) is not None:
        yield _entry(f"{padded(update.ident)}.merge", EntryKind.MERGE, update, value=winner)


def _kind(child: dict[str, JSON]) -> JSON:
    kind = child.get("event_type") or child.get("type")
    return kind if isinstance(kind, str) else None


def _comment(ident: str, child: dict[str, JSON], update: Update) -> Entry:
    public = child.get("public", child.get("comment_public")) is True
    author = number(child.get("author_id")) or update.author
    role = _role(update, author, child.get("via", update.via), public=public)
    if not public:
        kind = EntryKind.NOTE
    elif role in (Role.CUSTOMER, Role.UNKNOWN):
        kind = EntryKind.CUSTOMER_MESSAGE
    else:
        kind = EntryKind.STAFF_REPLY
    return Entry(
        ident,
        kind,
        moment(child.get("created_at")) or update.at,
        update.seen_at,
        role,
        None if author is None else str(author),
        Visibility.PUBLIC if public else Visibility.INTERNAL,
        next((body for name in ("body", "plain_body") if isinstance(body := child.get(name), str)), None),
    )


def _change(ident: str, child: dict[str, JSON], update: Update, opening: bool) -> Iterator[Entry]:
    """Status, priority and owner are told from the beginning; of the other fields only what changed later."""
    for index, (field, value) in enumerate(_changed(child)):
        name = ident if index == 0 else f"{ident}.{index:03d}"
        via = child.get("via", update.via)
        if field == "status" and value == "deleted":
            yield _entry(name, EntryKind.DELETE, update, via=via)
        elif field in KINDS:
            if value is not None or not opening:
                yield _entry(name, KINDS[field], update, via=via, value=value)
        elif field in ("satisfaction_score", "satisfaction_rating"):
            yield from _rating(name, {"score": value, "via": via}, update)
        elif not opening and (field in FIELDS or field.startswith("custom:")):
            yield _entry(name, EntryKind.FIELD, update, via=via, value=value, field=field)


def _changed(child: dict[str, JSON]) -> Iterator[tuple[str, str | None]]:
    """(field id, new value) pairs of a change in either shape."""
    name = child.get("field_name")
    if isinstance(name, str):
        yield (f"custom:{name}" if name.isdecimal() else name), text(child.get("value"))
        return
    for field in (*KINDS, *FIELDS, "satisfaction_score"):
        if field in child:
            yield field, text(child[field])
    custom = child.get("custom_ticket_fields")
    if isinstance(custom, dict):
        for ident, value in custom.items():
            yield f"custom:{ident}", text(value)


def _redaction(ident: str, child: dict[str, JSON], update: Update) -> Iterator[Entry]:
    comment = number(child.get("comment_id"))
    if comment is not None:
        yield _entry(ident, EntryKind.REDACTION, update, value=padded(comment), words="")


def _privacy(ident: str, child: dict[str, JSON], update: Update) -> Iterator[Entry]:
    """A comment was made private (or public again): told as a field named after the comment's entry."""
    comment = number(child.get("comment_id"))
    if comment is not None:
        value = "public" if child.get("public") is True else "internal"
        yield _entry(ident, EntryKind.FIELD, update, value=value, field=f"visibility:{padded(comment)}")


def _rating(ident: str, child: dict[str, JSON], update: Update) -> Iterator[Entry]:
    """The customer's word; that a survey was or was not offered is none."""
    score = text(child.get("score"))
    if score is not None and not score.lower().endswith("offered"):
        words = child.get("body")
        yield _entry(ident, EntryKind.RATING, update, value=score, words=words if isinstance(words, str) else None)


OTHERS = {
    "CommentRedactionEvent": _redaction,
    "CommentPrivacyChange": _privacy,
    "SatisfactionRating": _rating,
}


def _entry(
    ident: str,
    kind: EntryKind,
    update: Update,
    *,
    via: JSON = None,
    value: str | None = None,
    field: str | None = None,
    words: str | None = None,
) -> Entry:
    return Entry(
        ident,
        kind,
        update.at,
        update.seen_at,
        _role(update, update.author, via or update.via, public=False),
        None if update.author is None else str(update.author),
        text=words,
        value=value,
        field=field,
    )


def _role(update: Update, author: int | None, via: JSON, *, public: bool) -> Role:
    channel = (via if isinstance(via, str) else text(inner(via, "channel")) or "").lower()
    # A customer's trigger may act inside the audit of our own write; what it does is not ours.
    if channel in RULES or author == -1:
        return Role.SYSTEM
    if update.marked:
        return Role.AMENDS
    if update.roles is None or author is None:
        return Role.UNKNOWN
    known = update.roles.get(str(author))
    if known == OWN and channel in API and not public:
        return Role.AMENDS
    return Role.STAFF if known in (OWN, STAFF) else Role.CUSTOMER


def _merged_into(children: list[dict[str, JSON]], update: Update) -> str | None:
    """The ticket that this one was merged into, if this event did that. The winner has an event of the same kind, but
    only the loser is closed by it."""
    if not any(_adds_merged_tag(child) for child in children):
        return None
    for via in (update.via, *(child.get("via") for child in children)):
        target = number(inner(via, "source", "to", "ticket_id"))
        if target is not None:
            return str(target)
    words = " ".join(body for child in children if isinstance(body := child.get("body"), str))
    named = [one for one in TICKET_NUMBER.findall(words) if one != update.ticket]
    return named[0] if named else None


def _adds_merged_tag(child: dict[str, JSON]) -> bool:
    if child.get("field_name") == "tags":
        return MERGED_TAG in _tags(child.get("value")) - _tags(child.get("previous_value"))
    return MERGED_TAG in _tags(child.get("added_tags"))


def _tags(value: JSON) -> set[str]:
    if isinstance(value, str):
        return set(value.split())
    return {one for one in value if isinstance(one, str)} if isinstance(value, list) else set()
