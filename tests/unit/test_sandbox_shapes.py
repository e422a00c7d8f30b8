"""The sandbox's objects have the keys that recorded Zendesk traffic has."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, content
from sandbox.zendesk.answers import Request
from sandbox.zendesk.routes import Desk

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
RECORDED = "recorded/zendesk/zenpy-betamax"


def recorded(name: str) -> list[Any]:
    """The bodies of a recording, or a visible skip where no corpora are at hand."""
    if "AMENDS_CORPORA" not in os.environ:
        pytest.skip("AMENDS_CORPORA is not set: no recordings to compare with")
    folder = Path(os.environ["AMENDS_CORPORA"]) / RECORDED
    packed = folder / f"{name}.json.gz"
    data = gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / f"{name}.json").read_bytes()
    return [one["response"]["body"] for one in msgspec.json.decode(data)]


@pytest.fixture
def desk() -> Desk:
    clock = SandboxClock(START, scale=0)
    account = Account(clock)
    account.customer_opens("Late", "Where is it?")
    clock.advance(5)
    account.agent_sets(1, priority="high")
    clock.advance(61)
    return Desk(account)


def ask(desk: Desk, path: str, method: str = "GET", body: Any = None, **query: str) -> Any:
    headers = {"authorization": f"Bearer {content.ACCESS_TOKEN}"}
    payload = msgspec.json.encode(body) if body else b""
    return msgspec.json.decode(desk.answer(Request(method, f"/api/v2/{path}", query, headers, payload)).payload)


def test_tickets_of_the_time_based_export(desk: Desk) -> None:
    real = recorded("TicketsIncrementalTest.test_pagination")[0]
    ours = ask(desk, "incremental/tickets", start_time="1")
    assert ours.keys() == real.keys()
    assert ours["tickets"][0].keys() == real["tickets"][0].keys()
    assert ours["tickets"][0]["via"].keys() == real["tickets"][0]["via"].keys()


def test_users_of_the_cursor_export(desk: Desk) -> None:
    pages = recorded("UsersIncrementalTest.test_get_values")
    real = next(one for one in pages if one and "after_cursor" in one)
    ours = ask(desk, "incremental/users/cursor", start_time="1")
    assert ours.keys() == real.keys()
    assert ours["users"][0].keys() == real["users"][0].keys()


def test_audits_and_their_events(desk: Desk) -> None:
    real = recorded("TestTicketAudits.test_values")[0]["audits"]
    ours = ask(desk, "tickets/1/audits")["audits"]
    assert ours[0].keys() == real[0].keys()
    assert ours[0]["metadata"].keys() == real[0]["metadata"].keys()
    for kind in ("Comment", "Create", "Change"):
        assert _event(ours, kind).keys() == _event(real, kind).keys()


def _event(audits: list[Any], kind: str) -> Any:
    return next(event for audit in audits for event in audit["events"] if event["type"] == kind)


def test_a_created_ticket_and_its_audit(desk: Desk) -> None:
    real = recorded("TestDeletedTickets.test_delete_and_restore")[0]
    ours = ask(desk, "tickets", "POST", {"ticket": {"subject": "test", "description": "test"}})
    assert ours.keys() == real.keys()
    assert ours["ticket"].keys() - {"generated_timestamp"} == real["ticket"].keys()
    assert [one.get("field_name") for one in ours["audit"]["events"]] == [
        one.get("field_name") for one in real["audit"]["events"]
    ]


def test_groups_fields_statuses_and_brands(desk: Desk) -> None:
    assert ask(desk, "groups")["groups"][0].keys() == _one("TestGroupCreateUpdateDelete.test_values", "group").keys()
    field = next(one for one in ask(desk, "ticket_fields")["ticket_fields"] if one["type"] == "text")
    assert field.keys() == _one("TestTicketFieldCreateUpdateDelete.test_single_object_creation-create-single",
                                "ticket_field").keys()  # fmt: skip
    status = ask(desk, "custom_statuses")["custom_statuses"][0]
    assert status.keys() == _one("CustomStatusesCreateUpdateDelete.test_single_object_creation-create-single",
                                 "custom_status").keys()  # fmt: skip
    assert ask(desk, "brands")["brands"][0].keys() == _one("TestDeletedTickets.test_delete_and_restore", "brand").keys()


def _one(name: str, kind: str) -> Any:
    return next(body[kind] for body in recorded(name) if body and kind in body)


def test_a_missing_ticket_is_refused_in_the_vendors_words(desk: Desk) -> None:
    name = "TestTicketCreateUpdateDelete.test_single_update_raises_recordnotfoundexception-recordnotfound-update"
    assert ask(desk, "tickets/99") == recorded(name)[0]


def test_lists_page_by_cursor_and_by_offset(desk: Desk) -> None:
    for n in range(4):
        desk.account.agent_notes(1, f"note {n}")
    newest = ask(desk, "tickets/1/comments", **{"page[size]": "2", "sort": "-created_at"})
    assert [one["body"] for one in newest["comments"]] == ["note 3", "note 2"]
    after = newest["meta"]["after_cursor"]
    rest = ask(desk, "tickets/1/comments", **{"page[size]": "9", "page[after]": after, "sort": "-created_at"})
    assert [one["body"] for one in rest["comments"]] == ["note 1", "note 0", "Where is it?"]
    assert (newest["meta"]["has_more"], rest["meta"]["has_more"]) == (True, False)
    second = ask(desk, "tickets/1/comments", page="2", per_page="3")
    assert [one["body"] for one in second["comments"]] == ["note 2", "note 3"]
    assert (second["count"], second["next_page"]) == (5, None)
