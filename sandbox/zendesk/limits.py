"""Rate limits of the account, of the exports, of ticket updates and of one ticket, with every header spelling seen.

Not enforced by default: then the headers state a full budget. Windows run on the account's clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from sandbox.http.answers import Answer
from sandbox.http.windows import Windows, retry_after

JSON = Any
STYLES = ("x-rate-limit", "rate-limit", "ratelimit", "zendesk-ratelimit", "zendesk-rate-limit")


class Limits(msgspec.Struct):
    """Requests a minute, and 30 updates of one ticket by one user in 10 minutes.

    `styles` are the header spellings sent. `others` counts requests a minute that the customer's other apps take.
    `retry_after` shapes the header of a 429: seconds, date, absent, zero, negative, garbage, fraction, huge.
    `body` shapes the 429's body: json, text, html.
    """

    enforced: bool = False
    account: int = 700
    exports: int = 10
    updates: int = 100
    per_ticket: int = 30
    others: int = 0
    styles: tuple[str, ...] = ("x-rate-limit", "ratelimit")
    retry_after: str = "seconds"
    body: str = "json"


class Turnstile:
    """Counts requests against the limits. One per account."""

    def __init__(self) -> None:
        self.limits = Limits()
        self._windows = Windows()

    def pass_or_refuse(self, endpoint: str, ticket_key: str | None, now: datetime) -> Answer | None:
        """None to go on, or the 429. `endpoint` is "exports", "updates" or "other"; `ticket_key` user and ticket."""
        if not self.limits.enforced:
            return None
        wants = [("account", self.limits.account - self.limits.others, 60)]
        if endpoint in ("exports", "updates"):
            wants.append((endpoint, getattr(self.limits, endpoint), 60))
        if ticket_key:
            wants.append((ticket_key, self.limits.per_ticket, 600))
        for name, allowed, seconds in wants:
            recent = self._windows.recent(name, seconds, now)
            if len(recent) >= allowed:
                wait = (recent[0] + timedelta(seconds=seconds) - now).total_seconds() if recent else seconds
                return self.too_many(max(1, round(wait)), now)
        for name, _, _ in wants:
            self._windows.count(name, now)
        return None

    def headers(self, ticket_key: str | None, now: datetime) -> dict[str, str]:
        """The headers for any answer, in each configured spelling."""
        total = self.limits.account
        used = len(self._windows.recent("account", 60, now)) + self.limits.others if self.limits.enforced else 0
        left, reset = max(0, total - used), 60 - now.second
        found: dict[str, str] = {}
        for style in self.limits.styles:
            found |= _spelled(style, total, left, reset)
        if ticket_key and self.limits.enforced:
            left = max(0, self.limits.per_ticket - len(self._windows.recent(ticket_key, 600, now)))
            total = self.limits.per_ticket
            found["zendesk-ratelimit-per-ticket-updates"] = f"total={total}; remaining={left}; resets=600"
        return found

    def too_many(self, wait_seconds: int, now: datetime) -> Answer:
        """A 429 as configured; also used by the injected fault."""
        header = retry_after(self.limits.retry_after, wait_seconds, now)
        answer = Answer(429, *_bodies(self.limits.body))
        if header is not None:
            answer.headers["Retry-After"] = header
        return answer


def _bodies(shape: str) -> tuple[bytes, dict[str, str], str]:
    if shape == "json":
        words = "Number of allowed API requests per minute exceeded"
        return msgspec.json.encode({"error": "TooManyRequests", "description": words}), {}, "application/json"
    if shape == "text":
        return b"Number of allowed API requests per minute exceeded", {}, "text/plain"
    return b"<html><body><h1>429 Too Many Requests</h1></body></html>", {}, "text/html"


def _spelled(style: str, total: int, left: int, reset: int) -> dict[str, str]:
    match style:
        case "x-rate-limit":
            return {"X-Rate-Limit": str(total), "X-Rate-Limit-Remaining": str(left)}
        case "rate-limit":
            return {"rate-limit": str(total), "rate-limit-remaining": str(left), "rate-limit-reset": str(reset)}
        case "ratelimit":
            return {
                "ratelimit-limit": str(total), "ratelimit-remaining": str(left), "ratelimit-reset": str(reset),
            }  # fmt: skip
    return {f"{style}-account": f"total={total}; remaining={left}; resets={reset}"}
