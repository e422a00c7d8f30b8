"""One ticket, page or record in trouble: it alone waits, nothing of it is lost, and the others go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.memory import Adapter
from connector.adapter import Record, Stamp
from connector.errors import FencedError, TemporaryError
from connector.model import Action
from connector.outbox import ROUNDS
from connector.store import Store, complaints, intentions, quarantine, sources
from connector.store.archive import Raw
from connector.store.intentions import State
from connector.sync import pull, push, sweep
from tests.engine.world import CUSTOMERS, START, World

TEXT = "My parcel has still not arrived. I want my money back."


def two_overdue() -> tuple[World, str, str]:
    world = World()
    first, second = (world.desk.open("Late", TEXT, requester=CUSTOMERS[n]) for n in range(2))
    world.desk.advance(26 * 3600)
    world.step("pull")
    return world, first, second


def test_a_page_whose_new_tickets_cannot_be_read_just_now_is_not_passed_over() -> None:
    world = World()
    for _ in range(6):
        world.desk.open("Late", TEXT, requester=CUSTOMERS[0])
        world.desk.advance(60)
    busy = [True]

    class Busy(Adapter):
        def get(self, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
            if busy.pop() if busy else False:
                raise TemporaryError("no room for calls.")
            return super().get(tickets)

    desk = replace(world.helpdesk(), adapter=_as(Busy, world))
    pull(desk, "events", world.store, world.rules, now=world.now, wait=lambda _seconds: None)
    with world.store.read() as connection:
        assert {one.ticket for one in complaints.listing(connection)} == set(world.desk.tickets())


def _as(kind: type[Adapter], world: World) -> Any:
    plain = world.adapter()
    return kind(plain._source, plain._settings, plain._tools)


def test_a_ticket_that_always_fails_does_not_hold_the_others_writes() -> None:
    world, first, second = two_overdue()
    world.step("sweep")

    class Sick(Adapter):
        def prepare(self, action: Action) -> Stamp:
            if action.ticket == first:
                raise TemporaryError("500.")
            return super().prepare(action)

    desk = replace(world.helpdesk(), adapter=_as(Sick, world))
    for _ in range(5):
        push(desk, world.store, world.rules, now=world.now)
        world.desk.advance(120)
    done = {one.action.ticket for one in world.intentions() if one.state is State.DONE}
    assert done == {second}


def test_a_complaint_that_cannot_be_assessed_does_not_hold_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    world, first, second = two_overdue()
    room = sys.modules[sweep.__module__]
    honest = room.assess

    def assess(this: Any, *rest: Any, **named: Any) -> Any:
        if this.complaint.ticket == first:
            raise ZeroDivisionError
        return honest(this, *rest, **named)

    monkeypatch.setattr(room, "assess", assess)
    world.sweep()
    assert {one.action.ticket for one in world.intentions()} == {second}
    monkeypatch.undo()
    world.desk.advance(16 * 60)
    world.sweep()
    assert {one.action.ticket for one in world.intentions()} == {first, second}


def test_what_a_person_sends_again_has_all_its_rounds_again() -> None:
    world, _, _ = two_overdue()
    world.step("sweep")
    with world.store.write("many rounds") as connection:
        for one in intentions.listing(connection):
            for _ in range(ROUNDS):
                again = intentions.one(connection, one.id)
                assert again is not None
                assert intentions.move(connection, again, State.PENDING, world.now(), again=True)
    world.step("push")
    assert {one.state for one in world.intentions()} == {State.PARKED}
    with world.store.write("by a person") as connection:
        for one in intentions.listing(connection):
            assert intentions.move(connection, one, State.PENDING, world.now(), next_at=world.now(), anew=True)
    world.heal()
    assert {one.state for one in world.intentions()} == {State.DONE}


def test_a_record_that_comes_again_counts_a_try_and_stays_skipped_until_it_changes() -> None:
    world = World()
    of = world.helpdesk().id
    raw = Raw("1", "tickets", "1", START, b"{}")
    with world.store.write("twice, skipped, once more") as connection:
        for _ in range(2):
            quarantine.put(connection, of, [(raw, "no sense")])
        quarantine.skip(connection, 1, START)
        quarantine.put(connection, of, [(raw, "no sense")])
        (one,) = quarantine.listing(connection)
        assert (one.tries, one.skipped_at) == (3, START)
        quarantine.put(connection, of, [(replace(raw, body=b"[]"), "no sense")])
        assert quarantine.count(connection) == 1


def test_a_thread_that_outlives_its_daemon_writes_nothing_beside_the_next_one() -> None:
    world = World()
    late = world.store
    late.release_lease()
    following = Store(late.url.render_as_string()).open()
    following.take_lease("the next one", world.now() + timedelta(seconds=1))
    with pytest.raises(FencedError), late.write("too late"):
        pass
    following.close()


def test_a_value_that_the_mapping_does_not_know_is_told_once_and_blocks_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    for number in range(3):
        world.desk.open("Late", TEXT, requester=CUSTOMERS[number])
        world.desk.set(str(number + 1), "priority", "sky-high")
    for _ in range(2):
        world.step("pull")
        world.desk.customer_message("1", "And now?")
    told = [record.getMessage() for record in caplog.records if "sky-high" in record.getMessage()]
    assert len(told) == 1 and "mapping check" in told[0]
    with world.store.read() as connection:
        stored = list(complaints.listing(connection))
        lines = [line for line in sources.audit_lines(connection, most=50) if line.what.startswith("mapping:")]
    assert len(stored) == 3
    assert len(lines) == 1 and lines[0].detail["value"] == "sky-high"
