"""Reading what stands in Jira's JSON: times, ids, people, and a field's value as plain as a mapping wants it. Pure.

Nothing in a record is trusted to have its shape. Used by all modules that look into answers.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from adapters.jira.documents import text_of
from connector.model import EPOCH, JSON

DIGITS = 20  # room for any id, so that ids sort as text
SECONDS_UNTIL = 1e11  # an epoch number below this is in seconds: the vendor's description shows both
MILLISECOND = timedelta(milliseconds=1)


def loaded(raw: bytes | msgspec.Raw) -> JSON:
    """The JSON value of `raw`. Raises ValueError where it is none.

    Lone surrogates and NaN, which are no JSON but are sent, are read too; the surrogates become U+FFFD."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            return _cleaned(json.loads(bytes(raw).decode("utf-8", "replace"), strict=False, parse_constant=_no_number))
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _no_number(_word: str) -> None:
    """NaN and the infinities are no values that could be kept."""


def _cleaned(value: JSON) -> JSON:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(inner) for key, inner in value.items()}
    return value


def moment(value: JSON) -> datetime | None:
    """A time with its zone ("2026-05-01T10:11:12.345+0200"), or Unix seconds or milliseconds, in UTC; else None."""
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return at.astimezone(UTC) if at.tzinfo else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return EPOCH + (timedelta(seconds=value) if abs(value) < SECONDS_UNTIL else timedelta(milliseconds=value))
    except (ValueError, OverflowError):
        return None


def milliseconds(at: datetime) -> int:
    """Since 1970; what a version is counted in."""
    return (at - EPOCH) // MILLISECOND


def number(value: JSON) -> int | None:
    """An id: a whole number, or one written as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return (
        int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < DIGITS else None
    )


def issue_id(value: JSON) -> int | None:
    """The id of an issue: one that can be asked for."""
    ident = number(value)
    return ident if ident is not None and 0 < ident < 2**63 else None


def padded(value: JSON) -> str | None:
    """An id as text that sorts by number; None for what is no id."""
    ident = number(value)
    return None if ident is None or ident < 0 else f"{ident:0{DIGITS}d}"


def inner(value: Any, *path: str) -> JSON:
    """The value at `path` inside nested objects, None where the path ends early."""
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def word(value: JSON) -> str | None:
    """Text that is not empty."""
    return value if isinstance(value, str) and value else None


def person_id(person: JSON) -> str | None:
    """Who it is: the account id on Cloud, the user name (else the key) on a Data Center."""
    if not isinstance(person, dict):
        return None
    return word(person.get("accountId")) or word(person.get("name")) or word(person.get("key"))


def rows(value: JSON) -> list[dict[str, JSON]]:
    """The objects of a list; nothing for what is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def plain(value: JSON) -> JSON:
    """A custom field's value as a mapping wants it: an option by its value ("A / B" for two levels), a person by name,
    a document as text, an SLA as its figures. A shape that nobody knows stays as it is."""
    if isinstance(value, dict):
        return _plain_object(value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def _plain_object(value: dict[str, JSON]) -> JSON:
    if "value" in value:
        child = value.get("child")
        return f"{value['value']} / {child.get('value')}" if isinstance(child, dict) else value["value"]
    if "completedCycles" in value or "ongoingCycle" in value:
        return sla(value)
    if value.get("type") == "doc" and "content" in value:
        return text_of(value)
    if "requestType" in value:
        return inner(value, "requestType", "name")
    if "rating" in value:
        return {"rating": value["rating"], "comment": _words(value.get("comment"))}
    return value.get("displayName") or value.get("name") or value


def _words(comment: JSON) -> JSON:
    return text_of(inner(comment, "body")) if isinstance(comment, dict) else comment


def sla(value: dict[str, JSON]) -> dict[str, JSON]:
    """An SLA of Service Management: how the ongoing cycle stands (else the last one), and all finished ones.

    `breach_at` is by the wall clock, as ISO text; goals and elapsed times are working time in seconds."""
    ongoing = value.get("ongoingCycle")
    done = rows(value.get("completedCycles"))
    now: dict[str, JSON] = ongoing if isinstance(ongoing, dict) else (done[-1] if done else {})
    return {
        "name": value.get("name"),
        "ongoing": isinstance(ongoing, dict),
        "paused": isinstance(ongoing, dict) and ongoing.get("paused") is True,
        **_cycle(now),
        "breach_at": _at(now.get("breachTime")),
        "completed": [
            {"start": _at(one.get("startTime")), "stop": _at(one.get("stopTime")), **_cycle(one)} for one in done
        ],
    }


def _cycle(cycle: dict[str, JSON]) -> dict[str, JSON]:
    return {
        "breached": cycle.get("breached") is True,
        "goal_seconds": seconds_of(cycle.get("goalDuration")),
        "elapsed_seconds": seconds_of(cycle.get("elapsedTime")),
    }


def seconds_of(duration: JSON) -> int | None:
    value = inner(duration, "millis")
    return int(value) // 1000 if isinstance(value, int | float) and not isinstance(value, bool) else None


def _at(stamp: JSON) -> str | None:
    at = moment(inner(stamp, "epochMillis")) or moment(inner(stamp, "iso8601"))
    return None if at is None else at.isoformat().replace("+00:00", "Z")
