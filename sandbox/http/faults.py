"""Seeded faults: what goes wrong with a request, decided by hash(seed, method and path, how often it was seen).

The same seed gives the same faults for the same logical requests, however they interleave. `wire` enacts them.
"""

from __future__ import annotations

import hashlib
import random
import re
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

JSON = Any

FAULTS = {
    "reset_before": "connection reset, nothing applied",
    "hang_before": "silence, nothing applied",
    "http_429": "429, nothing applied",
    "http_5xx": "500, 502, 503 or 504 with an HTML body, nothing applied",
    "ambiguous_reset": "applied, connection reset instead of the answer",
    "ambiguous_timeout": "applied, silence instead of the answer",
    "ambiguous_5xx": "applied, the client is told 502 or 504",
    "late_write": "silence, applied later than the client waits",
    "dup_forward": "applied twice, as by a repeating proxy; the last answer is given",
    "html_200": "applied, 200 with an HTML page",
    "empty_200": "applied, 200 with an empty body",
    "truncate_json": "applied, a well framed but cut body",
    "truncate_fin": "applied, the connection closes in mid body",
    "slow_body": "applied, the body comes in small pieces",
    "stale_page": "GET only: the answer given last time",
}
UNTOLD = frozenset({
    "ambiguous_reset", "ambiguous_timeout", "ambiguous_5xx", "late_write", "html_200", "empty_200", "truncate_json",
    "truncate_fin",
})  # fmt: skip


class Rule(msgspec.Struct, frozen=True):
    """One fault with its probability, for some methods (none: all) and paths (a regular expression, searched)."""

    fault: str
    probability: float
    methods: tuple[str, ...] = ()
    path: str = ""

    def fits(self, method: str, path: str, *, writing: bool) -> bool:
        if self.fault == "stale_page" and method != "GET":
            return False
        if self.fault == "late_write" and not writing:
            return False
        return (not self.methods or method in self.methods) and (not self.path or bool(re.search(self.path, path)))


def rule(text: str) -> Rule:
    """A rule written NAME[@METHOD+METHOD][:PATHREGEX]=PROBABILITY. Raises ValueError."""
    left, _, probability = text.rpartition("=")
    left, _, path = left.partition(":")
    name, _, methods = left.partition("@")
    if name not in FAULTS:
        raise ValueError(f"there is no fault {name!r}; there are {', '.join(FAULTS)}")
    return Rule(name, float(probability), tuple(one.upper() for one in methods.split("+") if one), path)


class Faults:
    """The plan and its record. `hang_seconds` is how long silence lasts, `late_seconds` when a late write lands."""

    def __init__(
        self,
        rules: Iterable[Rule | str] = (),
        *,
        seed: int = 0,
        hang_seconds: float = 0.3,
        late_seconds: float = 0.5,
        skip_first: int = 0,
        at_most: int | None = None,
    ) -> None:
        self.rules = tuple(rule(one) if isinstance(one, str) else one for one in rules)
        self.seed, self.hang_seconds, self.late_seconds = seed, hang_seconds, late_seconds
        self.skip_first, self.at_most = skip_first, at_most
        self.seen: Counter[str] = Counter()
        self.given: Counter[str] = Counter()
        self.writes = self.writes_hit = self.untold = self.requests = 0
        self._lock = threading.Lock()

    def choose(self, method: str, path: str, *, writing: bool | None = None) -> str | None:
        """The fault for the next request of this method and path, or None. `writing` is left out where the method
        tells it."""
        writing = method != "GET" if writing is None else writing
        with self._lock:
            scope = f"{method} {path}"
            count = self.seen[scope]
            self.seen[scope] += 1
            self.requests += 1
            fault = self._draw(method, path, count, writing=writing)
            self.writes += writing
            if fault:
                self.given[fault] += 1
                self.writes_hit += writing
                self.untold += writing and fault in UNTOLD
            return fault

    def pick(self, method: str, path: str, choices: tuple[int, ...]) -> int:
        """A detail of a fault (which 5xx), as reproducible as the fault itself."""
        return self._random(f"{method} {path} detail", self.seen[f"{method} {path}"]).choice(choices)

    def report(self) -> dict[str, JSON]:
        """Counts, and the share of writes that a fault touched or whose outcome the client was not told."""
        writes = max(1, self.writes)
        return {
            "requests": self.requests, "faults": dict(self.given), "writes": self.writes,
            "writes_hit": self.writes_hit, "writes_hit_share": self.writes_hit / writes,
            "writes_untold": self.untold, "writes_untold_share": self.untold / writes,
        }  # fmt: skip

    def _draw(self, method: str, path: str, count: int, *, writing: bool) -> str | None:
        if self.requests <= self.skip_first or (self.at_most is not None and self.given.total() >= self.at_most):
            return None
        point = self._random(f"{method} {path}", count).random()
        for one in self.rules:
            if one.fits(method, path, writing=writing):
                point -= one.probability
                if point < 0:
                    return one.fault
        return None

    def _random(self, scope: str, count: int) -> random.Random:
        digest = hashlib.sha256(f"{self.seed}|{scope}|{count}".encode()).digest()
        return random.Random(digest)
