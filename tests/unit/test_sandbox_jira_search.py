"""Search in the sandbox Jira: JQL in the caller's zone, pages that move, an index that lags and loses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.jira import content
from sandbox.jira.jql import parse
from tests.unit.sandbox_jira_office import API, Office

EVERYTHING = "project in (CARE, SHOP, OPS)"


@pytest.fixture
def office() -> Office:
    office = Office()
    office.jira.customer_opens("First", "One", labels=["late"])
    office.clock.advance(60)
    office.jira.customer_opens("Second", "Two", project=content.SHOP, priority=content.HIGH)
    office.clock.advance(60)
    office.jira.customer_opens("Third", "Three", project=content.OPS)
    return office


@pytest.mark.parametrize(
    ("jql", "expected"),
    [
        ("project = CARE", [10001]),
        ('project in ("Customer Care", SHOP)', [10002, 10001]),
        ("project != CARE", [10003, 10002]),
        ("NOT project = CARE AND labels is EMPTY", [10003, 10002]),
        ("labels = late OR (priority = High AND project = 10002)", [10002, 10001]),
        ("labels != late", []),
        ("statusCategory != Done AND key in (CARE-1, 10003)", [10003, 10001]),
        ("id = 10002", [10002]),
        ('summary ~ "seco"', [10002]),
        ("updated >= -1m", [10003, 10002]),
        ("created < now() AND project = OPS", []),
        ('cf[10010] is empty AND "Order number" is EMPTY ORDER BY created', [10001, 10002, 10003]),
        ("project in (CARE, SHOP, OPS) ORDER BY priority DESC, key ASC", [10002, 10001, 10003]),
    ],
)
def test_jql_is_understood(office: Office, jql: str, expected: list[int]) -> None:
    assert office.found(jql) == expected


@pytest.mark.parametrize(
    ("jql", "words"),
    [
        ("", "Unbounded"),
        ("ORDER BY updated", "Unbounded"),
        ("project = NOPE", "'NOPE' does not exist"),
        ("nofield = 1", "'nofield' does not exist"),
        ("updated >= 1772442000000", "invalid"),
        ('updated >= "2026-03-02 09:00:30"', "invalid"),
        ('updated >= "2026-13-02"', "invalid"),
        ("project = CARE AND", "ended"),
        ("(project = CARE", "Expecting ')'"),
        ("project = CARE updated", "Expecting"),
        ("project > CARE", "not supported"),
        ("project = CARE ORDER BY a, b, c, d, e, f, g, h", "maximum"),
    ],
)
def test_what_is_wrong_with_jql_is_said(office: Office, jql: str, words: str) -> None:
    assert words in office.refusal(jql)


@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "America/New_York", "UTC", "Asia/Kolkata", "Pacific/Kiritimati"])
def test_a_time_in_jql_is_read_in_the_callers_zone(office: Office, zone: str) -> None:
    office.jira.set_zone(zone)
    local = datetime(2026, 3, 2, 9, 1, tzinfo=UTC).astimezone(ZoneInfo(zone))
    bound = f'{EVERYTHING} AND updated >= "{local:%Y-%m-%d %H:%M}"'
    assert office.found(bound) == [10003, 10002]
    told = office.search(bound, fields=["updated"])["issues"][1]["fields"]["updated"]
    assert told == f"{local:%Y-%m-%dT%H:%M}:00.000{local:%z}"


def test_a_time_that_happens_twice_is_one_or_the_other() -> None:
    office = Office(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))  # 01:30 in Lisbon, an hour before it is 01:30 again
    office.jira.customer_opens("In the first", "One")
    bound = 'project = CARE AND updated >= "2026-10-25 01:20"'
    assert office.found(bound)
    office.jira.switches.later_fold = True
    assert not office.found(bound)


def test_fields_have_to_be_asked_for(office: Office) -> None:
    assert office.search("project = CARE")["issues"] == [{"id": "10001"}]
    shown = office.search("project = CARE", fields=["summary", "labels"], expand="changelog")["issues"][0]
    assert shown["fields"] == {"summary": "First", "labels": ["late"]}
    assert shown["changelog"]["histories"] == []


def test_comments_in_a_page_of_search_are_cut(office: Office) -> None:
    for number in range(25):
        office.jira.agent_comments(10001, f"Word {number}")
    page = office.search("project = CARE", fields=["comment"])["issues"][0]["fields"]["comment"]
    assert (len(page["comments"]), page["total"]) == (20, 25)
    rest = office.ask("GET", f"{API}/issue/10001/comment?startAt=20&maxResults=50")
    assert [one["id"] for one in rest["comments"]][-1] == str(office.jira.issue(10001).comments[-1].number)


def test_pages_go_on_by_token_and_the_token_is_bound_to_its_query(office: Office) -> None:
    first = office.search(f"{EVERYTHING} ORDER BY key", maxResults=2)
    assert (len(first["issues"]), first["isLast"]) == (2, False)
    token = first["nextPageToken"]
    last = office.search(f"{EVERYTHING} ORDER BY key", maxResults=2, nextPageToken=token)
    assert (len(last["issues"]), last["isLast"], "nextPageToken" in last) == (1, True, False)
    assert "token" in office.refusal("project = CARE", nextPageToken=token).lower()
    assert "token" in office.refusal(EVERYTHING, nextPageToken="nonsense").lower()


def test_a_page_token_dies_after_a_week(office: Office) -> None:
    token = office.search(EVERYTHING, maxResults=1)["nextPageToken"]
    office.clock.advance(7 * 86400 - 1)
    assert office.search(EVERYTHING, maxResults=1, nextPageToken=token)
    office.clock.advance(2)
    assert "expired" in office.refusal(EVERYTHING, maxResults=1, nextPageToken=token)


def test_an_issue_that_changes_between_two_pages_moves(office: Office) -> None:
    jql = f"{EVERYTHING} ORDER BY updated ASC, key ASC"
    first = office.search(jql, maxResults=1)
    office.clock.advance(1)
    office.jira.agent_comments(10001, "Now the newest")
    second = office.search(jql, maxResults=1, nextPageToken=first["nextPageToken"])
    assert (first["issues"][0]["id"], second["issues"][0]["id"]) == ("10001", "10003"), "10002 slipped past"


def test_search_learns_of_changes_late(office: Office) -> None:
    office.jira.switches.index_lag_seconds = 30
    new = office.jira.customer_opens("Fresh", "Four")
    office.jira.agent_sets(10001, summary="Changed")
    assert new not in office.found("project = CARE")
    assert office.search("id = 10001", fields=["summary"])["issues"][0]["fields"]["summary"] == "First"
    assert office.ask("GET", f"{API}/issue/10001")["fields"]["summary"] == "Changed", "a read by id is strong"
    office.clock.advance(30)
    assert office.found("project = CARE ORDER BY id") == [10001, new]


def test_reconciled_issues_are_as_they_are_now(office: Office) -> None:
    office.jira.switches.index_lag_seconds = 3600
    new = office.jira.customer_opens("Fresh", "Four")
    office.jira.agent_sets(10001, summary="Changed")
    page = office.search("project = CARE", fields=["summary"], reconcileIssues=[new, 10001])["issues"]
    assert {one["fields"]["summary"] for one in page} == {"Fresh", "Changed"}
    office.ask("POST", f"{API}/search/jql", {"jql": EVERYTHING, "reconcileIssues": list(range(51))}, status=400)


def test_what_the_index_lost_is_found_once_it_is_touched(office: Office) -> None:
    office.jira.index.lose_next(10002)
    office.jira.agent_sets(10002, summary="Never indexed")
    office.clock.advance(3600)
    assert office.search("id = 10002", fields=["summary"])["issues"][0]["fields"]["summary"] == "Second"
    office.jira.agent_sets(10002, add_labels=["x"])
    assert office.search("id = 10002", fields=["summary"])["issues"][0]["fields"]["summary"] == "Never indexed"
    office.jira.index.lose_new()
    lost = office.jira.customer_opens("Lost", "Never seen")
    assert lost not in office.found("project = CARE")


def test_a_deleted_issue_leaves_search_late_too(office: Office) -> None:
    office.jira.switches.index_lag_seconds = 30
    office.jira.delete(10001)
    assert office.found("project = CARE") == [10001]
    office.ask("GET", f"{API}/issue/10001", status=404)
    office.clock.advance(30)
    assert office.found("project = CARE") == []


def test_a_project_that_is_lost_to_us_is_as_if_it_were_not_there(office: Office) -> None:
    office.jira.admin_hides_project(content.SHOP)
    assert office.found("id in (10001, 10002)") == [10001]
    assert "'SHOP' does not exist" in office.refusal(EVERYTHING)
    office.ask("GET", f"{API}/issue/SHOP-1", status=404)
    assert [one["key"] for one in office.ask("GET", f"{API}/project/search")["values"]] == ["OPS", "CARE"]


def test_the_old_search_is_gone_on_cloud_and_the_only_one_on_data_center(office: Office) -> None:
    office.ask("POST", f"{API}/search", {"jql": EVERYTHING}, status=410)
    office.become_data_center()
    office.ask("POST", "/rest/api/2/search/jql", {"jql": EVERYTHING}, status=404)
    wish = {"jql": f"{EVERYTHING} ORDER BY key", "startAt": 1, "maxResults": 1, "fields": ["description"]}
    page = office.ask("POST", "/rest/api/2/search", wish)
    assert (page["total"], page["startAt"], len(page["issues"])) == (3, 1, 1)
    assert page["issues"][0]["fields"] == {"description": "Three"}


def test_bulk_reads_follow_moved_keys_and_say_nothing_of_what_is_not_there(office: Office) -> None:
    office.jira.move_to("CARE-1", content.SHOP)
    told = office.ask(
        "POST", f"{API}/issue/bulkfetch", {"issueIdsOrKeys": ["SHOP-1", "CARE-1", "9"], "fields": ["project"]}
    )
    assert [(one["id"], one["key"]) for one in told["issues"]] == [("10001", "SHOP-2"), ("10002", "SHOP-1")]
    assert told["issueErrors"] == []


def test_bulk_reads_list_what_could_not_be_loaded_this_time(office: Office) -> None:
    office.jira.switches.withheld.add(10001)
    told = office.ask("POST", f"{API}/issue/bulkfetch", {"issueIdsOrKeys": ["10001", "10002", "9"], "fields": ["id"]})
    assert [one["id"] for one in told["issues"]] == ["10002"]
    assert [one["id"] for one in told["issueErrors"]] == ["10001"]
    assert office.ask("GET", f"{API}/issue/10001")["id"] == "10001"


def test_search_may_show_an_issue_as_it_is_now_at_its_old_place(office: Office) -> None:
    office.jira.switches.live_bodies = True
    office.jira.switches.index_lag_seconds = 60
    office.clock.advance(60)
    office.jira.agent_sets(10001, summary="Anew")
    wish = {"jql": f"{EVERYTHING} ORDER BY updated ASC", "fields": ["summary"]}
    found = office.ask("POST", f"{API}/search/jql", wish)["issues"]
    assert [one["id"] for one in found] == ["10001", "10002", "10003"]
    assert found[0]["fields"]["summary"] == "Anew"


def test_changelogs_in_bulk_come_in_pages_oldest_first(office: Office) -> None:
    for number in range(3):
        office.clock.advance(60)
        office.jira.agent_sets(10001, summary=f"Word {number}")
        office.jira.agent_sets(10002, summary=f"Word {number}", priority=1 + number)
    wish = {"issueIdsOrKeys": ["10001", "10002"], "maxResults": 4}
    first = office.ask("POST", f"{API}/changelog/bulkfetch", wish)
    again = office.ask("POST", f"{API}/changelog/bulkfetch", wish | {"nextPageToken": first["nextPageToken"]})
    counts = [[len(one["changeHistories"]) for one in page["issueChangeLogs"]] for page in (first, again)]
    assert counts == [[3, 1], [2]]
    assert "nextPageToken" not in again
    one = office.ask(
        "POST", f"{API}/changelog/bulkfetch", wish | {"fieldIds": ["priority"], "issueIdsOrKeys": ["10001"]}
    )
    assert one["issueChangeLogs"] == []


@given(st.lists(st.integers(0, 240), min_size=1, max_size=12), st.integers(0, 5))
def test_each_update_is_in_exactly_the_minutes_that_jql_says(minutes: list[int], bound: int) -> None:
    office, expected = Office(), []
    for second in sorted(minutes):
        office.clock.advance((office.jira.now() - datetime(2026, 3, 2, 9, tzinfo=UTC)).total_seconds() * -1 + second)
        issue = office.jira.customer_opens("Late", "Where?")
        expected += [issue] if second >= bound * 60 else []
    edge = datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(minutes=bound)
    assert office.found(f'project = CARE AND updated >= "{edge:%Y-%m-%d %H:%M}" ORDER BY id') == expected


@given(st.text(max_size=40))
def test_whatever_is_sent_as_jql_is_answered(text: str) -> None:
    office = Office()
    assert office.send("POST", f"{API}/search/jql", {"jql": text}).status in (200, 400)


def test_quoted_words_keep_what_they_hold() -> None:
    query = parse(r'summary ~ "say \"no\" (now), or"')
    assert query.where is not None
    assert getattr(query.where, "values") == ('say "no" (now), or',)  # noqa: B009 - a clause, among other nodes
