"""Processes that are killed, doubled, frozen or told to stop, and a log that is gone (L01, L02, L19, L20, L28, L29)."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from adapters.memory import LateError, Moment
from connector import logs
from connector.errors import FencedError, StoreError
from connector.schedule import Daemon, Pace, Workplace
from connector.store import Store, backup
from connector.store.intentions import State
from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, Site, content, serve
from tests.engine.test_crash_points import a_town
from tests.engine.world import START, World
from tests.proof.lives import Zygote

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 60
HOLDER = """
import sys
from datetime import UTC, datetime
from connector.errors import FencedError
from connector.store import Store, sources

store = Store(sys.argv[1]).open()
now = datetime.fromisoformat(sys.argv[2])
store.take_lease("the first daemon", now)
print("holds it", flush=True)
for line in sys.stdin:
    try:
        with store.write("late work") as connection:
            sources.log(connection, now, "the first daemon", line.strip())
        print("wrote", flush=True)
    except FencedError as error:
        print(f"fenced: {error}", flush=True)
        sys.exit(error.exit_code)
"""
CONFIG = """\
sources:
  shop:
    adapter: zendesk
    poll: 1s
    options: {{url: "{url}", auth: oauth_client}}
    secrets: {{client_id: "env:SHOP_ID", client_secret: "env:SHOP_SECRET"}}
    modes: {{escalate: live, tag: live, survey: live}}
    act_from: "2026-03-02T00:00:00Z"
"""


class FirstDaemon:
    """A process of its own that holds a store, and writes to it when it is asked to."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, url, START.isoformat()],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.told() == "holds it"

    def told(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, what: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self.told()


@pytest.fixture
def first(tmp_path: Path) -> Iterator[FirstDaemon]:
    daemon = FirstDaemon(f"sqlite:///{tmp_path / 'amends.db'}")
    yield daemon
    daemon.process.kill()
    daemon.process.communicate()


def test_l19_a_second_daemon_is_refused_while_the_first_lives_and_takes_over_at_once_when_it_died(
    first: FirstDaemon, tmp_path: Path
) -> None:
    second = Store(f"sqlite:///{tmp_path / 'amends.db'}").open()
    with pytest.raises(StoreError, match="in use by the first daemon"):
        second.take_lease("the second daemon", START + timedelta(seconds=20))
    assert first.ask("still here") == "wrote"
    first.process.kill()
    first.process.wait(WAIT_SECONDS)
    assert second.take_lease("the second daemon", START + timedelta(seconds=21)) == 2
    second.close()


def test_l20_a_daemon_that_was_frozen_is_replaced_and_its_next_commit_is_its_last(
    first: FirstDaemon, tmp_path: Path
) -> None:
    first.process.send_signal(signal.SIGSTOP)
    second = Store(f"sqlite:///{tmp_path / 'amends.db'}").open()
    assert second.take_lease("the second daemon", START + timedelta(minutes=5)) == 2
    first.process.send_signal(signal.SIGCONT)
    assert first.ask("late work").startswith("fenced: another daemon took over this store")
    assert first.process.wait(WAIT_SECONDS) == FencedError.exit_code
    with second.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM audit").scalar_one() == 0
    second.close()


def daemon_of(world: World) -> Daemon:
    workplace = Workplace(desks=(world.helpdesk(),), rules=world.rules, poll_seconds={"shop": 60})
    pace = Pace(push_seconds=0.02, sweep_seconds=0.02)
    return Daemon(world.store, now=world.now, wall=world.now, open_workplace=lambda: workplace, pace=pace)


def test_l20_a_fenced_daemon_stops_by_itself() -> None:
    world = a_town()
    daemon = daemon_of(world)
    other = Store(f"sqlite:///{world.folder / 'amends.db'}").open()
    other.take_lease("the second daemon", world.now() + timedelta(minutes=5))
    daemon._pull(world.helpdesk())
    assert daemon.stop.is_set()
    assert isinstance(daemon.failure, FencedError)


def test_l28_a_log_that_cannot_be_written_stops_nothing() -> None:
    log = logging.getLogger(logs.NAME)
    before = log.handlers[:], log.level, log.propagate
    reading, writing = os.pipe()
    pipe = os.fdopen(writing, "w")
    os.close(reading)
    try:
        logs.set_up("text", pipe)
        world = a_town()
        daemon = daemon_of(world)
        daemon._pull(world.helpdesk())
        daemon._push(world.helpdesk())
        log.error("nobody reads this")
        assert world.desk.ledger
        assert not daemon.stop.is_set()
    finally:
        log.handlers[:], log.level, log.propagate = before
        with pytest.raises(BrokenPipeError):
            pipe.close()


def test_l29_told_to_stop_in_the_middle_of_a_write_the_daemon_stops_and_leaves_the_doubt_in_the_store() -> None:
    world = a_town()
    world.step("pull")
    daemon = daemon_of(world)

    def hang(moment: Moment) -> None:
        if moment is Moment.BEFORE_WRITE:
            daemon.stop.set()
            raise LateError("no answer in time.")

    world.desk.hook = hang
    before = set(threading.enumerate())  # servers of other tests may still be at work
    daemon.run()
    new = set(threading.enumerate()) - before
    assert not [thread for thread in new if thread.name.startswith(("work-", "listen "))]
    assert [one.state for one in world.intentions() if one.tries] == [State.IN_DOUBT]
    world.live_again()
    world.heal()
    world.check_at_rest()


class Town(NamedTuple):
    """A real account behind a real socket, three overdue complaints in it, and a settings folder."""

    home: Path
    clock: SandboxClock
    site: Site
    tickets: list[int]
    zygote: Zygote

    def env(self) -> dict[str, str]:
        told = f"{self.clock().isoformat()}@{time.time():.6f}x60"  # noqa: TID251  # a life reckons from real time
        return {"SHOP_ID": content.CLIENT_ID, "SHOP_SECRET": content.CLIENT_SECRET, "AMENDS_CLOCK": told}

    def run(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "cli.py"), "--home", str(self.home), "run"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.env()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sync(self, crash_at: str = "") -> int:
        """One life of `amends sync`; its exit code. Then time passes."""
        ended = self.zygote.live(["--home", str(self.home), "sync"], {**self.env(), "AMENDS_CRASH_AT": crash_at})
        self.clock.advance(1200)
        return int(ended["code"])

    def states(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.home / "amends.db")) as connection:
            return dict(connection.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall())

    def check(self) -> None:
        """It comes to rest: each complaint has its writes, each once, nothing is in doubt, and the store is sound."""
        for _ in range(5):
            assert self.sync() == 0
            if not {"sending", "in_doubt", "pending"} & set(self.states()):
                break
        assert set(self.states()) == {"done"}
        found = backup.check(self.home / "amends.db")
        assert (found.problems, found.rows["complaint"]) == ((), len(self.tickets))
        assert {effect.ticket for effect in self.site.account.ledger} == set(self.tickets)
        assert set(self.site.account.ledger.markers().values()) == {1}


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    process = Zygote()
    yield process
    process.close()


