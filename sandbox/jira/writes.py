"""What the API may change of issues: fields, statuses and links, with the vendor's checks. Called by `routes`.

Every write that changed something is put into the site's ledger.
"""

from __future__ import annotations

from typing import Any

from sandbox.http.answers import Answer, told
from sandbox.jira import content, intake, kinds, meta
from sandbox.jira.answers import forbidden, invalid, invalid_fields
from sandbox.jira.call import Call
from sandbox.jira.content import Project, Transition
from sandbox.jira.effects import enter
from sandbox.jira.records import Change, Comment, Issue
from sandbox.jira.remarks import comment_told, made_comment, nothing, properties_in

JSON = Any
NO_CONTENT = 204


# issues


def create(call: Call) -> Answer:
    """POST /issue."""
    given = dict(call.body.get("fields") or {})
    project = _project(call, given.get("project"))
    if not isinstance(given.get("issuetype"), dict):
        raise invalid_fields({"issuetype": "Specify an issue type"})
    allowed = intake.screen_of(call.view, project.key, "create")
    properties = properties_in(call.body.get("properties"))
    values = intake.taken(call.view, project, call.body, {}, allowed)
    _none_missing(call, project, values)
    values.pop("project", None)
    first = _first_status(call, project)
    change = Change(call.actor, values | ({"status": first} if first else {}))
    issue = call.jira.create(project.key, change, properties=properties)
    told_fields = {name: [None, _tell(call, issue, name)] for name in values}
    marker = properties | _metadata(call)
    labels = list(issue.values["labels"])
    enter(call, "issue.create", issue, marker=marker, fields=told_fields, labels_added=labels)
    where = f"{call.view.api}/issue/{issue.number}"
    return told({"id": str(issue.number), "key": issue.key, "self": where}, 201)


def _project(call: Call, given: JSON) -> Project:
    wanted = {str(given.get("key")), str(given.get("id"))} if isinstance(given, dict) else set()
    for one in call.jira.projects.values():
        if wanted & {one.key, str(one.number)} and one.key not in call.jira.hidden_projects:
            return one
    raise invalid_fields({"project": "valid project is required"})


def _none_missing(call: Call, project: Project, values: dict[str, JSON]) -> None:
    missing = {
        spec.id: f"{spec.name} is required."
        for spec in call.jira.fields.values()
        if meta.is_required(spec, project.key) and spec.id != "project" and not values.get(spec.id)
    }
    if missing:
        raise invalid_fields(missing)


def _first_status(call: Call, project: Project) -> int | None:
    wanted = str((call.body.get("transition") or {}).get("id", ""))
    return next((one.target for one in project.transitions if str(one.number) == wanted), None)


def update(call: Call) -> Answer:
    """PUT /issue/{id}: fields, update, properties, historyMetadata; a status in it is not on the screen."""
    issue = call.issue()
    allowed = intake.screen_of(call.view, issue.project, "edit")
    if call.query("notifyUsers") == "false" and not call.jira.admin_rights:
        raise forbidden()
    _apply(call, issue, allowed, kind="issue.update")
    return Answer(NO_CONTENT)


def _apply(call: Call, issue: Issue, allowed: set[str], *, kind: str, status: int | None = None) -> None:
    """Fields, comment, properties and links of one body in one change; nothing is kept when anything is wrong."""
    project = call.jira.projects[issue.project]
    values = intake.taken(call.view, project, call.body, issue.values, allowed)
    properties = properties_in(call.body.get("properties"))
    said = _comment_in(call, issue)
    values |= {"status": status} if status is not None else {}
    names = [*values, *(("resolution",) if status is not None else ())]
    before = {name: _tell(call, issue, name) for name in names}
    labels = set(issue.values["labels"])
    change = Change(call.actor, values, said, call.body.get("historyMetadata"))
    call.jira.update(issue, change)
    fresh = {key: value for key, value in properties.items() if issue.properties.get(key) != value}
    issue.properties = issue.properties | properties
    after = {name: _tell(call, issue, name) for name in names}
    changed = {name: [before[name], after[name]] for name in names if before[name] != after[name]}
    enter(
        call, kind, issue,
        marker=fresh | (said.properties if said else {}) | _metadata(call),
        comment=comment_told(said),
        fields={name: both for name, both in changed.items() if name != "labels"},
        labels_added=sorted(set(issue.values["labels"]) - labels),
        labels_removed=sorted(labels - set(issue.values["labels"])),
    )  # fmt: skip


def _comment_in(call: Call, issue: Issue) -> Comment | None:
    verbs = (call.body.get("update") or {}).get("comment") or []
    return made_comment(call, issue, verbs[0].get("add") or {}) if verbs else None


