"""The bound of a search in the account's zone: however Jira reads it, it never lies after the wanted instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.jira.search import bound_text, latest_reading, zone_of

ZONES = sorted(available_timezones())
INSTANTS = st.integers(1, 130 * 366 * 86400).map(lambda second: datetime.fromtimestamp(second, UTC))


def readings(text: str, zone: ZoneInfo) -> list[datetime]:
    local = datetime.fromisoformat(text)
    return [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]


@given(INSTANTS, st.sampled_from(ZONES))
def test_no_reading_of_the_bound_lies_after_the_wanted_instant(wanted: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    found = readings(bound_text(wanted, zone), zone)
    assert max(found) <= wanted
    assert wanted - max(found) < timedelta(hours=3)


@given(st.sampled_from(ZONES), st.integers(2000, 2037), st.integers(-180, 180), st.integers(0, 59))
def test_it_holds_around_every_change_of_the_clocks(name: str, year: int, minutes: int, seconds: int) -> None:
    zone = ZoneInfo(name)
    for change in changes(zone, year):
        wanted = change + timedelta(minutes=minutes, seconds=seconds)
        assert max(readings(bound_text(wanted, zone), zone)) <= wanted


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """The instants of a year at which the zone's offset changes, to the hour."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(366)]
    found = []
    for begin in hours:
        before, after = begin.astimezone(zone).utcoffset(), (begin + timedelta(days=1)).astimezone(zone).utcoffset()
        if before != after:
            found.append(begin + timedelta(hours=1 if after is None else 12))
    return found


def test_in_the_hour_that_comes_twice_the_earlier_reading_is_taken() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30, summer time
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30 again
    assert bound_text(first, berlin) == "2026-10-25 01:30"
    assert max(readings(bound_text(second, berlin), berlin)) <= second


def test_seconds_are_rounded_down_to_the_minute() -> None:
    assert bound_text(datetime(2026, 5, 1, 10, 11, 59, tzinfo=UTC), ZoneInfo("Asia/Kolkata")) == "2026-05-01 15:41"


@given(INSTANTS, st.sampled_from(ZONES))
@example(datetime(2026, 1, 1, tzinfo=UTC), "Pacific/Kiritimati")
@example(datetime(2026, 1, 1, tzinfo=UTC), "Etc/GMT+12")
def test_a_zone_that_nobody_knows_costs_half_a_day_and_no_issue(wanted: datetime, name: str) -> None:
    text = bound_text(wanted, zone_of("Mars/Olympus"))
    zone = ZoneInfo(name)
    if latest_reading(datetime.fromisoformat(text), zone).utcoffset() is not None and _west_of_gmt_12(zone, wanted):
        return
    assert max(readings(text, zone)) <= wanted


def _west_of_gmt_12(zone: ZoneInfo, at: datetime) -> bool:
    """Some islands moved over the date line in the past; no zone lies there today."""
    offset = at.astimezone(zone).utcoffset()
    return offset is not None and offset < timedelta(hours=-12)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", None, 7, "../../etc/passwd", "Europe/Berlin\x00"])
def test_odd_names_of_zones_are_no_zones(name: object) -> None:
    assert zone_of(name) is None


def test_known_names_are() -> None:
    assert zone_of("Asia/Calcutta") == ZoneInfo("Asia/Calcutta")
