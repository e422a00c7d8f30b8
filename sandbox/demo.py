"""`amends demo`: five days of an imaginary shop in about a minute, with a crash in the middle, against a real server.

Nothing here is staged but the customers: a sandbox Zendesk runs as a process of its own and is spoken to over HTTP, the
daemon is `amends run`, it is killed by SIGKILL, and what is shown is read from its store. Called by the command line.
"""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from connector.errors import AmendsError
from sandbox.demo_process import Child, Shop, child, shop
from sandbox.demo_story import Schedule, Watch, verdict
from sandbox.demo_view import Screen, ending

HOME = Path(".amends-demo")
FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
SECONDS, FAST_SECONDS = 75.0, 17.0
# The third write that a helpdesk has carried out and the store does not know of yet: no moment is worse.
CRASH = "outbox: applied*3"
FRAME_SECONDS = 0.2
LONGEST_DRAIN_SECONDS = 12.0
STAY_DOWN_SECONDS = 1.5


def demo(home: Path | None, *, fast: bool, plain: bool, wall: Callable[[], datetime]) -> int:
    """Play it; returns the exit code: 0 where every intended write had exactly one effect, else 1.

    Raises AmendsError where `home` holds something that is not a former demo.
    """
    folder = (home or HOME).absolute()
    with _ends_by_signal():
        return _Demo(folder, fast=fast, plain=plain, wall=wall).play()


class _Demo:
    """One performance."""

    def __init__(self, home: Path, *, fast: bool, plain: bool, wall: Callable[[], datetime]) -> None:
        self.home, self.wall = home, wall
        self.screen = Screen(plain=plain or not sys.stdout.isatty())
        self.seconds = FAST_SECONDS if fast else SECONDS
        self.crashes = 0

    def play(self) -> int:
        _clear(self.home)
        self.schedule = Schedule(FIRST_DAY, self.wall() + timedelta(seconds=1), self.seconds)
        with shop(self.schedule.told) as place:
            _settle_in(self.home, place, self.schedule.told)
            watch = self._days(place)
            _stop_clock(self.home, self.schedule, self.wall())
            result = verdict(watch, place.ledger())
        self.screen.say(ending(result, watch, self.home, self.seconds, self.crashes))
        return 0 if result.sound else 1

    def _days(self, place: Shop) -> Watch:
        watch = Watch(self.home)
        with self.screen, self._daemon(CRASH) as daemon:
            daemon = self._until_over(daemon, place, watch)
            self.screen.note("The five days are over; the last writes go out.")
            self._drain(daemon, watch)
            daemon.stop()
        watch.look()
        return watch

    def _daemon(self, crash: str = "") -> Child:
        environment = {"AMENDS_CLOCK": self.schedule.told, "AMENDS_CRASH_AT": crash}
        command = ["-c", "import cli; cli.main()", "--home", str(self.home), "run", "--log", "json"]
        return child(command, environment, self.home / "daemon.log")

    def _until_over(self, daemon: Child, place: Shop, watch: Watch) -> Child:
        while not self.schedule.over(self.wall()):
            self._frame(daemon, watch)
            if daemon.ended() is not None:
                daemon = self._raise_from_the_dead(daemon, place, watch)
        return daemon

    def _raise_from_the_dead(self, daemon: Child, place: Shop, watch: Watch) -> Child:
        code = daemon.ended()
        if code != -signal.SIGKILL or self.crashes:
            raise AmendsError(f"the daemon ended with {code}.", remedy=f"See {self.home / 'daemon.log'}.")
        self.crashes += 1
        self.screen.note("KILLED with kill -9: the helpdesk has just carried out a write, Amends had no time to note it.")
        back = self.wall() + timedelta(seconds=STAY_DOWN_SECONDS)
        while self.wall() < back:
            self._frame(daemon, watch)
        self.screen.note("Started again. The write in doubt is looked up at the helpdesk before anything is sent.")
        return daemon.follow(self._daemon())
