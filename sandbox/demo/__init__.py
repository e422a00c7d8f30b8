"""`amends demo`: five days of an imaginary shop in about a minute, with a crash in the middle, against a real server.

Nothing here is staged but the people: a sandbox Zendesk, a sandbox Jira and a mailbox run as processes of their own and
are spoken to over HTTP, IMAP and SMTP, the daemon is `amends run`, it is killed by SIGKILL, and what is shown is read
from its store. Called by the command line.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import get_terminal_size
from types import FrameType

from connector.errors import AmendsError
from sandbox.demo.ending import told_at_the_end, verdict
from sandbox.demo.folder import INBOX, SOURCE, WORKS, clear, settle_in, stop_clock
from sandbox.demo.processes import PAGER, Daemon, Helpdesk, helpdesks, missing_parts
from sandbox.demo.schedule import Schedule
from sandbox.demo.view import Screen
from sandbox.demo.watch import Watch

HOME = Path(".amends-demo")
FIRST_DAY = datetime(2026, 3, 26, tzinfo=UTC)  # a Thursday; summer time begins in the night to Sunday
SECONDS, FAST_SECONDS = 75.0, 30.0
# The 16th write that the helpdesk has carried out and the store does not know of yet: no moment is worse.
CRASH = "outbox: applied*16"
FRAME_SECONDS = 0.2
WITHOUT_MAILBOX = (
    "Played without the mailbox, for which {} would be needed: a checkout's `make demo` has it, and so has an "
    "installation of amends[demo]."
)
STAY_DOWN = timedelta(seconds=2)
LONGEST_DRAIN = timedelta(seconds=30)


def demo(home: Path | None, *, fast: bool, plain: bool, wall: Callable[[], datetime]) -> int:
    """Play it; returns the exit code: 0 where every intended write had exactly one effect, else 1.

    Raises AmendsError where `home` holds something that is not a former demo, or a process does not come up.
    """
    with _ended_by_signals():
        return Performance((home or HOME).absolute(), fast=fast, plain=plain, wall=wall).play()


class Performance:
    """One showing, from the first process to the last."""

    def __init__(self, home: Path, *, fast: bool, plain: bool, wall: Callable[[], datetime]) -> None:
        clear(home)
        self.home, self.wall = home, wall
        self.seconds = FAST_SECONDS if fast else SECONDS
        self.schedule = Schedule(FIRST_DAY, wall() + timedelta(seconds=1.5), self.seconds)
        self.daemon = Daemon(home, self.schedule.told)
        self.watch = Watch(home, self.schedule.first)
        self.screen = Screen(self.schedule, self.watch, plain=plain or not sys.stdout.isatty())
        self.crashes = 0

    def play(self) -> int:
        with ExitStack() as stack:
            desks = {name: stack.enter_context(desk) for name, desk in self._helpdesks().items()}
            try:
                post = desks[INBOX].state() if INBOX in desks else None
                settle_in(self.home, desks[SOURCE].url, desks[WORKS].url, post, desks[PAGER].url)
                with self.screen, self.daemon:
                    self._play_the_days()
                    self._let_the_last_writes_out()
                ledgers = {name: desk.ledger() for name, desk in desks.items()}
                heard = ledgers.pop(PAGER)
            finally:
                # All at once: on a busy machine each may need its time to end.
                for child in (self.daemon, *desks.values()):
                    child.ask_to_end()
        stop_clock(self.home, self.schedule.now(self.wall()))
        self.watch.look()
        result = verdict(self.watch.writes, ledgers, heard)
        columns = get_terminal_size().columns
        for line in told_at_the_end(result, self.watch, self.home, self.seconds, self.crashes, columns):
            self.screen.say(line)
        return 0 if result.sound else 1

    def _helpdesks(self) -> dict[str, Helpdesk]:
        """The helpdesks by source, not yet started; without the mailbox where it cannot be had."""
        missing = missing_parts()
        if missing:
            self.screen.say(WITHOUT_MAILBOX.format(", ".join(missing)))
        return helpdesks(self.home, self.schedule.told, with_mailbox=not missing)

    def _play_the_days(self) -> None:
        self.daemon.start(crash=CRASH)
        while self.wall() < self.schedule.over_at:
            self._frame()
            if self.daemon.exit_code is not None:
                self._bring_back()

    def _bring_back(self) -> None:
        code = self.daemon.exit_code
        if code != -signal.SIGKILL or self.crashes:
            raise AmendsError(f"the demo's daemon ended with {code}.", remedy=f"See {self.daemon.log}.")
        self.crashes += 1
        self.screen.daemon = "killed"
        self.screen.tell("kill -9! The helpdesk has just done a write, Amends had no time to note it")
        back = self.wall() + STAY_DOWN
        while self.wall() < back:
            self._frame()
        self.screen.daemon = "running"
        self.screen.tell("Started again: it looks the write up at the helpdesk before it sends anything")
        self.daemon.start()

    def _let_the_last_writes_out(self) -> None:
        until = self.wall() + LONGEST_DRAIN
        while self.wall() < until and self._goes_on():
            self._frame()
            if self.daemon.exit_code is not None:
                self._bring_back()

    def _goes_on(self) -> bool:
        """Whether there is still something to see; on a busy machine the story is over before the daemon caught up."""
        on_the_way = self.watch.on_the_way(self.schedule.now(self.wall()))
        return on_the_way or not self.crashes or not self.watch.stood_out

    def _frame(self) -> None:
        self.daemon.wait(FRAME_SECONDS)
        self.watch.look()
        self.screen.show(self.wall())


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A SIGTERM or a closed terminal ends the demo as Ctrl-C does: no process is left behind. Ctrl-C itself is asked
    for too, since a shell that starts something in the background has it ignored."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
