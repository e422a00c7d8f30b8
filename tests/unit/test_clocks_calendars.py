"""What an admin may say of working days: half days, public holidays of a country, hours that change on a date."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Change, Holiday, Week, Window
from connector.clocks.public_holidays import PublicHolidays
from connector.errors import SettingsError

HOUR = 3600
NINE_TO_FIVE = (Window(9 * HOUR, 17 * HOUR),)
OFFICE: Week = (NINE_TO_FIVE,) * 5 + ((),) * 2
NIGHTS: Week = ((Window(22 * HOUR, 6 * HOUR),),) * 7
ENGLAND = PublicHolidays("GB", "ENG")


def local(text: str, zone: str = "Europe/London") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def worked(hours: Hours, start: str, end: str) -> float:
    return hours.working_seconds(local(start), local(end)) / HOUR


def test_on_a_half_day_only_its_own_hours_are_worked() -> None:
    eve = Holiday(date(2026, 12, 24), "Christmas Eve", (Window(9 * HOUR, 12 * HOUR),))
    office = Hours(Calendar("office", "Europe/London", OFFICE, (eve,)))
    assert worked(office, "2026-12-24T00:00", "2026-12-25T00:00") == 3
    assert office.add_working_seconds(local("2026-12-24T11:00"), 2 * HOUR) == local("2026-12-25T10:00")


def test_a_half_day_cuts_the_night_shift_of_the_evening_before_and_its_own_goes_on_into_the_next_day() -> None:
    half = Holiday(date(2026, 6, 3), "Half", (Window(20 * HOUR, 2 * HOUR),))
    nights = Hours(Calendar("nights", "Europe/London", NIGHTS, (half,)))
    assert worked(nights, "2026-06-02T12:00", "2026-06-03T12:00") == 2
    assert worked(nights, "2026-06-03T12:00", "2026-06-04T12:00") == 6


def test_the_public_holidays_of_a_country_are_closed_year_after_year() -> None:
    office = Hours(Calendar("office", "Europe/London", OFFICE, public=(ENGLAND,)))
    assert worked(office, "2026-04-02T00:00", "2026-04-08T00:00") == 3 * 8 - 8, "Good Friday and Easter Monday"
    for year in (2019, 2031, 2044):
        assert worked(office, f"{year}-12-25T00:00", f"{year}-12-26T00:00") == 0
    names = [
        name for _, name in office.holidays(*(int(local(day).timestamp()) for day in ("2026-12-24", "2026-12-30")))
    ]
    assert names == ["Christmas Day", "Boxing Day", "Boxing Day (observed)"]


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    bavaria, berlin = (PublicHolidays("DE", part) for part in ("BY", "BE"))
    corpus_christi = date(2026, 6, 4)
    assert corpus_christi in bavaria.names(2026, 2027)
    assert corpus_christi not in berlin.names(2026, 2027)


def test_two_countries_are_closed_on_the_holidays_of_both() -> None:
    office = Hours(Calendar("office", "Europe/London", OFFICE, public=(ENGLAND, PublicHolidays("PT"))))
    assert worked(office, "2026-12-08T00:00", "2026-12-09T00:00") == 0
    assert worked(office, "2026-08-31T00:00", "2026-09-01T00:00") == 0


def test_what_an_admin_says_of_a_date_goes_before_the_country() -> None:
    boxing_day, bank = date(2026, 12, 28), date(2026, 5, 4)
    own = Holiday(boxing_day, "Stocktaking", (Window(10 * HOUR, 11 * HOUR),))
    office = Hours(Calendar("office", "Europe/London", OFFICE, (own,), public=(ENGLAND,), open_on=frozenset({bank})))
    assert worked(office, "2026-12-28T00:00", "2026-12-29T00:00") == 1
    assert worked(office, "2026-05-04T00:00", "2026-05-05T00:00") == 8


def test_hours_that_change_on_a_date_leave_what_was_before_as_it_was() -> None:
    later: Week = ((Window(8 * HOUR, 20 * HOUR),),) * 7
    office = Hours(Calendar("office", "Europe/London", OFFICE, changes=(Change(date(2026, 6, 6), later),)))
    assert worked(office, "2026-05-30T00:00", "2026-06-06T00:00") == 40
    assert worked(office, "2026-06-06T00:00", "2026-06-13T00:00") == 7 * 12
    assert office.add_working_seconds(local("2026-06-05T16:30"), HOUR) == local("2026-06-06T08:30")


def test_a_night_shift_of_the_old_hours_ends_as_it_was_planned() -> None:
    nights = Hours(Calendar("nights", "Europe/London", NIGHTS, changes=(Change(date(2026, 6, 6), OFFICE),)))
    assert worked(nights, "2026-06-05T12:00", "2026-06-06T12:00") == 8


@pytest.mark.parametrize(
    ("calendar", "says"),
    [
        (Calendar("x", "Europe/London", OFFICE, public=(PublicHolidays("UK1"),)), "no public holidays .* 'UK1'"),
        (Calendar("x", "Europe/London", OFFICE, public=(PublicHolidays("DE", "XX"),)), "public holidays of DE"),
        (Calendar("x", "Europe/London", OFFICE, public=(PublicHolidays("DE", language="xx"),)), "no names in 'xx'"),
        (Calendar("x", "Europe/London", OFFICE, public=(PublicHolidays("DE", categories=("x",)),)), "Categories|DE"),
        (Calendar("x", "Europe/London", public=(ENGLAND,), always=True), "always open"),
        (Calendar("x", "Europe/London", OFFICE, changes=(Change(date(2026, 1, 1), ((),) * 7),)), "has no hours"),
        (
            Calendar("x", "Europe/London", OFFICE, changes=(Change(date(2026, 2, 1), OFFICE),) * 2),
            "changes out of order",
        ),
        (
            Calendar("x", "Europe/London", OFFICE, (Holiday(date(2026, 1, 1), "x", (Window(0, 90_000),)),)),
            "window",
        ),
    ],
)
def test_what_cannot_be_a_calendar_is_refused_in_plain_words(calendar: Calendar, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Hours(calendar)
