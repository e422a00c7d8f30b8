"""`amends people …` as somebody types it: one person at two helpdesks, joined, parted, told in full and erased."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import cli
from adapters.memory import DESKS, Adapter, Desk
from connector.adapter import Cursor, Page
from connector.commands.place import Place
from connector.model import JSON
from connector.store import erasure
from connector.store.archive import unpacked_raw
from connector.store.erasure import Ticket
from connector.store.tables import metadata

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = 86_400
PEOPLE = """\
country: PT
numbers:
  customer_number: {from: [extra.customer_number], pattern: 'C-[0-9]+', single: true}
  order: {from: [order_number], pattern: 'A-[0-9]{5}', said: true}
shared: [info]
place: [extra.street]
"""
LATE = "My parcel has still not arrived and nobody answers me."
ANY = Ticket(1, 1, "shop", "1")
_numbers = count()


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Town:
    """Two helpdesks in memory, one folder of settings, and somebody at the terminal."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.home, self._capsys, self._patch = home, capsys, patch
        self.who = "ana"
        self.shop, self.depot = (Desk(f"people-{next(_numbers)}", MONDAY) for _ in range(2))
        for desk in (self.shop, self.depot):
            DESKS[desk.name] = desk
        (home / "mappings").mkdir(parents=True)
        meaning = (Path(cli.__file__).parent / "mappings" / "memory.yaml").read_text()
        own = "  requester.phone: requester.phone\n  extra.customer_number: custom:customer_number\n"
        own += "  extra.street: custom:street\n"
        (home / "mappings" / "memory.yaml").write_text(meaning.replace("fields:\n", f"fields:\n{own}"))
        (home / "amends.yaml").write_text(
            "sources:\n"
            + "".join(
                f"  {name}:\n    adapter: memory\n    options: {{desk: {desk.name}}}\n"
                f"    act_from: 2026-03-01T00:00:00Z\n"
                for name, desk in (("shop", self.shop), ("depot", self.depot))
            )
        )
        self.people()

    def people(self, more: str = "", text: str = PEOPLE) -> None:
        (self.home / "people.yaml").write_text(text + more)

    def type(self, *words: str) -> Said:
        """`amends --home … words`, at the desks' present instant."""
        self._patch.setenv("AMENDS_CLOCK", f"{self.shop.now.isoformat()}@0x0")
        self._patch.setattr(sys, "argv", ["amends", "--home", str(self.home), *words])
        self._patch.setattr(Place, "who", self.who)
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self._capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    def sync(self) -> None:
        said = self.type("sync")
        assert said.code == 0, said.err

    def days(self, number: float) -> None:
        for desk in (self.shop, self.depot):
            desk.advance(number * DAY)

    def person(self, name: str) -> Any:
        said = self.type("people", "show", name, "--json")
        assert said.code == 0, said.err
        return said.json


