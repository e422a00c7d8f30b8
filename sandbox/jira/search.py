"""Reading many issues: search by JQL through the index, bulk reads of issues and changelogs past it.

Pages are by position in the order of the moment: an issue that changes between two pages moves. Called by `routes`.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sandbox.http.answers import Answer, Refused, told
from sandbox.jira import jql, matching
from sandbox.jira.answers import invalid
from sandbox.jira.call import Call
from sandbox.jira.records import Issue

JSON = Any
MOST_RECONCILED = 50
MOST_IDS = 5000
MOST_WITH_FIELDS = 100
BULK_ISSUES = 100
BULK_CHANGELOGS = 1000
BULK_FIELDS = 10


class Memory:
    """The last searches, so that a page costs nothing while nothing changed."""

    def __init__(self) -> None:
        self._kept: dict[Any, list[int]] = {}

    def of(self, key: Any) -> list[int] | None:
        return self._kept.get(key)

    def keep(self, key: Any, found: list[int]) -> list[int]:
        if len(self._kept) > 8:
            self._kept.clear()
        self._kept[key] = found
        return found


def gone(call: Call) -> Answer:
    words = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
    raise invalid(
        f"{words} A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046",
        410,
    )


def search_cloud(call: Call) -> Answer:
    """/search/jql, GET and POST."""
    wish = call.body if call.request.method == "POST" else _from_query(call)
    query = _bounded(str(wish.get("jql") or ""))
    token, reconciled = wish.get("nextPageToken"), wish.get("reconcileIssues") or []
    if len(reconciled) > MOST_RECONCILED:
        raise invalid(f"reconcileIssues may hold at most {MOST_RECONCILED} ids.")
    fields = _fields(wish.get("fields"), ["id"])
    size = _size(call, wish.get("maxResults"), MOST_IDS if set(fields) <= {"id", "key"} else MOST_WITH_FIELDS)
    start = _decoded(call, str(token), str(wish["jql"])) if token else 0
    pictures = _pictures(call, [int(one) for one in reconciled])
    found = _found(call, str(wish["jql"]), query, pictures, fresh=bool(reconciled))
    page = [pictures[number] for number in found[start : start + size]]
    last = start + size >= len(found)
    body: JSON = {"issues": [_shown(call, _as_told(call, one), fields, wish) for one in page], "isLast": last}
    return told(body if last else body | {"nextPageToken": _encoded(call, start + size, str(wish["jql"]))})


def search_server(call: Call) -> Answer:
    """Data Center's /search: startAt, maxResults, total; fields default to all that can be shown."""
    wish = call.body if call.request.method == "POST" else _from_query(call)
    query = jql.parse(str(wish.get("jql") or ""))
    start = int(wish.get("startAt") or 0)
    size = _size(call, wish.get("maxResults"), 1000)
    fields = _fields(wish.get("fields"), ["*navigable"])
    pictures = _pictures(call, [])
    found = _found(call, str(wish.get("jql")), query, pictures, fresh=False)
    page = [pictures[number] for number in found[start : start + size]]
    shown = [_shown(call, _as_told(call, one), fields, wish) for one in page]
    body = {"expand": "schema,names", "startAt": start, "maxResults": size, "total": len(found), "issues": shown}
    return told(body)


def count(call: Call) -> Answer:
    text = str(call.body.get("jql") or "")
    return told({"count": len(_found(call, text, _bounded(text), _pictures(call, []), fresh=False))})


