"""Switches that every stand-in has; each vendor adds its own. Read by `wire` and by the vendors' routes."""

from __future__ import annotations

import msgspec


class WireSwitches(msgspec.Struct, kw_only=True):
    """`skew_seconds` shifts every time the stand-in states, its Date header included. `redirect_to` sends every
    request to another host; a path in which the regular expression `forbidden` is found answers 403. `bomb_bytes`
    answers bulk reads with that many zeros in gzip."""

    skew_seconds: float = 0.0
    redirect_to: str | None = None
    forbidden: str = ""
    bomb_bytes: int = 0
