"""An admin's own cases for a calendar: from when, how much working time, which pauses, and when that has to be due.

Pure. `amends clock test` reads the files and calls `tried` for each case, which goes through the same measuring as the
clocks of complaints do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connector.clocks.business_hours import Hours, epoch_seconds, instant_at
from connector.clocks.calendars import DAY_SECONDS, Calendar, Holiday, Window
from connector.clocks.lives import Break, Run
from connector.clocks.sla import measured
from connector.errors import SettingsError
from connector.model import Status

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEYS = ("id", "calendar", "start", "target_minutes", "pauses", "due", "probes")
CALENDAR_KEYS = ("zone", "windows", "holidays", "always")


class Probe(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much working time was used `at` an instant, in minutes, and how much was expected."""

    at: datetime
    used_minutes: float
    expected_minutes: float
    ok: bool


class Tried(msgspec.Struct, frozen=True):
    """One case: `due` as computed (UTC; None: never, for it stands still), and whether all is as expected. `ok` is None
    where the case expects nothing."""

    id: str
    due: datetime | None
    expected: datetime | None
    ok: bool | None
    zone: str
    probes: tuple[Probe, ...] = ()


def tried(case: Mapping[str, Any]) -> Tried:
    """What comes out for one case. Raises SettingsError naming the key that is wrong and what to write.

    Instants are ISO 8601; one without an offset is the wall clock of the calendar's zone. Windows that end at or before
    their start run over midnight, "00:00" to "00:00" is the whole day. Pauses may overlap; one without end goes on.
    """
    name = str(_needed(case, "id", "a name of yours"))
    calendar = _calendar(_needed(case, "calendar", "zone, windows and holidays"), name)
    hours, zone = Hours(calendar), ZoneInfo(calendar.zone)
    start = _instant(_needed(case, "start", "an instant"), zone, name)
    goal = _seconds(_needed(case, "target_minutes", "a number of minutes"), name)
    pauses = [_pause(pause, zone, name) for pause in case.get("pauses") or ()]
    due = _due(hours, start, goal, pauses)
    expected = _instant(case["due"], zone, name) if case.get("due") is not None else None
    probes = tuple(_probe(probe, hours, start, pauses, zone, name) for probe in case.get("probes") or ())
    as_expected = [*([due == expected] if "due" in case else []), *(probe.ok for probe in probes)]
    return Tried(
        id=name,
        due=None if due is None else instant_at(due),
        expected=None if expected is None else instant_at(expected),
        ok=all(as_expected) if as_expected else None,
        zone=calendar.zone,
        probes=probes,
    )


def unread(case: Mapping[str, Any]) -> list[str]:
    """Keys of a case that nobody reads: perhaps misspelt."""
    calendar = case.get("calendar")
    own = [f"calendar.{key}" for key in calendar if key not in CALENDAR_KEYS] if isinstance(calendar, Mapping) else []
    return sorted([*(key for key in case if key not in KEYS), *own])


Pause = tuple[int, int | None]


def _due(hours: Hours, start: int, goal: int, pauses: Sequence[Pause]) -> int | None:
    if goal <= 0:
        return start
    last = max([start, *(instant for pause in pauses for instant in pause if instant is not None)])
    _, due, _ = measured(hours, _run(start, last, pauses), goal, goal)
    return due


def _run(start: int, end: int, pauses: Iterable[Pause]) -> Run:
    """The course of a clock up to `end`, standing still in the pauses."""
    breaks = [
        Break(begin, until, Status.ON_HOLD)
        for begin, until in _joined(pauses)
        if begin <= end and (until is None or until > start)
    ]
    clipped = [Break(max(one.start, start), one.end, one.status) for one in breaks]
    return Run(start, end, clipped, answered=False, cut_off=False)


