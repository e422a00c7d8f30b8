"""Counting calls in sliding windows, and the shapes that a Retry-After header takes. Used by each vendor's limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class Windows:
    """When each counted thing happened, forgotten once it is out of the window that is asked for."""

    def __init__(self) -> None:
        self._seen: dict[str, list[datetime]] = {}

    def recent(self, name: str, seconds: float, now: datetime) -> list[datetime]:
        kept = [one for one in self._seen.get(name, []) if one > now - timedelta(seconds=seconds)]
        self._seen[name] = kept
        return kept

    def count(self, name: str, now: datetime) -> None:
        self._seen.setdefault(name, []).append(now)


def retry_after(style: str, wait_seconds: int, now: datetime) -> str | None:
    """The header's text: seconds, date, absent (None), zero, negative, garbage, fraction or huge."""
    styles = {
        "seconds": str(wait_seconds),
        "date": format_datetime((now + timedelta(seconds=wait_seconds)).astimezone(UTC), usegmt=True),
        "absent": None,
        "zero": "0",
        "negative": "-5",
        "garbage": "soon",
        "fraction": f"{wait_seconds}.5",
        "huge": "86400",
    }
    return styles[style]
