"""How durations and instants are put into plain English. Called wherever a person reads a time: flags, notes, explain.

Pure, and below the rooms that use it, so that a flag and the note about it tell a time in the same words.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def duration(seconds: int) -> str:
    """ "2 h 10 min"; seconds are told only under a minute. Hours are not folded into days: a working day has no fixed
    length."""
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)


def days(seconds: int) -> str:
    """ "14 days", for what is counted by the calendar."""
    count = seconds // 86_400
    return f"{count} day{'' if count == 1 else 's'}"


def instant(when: datetime, zone: str, beside: str = "UTC") -> str:
    """ "Mon 1 Jun 2026 17:00 BST (16:00 UTC)": the time in `zone` (an IANA name), and in the zone `beside` it where the
    wall clock there shows another time."""
    local = when.astimezone(ZoneInfo(zone))
    text = f"{_day(local)} {_clock(local)} {local.tzname()}"
    if beside == "UTC":
        if not local.utcoffset():
            return text
        other = when if when.tzinfo is UTC else when.astimezone(UTC)
    else:
        other = when.astimezone(ZoneInfo(beside))
        if other.utcoffset() == local.utcoffset():
            return text
    return f"{text} ({'' if local.day == other.day else _day(other) + ' '}{_clock(other)} {other.tzname()})"


def _clock(when: datetime) -> str:
    return f"{when.hour:02}:{when.minute:02}"


def _day(when: datetime) -> str:
    return f"{DAYS[when.weekday()]} {when.day} {MONTHS[when.month - 1]} {when.year}"
