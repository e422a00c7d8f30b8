"""A stand-in while it is served: its faults, what was asked of it, and the writes that are still on their way.

`wire` serves one; each vendor's `server` names its own kinds of account and desk.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import msgspec

from sandbox.http.answers import Answer, Request
from sandbox.http.desk import FrontDesk
from sandbox.http.faults import Faults
from sandbox.http.switches import WireSwitches


class Seen(msgspec.Struct, frozen=True):
    """One request as it arrived, the fault it met and the status it was answered with (0: none told)."""

    method: str
    path: str
    query: dict[str, str]
    fault: str | None
    status: int


class Account(Protocol):
    """The state behind a served stand-in. `links` is the address that its answers name, once it is served."""

    lock: threading.RLock
    links: str
    clock: Callable[[], datetime]

    @property
    def switches(self) -> WireSwitches: ...

    def now(self) -> datetime: ...


AccountT = TypeVar("AccountT", bound=Account)
DeskT = TypeVar("DeskT", bound=FrontDesk)


class Served(Generic[AccountT, DeskT]):
    """A served account: `url` to point a client at, `desk` and `account` to look inside, `seen` for every request.

    Assign `faults` at any time. `late_writes` wait for their moment; `land_late_writes` lands them at once.
    `suffix` is an ending of paths that the vendor ignores.
    """

    suffix = ""
    faults: Faults
    url: str

    def __init__(self, account: AccountT, desk: DeskT, faults: Faults | None = None) -> None:
        self.account = account
        self.desk = desk
        self.faults = faults or Faults()
        self.seen: list[Seen] = []
        self.url = ""
        self._late: list[tuple[float, Request]] = []
        self._last_answer: dict[str, Answer] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def is_write(self, request: Request) -> bool:
        """Whether a fault that it meets counts as one of a write."""
        return request.method != "GET"

    def hold_back(self, request: Request) -> None:
        """Keep a write that its sender has given up, to land `late_seconds` from now."""
        with self._lock:
            self._late.append((time.monotonic() + self.faults.late_seconds, request))

    def land_late_writes(self) -> int:
        """Apply every write that is still on its way; returns how many there were."""
        return self._land(float("inf"))

    def late_writes(self) -> int:
        with self._lock:
            return len(self._late)

    def answer_again(self, request: Request) -> Answer:
        """What the same path was answered last time, or today's answer where there was none."""
        return self._last_answer.get(request.path) or self.answer(request)

    def answer(self, request: Request) -> Answer:
        answer = self.desk.answer(request)
        if request.method == "GET" and answer.status == 200:
            self._last_answer[request.path] = answer
        return answer

    def tick(self) -> None:
        """The thread that lands late writes when their moment has come."""
        while not self._stop.wait(0.02):
            self._land(time.monotonic())

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of serving."""
        self._stop.wait(seconds)

    def stop(self) -> None:
        self._stop.set()

    def _land(self, moment: float) -> int:
        with self._lock:
            due = [request for when, request in self._late if when <= moment]
            self._late = [(when, request) for when, request in self._late if when > moment]
        for request in due:
            self.desk.answer(msgspec.structs.replace(request, late=True))
        return len(due)