@pytest.fixture
def town(tmp_path: Path, zygote: Zygote) -> Iterator[Town]:
    clock = SandboxClock(START, scale=0)
    account = Account(clock)
    customer = account.add_customer("Maria Silva", "maria@example.net", verified=True)
    tickets = [account.customer_opens("Late", f"My parcel {n} has still not arrived.", customer) for n in range(3)]
    clock.advance(26 * 3600)
    with serve(account) as site:
        (tmp_path / "amends.yaml").write_text(CONFIG.format(url=site.url))
        yield Town(tmp_path, clock, site, tickets, zygote)


@pytest.mark.parametrize("place", ["pull: page: before commit*1", "outbox: sending: after commit*2"])
def test_l01_the_real_process_killed_at_a_commit_goes_on_where_it_was(place: str, town: Town) -> None:
    assert town.sync(crash_at=place) == -signal.SIGKILL
    town.check()


def test_l02_killed_again_in_the_recovery_it_recovers_all_the_same(town: Town) -> None:
    for place in ("outbox: applied*1", "outbox: done: before commit*1", "outbox: done: before commit*1", "6"):
        assert town.sync(crash_at=place) == -signal.SIGKILL
    town.check()


def test_l29_sigterm_under_load_ends_the_real_daemon_cleanly_and_the_next_one_settles_the_rest(town: Town) -> None:
    writing = threading.Event()
    town.site.desk.edit_before_next_write(None, writing.set)
    daemon = town.run()
    try:
        assert writing.wait(WAIT_SECONDS), "it came to write"
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=WAIT_SECONDS)
    finally:
        daemon.kill()
    assert daemon.returncode == 0, said
    assert "stopped" in said
    town.clock.advance(1200)
    town.check()
