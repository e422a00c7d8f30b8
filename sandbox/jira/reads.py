"""Reading one issue and the site's furniture: people, projects, statuses, permissions. Called by `routes`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.http.answers import Answer, told
from sandbox.jira import content, meta, remarks, search
from sandbox.jira.answers import invalid
from sandbox.jira.call import Call
from sandbox.jira.content import Project
from sandbox.jira.documents import as_wiki

JSON = Any


# one issue


def issue(call: Call) -> Answer:
    """GET /issue/{id}: a strong read; former keys lead to the issue."""
    found, expand = call.issue(), call.query("expand")
    names = call.listed("fields") or ["*all"]
    shown = call.view.issue(found, names, properties=call.listed("properties") or None)
    if "changelog" in expand:
        shown["changelog"] = search.changelog(call, found)
    if "names" in expand:
        shown["names"] = {name: call.jira.fields[name].name for name in shown["fields"]}
    if "editmeta" in expand:
        shown["editmeta"] = {"fields": meta.editable(call.view, found)}
    if "transitions" in expand:
        shown["transitions"] = [
            meta.transition(call.view, call.jira.projects[found.project], one, fields=False)
            for one in meta.open_transitions(call.view, found)
        ]
    if "renderedFields" in expand:
        shown["renderedFields"] = {"description": f"<p>{as_wiki(found.values.get('description'))}</p>"}
    return told(shown)


def comments(call: Call) -> Answer:
    found = call.issue()
    rows = sorted(found.comments, key=lambda one: one.created, reverse=call.query("orderBy") == "-created")
    shown = [call.view.comment(found, one, expand=call.query("expand")) for one in rows]
    return call.page("comments", shown, call.jira.switches.comment_page)


def comment(call: Call) -> Answer:
    return told(call.view.comment(call.issue(), remarks.find_comment(call), expand=call.query("expand")))


def changelog(call: Call) -> Answer:
    """GET /issue/{id}/changelog: oldest first, in pages of 100 at most. Cloud only."""
    return call.page("values", [call.view.history(one) for one in call.issue().histories], 100)


def properties(call: Call) -> Answer:
    keys = call.issue().properties
    return told({"keys": [{"key": key, "self": f"{call.jira.links}{call.request.path}/{key}"} for key in keys]})


def issue_property(call: Call) -> Answer:
    return _property(call.issue().properties, call.parts[1])


def comment_property(call: Call) -> Answer:
    return _property(remarks.comment_anywhere(call)[1].properties, call.parts[1])


def comment_properties(call: Call) -> Answer:
    keys = remarks.comment_anywhere(call)[1].properties
    return told({"keys": [{"key": key, "self": f"{call.jira.links}{call.request.path}/{key}"} for key in keys]})


def _property(kept: dict[str, JSON], key: str) -> Answer:
    if key not in kept:
        raise invalid(f"The property with key '{key}' does not exist.", 404)
    return told({"key": key, "value": kept[key]})


def remote_links(call: Call) -> Answer:
    wanted = call.query("globalId")
    rows = [one for one in call.issue().remote_links if wanted in ("", one.get("globalId"))]
    shown = [{"self": f"{call.jira.links}{call.request.path}/{one['id']}", **one} for one in rows]
    return told(shown[0] if wanted and shown else shown)


# people


def myself(call: Call) -> Answer:
    """The only place where our own zone stands, whatever is hidden."""
    body = call.view.person(call.actor) | {"locale": "en_GB"}
    if "groups" in call.query("expand"):
        items = [call.view.group(name) for name in sorted(call.jira.our_groups)]
        body["groups"] = {"size": len(items), "items": items}
    return told(body)


def user(call: Call) -> Answer:
    wanted = call.query("accountId") or call.query("username") or call.query("key")
    for one in call.jira.people.values():
        if wanted in (one.account_id, one.username, one.key):
            return told(call.view.person(one.account_id))
    raise invalid("Specified user does not exist or you do not have required permissions", 404)


def users(call: Call) -> Answer:
    """/users/search and the assignable ones: a bare list, paged by startAt and maxResults."""
    text, assignable = (call.query("query") or call.query("username")).lower(), "assignable" in call.request.path
    rows = [
        call.view.person(one.account_id)
        for one in call.jira.people.values()
        if text in f"{one.display_name} {one.email}".lower().replace(".", text if text == "." else ".")
        and (not assignable or one.account_type == "atlassian")
    ]
    start, size = call.number("startAt", 0, 10**9), call.number("maxResults", 50, 1000)
    return told(rows[start : start + size])


def groups(call: Call) -> Answer:
    rows = [call.view.group(one) for one in content.GROUPS]
    if "picker" in call.request.path:
        return told({"header": "", "total": len(rows), "groups": [_picked(one) for one in rows]})
    return call.page("values", [{"name": one["name"], "groupId": one.get("groupId", "")} for one in rows])


def _picked(group: JSON) -> JSON:
    return {name: value for name, value in group.items() if name != "self"} | {"html": group["name"], "labels": []}


# the site


def server_info(call: Call) -> Answer:
    cloud = call.jira.switches.cloud
    version = "1001.0.0-SNAPSHOT" if cloud else "10.3.2"
    body = {
        "baseUrl": call.jira.links,
        "version": version,
        "versionNumbers": [1001, 0, 0] if cloud else [10, 3, 2],
        "deploymentType": "Cloud" if cloud else "Data Center",
        "buildNumber": 100_300,
        "buildDate": "2026-01-12T00:00:00.000+0000",
        "serverTime": call.view.time(call.jira.now()),
        "scmInfo": "sandbox",
        "serverTitle": "Sandbox Jira",
    }
    return told(body)


def permissions(call: Call) -> Answer:
    jira = call.jira
    asked = call.listed("permissions") or ["BROWSE_PROJECTS", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES",
                                           "CREATE_ISSUES", "LINK_ISSUES", "ADMINISTER_PROJECTS"]  # fmt: skip
    project = call.query("projectKey") or call.query("projectId") or call.query("issueKey").split("-")[0]
    seen = not project or any(project in (one.key, str(one.number)) for one in _seen(call))
    if not seen:
        raise invalid(f"No project could be found with key '{project}'.", 404)
    shown = {
        name: {
            "id": str(number),
            "key": name,
            "name": name.replace("_", " ").capitalize(),
            "type": "PROJECT",
            "description": "",
            "havePermission": name not in jira.denied and (jira.admin_rights or "ADMINISTER" not in name),
        }
        for number, name in enumerate(asked, 10)
    }
    return told({"permissions": shown})


def _seen(call: Call) -> list[Project]:
    return [one for one in call.jira.projects.values() if one.key not in call.jira.hidden_projects]


def project_search(call: Call) -> Answer:
    wanted = {one.upper() for one in call.listed("keys")}
    rows = [call.view.project_brief(one.key) for one in _seen(call) if not wanted or one.key in wanted]
    return call.page("values", rows)


def projects(call: Call) -> Answer:
    return told([call.view.project_brief(one.key) for one in _seen(call)])


def project(call: Call) -> Answer:
    found = project_of(call)
    view = call.view
    types = [view.issue_type(one) for one in found.types]
    more = {"components": [view.component(one) for one in found.components], "issueTypes": types}
    releases = [view.release(one) for one in found.versions]
    return told(view.project_brief(found.key) | more | {"description": "", "versions": releases})


def project_of(call: Call) -> Project:
    for one in _seen(call):
        if call.parts[0] in (one.key, str(one.number)):
            return one
    raise invalid(f"No project could be found with key '{call.parts[0]}'.", 404)


def project_statuses(call: Call) -> Answer:
    found = project_of(call)
    statuses = [call.view.status(one) for one in found.statuses]
    keys = ("self", "id", "name", "subtask")
    types = [call.view.issue_type(one) for one in found.types]
    return told([{**{key: one[key] for key in keys}, "statuses": statuses} for one in types])


def roles(call: Call) -> Answer:
    """The roles that a project knows: their addresses by name."""
    found = project_of(call)
    return told({name: f"{call.view.api}/project/{found.number}/role/{n}" for n, name in content.ROLES.items()})


def role(call: Call) -> Answer:
    """One role of a project with the people in it."""
    number, jira = int(call.parts[1]), call.jira
    if number not in content.ROLES:
        raise invalid("Can not retrieve a role actor for a null project role.", 404)
    mine, name = call.view.person(call.actor), content.ROLES[number]
    who = {"actorUser": {"accountId": mine["accountId"]}} if jira.switches.cloud else {"name": mine["name"]}
    actor = {"id": 10240, "displayName": mine["displayName"], "type": "atlassian-user-role-actor", **who}
    where = f"{jira.links}{call.request.path}"
    return told(
        {
            "self": where,
            "name": name,
            "id": number,
            "description": "",
            "actors": [actor] if name in jira.our_roles else [],
        }
    )


def my_groups(call: Call) -> Answer:
    """/user/groups: ours."""
    return told([call.view.group(name) for name in sorted(call.jira.our_groups)])


def statuses(call: Call) -> Answer:
    return told([call.view.status(one) for one in call.jira.statuses])


def priorities(call: Call) -> Answer:
    return told([_priority(call, one) for one in content.PRIORITIES])


def priority_search(call: Call) -> Answer:
    """With projectId only those of its scheme."""
    wanted = set(call.listed("projectId"))
    allowed = {n for one in _seen(call) if str(one.number) in wanted for n in one.priorities} or set(content.PRIORITIES)
    return call.page("values", [_priority(call, one) for one in content.PRIORITIES if one in allowed])


def _priority(call: Call, number: int) -> JSON:
    extra = {"statusColor": "#ff0000", "description": ""}
    return call.view.priority(number) | extra | ({"isDefault": number == content.MEDIUM} if call.version == "3" else {})


def listing(name: str, numbers: Callable[[Call], Any]) -> Callable[[Call], Answer]:
    """A bare list of one kind of furniture, by the method of `View` that tells one."""
    return lambda call: told([getattr(call.view, name)(one) for one in numbers(call)])


def link_types(call: Call) -> Answer:
    return told({"issueLinkTypes": [call.view.link_type(one) for one in content.LINK_TYPES]})
