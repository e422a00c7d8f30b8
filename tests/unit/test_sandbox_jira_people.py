"""What people do in the sandbox Jira, and how the API then tells it: moves, deletions, clocks, hidden things."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.jira import content
from tests.unit.sandbox_jira_office import API, Office, doc

HOUR = 3600


@pytest.fixture
def office() -> Office:
    office = Office()
    office.jira.customer_opens("Late", "Where is it?", office.jira.add_customer("Ina", "ina@example.net"))
    return office


def changes(office: Office, issue: str = "10001") -> list[tuple[str, str | None, str | None]]:
    told = office.ask("GET", f"{API}/issue/{issue}/changelog")["values"]
    return [(item["field"], item["fromString"], item["toString"]) for one in told for item in one["items"]]


def test_a_moved_issue_keeps_its_id_and_its_old_key_leads_to_it(office: Office) -> None:
    office.jira.agent_sets(10001, status=content.WAITING_FOR_CUSTOMER)
    office.jira.move_to(10001, content.SHOP)
    told = office.ask("GET", f"{API}/issue/CARE-1")
    assert (told["id"], told["key"], told["fields"]["project"]["key"]) == ("10001", "SHOP-1", "SHOP")
    assert told["fields"]["status"]["name"] == "Open"
    assert changes(office)[1:] == [
        ("project", "Customer Care", "Shop complaints"), ("Key", "CARE-1", "SHOP-1"),
        ("status", "Waiting for customer", "Open"),
    ]  # fmt: skip
    assert content.REQUEST_TYPE not in told["fields"], "a field of the service desk's project only"


def test_a_done_status_brings_a_resolution_and_leaving_it_takes_it_away(office: Office) -> None:
    office.clock.advance(60)
    office.jira.agent_sets(10001, status=content.RESOLVED)
    fields = office.ask("GET", f"{API}/issue/10001")["fields"]
    assert (fields["resolution"]["name"], fields["resolutiondate"]) == ("Done", "2026-03-02T09:01:00.000+0000")
    assert fields["status"]["statusCategory"]["key"] == "done"
    office.jira.agent_sets(10001, status=content.WAITING_FOR_SUPPORT)
    fields = office.ask("GET", f"{API}/issue/10001")["fields"]
    assert (fields["resolution"], fields["resolutiondate"]) == (None, None)
    assert changes(office) == [
        ("status", "Waiting for support", "Resolved"), ("resolution", None, "Done"),
        ("status", "Resolved", "Waiting for support"), ("resolution", "Done", None),
    ]  # fmt: skip


def test_the_changelog_tells_fields_in_the_vendors_words(office: Office) -> None:
    jira = office.jira
    jira.agent_sets(10001, assignee=content.BEN, priority=content.HIGH, add_labels=["a", "b"])
    jira.agent_sets(
        10001, fields={content.PRODUCT: 10301, content.ABOUT: (10310, 10311), content.CHANNELS: [10340, 10341]}
    )
    told = office.ask("GET", f"{API}/issue/10001/changelog")["values"]
    items = {item["field"]: item for one in told for item in one["items"]}
    assert items["assignee"]["to"] == content.BEN
    assert (items["labels"]["fromString"], items["labels"]["toString"]) == ("", "a b")
    assert (items["Product"]["fieldtype"], items["Product"]["to"], items["Product"]["toString"]) == (
        "custom",
        "10301",
        "Lamp",
    )
    assert items["Complaint about"]["toString"] == "Parent values: Delivery(10310)Level 1 values: Late(10311)"
    assert (items["Channels used"]["to"], items["Channels used"]["toString"]) == ("[10340, 10341]", "E-mail,Phone")
    assert {one["fieldId"] for one in items.values()} >= {"assignee", content.PRODUCT}


def test_a_deleted_comment_stays_in_the_changelog_with_its_words(office: Office) -> None:
    office.jira.agent_comments(10001, "Too much said")
    number = office.jira.issue(10001).comments[0].number
    office.jira.edit_comment(10001, number, "Less said")
    office.jira.delete_comment(10001, number)
    assert office.ask("GET", f"{API}/issue/10001/comment")["total"] == 0
    assert changes(office) == [("Comment", "Less said", None)]


def test_updated_moves_with_every_change_even_while_the_clock_stands(office: Office) -> None:
    issue = office.jira.issue(10001)
    seen = [issue.updated]
    for act in (
        lambda: office.jira.agent_notes(10001, "Note"),
        lambda: office.jira.edit_comment(10001, issue.comments[0].number, "Other"),
        lambda: office.jira.agent_sets(10001, summary="Other"),
        lambda: office.jira.rate(10001, 1),
        lambda: office.jira.move_to(10001, content.SHOP),
    ):
        act()
        seen.append(issue.updated)
    assert seen == sorted(set(seen))


def test_a_customer_comes_back_and_the_clock_goes_on(office: Office) -> None:
    jira, clock = office.jira, office.clock
    clock.advance(HOUR)
    jira.agent_comments(10001, doc("Please wait"), status=content.WAITING_FOR_CUSTOMER)
    clock.advance(100 * HOUR)
    jira.customer_comments(10001, "I waited")
    clock.advance(HOUR)
    first, resolution = office.ask("GET", "/rest/servicedeskapi/request/10001/sla")["values"]
    assert [one["elapsedTime"]["millis"] for one in first["completedCycles"]] == [HOUR * 1000]
    ongoing = resolution["ongoingCycle"]
    assert (ongoing["elapsedTime"]["millis"] // 1000, ongoing["paused"], ongoing["breached"]) == (
        2 * HOUR,
        False,
        False,
    )
    clock.advance(39 * HOUR)
    field = office.ask("GET", f"{API}/issue/10001")["fields"][content.RESOLUTION]
    assert field["ongoingCycle"]["breached"]
    jira.agent_sets(10001, status=content.RESOLVED)
    field = office.ask("GET", f"{API}/issue/10001")["fields"][content.RESOLUTION]
    assert ([one["breached"] for one in field["completedCycles"]], "ongoingCycle" in field) == ([True], False)
    jira.agent_sets(10001, status=content.WAITING_FOR_SUPPORT)
    field = office.ask("GET", f"{API}/issue/10001")["fields"][content.RESOLUTION]
    assert (len(field["completedCycles"]), "ongoingCycle" in field) == (1, True)


def test_a_paused_clock_names_no_time_at_which_it_breaks(office: Office) -> None:
    office.jira.agent_sets(10001, status=content.WAITING_FOR_CUSTOMER)
    office.clock.advance(90 * HOUR)
    cycle = office.ask("GET", f"{API}/issue/10001")["fields"][content.RESOLUTION]["ongoingCycle"]
    assert (cycle["paused"], cycle["breached"], "breachTime" in cycle) == (True, False, False)


def test_feedback_is_there_once_the_customer_gave_it(office: Office) -> None:
    office.headers = {"x-experimentalapi": "opt-in"}
    office.ask("GET", "/rest/servicedeskapi/request/10001/feedback", status=404)
    office.jira.rate(10001, 2, "Slow")
    told = office.ask("GET", "/rest/servicedeskapi/request/10001/feedback")
    assert (told["rating"], told["comment"]) == (2, {"body": "Slow"})
    assert office.ask("GET", f"{API}/issue/10001")["fields"][content.SATISFACTION] == {"rating": 2}
    office.headers = {}
    office.ask("GET", "/rest/servicedeskapi/request/10001/feedback", status=412)


def test_a_request_tells_its_type_people_and_organisations(office: Office) -> None:
    people = {content.ORGANIZATION: [201], content.PARTICIPANTS: [content.ANA]}
    office.jira.agent_sets(10001, fields=people)
    told = office.ask("GET", "/rest/servicedeskapi/request/10001?expand=participant,requestType")
    assert (told["requestTypeId"], told["requestType"]["name"], told["reporter"]["displayName"]) == (
        "101",
        "Complaint",
        "Ina",
    )
    assert [one["displayName"] for one in told["participants"]["values"]] == ["Ana Ribeiro"]
    fields = office.ask("GET", f"{API}/issue/10001")["fields"]
    assert fields[content.REQUEST_TYPE]["requestType"]["name"] == "Complaint"
    assert [one["name"] for one in fields[content.ORGANIZATION]] == ["Northwind Traders"]
    office.jira.customer_opens("Plain", "No request", project=content.SHOP)
    office.ask("GET", "/rest/servicedeskapi/request/SHOP-1", status=404)


def test_people_have_types_and_may_hide_their_address(office: Office) -> None:
    shy = office.jira.add_customer("Shy", "shy@example.net", hidden_email=True)
    office.jira.customer_opens("Shy too", "Text", shy)
    reporters = [office.ask("GET", f"{API}/issue/CARE-{n}")["fields"]["reporter"] for n in (1, 2)]
    assert [one.get("emailAddress") for one in reporters] == ["ina@example.net", None]
    assert {one["accountType"] for one in reporters} == {"customer"}
    office.jira.switches.hidden_emails = True
    assert "emailAddress" not in office.ask("GET", f"{API}/issue/CARE-1")["fields"]["reporter"]
    assert office.ask("GET", f"{API}/user?accountId={content.APP}")["accountType"] == "app"


def test_admins_remove_retype_rename_and_hide_fields(office: Office) -> None:
    jira = office.jira
    jira.agent_sets(10001, fields={content.PRODUCT: 10301, content.ORDER_NUMBER: "A-1"})
    jira.admin_renames_option(content.PRODUCT, 10301, "Desk lamp")
    assert office.ask("GET", f"{API}/issue/10001")["fields"][content.PRODUCT]["value"] == "Desk lamp"
    jira.admin_removes_field(content.ORDER_NUMBER)
    jira.admin_retypes_field(content.PRODUCT, "text")
    assert office.search("project = CARE", fields=[content.PRODUCT])["issues"][0]["fields"] == {content.PRODUCT: None}
    fields = office.ask("GET", f"{API}/issue/10001")["fields"]
    assert content.ORDER_NUMBER not in fields
    assert fields[content.PRODUCT] is None
    described: dict[str, Any] = {one["id"]: one for one in office.ask("GET", f"{API}/field")}
    assert described[content.PRODUCT]["schema"]["type"] == "string"
    jira.admin_takes_field_off(content.PRODUCT)
    assert content.PRODUCT not in office.ask("GET", f"{API}/issue/10001/editmeta")["fields"]
    jira.admin_adds_status(content.SHOP, 10099, "At the court", "indeterminate")
    assert "At the court" in str(office.ask("GET", f"{API}/project/SHOP/statuses"))


def test_priorities_are_those_of_the_projects_scheme(office: Office) -> None:
    told = office.ask("GET", f"{API}/priority/search?projectId=10001")["values"]
    assert [one["name"] for one in told] == ["Highest", "High", "Medium", "Low"]
    meta = office.ask("GET", f"{API}/issue/10001/editmeta")["fields"]["priority"]["allowedValues"]
    assert [one["name"] for one in meta] == ["Highest", "High", "Medium", "Low"]


def test_options_stand_under_their_context(office: Office) -> None:
    (context,) = office.ask("GET", f"{API}/field/{content.ABOUT}/context")["values"]
    options = office.ask("GET", f"{API}/field/{content.ABOUT}/context/{context['id']}/option")["values"]
    assert [(one["value"], one.get("optionId")) for one in options[:2]] == [("Delivery", None), ("Late", "10310")]


def test_data_center_names_people_and_tells_wiki_text(office: Office) -> None:
    office.become_data_center()
    office.jira.agent_sets(10001, assignee=content.BEN)
    told = office.ask("GET", "/rest/api/2/issue/10001?expand=changelog")
    assert (told["fields"]["assignee"]["name"], told["fields"]["assignee"]["key"]) == ("ben", "JIRAUSER10102")
    assert (told["fields"]["description"], "accountId" in told["fields"]["reporter"]) == ("Where is it?", False)
    (item,) = told["changelog"]["histories"][0]["items"]
    assert (item["to"], "fieldId" in item) == ("JIRAUSER10102", False)
    office.ask("GET", f"{API}/issue/10001", status=404)
