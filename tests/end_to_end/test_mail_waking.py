"""The daemon hears of mail before its poll comes round, and stops in time whatever the server does.

The real daemon with its threads, over pymap and a line that can be cut; the poll is an hour away, so what is read was
heard. What the daemon would wait for is shortened by `haste`; tests wait for events, with a limit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
from msgspec.structs import replace

from adapters.imap.evidence import ticket_of
from connector.model import ActionKind, Effect
from connector.schedule import STOP_WITHIN_SECONDS, Daemon, Pace, Workplace
from sandbox.clock import SandboxClock
from sandbox.mailbox import Letter
from tests.end_to_end.post import Post, post, rules
from tests.unit.mail_office import action

LIMIT_SECONDS = 30.0


@contextmanager
def at_work(here: Post) -> Iterator[Daemon]:
    """A daemon that runs, and is stopped in time."""
    workplace = Workplace(desks=(here.desk,), rules=rules(), poll_seconds={"post": 3600.0})

    wall = SandboxClock()
    here.store.take_lease("the daemon", wall())
    daemon = Daemon(here.store, now=here.clock, wall=wall, open_workplace=lambda: workplace, pace=Pace(haste=50.0))
    running = threading.Thread(target=daemon.run)
    running.start()
    try:
        yield daemon
    finally:
        stopped_at = monotonic()
        daemon.stop.set()
        running.join(LIMIT_SECONDS)
        took = monotonic() - stopped_at
        here.wire.cut()  # whoever still hangs on it would hold up the end of the test
        assert not running.is_alive() and took < STOP_WITHIN_SECONDS and daemon.failure is None


def until(true: Callable[[], bool]) -> None:
    end = monotonic() + LIMIT_SECONDS
    while not true():
        assert monotonic() < end, "it never came to be"
        threading.Event().wait(0.02)


def idles(here: Post, times: int = 1) -> Callable[[], bool]:
    return lambda: sum(b"IDLE" in one for one in here.wire.commands) >= times


def stored(here: Post, mail: Letter) -> Callable[[], bool]:
    return lambda: ticket_of(mail.message_id) in here.complaints()


@pytest.mark.parametrize("server", ["pymap", "dovecot"])
def test_m04_mail_is_read_when_it_comes_and_not_when_the_poll_does(server: str) -> None:
    with post(server) as here:
        first = here.writes()
        with at_work(here):
            until(stored(here, first))
            until(idles(here))
            for number in range(2):
                until(stored(here, here.writes(f"Mail {number}. Where is my parcel?")))


@pytest.mark.parametrize("trouble", ["cut", "goodbye", "hang_up", "babble"])
def test_m04_a_line_that_breaks_while_it_idles_is_taken_up_again(trouble: str) -> None:
    with post() as here, at_work(here):
        until(idles(here))
        {
            "cut": lambda: None,
            "goodbye": lambda: here.wire.goodbye("shutting down", "IDLE"),
            "hang_up": lambda: here.wire.hang_up("IDLE"),
            "babble": lambda: here.wire.babble(b"\x00\xff nonsense\r\n", "IDLE"),
        }[trouble]()
        here.wire.cut()
        until(idles(here, 2 if trouble == "cut" else 3))
        until(stored(here, here.writes("Are you there?")))


def test_m04_a_server_that_hangs_does_not_hold_up_the_end() -> None:
    with post(timeout_seconds=60) as here:
        here.wire.silence("IDLE")
        with at_work(here):
            until(idles(here))


def test_m04_a_server_without_idle_is_read_by_the_poll() -> None:
    with post() as here:
        here.wire.rewrite(rb" IDLE", b"")
        mail = here.writes()
        with at_work(here) as daemon:
            until(stored(here, mail))
            until(lambda: any(one.name == "listen post" for one in daemon._listening))
            late = here.writes("Later.")
            daemon._pull(here.desk, after_others=True)
            assert stored(here, late)() and not idles(here)()


def test_reading_writing_and_waiting_go_on_at_once() -> None:
    """Each has a line of its own: what one selects is not what another one fetches from."""
    with post(page_size=1, escalation_folder="Elsewhere") as here:
        mails = [here.writes(f"Mail {number}. Where is my parcel?") for number in range(12)]
        here.program.create("Elsewhere")
        here.pull()
        adapter = here.desk.adapter
        wrong: list[Exception] = []

        def reads() -> None:
            for _ in range(3):
                found = [one.ticket for page in adapter.fetch("messages", adapter.start("messages", None))
                         for one in page.records]  # fmt: skip
                assert set(found) == {ticket_of(mail.message_id) for mail in mails}

        def writes() -> None:
            for mail in mails:
                one = action(ActionKind.TAG, Effect(fields={"flagged": True}))
                intended = replace(one, ticket=ticket_of(mail.message_id))
                adapter.apply(intended, adapter.prepare(intended))

        def guarded(step: Callable[[], None]) -> None:
            try:
                step()
            except Exception as error:  # noqa: BLE001 - whatever it is, the test is to see it
                wrong.append(error)

        threads = [threading.Thread(target=guarded, args=[step]) for step in (reads, writes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT_SECONDS)
        assert wrong == []
        assert all("\\Flagged" in here.program.flags(mail.message_id) for mail in mails)
