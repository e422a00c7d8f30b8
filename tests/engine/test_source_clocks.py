"""The source's own clocks on their way into the store: once, beside the complaint, and never over what was there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.model import ClockStep, StepKind
from connector.store import archive, complaints, quarantine, source_steps
from connector.store.complaints import Stored
from connector.sync import pull
from connector.sync.page import pull_kept
from sandbox.zendesk import Policy
from tests.engine.shop import Shop, shop

STREAM = "ticket_metric_events"


@pytest.fixture
def here() -> Iterator[Shop]:
    with shop() as made:
        made.account.policies = [Policy("Gold", {"first_reply_time": {"normal": 60}})]
        yield made


def read(here: Shop, *streams: str) -> None:
    here.clock.advance(61)
    for stream in streams or here.desk.streams:
        pull(here.desk, stream, here.store, here.rules, now=here.clock, wait=lambda _: None)


def steps(here: Shop, ticket: int) -> dict[str, ClockStep]:
    with here.store.read() as connection:
        found = source_steps.of_tickets(connection, here.desk.id, [str(ticket)])
    return {step.id: step for step in found.get(str(ticket), ())}


def stored(here: Shop, ticket: int) -> Stored:
    with here.store.read() as connection:
        return complaints.of_tickets(connection, here.desk.id, [str(ticket)])[str(ticket)]


def test_steps_are_kept_once_as_first_seen_however_often_they_are_read(here: Shop) -> None:
    ticket = here.account.customer_opens("Late", "Where is it?", here.customer)
    read(here)
    first = steps(here, ticket)
    assert {step.kind for step in first.values()} == {StepKind.STARTED, StepKind.TARGET}
    read(here)
    read(here)
    assert steps(here, ticket) == first


def test_clocks_need_no_ticket_and_cost_no_other_call(here: Shop) -> None:
    ticket = here.account.customer_opens("Late", "Where is it?", here.customer)
    before = len(here.site.seen)
    read(here, STREAM)
    assert steps(here, ticket)
    assert len(here.site.seen) == before + 1, "one request a page, and no look at the ticket"


def test_clocks_change_nothing_of_the_complaint_and_are_not_kept_twice(here: Shop) -> None:
    ticket = here.account.customer_opens("Late", "Where is it?", here.customer)
    read(here, "tickets", "ticket_events")
    before = stored(here, ticket)
    read(here, STREAM)
    assert stored(here, ticket) == before
    with here.store.read() as connection:
        kept = archive.kept(connection, here.desk.id, [str(ticket)])[str(ticket)]
    assert STREAM not in {raw.stream for raw in kept}


def test_an_event_that_could_not_be_read_leaves_quarantine_once_it_can(here: Shop) -> None:
    event = b'{"id":5,"ticket_id":1,"metric":"reply_time","instance_id":1,"type":"activate","time":%s}'
    adapter = here.desk.adapter
    broken = adapter.read(STREAM, event % b'"soon"', here.clock())
    raw = archive.Raw(broken.ticket, STREAM, broken.raw_id, here.clock(), event % b'"2026-03-02T09:00:00Z"')
    with here.store.write("test") as connection:
        quarantine.put(connection, here.desk.id, [(raw, broken.problem or "")])
    pull_kept(here.desk, raw, here.store, here.rules, now=here.clock)
    with here.store.read() as connection:
        assert quarantine.listing(connection) == []
    assert [step.kind for step in steps(here, 1).values()] == [StepKind.STARTED]
