"""`amends trends` and `amends corrections`: what stands out, a person's word on it, and who has to be told."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.memory import DESKS
from connector.commands.trends import sparkline
from tests.unit.test_cli_commands import Office

# What no phrase, no example and no language knows.
NAMELESS = (
    "Ridiculous, the zorblatt plixes all over the place again, I complain.",
    "The zorblatt plixes all over the road and all over me, I complain.",
    "The zorblatt plixes all over the lane and all over us, I complain.",
)
LOST = {
    "en": "My parcel has still not arrived. The courier lost it. I want my money back.",
    "de": "Meine Lieferung ist immer noch nicht da, DHL hat das Paket verloren. Ich warte auf die Zustellung.",
    "pt": "A minha encomenda ainda não chegou, a transportadora perdeu-a. Quero o meu dinheiro de volta.",
    "fr": "Mon colis n'est toujours pas arrivé, le transporteur l'a perdu. Je veux être remboursé.",
}


def customer(number: int, language: str) -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "name": f"P {number}",
        "address": f"p{number}@example.com",
        "verified": True,
        "language": language,
        "time_zone": "Europe/Lisbon",
    }


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Eleven quiet weeks, and then a day on which six parcels were lost, in four languages."""
    made = Office(tmp_path / "amends", capsys, monkeypatch)
    for number in range(7):
        made.desk.open("Lost", LOST["en"], requester=customer(number, "en"))
        made.desk.advance(11 * 86_400)
    for number, language in enumerate(["en", "de", "pt", "fr", "de", "en"]):
        made.desk.open("Lost", LOST[language], requester=customer(100 + number, language))
    made.desk.advance(86_400)
    made.type("sync")
    yield made
    del DESKS[made.desk.name]


def trend(office: Office) -> dict[str, Any]:
    (one,) = office.type("trends", "list", "--json").json["trends"]
    return dict(one)


def letters(office: Office) -> list[dict[str, Any]]:
    return [dict(one) for one in office.type("corrections", "show", "1", "--json").json["concerned"]]


def test_an_alarm_is_listed_with_its_days_and_wakes_somebody(office: Office) -> None:
    one = trend(office)
    assert (one["level"], one["state"], one["cell"]) == (
        "alarm",
        "open",
        {"category": "delivery", "root_cause": "carrier"},
    )
    assert one["daily"][-2:] == [6, 0] and len(one["daily"]) == 63
    said = office.type("trends").out
    assert "delivery, carrier" in said and "█" in said
    status = office.type("status")
    assert status.code == 1 and "1 alarm that nobody has looked at" in status.out
    assert "trends      1 alarm, open" in status.out


def test_show_names_every_complaint_in_it(office: Office) -> None:
    said = office.type("trends", "show", "1")
    assert [f"shop/{number}" in said.out for number in range(8, 14)] == [True] * 6
    assert "6 complaints of 6 people" in said.out
    assert office.type("trends", "show", "9").code == 1


def test_a_persons_word_is_kept_and_noted_and_a_dry_run_keeps_nothing(office: Office) -> None:
    office.type("trends", "ack", "1", "--dry-run")
    assert trend(office)["state"] == "open"
    assert office.type("trends", "ack", "1", "--why", "asked the carrier").code == 0
    assert (trend(office)["state"], trend(office)["why"]) == ("acknowledged", "asked the carrier")
    assert "nobody has looked at" not in office.type("status").out
    assert office.type("trends", "ack", "1").code == 1
    office.type("trends", "explain", "1", "--why", "a strike")
    office.desk.advance(60)
    office.type("sync")
    assert office.type("complaints", "list", "--flag", "trend", "--json").json == []
    office.type("trends", "close", "1", "--why", "over")
    assert office.type("trends", "list", "--json").json["trends"] == []
    assert len(office.type("trends", "list", "--all", "--json").json["trends"]) == 1
    assert "trend: acknowledged" in office.type("audit", "list").out


def test_check_says_how_many_false_alarms_the_views_cost(office: Office) -> None:
    said = office.type("check", "--offline").out
    assert "3 groups of complaints watched; at most 0.4 false alarms and 1.8 false watches a year" in said
    (office.home / "trends.yaml").write_text("views: [[category]]\nalarm: 0.001\n")
    assert "thresholds of your own" in office.type("check", "--offline").out


def test_a_view_of_a_field_that_no_mapping_has_is_refused_with_its_line(office: Office) -> None:
    (office.home / "trends.yaml").write_text("views:\n  - [category, extra.carier]\n")
    said = office.type("check", "--offline")
    assert said.code == 2 and "trends.yaml:2:" in said.err and "extra.carier" in said.err


