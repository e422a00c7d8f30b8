"""The kinds of fields: how each is described, told and put into words. Called by `view`, `meta` and `records`.

Values are kept small (an option as its number, a person as an account id) and told in full, so that a renamed option
or person changes everywhere at once. A kind that is missing here is told as it was kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.jira import content
from sandbox.jira.content import FieldSpec
from sandbox.jira.documents import as_document, as_wiki
from sandbox.jira.service import sla_value

if TYPE_CHECKING:
    from sandbox.jira.records import Issue
    from sandbox.jira.view import View

JSON = Any
Tell = Callable[["View", "Issue", FieldSpec, JSON], JSON]

_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"
_DESK = "com.atlassian.servicedesk:"
SET, LIST = ("set",), ("add", "set", "remove")


class Kind(msgspec.Struct, frozen=True):
    """`type`, `items` and `custom` are the vendor's schema words, `tell` gives the JSON of a kept value."""

    type: str
    tell: Tell
    items: str | None = None
    custom: str = ""
    operations: tuple[str, ...] = SET


def plain(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return value


def _rich(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return as_document(value) if view.version == "3" else as_wiki(value)


def _moment(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return view.time(value)


def option(view: View, spec: FieldSpec, number: int) -> JSON:
    """One option as the API tells it, None where it is gone."""
    found = options_of(spec).get(number)
    if found is None:
        return None
    told = {"self": f"{view.api}/customFieldOption/{number}", "value": found, "id": str(number)}
    return told if view.jira.switches.cloud else told | {"disabled": number in view.jira.disabled_options}


def options_of(spec: FieldSpec) -> dict[int, str]:
    """Every option's value by id, children of cascading ones too."""
    found: dict[int, str] = {}
    for number, value in spec.options.items():
        found[number] = value if isinstance(value, str) else value[0]
        found |= {} if isinstance(value, str) else value[1]
    return found


def _option(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return option(view, spec, value)


def _options(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return [one for one in (option(view, spec, number) for number in value) if one]


def _cascade(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    parent, child = option(view, spec, value[0]), option(view, spec, value[1]) if value[1] else None
    return parent and (parent | {"child": child} if child else parent)


def _person(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return view.person(value)


def _people(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return [view.person(one) for one in value]


def _each(name: str) -> Tell:
    return lambda view, issue, spec, value: [getattr(view, name)(one) for one in value]


def _one(name: str) -> Tell:
    return lambda view, issue, spec, value: getattr(view, name)(value)


def _labels(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return list(value)


def _group(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return view.group(value)


def _request_type(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return view.request_type_value(issue, value)


def _feedback(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return {"rating": value["rating"]}


def _sla(view: View, issue: Issue, spec: FieldSpec, value: JSON) -> JSON:
    return sla_value(view, issue, spec)


def _of_issue(name: str) -> Tell:
    return lambda view, issue, spec, value: getattr(view, name)(issue)


KINDS: dict[str, Kind] = {
    "text": Kind("string", plain, custom=_TYPES + "textfield"),
    "textarea": Kind("string", _rich, custom=_TYPES + "textarea"),
    "readonly": Kind("string", plain, custom=_TYPES + "readonlyfield"),
    "url": Kind("string", plain, custom=_TYPES + "url"),
    "number": Kind("number", plain, custom=_TYPES + "float"),
    "date": Kind("date", plain, custom=_TYPES + "datepicker"),
    "datetime": Kind("datetime", _moment, custom=_TYPES + "datetime"),
    "select": Kind("option", _option, custom=_TYPES + "select"),
    "radio": Kind("option", _option, custom=_TYPES + "radiobuttons"),
    "multiselect": Kind("array", _options, "option", _TYPES + "multiselect", LIST),
    "checkboxes": Kind("array", _options, "option", _TYPES + "multicheckboxes", LIST),
    "cascading": Kind("option-with-child", _cascade, custom=_TYPES + "cascadingselect"),
    "user": Kind("user", _person, custom=_TYPES + "userpicker"),
    "users": Kind("array", _people, "user", _TYPES + "multiuserpicker", LIST),
    "labels": Kind("array", _labels, "string", _TYPES + "labels", LIST),
    "group": Kind("group", _group, custom=_TYPES + "grouppicker"),
    "groups": Kind("array", _each("group"), "group", _TYPES + "multigrouppicker", LIST),
    "versions": Kind("array", _each("release"), "version", _TYPES + "multiversion", LIST),
    "components": Kind("array", _each("component"), "component", "", LIST),
    "status": Kind("status", _one("status"), operations=()),
    "priority": Kind("priority", _one("priority")),
    "resolution": Kind("resolution", _one("resolution")),
    "issuetype": Kind("issuetype", _one("issue_type")),
    "project": Kind("project", _one("project_brief")),
    "request_type": Kind("sd-customerrequesttype", _request_type, custom=_DESK + "vp-origin"),
    "organizations": Kind(
        "array", _each("organization"), "sd-customerorganization", _DESK + "sd-customer-organizations", LIST
    ),
    "participants": Kind("array", _people, "user", _DESK + "sd-request-participants", LIST),
    "sla": Kind("sd-servicelevelagreement", _sla, custom=_DESK + "sd-sla-field", operations=()),
    "feedback": Kind("sd-feedback", _feedback, custom=_DESK + "sd-request-feedback", operations=()),
    "any": Kind("any", plain, custom="com.example.shop:widget"),
    "comments": Kind("comments-page", _of_issue("comment_page"), operations=("add",)),
    "links": Kind("array", _of_issue("links"), "issuelinks", operations=("add",)),
    "watches": Kind("watches", _of_issue("watches"), operations=()),
    "votes": Kind("votes", _of_issue("votes"), operations=()),
    "nothing": Kind("array", lambda view, issue, spec, value: [], "attachment", operations=()),
}
ALWAYS = frozenset({"comments", "links", "watches", "votes", "nothing", "sla"})  # told even where nothing is kept
LISTS = frozenset(name for name, kind in KINDS.items() if kind.type == "array")

_SYSTEM = (
    ("summary", "Summary", "text"), ("description", "Description", "textarea"), ("status", "Status", "status"),
    ("priority", "Priority", "priority"), ("assignee", "Assignee", "user"), ("reporter", "Reporter", "user"),
    ("creator", "Creator", "user"), ("labels", "Labels", "labels"), ("project", "Project", "project"),
    ("issuetype", "Issue Type", "issuetype"), ("created", "Created", "datetime"), ("updated", "Updated", "datetime"),
    ("resolution", "Resolution", "resolution"), ("resolutiondate", "Resolved", "datetime"),
    ("statuscategorychangedate", "Status Category Changed", "datetime"), ("components", "Components", "components"),
    ("fixVersions", "Fix versions", "versions"), ("versions", "Affects versions", "versions"),
    ("duedate", "Due date", "date"), ("environment", "Environment", "textarea"), ("comment", "Comment", "comments"),
    ("issuelinks", "Linked Issues", "links"), ("watches", "Watchers", "watches"), ("votes", "Votes", "votes"),
    ("attachment", "Attachment", "nothing"),
)  # fmt: skip
UNSETTABLE = frozenset({"status", "creator", "created", "updated", "resolutiondate", "statuscategorychangedate"})
REQUIRED = frozenset({"project", "issuetype", "summary"})
SYSTEM = tuple(
    FieldSpec(
        name,
        title,
        kind,
        screens=() if name in UNSETTABLE or not KINDS[kind].operations else ("edit", "create"),
        required=("*",) if name in REQUIRED else (),
    )
    for name, title, kind in _SYSTEM
)
OFF_EDIT_SCREEN = frozenset({"project", "resolution"})  # set by a move and by a transition


def schema(spec: FieldSpec) -> JSON:
    """The vendor's schema object of a field."""
    kind = KINDS[spec.kind]
    told: JSON = {"type": kind.type} | ({"items": kind.items} if kind.items else {})
    if spec.id.startswith("customfield_"):
        return told | {"custom": kind.custom, "customId": int(spec.id.removeprefix("customfield_"))}
    return told | {"system": spec.id}


def in_words(view: View, spec: FieldSpec, value: JSON) -> tuple[str | None, str | None]:
    """(id, words) of a kept value, as a changelog tells it."""
    if value is None or value == ():
        return (None, None) if spec.kind != "labels" else (None, "")
    words = WORDS.get(spec.kind)
    return words(view, spec, value) if words else (None, str(view.value(spec, value)))


Words = Callable[["View", FieldSpec, Any], "tuple[str | None, str | None]"]


def _named(table: dict[int, str]) -> Words:
    return lambda view, spec, value: (str(value), table[value])


def _listed(name_of: Callable[[View, FieldSpec, Any], str | None]) -> Words:
    def words(view: View, spec: FieldSpec, value: Any) -> tuple[str | None, str | None]:
        ids = "[" + ", ".join(str(one) for one in value) + "]"
        return ids, ",".join(str(name_of(view, spec, one)) for one in value)

    return words


def _cascade_words(view: View, spec: FieldSpec, value: Any) -> tuple[str | None, str | None]:
    names = options_of(spec)
    child = f"Level 1 values: {names.get(value[1])}({value[1]})" if value[1] else ""
    return None, f"Parent values: {names.get(value[0])}({value[0]}){child}"


WORDS: dict[str, Words] = {
    "text": lambda view, spec, value: (None, value),
    "textarea": lambda view, spec, value: (None, as_wiki(value)),
    "labels": lambda view, spec, value: (None, " ".join(value)),
    "status": lambda view, spec, value: (str(value), view.jira.statuses[value][0]),
    "priority": _named(content.PRIORITIES),
    "resolution": _named(content.RESOLUTIONS),
    "issuetype": _named(content.ISSUE_TYPES),
    "user": lambda view, spec, value: (view.person_id(value), view.jira.people[value].display_name),
    "users": _listed(lambda view, spec, one: view.jira.people[one].display_name),
    "participants": _listed(lambda view, spec, one: view.jira.people[one].display_name),
    "select": lambda view, spec, value: (str(value), options_of(spec).get(value)),
    "radio": lambda view, spec, value: (str(value), options_of(spec).get(value)),
    "multiselect": _listed(lambda view, spec, one: options_of(spec).get(one)),
    "checkboxes": _listed(lambda view, spec, one: options_of(spec).get(one)),
    "cascading": _cascade_words,
    "organizations": _listed(lambda view, spec, one: content.ORGANIZATIONS.get(one)),
    "request_type": lambda view, spec, value: (str(value), content.REQUEST_TYPES[value][0]),
}
