"""Who may come into the sandbox Jira: tokens of every kind, the gateway, refreshes, login pages and rate limits."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from sandbox.jira import Limits, content
from tests.unit.sandbox_jira_office import API, BASIC, PAT, Office

GATEWAY = f"/ex/jira/{content.CLOUD_ID}"
MYSELF = f"{API}/myself"
SCOPED = "Basic " + base64.b64encode(f"{content.EMAIL}:{content.SCOPED_TOKEN}".encode()).decode()


@pytest.fixture
def office() -> Office:
    office = Office()
    office.jira.customer_opens("Late", "Where is it?")
    return office


def knock(office: Office, auth: str | None, path: str = MYSELF) -> int:
    office.auth = auth
    return office.send("GET", path).status


def refresh(office: Office, token: str, **wish: Any) -> Any:
    body = {"grant_type": "refresh_token", "client_id": content.CLIENT_ID, "client_secret": content.CLIENT_SECRET}
    answer = office.send("POST", "/oauth/token", body | {"refresh_token": token} | wish)
    return answer.status, msgspec.json.decode(answer.payload)


def test_an_api_token_opens_the_site_and_a_scoped_one_the_gateway(office: Office) -> None:
    assert knock(office, BASIC) == 200
    assert knock(office, BASIC, GATEWAY + MYSELF) == 401
    for auth in (SCOPED, f"Bearer {content.SCOPED_TOKEN}", f"Bearer {content.ACCESS_TOKEN}"):
        assert knock(office, auth) == 401
        assert knock(office, auth, GATEWAY + MYSELF) == 200
    assert knock(office, SCOPED, f"/ex/jira/other{MYSELF}") == 404


@pytest.mark.parametrize("auth", [None, "Basic !!!", "Basic YTpi", "Bearer nobody", PAT])
def test_nobody_else_comes_in(office: Office, auth: str | None) -> None:
    assert knock(office, auth) == 401


def test_data_center_takes_personal_tokens_only(office: Office) -> None:
    office.become_data_center()
    assert knock(office, PAT, "/rest/api/2/myself") == 200
    assert knock(office, BASIC, "/rest/api/2/myself") == 401
    office.jira.doorman.expire(content.PAT)
    assert knock(office, PAT, "/rest/api/2/myself") == 401


def test_a_data_center_may_live_under_a_path(office: Office) -> None:
    office.become_data_center()
    office.jira.switches.context_path = "/jira"
    assert knock(office, PAT, "/jira/rest/api/2/myself") == 200
    assert knock(office, PAT, "/rest/api/2/myself") == 404


def test_every_refresh_gives_a_new_pair_and_uses_up_the_old_one(office: Office) -> None:
    status, pair = refresh(office, content.REFRESH_TOKEN)
    assert (status, pair["expires_in"]) == (200, 3600)
    assert knock(office, f"Bearer {pair['access_token']}", GATEWAY + MYSELF) == 200
    assert refresh(office, content.REFRESH_TOKEN)[0] == 403
    status, again = refresh(office, pair["refresh_token"])
    assert (status, again["refresh_token"] != pair["refresh_token"], office.jira.doorman.issued) == (200, True, 2)
    office.clock.advance(3600)
    assert knock(office, f"Bearer {again['access_token']}", GATEWAY + MYSELF) == 401


def test_a_wrong_client_gets_no_tokens(office: Office) -> None:
    assert refresh(office, content.REFRESH_TOKEN, client_secret="wrong")[0] == 401
    assert refresh(office, content.REFRESH_TOKEN, grant_type="password")[0] == 400
    office.jira.doorman.revoke_all()
    assert refresh(office, content.REFRESH_TOKEN)[0] == 403


def test_a_login_page_comes_with_200_and_a_captcha_with_its_header(office: Office) -> None:
    office.jira.switches.login_page = True
    answer = office.send("GET", MYSELF)
    assert (answer.status, answer.content_type.split(";")[0], "X-Seraph-LoginReason" in answer.headers) == (
        200,
        "text/html",
        True,
    )
    office.jira.switches.login_page = False
    office.jira.switches.captcha = True
    answer = office.send("GET", MYSELF)
    assert answer.headers["X-Authentication-Denied-Reason"].startswith("CAPTCHA_CHALLENGE")


def test_a_forbidden_path_and_a_denied_permission(office: Office) -> None:
    office.jira.switches.forbidden = "/changelog"
    office.ask("GET", f"{API}/issue/10001/changelog", status=403)
    office.jira.denied.add("ADD_COMMENTS")
    told = office.ask("GET", f"{API}/mypermissions?permissions=ADD_COMMENTS,EDIT_ISSUES")["permissions"]
    assert [one["havePermission"] for one in told.values()] == [False, True]


def test_too_many_writes_to_one_issue_hold_that_issue_only(office: Office) -> None:
    office.jira.customer_opens("Other", "Text")
    office.desk.turnstile.limits = Limits(enforced=True, per_issue=3, per_issue_seconds=2)
    change = {"update": {"labels": [{"add": "x"}]}}
    answers = [office.send("PUT", f"{API}/issue/CARE-1", change) for _ in range(4)]
    assert [one.status for one in answers] == [204, 204, 204, 429]
    assert (answers[3].headers["RateLimit-Reason"], answers[3].headers["Retry-After"]) == (
        "jira-per-issue-on-write",
        "2",
    )
    assert office.send("PUT", f"{API}/issue/10002", change).status == 204
    assert office.send("GET", f"{API}/issue/CARE-1").status == 200
    office.clock.advance(2)
    assert office.send("PUT", f"{API}/issue/10001", change).status == 204


def test_bursts_are_counted_by_endpoint_and_points_by_the_hour(office: Office) -> None:
    office.desk.turnstile.limits = Limits(enforced=True, burst_reads=2, points=5)
    assert [office.send("GET", MYSELF).status for _ in range(3)] == [200, 200, 429]
    assert office.send("GET", f"{API}/field").status == 200
    office.clock.advance(1)
    assert [office.send("GET", f"{API}/status").status for _ in range(2)] == [200, 200]
    answer = office.send("GET", f"{API}/priority")
    assert (answer.status, answer.headers["RateLimit-Reason"]) == (429, "jira-quota-tenant-based")
    assert int(answer.headers["Retry-After"]) > 3000
    assert answer.headers["X-RateLimit-Reset"].endswith("Z")


def test_what_is_read_costs_points_and_a_data_center_has_a_bucket(office: Office) -> None:
    office.desk.turnstile.limits = Limits(enforced=True, points=3)
    assert office.search("project = CARE")["issues"]
    assert office.send("GET", MYSELF).status == 200
    assert office.send("GET", MYSELF).status == 429, "a search for one, an issue for one, a look at ourselves for one"
    office.desk.turnstile.limits.bucket = True
    headers = office.send("GET", MYSELF).headers
    assert ("RateLimit-Reason" in headers, headers["X-RateLimit-FillRate"]) == (False, "10")


def test_the_sites_clock_may_differ_from_ours(office: Office) -> None:
    office.jira.switches.skew_seconds = -600
    assert office.ask("GET", f"{API}/serverInfo")["serverTime"] == "2026-03-02T08:50:00.000+0000"
    issue = office.jira.issue(office.jira.customer_opens("Late", "Where?"))
    assert issue.created.isoformat() == "2026-03-02T08:50:00+00:00"


@pytest.mark.parametrize(
    "path", ["/", "/rest/api/3/nothing", "/rest/api/4/myself", "/rest/api/3/issue/NOPE-1", "/wiki"]
)
def test_what_is_not_there_is_not_found(office: Office, path: str) -> None:
    assert office.send("GET", path).status == 404
