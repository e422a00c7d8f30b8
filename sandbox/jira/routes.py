"""From request to answer: the way in, limits, then the endpoint. No sockets; `server` calls `Desk.answer`."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

import msgspec

from sandbox.http.answers import Answer, Refused, Request, told
from sandbox.http.desk import FrontDesk
from sandbox.jira import content, hooks, meta, portal, reads, remarks, search, writes
from sandbox.jira.answers import captcha, forbidden, invalid, login_page, no_endpoint
from sandbox.jira.call import Call
from sandbox.jira.doorman import Door
from sandbox.jira.limits import Turnstile
from sandbox.jira.people import Jira

Handler = Callable[[Call], Answer]
GATEWAY = re.compile(r"/ex/jira/([^/]+)(/.*)")
VERSION = re.compile(r"/rest/api/(2|3|latest)/(.*)")


class Desk(FrontDesk):
    """The API of one site (see `FrontDesk`). `turnstile` holds the rate limits."""

    def __init__(self, jira: Jira) -> None:
        super().__init__()
        self.jira = jira
        self.turnstile = Turnstile()
        self._request_number = 0

    def answer(self, request: Request) -> Answer:
        """The answer to a request, applied in full. Never raises for anything a client can send."""
        with self.jira.lock:
            self._request_number += 1
            number = f"sandbox-{self._request_number:08d}"
            request = msgspec.structs.replace(request, headers={**request.headers, "x-request-id": number})
            try:
                answer = self._enter(request)
            except Refused as refused:
                answer = refused.answer
            except (AttributeError, TypeError, ValueError) as nonsense:  # a body or a number of another shape
                answer = invalid(f"Invalid request payload: {nonsense}").answer
            return msgspec.structs.replace(answer, headers={"X-ARequestId": number, **answer.headers})

    def too_many(self, wait_seconds: int) -> Answer:
        return self.turnstile.too_many(wait_seconds, self.jira.now())

    def is_bulk(self, request: Request) -> bool:
        return "/search" in request.path

    def _enter(self, request: Request) -> Answer:
        jira, switches = self.jira, self.jira.switches
        if request.path == "/oauth/token" and request.method == "POST":
            return told(jira.doorman.tokens(msgspec.json.decode(request.body)))
        if request.path == "/_edge/tenant_info":
            return told({"cloudId": content.CLOUD_ID})
        door, path = self._way(request)
        if switches.login_page:
            return login_page()
        if switches.captcha:
            raise captcha()
        actor = jira.doorman.actor(request.headers.get("authorization"), door)
        if request.path == "/oauth/token/accessible-resources":
            return told([{"id": content.CLOUD_ID, "name": "sandbox", "url": jira.links, "scopes": [], "avatarUrl": ""}])
        if switches.forbidden and re.search(switches.forbidden, request.path):
            raise forbidden()
        return self._dispatch(msgspec.structs.replace(request, path=path), actor)

    def _way(self, request: Request) -> tuple[Door, str]:
        """How the request came and the path behind the gateway or the context path. Raises Refused(404)."""
        switches, path = self.jira.switches, request.path
        found = GATEWAY.fullmatch(path)
        gateway = bool(found) or path.startswith("/oauth/")
        if found:
            if not switches.cloud or found[1] != content.CLOUD_ID:
                raise no_endpoint(path)
            path = found[2]
        elif switches.context_path:
            if not path.startswith(switches.context_path + "/"):
                raise no_endpoint(path)
            path = path.removeprefix(switches.context_path)
        return Door(gateway, switches.cloud), path

    def _dispatch(self, request: Request, actor: str) -> Answer:
        version, path = self._version(request.path)
        for method, pattern, where, handler in ROUTES:
            found = pattern.fullmatch(path)
            if found and method == request.method and where in ("", self.jira.switches.deployment):
                parts = tuple(unquote(one) for one in found.groups())
                call = Call(self.jira, request, actor, version, parts)
                return self._limited(call, f"{method} {pattern.pattern}", handler)
        raise no_endpoint(request.path)

    def _version(self, path: str) -> tuple[str, str]:
        """The version and the path after it; Data Center has version 2 only."""
        found = VERSION.fullmatch(path)
        cloud = self.jira.switches.cloud
        if found is None:
            return ("3" if cloud else "2"), path
        version = {"latest": "3" if cloud else "2"}.get(found[1], found[1])
        if version == "3" and not cloud:
            raise no_endpoint(path)
        return version, found[2]

    def _limited(self, call: Call, endpoint: str, handler: Handler) -> Answer:
        now, writing = self.jira.now(), _is_write(call, endpoint)
        issue = self._written(call) if writing else None
        refusal = self.turnstile.pass_or_refuse(endpoint, issue, now)
        if refusal:
            return refusal
        if writing:
            self.people_first(issue or 0)
        answer = handler(call)
        self.turnstile.charge(call.objects, now)
        return answer

    def _written(self, call: Call) -> int | None:
        """The id of the issue that a write is about."""
        try:
            return self.jira.issue(call.parts[0]).number if call.parts else None
        except (KeyError, ValueError):
            return None


READING_POSTS = ("search", "bulkfetch", "comment/list")


def _is_write(call: Call, endpoint: str) -> bool:
    return call.request.method != "GET" and not any(word in endpoint for word in (*READING_POSTS, "webhook"))


def _route(method: str, path: str, handler: Handler, where: str = "") -> tuple[str, re.Pattern[str], str, Handler]:
    """A star stands for one part of the path; `where` is the deployment that has it."""
    return method, re.compile(path.replace("*", "([^/]+)")), where, handler


PORTAL = "/rest/servicedeskapi/"
CLOUD, SERVER = "cloud", "data_center"
HOOKS, SERVER_HOOKS = "/rest/webhooks/1.0/webhook", "/rest/jira-webhook/1.0/webhooks"
ROUTES = (
    _route("POST", "search/jql", search.search_cloud, CLOUD),
    _route("GET", "search/jql", search.search_cloud, CLOUD),
    _route("POST", "search/approximate-count", search.count, CLOUD),
    _route("GET", "search", search.gone, CLOUD),
    _route("POST", "search", search.gone, CLOUD),
    _route("GET", "search", search.search_server, SERVER),
    _route("POST", "search", search.search_server, SERVER),
    _route("POST", "issue/bulkfetch", search.bulk_issues, CLOUD),
    _route("POST", "changelog/bulkfetch", search.bulk_changelogs, CLOUD),
    _route("POST", "comment/list", search.bulk_comments, CLOUD),
    _route("POST", "issue", writes.create),
    _route("GET", "issue/createmeta/*/issuetypes", meta.create_types),
    _route("GET", "issue/createmeta/*/issuetypes/*", meta.create_fields),
    _route("GET", "issue/*", reads.issue),
    _route("PUT", "issue/*", writes.update),
    _route("DELETE", "issue/*", writes.delete),
    _route("PUT", "issue/*/assignee", writes.assign),
    _route("GET", "issue/*/editmeta", meta.edit_meta),
    _route("GET", "issue/*/transitions", meta.transitions),
    _route("POST", "issue/*/transitions", writes.transition),
    _route("GET", "issue/*/changelog", reads.changelog, CLOUD),
    _route("GET", "issue/*/comment", reads.comments),
    _route("POST", "issue/*/comment", remarks.comment),
    _route("GET", "issue/*/comment/*", reads.comment),
    _route("PUT", "issue/*/comment/*", remarks.edit_comment),
    _route("DELETE", "issue/*/comment/*", remarks.delete_comment),
    _route("GET", "issue/*/properties", reads.properties),
    _route("GET", "issue/*/properties/*", reads.issue_property),
    _route("PUT", "issue/*/properties/*", remarks.set_property),
    _route("DELETE", "issue/*/properties/*", remarks.delete_property),
    _route("GET", "comment/*/properties", reads.comment_properties),
    _route("GET", "comment/*/properties/*", reads.comment_property),
    _route("PUT", "comment/*/properties/*", remarks.set_comment_property),
    _route("GET", "issue/*/remotelink", reads.remote_links),
    _route("POST", "issue/*/remotelink", writes.remote_link),
    _route("POST", "issueLink", writes.link),
    _route("GET", "issueLinkType", reads.link_types),
    _route("GET", HOOKS, hooks.listing, CLOUD),
    _route("POST", HOOKS, hooks.create, CLOUD),
    _route("DELETE", HOOKS + "/*", hooks.remove, CLOUD),
    _route("GET", SERVER_HOOKS, hooks.listing, SERVER),
    _route("POST", SERVER_HOOKS, hooks.create, SERVER),
    _route("DELETE", SERVER_HOOKS + "/*", hooks.remove, SERVER),
    _route("GET", "myself", reads.myself),
    _route("GET", "mypermissions", reads.permissions),
    _route("GET", "serverInfo", reads.server_info),
    _route("GET", "user", reads.user),
    _route("GET", "user/search", reads.users),
    _route("GET", "user/assignable/search", reads.users),
    _route("GET", "users/search", reads.users, CLOUD),
    _route("GET", "users", reads.users, CLOUD),
    _route("GET", "group/bulk", reads.groups, CLOUD),
    _route("GET", "groups/picker", reads.groups),
    _route("GET", "field", meta.fields),
    _route("GET", "field/search", meta.field_search, CLOUD),
    _route("GET", "field/*/context", meta.contexts, CLOUD),
    _route("GET", "field/*/context/*/option", meta.options, CLOUD),
    _route("GET", "project", reads.projects),
    _route("GET", "project/search", reads.project_search, CLOUD),
    _route("GET", "project/*", reads.project),
    _route("GET", "project/*/statuses", reads.project_statuses),
    _route("GET", "project/*/role", reads.roles),
    _route("GET", "project/*/role/*", reads.role),
    _route("GET", "user/groups", reads.my_groups, CLOUD),
    _route("GET", "status", reads.statuses),
    _route("GET", "statuscategory", reads.listing("category", lambda call: content.CATEGORIES)),
    _route("GET", "resolution", reads.listing("resolution", lambda call: content.RESOLUTIONS)),
    _route("GET", "issuetype", reads.listing("issue_type", lambda call: content.ISSUE_TYPES)),
    _route("GET", "priority", reads.priorities),
    _route("GET", "priority/search", reads.priority_search, CLOUD),
    _route("GET", PORTAL + "info", portal.info),
    _route("GET", PORTAL + "servicedesk", portal.desks),
    _route("GET", PORTAL + "servicedesk/*", portal.desk),
    _route("GET", PORTAL + "servicedesk/*/requesttype", portal.request_types),
    _route("GET", PORTAL + "servicedesk/*/organization", portal.organizations),
    _route("GET", PORTAL + "organization", portal.organizations),
    _route("GET", PORTAL + "requesttype", portal.request_types),
    _route("POST", PORTAL + "request", portal.create),
    _route("GET", PORTAL + "request/*", portal.request),
    _route("GET", PORTAL + "request/*/sla", portal.slas),
    _route("GET", PORTAL + "request/*/sla/*", portal.sla),
    _route("GET", PORTAL + "request/*/status", portal.statuses),
    _route("GET", PORTAL + "request/*/participant", portal.participants),
    _route("GET", PORTAL + "request/*/feedback", portal.feedback),
    _route("GET", PORTAL + "request/*/comment", portal.comments),
    _route("POST", PORTAL + "request/*/comment", portal.add_comment),
    _route("GET", PORTAL + "request/*/comment/*", portal.comment),
)
