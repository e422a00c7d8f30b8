"""How many calls a source account still allows: one budget per account, shared by all its workers.

Built by the composition root, one per source, and handed to adapters in `Tools`. It counts, learns from what the source
states, and never sleeps: where there is no room it raises, and the engine comes back later.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, cast

import msgspec

from connector.adapter import retry_after_seconds
from connector.errors import TemporaryError
from connector.helpdesk import CallsLeft

if TYPE_CHECKING:
    from pyrate_limiter import InMemoryBucket

ACCOUNT = "account"
WINDOW_SECONDS = 60.0
LONGEST_BACKOFF_SECONDS = 60.0
LOW_SHARE = 0.2

# (limit, what remains, when it starts anew) in every spelling seen. The last one usually comes without its third part,
# so it speaks only where the others are silent or say more.
SPELLINGS = (
    ("rate-limit", "rate-limit-remaining", "rate-limit-reset"),
    ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit", "x-rate-limit-remaining", "x-rate-limit-reset"),
)
NAMED = re.compile(r"[a-z]+-rate-?limit-(?P<name>.+)")
PART = re.compile(r"(?P<key>total|remaining|resets)\s*=\s*(?P<value>\d+)")


class Room(msgspec.Struct):
    """What a source last said of a limit: `remaining` of `limit` calls until `until` (monotonic seconds)."""

    limit: int
    remaining: int
    until: float


class AccountBudget:
    """The `Budget` of one source account. Thread-safe.

    `limits` are calls a minute by endpoint group; "account" counts all calls together. Of that one, the share `reserve`
    is kept for writes. Where the source says that less than a fifth is left, reads are spread so that they take half
    of what is left. A 429, or a 503 that names a time, closes the whole account until then.
    """

    def __init__(
        self,
        limits: Mapping[str, int],
        *,
        source: str | None = None,
        reserve: float = 0.2,
        now: Callable[[], datetime],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._limits = dict(limits)
        self._source = source
        self._reserve = reserve
        self._now = now
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, InMemoryBucket] = {}
        self._rooms: dict[str, Room] = {}
        self._last_read = float("-inf")
        self._closed_until = float("-inf")
        self._refusals = 0

    def take(self, endpoint: str, *, write: bool = False) -> None:
        """Count one call. Raises TemporaryError(applied=False) with the seconds until there is room."""
        with self._lock:
            at = self._clock()
            wait = max(self._closed_until - at, *(self._stated_wait(key, at, write) for key in (ACCOUNT, endpoint)))
            if wait <= 0:
                wait = self._count(endpoint, at, write)
            if wait > 0:
                raise TemporaryError(
                    f"no call to {endpoint!r} is allowed for another {wait:.1f} s.",
                    source=self._source,
                    retry_after_seconds=wait,
                    applied=False,
                )
            if not write:
                self._last_read = at
            for key in {ACCOUNT, endpoint} & self._rooms.keys():
                self._rooms[key].remaining -= 1

    def observe(self, endpoint: str, status: int, headers: Mapping[str, str]) -> None:
        """Learn from an answer: its limits, and whether it asks us to stay away."""
        found = {name.lower(): value for name, value in headers.items()}
        with self._lock:
            at = self._clock()
            self._learn(endpoint, _plain_rooms(found, at, self._now()), _named_rooms(found, at))
            self._mind(status, found.get("retry-after"), at)

    def left(self) -> tuple[CallsLeft, ...]:
        """What each limit still allows: as the source last stated it, else as we count by its settings."""
        with self._lock:
            at, now = self._clock(), self._now()

            def told(key: str, limit: int, remaining: int, seconds: float, *, stated: bool) -> CallsLeft:
                return CallsLeft(key, limit, max(0, remaining), now, now + timedelta(seconds=seconds), stated)

            found = {
                key: told(key, room.limit, room.remaining, room.until - at, stated=True)
                for key, room in self._rooms.items()
                if room.until > at
            }
            for key, limit in self._limits.items():
                if key not in found and key in self._buckets:
                    self._buckets[key].leak(int(at * 1000))
                    used = len(self._buckets[key].items)
                    found[key] = told(key, limit, limit - used, WINDOW_SECONDS, stated=False)
            return tuple(found[key] for key in sorted(found))

    def _learn(self, endpoint: str, plain: list[Room], named: list[Room]) -> None:
        least: dict[str, Room] = {}
        known = self._rooms.get(ACCOUNT)
        largest = max([room.limit for room in plain] + ([known.limit] if known else []), default=0)
        for room in plain + named:
            # A lower figure than the account's own is the limit of one endpoint, told under the same name.
            key = ACCOUNT if room in plain and room.limit >= largest else endpoint
            if key not in least or room.remaining < least[key].remaining:
                least[key] = room
        self._rooms |= least

    def _mind(self, status: int, retry_after: str | None, at: float) -> None:
        asked = retry_after_seconds(retry_after, self._now())
        if status == 429 or (status == 503 and asked is not None):
            self._refusals += 1
            backoff = min(LONGEST_BACKOFF_SECONDS, 2.0 ** min(self._refusals, 10))
            self._closed_until = max(self._closed_until, at + (backoff if asked is None else asked))
        elif status < 400:
            self._refusals = 0

    def _stated_wait(self, key: str, at: float, write: bool) -> float:
        room = self._rooms.get(key)
        if room is None or room.until <= at:
            self._rooms.pop(key, None)
            return 0.0
        if room.remaining <= 0:
            return room.until - at
        if write or room.remaining > room.limit * LOW_SHARE:
            return 0.0
        spacing = (room.until - at) / max(1.0, room.remaining / 2)
        return min(self._last_read + spacing, room.until) - at

    def _count(self, endpoint: str, at: float, write: bool) -> float:
        """Put the call into each bucket that counts it, or into none; the seconds to wait, 0 when counted."""
        from pyrate_limiter import RateItem

        item = RateItem(endpoint, int(at * 1000))
        counted: list[InMemoryBucket] = []
        for key in self._keys(endpoint, write):
            bucket = self._bucket(key)
            bucket.leak(item.timestamp)
            if not bucket.put(item):
                for one in counted:
                    one.items.pop()
                return max(1, cast(int, bucket.waiting(item))) / 1000
            counted.append(bucket)
        return 0.0

    def _keys(self, endpoint: str, write: bool) -> list[str]:
        keys = [key for key in dict.fromkeys((endpoint, ACCOUNT)) if key in self._limits]
        return keys if write or ACCOUNT not in keys else [*keys, f"{ACCOUNT}, reads"]

    def _bucket(self, key: str) -> InMemoryBucket:
        from pyrate_limiter import InMemoryBucket, Rate

        if key not in self._buckets:
            limit = self._limits.get(key)
            if limit is None:
                whole = self._limits[ACCOUNT]
                limit = max(1, whole - ceil(whole * self._reserve))
            self._buckets[key] = InMemoryBucket([Rate(limit, int(WINDOW_SECONDS * 1000))])
        return self._buckets[key]


def _plain_rooms(headers: Mapping[str, str], at: float, now: datetime) -> list[Room]:
    """The limits that the (lower-case) headers state without a name."""
    found = []
    for limit, remaining, reset in SPELLINGS:
        total, left = _number(headers.get(limit)), _number(headers.get(remaining))
        if total and left is not None:
            found.append(Room(total, left, at + _reset_seconds(headers.get(reset), now)))
    return found


def _named_rooms(headers: Mapping[str, str], at: float) -> list[Room]:
    """The limits that the headers state by name, all of one endpoint."""
    found = []
    for name, value in headers.items():
        match = NAMED.fullmatch(name)
        parts = {part["key"]: int(part["value"]) for part in PART.finditer(value)} if match else {}
        # A limit per ticket says nothing about the calls for other tickets.
        if match and "per-ticket" not in match["name"] and parts.keys() >= {"total", "remaining"} and parts["total"]:
            found.append(Room(parts["total"], parts["remaining"], at + parts.get("resets", WINDOW_SECONDS)))
    return found


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdecimal() else None


def _reset_seconds(text: str | None, now: datetime) -> float:
    """Seconds until a limit starts anew: stated as seconds, as a Unix time, or as an ISO time; else one window."""
    seconds = _number(text)
    if seconds is not None:
        return float(seconds) if seconds < 10**9 else _within_an_hour(seconds - now.timestamp())
    try:
        then = datetime.fromisoformat(text or "")
    except ValueError:
        return WINDOW_SECONDS
    return _within_an_hour(((then if then.tzinfo else then.replace(tzinfo=UTC)) - now).total_seconds())


def _within_an_hour(seconds: float) -> float:
    # Stated instants have been seen far off; no limit of a helpdesk runs longer than an hour.
    return min(max(seconds, 0.0), 3600.0)
