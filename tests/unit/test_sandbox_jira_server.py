"""The sandbox Jira over HTTP: the vendor's client library, shared faults, and driving it from another process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jira as library
import pytest
import requests

from sandbox.clock import SandboxClock
from sandbox.jira import Faults, Jira, Site, content, serve
from sandbox.jira.big import fill
from tests.unit.sandbox_jira_office import API, START, doc

AUTH = (content.EMAIL, content.API_TOKEN)


@contextmanager
def served(*faults: str, **named: Any) -> Iterator[Site]:
    jira = Jira(SandboxClock(START, scale=0))
    jira.customer_opens("Late", "Where is it?")
    with serve(jira, faults=Faults(faults, hang_seconds=0.2, late_seconds=60, **named)) as site:
        yield site


def call(site: Site, method: str, path: str, body: Any = None) -> requests.Response:
    return requests.request(method, site.url + path, json=body, auth=AUTH, timeout=5)


def test_the_vendors_library_reads_and_writes() -> None:
    with served() as site:
        client = library.JIRA(site.url, basic_auth=AUTH, max_retries=0, timeout=5)
        issue = client.issue("CARE-1")
        client.add_comment(issue, "Only for us", is_internal=True)
        client.transition_issue(issue, "Resolved", fields={"resolution": {"name": "Done"}})
        made = client.create_issue(project="OPS", issuetype={"name": "Task"}, summary="Mend it")
        client.create_issue_link("Causes", made.key, "CARE-1")
        found = client.enhanced_search_issues("project = OPS", fields="summary", maxResults=10)
        assert [one.fields.summary for one in found] == ["Mend it"]
        kinds = [effect.kind for effect in site.account.ledger]
        assert kinds == ["comment.add", "transition", "issue.create", "link"]
        first = next(iter(site.account.ledger))
        assert first.comment is not None
        assert first.comment["public"] is False


def test_the_vendors_library_reads_a_data_center() -> None:
    with served() as site:
        site.account.switches.deployment = "data_center"
        client = library.JIRA(site.url, token_auth=content.PAT, max_retries=0, timeout=5)
        found = client.search_issues("project = CARE", maxResults=10)
        assert [one.fields.description for one in found] == ["Where is it?"]


def test_a_late_write_lands_after_its_sender_gave_up() -> None:
    with served("late_write@POST:comment=1", at_most=1) as site:
        with pytest.raises(requests.ConnectionError):
            call(site, "POST", f"{API}/issue/10001/comment", {"body": doc("Late")})
        assert len(site.account.ledger) == 0
        assert site.land_late_writes() == 1
        (effect,) = site.account.ledger
        assert (effect.kind, effect.late) == ("comment.add", True)


def test_a_repeating_proxy_makes_two_comments_and_the_ledger_sees_both() -> None:
    with served("dup_forward@POST=1", at_most=1) as site:
        marked = {"body": doc("Twice"), "properties": [{"key": "amends.marker", "value": {"value": "am-1"}}]}
        assert call(site, "POST", f"{API}/issue/10001/comment", marked).status_code == 201
        assert site.account.ledger.markers()["am-1"] == 2


def test_a_question_by_post_is_no_write() -> None:
    with served("late_write=1") as site:
        assert call(site, "POST", f"{API}/search/jql", {"jql": "project = CARE"}).status_code == 200
        assert site.faults.report()["writes"] == 0


def test_faults_hide_what_happened() -> None:
    with served("html_200@PUT=1") as site:
        answer = call(site, "PUT", f"{API}/issue/10001", {"update": {"labels": [{"add": "x"}]}})
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/html")
        assert [one.labels_added for one in site.account.ledger] == [["x"]]
        site.faults = Faults(["http_429=1"])
        answer = call(site, "GET", f"{API}/myself")
        assert (answer.status_code, answer.headers["RateLimit-Reason"]) == (429, "jira-burst-based")


def test_another_process_is_driven_over_the_control_door() -> None:
    command = [sys.executable, "-m", "sandbox.jira", "--start", "2026-03-02T09:00:00+00:00", "--time-scale", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()

        def control(name: str, **wish: Any) -> Any:
            return requests.post(f"{url}/__control/{name}", json=wish, timeout=5).json()

        try:
            assert control("act", act="customer_opens", summary="Late", text="Where?", labels=["vip"]) == 10001
            control("switches", index_lag_seconds=30)
            control("lose", issue=10001)
            control("clock", advance_seconds=60)
            control("before_next_write", act="agent_sets", issue=10001, add_labels=["agent"])
            body = {"update": {"labels": [{"add": "ours"}]}}
            assert requests.put(f"{url}{API}/issue/10001", json=body, auth=AUTH, timeout=5).status_code == 204
            told = requests.get(f"{url}/__control/issue?id=CARE-1", timeout=5).json()
            assert told["issue"]["fields"]["labels"] == ["vip", "agent", "ours"]
            (effect,) = requests.get(f"{url}/__control/ledger", timeout=5).json()
            assert effect["labels_added"] == ["ours"]
            state = requests.get(f"{url}/__control/state", timeout=5).json()
            assert (state["now"], state["effects"]) == ("2026-03-02T09:01:00.000+00:00", 1)
            assert "error" in control("act", act="no_such_act")
        finally:
            process.terminate()


def test_a_big_site_has_many_fields_of_every_kind_and_is_the_same_each_time() -> None:
    sites = [Jira(SandboxClock(START, scale=0)) for _ in range(2)]
    for jira in sites:
        assert len(fill(jira, issues=60)) == 60
    one, two = ([issue.values | {"key": issue.key} for issue in jira.issues.values()] for jira in sites)
    assert one == two
    custom = [spec for spec in sites[0].fields.values() if spec.id.startswith("customfield_")]
    assert len(custom) == 150
    assert {spec.kind for spec in custom} >= {"cascading", "users", "sla", "textarea", "versions", "any", "radio"}
    assert len({issue.project for issue in sites[0].issues.values()}) > 3
    with serve(sites[0]) as site:
        wish = {"jql": "project in (CARE, SHOP, DACH, FRA, B2B)", "fields": ["*all"], "maxResults": 100}
        assert len(call(site, "POST", f"{API}/search/jql", wish).json()["issues"]) == 60
