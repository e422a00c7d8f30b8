"""The sandbox Jira's answers fit the vendor's own descriptions: Cloud, Service Management and Data Center."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import requests

from sandbox.clock import SandboxClock
from sandbox.http.answers import Answer, Request
from sandbox.jira import Jira, Site, content, serve
from sandbox.jira.documents import as_document
from tests.prism import prism, violations

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CARE, OPS = 10001, 10003  # the issues that `peopled` makes


def peopled() -> Jira:
    """A site in which every kind of field, comment and link stands somewhere."""
    clock = SandboxClock(START, scale=0)
    jira = Jira(clock)
    fields = {
        content.ORDER_NUMBER: "A-1", content.PRODUCT: 10301, content.ABOUT: (10310, 10311), content.REFUND: 12.5,
        content.CHANNELS: (10340,), content.REASON: "Because.", content.CONTACT: content.BEN, content.VIP: (10350,),
        content.HAPPENED_ON: "2026-03-01", content.CALL_BACK_AT: START, content.TEAM: content.GROUPS[0],
        content.KEYWORDS: ("late",), content.ORGANIZATION: (201,), content.PARTICIPANTS: (content.ANA,),
    }  # fmt: skip
    issue = jira.customer_opens("Late", "Where is it?", labels=["vip"], fields=fields)
    jira.customer_opens("Gone", "Delete me.", project=content.SHOP)
    jira.customer_opens("Cause", "Find it.", jira.add_customer("Ina", None), project=content.OPS)
    clock.advance(60)
    jira.agent_comments(issue, as_document("On its way."), status=content.WAITING_FOR_CUSTOMER)
    jira.agent_notes(issue, "Third time.")
    jira.customer_comments(issue, "It is not.")
    jira.agent_sets(issue, assignee=content.ANA, priority=content.HIGH)
    jira.agent_sets(issue, status=content.RESOLVED)
    jira.agent_sets(OPS, components=(10100,), fixVersions=(10200,))
    jira.link(issue, OPS)
    jira.rate(issue, 2, "Slow.")
    jira.switches.bulk_times = "text"  # as the description says; the site itself sends numbers
    return jira


class Judge:
    """Asks through Prism. `ask` asserts that nothing is violated; `spoilt` has the sandbox answer nonsense instead."""

    def __init__(self, site: Site, url: str, headers: dict[str, str]) -> None:
        self.jira, self.url, self._site = site.account, url, site
        self._session = requests.Session()
        self._session.headers.update(headers)
        self._session.auth = None if "Authorization" in headers else (content.EMAIL, content.API_TOKEN)

    def send(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self._session.request(method, self.url + path, json=body, timeout=30)

    def ask(self, method: str, path: str, status: int = 200, body: Any = None) -> Any:
        answer = self.send(method, path, body)
        assert violations(answer) == []
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    @contextmanager
    def spoilt(self) -> Iterator[None]:
        honest = self._site.answer

        def nonsense(request: Request) -> Answer:
            answer = honest(request)
            return msgspec.structs.replace(
                answer, payload=msgspec.json.encode(_spoilt(msgspec.json.decode(answer.payload)))
            )

        self._site.answer = nonsense  # type: ignore[method-assign]
        try:
            yield
        finally:
            self._site.answer = honest  # type: ignore[method-assign]


def _spoilt(told: Any) -> Any:
    if isinstance(told, list):
        return [_spoilt(one) if isinstance(one, dict) else 7 for one in told]
    return {name: [7] if isinstance(value, list | int) else 7 for name, value in told.items()}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Judge]:
    with serve(peopled()) as site, prism(site.url, "jira-cloud-platform-v3.json.gz") as url:
        yield Judge(site, url, {})


@pytest.fixture(scope="module")
def portal() -> Iterator[Judge]:
    with serve(peopled()) as site, prism(site.url, "jsm-cloud-servicedesk.json.gz") as url:
        yield Judge(site, url, {"X-ExperimentalApi": "opt-in"})


@pytest.fixture(scope="module")
def server() -> Iterator[Judge]:
    jira = peopled()
    jira.switches.deployment = "data_center"
    with serve(jira) as site, prism(site.url + "/rest", "jira-datacenter-10.3.json.gz") as url:
        yield Judge(site, url, {"Authorization": f"Bearer {content.PAT}"})


API = "/rest/api/3"
CLOUD_READS = [
    f"{API}/myself", f"{API}/serverInfo", f"{API}/field", f"{API}/field/search", f"{API}/project/search",
    f"{API}/project/CARE", f"{API}/project/CARE/statuses", f"{API}/project/OPS/role", f"{API}/project/OPS/role/10002",
    f"{API}/mypermissions?permissions=ADD_COMMENTS", f"{API}/status", f"{API}/statuscategory", f"{API}/resolution",
    f"{API}/issuetype", f"{API}/priority/search?projectId=10001", f"{API}/users/search", f"{API}/groups/picker",
    f"{API}/user?accountId={content.ANA}", f"{API}/issueLinkType", f"{API}/issue/{CARE}",
    f"{API}/issue/CARE-1?expand=changelog,editmeta,transitions&properties=*all", f"{API}/issue/{CARE}/editmeta",
    f"{API}/issue/{CARE}/transitions?expand=transitions.fields", f"{API}/issue/{CARE}/changelog",
    f"{API}/issue/{CARE}/comment?expand=properties", f"{API}/issue/{CARE}/properties",
    f"{API}/issue/createmeta/OPS/issuetypes", f"{API}/issue/createmeta/OPS/issuetypes/10005",
    f"{API}/field/{content.ABOUT}/context", f"{API}/field/{content.ABOUT}/context/20012/option",
]  # fmt: skip
PORTAL = "/rest/servicedeskapi"
PORTAL_READS = [
    f"{PORTAL}/info", f"{PORTAL}/servicedesk", f"{PORTAL}/servicedesk/1", f"{PORTAL}/servicedesk/1/requesttype",
    f"{PORTAL}/organization", f"{PORTAL}/request/{CARE}?expand=sla,participant,requestType",
    f"{PORTAL}/request/{CARE}/sla", f"{PORTAL}/request/{CARE}/sla/10034", f"{PORTAL}/request/{CARE}/status",
    f"{PORTAL}/request/{CARE}/participant", f"{PORTAL}/request/{CARE}/feedback", f"{PORTAL}/request/{CARE}/comment",
]  # fmt: skip
SERVER_READS = [
    "/api/2/myself", "/api/2/serverInfo", "/api/2/field", "/api/2/project", "/api/2/project/CARE",
    "/api/2/project/CARE/statuses", "/api/2/search?jql=project%20%3D%20CARE&fields=*all&expand=changelog",
    f"/api/2/issue/{CARE}?expand=changelog", f"/api/2/issue/{CARE}/comment?expand=properties",
    f"/api/2/issue/{CARE}/editmeta", f"/api/2/issue/{CARE}/transitions?expand=transitions.fields",
    "/api/2/issue/createmeta/OPS/issuetypes", "/api/2/issue/createmeta/OPS/issuetypes/10005", "/api/2/status",
    "/api/2/priority", "/api/2/issueLinkType", f"/api/2/issue/{CARE}/properties",
]  # fmt: skip


@pytest.mark.parametrize("path", CLOUD_READS)
def test_what_cloud_tells_fits(cloud: Judge, path: str) -> None:
    assert cloud.ask("GET", path)


@pytest.mark.parametrize("path", PORTAL_READS)
def test_what_the_service_desk_tells_fits(portal: Judge, path: str) -> None:
    assert portal.ask("GET", path)


@pytest.mark.parametrize("path", SERVER_READS)
def test_what_data_center_tells_fits(server: Judge, path: str) -> None:
    assert server.ask("GET", path)


@pytest.mark.parametrize("path", CLOUD_READS)
def test_nonsense_would_be_noticed(cloud: Judge, path: str) -> None:
    with cloud.spoilt():
        assert violations(cloud.send("GET", path))


def test_bulk_reads_fit(cloud: Judge) -> None:
    search = {"jql": "project in (CARE, OPS) ORDER BY updated ASC, key ASC", "fields": ["*all"], "maxResults": 1}
    page = cloud.ask("POST", f"{API}/search/jql", body=search)
    more = search | {"nextPageToken": page["nextPageToken"], "properties": ["x"], "reconcileIssues": [CARE]}
    assert cloud.ask("POST", f"{API}/search/jql", body=more)["isLast"]
    cloud.ask("POST", f"{API}/search/jql", status=400, body={"jql": "order by updated"})
    names = {"issueIdsOrKeys": [str(CARE), "NOPE-1"]}
    whole = cloud.ask("POST", f"{API}/issue/bulkfetch", body=names | {"fields": ["*all"]})
    assert len(whole["issues"]) == 1 and not whole["issueErrors"], "what is not there is not told of"
    cloud.jira.switches.withheld.add(cloud.jira.issue(CARE).number)
    assert cloud.ask("POST", f"{API}/issue/bulkfetch", body=names | {"fields": ["*all"]})["issueErrors"]
    cloud.jira.switches.withheld.clear()
    assert cloud.ask("POST", f"{API}/changelog/bulkfetch", body={"issueIdsOrKeys": [str(CARE)]})["issueChangeLogs"]
    ids = [one.number for one in cloud.jira.issue(CARE).comments]
    assert len(cloud.ask("POST", f"{API}/comment/list", body={"ids": ids})["values"]) == 3


def test_writes_and_refusals_fit(cloud: Judge) -> None:
    marked = {"properties": [{"key": "amends.m-1", "value": {"rule": "overdue"}}]}
    note = marked | {"body": as_document("Overdue.")}
    said = cloud.ask("POST", f"{API}/issue/{CARE}/comment?expand=properties", status=201, body=note)
    change = {"fields": {"priority": {"name": "Highest"}}, "update": {"labels": [{"add": "amends"}]}} | marked
    cloud.ask("PUT", f"{API}/issue/{CARE}", status=204, body=change)
    cloud.ask("PUT", f"{API}/issue/{CARE}/properties/amends.m-2", status=201, body={"rule": "overdue"})
    cloud.ask("GET", f"{API}/issue/{CARE}/properties/amends.m-2")
    cloud.ask("POST", f"{API}/issue/{CARE}/transitions", status=204, body={"transition": {"id": "11"}})
    new = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Mend it"}
    made = cloud.ask("POST", f"{API}/issue", status=201, body={"fields": new})
    pair = {"type": {"name": "Causes"}, "inwardIssue": {"key": made["key"]}, "outwardIssue": {"key": "CARE-1"}}
    cloud.ask("POST", f"{API}/issueLink", status=201, body=pair)
    page = {"globalId": "g-1", "object": {"url": "https://shop.example/1", "title": "Complaint 1"}}
    cloud.ask("POST", f"{API}/issue/{made['key']}/remotelink", status=201, body=page)
    cloud.ask("DELETE", f"{API}/issue/{CARE}/comment/{said['id']}", status=204)
    cloud.ask("POST", f"{API}/issue", status=400, body={"fields": {"project": {"key": "OPS"}}})
    cloud.ask("GET", f"{API}/issue/NOPE-1", status=404)


def test_service_desk_comments_fit(portal: Judge) -> None:
    body = {"body": "Only for us.", "public": False}
    assert portal.ask("POST", f"{PORTAL}/request/{CARE}/comment", status=201, body=body)["public"] is False
