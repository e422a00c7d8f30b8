"""The short notations of the YAML files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.settings.notation import (
    duration,
    duration_seconds,
    second_of_day,
    weekdays,
    whole_days,
    window,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("4h", 14_400), ("2d", 172_800), ("1d4h30m", 102_600), (" 5m ", 300), ("0s", 0)],
)
def test_a_duration_is_its_seconds(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds


def test_a_day_is_as_long_as_the_calendar_says() -> None:
    assert duration("2d1h").in_seconds(day_seconds=8 * 3600) == 17 * 3600


@pytest.mark.parametrize("text", ["", " ", "4", "h", "4 hours", "-4h", "1.5h", "30m1h", "4h4h", "4H", "1234567d", "٤h"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write it as"):
        duration(text)


def test_whole_days_take_no_hours() -> None:
    assert whole_days("30d") == 30
    with pytest.raises(ValueError, match="whole days"):
        whole_days("1d1h")


@pytest.mark.parametrize(("text", "second"), [("00:00", 0), ("09:30", 34_200), ("23:59", 86_340), ("24:00", 86_400)])
def test_a_time_of_day_is_seconds_after_midnight(text: str, second: int) -> None:
    assert second_of_day(text) == second


@pytest.mark.parametrize("text", ["9:00", "09:60", "24:01", "0900", "", "09:00:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it with two digits"):
        second_of_day(text)


def test_a_window_may_run_over_midnight() -> None:
    assert window("09:00-17:00") == (32_400, 61_200)
    assert window("22:00 - 06:00") == (79_200, 21_600)
    assert window("00:00-24:00") == (0, 86_400)


@pytest.mark.parametrize("text", ["09:00", "09:00-09:00", "24:00-02:00", "nine-five", ""])
def test_a_window_without_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        window(text)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", (0,)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("fri-mon", (4, 5, 6, 0)),
        ("Mon, wed-thu", (0, 2, 3)),
        ("sun-sun", (6,)),
    ],
)
def test_days_are_single_or_ranges(text: str, days: tuple[int, ...]) -> None:
    assert weekdays(text) == days


@pytest.mark.parametrize("text", ["", "monday", "mon-", "mon-fry", "mon,,tue", "1"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no day of the week"):
        weekdays(text)


@given(st.text(max_size=20))
def test_any_text_is_a_notation_or_a_value_error(text: str) -> None:
    for parse in (duration, whole_days, window, weekdays, second_of_day):
        try:
            parse(text)
        except ValueError as error:
            assert "write" in str(error)