def _bounded(text: str) -> jql.Query:
    query = jql.parse(text)
    if query.where is None:
        raise jql.refused("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    return query


def _from_query(call: Call) -> dict[str, JSON]:
    wish: dict[str, JSON] = dict(call.request.query)
    for name in ("fields", "properties", "reconcileIssues"):
        if name in wish:
            wish[name] = call.listed(name)
    return wish


def _fields(given: JSON, default: list[str]) -> list[str]:
    names = [given] if isinstance(given, str) else given
    return [str(one) for one in names] if names else default


def _size(call: Call, asked: JSON, most: int) -> int:
    size = int(asked) if asked is not None else 50
    return max(1, min(size, most, call.jira.switches.page_size))


def _pictures(call: Call, reconciled: list[int]) -> dict[int, Issue]:
    """What the index knows, with the reconciled issues as they are now."""
    known = call.jira.index.known(call.jira.now())
    if not reconciled:
        return known
    live = {number: call.jira.issues[number] for number in reconciled if number in call.jira.issues}
    return {n: one for n, one in known.items() if n not in reconciled} | live


def _found(call: Call, text: str, query: jql.Query, pictures: dict[int, Issue], *, fresh: bool) -> list[int]:
    jira = call.jira
    key = (text, call.actor, jira.index.generation, frozenset(jira.hidden_projects), jira.people[call.actor].time_zone,
           jira.switches.later_fold)  # fmt: skip
    kept = None if fresh or matching.is_relative(query) else jira.searches.of(key)
    if kept is not None:
        return kept
    test = matching.compiled(call.view, query.where) if query.where else lambda issue: True
    matched = [one for one in pictures.values() if one.project not in jira.hidden_projects and test(one)]
    found = [one.number for one in matching.in_order(call.view, query, matched)]
    return found if fresh else jira.searches.keep(key, found)


def _as_told(call: Call, picture: Issue) -> Issue:
    """What search shows of an issue that it found by `picture`."""
    return call.jira.issues.get(picture.number, picture) if call.jira.switches.live_bodies else picture


def _shown(call: Call, issue: Issue, fields: list[str], wish: dict[str, JSON]) -> JSON:
    properties = wish.get("properties")
    call.objects += 1
    shown = call.view.issue(issue, fields, properties=_fields(properties, []) if properties else None)
    if fields == ["id"]:
        shown = {name: shown[name] for name in ("id", "properties") if name in shown}
    if "changelog" in str(wish.get("expand") or ""):
        shown["changelog"] = changelog(call, issue)
    return shown


def changelog(call: Call, issue: Issue) -> JSON:
    """expand=changelog: the newest first and not all of them on Cloud, all and oldest first on Data Center."""
    every = issue.histories
    if call.jira.switches.cloud:
        every = every[::-1][: call.jira.switches.embedded_changelog]
    told_ = [call.view.history(one) for one in every]
    return {"startAt": 0, "maxResults": len(told_), "total": len(issue.histories), "histories": told_}


# page tokens


def _encoded(call: Call, start: int, text: str) -> str:
    until = call.jira.now() + timedelta(seconds=call.jira.switches.token_life_seconds)
    return base64.urlsafe_b64encode(msgspec.json.encode([start, until, text])).decode()


def _decoded(call: Call, token: str, text: str) -> int:
    """The position that a page token stands for. Raises Refused(400) when it is old, broken or of another query."""
    try:
        start, until, asked = msgspec.json.decode(base64.urlsafe_b64decode(token), type=tuple[int, datetime, str])
    except (ValueError, msgspec.MsgspecError):
        raise _bad_token() from None
    if asked != text or until <= call.jira.now() or call.jira.switches.tokens_refused:
        raise _bad_token()
    return start


def _bad_token() -> Refused:
    return invalid("The nextPageToken is invalid or has expired.")


# past the index


def bulk_issues(call: Call) -> Answer:
    """POST /issue/bulkfetch: up to 100 by id or key, moved keys followed, sorted by id. What is not there for us is
    left out without a word; listed as errors are issues that it could not load this time."""
    names = call.body.get("issueIdsOrKeys")
    if not isinstance(names, list) or not names:
        raise invalid("issueIdsOrKeys must be a list that is not empty.")
    if len(names) > BULK_ISSUES:
        raise invalid(f"The number of issues exceeds the limit of {BULK_ISSUES}.")
    found: dict[int, Issue] = {}
    errors: list[JSON] = []
    for name in names:
        try:
            issue = call.issue(str(name))
        except Refused:
            continue
        if issue.number in call.jira.switches.withheld:
            errors.append({"id": str(name), "errorMessage": "The issue could not be loaded. Please retry."})
        else:
            found[issue.number] = issue
    wish = {**call.body, "expand": ",".join(call.body.get("expand") or [])}
    fields = _fields(call.body.get("fields"), ["*navigable"])
    shown = [_shown(call, found[number], fields, wish) for number in sorted(found)]
    return told({"issues": shown, "issueErrors": errors})


def bulk_changelogs(call: Call) -> Answer:
    """POST /changelog/bulkfetch: entries oldest first, an issue at a time, in pages of `maxResults` entries."""
    if call.jira.switches.no_bulk_changelog:
        raise invalid("There is nothing here.", 404)
    names, fields = call.body.get("issueIdsOrKeys") or [], call.body.get("fieldIds") or []
    if not names or len(names) > BULK_CHANGELOGS or len(fields) > BULK_FIELDS:
        raise invalid(f"1 to {BULK_CHANGELOGS} issues and up to {BULK_FIELDS} fields can be asked for.")
    rows = [
        (issue.number, history)
        for issue in sorted(_known(call, names), key=lambda one: one.number)
        for history in issue.histories
        if not fields or any(item.get("fieldId") in fields for item in history.items)
    ]
    size = max(1, min(int(call.body.get("maxResults") or 1000), call.jira.switches.changelog_page))
    token = call.body.get("nextPageToken")
    key = ",".join(map(str, names))
    start = _decoded(call, str(token), key) if token else 0
    grouped: dict[int, list[JSON]] = {}
    for number, history in rows[start : start + size]:
        told_ = call.view.history(history) | {"created": _created(call, history.created)}
        grouped.setdefault(number, []).append(told_)
    logs = [{"issueId": str(number), "changeHistories": entries} for number, entries in grouped.items()]
    body: JSON = {"issueChangeLogs": logs}
    return told(body if start + size >= len(rows) else body | {"nextPageToken": _encoded(call, start + size, key)})


def _created(call: Call, moment: datetime) -> JSON:
    """The bulk changelog tells times as numbers, against its own description."""
    style = call.jira.switches.bulk_times
    if style == "text":
        return call.view.time(moment)
    return int(moment.timestamp() * (1000 if style == "millis" else 1))


def _known(call: Call, names: list[JSON]) -> list[Issue]:
    found = []
    for name in dict.fromkeys(map(str, names)):
        try:
            found.append(call.issue(name))
        except Refused:
            continue
    return found


def bulk_comments(call: Call) -> Answer:
    """POST /comment/list: comments by id."""
    wanted = {str(one) for one in call.body.get("ids") or []}
    rows = [
        call.view.comment(issue, comment, expand=call.query("expand"))
        for issue in call.jira.issues.values()
        if call.sees(issue)
        for comment in issue.comments
        if str(comment.number) in wanted
    ]
    return call.page("values", rows, 1000)
