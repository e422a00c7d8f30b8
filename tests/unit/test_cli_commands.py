"""The commands as an operator types them, in this process, against a helpdesk in memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

import cli
from adapters.memory import DESKS, Desk
from connector.commands import options, running
from connector.commands.place import Place
from connector.errors import AuthError, SettingsError, TemporaryError
from connector.model import FlagKind, Status
from connector.store import Store, intentions
from connector.store.intentions import State

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOMEBODY = {"id": "c1", "name": "Kim Doe", "address": "kim@example.com", "verified": True, "language": "en"}
_numbers = count()


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Office:
    """A folder of settings, a desk in memory, and somebody at the terminal."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.home, self._capsys, self._patch = home, capsys, patch
        self.desk = Desk(f"cli-{next(_numbers)}", MONDAY)
        DESKS[self.desk.name] = self.desk
        home.mkdir()
        self.modes("live")

    def modes(self, mode: str) -> None:
        (self.home / "amends.yaml").write_text(
            f"sources:\n  shop:\n    adapter: memory\n    options: {{desk: {self.desk.name}}}\n"
            f"    act_from: 2026-03-01T00:00:00Z\n    modes: {{escalate: {mode}, tag: {mode}, survey: {mode}}}\n"
        )

    def type(self, *words: str) -> Said:
        """`amends --home … words`, at the desk's present instant."""
        self._patch.setenv("AMENDS_CLOCK", f"{self.desk.now.isoformat()}@0x0")
        self._patch.setattr(sys, "argv", ["amends", "--home", str(self.home), *words])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self._capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    def complain(self, subject: str = "Parcel late", text: str = "My parcel has still not arrived.") -> str:
        return self.desk.open(subject, text, requester=SOMEBODY)

    def store(self) -> Store:
        return Store(f"sqlite:///{self.home / 'amends.db'}").open()


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = Office(tmp_path / "amends", capsys, monkeypatch)
    yield made
    del DESKS[made.desk.name]


@pytest.fixture
def overdue(office: Office) -> Office:
    """One complaint that nobody has answered for a day."""
    office.complain()
    office.desk.advance(30 * 3600)
    return office


def far_future() -> datetime:
    """A lease from then runs long enough for any test."""
    return datetime(2100, 1, 1, tzinfo=UTC)


# -- one pass ------------------------------------------------------------------------------------------------------


def test_sync_reads_decides_writes_and_says_so(overdue: Office) -> None:
    said = overdue.type("sync")
    assert said.code == 0
    assert "1 complaint among them" in said.out
    assert "overdue" in said.out
    assert overdue.desk.ledger


def test_a_second_sync_finds_nothing_to_do(overdue: Office) -> None:
    overdue.type("sync")
    before = len(overdue.desk.ledger)
    overdue.desk.advance(5)
    said = overdue.type("sync", "--json").json
    assert said["sources"][0]["done"] == 0
    assert len(overdue.desk.ledger) == before


def test_a_dry_run_of_sync_says_the_same_and_leaves_no_trace(overdue: Office) -> None:
    said = overdue.type("sync", "--dry-run")
    assert "would be intended" in said.out
    assert not (overdue.home / "amends.db").exists()
    assert not overdue.desk.ledger
    planned = overdue.type("sync", "--dry-run", "--json").json["sources"][0]["intended"]
    done = overdue.type("sync", "--json").json["sources"][0]["intended"]
    assert [one["rule"] for one in planned] == [one["rule"] for one in done]


def test_a_dry_run_beside_an_existing_store_does_not_change_it(overdue: Office) -> None:
    overdue.type("sync")
    overdue.complain("Second", "You charged me twice.")
    overdue.desk.advance(60)
    before = overdue.type("status", "--json").json["sources"]
    overdue.type("sync", "--dry-run")
    assert overdue.type("status", "--json").json["sources"] == before


def test_sync_of_an_unknown_source_is_a_settings_error(office: Office) -> None:
    said = office.type("sync", "nowhere")
    assert said.code == 2
    assert "there is no source 'nowhere'" in said.err
    assert "shop" in said.err


@pytest.mark.parametrize(("error", "code"), [(AuthError("refused."), 3), (TemporaryError("down."), 4)])
def test_a_source_that_cannot_be_reached_gives_its_exit_code(office: Office, error: Exception, code: int) -> None:
    def fail(*_: object) -> None:
        raise error

    office.desk.hook = fail
    said = office.type("sync")
    assert said.code == code
    assert "FAILED" in said.out


