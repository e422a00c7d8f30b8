"""A Jira Cloud site for `server`: searches by JQL with bounds in UTC, changelogs in bulk, and what clients ask at the
beginning. It understands of JQL what clients of the benchmarks ask: a lower bound of `updated`, oldest change first;
and for our census the issues above a bound or not done, by key.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from benchmarks import jira_issues
from benchmarks.jira_issues import API, PROJECT, SITE, Item

encode, decode = msgspec.json.encode, msgspec.json.decode
BOUND = re.compile(r"""updated\s*>=?\s*["']?([0-9][0-9/: -]*[0-9])""")
MOST, MOST_IDS = 100, 5000  # a page holds so many issues with fields, and so many with nothing but their ids
UNFINISHED = "OR statusCategory != Done"
PERMISSIONS = ("BROWSE_PROJECTS", "ADD_COMMENTS", "EDIT_ISSUES", "TRANSITION_ISSUES", "ASSIGN_ISSUES", "CREATE_ISSUES")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Jira:
    """The site: issues as JSON bytes."""

    missing = b'{"errorMessages":["There is no such thing here."],"errors":{}}'

    def __init__(self, count: int) -> None:
        self.issues = jira_issues.items(count)
        self.changed = [one.changed for one in self.issues]
        self.by_id = {one.ident: one for one in self.issues}

    def body(self, base: str, path: str, query: Mapping[str, str], asked: bytes) -> bytes | None:
        version, _, what = path.removeprefix("/rest/api/").partition("/")
        match what.split("/"):
            case ["search", "jql"]:
                return self._search(decode(asked) if asked else _read(query), documents=version == "3")
            case ["changelog", "bulkfetch"] if asked:
                return self._changelogs(decode(asked))
        told = _first_contact(what)
        return None if told is None else encode(told)

    def _search(self, wish: Mapping[str, Any], *, documents: bool) -> bytes:
        """A page; its token is the place of the next issue, so that a token goes with any bound. Version 2 of the API
        has no `documents`, but text."""
        fields = tuple(wish.get("fields") or ("id",))
        size = min(int(wish.get("maxResults") or 50), MOST_IDS if set(fields) <= {"id", "key"} else MOST)
        found, first = self._found(str(wish.get("jql")))
        begin = int(wish.get("nextPageToken") or first)
        end = min(begin + size, len(found))
        expand = str(wish.get("expand"))
        page = b",".join(_issue(one, fields, expand, documents) for one in found[begin:end])
        tail = b'"isLast":true}' if end == len(found) else b'"nextPageToken":"%d","isLast":false}' % end
        return b'{"issues":[' + page + b"]," + tail

    def _found(self, jql: str) -> tuple[list[Item], int]:
        """Issues in order, and the place among them where the answer begins."""
        first = self._first(jql)
        if UNFINISHED not in jql:
            return self.issues, first
        old = (one for one in self.issues[:first] if not one.done)
        return sorted([*old, *self.issues[first:]], key=lambda one: one.ident), 0

    def _first(self, jql: str) -> int:
        """The place of the first issue that was changed at or after the bound: a minute, a day, or milliseconds."""
        if (found := BOUND.search(jql)) is None:
            return 0
        text = found[1].replace("/", "-")
        at = datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdecimal() else datetime.fromisoformat(text)
        return bisect_left(self.changed, at.replace(tzinfo=UTC))

    def _changelogs(self, wish: Mapping[str, Any]) -> bytes:
        known = [self.by_id[int(one)] for one in wish["issueIdsOrKeys"] if int(one) in self.by_id]
        changes = [(one.ident, _in_milliseconds(history)) for one in known for history in decode(one.histories)]
        begin, size = int(wish.get("nextPageToken") or 0), int(wish.get("maxResults") or 1000)
        found: dict[int, list[Any]] = {}
        for ident, history in changes[begin : begin + size]:
            found.setdefault(ident, []).append(history)
        logs = [{"issueId": str(ident), "changeHistories": histories} for ident, histories in found.items()]
        more = {"nextPageToken": str(begin + size)} if begin + size < len(changes) else {}
        return encode({"issueChangeLogs": logs, **more})


def _issue(one: Item, fields: tuple[str, ...], expand: str, documents: bool) -> bytes:
    held = decode(one.fields, type=dict[str, msgspec.Raw]) if documents else _in_text(decode(one.fields))
    shown = held if "*all" in fields else {name: held[name] for name in fields if name in held}
    number = one.ident - jira_issues.FIRST_ISSUE
    told: dict[str, Any] = {"expand": "", "id": str(one.ident), "self": f"{API}/issue/{one.ident}"}
    told["key"] = f"{PROJECT}-{number}"
    if "transitions" in expand:
        told["transitions"] = []
    if "changelog" in expand:
        histories = decode(one.histories, type=list[msgspec.Raw])
        told["changelog"] = {"startAt": 0, "maxResults": 100, "total": len(histories), "histories": histories[::-1]}
    return encode({**told, "fields": shown})


def _in_text(fields: dict[str, Any]) -> dict[str, Any]:
    comments = [{**one, "body": _words(one["body"])} for one in fields["comment"]["comments"]]
    return {
        **fields,
        "description": _words(fields["description"]),
        "comment": {**fields["comment"], "comments": comments},
    }


def _words(document: dict[str, Any]) -> str:
    parts = document["content"]
    return "\n\n".join("".join(one.get("text", "\n") for one in part["content"]) for part in parts)


def _in_milliseconds(history: dict[str, Any]) -> dict[str, Any]:
    """In bulk, the vendor tells times as numbers."""
    at = datetime.fromisoformat(history["created"])
    return {**history, "created": round((at - EPOCH).total_seconds() * 1000)}


def _read(query: Mapping[str, str]) -> dict[str, Any]:
    return {**query, "fields": [name for name in query.get("fields", "").split(",") if name]}


def _first_contact(path: str) -> Any:
    """What a client asks before it reads; None for what is not there."""
    match path.split("/"):
        case ["myself"]:
            return jira_issues.person(jira_issues.AGENTS[0])
        case ["serverInfo"]:
            return {"baseUrl": SITE, "version": "1001.0.0", "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"}
        case ["field"]:
            return [{"id": "summary", "key": "summary", "name": "Summary", "schema": {"type": "string"}}]
        case ["mypermissions"]:
            return {"permissions": {name: {"key": name, "havePermission": True} for name in PERMISSIONS}}
        case ["project", "search"]:
            return {"values": [jira_issues.project()], "startAt": 0, "maxResults": 50, "total": 1, "isLast": True}
        case ["project", "10001" | "BENCH"]:
            return jira_issues.project()
    return None
