"""Progress of long work: what, how many, how fast. Called by the commands that may take long.

On a terminal it is one line that is written over. Where the standard error is a file or a pipe, work that takes longer
than half a minute says so in a line of its own each half minute, so that a log shows that it lives.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress

from connector.display import clean, cut

EVERY_SECONDS = 0.2
EVERY_SECONDS_IN_A_FILE = 30.0


class Progress:
    """Use as a context manager; call it with the number done so far."""

    def __init__(self, what: str, unit: str) -> None:
        self.what, self.unit = what, unit
        self._terminal = sys.stderr.isatty()
        self._start = self._last = time.monotonic()
        self._written = False

    def __enter__(self) -> Progress:
        return self

    def __call__(self, done: int, of: int | None = None) -> None:
        now = time.monotonic()
        if now - self._last < (EVERY_SECONDS if self._terminal else EVERY_SECONDS_IN_A_FILE):
            return
        self._last = now
        rate = done / max(now - self._start, 0.001)
        share = f" of {of:,}" if of else ""
        fast = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
        line = cut(f"{clean(self.what)}: {done:,}{share} {self.unit}, {fast} a second", 78)
        self._say(f"\r\x1b[K{line}" if self._terminal else f"{line}\n")
        self._written = self._terminal

    def __exit__(self, *_: object) -> None:
        if self._written:
            self._say("\r\x1b[K")

    def _say(self, text: str) -> None:
        """A full disk or a reader that has gone ends no work that is told of."""
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()
