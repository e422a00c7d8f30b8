"""The site's objects as the API tells them: in one version, to one person, in that person's zone. Called by the routes.

`deployment` decides how people are named; hidden addresses and hidden projects stay hidden.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sandbox.jira import content, kinds
from sandbox.jira.content import FieldSpec, Project
from sandbox.jira.documents import as_document, as_wiki

if TYPE_CHECKING:
    from sandbox.jira.records import Comment, History, Issue, Records

JSON = Any
SD_COMMENT = "sd.public.comment"


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)


class View:
    """What `viewer` (an account id) sees through API `version` ("2" or "3")."""

    def __init__(self, jira: Records, viewer: str, version: str) -> None:
        self.jira: Records = jira
        self.viewer, self.version = viewer, version
        self._asked: dict[tuple[str, ...], list[FieldSpec]] = {}
        self.zone = zone_of(jira.people[viewer].time_zone)
        self.now = jira.now()
        self.site = jira.links
        self.api = f"{jira.links}/rest/api/{version}"

    # times

    def time(self, moment: datetime | None) -> str | None:
        """In the viewer's zone, with milliseconds and an offset without a colon."""
        if moment is None:
            return None
        text = moment.astimezone(self.zone).isoformat(timespec="milliseconds")
        return text[:-3] + text[-2:]

    def date(self, moment: datetime) -> JSON:
        """Service Management's four spellings of one time."""
        local = moment.astimezone(self.zone)
        return {
            "iso8601": local.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "jira": self.time(moment),
            "friendly": local.strftime("%d/%b/%y %I:%M %p"),
            "epochMillis": int(moment.timestamp() * 1000),
        }

    # people

    def person_id(self, account: str | None) -> str | None:
        if account is None:
            return None
        return account if self.jira.switches.cloud else self.jira.people[account].key

    def person(self, account: str | None) -> JSON:
        if account is None:
            return None
        one, cloud = self.jira.people[account], self.jira.switches.cloud
        hidden = one.hidden_email or self.jira.switches.hidden_emails
        told: JSON = {"self": f"{self.api}/user?accountId={account}", "accountId": account}
        if not cloud:
            told = {"self": f"{self.api}/user?username={one.username}", "name": one.username, "key": one.key}
        if one.email and (not hidden or account == self.viewer):
            told["emailAddress"] = one.email
        told |= {
            "avatarUrls": {"48x48": f"{self.site}/avatar/{one.username}.png"},
            "displayName": one.display_name,
            "active": one.active,
            "timeZone": one.time_zone,
        }
        return told | ({"accountType": one.account_type} if cloud else {})

    def group(self, name: str) -> JSON:
        told = {"name": name, "self": f"{self.api}/group?groupname={name}"}
        return told | ({"groupId": f"group-{name}"} if self.jira.switches.cloud else {})

    # furniture

    def category(self, name: str) -> JSON:
        number, title, colour = content.CATEGORIES[name]
        where = f"{self.api}/statuscategory/{number}"
        return {"self": where, "id": number, "key": name, "colorName": colour, "name": title}

    def status(self, number: int) -> JSON:
        name, category = self.jira.statuses[number]
        return {
            "self": f"{self.api}/status/{number}",
            "description": "",
            "iconUrl": f"{self.site}/images/icons/statuses/generic.png",
            "name": name,
            "id": str(number),
            "statusCategory": self.category(category),
        }

    def priority(self, number: int) -> JSON:
        name = content.PRIORITIES[number]
        icon = f"{self.site}/images/icons/priorities/{name.lower()}.svg"
        return {"self": f"{self.api}/priority/{number}", "iconUrl": icon, "name": name, "id": str(number)}

    def resolution(self, number: int) -> JSON:
        name = content.RESOLUTIONS[number]
        return {"self": f"{self.api}/resolution/{number}", "id": str(number), "description": name, "name": name}

    def issue_type(self, number: int) -> JSON:
        return {
            "self": f"{self.api}/issuetype/{number}",
            "id": str(number),
            "description": "",
            "iconUrl": f"{self.site}/images/icons/issuetypes/task.svg",
            "name": content.ISSUE_TYPES[number],
            "subtask": False,
        }

    def project_brief(self, key: str) -> JSON:
        one = self.jira.projects[key]
        return {
            "self": f"{self.api}/project/{one.number}",
            "id": str(one.number),
            "key": one.key,
            "name": one.name,
            "projectTypeKey": one.kind,
            "simplified": False,
            "avatarUrls": {"48x48": f"{self.site}/avatar/{one.key}.png"},
        }

    def component(self, number: int) -> JSON:
        return self._named(
            "component", number, {n: name for one in self._projects() for n, name in one.components.items()}
        )

    def release(self, number: int) -> JSON:
        names = {n: name for one in self._projects() for n, name in one.versions.items()}
        return self._named("version", number, names) | {"archived": False, "released": False}

    def organization(self, number: int) -> JSON:
        where = {"self": f"{self.site}/rest/servicedeskapi/organization/{number}"}
        return {"id": str(number), "name": content.ORGANIZATIONS[number], "_links": where}

    def request_type(self, number: int) -> JSON:
        name, kind = content.REQUEST_TYPES[number]
        where = f"{self.site}/rest/servicedeskapi/servicedesk/{content.SERVICE_DESK}/requesttype/{number}"
        return {
            "_links": {"self": where},
            "id": str(number),
            "name": name,
            "description": "",
            "helpText": "",
            "issueTypeId": str(kind),
            "serviceDeskId": str(content.SERVICE_DESK),
            "portalId": "1",
            "groupIds": [],
            "icon": {"id": "10494", "_links": {"iconUrls": {}}},
        }

    def request_type_value(self, issue: Issue, number: int) -> JSON:
        """What stands in the Request Type field: the type, and the request's links and status."""
        links = {
            "jiraRest": f"{self.api}/issue/{issue.number}",
            "web": f"{self.site}/servicedesk/customer/portal/1/{issue.key}",
            "self": f"{self.site}/rest/servicedeskapi/request/{issue.number}",
        }
        status = {"status": self.jira.statuses[issue.values["status"]][0], "statusDate": self.date(issue.updated)}
        return {"_links": links, "requestType": self.request_type(number), "currentStatus": status}

    def _projects(self) -> list[Project]:
        return list(self.jira.projects.values())

    def _named(self, what: str, number: int, names: dict[int, str]) -> JSON:
        return {"self": f"{self.api}/{what}/{number}", "id": str(number), "name": names[number]}

    # issues

    def value(self, spec: FieldSpec, value: JSON, issue: Issue | None = None) -> JSON:
        return kinds.KINDS[spec.kind].tell(self, issue, spec, value)  # type: ignore[arg-type]  # few kinds look at it

    def field(self, issue: Issue, spec: FieldSpec) -> JSON:
        """One field's value; an empty list where a list field holds nothing."""
        match spec.id:
            case "project":
                return self.project_brief(issue.project)
            case "created":
                return self.time(issue.created)
            case "updated":
                return self.time(issue.updated)
        value = issue.values.get(spec.id)
        if value is None and spec.kind not in kinds.ALWAYS:
            return [] if spec.kind in kinds.LISTS and not spec.id.startswith("customfield_") else None
        return self.value(spec, value, issue)

    def issue(self, issue: Issue, names: list[str], *, properties: list[str] | None = None) -> JSON:
        """The issue with the fields `names` says: ids, "*all", "*navigable", "-comment"."""
        fields = {
            one.id: self.field(issue, one)
            for one in self._wanted(tuple(names))
            if self.jira.applies(one, issue.project)
        }
        told: JSON = {"id": str(issue.number), "self": f"{self.api}/issue/{issue.number}", "key": issue.key}
        told |= {"expand": "operations,editmeta,changelog,transitions", "fields": fields}
        if properties is not None:
            kept = issue.properties
            told["properties"] = {
                key: kept[key] for key in (kept if "*all" in properties else properties) if key in kept
            }
        return told

    def _wanted(self, names: tuple[str, ...]) -> list[FieldSpec]:
        """The fields that `names` asks for; worked out once a call."""
        if names not in self._asked:
            self._asked[names] = [one for one in self.jira.fields.values() if _wanted(one.id, names)]
        return self._asked[names]

    def comment(self, issue: Issue, comment: Comment, *, expand: str = "") -> JSON:
        body = as_document(comment.body) if self.version == "3" else as_wiki(comment.body)
        told: JSON = {
            "self": f"{self.api}/issue/{issue.number}/comment/{comment.number}",
            "id": str(comment.number),
            "author": self.person(comment.author),
            "body": body,
            "updateAuthor": self.person(comment.update_author),
            "created": self.time(comment.created),
            "updated": self.time(comment.updated),
        }
        if self.jira.switches.cloud:
            told["jsdPublic"] = comment.public
        told |= {"visibility": comment.visibility} if comment.visibility else {}
        if "properties" in expand:
            told["properties"] = [{"key": key, "value": value} for key, value in comment.properties.items()]
        return told

    def comment_page(self, issue: Issue) -> JSON:
        """The comments as they stand in an issue: on Cloud the first ones only, Data Center has all."""
        most = self.jira.switches.embedded_comments if self.jira.switches.cloud else len(issue.comments)
        shown = [self.comment(issue, one) for one in issue.comments[:most]]
        where = {"self": f"{self.api}/issue/{issue.number}/comment"} if self.jira.switches.cloud else {}
        return where | {"comments": shown, "maxResults": len(shown), "total": len(issue.comments), "startAt": 0}

    def history(self, history: History) -> JSON:
        told: JSON = {
            "id": str(history.number),
            "author": self.person(history.author),
            "created": self.time(history.created),
            "items": [self._item(one) for one in history.items],
        }
        return told | ({"historyMetadata": history.metadata} if history.metadata else {})

    def _item(self, item: JSON) -> JSON:
        """Data Center does not name the field's id."""
        return item if self.jira.switches.cloud else {key: value for key, value in item.items() if key != "fieldId"}

    def links(self, issue: Issue) -> JSON:
        return [self._link(*one) for one in issue.links]

    def _link(self, number: int, kind: int, other: int, side: str) -> JSON:
        there = self.jira.issues[other]
        names = ["summary", "status", "priority", "issuetype"]
        brief: JSON = {"id": str(there.number), "key": there.key, "self": f"{self.api}/issue/{there.number}"}
        brief |= {"fields": {name: self.field(there, self.jira.fields[name]) for name in names}}
        where = {"id": str(number), "self": f"{self.api}/issueLink/{number}", "type": self.link_type(kind)}
        return where | {f"{side}Issue": brief}

    def link_type(self, number: int) -> JSON:
        name, inward, outward = content.LINK_TYPES[number]
        where = f"{self.api}/issueLinkType/{number}"
        return {"id": str(number), "name": name, "inward": inward, "outward": outward, "self": where}

    def watches(self, issue: Issue) -> JSON:
        return {"self": f"{self.api}/issue/{issue.key}/watchers", "watchCount": 1, "isWatching": False}

    def votes(self, issue: Issue) -> JSON:
        return {"self": f"{self.api}/issue/{issue.key}/votes", "votes": 0, "hasVoted": False}


def _wanted(name: str, names: tuple[str, ...]) -> bool:
    if f"-{name}" in names:
        return False
    return name in names or "*all" in names or ("*navigable" in names and name not in ("comment", "attachment"))
