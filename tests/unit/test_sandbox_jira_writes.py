"""What the sandbox Jira lets the API change, what it refuses, and what its ledger then says."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.jira import Effect, content
from sandbox.jira.documents import as_wiki
from tests.unit.sandbox_jira_office import API, Office, doc

ISSUE = f"{API}/issue/10001"
MARK = [{"key": "amends.m-1", "value": {"rule": "overdue", "at": 1}}]
INTERNAL = {"key": "sd.public.comment", "value": {"internal": True}}


@pytest.fixture
def office() -> Office:
    office = Office()
    office.jira.customer_opens("Late", "Where is it?", labels=["vip"])
    office.jira.customer_opens("Broken", "It broke.", project=content.SHOP)
    office.jira.customer_opens("Cause", "Find it.", project=content.OPS)
    office.clock.advance(60)
    return office


def effects(office: Office) -> list[Effect]:
    return list(office.jira.ledger)


def errors(office: Office, method: str, path: str, body: Any) -> dict[str, str]:
    told: dict[str, str] = office.ask(method, path, body, status=400)["errors"]
    assert not effects(office), "what is refused leaves nothing"
    return told


def test_one_edit_changes_fields_labels_properties_and_says_so_once(office: Office) -> None:
    body = {
        "fields": {"priority": {"name": "High"}, content.PRODUCT: {"value": "Lamp"}},
        "update": {"labels": [{"add": "amends"}, {"remove": "vip"}, {"add": "amends"}]},
        "properties": MARK,
        "historyMetadata": {"type": "amends", "description": "overdue"},
    }
    office.ask("PUT", ISSUE, body, status=204)
    (effect,) = effects(office)
    assert (effect.kind, effect.ticket, effect.key, effect.actor) == (
        "issue.update",
        10001,
        "CARE-1",
        content.INTEGRATION,
    )
    assert effect.fields == {"priority": ["Medium", "High"], content.PRODUCT: [None, "Lamp"]}
    assert (effect.labels_added, effect.labels_removed) == (["amends"], ["vip"])
    assert effect.marker["amends.m-1"] == {"rule": "overdue", "at": 1}
    assert office.jira.ledger.markers()["overdue"] == 1
    assert office.jira.issue(10001).histories[-1].metadata == body["historyMetadata"]
    office.ask("PUT", ISSUE, body | {"historyMetadata": None}, status=204)
    assert len(office.jira.ledger) == 1, "a write without a change has no effect"


def test_properties_do_not_move_updated_and_everything_else_does(office: Office) -> None:
    issue = office.jira.issue(10001)
    before = issue.updated
    office.ask("PUT", f"{ISSUE}/properties/amends.m-2", {"a": 1}, status=201)
    office.ask("PUT", f"{ISSUE}/properties/amends.m-2", {"a": 1}, status=200)
    assert (issue.updated, len(office.jira.ledger)) == (before, 1)
    assert office.ask("GET", f"{ISSUE}/properties/amends.m-2") == {"key": "amends.m-2", "value": {"a": 1}}
    assert office.search("project = CARE", fields=["id"], properties=["amends.m-2"])["issues"][0]["properties"]
    office.ask("DELETE", f"{ISSUE}/properties/amends.m-2", status=204)
    office.ask("GET", f"{ISSUE}/properties/amends.m-2", status=404)
    office.ask("POST", f"{ISSUE}/comment", {"body": doc("Moved")}, status=201)
    assert issue.updated > before


def test_a_property_has_at_most_32_kilobytes(office: Office) -> None:
    office.ask("PUT", f"{ISSUE}/properties/big", "x" * 32_766, status=201)
    office.ask("PUT", f"{ISSUE}/properties/big", "x" * 32_767, status=400)
    office.ask("PUT", f"{ISSUE}/properties/none", status=400)


def test_a_comment_is_public_unless_its_property_says_otherwise_in_the_same_call(office: Office) -> None:
    public = office.ask("POST", f"{ISSUE}/comment", {"body": doc("Oops")}, status=201)
    note = office.ask("POST", f"{ISSUE}/comment", {"body": doc("Only us"), "properties": [INTERNAL, *MARK]}, status=201)
    assert (public["jsdPublic"], note["jsdPublic"]) == (True, False)
    assert [one.comment and one.comment["public"] for one in effects(office)] == [True, False]
    assert [one.number for one in office.jira.ledger.of_marker("overdue")] == [2]
    kept = office.ask("GET", f"{ISSUE}/comment?expand=properties")["comments"][1]["properties"]
    assert {one["key"] for one in kept} == {"sd.public.comment", "amends.m-1"}
    desk = "/rest/servicedeskapi/request/10001/comment"
    office.ask("POST", desk, {"body": "By the desk", "public": False}, status=201)
    assert [one["public"] for one in office.ask("GET", desk)["values"]] == [True, False, False]


def test_setting_the_property_later_changes_who_can_read_it(office: Office) -> None:
    number = office.ask("POST", f"{ISSUE}/comment", {"body": doc("Oops")}, status=201)["id"]
    office.ask("PUT", f"{API}/comment/{number}/properties/sd.public.comment", {"internal": True}, status=201)
    assert office.ask("GET", f"{ISSUE}/comment/{number}")["jsdPublic"] is False


def test_a_comment_can_only_be_restricted_to_those_its_author_is_among(office: Office) -> None:
    body = {"body": doc("Us"), "visibility": {"type": "role", "value": "Administrators"}}
    told = office.ask("POST", f"{API}/issue/SHOP-1/comment", body, status=201)
    assert told["visibility"] == {"type": "role", "value": "Administrators"}
    office.ask(
        "POST", f"{ISSUE}/comment", {"body": doc("?"), "visibility": {"type": "role", "value": "Kings"}}, status=400
    )


def test_comments_are_edited_and_deleted_and_the_changelog_keeps_the_words(office: Office) -> None:
    number = office.ask("POST", f"{ISSUE}/comment", {"body": doc("First"), "properties": [INTERNAL]}, status=201)["id"]
    office.clock.advance(5)
    office.ask("PUT", f"{ISSUE}/comment/{number}", {"body": doc("Second")})
    (kept,) = office.jira.issue(10001).comments
    assert (as_wiki(kept.body), kept.public, kept.updated > kept.created) == ("Second", False, True)
    office.ask("DELETE", f"{ISSUE}/comment/{number}", status=204)
    assert office.jira.issue(10001).histories[-1].items[0]["fromString"] == "Second"
    assert [one.kind for one in effects(office)] == ["comment.add", "comment.edit", "comment.delete"]
    office.ask("DELETE", f"{ISSUE}/comment/{number}", status=404)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": {"name": "Resolved"}}, "not on the appropriate screen"),
        ({"customfield_99999": "x"}, "not on the appropriate screen"),
        ({content.SATISFACTION: 5}, "not on the appropriate screen"),
        ({content.PRODUCT: {"value": "Spoon"}}, "not valid"),
        ({content.PRODUCT: {"id": "1"}}, "not valid"),
        ({content.REFUND: "12"}, "number"),
        ({content.ORDER_NUMBER: 5}, "string"),
        ({content.ORDER_NUMBER: "x" * 256}, "255"),
        ({content.REASON: "plain"}, "Atlassian Document"),
        ({content.HAPPENED_ON: "yesterday"}, "yyyy-MM-dd"),
        ({"labels": ["two words"]}, "spaces"),
        ({"priority": {"name": "Lowest"}}, "priority selected is invalid"),
        ({"assignee": {"accountId": "nobody"}}, "assignee"),
        ({"summary": ""}, "summary"),
        ({"description": doc("x" * 32_768)}, "CONTENT_LIMIT_EXCEEDED"),
    ],
)
def test_what_cannot_be_set_is_refused_by_field(office: Office, fields: dict[str, Any], words: str) -> None:
    told = errors(office, "PUT", ISSUE, {"fields": fields})
    assert list(told) == list(fields)
    assert words in next(iter(told.values()))


def test_every_kind_of_value_is_taken_and_told_again(office: Office) -> None:
    fields: dict[str, Any] = {
        content.ABOUT: {"value": "Delivery", "child": {"value": "Late"}},
        content.CHANNELS: [{"value": "Phone"}, {"id": "10342"}],
        content.CONTACT: {"accountId": content.BEN},
        content.CALL_BACK_AT: "2026-03-03T10:00:00.000+0100",
        content.TEAM: {"name": "complaints-board"},
        content.KEYWORDS: ["late", "parcel"],
        content.REASON: doc("Because"),
        content.REFUND: 12.5,
        content.HAPPENED_ON: "2026-03-01",
    }
    office.ask("PUT", ISSUE, {"fields": fields}, status=204)
    told = office.ask("GET", ISSUE)["fields"]
    assert (told[content.ABOUT]["value"], told[content.ABOUT]["child"]["value"]) == ("Delivery", "Late")
    assert [one["value"] for one in told[content.CHANNELS]] == ["Phone", "Chat"]
    assert told[content.CONTACT]["displayName"] == "Ben Carter"
    assert told[content.CALL_BACK_AT] == "2026-03-03T09:00:00.000+0000"
    assert told[content.REASON] == doc("Because")
    assert [told[name] for name in (content.KEYWORDS, content.REFUND, content.HAPPENED_ON)] == [
        ["late", "parcel"], 12.5, "2026-03-01",
    ]  # fmt: skip
    office.ask("PUT", ISSUE, {"fields": dict.fromkeys(fields)}, status=204)
    cleared = office.ask("GET", ISSUE)["fields"]
    assert not any(cleared[name] for name in fields)


def test_version_two_takes_and_tells_wiki_text(office: Office) -> None:
    office.ask("PUT", "/rest/api/2/issue/10001", {"fields": {"description": "h1. Now"}}, status=204)
    assert office.ask("GET", "/rest/api/2/issue/10001?fields=description")["fields"]["description"] == "h1. Now"
    assert office.ask("GET", ISSUE)["fields"]["description"]["type"] == "doc"
    office.ask("POST", "/rest/api/2/issue/10001/comment", {"body": doc("No")}, status=400)


def test_a_transition_wants_its_screen_filled_and_no_more(office: Office) -> None:
    office.jira.agent_sets("OPS-1", status=content.IN_PROGRESS)
    steps = office.ask("GET", f"{API}/issue/OPS-1/transitions?expand=transitions.fields")["transitions"]
    close = next(one for one in steps if one["name"] == "Close")
    assert [name for name, one in close["fields"].items() if one["required"]] == [content.REASON]
    path, go = f"{API}/issue/OPS-1/transitions", {"transition": {"id": close["id"]}}
    assert errors(office, "POST", path, go) == {content.REASON: "Escalation reason is required."}
    wrong = go | {"fields": {content.REASON: doc("Done"), "summary": "x"}}
    assert "summary" in errors(office, "POST", path, wrong)
    office.ask("POST", path, {"transition": {"id": "51"}}, status=400)
    right = go | {"fields": {content.REASON: doc("Done")}, "update": {"comment": [{"add": {"body": doc("Fixed")}}]}}
    office.ask("POST", path, right, status=204)
    (effect,) = effects(office)
    assert (effect.kind, effect.fields["status"], effect.fields["resolution"]) == (
        "transition", ["In Progress", "Done"], [None, "Done"],
    )  # fmt: skip
    assert effect.comment is not None
    assert effect.comment["body"] == "Fixed"


def test_an_issue_is_created_with_its_marker(office: Office) -> None:
    fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Corrective Action"}, "summary": "Mend", "labels": ["a"]}
    told = office.ask("POST", f"{API}/issue", {"fields": fields, "properties": MARK}, status=201)
    issue = office.jira.issue(told["key"])
    assert (str(issue.number), issue.values["reporter"], issue.properties) == (
        told["id"], content.INTEGRATION, {"amends.m-1": MARK[0]["value"]},
    )  # fmt: skip
    assert [one.kind for one in office.jira.ledger.of_marker("overdue")] == ["issue.create"]


def test_required_fields_and_wrong_types_stop_a_new_issue(office: Office) -> None:
    office.jira.admin_requires_field(content.ORDER_NUMBER, [content.OPS])
    fields: dict[str, Any] = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}}
    meta = office.ask("GET", f"{API}/issue/createmeta/OPS/issuetypes/10001")["fields"]
    required = {one["fieldId"] for one in meta if one["required"]}
    assert required == {"project", "issuetype", "summary", content.ORDER_NUMBER}
    assert set(errors(office, "POST", f"{API}/issue", {"fields": fields})) == {"summary", content.ORDER_NUMBER}
    more = fields | {"summary": "x", content.ORDER_NUMBER: "1"}
    assert "issuetype" in errors(
        office, "POST", f"{API}/issue", {"fields": more | {"issuetype": {"name": "Complaint"}}}
    )
    assert "project" in errors(office, "POST", f"{API}/issue", {"fields": more | {"project": {"key": "X"}}})


def test_links_are_seen_from_both_ends_and_made_once(office: Office) -> None:
    pair = {"type": {"name": "Causes"}, "inwardIssue": {"key": "OPS-1"}, "outwardIssue": {"key": "CARE-1"}}
    for _ in range(2):
        office.ask("POST", f"{API}/issueLink", pair, status=201)
    (from_cause,) = office.ask("GET", f"{API}/issue/OPS-1")["fields"]["issuelinks"]
    (from_effect,) = office.ask("GET", ISSUE)["fields"]["issuelinks"]
    assert (from_cause["outwardIssue"]["key"], from_effect["inwardIssue"]["key"]) == ("CARE-1", "OPS-1")
    page = {"globalId": "amends:1", "object": {"url": "https://shop.example/1", "title": "Complaint"}}
    office.ask("POST", f"{API}/issue/OPS-1/remotelink", page, status=201)
    office.ask("POST", f"{API}/issue/OPS-1/remotelink", page, status=200)
    assert [one.kind for one in effects(office)] == ["link", "remotelink"]
    office.jira.delete("CARE-1")
    assert office.ask("GET", f"{API}/issue/OPS-1")["fields"]["issuelinks"] == []


def test_somebody_can_get_in_between(office: Office) -> None:
    office.desk.edit_before_next_write(10001, lambda: office.jira.agent_sets(10001, add_labels=["by-agent"]))
    office.ask("PUT", f"{API}/issue/10002", {"update": {"labels": [{"add": "other"}]}}, status=204)
    office.ask("PUT", ISSUE, {"update": {"labels": [{"add": "ours"}]}}, status=204)
    assert office.jira.issue(10001).values["labels"] == ("vip", "by-agent", "ours")


def test_people_are_assigned_by_account_or_by_name(office: Office) -> None:
    office.ask("PUT", f"{ISSUE}/assignee", {"accountId": content.BEN}, status=204)
    office.become_data_center()
    office.ask("PUT", "/rest/api/2/issue/10001/assignee", {"name": "ana"}, status=204)
    assert [one.fields["assignee"] for one in effects(office)] == [[None, "Ben Carter"], ["Ben Carter", "Ana Ribeiro"]]
    assert office.ask("GET", "/rest/api/2/issue/10001")["fields"]["assignee"]["name"] == "ana"


def test_without_admin_rights_nobody_is_spared_the_mail(office: Office) -> None:
    office.jira.admin_rights = False
    office.ask("PUT", f"{ISSUE}?notifyUsers=false", {"fields": {"summary": "x"}}, status=403)
    office.ask("DELETE", ISSUE, status=403)


@pytest.mark.parametrize(
    "body", [[], "x", {"fields": 5}, {"update": {"labels": 5}}, {"fields": {"labels": "x"}}, {"properties": 1}]
)
def test_nonsense_is_answered_and_changes_nothing(office: Office, body: Any) -> None:
    assert office.send("PUT", ISSUE, body).status == 400
    assert not effects(office)
