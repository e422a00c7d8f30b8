"""What a JQL tree means: a test for issues and a way to order them. Times are read in the asking account's zone.

Date literals have minutes at best and no zone; epoch numbers and seconds are refused. Called by `search`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.jira import content
from sandbox.jira.jql import Both, Clause, Node, Not, Query, refused
from sandbox.jira.kinds import LISTS, options_of

if TYPE_CHECKING:
    from sandbox.jira.records import Issue
    from sandbox.jira.view import View

JSON = Any
Test = Callable[["Issue"], bool]
Get = Callable[["Issue"], JSON]

ALIASES = {
    "updateddate": "updated", "createddate": "created", "resolved": "resolutiondate", "issuekey": "key",
    "issue": "key", "type": "issuetype", "due": "duedate", "component": "components", "fixversion": "fixVersions",
}  # fmt: skip
DATES = frozenset({"updated", "created", "resolutiondate", "statuscategorychangedate"})
RELATIVE = re.compile(r"([+-]?)(\d+)([mhdw])")
UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
LITERAL = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?: (\d{1,2}):(\d{2}))?")


def is_relative(query: Query) -> bool:
    """Whether the answer depends on when it is asked."""
    return _any(
        query.where, lambda one: any(text and (text == "now()" or RELATIVE.fullmatch(text)) for text in one.values)
    )


def _any(node: Node | None, test: Callable[[Clause], bool]) -> bool:
    match node:
        case Clause():
            return test(node)
        case Both():
            return any(_any(part, test) for part in node.parts)
        case Not():
            return _any(node.part, test)
    return False


def compiled(view: View, node: Node) -> Test:
    """The test of a tree. Raises Refused(400) for unknown fields and values."""
    if isinstance(node, Both):
        quick_first = sorted(node.parts, key=lambda part: not (isinstance(part, Clause) and part.field in DATES))
        tests = [compiled(view, part) for part in quick_first]
        if node.how == "and":
            return lambda issue: all(test(issue) for test in tests)
        return lambda issue: any(test(issue) for test in tests)
    if isinstance(node, Not):
        inner = compiled(view, node.part)
        return lambda issue: not inner(issue)
    return _clause(view, node)


def _clause(view: View, clause: Clause) -> Test:
    name = _field(view, clause.field)
    if name in DATES:
        return _date_test(view, name, clause)
    get, words = _getter(view, name), [_word(view, name, one) for one in clause.values]
    if None in words:
        return _emptiness(get, clause.op in ("is", "=", "in"))
    wanted = frozenset(str(one).lower() for one in words)
    match clause.op:
        case "=" | "in":
            return lambda issue: not wanted.isdisjoint(get(issue))
        case "!=" | "not in":
            return lambda issue: bool(get(issue)) and wanted.isdisjoint(get(issue))
        case "~":
            return lambda issue: any(one in text for text in get(issue) for one in wanted)
        case "!~":
            return lambda issue: not any(one in text for text in get(issue) for one in wanted)
    raise refused(f"The operator '{clause.op}' is not supported by the '{clause.field}' field.")


def _emptiness(get: Get, empty: bool) -> Test:
    return lambda issue: bool(get(issue)) is not empty


def _field(view: View, text: str) -> str:
    """The field id behind a JQL name. Raises Refused(400)."""
    low = text.lower()
    found = re.fullmatch(r"cf\[(\d+)\]", low)
    if found and f"customfield_{found.group(1)}" in view.jira.fields:
        return f"customfield_{found.group(1)}"
    name = ALIASES.get(low, low)
    known = {one.lower(): one for one in (*view.jira.fields, "key", "id", "statusCategory", "text")}
    named = {spec.name.lower(): spec.id for spec in view.jira.fields.values()}
    if name in known or low in named:
        return known.get(name) or named[low]
    raise refused(f"Field '{text}' does not exist or you do not have permission to view it.")


def _getter(view: View, name: str) -> Get:
    """The lower-case words by which an issue is found under a field; [] where it holds nothing."""
    jira = view.jira
    match name:
        case "project":
            return lambda issue: (issue.project.lower(), str(jira.projects[issue.project].number))
        case "key" | "id":
            return lambda issue: (issue.key.lower(), str(issue.number))
        case "statusCategory":
            return lambda issue: _category_words(jira.statuses[issue.values["status"]][1])
        case "status":
            return lambda issue: (jira.statuses[issue.values["status"]][0].lower(), str(issue.values["status"]))
        case "text":
            return lambda issue: (f"{issue.values.get('summary')} {issue.values.get('description')}".lower(),)
    spec = jira.fields[name]
    table = options_of(spec) | TABLES.get(spec.kind, {})
    people = jira.people if spec.kind in ("user", "users", "participants") else {}

    def get(issue: Issue) -> list[str]:
        value = issue.values.get(name)
        if value is None:
            return []
        every = value if spec.kind in LISTS or spec.kind == "cascading" else (value,)
        found = [str(one).lower() for one in every if one is not None]
        found += [str(table[one]).lower() for one in every if not isinstance(one, dict) and one in table]
        return found + [people[one].display_name.lower() for one in every if one in people]

    return get


TABLES: dict[str, dict[int, str]] = {
    "priority": content.PRIORITIES,
    "resolution": content.RESOLUTIONS,
    "issuetype": content.ISSUE_TYPES,
    "organizations": content.ORGANIZATIONS,
}


def _category_words(name: str) -> tuple[str, ...]:
    number, title, _ = content.CATEGORIES[name]
    return name, title.lower(), str(number)


def _word(view: View, name: str, text: str | None) -> str | None:
    """A value in the words of `_getter`. Raises Refused(400) for a project, status … that is not there for us."""
    if text is None:
        return None
    if text.lower() == "currentuser()":
        return view.viewer
    jira, low = view.jira, text.lower()
    known: set[str] | None = None
    match name:
        case "project":
            seen = [one for one in jira.projects.values() if one.key not in jira.hidden_projects]
            names = {one.name.lower(): one.key.lower() for one in seen}
            known, low = {word for one in seen for word in (one.key.lower(), str(one.number))}, names.get(low, low)
        case "status":
            known = {word for n, (title, _) in jira.statuses.items() for word in (title.lower(), str(n))}
        case "statusCategory":
            known = {word for one in content.CATEGORIES for word in _category_words(one)}
        case "key" | "id":
            former = jira.keys.get(text.upper())
            low = str(former) if former else low
            known = {low} if former or text.isdigit() else set()
    if known is not None and low not in known:
        raise refused(f"The value '{text}' does not exist for the field '{name}'.")
    return low


# dates


def _date_test(view: View, name: str, clause: Clause) -> Test:
    get: Get = {
        "updated": lambda issue: issue.updated,
        "created": lambda issue: issue.created,
    }.get(name) or (lambda issue: issue.values.get(name))
    if clause.values == (None,):
        return lambda issue: (get(issue) is None) is (clause.op in ("is", "="))
    if len(clause.values) != 1:
        raise refused(f"The operator '{clause.op}' is not supported by the '{clause.field}' field.")
    bound = moment(view, clause.field, str(clause.values[0]))
    match clause.op:
        case ">=":
            return lambda issue: (value := get(issue)) is not None and value >= bound
        case ">":
            return lambda issue: (value := get(issue)) is not None and value > bound
        case "<=":
            return lambda issue: (value := get(issue)) is not None and value <= bound
        case "<":
            return lambda issue: (value := get(issue)) is not None and value < bound
        case "=":
            return lambda issue: get(issue) == bound
        case "!=":
            return lambda issue: get(issue) not in (None, bound)
    raise refused(f"The operator '{clause.op}' is not supported by the '{clause.field}' field.")


def moment(view: View, field: str, text: str) -> datetime:
    """The instant of a date literal, a period ("-15m") or now(). Raises Refused(400)."""
    if text.lower() == "now()":
        return view.now
    found = RELATIVE.fullmatch(text)
    if found:
        seconds = int(found[2]) * UNITS[found[3]]
        return view.now + timedelta(seconds=-seconds if found[1] == "-" else seconds)
    literal = LITERAL.fullmatch(text.strip())
    try:
        if literal is None:
            raise ValueError(text)
        parts = [int(one or 0) for one in literal.groups()]
        local = datetime(*parts, tzinfo=view.zone, fold=int(view.jira.switches.later_fold))  # type: ignore[misc,arg-type]
    except ValueError:
        raise refused(
            f"Date value '{text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
            "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
        ) from None
    return datetime.fromtimestamp(local.timestamp(), view.now.tzinfo)


# order


def in_order(view: View, query: Query, issues: list[Issue]) -> list[Issue]:
    """Sorted as asked, then by key descending, as the vendor does where nothing is said."""
    found = sorted(issues, key=lambda one: one.number, reverse=not query.orders)
    for field, descending in reversed(query.orders):
        found.sort(key=_sort_key(view, _field(view, field)), reverse=descending)
    return found


def _sort_key(view: View, name: str) -> Callable[[Issue], Any]:
    match name:
        case "updated":
            return lambda issue: issue.updated
        case "created":
            return lambda issue: issue.created
        case "key":
            return lambda issue: (issue.project, issue.serial)
        case "id":
            return lambda issue: issue.number
        case "priority":
            return lambda issue: -(issue.values.get("priority") or 99)
    get = _getter(view, name) if name not in DATES else lambda issue: [str(issue.values.get(name) or "")]
    return lambda issue: [str(one) for one in get(issue)]
