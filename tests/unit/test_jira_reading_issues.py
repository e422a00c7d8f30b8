"""An issue as Jira shows it becomes a snapshot and a timeline: who did what when, and who could see it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from adapters.jira import issues
from adapters.jira.issues import Extras, Site, sent_issue
from connector.adapter import Record
from connector.model import Entry, EntryKind, Role, StepKind, Visibility, fields_of

SEEN_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
MARIA = {"accountId": "qm:1", "accountType": "customer", "displayName": "Maria Silva", "emailAddress": "m@example.net"}
ANA = {"accountId": "712020:ana", "accountType": "atlassian", "displayName": "Ana Ribeiro"}
BEN = {"accountId": "712020:ben", "accountType": "atlassian", "displayName": "Ben Carter"}
ROBOT = {"accountId": "557058:rules", "accountType": "app", "displayName": "Automation"}
DOC = {
    "type": "doc",
    "version": 1,
    "content": [{"type": "paragraph", "content": [{"type": "text", "text": "It is late."}]}],
}


def issue(**fields: Any) -> dict[str, Any]:
    return {
        "id": "10042",
        "key": "CARE-7",
        "fields": {
            "summary": "Where is it?",
            "description": DOC,
            "status": {"name": "Waiting for support"},
            "priority": {"name": "High"},
            "project": {"key": "CARE"},
            "assignee": None,
            "reporter": MARIA,
            "creator": MARIA,
            "labels": ["parcel"],
            "created": "2026-03-01T10:00:00.000+0100",
            "updated": "2026-03-01T12:30:00.250+0100",
            "comment": {"comments": [], "total": 0},
            **fields,
        },
    }


def record(sent: dict[str, Any], **extras: Any) -> Record:
    packed = {name: msgspec.json.encode(value) for name, value in extras.items()}
    made = sent_issue(msgspec.json.encode(sent), sent, Extras(**packed), Site("https://acme.atlassian.net"), SEEN_AT)
    assert issues.read(made.raw, SEEN_AT) == made
    return made


def change(number: int, at: str, *items: dict[str, Any], author: Any = ANA) -> dict[str, Any]:
    return {"id": str(number), "author": author, "created": at, "items": list(items)}


def item(field: str, before: str | None, after: str | None, **more: Any) -> dict[str, Any]:
    ids = {"from": None, "to": None, "fieldId": field.lower() if field != "Key" else None}
    return {"field": field, "fieldtype": "jira", "fromString": before, "toString": after, **ids, **more}


def comment(number: int, author: Any, body: Any = "Hello", **more: Any) -> dict[str, Any]:
    return {"id": str(number), "author": author, "body": body, "created": "2026-03-01T10:30:00.000+0000", **more}


def of_kind(found: Record, *kinds: EntryKind) -> list[Entry]:
    return [entry for entry in found.entries if entry.kind in kinds]


def test_the_snapshot_names_fields_as_discovery_does() -> None:
    found = record(
        issue(
            customfield_10001={"value": "Lamp", "id": "1"},
            customfield_10002={"value": "Europe", "child": {"value": "Portugal"}},
            customfield_10003=[{"value": "red"}, {"value": "blue"}],
            customfield_10004=ANA,
            customfield_10005=DOC,
            customfield_10006=12.5,
            customfield_10007={"name": "complaints-board"},
            customfield_10008={"surprise": [1]},
            customfield_10009=None,
            components=[{"name": "web"}, {"name": "app"}],
        )
    )
    fields = found.fields or {}
    assert (found.ticket, found.raw_id) == ("10042", "issue:10042")
    assert found.version == int(datetime(2026, 3, 1, 11, 30, tzinfo=UTC).timestamp()) * 1000 + 250
    assert fields["url"] == "https://acme.atlassian.net/browse/CARE-7"
    assert (fields["id"], fields["key"], fields["status"]) == ("10042", "CARE-7", "CARE/Waiting for support")
    assert fields["description"] == "It is late."
    assert fields_of(fields, "reporter.emailAddress") == "m@example.net"
    assert [fields[f"customfield_1000{number}"] for number in range(1, 10)] == [
        "Lamp",
        "Europe / Portugal",
        ["red", "blue"],
        "Ana Ribeiro",
        "It is late.",
        12.5,
        "complaints-board",
        {"surprise": [1]},
        None,
    ]
    assert fields["components"] == ["web", "app"]
    assert "customfield_10010" not in fields


def test_the_timeline_begins_with_what_the_first_changes_were_from() -> None:
    found = record(
        issue(assignee=BEN),
        changelog=[
            change(501, "2026-03-01T09:30:00.000+0000", item("status", "Open", "In Progress")),
            change(502, "2026-03-01T10:00:00.000+0000", item("priority", "Low", "High")),
            change(503, "2026-03-01T11:00:00.000+0000", item("status", "In Progress", "Waiting for support")),
            change(
                504,
                "2026-03-01T11:10:00.000+0000",
                item("assignee", "Ana", "Ben", **{"from": "712020:ana", "to": "712020:ben"}),
            ),
        ],
    )
    told = [(entry.kind, entry.value) for entry in found.entries if entry.observed and entry.value]
    assert told == [
        (EntryKind.OWNER, "712020:ana"),
        (EntryKind.PRIORITY, "Low"),
        (EntryKind.STATUS, "CARE/Open"),
        (EntryKind.STATUS, "CARE/In Progress"),
        (EntryKind.PRIORITY, "High"),
        (EntryKind.STATUS, "CARE/Waiting for support"),
        (EntryKind.OWNER, "712020:ben"),
    ]


def test_without_a_changelog_the_snapshot_only_states_what_is() -> None:
    found = of_kind(record(issue()), EntryKind.STATUS, EntryKind.PRIORITY)
    assert [(entry.value, entry.observed) for entry in found] == [("High", False), ("CARE/Waiting for support", False)]
    assert all(entry.id.startswith("~") for entry in found)


def test_s30_a_move_keeps_the_issue_and_says_under_which_project_each_status_was() -> None:
    moved = issue(project={"key": "SHOP"}, status={"name": "Done"})
    moved["key"] = "SHOP-3"
    log = [
        change(1, "2026-03-01T09:10:00.000+0000", item("status", "Open", "In Progress")),
        change(
            2,
            "2026-03-01T09:20:00.000+0000",
            item("project", "Care", "Shop"),
            item("Key", "CARE-7", "SHOP-3"),
            item("status", "In Progress", "To Do"),
        ),
        change(3, "2026-03-01T09:30:00.000+0000", item("status", "To Do", "Done")),
    ]
    found = record(moved, changelog=log)
    assert found.ticket == "10042"
    statuses = [entry.value for entry in of_kind(found, EntryKind.STATUS) if entry.observed]
    assert statuses == ["CARE/Open", "CARE/In Progress", "SHOP/To Do", "SHOP/Done"]
    fields = [(entry.field, entry.value) for entry in of_kind(found, EntryKind.FIELD)]
    assert fields == [("project", "Shop"), ("key", "SHOP-3")]


@pytest.mark.parametrize(
    ("author", "more", "kind", "role"),
    [
        (MARIA, {}, EntryKind.CUSTOMER_MESSAGE, Role.CUSTOMER),
        (ANA, {"jsdPublic": True}, EntryKind.STAFF_REPLY, Role.STAFF),
        (ANA, {"jsdPublic": False}, EntryKind.NOTE, Role.STAFF),
        (ANA, {"public": False}, EntryKind.NOTE, Role.STAFF),
        (ANA, {"visibility": {"type": "role", "value": "Staff"}}, EntryKind.NOTE, Role.STAFF),
        (ANA, {"properties": [{"key": "sd.public.comment", "value": {"internal": True}}]}, EntryKind.NOTE, Role.STAFF),
        (
            ANA,
            {"properties": [{"key": "sd.public.comment", "value": {"internal": "true"}}]},
            EntryKind.NOTE,
            Role.STAFF,
        ),
        (ROBOT, {}, EntryKind.STAFF_REPLY, Role.SYSTEM),
        (
            BEN,
            {"jsdPublic": False, "properties": [{"key": "amends.marker", "value": {"value": "m"}}]},
            EntryKind.NOTE,
            Role.AMENDS,
        ),
        (None, {}, EntryKind.CUSTOMER_MESSAGE, Role.UNKNOWN),
    ],
)
def test_a_comment_says_who_spoke_and_who_can_read_it(
    author: Any, more: dict[str, Any], kind: EntryKind, role: Role
) -> None:
    found = record(issue(comment={"comments": [comment(77, author, **more)], "total": 1}))
    said = [entry for entry in found.entries if entry.id.startswith("comment:")]
    assert [(one.kind, one.role, one.text) for one in said] == [(kind, role, "Hello")]
    assert said[0].visibility is (Visibility.INTERNAL if kind is EntryKind.NOTE else Visibility.PUBLIC)
    assert said[0].id == f"comment:{77:020d}"


def test_comments_that_were_completed_replace_the_few_that_the_search_sent() -> None:
    found = record(
        issue(comment={"comments": [comment(1, ANA)], "total": 3}),
        comments=[comment(number, MARIA, DOC) for number in (1, 2, 3)],
    )
    assert [entry.text for entry in of_kind(found, EntryKind.CUSTOMER_MESSAGE)] == ["It is late."] * 3


def test_a_deleted_comment_is_blanked_and_its_words_are_not_kept() -> None:
    gone = item("Comment", "My account number is 12345", None, **{"from": "77", "fieldId": None})
    found = record(issue(), changelog=[change(9, "2026-03-01T11:00:00.000+0000", gone)])
    assert [(one.value, one.text) for one in of_kind(found, EntryKind.REDACTION)] == [(f"comment:{77:020d}", "")]
    assert b"12345" not in found.raw


def test_a_deleted_comment_in_an_expanded_changelog_is_not_kept_either() -> None:
    sent = issue()
    gone = item("Comment", "My account number is 12345", None, **{"from": "77", "fieldId": None})
    sent["changelog"] = {"total": 1, "histories": [change(9, "2026-03-01T11:00:00.000+0000", gone)]}
    found = record(sent)
    assert of_kind(found, EntryKind.REDACTION)
    assert b"12345" not in found.raw


def test_an_edited_description_is_told_without_its_words() -> None:
    edited = item("description", "old words", "new words")
    found = record(issue(), changelog=[change(9, "2026-03-01T11:00:00.000+0000", edited)])
    assert [(one.field, one.value) for one in of_kind(found, EntryKind.FIELD)] == [("description", None)]


def test_long_values_are_cut() -> None:
    edited = item("customfield_10001", "x", "y" * 1000)
    found = record(issue(), changelog=[change(9, "2026-03-01T11:00:00.000+0000", edited)])
    assert of_kind(found, EntryKind.FIELD)[0].value == "y" * 255


@pytest.mark.parametrize("told", ["2026-03-01T11:00:00.000+0000", 1772362800000, 1772362800])
def test_bulk_changelogs_may_tell_times_as_text_seconds_or_milliseconds(told: Any) -> None:
    found = record(issue(), changelog=[change(9, told, item("status", "Open", "Closed"))])
    assert of_kind(found, EntryKind.STATUS)[1].occurred_at == datetime(2026, 3, 1, 11, tzinfo=UTC)


def test_a_data_center_names_people_by_user_name_and_writes_wiki() -> None:
    maria = {"name": "maria", "key": "JIRAUSER1", "displayName": "Maria Silva"}
    ana = {"name": "ana", "key": "JIRAUSER2", "displayName": "Ana Ribeiro"}
    sent = issue(
        reporter=maria,
        creator=maria,
        assignee=ana,
        description="It is *very* late.",
        comment={"comments": [comment(1, maria), comment(2, ana)], "total": 2},
    )
    log = [change(1, "2026-03-01T10:10:00.000+0000", item("assignee", None, "Ana", to="JIRAUSER2"), author=ana)]
    found = record(sent, changelog=log)
    assert {one.value for one in of_kind(found, EntryKind.OWNER)} == {"ana"}
    assert [one.role for one in found.entries if one.id.startswith("comment:")] == [Role.CUSTOMER, Role.STAFF]
    assert (found.fields or {})["description"] == "It is very late."


SLA = {
    "id": "30",
    "name": "Time to first response",
    "completedCycles": [
        {
            "startTime": {"epochMillis": 1772355600000},
            "stopTime": {"epochMillis": 1772359200000},
            "breached": True,
            "goalDuration": {"millis": 1800000},
            "elapsedTime": {"millis": 3600000},
        }
    ],
    "ongoingCycle": {
        "startTime": {"epochMillis": 1772359200000},
        "breachTime": {"epochMillis": 1772362800000},
        "breached": False,
        "paused": True,
        "goalDuration": {"millis": 3600000},
        "elapsedTime": {"millis": 60500},
    },
}


def test_an_sla_is_read_as_figures() -> None:
    found = record(issue(customfield_10030=SLA))
    sla = (found.fields or {})["customfield_10030"]
    assert (sla["name"], sla["ongoing"], sla["paused"], sla["breached"]) == (
        "Time to first response",
        True,
        True,
        False,
    )
    assert (sla["breach_at"], sla["goal_seconds"], sla["elapsed_seconds"]) == ("2026-03-01T11:00:00Z", 3600, 60)
    assert sla["completed"] == [
        {
            "start": "2026-03-01T09:00:00Z",
            "stop": "2026-03-01T10:00:00Z",
            "breached": True,
            "goal_seconds": 1800,
            "elapsed_seconds": 3600,
        }
    ]
    assert found.clocks == (), "its clocks are read where the source says that this field is one"


def test_an_sla_that_is_asked_for_tells_the_clocks_of_the_site() -> None:
    found = record(issue(customfield_10030=SLA), request={"fields": {"sla:customfield_10030": "customfield_10030"}})
    assert {step.clock for step in found.clocks} == {"Time to first response"}
    done, running = sorted({step.cycle for step in found.clocks})
    kinds = [(step.kind, step.at.hour) for step in found.clocks if step.cycle == done]
    assert kinds == [("started", 9), ("target", 9), ("breached", 10), ("stopped", 10)]
    goals = [step.target_seconds for step in found.clocks if step.kind is StepKind.TARGET]
    assert goals == [1800, 3600]
    assert StepKind.DUE not in [step.kind for step in found.clocks if step.cycle == running], "it stands still"


def test_service_management_tells_request_type_organisations_channel_and_rating() -> None:
    sent = issue(
        customfield_1={"requestType": {"id": "4", "name": "Make a complaint"}},
        customfield_2=[{"id": "1", "name": "Northwind"}],
        customfield_3=[ANA],
        customfield_4={"rating": 2},
        customfield_5="2026-03-01T11:00:00.000+0000",
    )
    sent["properties"] = {"request.channel.type": {"value": "portal"}}
    kinds = ("request_type", "organizations", "participants", "satisfaction", "satisfaction_date")
    ids = {kind: f"customfield_{number}" for number, kind in enumerate(kinds, start=1)}
    found = record(sent, request={"fields": ids, "feedback": {"rating": 2, "comment": {"body": "Too slow"}}})
    fields = found.fields or {}
    assert fields["request_type"] == "Make a complaint"
    assert (fields["organizations"], fields["participants"]) == (["Northwind"], ["712020:ana"])
    assert (fields["channel"], fields["satisfaction"]) == ("portal", {"rating": 2, "comment": "Too slow"})
    rated = of_kind(found, EntryKind.RATING)
    assert [(one.value, one.text, one.role) for one in rated] == [("2", "Too slow", Role.CUSTOMER)]
    assert rated[0].occurred_at == datetime(2026, 3, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "Open"}, "status is str, not an object"),
        ({"created": "yesterday"}, "created is no time with a zone: 'yesterday'"),
        ({"updated": "2026-03-01T10:00:00.000"}, "updated is no time with a zone"),
        ({"created": None, "updated": None}, "neither when it was created nor"),
    ],
)
def test_s34_what_cannot_be_read_says_why_and_keeps_its_id(fields: dict[str, Any], words: str) -> None:
    found = record(issue(**fields))
    assert found.ticket == "10042"
    assert words in (found.problem or "")


def test_an_issue_that_is_gone_is_told_as_deleted() -> None:
    found = issues.gone("10042", SEEN_AT)
    assert (found.ticket, found.fields, [entry.kind for entry in found.entries]) == ("10042", None, [EntryKind.DELETE])
    assert issues.read(found.raw, SEEN_AT) == found


def test_an_issue_of_which_jira_tells_nothing_keeps_its_id_and_the_reason() -> None:
    found = issues.untold("10042", 'It said "no"', SEEN_AT)
    assert (found.ticket, found.problem, found.fields, found.entries) == ("10042", 'It said "no"', None, ())
    assert issues.read(found.raw, SEEN_AT) == found
    assert found.raw_id != issues.untold("10043", "no", SEEN_AT).raw_id, "or one would push the other out of quarantine"
