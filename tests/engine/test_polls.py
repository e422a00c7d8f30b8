"""What the daemon does with a poll that brings news, and with one that brings none."""

from __future__ import annotations

import pytest

from connector.schedule import Daemon
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
