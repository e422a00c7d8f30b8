"""`amends clock import FILE.ics`: the days off of an iCalendar file, shown one by one, and written where accepted.

Nobody else's calendar decides when yours is closed: each day is listed, and only what a person accepts is added to
`holidays` of a calendar in calendars.yaml, where comments and order stay. Called by the command line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from connector.commands.place import Place
from connector.display import clean, count
from connector.errors import SettingsError
from connector.settings import load
from connector.settings.editing import scalar, with_entries

FILE = "calendars.yaml"
LONGEST_DAYS = 40


class Day(msgspec.Struct, frozen=True):
    """A day of the file. `known`: the calendar is closed on it already. `accepted`: it is added, or would be."""

    date: date
    name: str
    known: bool = False
    accepted: bool = False


class Imported(msgspec.Struct, frozen=True):
    """What an import found and did. `passed_over` names what is no whole day off, with the reason."""

    calendar: str
    file: str
    days: tuple[Day, ...]
    passed_over: tuple[str, ...]
    dry_run: bool


def import_days(
    place: Place,
    file: Path,
    calendar: str,
    *,
    years: Sequence[int],
    accept: Callable[[Day], bool],
    dry_run: bool,
) -> Imported:
    """Add the days of `years` that `accept` agrees to. Raises SettingsError where the file is no iCalendar, or the
    folder has no such calendar to add to."""
    known = _closed_days(place, calendar, years)
    whole, passed_over = _read(file, years)
    days = tuple(
        Day(day, name, day in known, accepted=day not in known and accept(Day(day, name)))
        for day, name in sorted(whole.items())
    )
    accepted = [day for day in days if day.accepted]
    if accepted and not dry_run:
        _write(place, calendar, accepted)
    return Imported(calendar, str(place.home / FILE), days, tuple(passed_over), dry_run)


def _closed_days(place: Place, calendar: str, years: Sequence[int]) -> set[date]:
    hours = place.settings.sla.calendars.get(calendar)
    if hours is None:
        names = ", ".join(sorted(place.settings.sla.calendars))
        raise SettingsError(f"there is no calendar {calendar!r}.", remedy=f"There are: {names}.")
    if not (place.home / FILE).exists():
        raise SettingsError(
            f"{place.home / FILE} is not there, and what Amends ships is not edited.",
            remedy="Copy the shipped calendars.yaml into the folder; `amends init` does.",
        )
    first, last = (date(year, 1, 1).toordinal() - date(1970, 1, 1).toordinal() for year in (years[0], years[-1] + 1))
    return {holiday.date for holiday in hours.calendar.holidays_between(first, last).values()}


def _write(place: Place, calendar: str, days: Iterable[Day]) -> None:
    """The new text is checked beside the file and takes its place whole: a death in between leaves the old one."""
    path = place.home / FILE
    lines = [f"{day.date}: {scalar(day.name)}" for day in days]
    text = with_entries(path.read_text(encoding="utf-8"), ("calendars", calendar, "holidays"), lines)
    draft = path.with_suffix(".yaml.new")
    try:
        draft.write_text(text, encoding="utf-8")
        load(place.home, drafts={FILE: draft})
        os.replace(draft, path)  # noqa: PTH105  # the words say what happens
    finally:
        draft.unlink(missing_ok=True)


# -- reading ---------------------------------------------------------------------------------------------------------


def _read(file: Path, years: Sequence[int]) -> tuple[dict[date, str], list[str]]:
    """Date: name of every whole day within `years`, and what was passed over."""
    from icalendar import Calendar

    try:
        found = Calendar.from_ical(file.read_bytes())
        events = list(found.walk("VEVENT"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} is no iCalendar file: {error}.", remedy="Name a file that ends in .ics.") from None
    whole: dict[date, str] = {}
    passed_over: list[str] = []
    for event in events:
        name = clean(str(event.get("SUMMARY", ""))) or "day off"
        try:
            days = [day for day in _days(event, years) if years[0] <= day.year <= years[-1]]
        except _NoDayOffError as reason:
            passed_over.append(f"{name}: {reason}")
            continue
        for day in days:
            whole.setdefault(day, name[:200])
    return whole, passed_over


class _NoDayOffError(Exception):
    """Why an event is no whole day off."""


def _days(event: Any, years: Sequence[int]) -> Iterator[date]:
    """The dates of an event and of its yearly repetitions."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        raise _NoDayOffError("it is cancelled")
    start = getattr(event.get("DTSTART"), "dt", None)
    if not isinstance(start, date) or isinstance(start, datetime):
        raise _NoDayOffError("it has a time of day, or none at all: write a half day yourself")
    end = getattr(event.get("DTEND"), "dt", None)
    length = (end - start).days if isinstance(end, date) and not isinstance(end, datetime) else 1
    if not 1 <= length <= LONGEST_DAYS:
        raise _NoDayOffError(f"it lasts {length} days")
    for first in _starts(event, start, years):
        yield from (date.fromordinal(first.toordinal() + offset) for offset in range(length))


def _starts(event: Any, start: date, years: Sequence[int]) -> Iterable[date]:
    rule = event.get("RRULE")
    if rule is None:
        return (start,)
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

    if [str(one).upper() for one in rule.get("FREQ", ())] != ["YEARLY"]:
        raise _NoDayOffError("it repeats within the year: weekly days off are hours of the calendar")
    try:
        repeated = rrulestr(rule.to_ical().decode(), dtstart=datetime(start.year, start.month, start.day))  # noqa: DTZ001
        found = repeated.between(datetime(years[0] - 1, 1, 1), datetime(years[-1] + 1, 1, 1), inc=True)  # noqa: DTZ001
    except (ValueError, TypeError) as error:
        raise _NoDayOffError(f"its repetition cannot be read ({error})") from None
    return [one.date() for one in found]


# -- telling ---------------------------------------------------------------------------------------------------------


def lines(told: Imported, _columns: int) -> list[str]:
    """A line a day, then what was done."""
    found = [f"  {'+' if day.accepted else ' '} {day.date:%a} {day.date}  {day.name}{_note(day)}" for day in told.days]
    found += [f"    passed over: {words}" for words in told.passed_over]
    accepted = sum(day.accepted for day in told.days)
    if not accepted:
        done = "Nothing was added. Name days with --accept, or all with --accept-all."
    elif told.dry_run:
        done = f"{count(accepted, 'day')} would be added to {told.calendar} in {told.file}."
    else:
        done = f"{count(accepted, 'day')} added to {told.calendar} in {told.file}. Tell the daemon with SIGHUP."
    return [*(found or ["  no days in these years"]), "", done]


def _note(day: Day) -> str:
    return "  (closed already)" if day.known else ""
