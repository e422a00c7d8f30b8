"""Durations and instants in plain English."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.wording import duration, instant


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (90_000, "25 h"),
    ],
)
def test_a_duration_is_told_in_hours_and_minutes(seconds: int, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "Mon 1 Jun 2026 23:30 UTC"),
        ("Europe/London", "Tue 2 Jun 2026 00:30 BST (Mon 1 Jun 2026 23:30 UTC)"),
        ("America/New_York", "Mon 1 Jun 2026 19:30 EDT (23:30 UTC)"),
        ("Asia/Kathmandu", "Tue 2 Jun 2026 05:15 +0545 (Mon 1 Jun 2026 23:30 UTC)"),
    ],
)
def test_an_instant_is_told_in_local_time_and_utc(zone: str, words: str) -> None:
    assert instant(datetime(2026, 6, 1, 23, 30, tzinfo=UTC), zone) == words


@pytest.mark.parametrize(
    ("zone", "beside", "words"),
    [
        ("Europe/London", "UTC", "Mon 1 Jun 2026 24:00 BST (23:00 UTC)"),
        ("America/New_York", "Europe/London", "Mon 1 Jun 2026 19:00 EDT (24:00 BST)"),
        ("Europe/Berlin", "Europe/London", "Tue 2 Jun 2026 01:00 CEST (Mon 1 Jun 2026 24:00 BST)"),
        ("Europe/Lisbon", "Europe/London", "Mon 1 Jun 2026 24:00 WEST"),
    ],
)
def test_the_end_of_a_day_is_told_as_that_day_and_in_the_readers_zone(zone: str, beside: str, words: str) -> None:
    assert instant(datetime(2026, 6, 1, 23, 0, tzinfo=UTC), zone, beside, ends_day=True) == words
