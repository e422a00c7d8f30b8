"""Carries a stand-in's webhooks to whoever listens, as vendors do: late, twice, not at all, and again after a refusal.

Each account has one; `records` hands it what happened. Nothing starts before the first hook is registered.
"""

from __future__ import annotations

import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable

import msgspec

TIMEOUT_SECONDS = 10.0
TRIES = 3
AGAIN_SECONDS = 0.5


class Letter(msgspec.Struct, frozen=True):
    """One delivery. `sealed` makes headers and body at the moment it leaves, for signatures carry the time."""

    url: str
    sealed: Callable[[], tuple[dict[str, str], bytes]]


class Courier:
    """Delivers in order, in a thread of its own. `lose` of the next deliveries never leave, `double` leave twice, and
    `late_seconds` pass before each. `answers` lists the status of every try (0: nobody answered)."""

    def __init__(self) -> None:
        self.lose = 0
        self.double = 0
        self.late_seconds = 0.0
        self.answers: list[int] = []
        self._letters: queue.Queue[Letter] = queue.Queue()
        self._started = threading.Lock()
        self._pause = threading.Event()
        self._thread: threading.Thread | None = None

    def send(self, letter: Letter) -> None:
        if self.lose > 0:
            self.lose -= 1
            return
        with self._started:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="courier")
                self._thread.start()
        for _ in range(2 if self.double > 0 else 1):
            self._letters.put(letter)
        self.double = max(0, self.double - 1)

    def idle(self) -> bool:
        """Whether everything that was sent has been answered or given up."""
        return self._letters.unfinished_tasks == 0

    def _work(self) -> None:
        while True:
            letter = self._letters.get()
            try:
                self._deliver(letter)
            finally:
                self._letters.task_done()

    def _deliver(self, letter: Letter) -> None:
        for attempt in range(TRIES):
            self._pause.wait(self.late_seconds if attempt == 0 else AGAIN_SECONDS)
            status = self._post(letter)
            self.answers.append(status)
            if 200 <= status < 300 or status in (400, 401, 404, 413):
                return

    @staticmethod
    def _post(letter: Letter) -> int:
        headers, body = letter.sealed()
        request = urllib.request.Request(letter.url, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0
