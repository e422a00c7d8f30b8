"""The shape of an admin's own case for a calendar: read from plain values, with what is wrong in words. Pure.

{id, calendar: {zone, windows: {mon: [["09:00", "17:00"]], …}, holidays: [date]}, start, target_minutes,
pauses: [[from, to]], due?, probes?: [[instant, used_minutes]]}. Called by `cases`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connector.clocks.business_hours import epoch_seconds
from connector.clocks.calendars import DAY_SECONDS, Calendar, Holiday, Window, zone_of
from connector.errors import SettingsError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
KEYS = ("id", "calendar", "start", "target_minutes", "pauses", "due", "probes")
CALENDAR_KEYS = ("zone", "windows", "holidays", "always")
MOST_MINUTES = 2**32
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")

Pause = tuple[int, int | None]


class Case(msgspec.Struct, frozen=True):
    """One case; instants are in seconds since 1970. `due` None with `expects_due`: never, for it stands still.
    `probes` are instants with the minutes used by then."""

    id: str
    calendar: Calendar
    start: int
    target_seconds: int
    pauses: tuple[Pause, ...]
    expects_due: bool
    due: int | None
    probes: tuple[tuple[int, float], ...]


def read(case: Mapping[str, Any]) -> Case:
    """The case as it is meant. Raises SettingsError naming the key that is wrong and what to write.

    Instants are ISO 8601; one without an offset is the wall clock of the calendar's zone. Windows that end at or before
    their start run over midnight, "00:00" to "00:00" is the whole day. Pauses may overlap; one without end goes on.
    """
    name = str(_needed(case, "id", "a name of yours"))
    calendar = _calendar(_needed(case, "calendar", "zone, windows and holidays"), name)
    zone = zone_of(calendar)
    return Case(
        id=name,
        calendar=calendar,
        start=_instant(_needed(case, "start", "an instant"), zone, name, "start"),
        target_seconds=_seconds(_needed(case, "target_minutes", "a number of minutes"), name),
        pauses=tuple(_pause(one, zone, name) for one in _listed(case, "pauses", name, "pairs of instants")),
        expects_due="due" in case,
        due=None if case.get("due") is None else _instant(case["due"], zone, name, "due"),
        probes=tuple(_probe(one, zone, name) for one in _listed(case, "probes", name, "pairs")),
    )


def unread(case: Mapping[str, Any]) -> list[str]:
    """Keys of a case that nobody reads: perhaps misspelt."""
    calendar = case.get("calendar")
    own = [f"calendar.{key}" for key in calendar if key not in CALENDAR_KEYS] if isinstance(calendar, Mapping) else []
    return sorted([*(key for key in case if key not in KEYS), *own])


def _calendar(shape: Any, name: str) -> Calendar:
    if not isinstance(shape, Mapping):
        raise _wrong(name, "calendar", shape, "zone, windows and holidays")
    zone = str(_needed(shape, "zone", "an IANA time zone"))
    if shape.get("always"):
        return Calendar(name, zone, always=True)
    windows = shape.get("windows") or {}
    if not isinstance(windows, Mapping):
        raise _wrong(name, "windows", windows, 'a list for each day, such as {mon: [["09:00", "17:00"]]}')
    week: list[tuple[Window, ...]] = [()] * len(DAYS)
    for day in windows:
        week[_weekday(day, name)] += tuple(
            _window(pair, name) for pair in _listed(windows, day, name, 'pairs such as ["09:00", "17:00"]')
        )
    holidays = {_date(day, name) for day in _listed(shape, "holidays", name, 'dates such as "2026-12-25"')}
    return Calendar(name, zone, tuple(week), tuple(Holiday(day, "holiday") for day in sorted(holidays)))


def _weekday(day: Any, name: str) -> int:
    said = str(day).lower()
    for names in (DAYS, LONG_DAYS):
        if said in names:
            return names.index(said)
    raise _wrong(name, "windows", day, f"one of {', '.join(DAYS)}: each day by itself")


def _listed(mapping: Mapping[str, Any], key: str, name: str, what: str) -> list[Any]:
    found = mapping.get(key)
    if found is None:
        return []
    if not isinstance(found, (list, tuple)):
        raise _wrong(name, key, found, f"a list of {what}")
    return list(found)


def _window(pair: Any, name: str) -> Window:
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
        raise _wrong(name, "windows", pair, 'pairs such as ["09:00", "17:00"]')
    start, end = (_second_of_day(text, name) for text in pair)
    return Window(start, DAY_SECONDS if start == end == 0 else end)


def _second_of_day(text: Any, name: str) -> int:
    if str(text) in ("24:00", "24:00:00"):
        return DAY_SECONDS
    found = _TIME.fullmatch(str(text))
    if found is None:
        raise _wrong(name, "windows", text, 'times such as "09:00" or "24:00"')
    hour, minute, second = (int(part or 0) for part in found.groups())
    return hour * 3600 + minute * 60 + second


def _pause(pause: Any, zone: ZoneInfo, name: str) -> Pause:
    if not isinstance(pause, (list, tuple)) or len(pause) != 2:
        raise _wrong(name, "pauses", pause, "pairs of instants, the second null while it goes on")
    start = _instant(pause[0], zone, name, "pauses")
    end = None if pause[1] is None else _instant(pause[1], zone, name, "pauses")
    if end is not None and end < start:
        raise _wrong(name, "pauses", pause, "the earlier instant first")
    return start, end


def _probe(probe: Any, zone: ZoneInfo, name: str) -> tuple[int, float]:
    is_pair = isinstance(probe, (list, tuple)) and len(probe) == 2
    if not is_pair or isinstance(probe[1], bool) or not isinstance(probe[1], (int, float)) or not isfinite(probe[1]):
        raise _wrong(name, "probes", probe, "pairs of an instant and the minutes used by then")
    return _instant(probe[0], zone, name, "probes"), float(probe[1])


def _instant(value: Any, zone: ZoneInfo, name: str, key: str) -> int:
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return epoch_seconds((at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise _wrong(name, key, value, 'instants such as "2026-03-27T16:30"') from error


def _date(value: Any, name: str) -> date:
    try:
        return value if type(value) is date else date.fromisoformat(str(value))
    except ValueError as error:
        raise _wrong(name, "holidays", value, 'dates such as "2026-12-25"') from error


def _seconds(minutes: Any, name: str) -> int:
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float)) or not 0 <= minutes < MOST_MINUTES:
        raise _wrong(name, "target_minutes", minutes, "a number of minutes")
    return round(minutes * 60)


def _needed(mapping: Mapping[str, Any], key: str, what: str) -> Any:
    if mapping.get(key) is None:
        raise SettingsError(f"case {mapping.get('id', '?')!r} has no {key}.", remedy=f"Add {key}: {what}.")
    return mapping[key]


def _wrong(name: str, key: str, value: Any, what: str) -> SettingsError:
    return SettingsError(f"case {name!r}: {key} cannot hold {value!r}.", remedy=f"Write {what}.")
