"""A slow, independent reckoning of working time: look at the wall clock every minute.

It shares nothing with the engine but the words of the settings. Used by the tests of clocks and by the long proof.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Holiday, Window

MINUTE = timedelta(minutes=1)

ZONE_NAMES = """
UTC Europe/London Europe/Dublin Europe/Berlin Europe/Lisbon Europe/Athens Europe/Moscow Europe/Istanbul
Europe/Chisinau Atlantic/Azores Atlantic/Reykjavik America/New_York America/Chicago America/Denver
America/Phoenix America/Los_Angeles America/Anchorage America/St_Johns America/Halifax America/Havana
America/Santiago America/Asuncion America/Sao_Paulo America/Mexico_City America/Nuuk America/Scoresbysund
Africa/Casablanca Africa/Cairo Africa/Lagos Asia/Jerusalem Asia/Beirut Asia/Gaza Asia/Kolkata Asia/Kathmandu
Asia/Tehran Asia/Tokyo Australia/Sydney Australia/Adelaide Australia/Lord_Howe Australia/Eucla Pacific/Auckland
Pacific/Chatham Pacific/Kiritimati Pacific/Apia Pacific/Norfolk Antarctica/Troll
"""
ZONES = ZONE_NAMES.split()
Week = tuple[tuple[tuple[int, int], ...], ...]  # minutes after midnight; an end at or before its start runs over
WEEK_ALL: Week = (((540, 1020),),) * 7


def is_open(wall: datetime, week: Week, holidays: frozenset[date] = frozenset()) -> bool:
    if wall.date() in holidays:
        return False
    minute, today, yesterday = wall.hour * 60 + wall.minute, week[wall.weekday()], week[wall.weekday() - 1]
    return any(start <= minute < end if start < end else minute >= start for start, end in today) or any(
        end <= start and minute < end for start, end in yesterday
    )


def reckon(zone: str, week: Week, start: datetime, minutes: int, holidays: frozenset[date] = frozenset()) -> list[bool]:
    there = ZoneInfo(zone)
    return [is_open((start + MINUTE * step).astimezone(there), week, holidays) for step in range(minutes)]


def hours_of(zone: str, week: Week, holidays: frozenset[date] = frozenset()) -> Hours:
    days = tuple(tuple(Window(start * 60, end * 60) for start, end in day) for day in week)
    return Hours(Calendar("drawn", zone, days, tuple(Holiday(day, "off") for day in sorted(holidays))))
