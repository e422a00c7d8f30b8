"""The sandbox's writes: safe updates, refusals in the vendor's shapes, and a ledger that tells every effect once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, Trigger, content
from sandbox.zendesk.answers import Answer, Request
from sandbox.zendesk.routes import Desk

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Office:
    """An account with one ticket, on a clock that stands still, and its desk."""

    def __init__(self) -> None:
        self.clock = SandboxClock(START, scale=0)
        self.account = Account(self.clock)
        self.desk = Desk(self.account)
        self.account.customer_opens("Late", "Where is it?", tags=["vip"])
        self.clock.advance(10)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {"authorization": f"Bearer {content.ACCESS_TOKEN}"} | headers
        payload = b"" if body is None else msgspec.json.encode(body)
        return self.desk.answer(Request(method, f"/api/v2/{path}", {}, sent, payload))

    def ticket(self) -> Any:
        return told(self.send("GET", "tickets/1"))["ticket"]

    def put(self, **change: Any) -> Answer:
        return self.send("PUT", "tickets/1", {"ticket": change})


def told(answer: Answer) -> Any:
    return msgspec.json.decode(answer.payload)


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_note_fields_tags_and_a_marker_in_one_put_make_one_audit_and_one_effect(office: Office) -> None:
    stamp = office.ticket()["updated_at"]
    answer = told(
        office.put(
            comment={"body": "Overdue.", "public": False},
            priority="high",
            tags=["vip", "amends_escalated"],
            custom_fields=[{"id": content.REASON, "value": "overdue"}],
            metadata={"amends": "am-1"},
            safe_update=True,
            updated_stamp=stamp,
        )
    )
    [effect] = office.account.ledger
    assert answer["audit"]["id"] == effect.audit == office.account.ticket(1).audits[-1]["id"]
    assert answer["audit"]["metadata"]["custom"] == {"amends": "am-1"}
    assert effect.comment == {"body": "Overdue.", "public": False}
    assert effect.fields == {"priority": [None, "high"], f"custom:{content.REASON}": [None, "overdue"]}
    assert (effect.tags_added, effect.tags_removed, effect.stamp) == (["amends_escalated"], [], stamp)
    assert office.account.ledger.of_marker("am-1") == [effect]


def test_a_stale_stamp_is_a_conflict_and_changes_nothing(office: Office) -> None:
    stamp = office.ticket()["updated_at"]
    office.account.agent_notes(1, "I am first.")
    answer = office.put(priority="high", safe_update=True, updated_stamp=stamp)
    assert (answer.status, told(answer)["error"]) == (409, "UpdateConflict")
    assert office.ticket()["priority"] is None
    assert len(office.account.ledger) == 0


def test_two_changes_of_one_second_share_a_stamp(office: Office) -> None:
    office.account.agent_notes(1, "one")
    stamp = office.ticket()["updated_at"]
    office.account.agent_notes(1, "two")
    assert office.put(priority="high", safe_update=True, updated_stamp=stamp).status == 200


def test_the_same_safe_write_twice_has_one_effect(office: Office) -> None:
    stamp = office.ticket()["updated_at"]
    change = {"comment": {"body": "x", "public": False}, "safe_update": True, "updated_stamp": stamp}
    assert [office.put(**change).status for _ in range(2)] == [200, 409]
    assert len(office.account.ledger) == 1


def test_tags_in_a_put_replace_the_set_and_additional_tags_are_not_heard(office: Office) -> None:
    office.put(tags=["one", "two"], additional_tags=["three"])
    assert office.ticket()["tags"] == ["one", "two"]


def test_the_tags_endpoint_adds_sets_and_removes(office: Office) -> None:
    assert told(office.send("PUT", "tickets/1/tags", {"tags": ["b"]}))["tags"] == ["b", "vip"]
    assert told(office.send("DELETE", "tickets/1/tags", {"tags": ["vip"]}))["tags"] == ["b"]
    created = office.send("POST", "tickets/1/tags", {"tags": ["c"]})
    assert (created.status, told(created)["tags"]) == (201, ["c"])
    assert [one.kind for one in office.account.ledger] == ["tags.add", "tags.remove", "tags.set"]


def test_a_safe_tag_update_with_a_stale_stamp_is_a_conflict(office: Office) -> None:
    stamp = office.ticket()["updated_at"]
    office.account.agent_notes(1, "first")
    body = {"tags": ["b"], "updated_stamp": stamp, "safe_update": "true"}
    assert office.send("PUT", "tickets/1/tags", body).status == 409


def test_a_write_that_changes_nothing_leaves_no_effect_and_no_audit(office: Office) -> None:
    before = office.ticket()["updated_at"]
    assert office.send("PUT", "tickets/1/tags", {"tags": ["vip"]}).status == 200
    assert len(office.account.ledger) == 0
    assert office.ticket()["updated_at"] == before


def test_a_closed_ticket_takes_no_update(office: Office) -> None:
    office.account.close(1)
    answer = office.put(priority="high")
    assert answer.status == 422
    assert told(answer)["details"]["status"][0]["description"] == "Status: closed prevents ticket update"


def test_a_deleted_ticket_is_not_found(office: Office) -> None:
    office.account.delete(1)
    assert [office.put(priority="high").status, office.send("GET", "tickets/1").status] == [404, 404]
    office.account.restore(1)
    assert office.ticket()["status"] == "new"


def test_unknown_values_are_refused_together_by_field(office: Office) -> None:
    answer = office.put(priority="huge", group_id=1, custom_fields=[{"id": content.PRODUCT, "value": "prod_boat"}])
    assert answer.status == 422
    assert sorted(told(answer)["details"]) == ["base", "group_id", "priority"]


def test_an_unknown_custom_field_is_ignored(office: Office) -> None:
    assert office.put(custom_fields=[{"id": 1, "value": "x"}], priority="low").status == 200


def test_a_comment_is_public_unless_it_says_otherwise(office: Office) -> None:
    office.put(comment={"body": "oops"})
    [effect] = office.account.ledger
    assert effect.comment == {"body": "oops", "public": True}


def test_metadata_over_a_kilobyte_is_refused(office: Office) -> None:
    assert office.put(comment={"body": "x"}, metadata={"amends": "x" * 1100}).status == 422


def test_a_custom_status_decides_the_status_and_the_other_way(office: Office) -> None:
    office.put(custom_status_id=content.STATUS_WAITING_FOR_CARRIER)
    assert office.ticket()["status"] == "hold"
    office.put(status="open")
    assert office.ticket()["custom_status_id"] == 720_002


def test_a_new_ticket_is_made_once_per_idempotency_key_for_two_hours(office: Office) -> None:
    body = {"ticket": {"subject": "Again", "comment": {"body": "text"}, "external_id": "am-7"}}
    first = office.send("POST", "tickets", body, **{"idempotency-key": "k"})
    again = office.send("POST", "tickets", body, **{"idempotency-key": "k"})
    assert (first.status, again.status) == (201, 201)
    assert (first.headers["x-idempotency-lookup"], again.headers["x-idempotency-lookup"]) == ("miss", "hit")
    assert told(first) == told(again)
    other = office.send("POST", "tickets", {"ticket": {"comment": {"body": "b"}}}, **{"idempotency-key": "k"})
    assert other.status == 400
    office.clock.advance(7201)
    assert office.send("POST", "tickets", body, **{"idempotency-key": "k"}).headers["x-idempotency-lookup"] == "miss"
    assert [one.kind for one in office.account.ledger] == ["ticket.create", "ticket.create"]


def test_a_customers_trigger_acts_in_the_same_audit(office: Office) -> None:
    office.account.triggers.append(Trigger("Tidy", when="amends_escalated", add=["seen"], remove=["amends_escalated"]))
    told(office.send("PUT", "tickets/1/tags", {"tags": ["amends_escalated"]}))
    assert office.ticket()["tags"] == ["seen", "vip"]
    last = office.account.ticket(1).audits[-1]
    assert last["events"][-1]["via"]["channel"] == "rule"


def test_somebody_can_change_the_ticket_between_a_read_and_a_write(office: Office) -> None:
    stamp = office.ticket()["updated_at"]
    office.desk.edit_before_next_write(1, lambda: office.account.agent_notes(1, "me first"))
    assert office.put(priority="high", safe_update=True, updated_stamp=stamp).status == 409
    assert office.put(priority="high", safe_update=True, updated_stamp=office.ticket()["updated_at"]).status == 200


def test_an_unparsable_body_an_unknown_path_and_a_list_of_many_ids_are_refused(office: Office) -> None:
    headers = {"authorization": f"Bearer {content.ACCESS_TOKEN}"}
    assert office.desk.answer(Request("PUT", "/api/v2/tickets/1", {}, headers, b"{")).status == 400
    assert office.send("GET", "nothing").status == 404
    for nonsense in ({"comment": "x"}, {"custom_fields": [{"value": 1}]}, {"metadata": [1]}, {"tags": 7}, "x"):
        assert office.send("PUT", "tickets/1", {"ticket": nonsense}).status == 400
    assert office.send("POST", "tickets", {"ticket": {"subject": "no text"}}).status == 422
    assert office.send("POST", "tickets", {"ticket": {"description": "x", "requester_id": 5}}).status == 422
    many = Request("GET", "/api/v2/tickets/show_many", {"ids": ",".join(map(str, range(101)))}, headers)
    assert told(office.desk.answer(many))["max_count"] == 100
