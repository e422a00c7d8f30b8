"""A clock that tests and the demo can hold still, speed up or push forward. The sandboxes read no other clock."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Time that starts at `start` (aware; default: now) and runs `scale` times as fast as the wall clock.

    With `scale` 0 it stands still and only `advance` moves it. Calling it gives the aware UTC time.
    """

    def __init__(self, start: datetime | None = None, scale: float = 1.0) -> None:
        wall = datetime.now(UTC)
        self._base = (start or wall).astimezone(UTC)
        self._scale = scale
        self._mark = time.monotonic()
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            return self._base + timedelta(seconds=(time.monotonic() - self._mark) * self._scale)

    def advance(self, seconds: float) -> datetime:
        """Move forward (or back, with a negative number) at once; returns the new time."""
        with self._lock:
            self._base += timedelta(seconds=seconds)
        return self()
