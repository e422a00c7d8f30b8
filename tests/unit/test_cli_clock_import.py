"""`amends clock import`: days off from an iCalendar file, looked at one by one before they count."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.memory import DESKS
from connector.settings import load
from connector.settings.editing import with_entries
from tests.unit.test_cli_commands import Office

CALENDARS = """\
# Ours.
calendars:
  support:
    zone: Europe/Lisbon
    hours:
      mon-fri: ["09:00-17:00"] # nobody on Saturdays
    holidays:
      2026-12-08: Imaculada # closed

  # For nights.
  night:
    zone: Europe/Lisbon
    hours: {mon-fri: ["22:00-06:00"]}
  always: {zone: UTC, always: true}
"""
EVENTS = [
    ("20260424", "20260425", "Feira", ""),
    ("20261208", "", "Imaculada", ""),
    ("20261228", "20270102", "Between the years", ""),
    ("19990613", "", "Santo António: o da cidade", "RRULE:FREQ=YEARLY"),
    ("20260105", "", "Mondays", "RRULE:FREQ=WEEKLY"),
    ("20260601", "", "Called off", "STATUS:CANCELLED"),
    ("20300101", "", "Far away", ""),
]


def ics() -> str:
    found = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//ours//EN"]
    for number, (start, end, name, more) in enumerate(EVENTS):
        found += ["BEGIN:VEVENT", f"UID:{number}@example.org", f"DTSTART;VALUE=DATE:{start}", f"SUMMARY:{name}"]
        found += [f"DTEND;VALUE=DATE:{end}"] if end else []
        found += [more] if more else []
        found += ["END:VEVENT"]
    found += ["BEGIN:VEVENT", "UID:t@example.org", "DTSTART:20260701T120000Z", "SUMMARY:Lunch", "END:VEVENT"]
    return "\r\n".join([*found, "END:VCALENDAR", ""])


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = Office(tmp_path / "amends", capsys, monkeypatch)
    (made.home / "calendars.yaml").write_text(CALENDARS, encoding="utf-8")
    (made.home / "sla.yaml").write_text("targets: []\n", encoding="utf-8")
    (tmp_path / "off.ics").write_text(ics(), encoding="utf-8")
    yield made
    del DESKS[made.desk.name]


def imported(office: Office, *more: str, calendar: str = "support") -> tuple[int, str, str]:
    said = office.type("clock", "import", str(office.home.parent / "off.ics"), "--calendar", calendar, *more)
    return said.code, said.out, said.err


def closed(office: Office, name: str = "support") -> list[str]:
    return [str(one.date) for one in load(office.home).sla.calendars[name].calendar.holidays]


def test_each_day_is_listed_and_none_is_added_unasked(office: Office) -> None:
    code, out, _ = imported(office)
    assert code == 0
    for line in ("Fri 2026-04-24  Feira", "Tue 2026-12-08  Imaculada  (closed already)", "Fri 2027-01-01  Between"):
        assert line in out
    assert "Sat 2026-06-13  Santo António: o da cidade" in out
    assert "2030" not in out
    for why in ("Mondays: it repeats within the year", "Called off: it is cancelled", "Lunch: it has a time of day"):
        assert f"passed over: {why}" in out
    assert "Nothing was added" in out
    assert closed(office) == ["2026-12-08"]


def test_accepted_days_are_added_where_comments_and_order_stay(office: Office) -> None:
    _, out, _ = imported(office, "--accept", "2026-04-24", "--accept", "2026-06-13", "--accept", "2026-12-08")
    assert "2 days added to support" in out
    text = (office.home / "calendars.yaml").read_text(encoding="utf-8")
    assert text == CALENDARS.replace(
        "# closed\n", '# closed\n      2026-04-24: Feira\n      2026-06-13: "Santo António: o da cidade"\n'
    )
    assert closed(office) == ["2026-04-24", "2026-06-13", "2026-12-08"]
    assert "Feira  (closed already)" in imported(office)[1]


def test_a_calendar_without_holidays_gets_them(office: Office) -> None:
    imported(office, "--accept-all", "--year", "2027", calendar="night")
    assert closed(office, "night") == ["2027-01-01", "2027-06-13"]
    assert closed(office) == ["2026-12-08"]


def test_a_dry_run_adds_nothing(office: Office) -> None:
    _, out, _ = imported(office, "--accept-all", "--dry-run")
    assert "days would be added" in out
    assert closed(office) == ["2026-12-08"]


def test_somebody_at_a_terminal_is_asked_day_by_day(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def agrees(question: str, **_more: object) -> bool:
        asked.append(question)
        return "Feira" in question

    monkeypatch.setattr("typer.confirm", agrees)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    imported(office, "--year", "2026")
    assert closed(office) == ["2026-04-24", "2026-12-08"]
    assert len(asked) == 1 + 4 + 1, "what is closed already is not asked"


@pytest.mark.parametrize(
    ("calendar", "content", "says"),
    [
        ("nights", None, "there is no calendar 'nights'"),
        ("support", "no calendar at all", "is no iCalendar file"),
        ("always", None, "nothing can be added to calendars, always"),
    ],
)
def test_what_cannot_be_done_is_said(office: Office, calendar: str, content: str | None, says: str) -> None:
    if content:
        (office.home.parent / "off.ics").write_text(content, encoding="utf-8")
    code, _, err = imported(office, "--accept-all", calendar=calendar)
    assert (code, says in err) == (2, True), err
    assert (office.home / "calendars.yaml").read_text(encoding="utf-8") == CALENDARS


def test_a_death_before_the_new_file_is_in_place_leaves_the_old_one_whole(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_paths: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("connector.commands.clock_import.os.replace", dies)
    imported(office, "--accept-all")
    assert (office.home / "calendars.yaml").read_text(encoding="utf-8") == CALENDARS
    assert [one.name for one in office.home.glob("calendars*")] == ["calendars.yaml"]


def test_the_shipped_calendars_are_not_edited(office: Office) -> None:
    (office.home / "calendars.yaml").unlink()
    code, _, err = imported(office, "--accept-all")
    assert (code, "what Amends ships is not edited" in err) == (2, True)


def test_lines_go_before_the_comments_that_lead_to_what_follows() -> None:
    text = "a:\n  b:\n    c: 1\n\n  # of d\n  d: {e: 1}\n"
    assert with_entries(text, ("a", "b"), ["f: 2"]) == "a:\n  b:\n    c: 1\n    f: 2\n\n  # of d\n  d: {e: 1}\n"
    assert with_entries(text, ("a", "g"), ["f: 2"]) == text + "  g:\n    f: 2\n"