def test_a_correction_by_hand_drafts_letters_in_the_language_of_each(office: Office) -> None:
    opened = office.type("trends", "action", "1", "--owner", "Ana", "--due", "2026-05-30")
    assert "It concerns 6 complaints" in opened.out and trend(office)["state"] == "actioned"
    assert all(one["words"] is None for one in letters(office)), "while the cause is there, there is nothing to tell"
    office.type("corrections", "done", "1", "--changed", "de=Wir versenden mit einem anderen Dienst.")
    told = letters(office)
    assert sorted(one["language"] for one in told) == ["de", "de", "en", "en", "fr", "pt"]
    assert ["anderen Dienst" in one["words"] for one in told].count(True) == 2
    assert any(one["words"].startswith("Merci de nous avoir") for one in told)
    assert "6 customers to be told" in office.type("status").out


def test_letters_are_approved_printed_and_noted_as_told_or_waived(office: Office) -> None:
    office.type("trends", "action", "1")
    office.type("corrections", "done", "1")
    assert office.type("corrections", "approve", "1").code == 1, "nobody is named"
    said = office.type("corrections", "approve", "1", "shop/8")
    assert "To shop/8, in en" in said.out and "by hand" in said.out
    office.type("corrections", "told", "1", "shop/8")
    assert office.type("corrections", "told", "1", "shop/8").code == 1
    office.type("corrections", "waive", "1", "--all", "--why", "told by telephone")
    assert [one["state"] for one in letters(office)] == ["told", *["waived"] * 5]
    office.desk.advance(60)
    office.type("sync")
    assert office.type("complaints", "list", "--flag", "untold", "--json").json == []
    assert "told by telephone" in office.type("corrections", "show", "1").out


def test_a_correction_past_its_day_is_overdue(office: Office) -> None:
    office.type("corrections", "open", "shop/8", "--owner", "Ana", "--due", "2026-05-01", "--title", "Look into it")
    (one,) = office.type("corrections", "list", "--json").json
    assert (one["state"], one["title"], one["tellings"]) == ("overdue", "Look into it", {"affected": 1})
    assert "1 correction past the day" in office.type("status").out
    assert office.type("corrections", "open", "shop/8", "--rule", "none").code == 1


def test_who_did_not_complain_is_found_in_the_list_of_sales(office: Office, tmp_path: Path) -> None:
    office.type("trends", "action", "1")
    sales, out = tmp_path / "sales.csv", tmp_path / "affected.csv"
    sales.write_text(
        "Email;Product;Batch;Date\n"
        "p100@example.com;Kettle;L7;2026-05-01\n"
        "=cmd@example.com;Kettle;L7;2026-05-02\n"
        "other@example.com;Kettle;L9;2026-05-02\n",
        encoding="utf-8",
    )
    said = office.type("corrections", "affected", "1", "--sales", str(sales), "--dry-run")
    assert "1 are of people who complained; 1 others would be written" in said.out and not out.exists()
    office.type("corrections", "affected", "1", "--sales", str(sales), "--out", str(out))
    rows = list(csv.reader(out.read_text(encoding="utf-8").splitlines()))
    assert rows == [["Email", "Product", "Batch", "Date"], ["'=cmd@example.com", "Kettle", "L7", "2026-05-02"]]
    assert out.stat().st_mode & 0o777 == 0o600
    assert office.type("corrections", "affected", "9", "--sales", str(sales)).code == 1


def test_themes_without_a_category_are_proposed_to_the_admin(office: Office) -> None:
    for number, text in enumerate(NAMELESS):
        office.desk.open("Gnome", text, requester=customer(200 + number, "en"))
    office.type("sync")
    (one,) = office.type("trends", "themes", "--days", "30", "--json").json["themes"]
    assert "zorblatt plixes" in one["words"]
    assert (one["people"], one["languages"]) == (len(NAMELESS), ["en"])
    said = office.type("trends", "themes", "--days", "30").out
    assert "taxonomy.yaml" in said and one["cases"][0] in said
    assert "nothing that several of them share" in office.type("trends", "themes", "--people", "50").out


def test_the_drawing_fits_and_shows_the_highest_day_highest() -> None:
    assert sparkline([0, 1, 2, 4, 8], 10) == "·▁▂▄█"
    assert sparkline([1] * 63, 21) == "█" * 21
    assert sparkline([0, 0], 5) == "··"
    assert len(sparkline(list(range(63)), 30)) <= 30


def test_nothing_stands_out_at_first(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Office(tmp_path / "amends", capsys, monkeypatch)
    made.complain()
    made.type("sync")
    assert made.type("trends").out.startswith("Nothing stands out.")
    assert made.type("corrections", "list").out.startswith("Nothing is being corrected.")
    assert made.desk.now < datetime(2027, 1, 1, tzinfo=UTC)


def test_the_source_that_keeps_trends_waiting_is_named_with_until_when_it_was_read(office: Office) -> None:
    assert "waits for" not in office.type("trends").out + office.type("status").out
    office.desk.advance(2 * 86_400)
    for command in ("trends", "status"):
        assert "The next day waits for shop: read to its end on 2026-" in office.type(command).out
    assert office.type("trends", "list", "--json").json["waits"]["source"] == "shop"
    office.type("sync")
    assert "waits for" not in office.type("trends").out + office.type("status").out
