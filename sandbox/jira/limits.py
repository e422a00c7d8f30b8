"""Jira's three limits at once: bursts per endpoint, points per hour, writes to one issue; and Data Center's bucket.

Not enforced by default. Windows run on the site's clock. Called by `routes` for every request.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from sandbox.http.answers import Answer
from sandbox.http.windows import Windows, retry_after

JSON = Any


class Limits(msgspec.Struct):
    """`burst_reads` and `burst_writes` are a second and endpoint, `points` an hour (each call costs one and one more
    for each object read), `per_issue` writes in `per_issue_seconds`. `retry_after` shapes the header of a 429 (see
    `sandbox.http.windows`); `body` shapes its body: json, text, html. `bucket` is Data Center's way of saying so."""

    enforced: bool = False
    burst_reads: int = 100
    burst_writes: int = 50
    points: int = 65_000
    per_issue: int = 20
    per_issue_seconds: int = 2
    retry_after: str = "seconds"
    body: str = "json"
    bucket: bool = False


class Turnstile:
    """Counts requests against the limits. One per site."""

    def __init__(self) -> None:
        self.limits = Limits()
        self._windows = Windows()

    def pass_or_refuse(self, endpoint: str, issue: int | None, now: datetime) -> Answer | None:
        """None to go on, or the 429. `endpoint` is "GET issue" …, `issue` the one that is written to."""
        if not self.limits.enforced:
            return None
        reading = endpoint.startswith("GET")
        wants = [
            (endpoint, self.limits.burst_reads if reading else self.limits.burst_writes, 1, "jira-burst-based"),
            ("points", self.limits.points, 3600, "jira-quota-tenant-based"),
        ]
        if issue is not None:
            name, span = f"issue {issue}", self.limits.per_issue_seconds
            wants.append((name, self.limits.per_issue, span, "jira-per-issue-on-write"))
        for name, allowed, seconds, reason in wants:
            recent = self._windows.recent(name, seconds, now)
            if len(recent) >= allowed:
                wait = (recent[0] + timedelta(seconds=seconds) - now).total_seconds() if recent else seconds
                return self.too_many(max(1, round(wait)), now, reason)
        for name, _, _, _ in wants:
            self._windows.count(name, now)
        return None

    def charge(self, objects: int, now: datetime) -> None:
        """What an answer's objects cost in points."""
        for _ in range(objects if self.limits.enforced else 0):
            self._windows.count("points", now)

    def too_many(self, wait_seconds: int, now: datetime, reason: str = "jira-burst-based") -> Answer:
        """A 429 as configured; also used by the injected fault."""
        header = retry_after(self.limits.retry_after, wait_seconds, now)
        answer = Answer(429, *_bodies(self.limits.body))
        reset = (now + timedelta(seconds=wait_seconds)).strftime("%Y-%m-%dT%H:%MZ")
        limit = {"X-RateLimit-Limit": str(self.limits.points), "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
        if self.limits.bucket:
            limit |= {"X-RateLimit-FillRate": "10", "X-RateLimit-Interval-Seconds": "1"}
        answer.headers |= limit if self.limits.bucket else limit | {"RateLimit-Reason": reason}
        if header is not None:
            answer.headers["Retry-After"] = header
        return answer


def _bodies(shape: str) -> tuple[bytes, dict[str, str], str]:
    words = "Rate limit exceeded."
    if shape == "json":
        return msgspec.json.encode({"errorMessages": [words], "errors": {}}), {}, "application/json"
    if shape == "text":
        return words.encode(), {}, "text/plain"
    return b"<html><body><h1>429 Too Many Requests</h1></body></html>", {}, "text/html"
