"""`amends clock diff` and `amends explain` beside the clocks of a Zendesk account and of Service Management."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

import cli
from sandbox.clock import SandboxClock
from sandbox.jira import Jira
from sandbox.jira import content as jira_content
from sandbox.jira import serve as serve_jira
from sandbox.zendesk import Account, Policy, Site, content, serve

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOLD = Policy("Gold", {"first_reply_time": {"normal": 240, "urgent": 60}, "requester_wait_time": {"normal": 480}})
SLA = """
targets:
  - {name: First reply, clock: first_reply, within: 4h, calendar: office}
  - {name: Wait, clock: requester_wait, within: 8h, calendar: office}
  - {name: Resolution, clock: resolution, within: 40h, calendar: office}
"""


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Office:
    """A folder for one source, whose clock moves only when told to."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.home, self.capsys, self.patch = home, capsys, patch
        self.clock = SandboxClock(START, scale=0)
        home.mkdir()
        (home / "sla.yaml").write_text(SLA, encoding="utf-8")
        self.calendar("always: true")

    def calendar(self, hours: str) -> None:
        text = f"calendars:\n  office:\n    zone: Europe/London\n    {hours}\n"
        (self.home / "calendars.yaml").write_text(text, encoding="utf-8")

    def source(self, adapter: str, options: str, secret: str, more: str = "") -> None:
        self.patch.setenv("SECRET", secret)
        (self.home / "amends.yaml").write_text(
            f"sources:\n  shop:\n    adapter: {adapter}\n    options: {options}\n{more}", encoding="utf-8"
        )

    def type(self, *words: str) -> Said:
        self.patch.setenv("AMENDS_CLOCK", f"{self.clock().isoformat()}@0x0")
        self.patch.setattr(sys, "argv", ["amends", "--home", str(self.home), *words])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self.capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    def diff(self, *words: str) -> Said:
        """A minute later, after one pass."""
        self.clock.advance(61)
        assert self.type("sync").code == 0
        return self.type("clock", "diff", *words)


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path / "amends", capsys, monkeypatch)


def zendesk(office: Office, site: Site, more: str = "") -> None:
    options = f"{{url: {site.url}, auth: api_token, email: amends@example.com}}"
    secrets = "    secrets: {api_token: 'env:SECRET'}\n"
    office.source("zendesk", options, content.API_TOKEN, secrets + more)


@pytest.fixture
def account(office: Office) -> Iterator[Account]:
    made = Account(office.clock)
    made.policies = [GOLD]
    with serve(made) as site:
        zendesk(office, site)
        yield made


def reasons(said: Said) -> dict[str, list[str]]:
    return {row["clock"]: row["reasons"] for row in said.json["rows"]}


def theirs(said: Said) -> list[Any]:
    return [row["theirs"] for row in said.json["rows"]]


def test_an_account_whose_clocks_run_as_ours_has_no_difference(office: Office, account: Account) -> None:
    ticket = account.customer_opens("Late", "Where is it?")
    account.agent_replies(ticket, "We look.")
    office.clock.advance(3600)
    account.agent_sets(ticket, status="pending")
    office.clock.advance(3600)
    account.customer_writes(ticket, "Well?")
    said = office.diff("--json")
    assert (said.code, said.json["compared"], said.json["rows"]) == (0, 1, [])
    assert said.json["not_compared"] == ["shop: resolution; the source has no target for it"]


def test_working_hours_here_and_calendar_hours_there_are_told_apart(office: Office, account: Account) -> None:
    office.calendar('hours: {mon-fri: ["09:00-11:00"]}')
    account.customer_opens("Late", "Where is it?")
    said = office.diff("--json")
    assert (said.code, reasons(said)) == (1, {"first_reply": ["schedule"], "requester_wait": ["schedule"]})
    assert said.json["by_reason"] == {"schedule": 2}
    row = said.json["rows"][0]
    assert (row["due_ours"], row["due_theirs"]) == ("2026-03-03T11:00:00Z", "2026-03-02T13:00:00Z")
    assert row["by_seconds"] == 22 * 3600


