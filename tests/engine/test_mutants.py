"""The tests of the engine's promises can fail: each of these broken engines is caught, and the sound one is not.

Broken on purpose, one at a time: the cursor saved before the rows, a write called done before it was sent, action keys
by chance, a doubtful write sent again with a fresh stamp, and a cursor of a time without an id. The first is caught by
the state machine, which knows nothing of it; the others, for speed, by the one story that shows them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from msgspec.structs import replace

from adapters.memory.desk import Batch, Desk
from connector.outbox import Outcome, Sender
from connector.policy import decision
from connector.store import complaints, sources
from connector.sync import pull
from connector.sync.intake import Intake
from tests.engine.test_faults_writeback_doubt import an_overdue_world, late_write_lands_while_we_look
from tests.engine.test_machine import Desks
from tests.engine.world import World

HUNT = settings(
    max_examples=400,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def the_machine() -> None:
    run_state_machine_as_test(Desks, settings=HUNT)


def the_same_decision_twice() -> None:
    world = World()
    world.desk.open("Late", "My parcel has still not arrived.")
    world.desk.advance(28 * 3600)
    world.step("pull")
    world.step("sweep")
    first = {one.action.key for one in world.intentions()}
    assert first
    with world.store.write("forget") as connection:
        connection.exec_driver_sql("DELETE FROM outbox")
        connection.exec_driver_sql(f"UPDATE complaint SET look_at = {int(world.now().timestamp() * 1_000_000)}")
    world.step("sweep")
    assert {one.action.key for one in world.intentions()} == first


def killed_at_every_point_of_a_push() -> None:
    points, point = 1, 0
    while point < points:
        point += 1
        world, _ = an_overdue_world()
        world.die_at = before = world.seams + point
        world.step("push")
        points = max(points, point + 1) if world.seams >= before else points
        world.heal()
        world.check_at_rest()


def a_late_write_lands_after_the_look_up() -> None:
    world, _ = an_overdue_world()
    late_write_lands_while_we_look(world, reads=3)
    world.heal()
    world.check_at_rest()


def many_tickets_of_one_instant_on_both_sides_of_a_page_break() -> None:
    world = World(page_size=3)
    with world.desk.together():
        for number in range(7):
            world.desk.open("All at once", f"My parcel {number} is late.")
    desk = replace(world.helpdesk(), streams=("tickets",))
    pull(desk, "tickets", world.store, world.rules, now=world.now, wait=lambda _seconds: None)
    with world.store.read() as connection:
        stored = {one.ticket for one in complaints.listing(connection)}
    assert stored == set(world.desk.tickets())


def cursor_before_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Intake.write

    def write(self: Any, page: Any) -> None:
        if page is not None:
            with self.store.write("pull: cursor first") as connection:
                sources.advance(
                    connection, self.desk.id, self.stream, page.cursor, now=self.now, records=0, complete=page.end
                )
        honest(self, page)

    monkeypatch.setattr(Intake, "write", write)


def done_before_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Sender._send

    def send(self: Any, sending: Any, stamp: Any) -> Outcome:
        self._done(sending, {})
        return honest(self, sending, stamp)

    monkeypatch.setattr(Sender, "_send", send)


def keys_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision, "action_key", lambda *_args: uuid4().hex)


def fresh_stamp_for_a_doubtful_write(monkeypatch: pytest.MonkeyPatch) -> None:
    def send_again(self: Any, intention: Any) -> Outcome:
        return self._begin(intention)  # type: ignore[no-any-return]

    monkeypatch.setattr(Sender, "_send_again", send_again)


def cursor_without_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Desk.changed

    def changed(self: Desk, after: Any, limit: int, since: str | None = None) -> Batch:
        rows, place, more = honest(self, [after[0], "~"] if after else after, limit, since)
        return Batch(rows, place, more)

    monkeypatch.setattr(Desk, "changed", changed)


@pytest.mark.parametrize(
    ("broken", "watch"),
    [
        (cursor_before_rows, the_machine),
        (done_before_sent, killed_at_every_point_of_a_push),
        (keys_by_chance, the_same_decision_twice),
        (fresh_stamp_for_a_doubtful_write, a_late_write_lands_after_the_look_up),
        (cursor_without_an_id, many_tickets_of_one_instant_on_both_sides_of_a_page_break),
    ],
)
def test_a_broken_engine_is_caught(
    broken: Callable[[pytest.MonkeyPatch], None], watch: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    with pytest.raises((AssertionError, ExceptionGroup)):
        watch()


@pytest.mark.parametrize(
    "story",
    [
        the_same_decision_twice,
        killed_at_every_point_of_a_push,
        a_late_write_lands_after_the_look_up,
        many_tickets_of_one_instant_on_both_sides_of_a_page_break,
    ],
)
def test_a_sound_engine_comes_through_the_same_stories(story: Callable[[], None]) -> None:
    story()
