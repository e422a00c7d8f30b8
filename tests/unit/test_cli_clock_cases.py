"""`amends clock test`: an admin's own cases for calendars, as they are typed and answered."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli import app
from connector.clocks.cases import tried
from tests.unit.wall_clock import is_open

OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
ALL_DAY = {day: [["00:00", "00:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
NIGHTS = {day: [["22:00", "06:00"]] for day in ALL_DAY}
SPLIT = {"mon": [["08:00", "12:00"], ["13:30", "18:00"]]}
PUBLISHED: dict[str, tuple[Any, ...]] = {  # windows, zone, start, minutes, pauses, due
    "over a week-end into summer time": (OFFICE, "Europe/London", "2026-03-27T16:30", 120, [], "2026-03-30T10:30"),
    "around the clock": (ALL_DAY, "America/New_York", "2026-03-07T20:00", 1440, [], "2026-03-08T21:00"),
    "a pause outside hours costs nothing": (
        OFFICE, "Europe/London", "2026-06-01T09:00", 480, [["2026-06-01T17:00", "2026-06-02T09:00"]],
        "2026-06-01T17:00",
    ),
    "a pause costs its working time": (
        OFFICE, "Europe/London", "2026-06-01T09:00", 480, [["2026-06-01T16:00", "2026-06-02T10:00"]],
        "2026-06-02T11:00",
    ),
    "two windows a day": (SPLIT, "Europe/London", "2026-06-01T11:30", 120, [], "2026-06-01T15:00"),
    "late on a Friday": (OFFICE, "Europe/London", "2026-06-05T16:30", 60, [], "2026-06-08T09:30"),
    "pauses that overlap count once": (
        OFFICE, "Europe/London", "2026-06-01T09:00", 60,
        [["2026-06-01T09:30", "2026-06-01T11:00"], ["2026-06-01T10:00", "2026-06-01T12:00"]], "2026-06-01T12:30",
    ),
    "a pause from before the start": (
        OFFICE, "Europe/London", "2026-06-01T10:00", 60, [["2026-06-01T09:00", "2026-06-01T11:00"]],
        "2026-06-01T12:00",
    ),
    "no time at all": (OFFICE, "Europe/London", "2026-06-06T10:00", 0, [], "2026-06-06T10:00"),
    "a whole day from nine on": (
        {"mon": [["09:00", "09:00"]]}, "Europe/London", "2026-06-01T00:00", 20 * 60, [], "2026-06-02T05:00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_case_comes_out_as_reckoned_by_hand(name: str) -> None:
    windows, zone, start, minutes, pauses, due = PUBLISHED[name]
    case = {"id": name, "calendar": {"zone": zone, "windows": windows}, "start": start, "target_minutes": minutes}
    found = tried(case | {"pauses": pauses, "due": due})
    assert found.ok, found


@pytest.mark.parametrize(("evening", "hours"), [("2026-03-28", 7), ("2026-10-24", 9)])
def test_probes_count_the_hours_of_a_night_in_which_the_clocks_change(evening: str, hours: int) -> None:
    noon = (datetime.fromisoformat(evening) + timedelta(hours=36)).isoformat()
    case = {"id": 1, "calendar": {"zone": "Europe/London", "windows": NIGHTS}, "start": f"{evening}T12:00"}
    assert tried(case | {"target_minutes": 9999, "probes": [[noon, hours * 60]]}).ok


def test_a_clock_that_stands_still_for_good_is_never_due() -> None:
    case = {"id": "x", "calendar": {"zone": "UTC", "windows": OFFICE}, "start": "2026-06-01T09:00"}
    still = tried(case | {"target_minutes": 60, "pauses": [["2026-06-01T09:30", None]], "due": None})
    assert (still.due, still.ok) == (None, True)
    assert tried(case | {"target_minutes": 60, "pauses": [["2026-06-01T10:00", None]]}).due is not None


@given(
    chance=st.randoms(use_true_random=False),
    start=st.integers(0, 5 * 1440),
    minutes=st.integers(1, 3000),
    pauses=st.lists(st.tuples(st.integers(-500, 6 * 1440), st.integers(0, 2000)), max_size=4),
    zone=st.sampled_from(["Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
    week=st.dictionaries(
        st.sampled_from(sorted(ALL_DAY)), st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 1439)), max_size=3)
    ),
    first=st.sampled_from(["2026-03-25", "2026-10-22", "2026-04-02", "2026-06-10", "2025-10-31"]),
)
@settings(max_examples=150, deadline=None)
def test_any_case_with_any_pauses_agrees_with_looking_at_the_wall_clock_every_minute(
    chance: random.Random,
    start: int,
    minutes: int,
    pauses: list[tuple[int, int]],
    zone: str,
    week: dict[str, list[tuple[int, int]]],
    first: str,
) -> None:
    day = datetime.fromisoformat(first).replace(tzinfo=UTC)
    begun = day + timedelta(minutes=start)
    paused = [(day + timedelta(minutes=at), day + timedelta(minutes=at + length)) for at, length in pauses]
    plan = tuple(
        tuple((begin, 1440 if begin == end == 0 else end) for begin, end in week.get(name, ()))
        for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    )
    off = (begun + timedelta(days=1)).date()
    used, due, at = 0, None, begun
    probe_at = begun + timedelta(minutes=chance.randrange(9 * 1440))
    probed = 0
    there = ZoneInfo(zone)
    while at < begun + timedelta(days=9):
        if at == probe_at:
            probed = used
        if due is None and used == minutes:
            due = at
        if is_open(at.astimezone(there), plan, frozenset({off})) and not any(a <= at < b for a, b in paused):
            used += 1
        at += timedelta(minutes=1)

    def text(pair: tuple[int, int]) -> list[str]:
        return [f"{minute // 60:02}:{minute % 60:02}" for minute in pair]

    case = {
        "id": "drawn",
        "calendar": {
            "zone": zone,
            "windows": {name: [text(pair) for pair in pairs] for name, pairs in week.items()},
            "holidays": [off.isoformat()],
        },
        "start": begun.isoformat(),
        "target_minutes": minutes,
        "pauses": [[a.isoformat(), b.isoformat()] for a, b in paused],
        "probes": [[probe_at.isoformat(), probed]],
    }
    if not any(week.values()):
        return
    found = tried(case)
    assert found.probes[0].used_minutes == probed
    if due is not None:
        assert found.due == due


def _run(tmp_path: Path, name: str, content: str, *more: str) -> Any:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    return CliRunner().invoke(app, ["clock", "test", str(file), *more])


CASE = {"id": "a", "calendar": {"zone": "Europe/London", "windows": OFFICE}, "start": "2026-06-05T16:30",
        "target_minutes": 60}  # fmt: skip


def test_each_line_of_json_is_answered_by_a_line_in_the_same_order(tmp_path: Path) -> None:
    lines = [json.dumps(CASE | {"id": f"c{n}", "target_minutes": n}) for n in range(5)]
    done = _run(tmp_path, "cases.jsonl", "\n".join(lines), "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["id"] for one in told] == [f"c{n}" for n in range(5)]
    assert told[3]["due"] == "2026-06-05T15:33:00Z"
    assert done.exit_code == 0


def test_a_difference_is_shown_and_leaves_with_1(tmp_path: Path) -> None:
    done = _run(tmp_path, "cases.jsonl", json.dumps(CASE | {"due": "2026-06-08T09:31"}))
    assert done.exit_code == 1
    assert "WRONG" in done.stdout
    assert "expected Mon 08 Jun 2026 09:31:00 BST" in done.stdout


def test_a_line_that_is_no_case_is_told_and_stops_no_other(tmp_path: Path) -> None:
    done = _run(tmp_path, "cases.jsonl", "\n".join(('{"id":', '"x"', "[1, 2]", json.dumps(CASE))))
    assert done.exit_code == 2
    assert "cases.jsonl:1: this line is not JSON" in done.stdout
    assert done.stdout.count("is no case") == 2
    assert "due Mon 08 Jun 2026" in done.stdout


def test_a_target_of_a_hundred_years_is_reckoned_and_days_may_be_written_out() -> None:
    windows = {"Monday": [["9:00", "17:00"]]}
    case = {"id": "x", "calendar": {"zone": "UTC", "windows": windows}, "start": "2026-06-01T09:00"}
    assert tried(case | {"target_minutes": 52 * 100 * 480 + 60, "due": "2126-01-28T10:00"}).due is not None
    (hour,) = tried(case | {"target_minutes": 10_000 * 60, "probes": [["2126-01-28T09:00", 52 * 100 * 480]]}).probes
    assert hour.used_minutes == 5200 * 480


YAML = """
- id: late on a Friday
  calendar: {zone: Europe/London, windows: {fri: [[09:00, 17:00]], mon: [[09:00, 17:00]]}}
  start: 2026-06-05T16:30
  target_minutes: 60
  due: 2026-06-08T09:30