def test_without_a_source_there_is_nothing_to_do_and_nothing_is_made(office: Office) -> None:
    (office.home / "amends.yaml").write_text("sources: {}\n")
    said = office.type("sync")
    assert said.code == 2
    assert "amends init" in said.err
    with pytest.raises(SettingsError, match="names no source"):
        running.run(Place(office.home, now=lambda: MONDAY, wall=lambda: MONDAY))
    assert not (office.home / "amends.db").exists()


def test_sync_refuses_while_another_daemon_writes(overdue: Office) -> None:
    overdue.type("sync")
    store = overdue.store()
    store.take_lease("another daemon", far_future())
    try:
        said = overdue.type("sync")
    finally:
        store.close()
    assert said.code == 1
    assert "in use by another daemon" in said.err


# -- settings ------------------------------------------------------------------------------------------------------


def test_check_runs_the_examples_and_asks_the_source(office: Office) -> None:
    ticket = office.complain()
    for name in ("product", "order_number"):
        office.desk.set(ticket, f"custom:{name}", "x")
    said = office.type("check")
    assert said.code == 0
    assert "all hold" in said.out
    assert office.desk.name in said.out


def test_check_names_file_line_and_column(office: Office) -> None:
    (office.home / "amends.yaml").write_text("sources:\n  shop:\n    adaptr: memory\n")
    said = office.type("check")
    assert said.code == 2
    assert "amends.yaml:3:5" in said.err
    assert "did you mean 'adapter'?" in said.err


def test_check_offline_contacts_nobody(office: Office) -> None:
    calls = office.desk.calls
    assert "not contacted" in office.type("check", "--offline").out
    assert office.desk.calls == calls


def test_check_names_a_status_without_a_line(office: Office) -> None:
    mapping = Path(cli.__file__).parent / "mappings" / "memory.yaml"
    (office.home / "mappings").mkdir()
    (office.home / "mappings" / "memory.yaml").write_text(mapping.read_text().replace("  hold: on_hold\n", ""))
    said = office.type("check")
    assert said.code == 1
    assert '"Hold"' in said.out


def test_a_folder_that_is_not_there_is_said_plainly(office: Office, tmp_path: Path) -> None:
    office.home = tmp_path / "elsewhere"
    said = office.type("check")
    assert said.code == 2
    assert "amends init" in said.err
    assert "Traceback" not in said.err


# -- looking -------------------------------------------------------------------------------------------------------


def test_status_before_the_first_sync_says_what_to_do(office: Office) -> None:
    said = office.type("status")
    assert said.code == 1
    assert "amends sync" in said.err
    assert not (office.home / "amends.db").exists()


def test_status_tells_sources_flags_and_writes(overdue: Office) -> None:
    overdue.type("sync")
    said = overdue.type("status")
    assert said.code == 0
    assert "not running" in said.out
    assert "1 overdue" in said.out
    assert "done" in said.out


def test_status_says_what_went_wrong_in_a_pass_also_with_a_source_that_never_answered(office: Office) -> None:
    office.desk.token = "another"
    said = office.type("sync")
    assert said.code == 3
    told = office.type("status", "--json")
    assert told.code == 1
    assert "shop is parked" in told.json["needs_person"][0]
    assert told.json["sources"][0]["last_error"]
    office.desk.token = None
    assert office.type("sync").code == 0
    assert office.type("status", "--json").json["sources"][0]["last_error"] is None


def test_status_wants_a_person_where_one_is_needed(overdue: Office) -> None:
    overdue.modes("approve")
    overdue.type("sync")
    said = overdue.type("status")
    assert said.code == 1
    assert "Needs a person" in said.out
    assert "amends outbox approve" in said.out
    assert overdue.type("status", "--json").json["needs_person"]


def test_status_works_beside_a_daemon_and_names_it(overdue: Office) -> None:
    overdue.type("sync")
    store = overdue.store()
    store.take_lease("amends run", far_future())
    try:
        assert "amends run, heard" in overdue.type("status").out
    finally:
        store.close()


def test_complaints_are_listed_and_filtered(overdue: Office) -> None:
    overdue.complain("Thanks", "Thank you so much, everything is fine.")
    overdue.desk.advance(60)
    overdue.type("sync")
    assert "Parcel late" in overdue.type("complaints", "list").out
    rows = overdue.type("complaints", "list", "--flag", "overdue", "--json").json
    assert [row["subject"] for row in rows] == ["Parcel late"]
    assert overdue.type("complaints", "list", "--status", "withdrawn").out == "No complaint is like that.\n"


