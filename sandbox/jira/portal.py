"""Service Management's own API, /rest/servicedeskapi: desks, requests and what belongs to them. Called by `routes`."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.http.answers import Answer, told
from sandbox.jira import content, remarks
from sandbox.jira.answers import forbidden, invalid
from sandbox.jira.call import Call
from sandbox.jira.content import FieldSpec
from sandbox.jira.documents import as_wiki
from sandbox.jira.effects import enter
from sandbox.jira.records import Change, Comment, Issue
from sandbox.jira.service import sla_value
from sandbox.jira.view import SD_COMMENT

JSON = Any
Body = dict[str, JSON]


def info(call: Call) -> Answer:
    where = {"self": f"{call.jira.links}/rest/servicedeskapi/info"}
    body = {"version": "10.3.2", "platformVersion": "1001.0.0", "buildChangeSet": "sandbox", "isLicensedForUse": True}
    return told(body | {"buildDate": call.view.date(call.jira.now()), "_links": where})


def _desk(call: Call) -> Body:
    place = next(one for one in call.jira.projects.values() if one.desk)
    return {
        "id": str(content.SERVICE_DESK),
        "projectId": str(place.number),
        "projectName": place.name,
        "projectKey": place.key,
        "_links": {"self": f"{call.jira.links}/rest/servicedeskapi/servicedesk/{content.SERVICE_DESK}"},
    }


def desks(call: Call) -> Answer:
    hidden = content.CARE in call.jira.hidden_projects
    return call.portal_page([] if hidden else [_desk(call)])


def desk(call: Call) -> Answer:
    return told(_desk(call))


def request_types(call: Call) -> Answer:
    return call.portal_page([call.view.request_type(one) for one in content.REQUEST_TYPES])


def organizations(call: Call) -> Answer:
    return call.portal_page([call.view.organization(one) for one in content.ORGANIZATIONS])


def _request(call: Call) -> Issue:
    """The issue of a request. Raises Refused(404) where it is an ordinary issue."""
    issue = call.issue()
    if not call.jira.projects[issue.project].desk:
        raise _error("The request you are trying to view does not exist.", 404)
    return issue


def _error(words: str, status: int) -> Exception:
    refused = invalid(words, status)
    shown = {"errorMessage": words, "i18nErrorMessage": {"i18nKey": "sd.request.error", "parameters": []}}
    refused.answer = msgspec.structs.replace(refused.answer, payload=msgspec.json.encode(shown))
    return refused


def request(call: Call) -> Answer:
    """GET /request/{id} with the expansions participant, sla, status, comment, requestType."""
    issue, view, expand = _request(call), call.view, call.query("expand")
    kind = issue.values.get(content.REQUEST_TYPE)
    body: Body = {
        "_expands": ["participant", "status", "sla", "requestType", "serviceDesk", "comment", "action"],
        "issueId": str(issue.number),
        "issueKey": issue.key,
        "summary": issue.values["summary"],
        "serviceDeskId": str(content.SERVICE_DESK),
        "createdDate": view.date(issue.created),
        "reporter": portal_person(call, issue.values.get("reporter")),
        "requestFieldValues": _field_values(issue),
        "currentStatus": _status(call, issue),
        "_links": {
            "jiraRest": f"{view.api}/issue/{issue.number}",
            "web": f"{view.site}/servicedesk/customer/portal/1/{issue.key}",
            "self": f"{view.site}/rest/servicedeskapi/request/{issue.number}",
            "agent": f"{view.site}/browse/{issue.key}",
        },
    }
    body |= {"requestTypeId": str(kind)} if kind else {}
    body |= {"participants": _page(_participants(call, issue))} if "participant" in expand else {}
    body |= {"sla": _page(_slas(call, issue))} if "sla" in expand else {}
    if "requestType" in expand and kind:
        body["requestType"] = view.request_type(kind)
    return told(body)


def _page(rows: list[JSON]) -> Body:
    return {"size": len(rows), "start": 0, "limit": 50, "isLastPage": True, "values": rows}


def _field_values(issue: Issue) -> list[JSON]:
    texts = (("summary", "What is it about?"), ("description", "What happened?"))
    return [{"fieldId": name, "label": label, "value": as_wiki(issue.values.get(name))} for name, label in texts]


def _status(call: Call, issue: Issue) -> Body:
    name, category = call.jira.statuses[issue.values["status"]]
    words = {"new": "NEW", "indeterminate": "INDETERMINATE", "done": "DONE"}
    return {"status": name, "statusCategory": words[category], "statusDate": call.view.date(issue.updated)}


def portal_person(call: Call, account: str | None) -> JSON:
    """A person as this API tells one: without a type."""
    if account is None:
        return None
    told_ = {
        key: value
        for key, value in call.view.person(account).items()
        if key not in ("self", "accountType", "avatarUrls")
    }
    return told_ | {"_links": {"jiraRest": f"{call.view.api}/user?accountId={account}", "avatarUrls": {}}}


def _slas(call: Call, issue: Issue) -> list[JSON]:
    return [sla_value(call.view, issue, spec) for spec in _clocks(call)]


def _clocks(call: Call) -> list[FieldSpec]:
    return [spec for spec in call.jira.fields.values() if spec.kind == "sla"]


def slas(call: Call) -> Answer:
    return call.portal_page(_slas(call, _request(call)))


def sla(call: Call) -> Answer:
    for spec in _clocks(call):
        if spec.id == f"customfield_{call.parts[1]}":
            return told(sla_value(call.view, _request(call), spec))
    raise _error("The SLA metric does not exist.", 404)


def statuses(call: Call) -> Answer:
    """Newest first."""
    issue = _request(call)
    names = [
        (one.created, int(item["to"])) for one in issue.histories for item in one.items if item["field"] == "status"
    ]
    rows = [(issue.created, call.jira.projects[issue.project].statuses[0]), *names][::-1]
    shown = [{"status": call.jira.statuses[status][0], "statusDate": call.view.date(moment)} for moment, status in rows]
    return call.portal_page(shown)


def _participants(call: Call, issue: Issue) -> list[JSON]:
    return [portal_person(call, one) for one in issue.values.get(content.PARTICIPANTS) or ()]


def participants(call: Call) -> Answer:
    return call.portal_page(_participants(call, _request(call)))


def feedback(call: Call) -> Answer:
    """The customer's satisfaction; 404 until there is one. Experimental: it wants the opt-in header on Cloud."""
    if call.jira.switches.cloud and call.request.headers.get("x-experimentalapi") != "opt-in":
        raise _error("This API is experimental. Send the header X-ExperimentalApi: opt-in.", 412)
    given = _request(call).values.get(content.SATISFACTION)
    if given is None:
        raise _error("There is no feedback for this request.", 404)
    body: Body = {"type": "csat", "rating": given["rating"]}
    return told(body | ({"comment": {"body": given["comment"]}} if given["comment"] else {}))


