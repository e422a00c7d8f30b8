"""An issue whole, as it is kept, and what it tells: a snapshot of its fields and its timeline. Pure.

What is kept is `{"issue": <as sent>, "comments": [...], "changelog": [...], "request": {...}, "site": {"url": …}}`.
`comments` and `changelog` are there only where the issue as sent does not hold them all; `request` is what only Service
Management knows: the ids of its own `fields` by kind, and the customer's `feedback`. `strong` is true where the issue
was read by its id and not found by a search, `trouble` why it could not be read whole.

Field ids that a mapping can use are the ids of the issue's fields (summary, description, labels, customfield_10042 …),
system objects by dots (project.key, issuetype.name, priority.name, reporter.emailAddress, assignee.accountId,
resolution.name …), and besides:
  id, key, url      url is where people open the issue
  status            "KEY/Name", with the key of the project
  request_type, organizations, participants, channel, satisfaction     Service Management
An SLA field has members: name, ongoing, paused, breached, breach_at, goal_seconds, elapsed_seconds, completed.
Used by `pages`, `getting` and the adapter's `read`.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec

from adapters.jira import wiki
from adapters.jira.cycles import steps_of
from adapters.jira.documents import text_of
from adapters.jira.history import deletion, entries_of
from adapters.jira.values import inner, issue_id, loaded, milliseconds, moment, person_id, plain, rows, word
from connector.adapter import Record
from connector.model import JSON

CHANNEL = "request.channel.type"  # the entity property in which Service Management keeps the channel
NAMED = frozenset({"components", "fixVersions", "versions"})
OBJECTS = ("status", "project", "priority", "reporter", "assignee")


class Site(NamedTuple):
    """Where the issues are: `url` is that of the site, without a slash at the end."""

    url: str


class Extras(NamedTuple):
    """What other calls told of an issue, as JSON; None where the issue as sent holds it all."""

    comments: bytes | None = None
    changelog: bytes | None = None
    request: bytes | None = None
    strong: bytes | None = None
    trouble: bytes | None = None


NOTHING = Extras()


def sent_issue(raw: bytes | msgspec.Raw, issue: JSON, extras: Extras, site: Site, seen_at: datetime) -> Record:
    """The record of one issue, as sent and decoded. Never raises: what cannot be read is a record with a problem."""
    whole = kept(raw, extras, site)
    if not isinstance(issue, dict):
        return read(whole, seen_at)
    value: dict[str, JSON] = {"issue": issue, "site": {"url": site.url}}
    for name, part in zip(Extras._fields, extras, strict=True):
        if part is not None:
            value[name] = loaded(part)
    return _understood(whole, value, seen_at)


def kept(raw: bytes | msgspec.Raw, extras: Extras, site: Site) -> bytes:
    """An issue as it is kept."""
    parts: list[bytes | msgspec.Raw] = [b'{"issue":', without_deleted(raw)]
    changelog = None if extras.changelog is None else without_deleted(extras.changelog)
    for name, value in extras._replace(changelog=changelog)._asdict().items():
        if value is not None:
            parts += (f',"{name}":'.encode(), value)
    parts += (b',"site":', msgspec.json.encode({"url": site.url}), b"}")
    return b"".join(parts)


def without_deleted(raw: bytes | msgspec.Raw) -> bytes | msgspec.Raw:
    """`raw` without the words of deleted comments, which the changelog still has: they must not live on with us."""
    if b'"Comment"' not in bytes(raw):
        return raw
    try:
        value = loaded(raw)
    except ValueError:
        return raw
    histories = inner(value, "changelog", "histories") if isinstance(value, dict) else value
    for item in (item for history in rows(histories) for item in rows(history.get("items"))):
        if item.get("field") == "Comment" and item.get("toString") is None:
            item["fromString"] = None
    return msgspec.json.encode(value)


def gone(ticket: str, seen_at: datetime) -> Record:
    """The record of an issue that a strong read no longer finds."""
    return read(b'{"issue":{"id":"%d"},"gone":true}' % int(ticket), seen_at)


def untold(ticket: str, why: str, seen_at: datetime) -> Record:
    """The record of an issue that is there, or may be, and that Jira does not tell: only `why`."""
    return read(b'{"issue":{"id":"%d"},"trouble":%s}' % (int(ticket), msgspec.json.encode(why)), seen_at)


def raw_id(ticket: str) -> str:
    """What an issue is kept under. It names the issue: what is put aside is told apart by this name alone."""
    return f"issue:{ticket}"


def read(whole: bytes, seen_at: datetime) -> Record:
    """The record that `whole` holds, as it was made when it was seen at `seen_at`."""
    try:
        value = loaded(whole)
    except ValueError as error:
        return _broken(whole, None, f"it is no JSON: {error}")
    return _understood(whole, value, seen_at)


def _understood(whole: bytes, value: JSON, seen_at: datetime) -> Record:
    issue = inner(value, "issue")
    if not isinstance(issue, dict):
        return _broken(whole, None, "an issue is an object, and this is none")
    ident = issue_id(issue.get("id"))
    if ident is None:
        return _broken(whole, None, "it has no id that is a number")
    if value.get("gone") is True:
        return Record(str(ident), "gone", whole, entries=(deletion(seen_at),))
    if (why := value.get("trouble")) is not None:
        return _broken(whole, ident, str(why))
    fields = issue.get("fields")
    if not isinstance(fields, dict):
        return _broken(whole, ident, "its fields are no object")
    if (trouble := _trouble(fields)) is not None:
        return _broken(whole, ident, trouble)
    return _record(whole, value, ident, fields, seen_at)


def _trouble(fields: dict[str, JSON]) -> str | None:
    for name in OBJECTS:
        if not isinstance(fields.get(name), dict | None):
            return f"{name} is {type(fields[name]).__name__}, not an object"
    for name in ("created", "updated"):
        if fields.get(name) is not None and moment(fields[name]) is None:
            return f"{name} is no time with a zone: {str(fields[name])[:40]!r}"
    if fields.get("created") is None and fields.get("updated") is None:
        return "it says neither when it was created nor when it was updated"
    return None


def _broken(whole: bytes, ident: int | None, problem: str) -> Record:
    # Nobody can read it, but it must be found again: by its id, or else by its bytes.
    name = str(ident) if ident is not None else f"unknown-{sha256(whole).hexdigest()[:16]}"
    return Record(name, raw_id(name), whole, problem=problem)


def _record(whole: bytes, value: dict[str, JSON], ident: int, fields: dict[str, JSON], seen_at: datetime) -> Record:
    issue, request = value["issue"], value.get("request")
    text = words_of(fields.get("description"))
    entries = entries_of(value, ident, text, seen_at)
    updated = moment(fields.get("updated")) or moment(fields.get("created")) or seen_at
    snapshot = _fields(fields, text)
    snapshot["id"], snapshot["key"] = str(ident), issue.get("key")
    snapshot["url"] = f"{inner(value, 'site', 'url') or ''}/browse/{issue.get('key')}"
    if isinstance(request, dict):
        _service(snapshot, fields, request)
        snapshot["channel"] = inner(issue, "properties", CHANNEL, "value")
    asked = inner(request, "fields") if isinstance(request, dict) else None
    slas = [name for kind, name in asked.items() if kind.startswith("sla:")] if isinstance(asked, dict) else []
    steps = steps_of({str(name): fields.get(str(name)) for name in slas}, updated, seen_at)
    return Record(str(ident), raw_id(str(ident)), whole, milliseconds(updated), snapshot, entries, clocks=steps)


def words_of(value: JSON) -> str | None:
    """A long text as plain text: a document (Cloud) or wiki text (Data Center); None where there is none."""
    if value is None:
        return None
    return wiki.text_of(value) if isinstance(value, str) else text_of(value)


def _fields(fields: dict[str, JSON], text: str | None) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    for name, value in fields.items():
        if type(value) is not dict and type(value) is not list:
            found[name] = value
        elif name.startswith("customfield_"):
            found[name] = plain(value)
        elif name in NAMED:
            found[name] = [one.get("name") for one in rows(value)]
        elif name != "comment":
            found[name] = value
    if "environment" in fields:
        found["environment"] = words_of(fields["environment"])
    found["description"], found["status"] = text, status_of(fields)
    return found


def status_of(fields: dict[str, JSON]) -> str | None:
    """ "KEY/Name", or the name alone where the issue does not say its project."""
    name, key = word(inner(fields, "status", "name")), word(inner(fields, "project", "key"))
    return name if name is None or key is None else f"{key}/{name}"


def _service(snapshot: dict[str, JSON], fields: dict[str, JSON], request: dict[str, JSON]) -> None:
    """Service Management's own fields under names that are the same at every site."""
    ids = request.get("fields")
    known: dict[str, JSON] = ids if isinstance(ids, dict) else {}
    snapshot["request_type"] = plain(fields.get(str(known.get("request_type"))))
    snapshot["organizations"] = [one.get("name") for one in rows(fields.get(str(known.get("organizations"))))]
    snapshot["participants"] = [person_id(one) for one in rows(fields.get(str(known.get("participants"))))]
    snapshot["satisfaction"] = plain(request.get("feedback") or fields.get(str(known.get("satisfaction"))))