def test_a_complaint_is_named_by_ticket_alone_where_that_is_clear(overdue: Office) -> None:
    overdue.type("sync")
    ticket = overdue.type("complaints", "list", "--json").json[0]["ticket"]
    assert overdue.type("complaints", "show", ticket).out == overdue.type("complaints", "show", f"shop/{ticket}").out
    missing = overdue.type("explain", "shop/none")
    assert missing.code == 1
    assert "amends complaints list" in missing.err


def test_explain_quotes_the_customer_and_names_the_rule_and_the_clock(overdue: Office) -> None:
    overdue.type("sync")
    said = overdue.type("explain", overdue.type("complaints", "list", "--json").json[0]["id"]).out
    assert "“" in said
    assert "first reply: overdue" in said
    assert "by rule overdue" in said
    assert "outside hours" in said


def test_an_export_is_private_and_no_spreadsheet_runs_it(overdue: Office, tmp_path: Path) -> None:
    overdue.complain("=HYPERLINK(1)", "My parcel is late.")
    overdue.desk.advance(60)
    overdue.type("sync")
    target = tmp_path / "out.csv"
    assert overdue.type("complaints", "export", "--out", str(target)).code == 0
    assert target.stat().st_mode & 0o077 == 0
    assert "'=HYPERLINK" in target.read_text()
    assert overdue.type("complaints", "export", "--out", str(target)).code == 1
    lines = overdue.type("complaints", "export", "--format", "jsonl").out.splitlines()
    assert {json.loads(line)["row"]["subject"] for line in lines} == {"=HYPERLINK(1)", "Parcel late"}


@pytest.mark.parametrize("subject", ["\n=1+1", " =1+1", "＝1+1", "\t@x", "-1"])
def test_no_cell_of_an_export_begins_like_a_formula_or_holds_an_escape(overdue: Office, subject: str) -> None:
    overdue.complain(f"{subject}\x1b[2J\x9b1m", "My parcel is late.")
    overdue.desk.advance(60)
    overdue.type("sync")
    out = overdue.type("complaints", "export").out
    assert f"'{subject}" in out
    assert "\x1b" not in out
    for words in (("complaints", "list", "--json"), ("complaints", "export", "--format", "jsonl")):
        assert "\x9b" not in overdue.type(*words).out
        assert "\\u009b" in overdue.type(*words).out


@pytest.mark.parametrize(
    "words",
    [
        ("complaints", "list", "--flag", "overdu"),
        ("complaints", "list", "--status", "opened"),
        ("complaints", "list", "--complaint", "maybe"),
        ("complaints", "list", "--source", "shpo"),
        ("complaints", "export", "--source", "shpo"),
        ("outbox", "list", "--source", "shpo"),
        ("outbox", "list", "--state", "hold"),
        ("quarantine", "list", "--source", "shpo"),
        ("audit", "list", "--source", "shpo"),
        ("audit", "list", "--most", "9" * 30),
        ("outbox", "show", "9" * 30),
        ("outbox", "drop", "9" * 30),
    ],
)
def test_a_mistyped_filter_is_told_and_not_answered_with_nothing(overdue: Office, words: tuple[str, ...]) -> None:
    overdue.type("sync")
    said = overdue.type(*words)
    assert said.code == 2
    assert not said.out


def test_the_words_of_the_filters_are_those_of_the_model() -> None:
    assert set(get_args(options.StatusWord)) == set(Status)
    assert set(get_args(options.FlagWord)) == set(FlagKind)


# -- deciding ------------------------------------------------------------------------------------------------------


def states(office: Office) -> set[str]:
    return {row["state"] for row in office.type("outbox", "list", "--json").json}


def test_held_writes_go_only_when_a_person_approves_and_it_is_noted_who(overdue: Office) -> None:
    overdue.modes("approve")
    overdue.type("sync")
    assert states(overdue) == {"held"}
    assert not overdue.desk.ledger
    assert "would be pending" in overdue.type("outbox", "approve", "--all", "--dry-run").out
    assert states(overdue) == {"held"}
    assert overdue.type("outbox", "approve", "--all").code == 0
    overdue.type("sync")
    assert overdue.desk.ledger
    lines = overdue.type("audit", "list", "--json").json
    assert {line["who"] for line in lines if line["what"] == "write: approved"} & {"amends", ""} == set()


def test_what_was_decided_in_shadow_is_sent_only_when_that_is_said(overdue: Office) -> None:
    overdue.modes("shadow")
    overdue.type("sync")
    number = str(overdue.type("outbox", "list", "--json").json[0]["id"])
    refused = overdue.type("outbox", "approve", number)
    assert refused.code == 1
    assert "--even-shadow" in refused.out
    assert overdue.type("outbox", "approve", number, "--even-shadow").code == 0
    assert "pending" in states(overdue)


