"""Working time: the examples that people can check by hand, and a slow independent reckoning over many zones."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Holiday, Window
from connector.errors import RecordError, SettingsError
from tests.unit.wall_clock import MINUTE, WEEK_ALL, ZONES, Week, hours_of, is_open, reckon

HOUR = 3600


def clock_time(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * HOUR + int(minutes) * 60


def windows(*texts: str) -> tuple[Window, ...]:
    return tuple(Window(clock_time(start), clock_time(end)) for start, end in (text.split("-") for text in texts))


def weekdays(*texts: str, zone: str = "Europe/London", holidays: tuple[Holiday, ...] = ()) -> Hours:
    return Hours(Calendar("weekdays", zone, (windows(*texts),) * 5 + ((),) * 2, holidays))


def every_day(*texts: str, zone: str = "Europe/London") -> Hours:
    return Hours(Calendar("every day", zone, (windows(*texts),) * 7))


def always(zone: str) -> Hours:
    return Hours(Calendar("always", zone, always=True))


def local(text: str, zone: str = "Europe/London", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def test_two_hours_from_friday_afternoon_end_on_monday_in_summer_time() -> None:
    due = weekdays("09:00-17:00").add_working_seconds(local("2026-03-27T16:30"), 2 * HOUR)
    assert due == local("2026-03-30T10:30") == datetime(2026, 3, 30, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(("evening", "hours"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-06", 8)])
def test_a_night_shift_is_shorter_or_longer_when_the_clocks_change(evening: str, hours: int) -> None:
    start = local(f"{evening}T20:00")
    assert every_day("22:00-06:00").working_seconds(start, start + timedelta(hours=12)) == hours * HOUR


def test_twenty_four_hours_around_the_clock_end_an_hour_later_on_the_wall_when_summer_time_begins() -> None:
    zone = "America/New_York"
    for hours in (always(zone), every_day("00:00-24:00", zone=zone)):
        assert hours.add_working_seconds(local("2026-03-07T20:00", zone), 24 * HOUR) == local("2026-03-08T21:00", zone)


def test_a_lunch_break_is_not_worked() -> None:
    due = weekdays("08:00-12:00", "13:30-18:00").add_working_seconds(local("2026-06-01T11:30"), 2 * HOUR)
    assert due == local("2026-06-01T15:00")


def test_an_hour_from_late_friday_ends_on_monday_morning() -> None:
    due = weekdays("09:00-17:00").add_working_seconds(local("2026-06-05T16:30"), HOUR)
    assert due == local("2026-06-08T09:30")


def test_a_full_day_ends_at_closing_time_and_not_at_the_next_opening() -> None:
    hours = weekdays("09:00-17:00")
    assert hours.add_working_seconds(local("2026-06-01T09:00"), 8 * HOUR) == local("2026-06-01T17:00")
    assert hours.add_working_seconds(local("2026-06-01T09:00"), 8 * HOUR + 1) == local("2026-06-02T09:00:01")


def test_no_time_at_all_moves_nothing() -> None:
    night = local("2026-06-01T03:00")
    assert weekdays("09:00-17:00").add_working_seconds(night, 0) == night
    assert weekdays("09:00-17:00").working_seconds(night, night) == 0
    assert weekdays("09:00-17:00").working_seconds(night, night - timedelta(days=3)) == 0


def test_a_holiday_closes_its_date_from_midnight_to_midnight() -> None:
    friday = (Holiday(date(2026, 4, 3), "Good Friday"),)
    office = weekdays("09:00-17:00", holidays=friday)
    assert office.add_working_seconds(local("2026-04-02T16:00"), 2 * HOUR) == local("2026-04-06T10:00")
    nights = Hours(Calendar("nights", "Europe/London", (windows("22:00-06:00"),) * 7, friday))
    shift = nights.working_seconds(local("2026-04-02T12:00"), local("2026-04-03T12:00"))
    assert shift == 2 * HOUR, "Thursday's shift ends at midnight, when the holiday begins"
    after = nights.working_seconds(local("2026-04-03T12:00"), local("2026-04-04T12:00"))
    assert after == 6 * HOUR, "what Friday's shift leaves to Saturday is worked"


def test_an_hour_that_the_wall_clock_skips_is_not_worked_and_one_it_repeats_is_worked_twice() -> None:
    early = every_day("01:30-03:00")
    assert early.working_seconds(local("2026-03-29T00:00"), local("2026-03-29T12:00")) == HOUR
    assert early.add_working_seconds(local("2026-03-29T00:00"), 1) == local("2026-03-29T02:00:01")
    assert early.working_seconds(local("2026-10-25T00:00"), local("2026-10-25T12:00")) == 2 * HOUR
    short = every_day("00:00-01:30")
    assert short.working_seconds(local("2026-10-25T00:00"), local("2026-10-25T12:00")) == 2 * HOUR


def test_subtracting_local_times_does_not_fool_it() -> None:
    day, here = every_day("00:00-24:00"), ZoneInfo("Europe/London")
    start, end = datetime(2026, 3, 28, 17, tzinfo=here), datetime(2026, 3, 29, 17, tzinfo=here)
    assert end - start == timedelta(hours=24), "Python's own answer is by the wall clock"
    assert day.working_seconds(start, end) == 23 * HOUR
    twice = (datetime(2026, 10, 25, 1, 30, tzinfo=here, fold=fold) for fold in (0, 1))
    assert day.working_seconds(*twice) == HOUR


def test_a_date_that_a_country_skipped_has_no_working_time() -> None:
    samoa = every_day("09:00-17:00", zone="Pacific/Apia")
    assert (
        samoa.working_seconds(datetime(2011, 12, 29, 10, tzinfo=UTC), datetime(2011, 12, 31, 10, tzinfo=UTC))
        == sum(reckon("Pacific/Apia", WEEK_ALL, datetime(2011, 12, 29, 10, tzinfo=UTC), 2 * 1440)) * 60
    )


def test_windows_that_overlap_or_touch_are_worked_once() -> None:
    start, end = local("2026-06-01T00:00"), local("2026-06-02T00:00")
    assert weekdays("09:00-13:00", "12:00-17:00").working_seconds(start, end) == 8 * HOUR
    assert weekdays("09:00-13:00", "13:00-17:00").working_seconds(start, end) == 8 * HOUR
    assert weekdays("09:00-13:00", "13:00-17:00").calendar.day_seconds == 8 * HOUR


def test_fractions_of_a_second_are_cut_off() -> None:
    hours = weekdays("09:00-17:00")
    start = local("2026-06-01T09:00") + timedelta(milliseconds=900)
    assert hours.add_working_seconds(start, HOUR) == local("2026-06-01T10:00")
    assert hours.working_seconds(start, local("2026-06-01T10:00") + timedelta(milliseconds=100)) == HOUR


def test_a_working_day_is_as_long_as_the_days_that_have_hours() -> None:
    assert weekdays("09:00-17:00").calendar.day_seconds == 8 * HOUR
    assert always("UTC").calendar.day_seconds == 24 * HOUR
    assert every_day("22:00-06:00").calendar.day_seconds == 8 * HOUR


def test_answers_do_not_depend_on_which_years_were_asked_for_before() -> None:
    fresh, used = weekdays("09:00-17:00"), weekdays("09:00-17:00")
    for year in (2031, 2008, 2026, 2050, 1999):
        start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year, 12, 31, tzinfo=UTC)
        assert used.working_seconds(start, end) == weekdays("09:00-17:00").working_seconds(start, end)
        assert used.add_working_seconds(start, 4000 * HOUR) == weekdays("09:00-17:00").add_working_seconds(
            start, 4000 * HOUR
        )
    long_ago, today = datetime(1999, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
    assert fresh.working_seconds(long_ago, today) == used.working_seconds(long_ago, today)


def test_a_date_far_outside_of_any_helpdesk_is_refused_as_a_broken_record() -> None:
    with pytest.raises(RecordError, match="cannot be right"):
        weekdays("09:00-17:00").working_seconds(datetime(2026, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("calendar", "says"),
    [
        (Calendar("x", "Europe/Londn", (windows("09:00-17:00"),) * 7), "Europe/Londn"),
        (Calendar("x", "../etc/passwd", (windows("09:00-17:00"),) * 7), "no time zone"),
        (Calendar("x", "Europe/London"), "has no hours"),
        (Calendar("x", "Europe/London", ((),) * 7), "has no hours"),
        (Calendar("x", "Europe/London", ((Window(0, 90_000),),) * 7), "window"),
        (Calendar("x", "Europe/London", (windows("09:00-17:00"),) * 7, always=True), "always open"),
    ],
)
def test_a_calendar_that_cannot_work_is_refused_in_plain_words(calendar: Calendar, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Hours(calendar)


# The slow reckoning of `wall_clock` beside ours.


def drawn_week(chance: random.Random) -> Week:
    def window() -> tuple[int, int]:
        start, end = chance.randrange(1440), chance.randrange(1, 1441)
        return (start, end) if start != end else (start, 1440)

    week = tuple(tuple(window() for _ in range(chance.choice((0, 1, 1, 2, 3)))) for _ in range(7))
    return week if any(week) else WEEK_ALL


def changes(zone: str, year: int) -> list[datetime]:
    """The days on which the zone's offset changes; two plain ones where there is none."""
    there, first = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=n) for n in range(365)]
    found = [
        day for day in days if day.astimezone(there).utcoffset() != (day + MINUTE * 1440).astimezone(there).utcoffset()
    ]
    return found or [days[60], days[300]]


