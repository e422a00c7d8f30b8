"""How often somebody may try. Pure but for what it remembers: the time of each call is an argument."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

MOST_KEYS = 10_000


class Allowance:
    """At most `tries` within `seconds` for each key. Of keys, the latest 10,000 are remembered: nobody fills our memory
    with invented ones. Thread-safe."""

    def __init__(self, tries: int, seconds: float) -> None:
        self.tries, self.seconds = tries, seconds
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_seconds(self, key: str, at: float) -> int:
        """0 where one more try is allowed at the instant `at` (monotonic seconds), else how long to wait."""
        with self._lock:
            times = self._current(key, at)
            return 0 if len(times) < self.tries else max(1, int(times[0] + self.seconds - at) + 1)

    def count(self, key: str, at: float) -> None:
        """One more try at `at`."""
        with self._lock:
            self._current(key, at).append(at)

    def forgive(self, key: str) -> None:
        """Whoever it was has shown that they may."""
        with self._lock:
            self._seen.pop(key, None)

    def _current(self, key: str, at: float) -> deque[float]:
        times = self._seen.setdefault(key, deque(maxlen=self.tries))
        self._seen.move_to_end(key)
        while times and times[0] <= at - self.seconds:
            times.popleft()
        while len(self._seen) > MOST_KEYS:
            self._seen.popitem(last=False)
        return times
