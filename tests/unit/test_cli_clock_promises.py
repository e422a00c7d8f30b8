"""`amends clock promises`, `confirm` and `dismiss`: what customers were promised, and a person's word on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.memory import DESKS
from connector.store import complaints, sources
from tests.unit.test_cli_commands import Office


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A complaint with a promise that is certain, and one with a date that may be one; said on a Monday."""
    made = Office(tmp_path / "amends", capsys, monkeypatch)
    for text in ("We will write to you by Wednesday.", "We hope to write to you by Friday."):
        ticket = made.complain()
        made.desk.staff_reply(ticket, text)
    made.type("sync")
    yield made
    del DESKS[made.desk.name]


def states(office: Office, *words: str) -> list[tuple[str, int, str]]:
    told = office.type("clock", "promises", "--json", *words).json
    return [(one["id"], one["number"], one["state"]) for one in told["promises"]]


def test_promises_are_listed_with_their_words_and_what_became_of_them(office: Office) -> None:
    said = office.type("clock", "promises").out
    assert "shop/1 #1  open, by Wed" in said
    assert "“We will write to you by Wednesday”" in said
    assert "“We hope to write to you by Friday”; it is not said for certain" in said
    assert said.splitlines()[-1] == "1 open, 1 date to confirm"


def test_a_listing_can_be_narrowed(office: Office) -> None:
    assert states(office, "--unsure") == [("shop/2", 1, "unsure")]
    assert states(office, "--state", "open") == [("shop/1", 1, "open")]
    assert states(office, "--state", "kept") == []
    assert len(states(office, "--most", "1")) == 1
    assert office.type("clock", "promises", "--source", "none").code == 2


def test_status_says_how_many_were_kept(office: Office) -> None:
    office.desk.advance(3600)
    office.desk.staff_reply("1", "Here it is.")
    office.type("sync")
    assert "promises    1 kept (100% kept), 1 date to confirm" in office.type("status").out
    told = office.type("status", "--json").json
    assert (told["promises"], told["promises_kept"]) == ({"kept": 1, "unsure": 1}, 1.0)


def test_a_broken_one_is_flagged_listed_and_counted(office: Office) -> None:
    office.desk.advance(4 * 86_400)
    office.type("sync")
    assert [one["id"] for one in office.type("complaints", "list", "--flag", "broken_promise", "--json").json] == [
        "shop/1"
    ]
    assert office.type("clock", "promises").out.splitlines()[-1] == "1 broken (0% kept), 1 date to confirm"


def test_explain_shows_the_words_and_how_to_decide(office: Office) -> None:
    said = office.type("explain", "shop/1").out
    assert "promise #1: running" in said
    assert "in the words “We will write to you by Wednesday”" in said
    said = office.type("explain", "shop/2").out
    assert "promise #1: unsure, it is not said for certain" in said
    assert "amends clock confirm shop/2 1   or   amends clock dismiss shop/2 1" in said


def test_a_dry_run_says_what_would_be_noted_and_notes_nothing(office: Office) -> None:
    assert office.type("clock", "confirm", "shop/2", "1", "--dry-run").out.startswith("Would note: “We hope to")
    assert states(office, "--unsure") == [("shop/2", 1, "unsure")]


def test_a_confirmed_one_runs_and_the_word_is_audited(office: Office) -> None:
    said = office.type("clock", "confirm", "shop/2", "1")
    assert said.code == 0
    assert "is a promise, due Fri" in said.out
    assert ("shop/2", 1, "open") in states(office)
    assert "promise: confirmed" in office.type("audit", "list").out
    office.type("sync")
    assert "promises    2 open" in office.type("status").out


def test_a_confirmed_one_may_be_due_on_another_day_or_at_an_hour(office: Office) -> None:
    told = office.type("clock", "confirm", "shop/2", "1", "--due", "2026-03-20", "--json").json
    assert told["due_at"] == "2026-03-20T23:59:59Z"
    told = office.type("clock", "confirm", "shop/2", "1", "--due", "2026-03-20T17:00", "--json").json
    assert told["due_at"] == "2026-03-20T17:00:00Z"
    assert office.type("clock", "confirm", "shop/2", "1", "--due", "2020-01-01").code == 1


