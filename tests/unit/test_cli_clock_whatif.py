"""`amends clock what-if`: what other targets or calendars would change, before they count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.memory import DESKS
from tests.unit.test_cli_commands import Office

TARGETS = """
targets:
  - {{name: First reply, clock: first_reply, within: {within}, calendar: {calendar}}}
"""


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Three open complaints and one that was answered, two working hours after they came; four are allowed."""
    made = Office(tmp_path / "amends", capsys, monkeypatch)
    (made.home / "sla.yaml").write_text(TARGETS.format(within="4h", calendar="always"), encoding="utf-8")
    for number in range(3):
        made.complain(f"Parcel {number} late")
    done = made.complain("Parcel late, and come")
    made.desk.set(done, "status", "solved")
    made.desk.advance(2 * 3600)
    made.type("sync")
    yield made
    del DESKS[made.desk.name]


def draft(tmp_path: Path, text: str, name: str = "draft.yaml") -> str:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / name)


@pytest.mark.parametrize(
    ("within", "kind"), [("1h", "overdue"), ("3h", "sooner"), ("5h", "later")], ids=["overdue", "sooner", "later"]
)
def test_it_counts_the_open_complaints_that_would_stand_otherwise(
    office: Office, tmp_path: Path, within: str, kind: str
) -> None:
    file = draft(tmp_path, TARGETS.format(within=within, calendar="always"))
    told = office.type("clock", "what-if", file, "--json").json
    assert (told["open"], told["changed"]) == (3, 3), "what is finished is not counted"
    assert told["by_kind"] == {"overdue": 0, "in_time": 0, "sooner": 0, "later": 0, "other": 0, kind: 3}


def test_complaints_that_would_not_be_overdue_any_more_are_told(office: Office, tmp_path: Path) -> None:
    office.desk.advance(3 * 3600)
    file = draft(tmp_path, TARGETS.format(within="6h", calendar="always"))
    said = office.type("clock", "what-if", file).out
    assert "3 of 3 open complaints would change" in said
    assert "3  would not be overdue any more" in said


def test_the_same_rules_change_nothing(office: Office, tmp_path: Path) -> None:
    file = draft(tmp_path, TARGETS.format(within="4h", calendar="always"), "sla.yaml")
    assert "0 of 3 open complaints would change" in office.type("clock", "what-if", file).out


def test_a_calendar_can_be_tried_as_well(office: Office, tmp_path: Path) -> None:
    hours = '{zone: UTC, hours: {mon-sun: ["00:00-12:00"]}}'
    file = draft(tmp_path, f"calendars:\n  always: {hours}\n  support: {hours}\n")
    assert office.type("clock", "what-if", file, "--json").json["changed"] == 3


def test_it_stores_nothing_and_writes_nothing(office: Office, tmp_path: Path) -> None:
    before, ledger = office.type("complaints", "list", "--json").out, len(office.desk.ledger)
    office.type("clock", "what-if", draft(tmp_path, TARGETS.format(within="1h", calendar="always")))
    assert office.type("complaints", "list", "--json").out == before
    assert len(office.desk.ledger) == ledger


def test_a_wrong_draft_is_named_with_its_line(office: Office, tmp_path: Path) -> None:
    file = draft(tmp_path, TARGETS.format(within="4h", calendar="nights"))
    said = office.type("clock", "what-if", file)
    assert said.code == 2
    assert "draft.yaml:3:" in said.err
    assert "there is no calendar 'nights'" in said.err


def test_a_file_of_another_kind_is_refused(office: Office, tmp_path: Path) -> None:
    said = office.type("clock", "what-if", draft(tmp_path, "rules: []\n"))
    assert (said.code, "neither targets nor calendars" in said.err) == (2, True)


def test_what_is_overdue_either_way_is_told_by_its_clock_and_both_times(office: Office, tmp_path: Path) -> None:
    office.desk.advance(6 * 3600)
    file = draft(tmp_path, TARGETS.format(within="6h", calendar="always"))
    told = office.type("clock", "what-if", file, "--json").json
    assert told["by_kind"]["later"] == 3
    assert {one["clock"] for one in told["examples"]} == {"first reply"}
    assert all(one["due_before"] < one["due_after"] for one in told["examples"])
    assert "first reply: would be due later" in office.type("clock", "what-if", file).out
