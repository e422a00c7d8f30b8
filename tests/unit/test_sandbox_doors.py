"""Who may come into the sandbox: OAuth tokens and their short lives, the API token, scopes, roles and rate limits."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import pytest

from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, Limits, content
from sandbox.zendesk.answers import Answer, Request
from sandbox.zendesk.routes import Desk

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Office:
    def __init__(self) -> None:
        self.clock = SandboxClock(START, scale=0)
        self.account = Account(self.clock)
        self.account.customer_opens("Late", "Where is it?")
        self.desk = Desk(self.account)

    def send(self, path: str, auth: str | None, method: str = "GET", body: Any = None) -> Answer:
        headers = {"authorization": auth} if auth else {}
        return self.desk.answer(Request(method, path, {"start_time": "1"}, headers, msgspec.json.encode(body or {})))

    def token(self, **wish: Any) -> Answer:
        client = {"client_id": content.CLIENT_ID, "client_secret": content.CLIENT_SECRET}
        return self.send("/oauth/tokens", None, "POST", client | wish)

    def knock(self, auth: str | None, path: str = "/api/v2/users/me", method: str = "GET") -> int:
        return self.send(path, auth, method).status


def told(answer: Answer) -> Any:
    return msgspec.json.decode(answer.payload)


@pytest.fixture
def office() -> Office:
    return Office()


def test_without_credentials_nobody_comes_in(office: Office) -> None:
    assert office.knock(None) == 401
    assert office.knock("Bearer wrong") == 401


def test_client_credentials_give_a_token_that_dies_after_its_time(office: Office) -> None:
    issued = told(office.token(grant_type="client_credentials", expires_in=600))
    auth = f"Bearer {issued['access_token']}"
    assert (issued["token_type"], issued["expires_in"], office.knock(auth)) == ("bearer", 600, 200)
    office.clock.advance(600)
    assert office.knock(auth) == 401


def test_a_refresh_kills_the_old_access_token_and_the_old_refresh_token(office: Office) -> None:
    old = office.account.doorman.start_refresh()
    new = told(office.token(grant_type="refresh_token", refresh_token=old["refresh_token"]))
    assert office.knock(f"Bearer {old['access_token']}") == 401
    assert office.knock(f"Bearer {new['access_token']}") == 200
    again = office.token(grant_type="refresh_token", refresh_token=old["refresh_token"])
    assert (again.status, told(again)["error"]) == (400, "invalid_grant")


def test_wrong_clients_grants_and_lives_are_refused(office: Office) -> None:
    assert office.token(client_secret="no").status == 401
    assert told(office.token(grant_type="password"))["error"] == "unsupported_grant_type"
    assert office.token(grant_type="client_credentials", expires_in=60).status == 400


def test_the_old_api_token_works_until_it_is_switched_off(office: Office) -> None:
    basic = "Basic " + base64.b64encode(f"amends@example.com/token:{content.API_TOKEN}".encode()).decode()
    assert office.knock(basic) == 200
    office.account.doorman.api_tokens_allowed = False
    assert office.knock(basic) == 401
    assert office.knock("Basic nonsense") == 401


def test_a_scope_allows_what_it_names(office: Office) -> None:
    reading = f"Bearer {told(office.token(grant_type='client_credentials', scope='read'))['access_token']}"
    assert office.knock(reading, "/api/v2/tickets/1") == 200
    assert office.knock(reading, "/api/v2/tickets/1", "PUT") == 403
    tickets = f"Bearer {told(office.token(grant_type='client_credentials', scope='tickets:read'))['access_token']}"
    assert office.knock(tickets, "/api/v2/tickets/1") == 200
    assert office.knock(tickets, "/api/v2/users/me") == 403


def test_a_token_tells_its_own_scopes_and_an_api_token_has_none(office: Office) -> None:
    limited = told(office.token(grant_type="client_credentials", scope="read tickets:write"))["access_token"]
    answer = office.send("/api/v2/oauth/tokens/current", f"Bearer {limited}")
    assert told(answer)["token"]["scopes"] == ["read", "tickets:write"]


def test_a_right_that_was_lost_is_a_403_there_and_only_there(office: Office) -> None:
    office.account.switches.forbidden = "/incremental/"
    assert office.knock(GOOD, "/api/v2/incremental/tickets/cursor") == 403
    assert office.knock(GOOD, "/api/v2/tickets/1") == 200


def test_the_exports_need_an_admin(office: Office) -> None:
    office.account.doorman.clients[content.CLIENT_ID].user = content.ANA
    agent = f"Bearer {told(office.token(grant_type='client_credentials'))['access_token']}"
    assert office.knock(agent, "/api/v2/tickets/1") == 200
    assert office.knock(agent, "/api/v2/incremental/tickets/cursor") == 403


def test_a_revoked_account_lets_nobody_in(office: Office) -> None:
    office.account.doorman.revoke_all()
    assert office.knock(f"Bearer {content.ACCESS_TOKEN}") == 401


GOOD = f"Bearer {content.ACCESS_TOKEN}"


def test_exports_are_limited_to_ten_a_minute(office: Office) -> None:
    office.desk.turnstile.limits = Limits(enforced=True)
    path = "/api/v2/incremental/tickets/cursor"
    assert [office.knock(GOOD, path) for _ in range(11)] == [200] * 10 + [429]
    assert office.send(path, GOOD).headers["Retry-After"] == "60"
    assert office.knock(GOOD) == 200
    office.clock.advance(61)
    assert office.knock(GOOD, path) == 200


def test_one_ticket_takes_thirty_updates_in_ten_minutes(office: Office) -> None:
    office.desk.turnstile.limits = Limits(enforced=True)
    seen = [office.send("/api/v2/tickets/1/tags", GOOD, "PUT", {"tags": [f"t{n}"]}) for n in range(31)]
    assert [one.status for one in seen] == [200] * 30 + [429]
    assert "total=30" in seen[0].headers["zendesk-ratelimit-per-ticket-updates"]


def test_the_budget_is_stated_in_every_spelling_and_others_take_their_part(office: Office) -> None:
    styles = ("x-rate-limit", "rate-limit", "ratelimit", "zendesk-ratelimit")
    office.desk.turnstile.limits = Limits(enforced=True, others=600, styles=styles)
    headers = office.send("/api/v2/users/me", GOOD).headers
    assert headers["X-Rate-Limit-Remaining"] == headers["rate-limit-remaining"] == "99"
    assert headers["ratelimit-remaining"] == "99"
    assert headers["zendesk-ratelimit-account"] == "total=700; remaining=99; resets=60"


@pytest.mark.parametrize(
    ("shape", "header"),
    [("seconds", "7"), ("absent", None), ("zero", "0"), ("negative", "-5"), ("garbage", "soon"), ("huge", "86400")],
)
def test_a_429_states_its_wait_as_configured(office: Office, shape: str, header: str | None) -> None:
    office.desk.turnstile.limits = Limits(retry_after=shape)
    assert office.desk.turnstile.too_many(7, START).headers.get("Retry-After") == header


def test_a_429_can_state_its_wait_as_a_date(office: Office) -> None:
    office.desk.turnstile.limits = Limits(retry_after="date", body="html")
    answer = office.desk.turnstile.too_many(7, START)
    assert (parsedate_to_datetime(answer.headers["Retry-After"]) - START).total_seconds() == 7
    assert answer.content_type == "text/html"
