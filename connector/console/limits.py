"""How often somebody may try. Pure but for what it remembers: the time of each call is an argument."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict, deque

MOST_KEYS = 10_000


class Allowance:
    """At most `tries` within `seconds` for each key. Of keys, the latest 10,000 are remembered, by a digest under a
    secret of this process: nobody fills our memory with invented ones or long ones, and whoever sees it learns no name
    and no token. Thread-safe."""

    def __init__(self, tries: int, seconds: float) -> None:
        self.tries, self.seconds = tries, seconds
        self._seen: OrderedDict[bytes, deque[float]] = OrderedDict()
        self._secret = secrets.token_bytes(32)
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
            self._seen.pop(self._digest(key), None)

    def take_back(self, key: str) -> None:
        """The last try of this key was none that counts; those before do."""
        with self._lock:
            if times := self._seen.get(self._digest(key)):
                times.pop()

    def _digest(self, key: str) -> bytes:
        return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), key=self._secret, digest_size=16).digest()

    def _current(self, key: str, at: float) -> deque[float]:
        digest = self._digest(key)
        times = self._seen.setdefault(digest, deque(maxlen=self.tries))
        self._seen.move_to_end(digest)
        while times and times[0] <= at - self.seconds:
            times.popleft()
        while len(self._seen) > MOST_KEYS:
            self._seen.popitem(last=False)
        return times
