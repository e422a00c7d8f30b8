"""Zendesk's metric events become steps of clocks, whatever they look like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from adapters.zendesk.metric_events import read
from connector.adapter import Record
from connector.model import ClockStep, StepKind

SEEN = datetime(2026, 3, 2, 10, tzinfo=UTC)


def event(kind: str, **more: Any) -> Record:
    told = {"id": 926, "ticket_id": 155, "metric": "reply_time", "instance_id": 1, "type": kind}
    return read(msgspec.json.encode(told | {"time": "2026-03-02T09:00:00Z"} | more), SEEN)


def step(kind: str, **more: Any) -> ClockStep:
    (one,) = event(kind, **more).clocks
    return one


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [("activate", StepKind.STARTED), ("pause", StepKind.PAUSED), ("fulfill", StepKind.STOPPED),
     ("breach", StepKind.BREACHED)],
)  # fmt: skip
def test_an_event_says_what_a_clock_does_since_when(kind: str, becomes: StepKind) -> None:
    one = step(kind)
    assert (one.kind, one.at, one.seen_at) == (becomes, datetime(2026, 3, 2, 9, tzinfo=UTC), SEEN)


def test_the_first_run_of_the_reply_time_is_the_first_reply_and_the_others_are_next_replies() -> None:
    assert (step("activate").clock, step("activate", instance_id=2).clock) == ("first_reply_time", "next_reply_time")


def test_a_policy_says_its_target_in_seconds_or_minutes_and_which_hours_count() -> None:
    sla = {"target": 300, "business_hours": False, "policy": {"id": 3, "title": "Gold"}, "target_in_seconds": 18_030}
    one = step("apply_sla", sla=sla)
    assert (one.target_seconds, one.business_hours, one.policy) == (18_030, False, "Gold")
    del sla["target_in_seconds"]
    assert step("apply_sla", sla=sla).target_seconds == 18_000
    group = step("apply_group_sla", metric="group_ownership_time", group_sla=sla)
    assert (group.clock, group.target_seconds) == ("group_ownership_time", 18_000)


def test_a_policy_that_was_taken_off_leaves_no_target() -> None:
    assert step("apply_sla", sla=None).target_seconds is None


def test_a_deleted_event_takes_back_the_one_of_its_id() -> None:
    one = step("breach", deleted=True)
    assert (one.kind, one.of) == (StepKind.WITHDRAWN, step("breach").id)
    assert one.id != one.of, "what was told stays as it was told"


@pytest.mark.parametrize("kind", ["measure", "update_status", "something of next year"])
def test_events_that_only_sum_up_tell_nothing(kind: str) -> None:
    found = event(kind)
    assert (found.clocks, found.problem) == ((), None)


@pytest.mark.parametrize(
    "odd", [{"time": "soon"}, {"time": None}, {"metric": None}, {"ticket_id": None}, {"id": "x"}, {"ticket_id": -1}]
)
def test_an_event_that_cannot_be_read_says_why(odd: dict[str, Any]) -> None:
    assert event("activate", **odd).problem


def test_what_is_no_json_is_named_by_its_bytes() -> None:
    found = read(b"{", SEEN)
    assert found.problem and found.ticket.startswith("unknown-")