def test_the_table_names_the_clock_both_times_and_the_reason(office: Office, account: Account) -> None:
    account.policies = [Policy("Gold", {"first_reply_time": {"normal": 60}})]
    account.customer_opens("Late", "Where is it?")
    said = office.diff()
    assert said.code == 1
    assert "1 complaint compared, 1 differ." in said.out
    assert "another target (ours 4 h, theirs 1 h)" in said.out
    assert "shop/1" in said.out and "Reasons: target 1" in said.out


def test_a_policy_that_came_late_to_a_quiet_ticket_is_named(office: Office, account: Account) -> None:
    account.policies = []
    ticket = account.customer_opens("Late", "Where is it?")
    office.clock.advance(6 * 3600)
    account.policies = [replace(GOLD, since=office.clock())]
    account.agent_notes(ticket, "Hm.")
    assert reasons(office.diff("--json"))["first_reply"] == ["late_policy"]


def test_only_what_was_opened_since_a_day_is_compared(office: Office, account: Account) -> None:
    account.policies = [Policy("Gold", {"first_reply_time": {"normal": 60}})]
    account.customer_opens("Late", "Where is it?")
    assert office.diff("--since", "2026-03-03", "--json").json["compared"] == 0
    assert office.type("clock", "diff", "--since", "2026-03-02", "--json").json["compared"] == 1


def test_what_the_source_told_stays_when_it_forgets_its_policy(office: Office, account: Account) -> None:
    account.policies = [Policy("Gold", {"first_reply_time": {"normal": 60}})]
    account.customer_opens("Late", "Where is it?")
    before = theirs(office.diff("--json"))
    account.policies = []
    assert theirs(office.diff("--json")) == before


def test_explain_shows_the_clock_of_the_source_beside_ours(office: Office, account: Account) -> None:
    account.customer_opens("Late", "Where is it?")
    office.diff()
    said = office.type("explain", "shop/1")
    assert "the source says  running, due Mon 2 Mar 2026 13:00 GMT; 4 h by “Gold”, calendar hours" in said.out
    told = office.type("explain", "shop/1", "--json").json
    assert [one["theirs"]["name"] for one in told["clocks"] if one.get("theirs")] == [
        "first_reply_time",
        "requester_wait_time",
    ]


def test_a_source_can_leave_its_clocks_unread(office: Office, account: Account) -> None:
    path = office.home / "amends.yaml"
    path.write_text(path.read_text() + "    streams: [tickets, ticket_events]\n")
    account.customer_opens("Late", "Where is it?")
    said = office.diff("--json")
    assert (said.code, said.json["compared"]) == (0, 0)
    assert said.json["not_compared"] == ["shop: no complaint to compare; the source has told of none yet"]


def test_an_account_that_refuses_its_metric_events_is_read_all_the_same(office: Office, account: Account) -> None:
    account.switches.forbidden = "ticket_metric_events"
    account.customer_opens("Late", "Where is it?")
    assert office.diff("--json").json["compared"] == 0
    assert [row["id"] for row in office.type("complaints", "list", "--json").json] == ["shop/1"]


def test_nothing_of_the_sources_clocks_is_written_back(office: Office, account: Account) -> None:
    account.customer_opens("Late", "Where is it?")
    office.diff()
    assert account.ledger.markers() == {}


def test_service_managements_cycles_come_with_its_issues(office: Office) -> None:
    office.calendar('hours: {mon-fri: ["09:00-11:00"]}')
    jira = Jira(office.clock)
    with serve_jira(jira) as site:
        options = f"{{url: {site.url}, projects: [CARE], service_desk: true, email: amends@example.com}}"
        office.source("jira", options, jira_content.API_TOKEN, "    secrets: {api_token: 'env:SECRET'}\n")
        jira.customer_opens("Late", "Where is it?", project=jira_content.CARE)
        office.clock.advance(600)
        said = office.diff("--json")
    assert said.code == 1
    assert reasons(said) == {"first_reply": ["schedule"], "resolution": ["schedule"]}
    assert {row["due_theirs"] for row in said.json["rows"]} == {"2026-03-02T13:00:00Z", "2026-03-04T01:00:00Z"}
