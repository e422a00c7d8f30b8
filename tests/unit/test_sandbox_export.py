"""The sandbox's incremental exports behave as Zendesk's: what is shown, what is held back, how pages join."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, content
from sandbox.zendesk.answers import Request
from sandbox.zendesk.exports import decode_cursor
from sandbox.zendesk.routes import Desk

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY_BEFORE = int(START.timestamp()) - 86400


class Office:
    """An account on a clock that stands still, and its desk."""

    def __init__(self) -> None:
        self.clock = SandboxClock(START, scale=0)
        self.account = Account(self.clock)
        self.desk = Desk(self.account)

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        asked = {name: str(value) for name, value in query.items()}
        headers = {"authorization": f"Bearer {content.ACCESS_TOKEN}"}
        answer = self.desk.answer(Request("GET", f"/api/v2/{path}", asked, headers))
        assert answer.status == status, answer.payload
        return msgspec.json.decode(answer.payload)

    def tickets(self, cursor: str | None = None) -> Any:
        query = {"cursor": cursor} if cursor else {"start_time": DAY_BEFORE}
        return self.get("incremental/tickets/cursor", **query)

    def all_tickets(self) -> list[int]:
        numbers, page = [], self.tickets()
        while True:
            numbers += [one["id"] for one in page["tickets"]]
            if page["end_of_stream"]:
                return numbers
            page = self.tickets(page["after_cursor"])


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_change_is_held_back_for_a_minute(office: Office) -> None:
    office.account.customer_opens("Late", "Where is it?")
    office.clock.advance(59)
    assert office.all_tickets() == []
    office.clock.advance(1)
    assert office.all_tickets() == [1]


def test_a_start_time_within_the_last_minute_is_refused(office: Office) -> None:
    recent = int(START.timestamp()) - 30
    refusal = office.get("incremental/tickets/cursor", status=422, start_time=recent)
    assert "Too recent start_time" in refusal["description"]


def test_changes_of_one_second_come_in_order_of_id_over_a_page_break(office: Office) -> None:
    for n in range(7):
        office.account.customer_opens(f"Number {n}", "text")
    office.clock.advance(61)
    office.account.switches.page_size = 3
    assert office.all_tickets() == [1, 2, 3, 4, 5, 6, 7]


def test_a_cursor_names_the_last_row_of_its_page(office: Office) -> None:
    office.account.customer_opens("One", "text")
    office.clock.advance(61)
    cursor = office.tickets()["after_cursor"]
    assert decode_cursor(cursor) == (int(START.timestamp()), 1)


def test_the_last_page_still_has_a_cursor_and_a_link(office: Office) -> None:
    office.account.customer_opens("One", "text")
    office.clock.advance(61)
    page = office.tickets()
    assert page["end_of_stream"]
    assert page["after_cursor"] in page["after_url"].replace("%3D", "=")
    again = office.tickets(page["after_cursor"])
    assert (again["tickets"], again["after_cursor"]) == ([], page["after_cursor"])


def test_a_ticket_that_changes_moves_to_the_end(office: Office) -> None:
    for n in range(3):
        office.account.customer_opens(f"Number {n}", "text")
    office.clock.advance(5)
    office.account.agent_replies(1, "On it.")
    office.clock.advance(61)
    assert office.all_tickets() == [2, 3, 1]


def test_a_system_update_moves_the_ticket_but_not_its_updated_at(office: Office) -> None:
    office.account.customer_opens("One", "text")
    office.clock.advance(100)
    office.account.touch(office.account.ticket(1))
    office.clock.advance(61)
    [ticket] = office.tickets()["tickets"]
    assert ticket["updated_at"] == "2026-03-02T09:00:00Z"
    assert ticket["generated_timestamp"] == int(START.timestamp()) + 100


def test_a_deleted_ticket_is_exported_as_deleted_and_not_to_be_had_alone(office: Office) -> None:
    office.account.customer_opens("One", "text")
    office.account.delete(1)
    office.clock.advance(61)
    assert [one["status"] for one in office.tickets()["tickets"]] == ["deleted"]
    office.get("tickets/1", status=404)
    assert office.get("deleted_tickets")["deleted_tickets"][0]["previous_state"] == "new"


def test_people_and_metrics_are_sideloaded(office: Office) -> None:
    office.account.customer_opens("One", "text")
    office.clock.advance(120)
    office.account.agent_replies(1, "On it.")
    office.clock.advance(61)
    page = office.get("incremental/tickets/cursor", start_time=DAY_BEFORE, include="users,metric_sets")
    assert {one["role"] for one in page["users"]} == {"end-user", "agent"}
    assert page["tickets"][0]["metric_set"]["reply_time_in_minutes"]["calendar"] == 2


def test_a_page_of_events_never_splits_a_second(office: Office) -> None:
    for n in range(5):
        office.account.customer_opens(f"Number {n}", "text")
    office.clock.advance(10)
    office.account.customer_opens("Later", "text")
    office.clock.advance(61)
    office.account.switches.page_size = 2
    page = office.get("incremental/ticket_events", start_time=DAY_BEFORE)
    assert (page["count"], page["end_of_stream"], page["end_time"]) == (5, False, int(START.timestamp()))
    following = office.get("incremental/ticket_events", start_time=page["end_time"] + 1)
    assert [one["ticket_id"] for one in following["ticket_events"]] == [6]
    assert following["end_of_stream"]


def test_the_next_page_of_events_repeats_the_boundary_second(office: Office) -> None:
    for _ in range(4):
        office.account.customer_opens("A", "text")
        office.clock.advance(1)
    office.clock.advance(61)
    office.account.switches.page_size = 2
    first = office.get("incremental/ticket_events", start_time=DAY_BEFORE)
    second = office.get("incremental/ticket_events", start_time=first["end_time"])
    assert [one["ticket_id"] for one in first["ticket_events"]] == [1, 2]
    assert [one["ticket_id"] for one in second["ticket_events"]] == [2, 3]


def test_events_tell_each_change_by_its_field_with_the_value_before(office: Office) -> None:
    office.account.customer_opens("One", "text")
    office.clock.advance(5)
    office.account.agent_sets(1, status="pending", priority="high", fields={content.PRODUCT: "prod_lamp"})
    office.clock.advance(61)
    event = office.get("incremental/ticket_events", start_time=DAY_BEFORE)["ticket_events"][-1]
    children = event["child_events"]
    assert (event["updater_id"], event["event_type"], event["via"]) == (content.ANA, "Audit", "Web form")
    assert next(one for one in children if "status" in one)["previous_value"] == "new"
    assert next(one for one in children if "priority" in one)["previous_value"] is None
    custom = next(one for one in children if "custom_ticket_fields" in one)
    assert custom["custom_ticket_fields"] == {str(content.PRODUCT): "prod_lamp"}
    assert next(one for one in children if "tags" in one)["added_tags"] == ["prod_lamp"]


def test_comment_texts_come_with_events_only_when_asked_for(office: Office) -> None:
    office.account.customer_opens("One", "Where is it?")
    office.clock.advance(61)
    [plain] = office.get("incremental/ticket_events", start_time=DAY_BEFORE)["ticket_events"]
    [full] = office.get("incremental/ticket_events", start_time=DAY_BEFORE, include="comment_events")["ticket_events"]
    assert plain["child_events"][0]["comment_public"] is True
    assert "body" not in plain["child_events"][0]
    assert full["child_events"][0]["body"] == "Where is it?"


def test_a_refused_cursor_a_looping_one_and_a_stream_without_end(office: Office) -> None:
    for n in range(3):
        office.account.customer_opens(f"Number {n}", "text")
    office.clock.advance(61)
    office.account.switches.page_size = 1
    cursor = office.tickets()["after_cursor"]
    office.account.switches.cursor_loops = True
    assert office.tickets(cursor)["after_cursor"] == cursor
    office.account.switches.cursor_loops = False
    office.account.switches.never_ends = True
    assert not office.tickets(office.tickets(cursor)["after_cursor"])["end_of_stream"]
    office.account.switches.cursor_refused = 400
    office.get("incremental/tickets/cursor", status=400, cursor=cursor)
    office.account.switches.cursor_refused = None
    office.get("incremental/tickets/cursor", status=400, cursor="nonsense")


def test_what_happens_late_is_never_put_into_a_past_that_was_shown(office: Office) -> None:
    office.account.customer_opens("One", "text")
    office.clock.advance(600)
    cursor = office.tickets()["after_cursor"]
    with office.account.at(START + timedelta(seconds=30)):
        office.account.customer_opens("Told late", "text")
    office.clock.advance(61)
    assert [one["id"] for one in office.tickets(cursor)["tickets"]] == [2]


def test_skew_shifts_the_times_the_account_states(office: Office) -> None:
    office.account.switches.skew_seconds = 600
    office.account.customer_opens("One", "text")
    assert office.account.ticket(1).body["created_at"] == "2026-03-02T09:10:00Z"


def test_users_are_exported_by_cursor(office: Office) -> None:
    office.account.add_customer("Maria", "maria@example.net", verified=False)
    office.clock.advance(61)
    page = office.get("incremental/users/cursor", start_time=DAY_BEFORE)
    assert [one["name"] for one in page["users"]][-1] == "Maria"
    assert page["users"][-1]["verified"] is False
