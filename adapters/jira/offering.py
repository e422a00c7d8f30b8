"""What an admin can map at this site: `discover`. Used by the adapter.

A field can be written where it stands on an edit screen: that is asked of the newest issue of each project. A project
without an issue is judged by the screens on which its issues are created, and where nobody may see those, nothing is
claimed. What a new issue must have, and the options of a field, are asked by project and kind of issue.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from adapters.jira.answers import HIDDEN, parsed
from adapters.jira.calls import Calls
from adapters.jira.search import Asked, search
from adapters.jira.values import inner, person_id, rows, word
from connector.adapter import Discovery, Field
from connector.model import JSON

PAGE = 50
MOST_PAGES = 40
MOST_PEOPLE = 1000
MEANINGS = {"new": "new", "indeterminate": "open", "done": "resolved"}  # statusCategory to our words
# What a field is, by the key of its kind, else by the type in its schema.
KINDS = {
    "textarea": "long_text",
    "select": "choice",
    "radiobuttons": "choice",
    "cascadingselect": "choice",
    "multiselect": "choices",
    "multicheckboxes": "choices",
    "userpicker": "person",
    "multiuserpicker": "people",
    "labels": "labels",
    "sd-sla-field": "sla",
    "vp-origin": "text",
    "sd-request-participants": "people",
}
TYPES = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "time",
    "user": "person",
    "option": "choice",
    "option-with-child": "choice",
    "priority": "choice",
    "resolution": "choice",
    "issuetype": "choice",
    "project": "choice",
    "status": "choice",
    "sd-servicelevelagreement": "sla",
}
LISTS = {"user": "people", "option": "choices", "component": "choices", "version": "choices"}
LONG = frozenset({"description", "environment"})
# Ids that a mapping can name and no list of the vendor's has; see `issues`.
ALWAYS = (
    Field("key", "Key", "text"),
    Field("url", "Address for people", "text"),
    Field("project.key", "Project", "text"),
    Field("issuetype.name", "Kind of issue", "text"),
    Field("priority.name", "Priority", "text"),
    Field("resolution.name", "Resolution", "text"),
    Field("reporter.displayName", "Reporter's name", "text"),
    Field("reporter.emailAddress", "Reporter's address", "text"),
    Field("reporter.timeZone", "Reporter's time zone", "text"),
    Field("assignee.displayName", "Assignee's name", "text"),
)
PERSONS = (("reporter", "Reporter's id"), ("assignee", "Assignee's id"))
SERVICE = (
    Field("request_type", "Request type", "text"),
    Field("organizations", "Organisations", "labels"),
    Field("participants", "Request participants", "people"),
    Field("channel", "Channel", "text"),
    Field("satisfaction.rating", "Satisfaction", "number"),
    Field("satisfaction.comment", "Satisfaction, in words", "long_text"),
)
SLA_MEMBERS = (
    ("breached", "breached", "yes_no"),
    ("breach_at", "breaches at", "time"),
    ("paused", "paused", "yes_no"),
    ("elapsed_seconds", "seconds elapsed", "number"),
)


class _Met:
    """What the screens of all projects say of one field."""

    def __init__(self) -> None:
        self.options: dict[str, str] = {}
        self.writable: bool | None = False
        self.many = False
        self.required = False
        self.where: list[str] = []


def discover(calls: Calls) -> Discovery:
    """Raises AuthError, TemporaryError."""
    every = _list(calls, calls.api("/field"))
    met: dict[str, _Met] = {}
    unseen = [key for key in calls.settings.projects if not _meet(calls, key, met)]
    statuses, meanings = _statuses(calls)
    people = _people(calls)
    fields = [field for one in every for field in _fields(one, met, told=not unseen)]
    ours, theirs = ("accountId", "name") if calls.settings.cloud else ("name", "accountId")
    persons = tuple(Field(f"{person}.{ours}", title, "text") for person, title in PERSONS)
    extras = ALWAYS + persons + (SERVICE if calls.settings.service_desk else ())
    named = {field.id for field in fields}
    return Discovery(
        fields=(*fields, *(one for one in extras if one.id not in named)),
        statuses=statuses,
        priorities=_priorities(calls, met.get("priority")),
        people=people,
        meanings=meanings,
        renamed={f"{person}.{theirs}": f"{person}.{ours}" for person, _ in PERSONS},
    )


def _meet(calls: Calls, key: str, met: dict[str, _Met]) -> bool:
    """What the screens of a project say goes into `met`; False where it shows us none of them."""
    edit = _edit_screen(calls, key)
    created = list(_create_screens(calls, key))
    for name, told in created:
        _take(met.setdefault(name, _Met()), key, told, creating=True, counts=not edit)
    for name, row in edit.items():
        if isinstance(row, dict):
            _take(met.setdefault(name, _Met()), key, row, creating=False, counts=True)
    return bool(edit or created)


def _create_screens(calls: Calls, key: str) -> Iterator[tuple[str, dict[str, JSON]]]:
    """(field id, what it says) for each kind of issue."""
    base = calls.api(f"/issue/createmeta/{key}/issuetypes")
    for kind in _paged(calls, base, "issueTypes"):
        for told in _paged(calls, f"{base}/{kind.get('id')}", "fields"):
            yield str(told.get("fieldId") or told.get("key")), told


def _edit_screen(calls: Calls, key: str) -> dict[str, JSON]:
    """The fields of the newest issue's screen; {} where there is no issue that we may see."""
    asked = Asked(f'project = "{key}" ORDER BY created DESC', ("updated",))
    try:
        newest = search(calls, asked, None, 1).issues
        for raw in newest[:1]:
            ident = word(msgspec.json.decode(raw, type=dict[str, Any]).get("id"))
            path = calls.api(f"/issue/{ident}/editmeta")
            found = parsed(calls.get(path).content, dict[str, Any], f"GET {path}", source=calls.source).get("fields")
            return found if isinstance(found, dict) else {}
    except HIDDEN:
        pass  # a project that we may not see: `check` tells of it
    return {}