def _joined(pauses: Iterable[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    """Stretches in any order, those that touch or overlap made one, oldest first; an end of None is never."""
    found: list[tuple[int, int | None]] = []
    for start, end in sorted(pauses, key=lambda pause: pause[0]):
        if not found or ((last := found[-1][1]) is not None and start > last):
            found.append((start, end))
        elif last is not None:
            found[-1] = (found[-1][0], None if end is None else max(last, end))
    return found


def _probe(probe: Any, hours: Hours, start: int, pauses: Sequence[Pause], zone: ZoneInfo, name: str) -> Probe:
    if not isinstance(probe, (list, tuple)) or len(probe) != 2:
        raise _wrong(name, "probes", probe, "pairs of an instant and the minutes used by then")
    at, expected = _instant(probe[0], zone, name), float(probe[1])
    until = [(begin, min(at, at if end is None else end)) for begin, end in pauses if begin < at]
    used = measured(hours, _run(start, max(start, at), until), 1, 1)[0]
    return Probe(instant_at(at), used / 60, expected, abs(used / 60 - expected) < 1 / 120)


def _calendar(shape: Any, name: str) -> Calendar:
    if not isinstance(shape, Mapping):
        raise _wrong(name, "calendar", shape, "zone, windows and holidays")
    zone = str(_needed(shape, "zone", "an IANA time zone"))
    if shape.get("always"):
        return Calendar(name, zone, always=True)
    windows = shape.get("windows") or {}
    if unknown := [day for day in windows if str(day)[:3].lower() not in DAYS]:
        raise _wrong(name, "windows", unknown[0], f"one of {', '.join(DAYS)}")
    by_day = {str(day)[:3].lower(): pairs for day, pairs in windows.items()}
    week = tuple(tuple(_window(pair, name) for pair in by_day.get(day) or ()) for day in DAYS)
    holidays = sorted({_date(day, name) for day in shape.get("holidays") or ()})
    return Calendar(name, zone, week, tuple(Holiday(day, "holiday") for day in holidays))


def _window(pair: Any, name: str) -> Window:
    try:
        start, end = (_second_of_day(text) for text in pair)
    except (TypeError, ValueError) as error:
        raise _wrong(name, "windows", pair, 'pairs such as ["09:00", "17:00"]') from error
    return Window(start, DAY_SECONDS if start == end == 0 else end)


def _second_of_day(text: Any) -> int:
    if str(text) == "24:00":
        return DAY_SECONDS
    at = time.fromisoformat(str(text))
    return at.hour * 3600 + at.minute * 60 + at.second


def _pause(pause: Any, zone: ZoneInfo, name: str) -> Pause:
    if not isinstance(pause, (list, tuple)) or len(pause) != 2:
        raise _wrong(name, "pauses", pause, "pairs of instants, the second null while it goes on")
    start, end = _instant(pause[0], zone, name), None if pause[1] is None else _instant(pause[1], zone, name)
    if end is not None and end < start:
        raise _wrong(name, "pauses", pause, "the earlier instant first")
    return start, end


def _instant(value: Any, zone: ZoneInfo, name: str) -> int:
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise _wrong(name, "start, due, pauses or probes", value, 'instants such as "2026-03-27T16:30"') from error
    return epoch_seconds((at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC))


def _date(value: Any, name: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise _wrong(name, "holidays", value, 'dates such as "2026-12-25"') from error


def _seconds(minutes: Any, name: str) -> int:
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float)) or not 0 <= minutes < 2**32:
        raise _wrong(name, "target_minutes", minutes, "a number of minutes")
    return round(minutes * 60)


def _needed(mapping: Mapping[str, Any], key: str, what: str) -> Any:
    if mapping.get(key) is None:
        raise SettingsError(f"case {mapping.get('id', '?')!r} has no {key}.", remedy=f"Add {key}: {what}.")
    return mapping[key]


def _wrong(name: str, key: str, value: Any, what: str) -> SettingsError:
    return SettingsError(f"case {name!r}: {key} cannot hold {value!r}.", remedy=f"Write {what}.")
