"""`amends report` and `amends survey`, as an operator types them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from connector.commands.place import Place
from connector.store import surveys
from connector.web.public import application
from tests.unit.test_cli_commands import Office, office  # noqa: F401

DAY = 86_400


def with_page(office: Office) -> None:  # noqa: F811
    (office.home / "policy.yaml").write_text(
        "zone: Europe/London\n"
        "survey:\n  tags: [amends_survey]\n  zone: Europe/London\n"
        "  page: {url: 'https://feedback.example.com', house: The Shop}\n"
        "  unhappy: {calendar: support}\n"
        "rules:\n  - id: unhappy\n    on: unhappy\n"
    )


def a_resolved_one(office: Office) -> str:  # noqa: F811
    ticket = office.complain()
    office.desk.advance(2 * 3600)
    office.desk.staff_reply(ticket, "Sorry. A new one is on its way.")
    office.desk.set(ticket, "status", "solved")
    office.desk.advance(DAY + 3600)
    office.type("sync")
    return ticket


def answer(office: Office, link: str, **said: str) -> int:  # noqa: F811
    place = Place(office.home, now=lambda: office.desk.now, wall=lambda: office.desk.now)
    with place.store() as store:
        web = TestClient(application(place, store), base_url="https://feedback.example.com")
        return web.post(link.removeprefix("https://feedback.example.com"), data=said).status_code


def test_an_answer_on_the_page_is_in_the_list_the_complaint_and_the_report(office: Office) -> None:  # noqa: F811
    with_page(office)
    tickets = [a_resolved_one(office) for _ in range(12)]
    for ticket in tickets:
        link = office.type("survey", "link", f"shop/{ticket}").out.strip()
        assert (
            answer(office, link, csat="5" if ticket != tickets[0] else "1", solved="yes", comment="Words of mine")
            == 200
        )
    office.type("sync")
    listed = office.type("survey", "list", "--json").json
    assert [one["answer"]["csat"] for one in listed if one["ticket"] == tickets[0]] == [1]
    assert "satisfaction 1, solved" in office.type("survey", "list").out
    assert "Words of mine" in office.type("survey", "show", tickets[0]).out
    assert "rated" in office.type("explain", tickets[0]).out
    total = office.type("report", "--json").json["total"]
    assert (total["answered"], total["csat"]["n"], round(total["csat"]["value"])) == (12, 12, 92)
    assert "satisfied (CSAT, 4 and 5 of 5)" in office.type("report").out
    traced = office.type("report", "--cell", "csat", "--most", "3")
    assert traced.out.splitlines()[0] == "csat: 12 complaints" and "… and 9 more" in traced.out
    assert office.type("complaints", "list", "--flag", "unhappy", "--json").json[0]["ticket"] == tickets[0]


def test_a_link_needs_a_resolution_and_is_not_given_twice_for_nothing(office: Office) -> None:  # noqa: F811
    with_page(office)
    ticket = office.complain()
    office.type("sync")
    refused = office.type("survey", "link", ticket)
    assert refused.code == 1 and "is not resolved" in refused.err
    other = a_resolved_one(office)
    shown = office.type("survey", "link", other, "--dry-run")
    assert "Would make a link" in shown.out and "http" not in shown.out
    assert not (office.home / "survey.key").exists() or "link given" not in office.type("audit", "list").out
    link = office.type("survey", "link", other).out.strip()
    assert office.type("survey", "link", other).out.strip() == link
    assert answer(office, link, csat="4") == 200
    again = office.type("survey", "link", other)
    assert again.code == 1 and "answered already" in again.err


def test_without_a_page_a_link_is_a_matter_of_the_settings(office: Office) -> None:  # noqa: F811
    ticket = a_resolved_one(office)
    said = office.type("survey", "link", ticket)
    assert said.code == 2 and "page" in said.err


def test_whoever_wants_no_surveys_gets_none_until_they_are_allowed_again(office: Office) -> None:  # noqa: F811
    ticket = a_resolved_one(office)
    person = office.desk.look(ticket)["requester"]["address"]
    assert "would" not in office.type("survey", "stop", person).out
    assert "is not asked" in office.type("survey", "stop", ticket).out
    with office.store().read() as connection:
        assert surveys.opted_out(connection, {f"mail:{person}"})
    assert "will be asked again" in office.type("survey", "allow", person).out
    with office.store().read() as connection:
        assert surveys.opted_out(connection, {f"mail:{person}"}) is None


def test_a_report_is_told_in_every_form(office: Office, tmp_path: Path) -> None:  # noqa: F811
    a_resolved_one(office)
    month = f"{office.desk.now:%Y-%m}"
    rows = list(
        csv.reader(io.StringIO(office.type("report", "--period", month, "--format", "csv").out.lstrip("\ufeff")))
    )
    assert rows[1][:4] == [month, "total", "total", "1"]
    for form in ("xlsx", "html", "json", "text"):
        out = tmp_path / f"report.{form}"
        assert office.type("report", "--period", month, "--format", form, "--out", str(out)).code == 0
        assert out.stat().st_mode & 0o777 == 0o600 and out.stat().st_size > 500
        assert office.type("report", "--format", form, "--out", str(out)).code == 1
    assert json.loads((tmp_path / "report.json").read_text())["total"]["received"] == 1


def test_the_monthly_review_compares_with_the_month_before(office: Office) -> None:  # noqa: F811
    a_resolved_one(office)
    shown = office.type("report", "--pack", f"{office.desk.now:%Y-%m}").out
    for title in (
        "For decision",
        "1. Volume",
        "2. Causes",
        "3. Corrective actions",
        "4. Timeliness",
        "6. Satisfaction",
    ):
        assert title in shown
    assert "1 complaints came in; 0 in the month before" in shown


def test_as_of_an_earlier_day_a_complaint_is_as_it_was(office: Office) -> None:  # noqa: F811
    opened = office.desk.now
    ticket = a_resolved_one(office)
    office.desk.set(ticket, "status", "open")
    office.desk.advance(3600)
    office.type("sync")
    period = ("--from", f"{opened:%Y-%m-%d}")
    assert office.type("report", *period, "--json").json["total"]["reopened"] == 1
    before = office.type("report", *period, "--as-of", f"{opened:%Y-%m-%dT%H:%M:%S}", "--json").json["total"]
    assert (before["received"], before["resolved"], before["reopened"]) == (1, 0, 0)
    later = office.type("report", *period, "--as-of", f"{opened:%Y-%m-%d}T23:00", "--json").json["total"]
    assert (later["resolved"], later["reopened"]) == (1, 0)
    long_ago = office.type("report", "--as-of", "2020-01-01", "--json").json["total"]
    assert long_ago["received"] == 0


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--period", "2026-13"), "no period"),
        (("--period", "March"), "no period"),
        (("--by", "moon"), "nothing is counted by"),
        (("--where", "category"), "no condition"),
        (("--where", "moon=1"), "no condition"),
        (("--cell", "nonsense"), "no figure"),
        (("--pack", "2026"), "no month"),
    ],
)
def test_what_cannot_be_reported_is_said(office: Office, words: tuple[str, ...], what: str) -> None:  # noqa: F811
    a_resolved_one(office)
    said = office.type("report", *words)
    assert said.code == 2 and what in said.err