@pytest.mark.parametrize("zone", ZONES)
def test_twenty_thousand_random_spans_around_clock_changes_agree_with_looking_at_the_wall_clock(zone: str) -> None:
    chance = random.Random(zone)
    for year in (2011, 2026):
        for change in changes(zone, year)[:2]:
            week, first = drawn_week(chance), change - timedelta(days=4)
            off = frozenset({(change + timedelta(days=chance.randrange(-3, 4))).date()})
            worked = [0, *accumulate(reckon(zone, week, first, 9 * 1440, off))]
            hours = hours_of(zone, week, off)
            for _ in range(120):
                start, end = sorted(chance.randrange(9 * 1440) for _ in range(2))
                used = worked[end] - worked[start]
                assert hours.working_seconds(first + MINUTE * start, first + MINUTE * end) == used * 60
                if used:
                    due = worked.index(worked[start] + used)
                    assert hours.add_working_seconds(first + MINUTE * start, used * 60) == first + MINUTE * due


def instants(first_year: int, last_year: int) -> st.SearchStrategy[datetime]:
    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (first_year, last_year))
    return st.integers(first, last).map(lambda second: datetime.fromtimestamp(second, UTC))


@given(
    zone=st.sampled_from(ZONES),
    chance=st.randoms(use_true_random=False),
    start=instants(1995, 2040),
    seconds=st.integers(1, 400 * HOUR),
)
@settings(max_examples=150, deadline=None)
def test_adding_and_measuring_are_each_others_inverse(
    zone: str, chance: random.Random, start: datetime, seconds: int
) -> None:
    hours = hours_of(zone, drawn_week(chance))
    due = hours.add_working_seconds(start, seconds)
    assert hours.working_seconds(start, due) == seconds
    assert hours.working_seconds(start, due - timedelta(seconds=1)) == seconds - 1
    middle = start + (due - start) / 2
    assert hours.working_seconds(start, middle) + hours.working_seconds(middle, due) == seconds


@given(
    zone=st.sampled_from(ZONES),
    chance=st.randoms(use_true_random=False),
    start=instants(2009, 2031),
    seconds=st.integers(0, 2 * 24 * HOUR),
)
@settings(max_examples=100, deadline=None)
def test_any_span_to_the_second_agrees_with_looking_at_the_wall_clock_every_second(
    zone: str, chance: random.Random, start: datetime, seconds: int
) -> None:
    week = drawn_week(chance)
    there, end = ZoneInfo(zone), start + timedelta(seconds=seconds)
    worked = 0
    here = start
    while here < end:
        step = min(60 - here.second, int((end - here).total_seconds()))
        worked += step * is_open(here.astimezone(there), week)
        here += timedelta(seconds=step)
    assert hours_of(zone, week).working_seconds(start, end) == worked
