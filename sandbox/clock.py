"""Clocks that tests and the demo can hold still, speed up or push forward. The sandboxes read no other clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


def wall() -> datetime:
    """The real time, for what leaves the sandbox: signatures of deliveries."""
    return datetime.now(UTC)


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


class ToldClock:
    """The time that a text tells: "2026-03-02T08:00:00Z@<unix seconds>x<scale>" is that time at that real moment,
    running `scale` times as fast from then on. Several of these, joined by ";", take over from each other in turn.

    Two processes that are told the same text agree on the time. Raises ValueError where the text is none such.
    """

    def __init__(self, text: str) -> None:
        self._parts = [_part(part) for part in text.strip().split(";")]
        self.scale = max(scale for _, _, scale in self._parts)

    def __call__(self) -> datetime:
        return self._at(time.time())

    def at(self, wall: datetime) -> datetime:
        """What it tells at a real moment."""
        return self._at(wall.timestamp())

    def _at(self, now: float) -> datetime:
        base, mark, scale = next((part for part in reversed(self._parts) if part[1] <= now), self._parts[0])
        return datetime.fromtimestamp(base + (now - mark) * scale, UTC)


class Elsewhen:
    """Another time for what one thread does inside `at`, for stories that catch up with a clock. None outside."""

    def __init__(self) -> None:
        self._local = threading.local()

    @property
    def moment(self) -> datetime | None:
        return getattr(self._local, "moment", None)

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        before, self._local.moment = self.moment, moment
        try:
            yield
        finally:
            self._local.moment = before


def _part(text: str) -> tuple[float, float, float]:
    start, at, rest = text.partition("@")
    mark, times, scale = rest.partition("x")
    if not at or not times:
        raise ValueError(f"{text!r} is not TIME@SECONDSxSCALE")
    return datetime.fromisoformat(start).astimezone(UTC).timestamp(), float(mark), float(scale)