def _take(met: _Met, key: str, told: dict[str, JSON], *, creating: bool, counts: bool) -> None:
    """`creating`: the screen is one for new issues. It `counts`: what stands on it can be written."""
    operations = told.get("operations")
    known = operations if isinstance(operations, list) else []
    met.writable = met.writable or (counts and bool(known))
    met.many |= "add" in known
    met.required |= creating and told.get("required") is True and told.get("hasDefaultValue") is not True
    if key not in met.where:
        met.where.append(key)
    for option in rows(told.get("allowedValues")):
        title = str(option.get("value") or option.get("name") or option.get("id"))
        met.options.setdefault(title, title)
        for child in rows(option.get("children")):
            met.options.setdefault(f"{title} / {child.get('value')}", f"{title} / {child.get('value')}")


def _fields(row: dict[str, JSON], met: dict[str, _Met], *, told: bool) -> Iterator[Field]:
    """`told`: every project showed us a screen, so what stands on none cannot be written."""
    ident = word(row.get("id"))
    if ident is None or ident == "comment":
        return
    here, kind, title = met.get(ident, _Met()), _kind(ident, row), word(row.get("name")) or ident
    yield Field(
        ident,
        title,
        kind,
        tuple(here.options.items()),
        # A status is reached by a transition, which is on no screen.
        here.writable or ident == "status" or (False if told else None),
        here.many,
        here.required,
        tuple(here.where),
    )
    if kind == "sla":
        for member, words, type_ in SLA_MEMBERS:
            yield Field(f"{ident}.{member}", f"{title}: {words}", type_, where=tuple(here.where))


def _kind(ident: str, row: dict[str, JSON]) -> str:
    schema = row.get("schema")
    known: dict[str, JSON] = schema if isinstance(schema, dict) else {}
    custom = str(known.get("custom") or "").rpartition(":")[2]
    if custom in KINDS:
        return KINDS[custom]
    if ident in LONG:
        return "long_text"
    if known.get("type") == "array":
        return LISTS.get(str(known.get("items")), "labels" if known.get("items") == "string" else "other")
    return TYPES.get(str(known.get("type")), "other")


def _statuses(calls: Calls) -> tuple[tuple[tuple[str, str], ...], dict[str, str]]:
    found: dict[str, str] = {}
    meanings: dict[str, str] = {}
    for key in calls.settings.projects:
        for kind in _rows_or_none(calls, calls.api(f"/project/{key}/statuses")):
            for status in rows(kind.get("statuses")):
                name = str(status.get("name"))
                found[f"{key}/{name}"] = name
                if (meaning := MEANINGS.get(str(inner(status, "statusCategory", "key")))) is not None:
                    meanings[f"{key}/{name}"] = meaning
    return tuple(found.items()), meanings


def _priorities(calls: Calls, met: _Met | None) -> tuple[tuple[str, str], ...]:
    """Those that the projects' schemes offer; all of the site's where no screen says."""
    if met is not None and met.options:
        return tuple(met.options.items())
    names = [name for one in _rows_or_none(calls, calls.api("/priority")) if (name := word(one.get("name")))]
    return tuple((name, name) for name in dict.fromkeys(names))


def _people(calls: Calls) -> tuple[tuple[str, str], ...]:
    """Who can be made the owner of an issue in one of the projects."""
    path = calls.api("/user/assignable/search")
    found: dict[str, str] = {}
    for key in calls.settings.projects:
        for begin in range(0, MOST_PEOPLE, PAGE):
            page = _rows_or_none(calls, path, {"project": key, "startAt": begin, "maxResults": PAGE})
            found |= {ident: str(one.get("displayName") or ident) for one in page if (ident := person_id(one))}
            if not page:
                break
    return tuple(found.items())


def _paged(calls: Calls, path: str, name: str) -> Iterator[dict[str, JSON]]:
    """Rows of a list with startAt and total; nothing where we may not see it."""
    begin = 0
    for _ in range(MOST_PAGES):
        try:
            content = calls.get(path, {"startAt": begin, "maxResults": PAGE}).content
        except HIDDEN:
            return
        page = parsed(content, dict[str, Any], f"GET {path}", source=calls.source)
        found = rows(page.get(name) or page.get("values"))  # a Data Center calls all its lists values
        yield from found
        begin += len(found)
        total = page.get("total")
        if not found or page.get("isLast") is True or (isinstance(total, int) and begin >= total):
            return


def _rows_or_none(calls: Calls, path: str, asked: dict[str, JSON] | None = None) -> list[dict[str, JSON]]:
    try:
        return _list(calls, path, asked)
    except HIDDEN:
        return []


def _list(calls: Calls, path: str, asked: dict[str, JSON] | None = None) -> list[dict[str, JSON]]:
    return rows(parsed(calls.get(path, asked).content, list[Any], f"GET {path}", source=calls.source))