def _metadata(call: Call) -> dict[str, JSON]:
    found = call.body.get("historyMetadata")
    return {"historyMetadata": found} if found else {}


def _tell(call: Call, issue: Issue, name: str) -> JSON:
    """A field in words, for the ledger."""
    spec = call.jira.fields[name]
    value = issue.values.get(name)
    if spec.kind in ("labels", "number", "date"):
        return list(value) if isinstance(value, tuple) else value
    return kinds.in_words(call.view, spec, value)[1]


def delete(call: Call) -> Answer:
    issue = call.issue()
    if not call.jira.admin_rights:
        raise forbidden()
    enter(call, "issue.delete", issue, anyway=True)
    call.jira.remove(issue)
    return Answer(NO_CONTENT)


def assign(call: Call) -> Answer:
    """PUT /issue/{id}/assignee."""
    issue, spec = call.issue(), call.jira.fields["assignee"]
    unset = call.body.get("accountId", call.body.get("name")) is None
    try:
        who = None if unset else intake.kept(call.view, spec, call.jira.projects[issue.project], call.body)
    except intake.Wrong as wrong:
        raise invalid_fields({"assignee": str(wrong)}) from None
    before = _tell(call, issue, "assignee")
    call.jira.update(issue, Change(call.actor, {"assignee": who}))
    after = _tell(call, issue, "assignee")
    enter(call, "issue.update", issue, fields={} if before == after else {"assignee": [before, after]})
    return Answer(NO_CONTENT)


def transition(call: Call) -> Answer:
    """POST /issue/{id}/transitions: only fields of the transition's screen, and all that it requires."""
    issue = call.issue()
    wanted = str((call.body.get("transition") or {}).get("id", ""))
    found = next((one for one in meta.open_transitions(call.view, issue) if str(one.number) == wanted), None)
    if found is None:
        raise invalid(f"Transition id '{wanted}' is not valid for this issue.")
    _all_required(call, found)
    _apply(call, issue, set(found.screen) | {"comment"}, kind="transition", status=found.target)
    return Answer(NO_CONTENT)


def _all_required(call: Call, found: Transition) -> None:
    given = {**(call.body.get("fields") or {}), **(call.body.get("update") or {})}
    missing = {name: f"{call.jira.fields[name].name} is required." for name in found.required if not given.get(name)}
    if missing:
        raise invalid_fields(missing)


# links


def link(call: Call) -> Answer:
    """POST /issueLink: the same link twice is one link, as at the vendor."""
    outward, inward = (_linked(call, call.body.get(side) or {}) for side in ("outwardIssue", "inwardIssue"))
    kind = next((n for n, names in content.LINK_TYPES.items() if _is_type(call.body.get("type") or {}, n, names)), None)
    if kind is None:
        raise invalid("No issue link type with that name found.", 404)
    # The vendor's words are the other way round: the inward issue of a request is where the link begins.
    if (kind, outward.number, "outward") in [(k, other, side) for _, k, other, side in inward.links]:
        return nothing(201)
    call.jira.link(inward.number, outward.number, kind=kind, by=call.actor)
    names = {"inward": inward.key, "outward": outward.key, "type": content.LINK_TYPES[kind][0]}
    enter(call, "link", inward, fields={"link": [None, names]})
    return nothing(201)


def _linked(call: Call, given: dict[str, JSON]) -> Issue:
    return call.issue(str(given.get("key") or given.get("id") or "none"))


def _is_type(given: dict[str, JSON], number: int, names: tuple[str, str, str]) -> bool:
    return str(given.get("id")) == str(number) or str(given.get("name", "")).lower() == names[0].lower()


def remote_link(call: Call) -> Answer:
    """POST /issue/{id}/remotelink: one with a known globalId replaces it."""
    issue, thing = call.issue(), call.body.get("object") or {}
    if not thing.get("url") or not thing.get("title"):
        raise invalid_fields({"object": "url and title are required."})
    name = call.body.get("globalId")
    have = next((one for one in issue.remote_links if name and one.get("globalId") == name), None)
    number = have["id"] if have else call.jira.next_id()
    anew = {"id": number, "globalId": name, **{k: v for k, v in call.body.items() if k != "globalId"}}
    issue.remote_links = [one for one in issue.remote_links if one is not have] + [anew]
    if have != anew:
        enter(call, "remotelink", issue, marker={"globalId": name}, fields={"remotelink": [None, thing["url"]]})
    where = f"{call.view.api}/issue/{issue.number}/remotelink/{number}"
    return told({"id": number, "self": where}, 200 if have else 201)
