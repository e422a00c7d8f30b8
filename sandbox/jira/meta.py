"""What can be set where: fields, screens, required ones, contexts, options. Called by `routes` and `intake`."""

from __future__ import annotations

from typing import Any

from sandbox.http.answers import Answer, told
from sandbox.jira import content, kinds
from sandbox.jira.answers import invalid
from sandbox.jira.call import Call
from sandbox.jira.content import FieldSpec, Project, Transition
from sandbox.jira.records import Issue
from sandbox.jira.view import View

JSON = Any


def on_screen(view: View, project: str, screen: str) -> list[FieldSpec]:
    """The fields on the "create" or "edit" screen of a project."""
    return [
        spec
        for spec in view.jira.fields.values()
        if screen in spec.screens
        and view.jira.applies(spec, project)
        and not (screen == "edit" and spec.id in kinds.OFF_EDIT_SCREEN)
        and not (screen == "create" and spec.id in ("resolution", "comment", "issuelinks"))
    ]


def is_required(spec: FieldSpec, project: str) -> bool:
    return "*" in spec.required or project in spec.required


def described(view: View, spec: FieldSpec, project: Project, *, required: bool) -> JSON:
    """A field as editmeta, createmeta and transitions describe it."""
    kind = kinds.KINDS[spec.kind]
    told_: JSON = {
        "required": required,
        "schema": kinds.schema(spec),
        "name": spec.name,
        "key": spec.id,
        "hasDefaultValue": False,
        "operations": list(kind.operations),
    }
    allowed = allowed_values(view, spec, project)
    return told_ if allowed is None else told_ | {"allowedValues": allowed}


def allowed_values(view: View, spec: FieldSpec, project: Project) -> list[JSON] | None:
    """The values to choose from; None where anything goes."""
    match spec.id:
        case "priority":
            return [view.priority(one) for one in project.priorities]
        case "issuetype":
            return [view.issue_type(one) for one in project.types]
        case "project":
            return [view.project_brief(project.key)]
        case "resolution":
            return [view.resolution(one) for one in content.RESOLUTIONS]
        case "components":
            return [view.component(one) for one in project.components]
    if spec.kind == "versions":
        return [view.release(one) for one in project.versions]
    if not spec.options:
        return None
    return [_choice(view, spec, number) for number in spec.options if number not in view.jira.disabled_options]


def _choice(view: View, spec: FieldSpec, number: int) -> JSON:
    value, told_ = spec.options[number], kinds.option(view, spec, number)
    if isinstance(value, str):
        return told_
    return told_ | {"children": [kinds.option(view, spec, child) for child in value[1]]}


def editable(view: View, issue: Issue) -> dict[str, JSON]:
    project = view.jira.projects[issue.project]
    return {
        spec.id: described(view, spec, project, required=spec.id == "summary")
        for spec in on_screen(view, issue.project, "edit")
    }


def edit_meta(call: Call) -> Answer:
    return told({"fields": editable(call.view, call.issue())})


def creatable(view: View, project: Project) -> list[JSON]:
    return [
        described(view, spec, project, required=is_required(spec, project.key)) | {"fieldId": spec.id}
        for spec in on_screen(view, project.key, "create")
    ]


def create_types(call: Call) -> Answer:
    """Cloud names the list "issueTypes", Data Center "values"."""
    rows = [call.view.issue_type(one) for one in _project(call).types]
    return call.page("issueTypes" if call.jira.switches.cloud else "values", rows)


def create_fields(call: Call) -> Answer:
    project = _project(call)
    if call.parts[1] not in {str(one) for one in project.types}:
        raise invalid("The issue type selected is invalid.", 404)
    return call.page("fields" if call.jira.switches.cloud else "values", creatable(call.view, project))


def _project(call: Call) -> Project:
    for one in call.jira.projects.values():
        if call.parts[0] in (one.key, str(one.number)) and one.key not in call.jira.hidden_projects:
            return one
    raise invalid(f"No project could be found with key '{call.parts[0]}'.", 404)


def transition(view: View, project: Project, one: Transition, *, fields: bool) -> JSON:
    cloud = view.jira.switches.cloud
    told_: JSON = {"id": str(one.number), "name": one.name, "to": view.status(one.target)}
    if cloud:
        flags = {"isGlobal": one.source is None, "isInitial": False, "isAvailable": True, "isConditional": False}
        told_ |= {"hasScreen": bool(one.screen), "looped": False, **flags}
    if fields:
        specs = [view.jira.fields[name] for name in one.screen if name in view.jira.fields]
        told_["fields"] = {spec.id: described(view, spec, project, required=spec.id in one.required) for spec in specs}
    return told_


def open_transitions(view: View, issue: Issue) -> list[Transition]:
    here = issue.values["status"]
    steps = view.jira.projects[issue.project].transitions
    return [one for one in steps if one.source == here or (one.source is None and one.target != here)]


def transitions(call: Call) -> Answer:
    issue = call.issue()
    project, wanted = call.jira.projects[issue.project], call.query("transitionId")
    shown = [
        transition(call.view, project, one, fields="transitions.fields" in call.query("expand"))
        for one in open_transitions(call.view, issue)
        if wanted in ("", str(one.number))
    ]
    return told({"expand": "transitions", "transitions": shown})


def field(view: View, spec: FieldSpec) -> JSON:
    custom = spec.id.startswith("customfield_")
    number = spec.id.removeprefix("customfield_")
    clauses = [f"cf[{number}]", spec.name] if custom else [spec.id]
    told_ = {
        "id": spec.id,
        "key": spec.id,
        "name": spec.name,
        "custom": custom,
        "orderable": True,
        "navigable": True,
        "searchable": True,
        "clauseNames": clauses,
        "schema": kinds.schema(spec),
    }
    if view.jira.switches.cloud:
        return told_
    return {name: value for name, value in told_.items() if name != "key"}


def fields(call: Call) -> Answer:
    return told([field(call.view, spec) for spec in call.jira.fields.values()])


def field_search(call: Call) -> Answer:
    names = ("id", "name", "schema", "key")
    rows = [field(call.view, spec) for spec in call.jira.fields.values() if spec.id.startswith("customfield_")]
    return call.page("values", [{name: one[name] for name in names} | {"description": ""} for one in rows])


def contexts(call: Call) -> Answer:
    spec = _custom(call)
    row = {
        "id": _context(spec),
        "name": f"Context of {spec.name}",
        "description": "",
        "isGlobalContext": not spec.projects,
        "isAnyIssueType": True,
    }
    return call.page("values", [row])


def options(call: Call) -> Answer:
    spec = _custom(call)
    if call.parts[1] != _context(spec):
        raise invalid("The custom field context was not found.", 404)
    rows: list[JSON] = []
    for number, value in spec.options.items():
        off = number in call.jira.disabled_options
        rows.append({"id": str(number), "value": value if isinstance(value, str) else value[0], "disabled": off})
        if not isinstance(value, str):
            children = value[1].items()
            rows += [{"id": str(n), "value": v, "optionId": str(number), "disabled": False} for n, v in children]
    return call.page("values", rows, 100)


def _custom(call: Call) -> FieldSpec:
    spec = call.jira.fields.get(call.parts[0])
    if spec is None or not spec.id.startswith("customfield_"):
        raise invalid("The custom field was not found.", 404)
    return spec


def _context(spec: FieldSpec) -> str:
    return str(10_000 + int(spec.id.removeprefix("customfield_")))
