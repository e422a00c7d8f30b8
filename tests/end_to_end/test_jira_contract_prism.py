"""What the Jira adapter asks and writes fits the vendor's own descriptions: Cloud, Service Management, Data Center."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import requests
from requests.adapters import HTTPAdapter

from adapters.jira import Adapter, JiraSettings
from connector.adapter import Landed
from connector.errors import TemporaryError
from connector.http import session
from connector.model import Action, ActionKind, Effect
from connector.testing import plain_tools
from sandbox.clock import SandboxClock
from sandbox.jira import Jira, content, serve
from tests.prism import prism

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PORTAL, PLATFORM = "/rest/servicedeskapi", "/rest/api"


class Judged(HTTPAdapter):
    """Sends each request to the judge who has the description of its path; other paths go to the site itself. The
    judge's objection comes back as a 500, which is an error to the adapter. `judges` are (address, how the path begins
    there) by how the path begins at the site."""

    def __init__(self, site: str, judges: dict[str, tuple[str, str]]) -> None:
        super().__init__()
        self.site, self.judges = site, judges
        self.judged = 0
        self.objections: list[str] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        path = (request.url or "").removeprefix(self.site)
        for prefix, (judge, there) in self.judges.items():
            if path.startswith(prefix):
                request.url, self.judged = judge + there + path.removeprefix(prefix), self.judged + 1
        answer = super().send(request, *args, **kwargs)
        if "problem+json" in answer.headers.get("Content-Type", ""):
            self.objections.append(f"{request.method} {path}: {answer.text[:1500]}")
        return answer


class Stand:
    """A site, its judges, and an adapter between which they stand."""

    def __init__(self, jira: Jira, url: str, judges: dict[str, tuple[str, str]], project: str, *, cloud: bool) -> None:
        self.jira, self.clock, self.project = jira, jira.clock, project
        self.wire = Judged(url, judges)
        carried = session("contract")
        carried.mount("http://", self.wire)
        login: dict[str, Any] = {"auth": "api_token", "email": content.EMAIL} if cloud else {"auth": "pat"}
        settings = {"url": url, "projects": (project,), "deployment": "cloud" if cloud else "data_center"}
        secrets = {"api_token": content.API_TOKEN} if cloud else {"personal_access_token": content.PAT}
        desk = {"service_desk": project == content.CARE}
        options = msgspec.convert(login | settings | desk, JiraSettings)
        self.adapter = Adapter("shop", options, plain_tools(self.clock, secrets, carried))


@contextmanager
def stand(project: str, *, cloud: bool) -> Iterator[Stand]:
    jira = Jira(SandboxClock(START, scale=0))
    jira.switches.deployment = "cloud" if cloud else "data_center"
    jira.switches.bulk_times = "text"
    with ExitStack() as stack:
        site = stack.enter_context(serve(jira))
        if cloud:
            judge = stack.enter_context(prism(site.url, "jira-cloud-platform-v3.json.gz"))
            judges = {PLATFORM: (judge, PLATFORM)}
        else:
            judge = stack.enter_context(prism(site.url + "/rest", "jira-datacenter-10.3.json.gz"))
            judges = {PLATFORM: (judge, "/api")}
        if project == content.CARE:
            judges[PORTAL] = (stack.enter_context(prism(site.url, "jsm-cloud-servicedesk.json.gz")), PORTAL)
        yield Stand(jira, site.url, judges, project, cloud=cloud)


@pytest.mark.parametrize(
    ("project", "cloud"),
    [(content.SHOP, True), (content.CARE, True), (content.SHOP, False)],
    ids=["cloud", "jsm", "dc"],
)
def test_the_adapter_speaks_as_the_vendor_describes(project: str, cloud: bool) -> None:
    with stand(project, cloud=cloud) as here:
        jira, adapter = here.jira, here.adapter
        ticket = str(jira.customer_opens("Broken", "It broke.", project=project, request_type=None))
        jira.customer_comments(int(ticket), "Still broken.")
        here.clock.advance(120)
        try:
            read_all(here, ticket)
            write_all(here, ticket)
        except TemporaryError as error:
            pytest.fail(f"{error}\n" + "\n".join(here.wire.objections))
        finally:
            adapter.close()
        assert here.wire.objections == []
        assert here.wire.judged > 25


def read_all(here: Stand, ticket: str) -> None:
    assert here.adapter.check().missing == ()
    assert "summary" in {field.id for field in here.adapter.discover().fields}
    assert [page for page in here.adapter.fetch("issues", {}) if page.records]
    assert [record.ticket for _, record in here.adapter.get([ticket])] == [ticket]
    assert [pair for portion in here.adapter.census(START) for pair in portion]


def write_all(here: Stand, ticket: str) -> None:
    create = {"project": content.OPS, "issuetype": "Corrective Action", "summary": "Mend it", "description": "Why?"}
    effects = {
        ActionKind.ESCALATE: Effect(
            note="Overdue.\nSee https://shop.example/1",
            tags=("amends-overdue",),
            fields={"priority": "High", "status": "In Progress", content.PRODUCT: "Lamp", content.REASON: "Late."},
            fill={content.ORDER_NUMBER: "A-1"},
        ),
        ActionKind.TAG: Effect(tags=("amends-late",)),
        ActionKind.SURVEY: Effect(tags=("amends-survey",)),
        ActionKind.LINK: Effect(note="It was opened."),
        ActionKind.CORRECT: Effect(tags=("cause",), create=create | {"url": "https://shop.example/1"}),
    }
    for kind, effect in effects.items():
        about = "zendesk/1" if kind is ActionKind.CORRECT else ticket
        origin = about if kind is ActionKind.CORRECT else None
        now = here.clock()
        action = Action(kind, f"am-{kind}", "shop", about, kind, "r", "e", effect, "why", now, origin=origin)
        stamp = here.adapter.prepare(action)
        assert here.adapter.apply(action, stamp)
        here.clock.advance(600)
        assert isinstance(here.adapter.find(action, stamp, now), Landed), kind
    values = here.jira.issue(int(ticket)).values
    assert (values["status"], values[content.ORDER_NUMBER]) == (content.IN_PROGRESS, "A-1")
