"""The sandbox's metric events behave as Zendesk's: what starts, pauses and ends a clock, and what a policy does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.zendesk import Policy
from tests.unit.test_sandbox_export import DAY_BEFORE, START, Office

HOUR = 3600


@pytest.fixture
def office() -> Office:
    return Office()


def told(office: Office, start: int = DAY_BEFORE) -> list[dict[str, Any]]:
    """All events, a minute later."""
    office.clock.advance(60)
    events: list[dict[str, Any]] = office.get("incremental/ticket_metric_events", start_time=start)[
        "ticket_metric_events"
    ]
    return events


def course(events: list[dict[str, Any]], metric: str, instance: int = 1) -> list[tuple[str, str]]:
    """(type, time of day) of one run, without its sums."""
    of_run = [one for one in events if (one["metric"], one["instance_id"]) == (metric, instance)]
    return [(one["type"], one["time"][11:16]) for one in of_run if one["type"] != "update_status"]


def test_every_ticket_has_its_clocks_without_any_policy(office: Office) -> None:
    office.account.customer_opens("Late", "Where is it?")
    events = told(office)
    assert {one["metric"] for one in events if one["type"] == "activate"} == {
        "reply_time",
        "requester_wait_time",
        "agent_work_time",
        "resolution_time",
    }
    assert {one["instance_id"] for one in events if one["type"] == "measure"} == {0}


def test_each_unanswered_message_begins_a_run_of_its_own(office: Office) -> None:
    ticket = office.account.customer_opens("Late", "Where is it?")
    for act in (office.account.agent_replies, office.account.customer_writes, office.account.customer_writes):
        office.clock.advance(HOUR)
        act(ticket, "Well.")
    office.clock.advance(HOUR)
    office.account.agent_replies(ticket, "Well.")
    events = told(office)
    assert course(events, "reply_time", 1) == [("activate", "09:00"), ("fulfill", "10:00")]
    assert course(events, "reply_time", 2) == [("activate", "11:00"), ("fulfill", "13:00")]


def test_waiting_for_the_customer_pauses_and_reopening_goes_on(office: Office) -> None:
    ticket = office.account.customer_opens("Late", "Where is it?")
    for status in ("pending", "open", "solved", "open"):
        office.clock.advance(HOUR)
        office.account.agent_sets(ticket, status=status)
    assert course(told(office), "requester_wait_time") == [
        ("activate", "09:00"), ("pause", "10:00"), ("activate", "11:00"), ("fulfill", "12:00"), ("activate", "13:00"),
    ]  # fmt: skip


def test_a_policy_comes_with_the_next_event_of_a_ticket(office: Office) -> None:
    ticket = office.account.customer_opens("Late", "Where is it?")
    office.account.policies = [Policy("Gold", {"first_reply_time": {"normal": 30}}, since=START + timedelta(hours=1))]
    office.clock.advance(2 * HOUR)
    assert course(told(office), "reply_time") == [("activate", "09:00")], "nothing happened to it since"
    office.account.agent_notes(ticket, "Hm.")
    assert course(told(office), "reply_time")[1:] == [("apply_sla", "11:01"), ("breach", "11:01")]


def test_a_new_priority_brings_its_target_and_another_breach(office: Office) -> None:
    office.account.policies = [Policy("Gold", {"first_reply_time": {"normal": 120, "urgent": 60}})]
    ticket = office.account.customer_opens("Late", "Where is it?")
    office.clock.advance(HOUR / 2)
    office.account.agent_sets(ticket, priority="urgent")
    office.clock.advance(2 * HOUR)
    events = told(office)
    assert course(events, "reply_time") == [
        ("activate", "09:00"), ("apply_sla", "09:00"), ("apply_sla", "09:30"), ("breach", "10:00"),
    ]  # fmt: skip
    [first, second] = [one["sla"] for one in events if one["type"] == "apply_sla"]
    assert (first["target_in_seconds"], second["target"], second["policy"]["title"]) == (7200, 60, "Gold")


def test_business_hours_stop_at_night(office: Office) -> None:
    office.account.policies = [Policy("Gold", {"first_reply_time": {"normal": 600}}, business_hours=True)]
    office.account.customer_opens("Late", "Where is it?")
    office.clock.advance(36 * HOUR)
    breach = told(office)[-1]
    assert (breach["type"], breach["time"], breach["deleted"]) == ("breach", "2026-03-03T11:00:00Z", False)


def test_events_keep_their_ids_and_each_has_its_own(office: Office) -> None:
    office.account.policies = [Policy("Gold", {"first_reply_time": {"normal": 60}})]
    for _ in range(3):
        office.account.customer_opens("Late", "Where is it?")
    before = told(office)
    office.clock.advance(3 * HOUR)
    office.account.agent_replies(1, "Here.")
    after = told(office)
    assert len({one["id"] for one in after}) == len(after)
    assert [one for one in after if one["id"] in {one["id"] for one in before}] == before


def test_a_page_begins_where_it_is_asked_to(office: Office) -> None:
    office.account.customer_opens("Late", "Where is it?")
    office.clock.advance(HOUR)
    office.account.agent_replies(1, "Here.")
    assert {one["time"][11:16] for one in told(office, int(START.timestamp()) + 60)} == {"10:00"}
