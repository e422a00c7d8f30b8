"""Progress of long work on a terminal: what, how many, how fast. Nothing where the standard error is no terminal."""

from __future__ import annotations

import sys
import time

from connector.display import clean, cut

EVERY_SECONDS = 0.2


class Progress:
    """One line that is written over. Use as a context manager; call it with the number done so far."""

    def __init__(self, what: str, unit: str) -> None:
        self.what, self.unit = what, unit
        self._shown = sys.stderr.isatty()
        self._start = self._last = time.monotonic()
        self._written = False

    def __enter__(self) -> Progress:
        return self

    def __call__(self, done: int, of: int | None = None) -> None:
        now = time.monotonic()
        if not self._shown or now - self._last < EVERY_SECONDS:
            return
        self._last, self._written = now, True
        rate = done / max(now - self._start, 0.001)
        share = f" of {of:,}" if of else ""
        line = cut(f"{clean(self.what)}: {done:,}{share} {self.unit}, {rate:,.0f} a second", 78)
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        if self._written:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
