"""How durations and instants are put into plain English. Called wherever a person reads a time: flags, notes, explain.

Pure, and below the rooms that use it, so that a flag and the note about it tell a time in the same words.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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


def instant(when: datetime, zone: str, beside: str = "UTC", *, ends_day: bool = False) -> str:
    """ "Mon 1 Jun 2026 17:00 BST (16:00 UTC)": the time in `zone` (an IANA name), and in the zone `beside` it where the
    wall clock there shows another time. With `ends_day` a midnight is told as the end of the day before it: whoever
    reads "due Fri 29 May 00:00" believes to have that Friday."""
    local = when.astimezone(ZoneInfo(zone))
    day, clock = _wall(local, ends_day=ends_day)
    text = f"{day} {clock} {local.tzname()}"
    if beside == "UTC":
        if not local.utcoffset():
            return text
        other = when if when.tzinfo is UTC else when.astimezone(UTC)
    else:
        other = when.astimezone(ZoneInfo(beside))
        if other.utcoffset() == local.utcoffset():
            return text
    other_day, other_clock = _wall(other, ends_day=ends_day)
    return f"{text} ({'' if other_day == day else other_day + ' '}{other_clock} {other.tzname()})"


def _wall(when: datetime, *, ends_day: bool) -> tuple[str, str]:
    """The day and the time of day of a local time."""
    if ends_day and not (when.hour or when.minute or when.second):
        return _day(when - timedelta(days=1)), "24:00"
    return _day(when), f"{when.hour:02}:{when.minute:02}"


def _day(when: datetime) -> str:
    return f"{DAYS[when.weekday()]} {when.day} {MONTHS[when.month - 1]} {when.year}"
