"""Opening an issue for the cause of a complaint, exactly one, and linking it to the complaint it comes from.

Jira knows no idempotency key, and its search is behind. So the new issue carries our marker as a label, by which it can
be searched, and as a property, which proves it is ours and no clone of ours. In doubt nothing is sent again before the
index has had its time. The property says last that all is done: the issue that has this stands for the action, be its
link taken away. Should two have come to be all the same, the other is labelled amends-duplicate, linked to that one as
its duplicate, and closed where the workflow lets us at once; people see both, and nothing is deleted.
Used by `writing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from adapters.jira import shapes, transitions
from adapters.jira.answers import ForbiddenError, parsed
from adapters.jira.calls import Calls
from adapters.jira.target import Target, issue_path, mark_key, mark_of, read, wait_until_settled
from adapters.jira.values import inner
from connector.adapter import Finding, Landed, NotYet, Receipt, Stamp
from connector.errors import ConflictError, GoneError, RejectedError, TemporaryError
from connector.model import JSON, Action

SETTLE = timedelta(seconds=60)
INDEX_LAG = timedelta(minutes=5)
ASK_AGAIN = timedelta(seconds=60)
LONGEST_LABEL = 255
LONGEST_SUMMARY = 255
DUPLICATE = "amends-duplicate"
RELATIONSHIP = "complaint"
PAGE = 50
# Members of Effect.create that are no fields of the issue: where it goes, what it is, and the complaint's address.
PLACE = ("project", "issuetype", "url", "title")


def prepare(calls: Calls, action: Action) -> Stamp:
    """The fields of the new issue as Jira takes them. Raises RejectedError: an unknown project or type, a field that is
    not on its screen, a choice that is none, a required field without a value."""
    create = dict(action.effect.create)
    project, kind = _named(create.get("project"), "key"), _named(create.get("issuetype"), "name")
    if not project or not kind or not create.get("summary"):
        raise _refused(calls, action, "a new issue needs a project, an issuetype and a summary.")
    type_id, server_now = _type_id(calls, action, project, kind)
    meta = _fields(calls, action, project, type_id)
    fields: dict[str, JSON] = {"project": {"key": project}, "issuetype": {"id": type_id}}
    fields["summary"] = " ".join(str(create.pop("summary")).split())[:LONGEST_SUMMARY]
    labels = [action.marker, *action.effect.tags, *_list(create.pop("labels", None))]
    fields["labels"] = [label for label in dict.fromkeys(map(str, labels)) if label]
    for name, value in create.items():
        if name not in PLACE and value is not None:
            fields[name] = _shaped(calls, action, name, value, meta)
    _refuse_incomplete(calls, action, fields, meta)
    return {"create": fields, "server_date": server_now.isoformat()}


def apply(calls: Calls, action: Action, stamp: Stamp) -> Receipt:
    """Create the issue unless it is there, then the link to the complaint, then say in our mark that all is done.
    Raises what `Calls.post` raises."""
    found, _ = _first(calls, action, _ours(calls, action))
    issue = (found.id, found.key) if found else _create(calls, action, stamp)
    receipt = _receipt(calls, issue) | _linked(calls, action, issue[0])
    if found is None or not _is_done(found):
        path = issue_path(calls, issue[0], f"/properties/{mark_key(action.marker)}")
        calls.put(path, _origin(calls, action, done=True), ticket=issue[0])
    return receipt


def find(calls: Calls, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
    """Whether our issue is there, and all done. "Absent" is only said once the index must know it."""
    found = _ours(calls, action)
    first, done = _first(calls, action, found)
    if first is None or first.mark is None or not done:
        wait_until_settled(calls, action, sent_at, SETTLE if first else SETTLE + INDEX_LAG, ASK_AGAIN)
        return NotYet()
    others = [one for one in found if one is not first]
    return Landed(_receipt(calls, (first.id, first.key)) | _repair(calls, action, first, others))


def _first(calls: Calls, action: Action, found: list[Target]) -> tuple[Target | None, bool]:
    """The issue that stands for the action, and whether all is done: the one that we finished or at least linked, for
    its name is in the receipt; else the oldest."""
    standing = [one for one in found if DUPLICATE not in one.labels] or found
    done = next(filter(_is_done, standing), None)
    done = done or next((one for one in standing if _is_linked(calls, action, one.id)), None)
    return done or next(iter(standing), None), done is not None


def _is_done(target: Target) -> bool:
    return inner(target.mark, "done") is True


def _create(calls: Calls, action: Action, stamp: Stamp) -> tuple[str, str]:
    body: dict[str, JSON] = {"fields": stamp["create"]}
    body["properties"] = [{"key": mark_key(action.marker), "value": _origin(calls, action)}]
    path = calls.api("/issue")
    content = calls.post(path, body, ticket=action.ticket).content
    made = parsed(content, dict[str, JSON], f"POST {path}", source=calls.source, ticket=action.ticket)
    if not made.get("id") or not made.get("key"):
        raise TemporaryError(f"POST {path}: the answer shows no issue.", source=calls.source, ticket=action.ticket)
    return str(made["id"]), str(made["key"])


def _origin(calls: Calls, action: Action, **more: JSON) -> JSON:
    return mark_of(calls, action, origin=action.origin or action.ticket, **more)


def _receipt(calls: Calls, issue: tuple[str, str]) -> Receipt:
    ident, key = issue
    return {"ticket": ident, "key": key, "url": f"{calls.settings.site}/browse/{quote(key)}"}


# Looking for it


def _ours(calls: Calls, action: Action) -> list[Target]:
    """The issues that we opened for this action, oldest first; at most one, unless a copy landed late.

    A clone has our label but not our property. On a Data Center the property comes a call later, so there the oldest
    counts if none has it, and what the same user created."""
    found: list[Target] = []
    for ident in _labelled(calls, action):
        try:
            found.append(read(calls, ident, action.marker, ("creator",)))
        except GoneError:
            continue  # the index has not heard of its end
    found.sort(key=lambda one: one.id.zfill(20))
    marked = [one for one in found if one.mark is not None]
    if calls.settings.cloud or not found:
        return marked
    first = (marked or found)[0]
    return [one for one in found if one.mark is not None or _creator(one) == _creator(first)]


def _creator(target: Target) -> JSON:
    return inner(target.fields, "creator", "key") or inner(target.fields, "creator", "name")


def _labelled(calls: Calls, action: Action) -> list[str]:
    jql = f'labels = "{action.marker}" ORDER BY key ASC'
    cloud = calls.settings.cloud
    path = calls.api("/search/jql" if cloud else "/search")
    asked: dict[str, JSON] = {"jql": jql, "fields": ["labels"], "maxResults": PAGE}
    content = calls.ask(path, asked, ticket=action.ticket, writing=True, search=True).content
    sent = parsed(content, dict[str, JSON], f"POST {path}", source=calls.source, ticket=action.ticket).get("issues")
    if not isinstance(sent, list):
        raise TemporaryError(f"POST {path}: the answer is no list.", source=calls.source, ticket=action.ticket)
    return [str(one["id"]) for one in sent if isinstance(one, dict) and one.get("id")]


# The link to the complaint


def _linked(calls: Calls, action: Action, ident: str) -> Receipt:
    """Link the complaint to the issue; the same link again changes nothing. A site may forbid links: no harm done."""
    url = action.effect.create.get("url")
    if not url:
        return {}
    title = str(action.effect.create.get("title") or action.origin or action.ticket)
    link: dict[str, JSON] = {"globalId": _global_id(action), "relationship": RELATIONSHIP}
    link["object"] = {"url": str(url), "title": title[:LONGEST_SUMMARY]}
    try:
        calls.post(issue_path(calls, ident, "/remotelink"), link, ticket=action.ticket)
    except RejectedError as error:
        return {"link": error.message}
    return {}


def _is_linked(calls: Calls, action: Action, ident: str) -> bool:
    if not action.effect.create.get("url"):
        return True
    path = issue_path(calls, ident, "/remotelink")
    try:
        content = calls.get(path, ticket=action.ticket, writing=True).content
    except ForbiddenError:
        return True  # links are off: there will never be one
    links = parsed(content, list[JSON], f"GET {path}", source=calls.source, ticket=action.ticket)
    return any(inner(one, "globalId") == _global_id(action) for one in links)


def _global_id(action: Action) -> str:
    return f"system=amends&id={action.origin or action.ticket}"[:255]


# Two of them


def _repair(calls: Calls, action: Action, first: Target, others: list[Target]) -> Receipt:
    """What is told in the receipt: how many copies were declared duplicates, or how many could not be, and why."""
    copies = [one for one in others if DUPLICATE not in one.labels]
    for repaired, one in enumerate(copies):
        try:
            _as_duplicate(calls, action, first, one)
        except RejectedError as error:
            return {"repaired": repaired, "copies": len(copies) - repaired, "why": error.message}
    return {"repaired": len(copies)} if copies else {}


def _as_duplicate(calls: Calls, action: Action, first: Target, other: Target) -> None:
    """Link and close the other issue as far as Jira lets us; the label, set last, says that it was done."""
    link = {"type": {"name": "Duplicate"}, "inwardIssue": {"key": other.key}, "outwardIssue": {"key": first.key}}
    for step in (
        lambda: calls.post(calls.api("/issueLink"), link, ticket=other.id),
        lambda: _close(calls, action, other),
    ):
        try:
            step()
        except (RejectedError, GoneError, ConflictError, ForbiddenError):
            continue  # no such link type, no right to close: the label alone has to do
    update = {"update": {"labels": [{"add": DUPLICATE}]}}
    calls.put(issue_path(calls, other.id), update, ticket=other.id)


def _close(calls: Calls, action: Action, other: Target) -> None:
    status = transitions.finishing(calls, other)
    if status is not None:
        transitions.move(calls, action, other, status, {})


# What a new issue needs


def _type_id(calls: Calls, action: Action, project: str, kind: str) -> tuple[str, datetime]:
    path = calls.api(f"/issue/createmeta/{quote(project, safe='')}/issuetypes")
    types, server_now = _rows(calls, action, path, "issueTypes")
    for one in types:
        if str(one.get("name")).casefold() == kind.casefold() or str(one.get("id")) == kind:
            return str(one["id"]), server_now
    names = ", ".join(str(one.get("name")) for one in types) or "none"
    raise _refused(calls, action, f"{project} has no issue type {kind!r} that our user may create; it has: {names}.")


def _fields(calls: Calls, action: Action, project: str, type_id: str) -> dict[str, shapes.Meta]:
    path = calls.api(f"/issue/createmeta/{quote(project, safe='')}/issuetypes/{quote(type_id, safe='')}")
    rows, _ = _rows(calls, action, path, "fields")
    return {str(one.get("fieldId") or one.get("key")): one for one in rows}


def _rows(calls: Calls, action: Action, path: str, name: str) -> tuple[list[dict[str, Any]], datetime]:
    """All rows of a paged list; Cloud calls them by `name`, a Data Center "values"."""
    rows: list[dict[str, Any]] = []
    while True:
        try:
            response = calls.get(path, {"startAt": len(rows), "maxResults": 200}, ticket=action.ticket, writing=True)
        except GoneError as error:
            raise _refused(
                calls, action, "there is no such project, or our user may not create issues in it."
            ) from error
        sent = parsed(response.content, dict[str, Any], f"GET {path}", source=calls.source, ticket=action.ticket)
        page = [one for one in sent.get(name) or sent.get("values") or () if isinstance(one, dict)]
        rows += page
        if not page or not isinstance(sent.get("total"), int) or len(rows) >= sent["total"]:
            return rows, _date_of(response.headers, calls.tools.now())


def _date_of(headers: Mapping[str, str], otherwise: datetime) -> datetime:
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return otherwise


def _shaped(calls: Calls, action: Action, name: str, value: JSON, meta: dict[str, shapes.Meta]) -> JSON:
    if name not in meta:
        raise _refused(calls, action, f"the field {name!r} is not on the screen on which the issue is created.")
    try:
        return shapes.whole(value, meta[name], calls.settings.cloud)
    except shapes.ShapeError as error:
        raise _refused(calls, action, f"the field {name!r}: {error}.") from error


def _refuse_incomplete(calls: Calls, action: Action, fields: dict[str, JSON], meta: dict[str, shapes.Meta]) -> None:
    if "labels" not in meta:
        raise _refused(calls, action, "labels are not on the screen on which the issue is created; we find it by one.")
    lacking = [
        f"{name} ({one.get('name', name)})"
        for name, one in meta.items()
        if one.get("required") and not one.get("hasDefaultValue") and name not in fields and name != "reporter"
    ]
    if lacking:
        raise _refused(calls, action, f"a new issue there requires fields that we do not set: {', '.join(lacking)}.")


def _refused(calls: Calls, action: Action, why: str) -> RejectedError:
    remedy = "Correct the corrective action in the policy; `amends mapping discover` lists projects, types and fields."
    return RejectedError(why, source=calls.source, ticket=action.ticket, remedy=remedy)


def _named(value: JSON, name: str) -> str:
    found = inner(value, name) or inner(value, "id") if isinstance(value, dict) else value
    return str(found).strip() if found is not None else ""


def _list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else [] if value is None else [value]
