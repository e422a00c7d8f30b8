"""Reading single values that Zendesk sends, which may be missing, null or of another type than documented. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from connector.model import JSON

DIGITS = 20  # room for any id, so that ids sort as text


def loaded(raw: bytes | msgspec.Raw) -> JSON:
    """The JSON value of `raw`. Raises ValueError where it is none.

    Lone surrogates and NaN, which are no JSON but are sent, are read too; the surrogates become U+FFFD."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            return _cleaned(json.loads(bytes(raw).decode("utf-8", "replace"), strict=False))
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _cleaned(value: JSON) -> JSON:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(inner) for key, inner in value.items()}
    return value


def moment(value: JSON) -> datetime | None:
    """An ISO time with its zone, in UTC; None for anything else."""
    try:
        at = datetime.fromisoformat(value)
        return at if at.tzinfo is UTC else at.astimezone(UTC) if at.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def instant(value: JSON) -> datetime | None:
    """A Unix time in seconds, in UTC; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def number(value: JSON) -> int | None:
    """An id: a whole number, or one written as text."""
    if type(value) is int:  # and no bool
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) <= DIGITS else None


def ticket_id(value: JSON) -> int | None:
    """The id of a ticket: one that can be asked for. Any other would spoil the question for the tickets beside it."""
    ident = number(value)
    return ident if ident is not None and 0 < ident < 2**63 else None


def padded(value: int) -> str:
    return f"{value:0{DIGITS}d}"


def text(value: JSON) -> str | None:
    """A value as a timeline keeps it: text as it is, numbers and booleans in words, a list joined by commas."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(text(inner) or "" for inner in value)
    return str(value)


def inner(value: Any, *path: str) -> JSON:
    """The value at `path` inside nested objects, None where the path ends early."""
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value
