"""Which date or time a span names, reckoned from when the reply was written. Called by `finding`.

Weekdays, lengths of time, ends of weeks and dates in figures or with the month's name are worked out here. Only a day
with a word that no book lists ("15 wrz") goes to dateparser, which is slow to import and to ask.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import msgspec

from connector.clocks.promises.book import End, Order, Unit
from connector.clocks.promises.spans import Grammar, Span

Works = Callable[[date], bool]  # whether a local day is worked

LONGEST_DAYS = 400
PAST_DAYS = 183  # a date without a year that is longer ago than this is one of the next year
SUNDAY, NOON = 6, 12
FIGURE = re.compile(r"\d+")
TODAY = "it may be today, or in a week"
WHICH_WEEK = "it may be this week or the next"
WHICH_ORDER = "it may be day and month, or month and day"


class Reading(msgspec.Struct, frozen=True):
    """A local day, with the local time of day where one was given. `doubt` is why it may be another one."""

    day: date
    at: time | None = None
    doubt: str | None = None


def read(span: Span, grammar: Grammar, made: datetime, works: Works) -> Reading | None:
    """What the span means in a reply of `made` (aware, in the zone of whoever wrote it); None where it means no date,
    one that is past, or one that lies more than LONGEST_DAYS ahead."""
    try:
        found = _read(span, grammar, made, works)
    except (ValueError, OverflowError, StopIteration):  # the 31st of June; a word that only looked like one
        return None
    if found is None:
        return None
    today = made.date()
    if found.day < today or (found.day - today).days > LONGEST_DAYS:
        return None
    if found.day == today and found.at is not None and found.at <= made.time():
        return None
    return found


def _read(span: Span, grammar: Grammar, made: datetime, works: Works) -> Reading | None:
    parts, today = span.parts, made.date()
    at = _time(parts, grammar)
    if "number" in parts or "lone" in parts:
        return _after(parts, grammar, made, works)
    if "end" in parts:
        return Reading(_end(grammar.end_of(parts["end"]), today, works), at)
    if "relative" in parts:
        return Reading(today + timedelta(days=grammar.days_of(parts["relative"])), at)
    if "weekday" in parts:
        return _weekday(parts, grammar, today, at)
    if "words" in parts:
        day = _written_out(parts["words"], grammar.book.language, today)
        return None if day is None else Reading(day, at)
    dated = _dated(parts, grammar, today)
    if dated is not None:
        return msgspec.structs.replace(dated, at=at)
    return None if at is None else Reading(today, at)


def _time(parts: dict[str, str], grammar: Grammar) -> time | None:
    for name in ("a", "b", "c"):
        if f"noon_{name}" in parts:
            return time(NOON)
        if f"hour_{name}" in parts:
            return _clock(parts, name, grammar)
    return None


def _clock(parts: dict[str, str], name: str, grammar: Grammar) -> time:
    hour = int(parts[f"hour_{name}"])
    minute = int(parts.get(f"minute_{name}") or parts.get(f"minute_d_{name}") or parts.get(f"minute_i_{name}") or 0)
    said = " ".join(parts.get(f"{part}_{name}", "") for part in ("part", "mark", "mark_m"))
    if hour < NOON and grammar.afternoon.search(said):
        hour += NOON
    elif hour == NOON and grammar.morning.search(said):
        hour = 0
    return time(23, 59, 59) if (hour, minute) == (24, 0) else time(hour, minute)


def _after(parts: dict[str, str], grammar: Grammar, made: datetime, works: Works) -> Reading:
    """So long after the reply; of a range, the longer."""
    amount = grammar.amount_of(parts["number"]) if "number" in parts else 1
    unit = grammar.unit_of(parts["unit"] if "unit" in parts else parts["lone"])
    today = made.date()
    if unit is Unit.HOUR:
        due = made + timedelta(hours=amount)
        return Reading(due.date(), due.time())
    if unit is Unit.BUSINESS_DAY:
        return Reading(business_days_after(today, amount, works))
    if unit is Unit.MONTH:
        return Reading(_months_after(today, amount))
    return Reading(today + timedelta(days=amount * (7 if unit is Unit.WEEK else 1)))


def business_days_after(day: date, amount: int, works: Works) -> date:
    """The last of so many worked days after `day`."""
    last = day + timedelta(days=LONGEST_DAYS)
    while amount and day <= last:
        day += timedelta(days=1)
        amount -= works(day)
    return day


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _end(end: End, today: date, works: Works) -> date:
    """The end of a week is its last worked day."""
    if end is End.DAY:
        return today
    if end in (End.MONTH, End.NEXT_MONTH):
        first = _months_after(today.replace(day=1), 1 if end is End.NEXT_MONTH else 0)
        return first.replace(day=monthrange(first.year, first.month)[1])
    sunday = today + timedelta(days=SUNDAY - today.weekday() + (7 if end is End.NEXT_WEEK else 0))
    week = [sunday - timedelta(days=back) for back in range(7)]
    return next((day for day in week if day >= today and works(day)), sunday)


def _weekday(parts: dict[str, str], grammar: Grammar, today: date, at: time | None) -> Reading:
    wanted = grammar.number_of("weekday", parts["weekday"])
    ahead = (wanted - today.weekday()) % 7
    monday_after = today + timedelta(days=7 - today.weekday())
    if "week_before" in parts or "week_behind" in parts:
        return Reading(monday_after + timedelta(days=wanted), at)
    if "next" in parts or "next_behind" in parts:
        # On a Wednesday, "next Monday" is one day only, and "next Friday" may be either of two.
        later = monday_after + timedelta(days=wanted)
        return Reading(later, at, WHICH_WEEK if wanted > today.weekday() else None)
    if ahead == 0:
        return Reading(today, at, TODAY) if "coming" not in parts else Reading(today + timedelta(days=7), at)
    return Reading(today + timedelta(days=ahead), at)


def _dated(parts: dict[str, str], grammar: Grammar, today: date) -> Reading | None:
    """A date in figures, or with the name of its month."""
    for name in ("a", "b"):
        if f"day_{name}" in parts:
            month = grammar.number_of("month", parts[f"month_{name}"]) + 1
            return Reading(_in_year(parts.get(f"year_{name}"), month, int(parts[f"day_{name}"]), today))
    if "iso" in parts:
        return Reading(date(*map(int, parts["iso"].split("-"))))
    if "day_i" in parts:
        return Reading(_in_year(parts.get("year_i"), int(parts["month_i"]), int(parts["day_i"]), today))
    for first, second in (("first", "second"), ("first_s", "second_s")):
        if first in parts:
            return _ordered(int(parts[first]), int(parts[second]), parts.get("year"), grammar.book.order, today)
    return None


def _ordered(first: int, second: int, year: str | None, order: Order, today: date) -> Reading:
    if first > NOON or (order is not Order.MONTH_FIRST and second <= NOON):
        doubt = WHICH_ORDER if order is Order.UNCLEAR and first <= NOON and first != second else None
        return Reading(_in_year(year, second, first, today), doubt=doubt)
    return Reading(_in_year(year, first, second, today))


def _in_year(year: str | None, month: int, day: int, today: date) -> date:
    if year is not None:
        return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    found = date(today.year, month, day)
    return date(today.year + 1, month, day) if (today - found).days > PAST_DAYS else found


@lru_cache(maxsize=256)
def _written_out(words: str, language: str, today: date) -> date | None:
    import dateparser  # type: ignore[import-untyped]  # costs as much as all the rest of a command, and few replies need it

    settings = {
        "RELATIVE_BASE": datetime.combine(today, time()),
        "PREFER_DATES_FROM": "future",
        "STRICT_PARSING": False,
        "REQUIRE_PARTS": ["day", "month"],
    }
    found = dateparser.parse(words, languages=[language], settings=settings)
    said = FIGURE.search(words)
    return found.date() if found is not None and said is not None and found.day == int(said[0]) else None
