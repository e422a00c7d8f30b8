"""What a caller wants to write, checked and turned into kept values: screens, options, people, lengths, notations.

All problems are told together, by field, as the vendor does. Called by `writes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.jira import content, kinds, meta
from sandbox.jira.answers import invalid_fields
from sandbox.jira.content import FieldSpec, Project
from sandbox.jira.documents import as_wiki, is_document
from sandbox.jira.view import View

JSON = Any
SHORT_TEXT, LONG_TEXT = 255, 32_767
Take = Callable[[View, FieldSpec, Project, JSON], JSON]


class Wrong(ValueError):  # noqa: N818 - becomes one line of the vendor's answer
    """One field's problem, in the vendor's words."""


def taken(
    view: View, project: Project, body: dict[str, JSON], before: dict[str, JSON], allowed: set[str]
) -> dict[str, JSON]:
    """The kept values that `fields` and `update` of a body ask for. Raises Refused(400)."""
    values: dict[str, JSON] = {}
    errors: dict[str, str] = {}
    for name, given in (body.get("fields") or {}).items():
        _try(errors, name, lambda: values.__setitem__(name, _field(view, project, name, given, allowed)))  # noqa: B023
    for name, verbs in (body.get("update") or {}).items():
        if name in ("comment", "issuelinks"):
            continue
        start = values.get(name, before.get(name))
        _try(errors, name, lambda: values.__setitem__(name, _verbs(view, project, name, verbs, start, allowed)))  # noqa: B023
    if errors:
        raise invalid_fields(errors)
    return values


def _try(errors: dict[str, str], name: str, act: Callable[[], None]) -> None:
    try:
        act()
    except Wrong as wrong:
        errors[name] = str(wrong)


def _field(view: View, project: Project, name: str, given: JSON, allowed: set[str]) -> JSON:
    spec = view.jira.fields.get(name)
    if spec is None or name not in allowed:
        raise Wrong(f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown.")
    return kept(view, spec, project, given)


def _verbs(view: View, project: Project, name: str, verbs: JSON, start: JSON, allowed: set[str]) -> JSON:
    value = start
    for verb in verbs if isinstance(verbs, list) else [verbs]:
        for how, given in verb.items():
            spec = view.jira.fields.get(name)
            if spec is not None and how not in kinds.KINDS[spec.kind].operations:
                raise Wrong(f"Operation '{how}' is not supported on field '{name}'.")
            if how == "set":
                value = _field(view, project, name, given, allowed)
                continue
            one = _field(view, project, name, [given], allowed)
            have = tuple(value or ())
            value = (
                have + tuple(x for x in one if x not in have)
                if how == "add"
                else tuple(x for x in have if x not in one)
            )
    return value


def kept(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    """A given value as it is kept. Raises Wrong."""
    if given is None:
        if spec.id in kinds.REQUIRED:
            raise Wrong(f"{spec.name} is required.")
        return () if spec.kind in kinds.LISTS else None
    if spec.kind in kinds.LISTS and not isinstance(given, list):
        raise Wrong("data was not an array")
    take = TAKERS.get(spec.kind)
    if take is None:
        raise Wrong(f"Field '{spec.id}' cannot be set. It is not on the appropriate screen, or unknown.")
    return take(view, spec, project, given)


def _text(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    if not isinstance(given, str):
        raise Wrong("Operation value must be a string")
    if spec.id == "summary" and (not given.strip() or "\n" in given):
        raise Wrong("You must specify a summary of the issue." if not given.strip() else
                    "The summary is invalid because it contains newline characters.")  # fmt: skip
    if len(given) > SHORT_TEXT:
        raise Wrong("The entered text is too long. It exceeds the allowed limit of 255 characters.")
    return given


def rich(view: View, given: JSON) -> JSON:
    """A document in version 3, wiki text in version 2. Raises Wrong."""
    if view.version == "3" and not is_document(given):
        raise Wrong("Operation value must be an Atlassian Document (see the Atlassian Document Format)")
    if view.version != "3" and not isinstance(given, str):
        raise Wrong("Operation value must be a string")
    if len(as_wiki(given)) > LONG_TEXT:
        raise Wrong("CONTENT_LIMIT_EXCEEDED")
    return given


def _rich(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    return rich(view, given)


def _number(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Wrong("Operation value must be a number")
    return given


def _date(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    if not (isinstance(given, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", given)):
        raise Wrong('Operation value must be a string in the format "yyyy-MM-dd"')
    return given


def _moment(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    try:
        found = datetime.fromisoformat(str(given))
        if found.tzinfo is None:
            raise ValueError(given)
    except ValueError:
        raise Wrong("Error parsing time: the format is \"yyyy-MM-dd'T'HH:mm:ss.SSSZ\"") from None
    return found


def _choice(view: View, spec: FieldSpec, project: Project, given: JSON) -> int:
    return _among(given, kinds.options_of(spec), view.jira.disabled_options)


def _among(given: JSON, table: dict[int, str], disabled: set[int] | None = None, name: str = "value") -> int:
    """The number of what {"id": …} or {name: …} says. Raises Wrong."""
    if not isinstance(given, dict):
        raise Wrong("Specify a valid 'id' or 'name' for this field.")
    for number, words in table.items():
        if str(number) == str(given.get("id")) or ("id" not in given and words == given.get(name)):
            if number in (disabled or ()):
                break
            return number
    said = f"id '{given['id']}'" if "id" in given else f"value '{given.get(name)}'"
    raise Wrong(f"Option {said} is not valid")


def _choices(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    return tuple(dict.fromkeys(_choice(view, spec, project, one) for one in given))


def _cascade(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    tops = {number: value[0] for number, value in spec.options.items() if not isinstance(value, str)}
    parent = _among(given, tops)
    below = spec.options[parent]
    child = given.get("child")
    return parent, _among(child, below[1]) if child and not isinstance(below, str) else None


def _person(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    people, cloud = view.jira.people, view.jira.switches.cloud
    if isinstance(given, dict):
        wanted = given.get("accountId") or given.get("id") if cloud else given.get("name")
        for one in people.values():
            if wanted and wanted == (one.account_id if cloud else one.username):
                if spec.id == "assignee" and one.account_type != "atlassian":
                    raise Wrong(f"User '{wanted}' cannot be assigned issues.")
                return one.account_id
    raise Wrong("Specify a valid value for assignee" if spec.id == "assignee" else "The user specified is not valid.")


def _people(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    return tuple(_person(view, spec, project, one) for one in given)


def _labels(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    for one in given:
        if not isinstance(one, str) or not one:
            raise Wrong("Operation value must be a string")
        if re.search(r"\s", one):
            raise Wrong(f"The label '{one}' contains spaces which is invalid.")
        if len(one) > SHORT_TEXT:
            raise Wrong("The label is too long. It exceeds the allowed limit of 255 characters.")
    return tuple(dict.fromkeys(given))


def _priority(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    """Only those of the project's scheme."""
    table = {one: content.PRIORITIES[one] for one in project.priorities}
    try:
        return _among(given, table, name="name")
    except Wrong:
        raise Wrong("The priority selected is invalid.") from None