"""


def test_a_file_may_begin_with_a_mark_of_its_encoding(tmp_path: Path) -> None:
    done = _run(tmp_path, "cases.jsonl", "\ufeff" + json.dumps(CASE | {"due": "2026-06-08T09:30"}))
    assert (done.exit_code, "1 case, none not as expected" in done.stdout) == (0, True)


def test_cases_may_be_yaml(tmp_path: Path) -> None:
    done = _run(tmp_path, "cases.yaml", YAML)
    assert done.exit_code == 0, done.output
    assert "right" in done.stdout


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"start": "yesterday"}, "cannot hold 'yesterday'"),
        ({"target_minutes": "ten"}, "target_minutes cannot hold 'ten'"),
        ({"calendar": None}, "has no calendar"),
        ({"calendar": {"zone": "Mars/Base", "windows": OFFICE}}, "no time zone 'Mars/Base'"),
        ({"calendar": {"zone": "UTC", "windows": {"mon": [["9", "17:00"]]}}}, "windows cannot hold"),
        ({"calendar": {"zone": "UTC", "windows": {"xyz": []}}}, "one of mon, tue"),
        ({"pauses": [["2026-06-02T10:00", "2026-06-01T10:00"]]}, "the earlier instant first"),
        ({"probes": [["2026-06-02T10:00"]]}, "probes cannot hold"),
        ({"probes": [["2026-06-02T10:00", "ten"]]}, "probes cannot hold"),
        ({"pauses": 5}, "pauses cannot hold 5"),
        ({"start": "9999-12-31T23:59-12:00"}, "start cannot hold"),
        ({"start": "3000-01-01T09:00"}, "Use dates from 1902 to 2297"),
        ({"target_minutes": 4e9}, "Use dates from 1902 to 2297"),
        ({"calendar": {"zone": "UTC", "windows": {"mon-fri": [["09:00", "17:00"]]}}}, "each day by itself"),
        ({"calendar": {"zone": "UTC", "windows": [["09:00", "17:00"]]}}, "windows cannot hold"),
        ({"calendar": {"zone": "UTC", "windows": {"mon": "09:00-17:00"}}}, "mon cannot hold"),
        ({"calendar": {"zone": "UTC", "windows": {"mon": [["09:00", "25:00"]]}}}, "windows cannot hold '25:00'"),
        ({"calendar": {"zone": "UTC", "windows": OFFICE, "holidays": {"2026-06-08": "off"}}}, "holidays cannot hold"),
    ],
)
def test_what_is_wrong_with_a_case_is_said_with_its_line_and_stops_no_other(
    tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    done = _run(tmp_path, "cases.jsonl", json.dumps(CASE | change) + "\n" + json.dumps(CASE))
    assert done.exit_code == 2
    assert "cases.jsonl:1: " in done.stdout
    assert says in done.stdout
    assert "due Mon 08 Jun 2026 09:30:00 BST" in done.stdout
    assert CASE["target_minutes"] == 60
