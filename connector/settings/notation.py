"""The short notations of the YAML files: durations, times of day, weekdays. The one place that parses each.

Used by the other modules of this room and by command line options that take the same words. Every function raises
ValueError with a message that says what to write instead.
"""

from __future__ import annotations

import re

import msgspec

DAY_SECONDS = 86_400
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_WINDOW = re.compile(r"(\S+?)\s*-\s*(\S+)")


class Duration(msgspec.Struct, frozen=True):
    """A length of time as written. Days are kept apart because a working day is as long as its calendar says."""

    days: int
    seconds: int

    def in_seconds(self, day_seconds: int = DAY_SECONDS) -> int:
        return self.days * day_seconds + self.seconds


def duration(text: str) -> Duration:
    """Parse "90s", "30m", "4h", "2d", or several from large to small: "1d4h30m"."""
    found = _DURATION.fullmatch(text.strip()) if text.strip() else None
    if found is None:
        raise ValueError(f'{text!r} is no length of time; write it as "90s", "30m", "4h", "2d" or "1d4h"')
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return Duration(days, hours * _UNIT_SECONDS["h"] + minutes * _UNIT_SECONDS["m"] + seconds)


def duration_seconds(text: str) -> int:
    """`duration` with days of 24 hours."""
    return duration(text).in_seconds()


def whole_days(text: str) -> int:
    """A length of time that only counts in days, such as "30d"."""
    found = duration(text)
    if found.seconds:
        raise ValueError(f'{text!r} is not a number of whole days; write it as "30d"')
    return found.days


def second_of_day(text: str) -> int:
    """Seconds after midnight of "09:30"; "24:00" is the end of the day."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'{text!r} is no time of day; write it with two digits each, as "09:00" or "24:00"')
    return DAY_SECONDS if found[1] is None else int(found[1]) * 3600 + int(found[2]) * 60


def window(text: str) -> tuple[int, int]:
    """Start and end second of "09:00-17:00". An end before the start runs over midnight; they may not be equal."""
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'{text!r} is no window of hours; write it as "09:00-17:00"')
    start, end = second_of_day(found[1]), second_of_day(found[2])
    if start in (end, DAY_SECONDS):
        raise ValueError(f'{text!r} holds no hours; write all day as "00:00-24:00"')
    return start, end


def weekdays(text: str) -> tuple[int, ...]:
    """Days of the week (0 is Monday) of "mon", "mon-fri" or "mon,wed,fri-sat"; a range may run over Sunday."""
    return tuple(day for part in text.split(",") for day in _day_range(part.strip().lower()))


def _day_range(part: str) -> list[int]:
    first, dash, last = (side.strip() for side in part.partition("-"))
    ends = [first, last] if dash else [first, first]
    if any(end not in DAYS for end in ends):
        raise ValueError(f"{part!r} is no day of the week; write {', '.join(DAYS)}, or a range such as mon-fri")
    start, end = (DAYS.index(end) for end in ends)
    return [day % 7 for day in range(start, end + 1 if end >= start else end + 8)]
