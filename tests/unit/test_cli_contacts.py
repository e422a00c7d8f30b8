"""`amends contacts`, `ack`, `policy try`, `remedy …` and `outbox undo`, as somebody types them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.memory import DESKS
from sandbox import pager as pagers
from sandbox.pager import Pager
from tests.unit.test_cli_commands import SOMEBODY, Office

CONTACTS = """\
mode: live
for_customers: {en: "Telephone: 020 7946 0000"}
contacts:
  lena:
    role: lead
    name: Lena Frei
    reach: ["env:TELL_LENA"]
    calendar: support
    phone: "+44 20 7946 0001"
    languages: [de, en]
  max:
    role: manager
    name: Max Lang
    reach: ["env:TELL_MAX"]
    deputy: lena
    away: [{from: 2026-03-01, until: 2026-03-10}]
"""
POLICY = """\
zone: Europe/London
rules:
  - id: overdue
    on: overdue
    tags: [amends_overdue]
    fields: {priority: high}
    ladder: usual
ladders:
  usual:
    at_any_hour: true
    steps:
      - tell: [lead]
      - {after: 1h, tell: [manager]}
stages:
  closed: [manager]
"""
PLAYBOOKS = """\
playbooks:
  - id: late
    title: Late parcels
    categories: [delivery]
    steps: [Ask the carrier.]
    offers:
      refund: {most: 150, currency: EUR, alone: 50, by: lead}
  - id: rest
    title: Anything else
    offers: {apology: {}}