def comments(call: Call) -> Answer:
    """Public and internal ones, unless a query says which."""
    issue = _request(call)
    wanted = {True: call.query("public") != "false", False: call.query("internal") != "false"}
    return call.portal_page([_comment(call, issue, one) for one in issue.comments if wanted[one.public]])


def comment(call: Call) -> Answer:
    return told(_comment(call, _request(call), remarks.find_comment(call)))


def _comment(call: Call, issue: Issue, one: Comment) -> Body:
    return {
        "id": str(one.number),
        "body": as_wiki(one.body),
        "public": one.public,
        "author": portal_person(call, one.author),
        "created": call.view.date(one.created),
        "_links": {"self": f"{call.view.site}/rest/servicedeskapi/request/{issue.number}/comment/{one.number}"},
    }


def add_comment(call: Call) -> Answer:
    issue, body = _request(call), call.body.get("body")
    if not isinstance(body, str) or not body:
        raise _error("Comment body can not be empty!", 400)
    public = call.body.get("public") is True
    properties = {} if public else {SD_COMMENT: {"internal": True}}
    made = call.jira.new_comment(issue, call.actor, body, public=public, properties=properties)
    remarks.add_comment(call, issue, made)
    return told(_comment(call, issue, made), 201)


def create(call: Call) -> Answer:
    """POST /request by an agent, for himself or (raiseOnBehalfOf) for a customer."""
    values, kind = call.body.get("requestFieldValues") or {}, str(call.body.get("requestTypeId"))
    if kind not in {str(one) for one in content.REQUEST_TYPES} or not values.get("summary"):
        raise _error("Your request could not be created. Please check the fields have been correctly filled in.", 400)
    if content.CARE in call.jira.hidden_projects:
        raise forbidden()
    wish = {"summary": values["summary"], "description": values.get("description"), content.REQUEST_TYPE: int(kind)}
    who = call.body.get("raiseOnBehalfOf") or call.actor
    change = Change(who, wish | {"issuetype": content.REQUEST_TYPES[int(kind)][1]})
    issue = call.jira.create(content.CARE, change)
    enter(call, "issue.create", issue, fields={"summary": [None, values["summary"]]})
    call.parts = (str(issue.number),)
    return msgspec.structs.replace(request(call), status=201)