def move_all(office: Office, state: State) -> None:
    store = office.store()
    with store.write("test") as connection:
        for one in intentions.listing(connection):
            intentions.move(connection, one, state, office.desk.now)
    store.close()


def test_a_parked_write_needs_a_persons_word(overdue: Office) -> None:
    overdue.modes("approve")
    overdue.type("sync")
    move_all(overdue, State.PARKED)
    numbers = [str(row["id"]) for row in overdue.type("outbox", "list", "--json").json]
    asked = overdue.type("outbox", "retry", numbers[0])
    assert asked.code == 1
    assert "--it-is-there" in asked.out
    assert "is now done" in overdue.type("outbox", "retry", numbers[0], "--it-is-there").out
    assert "is now pending" in overdue.type("outbox", "retry", numbers[1], "--send-again").out


def test_a_dead_write_can_be_tried_again_or_dropped(overdue: Office) -> None:
    overdue.modes("approve")
    overdue.type("sync")
    move_all(overdue, State.DEAD)
    first, second = [str(row["id"]) for row in overdue.type("outbox", "list", "--json").json][:2]
    assert "is now pending" in overdue.type("outbox", "retry", first).out
    assert "is now cancelled" in overdue.type("outbox", "drop", second).out
    assert overdue.type("outbox", "drop", second).code == 1


def test_one_write_is_shown_with_what_it_would_do(overdue: Office) -> None:
    overdue.type("sync")
    number = str(overdue.type("outbox", "list", "--json").json[-1]["id"])
    assert "marker" in overdue.type("outbox", "show", number).out
    assert overdue.type("outbox", "show", "999").code == 1


def test_pause_stops_writes_and_not_reading(overdue: Office) -> None:
    overdue.type("pause", "--why", "fire drill")
    said = overdue.type("sync")
    assert "amends resume" in said.out
    assert not overdue.desk.ledger
    assert "fire drill" in overdue.type("status").out
    overdue.type("resume")
    overdue.type("sync")
    assert overdue.desk.ledger


def test_pause_works_where_the_settings_are_broken(overdue: Office) -> None:
    overdue.type("sync")
    (overdue.home / "policy.yaml").write_text("nonsense: [")
    assert overdue.type("pause").code == 0
    assert "PAUSED" in overdue.type("status").out


def test_pause_in_a_folder_that_is_not_the_daemons_does_not_claim_to_have_stopped_it(office: Office) -> None:
    (office.home / "amends.yaml").unlink()
    said = office.type("pause")
    assert said.code == 1
    assert "nothing was paused" in said.err
    assert not list(office.home.iterdir())


def test_pause_before_the_first_sync_holds_and_names_its_store(overdue: Office) -> None:
    assert str(overdue.home / "amends.db") in " ".join(overdue.type("pause").out.split())
    overdue.type("sync")
    assert not overdue.desk.ledger


# -- quarantine ----------------------------------------------------------------------------------------------------


def test_a_record_that_nobody_can_read_is_shown_retried_and_skipped(office: Office) -> None:
    ticket = office.complain()
    office.desk.spoil(ticket)
    office.desk.advance(60)
    office.type("sync")
    rows = office.type("quarantine", "list", "--json").json
    assert rows
    number = str(rows[0]["id"])
    assert office.type("status").code == 1
    assert "would be read again" in office.type("quarantine", "retry", number, "--dry-run").out
    assert office.type("quarantine", "retry", number).code == 1
    assert office.type("quarantine", "list", "--payload").out.count("{") >= 1
    for row in rows:
        assert office.type("quarantine", "skip", str(row["id"])).code == 0
    assert office.type("quarantine", "list").out == "The quarantine is empty.\n"


# -- adapters ------------------------------------------------------------------------------------------------------


def test_adapters_are_listed_with_what_they_can(office: Office) -> None:
    rows = {row["name"]: row for row in office.type("adapter", "list", "--json").json}
    assert set(rows["memory"]["can"]) == {"escalate", "survey", "tag", "link", "correct", "undo"}


def test_h23_no_command_shows_a_secret(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "very-secret-value")
    text = (office.home / "amends.yaml").read_text()
    (office.home / "amends.yaml").write_text(f"{text}    secrets: {{token: env:SHOP_TOKEN}}\n")
    office.desk.token = "another"
    for words in (("check",), ("sync",), ("status",)):
        said = office.type(*words)
        assert "very-secret-value" not in said.out + said.err
