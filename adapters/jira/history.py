"""What happened to an issue: its comments, its changelog, and what its snapshot states, as timeline entries. Pure.

An issue's status, priority and owner at its creation follow from the first change of each ("from what"), so that the
timeline is whole. A status is "KEY/Name" with the key of the project that the issue was in at that time.

Who acted: the reporter and whoever Jira calls a customer is the customer's side; an app is the system; a comment with
our marker is Amends; anybody else who is named is staff. Ids are "begin:", "change:", "comment:", "issue:" and
"rating:" with the vendor's ids, padded; statements of a snapshot begin with "~". Used by `issues`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from adapters.jira import wiki
from adapters.jira.documents import text_of
from adapters.jira.values import inner, moment, number, padded, person_id, rows, word
from connector.model import JSON, Entry, EntryKind, Role, Visibility

LONGEST_VALUE = 255
INTERNAL_PROPERTY = "sd.public.comment"
MARKER_PROPERTY = "amends.marker"
KINDS = {"status": EntryKind.STATUS, "priority": EntryKind.PRIORITY, "assignee": EntryKind.OWNER}
TEXTS = frozenset({"description", "environment", "Comment"})


class Change(NamedTuple):
    """One item of the changelog with what its history says of it."""

    ident: str
    at: datetime
    author: JSON
    item: dict[str, JSON]

    @property
    def field(self) -> str:
        return str(self.item.get("fieldId") or self.item.get("field") or "")


class Told(NamedTuple):
    """What is known of an issue while its entries are made."""

    ident: int
    opened: datetime
    changed: datetime
    seen_at: datetime
    key: str | None
    customers: frozenset[str]
    names: dict[str, str]

    @property
    def prefix(self) -> str:
        """Of statements: "~" sorts after what was observed at the instant, the time after earlier statements."""
        return f"~{int(self.seen_at.timestamp() * 1_000_000):016d}"


def deletion(seen_at: datetime) -> Entry:
    """The issue is there no more; when it went, nobody says."""
    return Entry(f"~{int(seen_at.timestamp() * 1_000_000):016d}d", EntryKind.DELETE, seen_at, seen_at, observed=False)


def restoration(seen_at: datetime) -> Entry:
    """The issue was read by its id, so it is there: this heals where it was once taken for deleted because we might not
    see it then. It says nothing of an issue that nobody took for deleted."""
    return Entry(f"~{int(seen_at.timestamp() * 1_000_000):016d}u", EntryKind.RESTORE, seen_at, seen_at, observed=False)


def entries_of(kept: dict[str, JSON], ident: int, text: str | None, seen_at: datetime) -> tuple[Entry, ...]:
    """The entries of a kept issue (see `issues`) whose times are known to be times. `text` is its description."""
    issue = kept["issue"]
    fields: dict[str, JSON] = issue["fields"]
    histories = _histories(kept)
    comments = rows(kept["comments"] if "comments" in kept else inner(fields, "comment", "comments"))
    told = _told(kept, ident, seen_at)
    changes = sorted(_changes(histories, told), key=lambda one: (one.at, one.ident))
    found = {entry.id: entry for entry in _observed(told, fields, text, changes, comments, histories is not None)}
    for entry in (*_rating(told, kept), *_statements(told, fields)):
        found.setdefault(entry.id, entry)
    if kept.get("strong") is True:
        back = restoration(seen_at)
        found[back.id] = back
    return tuple(sorted(found.values(), key=lambda entry: (entry.occurred_at, entry.id)))


def _observed(
    told: Told,
    fields: dict[str, JSON],
    text: str | None,
    changes: list[Change],
    comments: list[dict[str, JSON]],
    all_known: bool,
) -> Iterator[Entry]:
    reporter = fields.get("reporter") or fields.get("creator")
    yield Entry(
        f"issue:{told.ident}",
        EntryKind.RECEIVED,
        told.opened,
        told.seen_at,
        Role.CUSTOMER,
        person_id(reporter),
        Visibility.PUBLIC,
        text,
    )
    if all_known:
        yield from _beginnings(told, fields, changes)
    for change in changes:
        yield from _change(told, change, changes)
    for comment in comments:
        if (entry := _comment(told, comment)) is not None:
            yield entry


def _told(kept: dict[str, JSON], ident: int, seen_at: datetime) -> Told:
    fields = kept["issue"]["fields"]
    created, updated = moment(fields.get("created")), moment(fields.get("updated"))
    opened = created or updated or seen_at
    participants = inner(kept, "request", "fields", "participants")
    people = [fields.get("reporter"), *(rows(fields.get(participants)) if isinstance(participants, str) else ())]
    # On Cloud an account says itself whether it is a customer's; staff may take part in a request there.
    customers = people if not inner(fields, "reporter", "accountId") else people[:1]
    named = [fields.get("assignee"), fields.get("reporter"), fields.get("creator")]
    names = {key: name for one in named if (key := word(inner(one, "key"))) and (name := word(inner(one, "name")))}
    known = frozenset(name for one in customers if (name := person_id(one)))
    key = word(inner(fields, "project", "key")) or (word(kept["issue"].get("key")) or "").rpartition("-")[0] or None
    return Told(ident, opened, updated or opened, seen_at, key, known, names)


def _histories(kept: dict[str, JSON]) -> list[dict[str, JSON]] | None:
    """The whole changelog; None where it is not known whole."""
    if "changelog" in kept:
        return rows(kept["changelog"])
    sent = inner(kept, "issue", "changelog")
    if not isinstance(sent, dict):
        return None
    return rows(sent.get("histories"))


def _changes(histories: list[dict[str, JSON]] | None, told: Told) -> Iterator[Change]:
    for history in histories or ():
        at, ident = moment(history.get("created")), padded(history.get("id"))
        if at is None or ident is None:
            continue
        for index, item in enumerate(rows(history.get("items"))):
            yield Change(f"change:{ident}.{index:03d}", at, history.get("author"), item)


def _change(told: Told, change: Change, changes: list[Change]) -> Iterator[Entry]:
    field, item = change.field, change.item
    if field == "Comment":
        yield from _comment_change(told, change)
        return
    kind = KINDS.get(field, EntryKind.FIELD)
    if kind is EntryKind.OWNER:
        value = _owner(told, item.get("to"))
    elif kind is EntryKind.STATUS:
        value = _scoped(_key_at(told, change, changes), item.get("toString"))
        if value is None:
            return
    elif field in TEXTS:
        value = None
    else:
        value = _short(item.get("toString")) or _short(item.get("to"))
    yield _entry(told, change, kind, value, {"Key": "key"}.get(field, field) if kind is EntryKind.FIELD else None)


def _comment_change(told: Told, change: Change) -> Iterator[Entry]:
    """A comment was deleted (its text is blanked), or edited (told as a field named after the comment's entry)."""
    comment = padded(change.item.get("from")) or padded(change.item.get("to"))
    if comment is None:
        yield _entry(told, change, EntryKind.FIELD, None, "comment")
    elif change.item.get("to") is None and change.item.get("toString") is None:
        yield _entry(told, change, EntryKind.REDACTION, f"comment:{comment}", None, words="")
    else:
        yield _entry(told, change, EntryKind.FIELD, None, f"comment:{comment}")


def _entry(
    told: Told, change: Change, kind: EntryKind, value: str | None, field: str | None, words: str | None = None
) -> Entry:
    return Entry(
        change.ident,
        kind,
        change.at,
        told.seen_at,
        _role(told, change.author),
        person_id(change.author),
        text=words,
        value=value,
        field=field,
    )


def _beginnings(told: Told, fields: dict[str, JSON], changes: list[Change]) -> Iterator[Entry]:
    """Status, priority and owner at the creation: what the first change of each was from, or what they still are."""
    firsts: dict[str, Change] = {}
    for change in changes:
        firsts.setdefault(change.field, change)
    key = _key_at(told, None, changes)
    status, priority, owner = firsts.get("status"), firsts.get("priority"), firsts.get("assignee")
    values = {
        EntryKind.STATUS: _scoped(key, status.item.get("fromString") if status else inner(fields, "status", "name")),
        EntryKind.PRIORITY: word(
            priority.item.get("fromString") if priority else inner(fields, "priority", "name"),
        ),
        EntryKind.OWNER: _owner(told, owner.item.get("from")) if owner else person_id(fields.get("assignee")),
    }
    for kind, value in values.items():
        if value is not None:
            yield Entry(f"begin:{told.ident}.{kind}", kind, told.opened, told.seen_at, value=value)


def _statements(told: Told, fields: dict[str, JSON]) -> Iterator[Entry]:
    """What the snapshot says stands now; told only where no event says it."""
    values = (
        ("s", EntryKind.STATUS, _scoped(told.key, inner(fields, "status", "name"))),
        ("p", EntryKind.PRIORITY, word(inner(fields, "priority", "name"))),
        ("o", EntryKind.OWNER, person_id(fields.get("assignee"))),
    )
    for letter, kind, value in values:
        if value is not None:
            yield Entry(f"{told.prefix}{letter}", kind, told.changed, told.seen_at, value=value, observed=False)


def _key_at(told: Told, change: Change | None, changes: list[Change]) -> str | None:
    """The key of the issue's project then: what the next move after `change` (None: the beginning) was from."""
    for later in changes:
        moved = later.field in ("Key", "key") and (
            change is None or (later.at, later.ident[:-4]) > (change.at, change.ident[:-4])
        )
        if moved and (key := word(later.item.get("fromString"))):
            return key.rpartition("-")[0] or told.key
    return told.key


def _scoped(key: str | None, name: JSON) -> str | None:
    known = word(name)
    return known if known is None or key is None else f"{key}/{known}"


def _owner(told: Told, value: JSON) -> str | None:
    known = word(value)
    return told.names.get(known, known) if known else None


def _short(value: JSON) -> str | None:
    return None if value is None else str(value)[:LONGEST_VALUE]


def _comment(told: Told, comment: dict[str, JSON]) -> Entry | None:
    ident, at = padded(comment.get("id")), moment(comment.get("created"))
    if ident is None or at is None:
        return None
    properties = {one.get("key"): one.get("value") for one in rows(comment.get("properties"))}
    hidden = _internal(comment, properties)
    author = comment.get("author")
    role = Role.AMENDS if MARKER_PROPERTY in properties else _role(told, author)
    if hidden:
        kind = EntryKind.NOTE
    elif role in (Role.CUSTOMER, Role.UNKNOWN):
        # A reply that was none would stop a clock: what nobody signed is taken for the customer's.
        kind = EntryKind.CUSTOMER_MESSAGE
    else:
        kind = EntryKind.STAFF_REPLY
    body = comment.get("body")
    return Entry(
        f"comment:{ident}",
        kind,
        at,
        told.seen_at,
        role,
        person_id(author),
        Visibility.INTERNAL if hidden else Visibility.PUBLIC,
        wiki.text_of(body) if isinstance(body, str) else text_of(body),
    )


def _internal(comment: dict[str, JSON], properties: dict[JSON, JSON]) -> bool:
    marked = inner(properties.get(INTERNAL_PROPERTY), "internal")
    return (
        comment.get("jsdPublic") is False
        or comment.get("public") is False
        or bool(comment.get("visibility"))
        or str(marked).lower() == "true"
    )


def _role(told: Told, person: JSON) -> Role:
    ident = person_id(person)
    if ident is None:
        return Role.UNKNOWN
    kind = inner(person, "accountType")
    if ident in told.customers or kind == "customer":
        return Role.CUSTOMER
    return Role.SYSTEM if kind == "app" else Role.STAFF


def _rating(told: Told, kept: dict[str, JSON]) -> Iterator[Entry]:
    """The customer's rating, which Service Management keeps."""
    ids = inner(kept, "request", "fields")
    fields = kept["issue"]["fields"]
    known: dict[str, JSON] = ids if isinstance(ids, dict) else {}
    given = inner(kept, "request", "feedback") or fields.get(str(known.get("satisfaction")))
    rating = number(inner(given, "rating"))
    if rating is None:
        return
    at = moment(fields.get(str(known.get("satisfaction_date")))) or told.changed
    words = inner(given, "comment", "body") or inner(given, "comment")
    yield Entry(
        f"rating:{told.ident}.{rating}",
        EntryKind.RATING,
        at,
        told.seen_at,
        Role.CUSTOMER,
        text=words if isinstance(words, str) else None,
        value=str(rating),
    )