"""


@pytest.fixture
def pager() -> Iterator[Pager]:
    from datetime import UTC, datetime

    with pagers.serve(lambda: datetime(2026, 3, 2, tzinfo=UTC)) as made:
        yield made


@pytest.fixture
def office(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, pager: Pager
) -> Iterator[Office]:
    """Somebody to be told, at a web hook; and a complaint that nobody has answered for a day."""
    for name in ("lena", "max"):
        monkeypatch.setenv(f"TELL_{name.upper()}", pager.address(name))
    made = Office(tmp_path / "amends", capsys, monkeypatch)
    for file, text in (("contacts", CONTACTS), ("policy", POLICY), ("playbooks", PLAYBOOKS)):
        (made.home / f"{file}.yaml").write_text(text)
    made.complain()
    made.desk.advance(30 * 3600)
    yield made
    del DESKS[made.desk.name]


def test_anybody_can_ask_where_a_complaint_goes(office: Office) -> None:
    said = office.type("contacts").out
    assert "Lena Frei (lena)" in said and "+44 20 7946 0001" in said and "usual" in said
    assert "away; lena stands in" in said
    assert "customers (en)  Telephone: 020 7946 0000" in said
    assert "TELL_LENA" not in said and "json://" not in said
    told = office.type("contacts", "--role", "manager", "--json").json
    assert [(one["id"], one["stages"], one["there"]) for one in told["contacts"]] == [("max", ["closed"], False)]
    assert "Nobody is named for that" in office.type("contacts", "--role", "press").out


def test_the_address_of_a_contact_is_told_over_a_real_wire_and_stands_nowhere(office: Office, pager: Pager) -> None:
    assert office.type("sync").code == 0
    (heard,) = pager.heard
    assert heard.to == "lena"
    assert heard.title.startswith("Überfällig") and "amends ack shop/1" in heard.text
    said = office.type("outbox", "list", "--source", "contacts").out + office.type("audit", "list").out
    for file in office.home.glob("amends.db*"):
        assert b"json://" not in file.read_bytes()
    assert "json://" not in said + office.type("status").out


def test_ack_stops_the_ladder_and_says_who(office: Office, pager: Pager) -> None:
    office.type("sync")
    assert "would see" in office.type("ack", "shop/1", "--dry-run").out
    assert office.type("ack", "1", "--by", "Lena").out.startswith("Lena sees to shop/1")
    office.desk.advance(3 * 3600)
    office.type("sync")
    assert [one.to for one in pager.heard] == ["lena"]
    assert "ack" in office.type("audit", "list").out
    assert office.type("ack", "shop/99").code == 1


def test_without_a_word_the_next_is_told_and_whoever_stands_in_for_them(office: Office, pager: Pager) -> None:
    office.type("sync")
    office.desk.advance(2 * 3600)
    office.type("sync")
    assert [one.to for one in pager.heard] == ["lena", "lena"], "lena stands in for max"
    office.desk.advance(10 * 86_400)
    office.type("sync")
    assert "max" in [one.to for one in pager.heard]


def test_a_broken_channel_is_said_by_check_and_nothing_is_sent(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELL_MAX")
    monkeypatch.setenv("TELL_LENA", "no address at all")
    said = office.type("check")
    assert said.code == 1
    assert "TELL_MAX" in said.out and "no address that apprise knows" in said.out
    assert "no address at all" not in said.out


def test_policy_try_says_what_would_have_gone_to_whom_and_sends_nothing(office: Office, pager: Pager) -> None:
    office.type("sync", "--pages", "1")
    heard, written = len(pager.heard), len(office.desk.ledger)
    office.desk.advance(5 * 3600)
    told = office.type("policy", "try", "--days", "7", "--json").json
    sums = {(one["rule"], one["kind"]): one for one in told["sums"]}
    assert sums["overdue", "escalate"]["writes"] == 1
    assert sums["overdue", "notify"]["to"]["lena"] >= 1
    assert told["complaints"] == 1
    assert (len(pager.heard), len(office.desk.ledger)) == (heard, written)
    said = office.type("policy", "try").out
    assert "People of contacts.yaml would have been told: lena" in said


def test_policy_try_takes_another_policy_and_names_its_mistakes(office: Office) -> None:
    office.type("sync")
    draft = office.home.parent / "draft.yaml"
    draft.write_text("rules:\n  - {id: soon, on: due_soon, tags: [soon]}\n")
    told = office.type("policy", "try", "--policy", str(draft), "--json").json
    assert {one["rule"] for one in told["sums"]} == {"soon"}
    draft.write_text("rules:\n  - {id: soon, on: due_soon, ladder: nowhere}\n")
    said = office.type("policy", "try", "--policy", str(draft))
    assert said.code == 2
    assert "draft.yaml:2" in said.err and "there is no ladder 'nowhere'" in said.err


def test_what_is_granted_is_kept_with_its_cost_and_held_against_the_playbook(office: Office) -> None:
    office.type("sync")
    said = office.type("remedy", "show", "1").out
    assert "playbook   late: Late parcels" in said and "refund: up to 150 EUR, above 50 EUR lead decides" in said
    assert office.type("remedy", "grant", "1", "refund", "--cost", "30", "--currency", "EUR").code == 0
    over = office.type("remedy", "grant", "1", "refund", "--cost", "60.50", "--currency", "eur")
    assert over.code == 1 and "lead decides" in over.out
    told = office.type("remedy", "list", "--json").json
    assert told["cost"] == {"EUR": "90.50"}
    assert len(told["lines"][0]["beyond"]) == 1
    assert office.type("remedy", "strike", "2", "--dry-run").code == 0
    assert office.type("remedy", "strike", "2").code == 0
    assert office.type("remedy", "list", "--json").json["cost"] == {"EUR": "30"}


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("grant", "1", "gold"), 2, "there is no remedy 'gold'"),
        (("grant", "1", "refund", "--cost", "much", "--currency", "EUR"), 2, "no sum of money"),
        (("grant", "1", "refund", "--cost", "5"), 2, "no currency"),
        (("strike", "77"), 1, "no grant #77"),
    ],
)
def test_what_makes_no_sense_is_not_written_down(office: Office, words: tuple[str, ...], code: int, what: str) -> None:
    office.type("sync")
    said = office.type("remedy", *words)
    assert (said.code, what in said.err) == (code, True)


def test_undo_takes_off_what_is_still_ours_and_says_what_stays(office: Office) -> None:
    office.type("sync")
    row = office.desk.look("1")
    assert "amends_overdue" in row["labels"] and row["priority"] == "high"
    plan = office.type("outbox", "undo", "--rule", "overdue", "--dry-run")
    assert "would take off amends_overdue" in plan.out and "would set priority back to normal" in plan.out
    assert "the note stays" in plan.out
    office.type("outbox", "undo", "--rule", "overdue")
    office.desk.advance(60)
    office.type("sync")
    row = office.desk.look("1")
    assert "amends_overdue" not in row["labels"] and row["priority"] == "normal"
    office.desk.advance(3600)
    office.type("sync")
    assert "amends_overdue" not in office.desk.look("1")["labels"], "what a person took back is not put there again"


def test_undo_leaves_alone_what_a_person_has_changed_since(office: Office) -> None:
    office.type("sync")
    assert "amends_overdue" in office.desk.look("1")["labels"]
    office.desk.set("1", "priority", "urgent")
    office.desk.label("1", ["vip"])
    office.type("outbox", "undo", "--rule", "overdue")
    office.desk.advance(60)
    office.type("sync")
    row = office.desk.look("1")
    assert row["priority"] == "urgent" and "vip" in row["labels"] and "amends_overdue" not in row["labels"]
    undo = next(one for one in office.type("outbox", "list", "--json").json if one["kind"] == "undo")
    assert undo["left"] == {"priority": "somebody has changed it since"}
    assert "left priority       somebody has changed it since" in office.type("outbox", "show", str(undo["id"])).out


def test_what_cannot_be_undone_says_why(office: Office) -> None:
    office.type("sync")
    told = office.type("outbox", "list", "--json").json
    notice = next(one["id"] for one in told if one["kind"] == "notify")
    said = office.type("outbox", "undo", str(notice))
    assert said.code == 1 and "people have been told" in said.out
    assert office.type("outbox", "undo", "999").code == 1
    assert office.type("outbox", "undo").code == 2
    office.type("outbox", "undo", "--rule", "overdue")
    again = office.type("outbox", "undo", "--rule", "overdue")
    assert again.code == 1 and "being taken back already" in again.out


def test_a_source_may_not_be_called_like_the_contacts(office: Office) -> None:
    text = (office.home / "amends.yaml").read_text()
    (office.home / "amends.yaml").write_text(text.replace("  shop:", "  contacts:"))
    said = office.type("check", "--offline")
    assert said.code == 2 and "give the source another name" in said.err


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "what"),
    [
        ("contacts", "role: manager", "role: lead", "policy.yaml:13", "no contact has the role 'manager'"),
        ("contacts", 'reach: ["env:TELL_LENA"]', "reach: []", "policy.yaml:12", "has no address"),
        ("contacts", "deputy: lena", "deputy: zoe", "contacts.yaml", "there is no contact 'zoe'"),
        ("contacts", "calendar: support", "calendar: moon", "contacts.yaml:8", "there is no calendar 'moon'"),
        ("contacts", "deputy: lena", "until: 2026-03-02", "contacts.yaml:15", "until 2026-03-02 only"),
        ("contacts", '"env:TELL_LENA"', '"slack://token@x"', "contacts.yaml:7", "no reference to a secret"),
        ("policy", "tell: [lead]", "tell: [lens]", "policy.yaml:12", "there is no contact 'lens'"),
        ("policy", "closed: [manager]", "closed: [press]", "policy.yaml:15", "no contact has the role 'press'"),
        ("playbooks", "by: lead", "by: legal", "playbooks.yaml:7", "no contact has the role 'legal'"),
        ("playbooks", "categories: [delivery]", "categories: [parcels]", "playbooks.yaml:4", "there is no category"),
        (
            "playbooks",
            "  - id: rest\n    title: Anything else\n    offers: {apology: {}}\n",
            "",
            "playbooks.yaml",
            "fits no category",
        ),
    ],
)
def test_a_ladder_to_nobody_is_a_mistake_with_file_and_line(
    office: Office, file: str, old: str, new: str, line: str, what: str
) -> None:
    path = office.home / f"{file}.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    said = office.type("contacts")
    assert said.code == 2, said.out
    assert line in said.err and what in said.err, said.err


def test_a_contact_who_is_soon_none_is_a_warning_first(office: Office) -> None:
    path = office.home / "contacts.yaml"
    path.write_text(path.read_text().replace("deputy: lena", "until: 2026-03-10"))
    assert "max is a contact until 2026-03-10 only" in office.type("check", "--offline").out


def test_a_letter_to_a_customer_carries_a_contact_to_call(office: Office) -> None:
    office.desk.staff_reply("1", "Sorry. It is on its way.")
    office.desk.set("1", "status", "solved")
    (office.home / "policy.yaml").write_text("survey: {tags: [ask], zone: Europe/London}\n")
    office.type("sync")
    office.desk.advance(24 * 3600)
    office.type("sync")
    surveys = [one for one in office.type("outbox", "list", "--json").json if one["kind"] == "survey"]
    assert surveys[0]["effect"]["contact"] == "Telephone: 020 7946 0000"
    assert SOMEBODY["name"] not in str(surveys)


def test_explain_says_who_is_at_it_whom_it_told_and_what_may_be_offered(office: Office) -> None:
    office.type("sync")
    office.type("ack", "1", "--by", "Lena")
    said = office.type("explain", "1").out
    assert "Lena sees to it since" in said
    assert "playbook late (Late parcels): may offer refund up to 150 EUR (above 50 ask lead)" in said
    assert "tells lena:" in said and "Überfällig" in said
    told = office.type("explain", "1", "--json").json
    assert (told["playbook"][:4], told["acks"][0]["who"]) == ("late", "Lena")


def test_what_was_granted_is_in_the_report_and_goes_with_the_complaint_when_its_customer_is_erased(
    office: Office,
) -> None:
    office.type("sync")
    office.type("remedy", "grant", "1", "refund", "--cost", "30.25", "--currency", "EUR")
    office.type("ack", "1")
    office.desk.set("1", "status", "solved")
    office.desk.advance(60)
    office.type("sync")
    told = office.type("report", "--json").out
    assert "30.25" in told and "EUR" in told
    gone = office.type("people", "erase", "kim@example.com", "--yes", "--json").json["erased"]["rows"]
    assert gone["ack"] == gone["granted"] == 1