def test_a_dismissed_one_is_a_promise_no_more(office: Office) -> None:
    assert office.type("clock", "dismiss", "shop/1", "1").out.startswith(
        "Noted: “We will write to you by Wednesday” is no"
    )
    assert ("shop/1", 1, "dismissed") in states(office)
    office.desk.advance(4 * 86_400)
    office.type("sync")
    assert office.type("complaints", "list", "--flag", "broken_promise", "--json").json == []
    office.type("clock", "confirm", "shop/1", "1")
    assert ("shop/1", 1, "broken") in states(office)


def test_the_words_of_a_reply_are_kept_nowhere_but_with_the_reply(office: Office) -> None:
    office.type("clock", "confirm", "shop/2", "1")
    (said,) = [event["id"] for event in office.desk.story("2") if event["kind"] == "staff_reply"]
    office.desk.redact("2", str(said))
    office.type("sync")
    store = office.store()
    with store.read() as connection:
        (one,) = [one for one in complaints.listing(connection) if one.ticket == "2"]
        told = f"{one} {sources.audit_lines(connection)}"
    store.close()
    assert "hope to write" not in told
    assert one.rulings[0].stands


def test_a_promise_that_is_not_there_is_refused_with_what_helps(office: Office) -> None:
    said = office.type("clock", "confirm", "shop/1", "7")
    assert said.code == 1
    assert "there is no promise 7 in shop/1" in said.err
    assert office.type("clock", "dismiss", "shop/99", "1").code == 1


def test_a_folder_that_keeps_track_of_none_says_so(office: Office) -> None:
    shipped = (Path(__file__).parents[2] / "mappings" / "sla.yaml").read_text(encoding="utf-8")
    without = shipped.replace("promises:\n  calendar: support\n  warn_before: 4h\n", "")
    assert without != shipped
    (office.home / "sla.yaml").write_text(without, encoding="utf-8")
    said = office.type("clock", "confirm", "shop/1", "1")
    assert (said.code, "section `promises`" in said.err) == (2, True)
    office.type("sync")
    assert states(office) == []


SECTION = """
targets:
  - {name: First reply, clock: first_reply, within: 4h, calendar: support}
promises:
"""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("  calendar: office", "there is no calendar 'office'"),
        ("  calendar: support\n  languages: [en, xx]", "there is no file promises/xx.yaml"),
        ("  calendar: support\n  field: due_at", "'due_at' is no field of your own"),
        ("  calendar: support\n  fnid: true", "unknown key 'fnid'"),
        ("  calendar: support\n  warn_before: soon", "'soon' is no length of time"),
    ],
)
def test_a_mistake_in_the_section_is_told_with_its_line(office: Office, lines: str, said: str) -> None:
    (office.home / "sla.yaml").write_text(f"{SECTION}{lines}\n", encoding="utf-8")
    told = office.type("check", "--offline")
    assert told.code == 2
    assert said in told.err
    assert "sla.yaml:" in told.err


def test_a_book_of_ones_own_is_checked_and_its_examples_are_run(office: Office) -> None:
    (office.home / "promises").mkdir()
    book = office.home / "promises" / "en.yaml"
    text = (Path(__file__).parents[2] / "mappings" / "promises" / "en.yaml").read_text(encoding="utf-8")
    book.write_text(text + "    - I will write to you by Monday.\n", encoding="utf-8")
    told = office.type("check", "--offline")
    assert told.code == 1
    assert "promises nothing, but 2026-03-09 is found" in " ".join(told.out.split())
    book.write_text(text.replace("commits:", "comits:"), encoding="utf-8")
    told = office.type("check", "--offline")
    assert (told.code, "unknown key 'comits'; did you mean 'commits'?" in told.err) == (2, True)


def test_a_field_that_the_mapping_fills_is_a_promise(office: Office) -> None:
    (office.home / "mappings").mkdir()
    shipped = (Path(__file__).parents[2] / "mappings" / "memory.yaml").read_text(encoding="utf-8")
    mapped = shipped.replace("fields:\n", "fields:\n  extra.promised: {from: custom:promised, type: date}\n", 1)
    (office.home / "mappings" / "memory.yaml").write_text(mapped, encoding="utf-8")
    lines = "  calendar: support\n  find: false\n  field: extra.promised\n"
    (office.home / "sla.yaml").write_text(f"{SECTION}{lines}", encoding="utf-8")
    office.desk.set("1", "custom:promised", "2026-03-20")
    office.type("sync")
    (one,) = office.type("clock", "promises", "--json").json["promises"]
    assert (one["id"], one["due_at"], one["author"]) == ("shop/1", "2026-03-20T23:59:59Z", "field:promised")
    assert "in a field" in office.type("clock", "promises").out
