"""The demo's processes: the helpdesks' servers and the daemon, started, listened to, killed and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any
from urllib.request import urlopen

import msgspec

import sandbox
from connector.errors import AmendsError
from sandbox.demo.folder import INBOX, SOURCE, WORKS

STOP_WITHIN_SECONDS = 12.0
# What the mailbox is made of. A daemon needs none of it, so an installation may do without.
MAIL_PARTS = ("aiosmtpd", "cryptography", "pymap")
PAGER = "pager"  # not a source: where people are told
ROOT = Path(sandbox.__file__).resolve().parents[1]


class _Child:
    """A process of ours. Leaving the context ends it, whatever happened."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.process: subprocess.Popen[str] | None = None

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs. Negative: by that signal."""
        return None if self.process is None else self.process.poll()

    def ask_to_end(self) -> None:
        """Ask it to end, and do not wait for it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask it to end; insist after a while."""
        if self.process is None or self.process.poll() is not None:
            return
        self.ask_to_end()
        try:
            self.process.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _start(self, arguments: list[str], environment: dict[str, str], *, listen: bool) -> None:
        paths = os.pathsep.join(path for path in (str(ROOT), os.environ.get("PYTHONPATH")) if path)
        quiet = {name: value for name, value in os.environ.items() if not name.startswith("AMENDS_")}
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                env={**quiet, "PYTHONPATH": paths, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if listen else log,
                stderr=log,
                text=True,
                # Ctrl-C is for the demo alone, which then ends its children in their order.
                start_new_session=True,
            )


class Helpdesk(_Child):
    """A sandbox (`kind` is zendesk, jira, mailbox or pager), whose customers and staff act as the stories say. `url` is
    where its control door is, and the API where that is HTTP. `options` are further words of its command."""

    def __init__(self, kind: str, clock: str, log: Path, *options: str) -> None:
        super().__init__(log)
        self._kind, self._clock, self._options = kind, clock, options
        self.url = ""

    def __enter__(self) -> Helpdesk:
        command = ["-m", f"sandbox.{self._kind}", "--stories", "--clock", self._clock, *self._options]
        self._start(command, {}, listen=True)
        assert self.process is not None
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            self.stop()
            raise AmendsError(f"the demo's {self._kind} does not come up.", remedy=f"See {self.log}.")
        return self

    def ledger(self) -> list[dict[str, Any]]:
        """Every effect that a write had there, in order."""
        return msgspec.convert(self._told("ledger"), list[dict[str, Any]])

    def state(self) -> dict[str, int | str]:
        """What it says about itself."""
        return msgspec.convert(self._told("state"), dict[str, int | str])

    def _told(self, what: str) -> Any:
        with urlopen(f"{self.url}/__control/{what}", timeout=10) as answer:
            return msgspec.json.decode(answer.read())


def missing_parts() -> list[str]:
    """The packages that the mailbox would need and that are not installed."""
    return [name for name in MAIL_PARTS if find_spec(name) is None]


def helpdesks(home: Path, clock: str, *, with_mailbox: bool) -> dict[str, Helpdesk]:
    """The demo's helpdesks by source, and the pager, not yet started."""
    desks = {
        SOURCE: Helpdesk("zendesk", clock, home / "zendesk.log"),
        WORKS: Helpdesk("jira", clock, home / "jira.log"),
    }
    desks[PAGER] = Helpdesk("pager", clock, home / "pager.log")
    if with_mailbox:
        desks[INBOX] = Helpdesk("mailbox", clock, home / "mailbox.log", "--folder", str(home))
    return desks


class Daemon(_Child):
    """`amends run` on the demo's folder. It may be started again after it was killed."""

    def __init__(self, home: Path, clock: str) -> None:
        super().__init__(home / "daemon.log")
        self._home, self._clock = home, clock

    def __enter__(self) -> Daemon:
        return self

    def start(self, crash: str = "") -> None:
        """Start it; `crash` names the point at which it is to be killed (see AMENDS_CRASH_AT)."""
        environment = {"AMENDS_CLOCK": self._clock, "AMENDS_CRASH_AT": crash}
        command = ["-c", "import cli; cli.main()", "--home", str(self._home), "run", "--log", "json"]
        self._start(command, environment, listen=False)

    def wait(self, seconds: float) -> None:
        """Let so much time pass, or less if it ends."""
        try:
            if self.process is not None and self.process.returncode is None:
                self.process.wait(seconds)
            else:
                Event().wait(seconds)
        except subprocess.TimeoutExpired:
            return
