"""The sandbox's answers and the adapter's requests fit the vendor's own description of the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import requests

from adapters.zendesk import Adapter, ZendeskSettings, survey_responses
from connector.adapter import Landed
from connector.http import session
from connector.model import Action, ActionKind, Effect
from connector.testing import plain_tools
from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, Policy, Site, content, serve
from sandbox.zendesk.answers import Answer, Request
from tests.prism import Documented, prism, violations

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Judge:
    """Asks through Prism. `ask` asserts that nothing is violated; `spoilt` has the sandbox answer nonsense instead."""

    def __init__(self, site: Site, url: str, session: requests.Session) -> None:
        self.account, self.url = site.account, url
        self._site, self._session = site, session

    def send(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self._session.request(method, self.url + path, json=body, timeout=30)

    def ask(self, method: str, path: str, status: int = 200, body: Any = None) -> Any:
        answer = self.send(method, path, body)
        assert violations(answer) == []
        assert answer.status_code == status, answer.text
        return answer.json()

    @contextmanager
    def spoilt(self) -> Iterator[None]:
        honest = self._site.answer

        def nonsense(request: Request) -> Answer:
            answer = honest(request)
            told = msgspec.json.decode(answer.payload)
            wrong = {name: [7] if isinstance(value, list) else 7 for name, value in told.items() if name != "count"}
            return msgspec.structs.replace(answer, payload=msgspec.json.encode(wrong))

        self._site.answer = nonsense  # type: ignore[method-assign]
        try:
            yield
        finally:
            self._site.answer = honest  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    clock = SandboxClock(START, scale=0)
    account = Account(clock)
    account.policies = [Policy("Gold", {"first_reply_time": {"high": 1}, "requester_wait_time": {"high": 1}})]
    account.customer_opens("Late", "Where is it?", priority="high", tags=["vip"], fields={content.VIP: True})
    account.customer_opens("Gone", "Delete me.")
    account.customer_opens("Twice", "Merge me.")
    clock.advance(30)
    account.agent_replies(1, "On its way.", status="solved")
    account.customer_writes(1, "It is not.")
    account.agent_sets(1, fields={content.PRODUCT: "prod_lamp"}, custom_status=content.STATUS_WAITING_FOR_CARRIER)
    account.delete(2)
    account.merge(3, 1)
    account.rate(1, "bad", "Slow.")
    account.redact(1, "Where")
    account.suspend("Offer", "Buy!", "spam@example.org")
    clock.advance(120)
    with serve(account) as site, prism(site.url) as url, requests.Session() as plain:
        plain.headers["Authorization"] = f"Bearer {content.ACCESS_TOKEN}"
        yield Judge(site, url, plain)


READ = [
    "/api/v2/incremental/tickets/cursor?start_time=1",
    "/api/v2/incremental/tickets/cursor?start_time=1&include=users,metric_sets",
    "/api/v2/incremental/tickets?start_time=1",
    "/api/v2/incremental/ticket_events?start_time=1",
    "/api/v2/incremental/ticket_events?start_time=1&include=comment_events",
    "/api/v2/incremental/ticket_metric_events?start_time=1",
    "/api/v2/incremental/users/cursor?start_time=1",
    "/api/v2/tickets?external_id=x",
    "/api/v2/tickets/1",
    "/api/v2/tickets/show_many?ids=1,2",
    "/api/v2/tickets/1/comments",
    "/api/v2/tickets/1/comments?page[size]=2",
    "/api/v2/tickets/1/audits",
    "/api/v2/tickets/1/audits?page[size]=2&sort=-created_at",
    "/api/v2/tickets/1/tags",
    "/api/v2/users/me",
    "/api/v2/users?page[size]=2",
    "/api/v2/users?role[]=agent&role[]=admin",
    "/api/v2/oauth/tokens/current",
    f"/api/v2/users/show_many?ids={content.INTEGRATION},{content.ANA}",
    "/api/v2/groups",
    "/api/v2/brands",
    "/api/v2/ticket_forms",
    "/api/v2/ticket_fields",
    "/api/v2/custom_statuses",
    "/api/v2/account/settings",
    "/api/v2/suspended_tickets",
    "/api/v2/deleted_tickets",
]


@pytest.mark.parametrize("path", READ)
def test_what_is_read_fits(judge: Judge, path: str) -> None:
    assert judge.ask("GET", path)


@pytest.mark.parametrize("path", READ)
def test_nonsense_would_be_noticed(judge: Judge, path: str) -> None:
    """A description that Prism cannot use checks nothing and says nothing; so each one is shown to bite."""
    with judge.spoilt():
        assert violations(judge.send("GET", path))


def test_what_is_written_fits_and_conflicts_stay_conflicts(judge: Judge) -> None:
    stamp = judge.ask("GET", "/api/v2/tickets/1")["ticket"]["updated_at"]
    change = {
        "comment": {"body": "Overdue.", "public": False},
        "priority": "urgent",
        "group_id": content.COMPLAINTS,
        "tags": ["vip", "amends_escalated"],
        "custom_fields": [{"id": content.REASON, "value": "overdue"}],
        "metadata": {"amends": "am-1"},
        "safe_update": True,
        "updated_stamp": stamp,
    }
    assert judge.ask("PUT", "/api/v2/tickets/1", body={"ticket": change})["audit"]
    assert judge.ask("PUT", "/api/v2/tickets/1", status=409, body={"ticket": change})["error"] == "UpdateConflict"


def test_a_wrong_request_is_noticed(judge: Judge) -> None:
    with pytest.raises(AssertionError, match="priority"):
        judge.ask("PUT", "/api/v2/tickets/1", body={"ticket": {"priority": "huge"}})


def test_a_wrong_answer_is_noticed(judge: Judge) -> None:
    ticket = judge.account.ticket(1).body
    status, ticket["status"] = ticket["status"], "sleeping"
    with pytest.raises(AssertionError, match="status"):
        judge.ask("GET", "/api/v2/tickets/1")
    ticket["status"] = status


def test_tags_tickets_and_tokens_fit(judge: Judge) -> None:
    tags = {"tags": ["survey_due"], "safe_update": "false"}
    assert "survey_due" in judge.ask("PUT", "/api/v2/tickets/1/tags", body=tags)["tags"]
    assert "survey_due" not in judge.ask("DELETE", "/api/v2/tickets/1/tags", body=tags)["tags"]
    ticket = {"subject": "New", "comment": {"body": "From us", "public": False}, "external_id": "am-2"}
    assert judge.ask("POST", "/api/v2/tickets", status=201, body={"ticket": ticket})["ticket"]["id"] == 4
    client = {"client_id": content.CLIENT_ID, "client_secret": content.CLIENT_SECRET}
    wish = {"grant_type": "client_credentials", "scope": "read write"} | client
    assert judge.ask("POST", "/oauth/tokens", status=201, body=wish)["token_type"] == "bearer"


def test_refusals_pass_as_they_are(judge: Judge) -> None:
    assert judge.ask("GET", "/api/v2/tickets/2", status=404)["error"] == "RecordNotFound"
    judge.ask("PUT", "/api/v2/tickets/3", status=422, body={"ticket": {"priority": "low"}})


def test_the_adapter_speaks_as_the_vendor_describes(judge: Judge) -> None:
    """Signs in, looks around, reads all streams, writes and finds its write; a violation is an error to it."""
    clock = judge.account.clock
    ticket = str(judge.account.customer_opens("Broken", "It broke."))
    clock.advance(120)  # type: ignore[attr-defined]
    secrets = {"client_id": content.CLIENT_ID, "client_secret": content.CLIENT_SECRET}
    carried = session("contract")
    carried.mount("http://", Documented())
    adapter = Adapter("shop", ZendeskSettings(url=judge.url), plain_tools(clock, secrets, carried))
    assert adapter.check().missing == ()
    assert {"subject", f"custom:{content.REASON}"} <= {field.id for field in adapter.discover().fields}
    # The description does not know the newer survey responses; what it does not know, Prism does not let pass.
    for stream in (one for one in adapter.streams if one != survey_responses.STREAM):
        assert [page for page in adapter.fetch(stream, {}) if page.records]
    assert [record.ticket for _, record in adapter.get([ticket])]
    for kind, note in ((ActionKind.ESCALATE, "Overdue."), (ActionKind.TAG, None)):
        effect = Effect(note=note, tags=(f"amends_{kind}",), fields={"priority": "high"} if note else {})
        action = Action(kind, f"am-{kind}", "shop", ticket, kind, "r", "e", effect, "why", clock())
        clock.advance(10)  # type: ignore[attr-defined]
        stamp, sent_at = adapter.prepare(action), clock()
        assert adapter.apply(action, stamp)
        assert isinstance(adapter.find(action, stamp, sent_at), Landed)
    adapter.close()