def _named(table: dict[int, str]) -> Take:
    return lambda view, spec, project, given: _among(given, table, name="name")


def _type(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    try:
        return _among(given, {one: content.ISSUE_TYPES[one] for one in project.types}, name="name")
    except Wrong:
        raise Wrong("Specify a valid issue type") from None


def _group(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    if not isinstance(given, dict) or given.get("name") not in content.GROUPS:
        raise Wrong(f"Could not find group with name '{given}'.")
    return given["name"]


def _numbers(view: View, spec: FieldSpec, project: Project, given: JSON) -> JSON:
    """Organisations are given as bare ids."""
    if any(int(one) not in content.ORGANIZATIONS for one in given):
        raise Wrong("The organization does not exist.")
    return tuple(int(one) for one in given)


TAKERS: dict[str, Take] = {
    "text": _text, "url": _text, "textarea": _rich, "number": _number, "date": _date, "datetime": _moment,
    "select": _choice, "radio": _choice, "multiselect": _choices, "checkboxes": _choices, "cascading": _cascade,
    "user": _person, "users": _people, "participants": _people, "labels": _labels, "priority": _priority,
    "resolution": _named(content.RESOLUTIONS), "issuetype": _type, "group": _group, "organizations": _numbers,
    "groups": lambda view, spec, project, given: tuple(_group(view, spec, project, one) for one in given),
    "components": lambda view, spec, project, given: tuple(
        _among(one, project.components, name="name") for one in given),
    "versions": lambda view, spec, project, given: tuple(_among(one, project.versions, name="name") for one in given),
    "project": lambda view, spec, project, given: project.key,
}  # fmt: skip


def screen_of(view: View, project: str, screen: str) -> set[str]:
    return {spec.id for spec in meta.on_screen(view, project, screen)}
