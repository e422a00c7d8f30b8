"""What the daemon does with a poll that brings news, and with one that brings none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.memory.desk import Moment
from connector.errors import SettingsError
from connector.schedule import Daemon
from connector.store import sources
from tests.engine.test_faults_local_store import at_work
from tests.engine.world import World


def swept(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Filled with a word for each sweep from now on."""
    done: list[str] = []
    sweep = daemon._sweep
    monkeypatch.setattr(daemon, "_sweep", lambda: (done.append("swept"), sweep()))
    return done


def test_news_are_decided_upon_at_once_and_a_poll_without_news_leaves_what_is_due_to_the_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    daemon, desk = at_work(world), world.helpdesk()
    done = swept(daemon, monkeypatch)
    world.desk.open("Late", "My parcel has still not arrived.")
    daemon._pull(desk)
    assert done == ["swept"]
    daemon._pull(desk)
    assert done == ["swept"], "nothing new, and the clock sweeps every few seconds"
    world.desk.customer_message("1", "It is still not here.")
    daemon._pull(desk)
    assert done == ["swept"] * 2


def test_after_a_replay_what_it_changed_is_decided_upon_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    daemon, desk = at_work(world), world.helpdesk()
    daemon._pull(desk)
    done = swept(daemon, monkeypatch)
    monkeypatch.setattr("connector.schedule.stale", lambda *_: True)
    daemon._pull(desk)
    assert done == ["swept"]


def test_a_poll_without_news_is_one_transaction_which_says_that_all_was_read() -> None:
    world = World()
    daemon, desk = at_work(world), world.helpdesk()
    world.desk.open("Late", "My parcel has still not arrived.")
    daemon._pull(desk)
    before = world.seams
    world.desk.advance(60)
    daemon._pull(desk)
    assert world.seams - before == len(["before commit", "after commit"])
    with world.store.read() as connection:
        streams = sources.streams(connection, desk.id)
    assert {stream.complete_at for stream in streams} == {world.now()}


def test_where_one_stream_fails_the_others_are_said_to_be_read() -> None:
    world = World()
    daemon, desk = at_work(world), world.helpdesk()
    daemon._pull(desk)
    world.desk.advance(60)
    first, *others = desk.streams
    with world.fault(Moment.BEFORE_READ, 1, lambda: SettingsError("no")):
        daemon._pull(desk)
    with world.store.read() as connection:
        read = {stream.name: stream.complete_at for stream in sources.streams(connection, desk.id)}
        row = sources.by_name(connection, desk.name)
    assert row is not None and row.last_error is not None
    assert read[first] == world.now() - timedelta(minutes=1)
    assert {read[stream] for stream in others} == {world.now()}
