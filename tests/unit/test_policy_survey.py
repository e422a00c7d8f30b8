"""When a survey may go: after a day, before two, in the customer's daytime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model import Complainant, Complaint, Status
from connector.policy.rules import Survey
from connector.policy.survey import window

USUAL = Survey(tags=("ask",), zone="Europe/London")
ZONES = ["Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Kiritimati", "Etc/GMT+12"]


def customer(zone: str | None) -> Complaint:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    person = Complainant("mail:ann@example.org", time_zone=zone)
    return Complaint("shop", "7", 1, "late", "late", person, Status.RESOLVED, at, at)


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("resolved", "zone", "first"),
    [
        ("2026-06-01T14:00", "Europe/London", "2026-06-02T14:00"),
        ("2026-06-01T06:30", "Europe/London", "2026-06-02T09:00"),
        ("2026-06-01T18:59", "Europe/London", "2026-06-02T18:59"),
        ("2026-06-01T19:00", "Europe/London", "2026-06-03T09:00"),
        ("2026-06-01T23:00", "America/New_York", "2026-06-03T09:00"),
        ("2026-03-28T03:00", "Europe/London", "2026-03-29T09:00"),
        ("2026-10-24T20:00", "Europe/London", "2026-10-26T09:00"),
    ],
)
def test_a_survey_waits_for_the_customers_daytime(resolved: str, zone: str, first: str) -> None:
    ended = local(resolved, zone)
    assert window(customer(zone), ended, USUAL) == (local(first, zone), ended + timedelta(hours=48))


@pytest.mark.parametrize("zone", [None, "Eastern Time (US & Canada)", "../secrets", ""])
def test_an_unknown_zone_of_the_customer_means_ours(zone: str | None) -> None:
    ended = local("2026-06-01T02:00", "Europe/London")
    found = window(customer(zone), ended, USUAL)
    assert found is not None
    assert found[0] == local("2026-06-02T09:00", "Europe/London")


def test_no_survey_where_daytime_never_falls_into_its_time() -> None:
    short = Survey(tags=("ask",), after_hours=1, before_hours=4, zone="Europe/London")
    assert window(customer(None), local("2026-06-01T20:00", "Europe/London"), short) is None
    assert window(customer(None), local("2026-06-01T06:00", "Europe/London"), short) is not None


@given(
    second=st.integers(1_600_000_000, 2_000_000_000),
    zone=st.sampled_from(ZONES),
    opens=st.integers(0, 86_000),
    length=st.integers(1, 86_400),
    after=st.integers(0, 72),
    allowed=st.integers(1, 72),
)
def test_a_survey_never_goes_too_soon_too_late_or_at_night(
    second: int, zone: str, opens: int, length: int, after: int, allowed: int
) -> None:
    until = min(opens + length, 86_400)
    settings = Survey(after, after + allowed, opens, until, tags=("ask",))
    ended = datetime.fromtimestamp(second, UTC)
    found = window(customer(zone), ended, settings)
    if found is None:
        return
    first, last = found
    assert ended + timedelta(hours=after) <= first < last == ended + timedelta(hours=after + allowed)
    wall = first.astimezone(ZoneInfo(zone))
    second_of_day = wall.hour * 3600 + wall.minute * 60 + wall.second
    skipped = wall.utcoffset() != (first - timedelta(days=1)).astimezone(ZoneInfo(zone)).utcoffset()
    assert opens <= second_of_day < until or skipped


@given(second=st.integers(1_600_000_000, 2_000_000_000), zone=st.sampled_from(ZONES))
def test_the_usual_two_days_always_hold_a_daytime(second: int, zone: str) -> None:
    assert window(customer(zone), datetime.fromtimestamp(second, UTC), USUAL) is not None