@pytest.fixture
def town(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    made = Town(tmp_path / "amends", capsys, monkeypatch)
    yield made
    for desk in (made.shop, made.depot):
        del DESKS[desk.name]


def who(ident: str, name: str = "Kim Doe", address: str = "kim@example.com", **more: JSON) -> dict[str, JSON]:
    return {"id": ident, "name": name, "address": address, "verified": True, "language": "en", **more}


def complain(desk: Desk, whose: dict[str, JSON], text: str = LATE, **custom: JSON) -> str:
    return desk.open("Parcel late", text, requester=whose, custom=custom)


def flags(town: Town, ticket: str) -> list[str]:
    found = town.type("complaints", "show", ticket, "--json").json["assessed"].get("flags", [])
    return [flag["rule"] for flag in found if flag["kind"] == "repeat"]


# -- one person over all sources ---------------------------------------------------------------------------------------


def test_one_person_at_two_helpdesks_is_one_by_a_verified_address(town: Town) -> None:
    complain(town.shop, who("c1"))
    complain(town.depot, who("d7", "K. Doe", "Kim@Example.com"), "The second parcel has not come either, where is it?")
    town.sync()
    found = town.person("kim@example.com")
    assert [one["key"] for one in found["identities"]] == ["shop:c1", "depot:d7"]
    assert [(tie["said"], tie["why"]) for tie in found["ties"]] == [("key", "mail:kim@example.com")]
    assert {case["id"] for case in found["cases"]} == {"shop/1", "depot/1"}
    told = town.type("people", "show", "kim@example.com").out
    assert "joined by mail:kim@example.com" in told and "depot/1" in told


def test_a_repeat_counts_over_all_sources_and_is_reckoned_anew_when_a_link_is_undone_and_made_again(town: Town) -> None:
    for number in range(3):
        desk = (town.shop, town.depot, town.shop)[number]
        complain(desk, who(("c1", "d7", "c1")[number]), f"{LATE} This is about parcel number {number}.")
        desk.set(desk.tickets()[-1], "status", "solved")
        town.days(2)
        town.sync()
    assert "many" in flags(town, "shop/2")
    number = town.person("kim@example.com")["identities"][1]["id"]
    assert town.type("people", "unlink", str(number), "--why", "two Kims").code == 0
    town.sync()
    assert "many" not in flags(town, "shop/2")
    assert len({one["id"] for one in town.type("people", "list", "--json").json}) == 2
    town.days(1)
    town.sync()
    assert "many" not in flags(town, "shop/2"), "no key joins again what a person parted"
    assert town.type("people", "link", "shop:c1", "depot:d7", "--why", "one Kim after all").code == 0
    town.sync()
    assert "many" in flags(town, "shop/2")
    said = town.type("audit", "list", "--json").json
    assert [line["what"] for line in said if line["what"].startswith("people")][:2] == [
        "people: linked",
        "people: unlinked",
    ]


def test_nobody_is_joined_by_an_address_that_is_not_verified_by_a_shared_one_or_by_a_familys(town: Town) -> None:
    complain(town.shop, who("c1"))
    complain(town.depot, who("d1", verified=False))
    complain(town.shop, who("c2", "Ann Roe", "info@hotel.example"))
    complain(town.depot, who("d2", "Ann Roe", "info@hotel.example"))
    complain(town.shop, who("c3", "Eva Poe", "poes@example.com", phone="210000001"))
    complain(town.depot, who("d3", "Max Poe", "poes@example.com", phone="+351210000001"))
    town.sync()
    assert [one["identities"] for one in town.type("people", "list", "--json").json] == [1] * 6


def test_a_customer_number_joins_and_two_of_them_part(town: Town) -> None:
    complain(town.shop, who("c1"), customer_number="C-1")
    complain(town.depot, who("d1", "Kim Doe", "kim.doe@work.example"), customer_number="c-1")
    complain(town.depot, who("d2"), customer_number="C-2")
    town.sync()
    assert [one["key"] for one in town.person("C-1")["identities"]] == ["shop:c1", "depot:d1"]
    assert len(town.person("depot:d2")["identities"]) == 1, "the same mailbox, but another customer number"


def test_whoever_gives_an_address_up_is_not_its_next_owner(town: Town) -> None:
    complain(town.shop, who("c1"))
    complain(town.depot, who("d1"))
    town.sync()
    assert len(town.person("shop:c1")["identities"]) == 2
    town.days(1)
    complain(town.depot, who("d1", address="new@example.com"), "And now the lamp is broken, too.")
    town.sync()
    assert len(town.person("shop:c1")["identities"]) == 1


def test_another_people_yaml_makes_other_people_at_the_next_pass(town: Town) -> None:
    complain(town.shop, who("c1"))
    complain(town.depot, who("d1"))
    town.sync()
    town.people(text=PEOPLE.replace("[info]", "[info, kim]"))
    town.sync()
    assert len(town.person("shop:c1")["identities"]) == 1
    town.people()
    town.sync()
    assert len(town.person("shop:c1")["identities"]) == 2


def test_the_same_message_at_two_helpdesks_is_one_complaint(town: Town) -> None:
    for number, at in enumerate((town.shop, town.depot, town.shop)):
        complain(at, who(("c1", "d7", "c1")[number]), LATE if number < 2 else f"{LATE} Now the third one is late.")
        town.days(0.1)
    town.sync()
    cases = {case["id"]: case for case in town.person("kim@example.com")["cases"]}
    assert cases["depot/1"]["same_as"] == "shop/1"
    assert "many" not in flags(town, "shop/2"), "two complaints, not three"


# -- proposals ---------------------------------------------------------------------------------------------------------


def test_what_is_only_likely_is_proposed_and_a_person_decides(town: Town) -> None:
    complain(town.shop, who("c1", "Ирина Соколова", "irina.sokolova@example.org"), street="Rua Augusta 12, 1100-048")
    complain(
        town.depot, who("d1", "Irina Sokolova", "irina@mail.example", verified=False), street="Rua Augusta 12, 1100-048"
    )
    complain(town.depot, who("d2", "Pedro Alves", "pedro@example.org"))
    town.sync()
    (found,) = town.type("people", "proposals", "--json").json
    assert {found["one_name"], found["other_name"]} == {"Ирина Соколова (shop)", "Irina Sokolova (depot)"}
    assert "postal address" in found["why"]
    assert len(town.person(str(found["one"]))["identities"]) == 1, "nothing is joined by likeness"
    town.type("people", "unlink", str(found["one"]), str(found["other"]))
    assert town.type("people", "proposals", "--json").json == []
    town.type("people", "link", str(found["one"]), str(found["other"]))
    assert len(town.person(str(found["one"]))["identities"]) == 2


def test_a_number_that_a_customer_only_names_proposes_and_joins_nobody(town: Town) -> None:
    complain(town.shop, who("c1"), order_number="A-10412")
    complain(town.depot, who("d1", "Kim Doe", "k@mail.example"), f"{LATE} The order is A-10412.")
    town.sync()
    assert len(town.person("shop:c1")["identities"]) == 1
    (found,) = town.type("people", "proposals", "--json").json
    assert "the same order" in found["why"]


def test_a_number_that_somebody_new_names_finds_whose_it_is_among_those_known_long(town: Town) -> None:
    complain(town.shop, who("c1"), order_number="A-10412")
    town.sync()
    assert town.type("people", "proposals", "--json").json == []
    complain(town.depot, who("d1", "K. Doe", "k@mail.example"), f"{LATE} The order is A-10412.")
    town.sync()
    (found,) = town.type("people", "proposals", "--json").json
    assert "the same order" in found["why"]


def test_a_report_counts_persons_over_all_sources_and_everybody_of_a_name(town: Town) -> None:
    complain(town.shop, who("c1"))
    complain(town.depot, who("d1"), "The second parcel has not come either, where is it?")
    complain(town.depot, who("d2", address="other.kim@example.net"), "The lamp arrived broken.")
    town.sync()
    told = town.type("report", "--by", "customer", "--json").json
    (table,) = told["tables"]
    assert [(group["name"], group["received"]) for group in table["groups"]] == [("Kim Doe", 2), ("Kim Doe", 1)]
    assert town.type("report", "--where", "customer=Kim Doe", "--json").json["total"]["received"] == 3


def test_a_report_as_of_a_day_counts_what_was_merged_only_later(town: Town) -> None:
    complain(town.shop, who("c1"))
    complain(town.shop, who("c2", "Pedro Alves", "pedro@example.org"), "My lamp has still not arrived, nobody answers.")
    town.sync()
    town.days(10)
    town.shop.merge("2", "1")
    town.sync()
    report = ("report", "--period", "2026-03", "--json")
    said = town.type(*report)
    assert said.code == 0, said.err
    assert said.json["total"]["received"] == 1
    assert town.type(*report, "--as-of", "2026-03-05").json["total"]["received"] == 2


# -- told and taken away -----------------------------------------------------------------------------------------------


def everything_in(file: Path) -> bytes:
    """All that a store file holds, unpacked."""
    found = [file.read_bytes()]
    with closing(sqlite3.connect(file)) as connection:
        for table in ("record", "quarantine"):
            found += [unpacked_raw(row[0]) for row in connection.execute(f"SELECT body FROM {table}")]
        found += [row[0] for row in connection.execute("SELECT doc FROM complaint")]
        found += [row[0] for row in connection.execute("SELECT action FROM outbox")]
        found += [str(row).encode() for row in connection.execute("SELECT * FROM audit")]
    return b"\n".join(found).lower()


TRACES = (b"kim doe", b"kim@example.com", b"still not arrived", b"+351210000001", b"c-1042")


def written(town: Town) -> None:
    """Kim, known at two helpdesks and written about, and somebody else."""
    complain(town.shop, who("c1", phone="210000001"), customer_number="C-1042")
    complain(town.depot, who("d1"), f"{LATE} And the invoice is wrong.")
    complain(town.shop, who("c2", "Pedro Alves", "pedro@example.org"), "My lamp arrived broken and I want a new one.")
    town.days(2)
    town.sync()
    town.type("people", "conduct", "incident", "kim@example.com", "--text", "Kim Doe shouted at Ben.")


def test_h27_an_export_holds_all_that_an_erasure_takes_away_and_nothing_of_others(town: Town) -> None:
    written(town)
    out = town.home / "kim.json"
    assert town.type("people", "export", "kim@example.com", "--out", str(out)).code == 0
    assert oct(out.stat().st_mode)[-3:] == "600"
    held = json.loads(out.read_text())["held"]
    assert {"complainant", "complaint", "record", "identity", "tie", "outbox", "conduct", "audit"} <= held.keys()
    assert "pedro" not in out.read_text().lower()
    plan = town.type("people", "erase", "kim@example.com", "--dry-run", "--json").json
    done = town.type("people", "erase", "kim@example.com", "--yes", "--json").json
    assert plan["erased"] == done["erased"]
    assert {name: len(rows) for name, rows in held.items() if name != "audit"} == done["erased"]["rows"]


def test_no_table_that_speaks_of_a_ticket_or_a_person_is_left_out() -> None:
    reached = {table.name for table, _ in (*erasure._of_ticket(ANY), *erasure._of_identities([1]))}
    people = {"complaint.id", "complainant.id"}
    speaking = {
        table.name
        for table in metadata.sorted_tables
        if any(key.target_fullname in people and key.ondelete != "SET NULL" for key in table.foreign_keys)
        or {"source_id", "ticket"} <= set(table.c.keys())
    }
    # A correction is about a trend; its ticket is the one that was opened for operations.
    assert speaking - {"correction"} <= reached


def test_h25_whoever_was_erased_is_nowhere_any_more_and_is_not_read_again(town: Town) -> None:
    written(town)
    before = everything_in(town.home / "amends.db")
    assert all(trace in before for trace in TRACES)
    assert town.type("people", "erase", "kim@example.com", "--yes").code == 0
    town.shop.customer_message("1", "Kim Doe again: still not arrived!")
    town.depot.staff_reply("1", "Dear Kim Doe, we are sorry.")
    town.days(1)
    town.sync()
    assert town.type("people", "erase", "pedro@example.org", "--dry-run").code == 0, "others are still there"
    after = everything_in(town.home / "amends.db")
    assert [trace for trace in TRACES if trace in after] == []
    assert town.type("people", "show", "kim@example.com").code == 1


def test_h25_whoever_is_erased_between_the_reading_of_a_page_and_its_saving_stays_out(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(town)
    town.shop.customer_message("1", "Kim Doe again: still not arrived!")
    town.days(1)
    read, erased = Adapter.fetch, []

    def fetch(self: Adapter, stream: str, cursor: Cursor) -> Iterator[Page]:
        for page in read(self, stream, cursor):
            if not erased and any(record.ticket == "1" for record in page.records):
                erased.append(town.type("people", "erase", "kim@example.com", "--yes"))
            yield page

    monkeypatch.setattr(Adapter, "fetch", fetch)
    town.sync()
    assert [said.code for said in erased] == [0]
    after = everything_in(town.home / "amends.db")
    assert [trace for trace in TRACES if trace in after] == []


def test_whoever_writes_anew_after_an_erasure_is_heard(town: Town) -> None:
    written(town)
    town.type("people", "erase", "kim@example.com", "--yes")
    town.days(1)
    complain(town.shop, who("c1"), "Now there is smoke coming out of the kettle!")
    town.sync()
    assert [case["id"] for case in town.person("kim@example.com")["cases"]] == ["shop/3"]


def test_h25_a_restored_backup_forgets_again_who_was_erased_since(town: Town) -> None:
    written(town)
    backup = town.home / "backup.db"
    assert town.type("store", "backup", str(backup)).code == 0
    town.type("people", "erase", "kim@example.com", "--yes")
    said = town.type("store", "restore", str(backup))
    assert said.code == 0 and "2 tickets that were erased since were erased again" in said.out
    assert town.type("people", "show", "kim@example.com").code == 1
    assert town.type("people", "show", "pedro@example.org").code == 0


def test_nobody_is_erased_by_accident(town: Town) -> None:
    written(town)
    said = town.type("people", "erase", "kim@example.com")
    assert said.code == 2 and "nobody is there to agree" in said.err
    assert town.type("people", "show", "kim@example.com").code == 0


def test_what_was_kept_long_enough_goes_by_itself_and_does_not_come_back(town: Town) -> None:
    written(town)
    town.shop.set("1", "status", "closed")
    town.days(20)
    town.sync()
    town.people("retention: {tickets: 30d, records: 20d}\n")
    assert town.type("store", "tidy", "--dry-run", "--json").json["erased"]["tickets"] == 0
    town.days(30)
    assert town.type("store", "tidy", "--dry-run", "--json").json["erased"]["tickets"] == 1
    done = town.type("store", "tidy", "--json").json
    assert done["erased"]["tickets"] == 1 and done["erased"]["rows"]["complaint"] == 1
    assert town.type("complaints", "show", "shop/1").code == 1
    assert town.type("complaints", "show", "shop/2").code == 0, "what is open stays"
    town.sync()
    assert town.type("complaints", "show", "shop/1").code == 1


def test_h26_tidying_that_dies_half_way_is_gone_on_with_and_the_log_counts_all_of_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        complain(town.shop, who(f"c{number}", f"Kim {number}", f"kim{number}@example.com"))
    town.sync()
    for number in range(3):
        town.shop.set(str(number + 1), "status", "closed")
    town.sync()
    town.days(60)
    town.people("retention: {tickets: 30d}\n")
    real, batches = erasure.erase_overdue, count()

    def dies(*words: Any) -> erasure.Erased:
        if next(batches) == 1:
            raise KeyboardInterrupt
        return real(*words)

    monkeypatch.setattr(erasure, "AT_ONCE", 1)
    monkeypatch.setattr(erasure, "erase_overdue", dies)
    assert town.type("store", "tidy").code != 0
    assert town.type("store", "tidy", "--dry-run", "--json").json["erased"]["tickets"] == 2, "one is gone for good"
    assert town.type("store", "tidy", "--json").json["erased"]["tickets"] == 2
    lines = town.type("audit", "list", "--json").json
    tidied = [line["detail"]["tickets"] for line in lines if line["what"] == "store: tidied"]
    assert sum(tidied) == 3


# -- who came back, and conduct ----------------------------------------------------------------------------------------


def test_the_report_tells_how_often_we_were_at_fault_first(town: Town) -> None:
    complain(town.shop, who("c1"))
    town.days(3)
    town.sync()
    town.shop.set("1", "status", "solved")
    town.days(2)
    complain(town.depot, who("d1"), "It has still not come, and it is five days by now.")
    town.sync()
    told = town.type("people", "repeats", "--json").json
    (row,) = told["rows"]
    assert (row["id"], row["rule"], row["cases"]) == ("depot/1", "same_matter", ["shop/1", "depot/1"])
    assert row["fault"]["case"] == "shop/1" and (told["counted"], told["at_fault"]) == (1, 1)
    assert "In 1 of 1 (100 %)" in town.type("people", "repeats").out


def test_a_restriction_takes_every_step_of_the_procedure_and_two_more_people(town: Town) -> None:
    written(town)
    step = ("people", "conduct")
    assert town.type(*step, "warn", "1", "--document", "letters/1").code == 1, "no fairness check yet"
    said = [f"--answer={name}=yes" for name in QUESTIONS]
    assert town.type(*step, "check", "1", *said[1:]).code == 1, "a question is open"
    assert town.type(*step, "check", "1", *said).code == 0
    assert town.type(*step, "warn", "1", "--document", "letters/1").code == 0
    decide = (*step, "decide", "1", "--measure", "no_contact", "--text", "It went on.", "--case", "shop/1")
    assert town.type(*decide, "--review", "2026-12-31").code == 1, "longer than six months"
    assert "written request" in town.type(*decide, "--review", "2026-06-01").err
    assert town.type(*decide, "--review", "2026-06-01", "--request", "letters/2").code == 0
    assert town.type(*step, "approve", "1").code == 1, "whoever decided cannot approve"
    for town.who in ("ben", "carla"):
        assert town.type(*step, "approve", "1").code == 0
    assert town.type(*step, "show", "1", "--json").json["state"] == "approved", "not in force before the notice"
    assert town.type(*step, "notice", "1", "--document", "letters/3").code == 0
    assert town.type(*step, "show", "1", "--json").json["state"] == "in_force"
    assert "no contact until 2026-06-01" in town.type("explain", "shop/1").out
    assert "it passes" in town.type("explain", "depot/1").out
    town.days(100)
    assert town.type(*step, "show", "1", "--json").json["state"] == "lapsed"
    lines = town.type("audit", "list", "--json").json
    assert sum(line["what"].startswith("conduct: ") for line in lines) == 7


def test_amends_only_suggests_to_talk_about_somebody_and_not_where_we_were_at_fault(town: Town) -> None:
    for _ in range(4):
        complain(town.shop, who("c1"), f"{LATE} {_}")
        town.shop.set(town.shop.tickets()[-1], "status", "solved")
    town.people("conduct: {suggest_after: 3}\n")
    town.sync()
    (found,) = town.type("people", "conduct", "suggest", "--json").json
    assert (found["name"], found["complaints"]) == ("Kim Doe", 4)
    before = town.type("complaints", "list", "--json").json
    assert [one["priority"] for one in before] == ["normal"] * 4


QUESTIONS = ("handled", "communicated", "nothing_new", "no_better_route", "vulnerability", "adjustment")
