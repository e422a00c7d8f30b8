"""`amends people export` and `erase`, retention and restored backups: how far they reach, and whom they leave alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connector.model import JSON
from connector.store import Store, tombstones
from connector.store.archive import unpacked_raw
from tests.unit.test_cli_people import LATE, Town, complain, town, who

__all__ = ["town"]
MATTERS = "The lamp arrived broken and I want another one."


def tickets_of(town: Town, name: str) -> list[str]:
    return sorted(case["id"] for case in town.person(name)["cases"])


def erased(town: Town, name: str, *more: str) -> Any:
    said = town.type("people", "erase", name, "--yes", "--json", *more)
    assert said.code == 0, said.err
    return said.json


# -- whom an erasure leaves alone --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shares", [{"phone": "210000001"}, {"address": "doe@example.com"}], ids=["phone", "mailbox"])
def test_an_erased_person_silences_nobody_who_shares_their_phone_or_mailbox(
    town: Town, shares: dict[str, JSON]
) -> None:
    tom = {**who("c2", "Tom Doe", "tom@example.com"), **shares}
    complain(town.shop, {**who("c1"), **shares})
    complain(town.shop, tom, MATTERS)
    complain(town.depot, {**tom, "id": "d2"}, "I wrote to the depot as well, and was told nothing.")
    assert town.type("sync", "shop").code == 0
    town.days(1)
    erased(town, "shop:c1")
    town.shop.customer_message("2", "Has anybody read my letter about the lamp?")
    town.days(1)
    town.sync()
    assert "Has anybody read" in town.type("explain", "shop/2", "--json").out
    assert town.type("complaints", "show", "depot/1").code == 0, "what lay unread at another helpdesk is heard"


def test_the_same_name_at_the_same_verified_mailbox_of_another_helpdesk_stays_out(town: Town) -> None:
    complain(town.shop, who("c1"))
    complain(town.depot, who("d1"), "The second parcel has not come either.")
    assert town.type("sync", "shop").code == 0
    town.days(1)
    erased(town, "kim@example.com")
    town.sync()
    assert town.type("people", "show", "kim@example.com").code == 1, "depot/1 is from before the erasure"


def remembered_before(town: Town, *keys: str) -> None:
    """These keys were erased now by a build that remembered each by itself."""
    with closing(sqlite3.connect(town.home / "amends.db")) as connection, connection:
        (salt,) = connection.execute("SELECT salt FROM instance").fetchone()
        at = int(town.shop.now.timestamp() * 1_000_000)
        rows = [(tombstones.hash_of(salt, key), at) for key in keys]
        connection.executemany("INSERT INTO erased (hash, at) VALUES (?, ?)", rows)


def test_whoever_an_older_build_erased_stays_out_and_a_phone_silences_nobody(town: Town) -> None:
    town.sync()
    complain(town.depot, who("d1"))
    complain(town.depot, who("d2", "Tom Doe", "tom@example.com", phone="210000001"), MATTERS)
    town.days(1)
    remembered_before(town, "mail:kim@example.com", "phone:+351210000001")
    town.days(1)
    complain(town.depot, who("d1"), "I write again, as somebody new.")
    town.sync()
    left = {f"{one['source']}/{one['ticket']}" for one in town.type("complaints", "list", "--json").json}
    assert left == {"depot/2", "depot/3"}


# -- how far it reaches ------------------------------------------------------------------------------------------------


def guessed(town: Town) -> None:
    """Kim by proof at two helpdesks; joined by hand with K. D., proposed with Kimm Doe, and beside somebody who only
    writes from her address."""
    complain(town.shop, who("c1", phone="210000001"))
    complain(town.depot, who("d1"), "The second parcel has not come either.")
    complain(town.shop, who("c3", "K. D.", "kd@example.org"), MATTERS)
    complain(town.depot, who("d4", "Kim Doe", "kim.doe@example.net", phone="210000002"), "My kettle leaks.")
    complain(town.depot, {**who("d5", "Somebody Else"), "verified": False}, "I write from my friend's mailbox.")
    town.sync()
    assert town.type("people", "link", "shop:c1", "shop:c3", "--why", "she says so on the phone").code == 0


def test_an_export_and_an_erasure_go_as_far_as_proof_and_list_the_rest(town: Town) -> None:
    guessed(town)
    out = town.home / "kim.json"
    said = town.type("people", "export", "kim@example.com", "--out", str(out))
    assert said.code == 0 and "shop:c3" not in out.read_text() and "lamp" not in out.read_text()
    assert "she says so on the phone" in said.err and "Somebody Else" in said.err
    told = erased(town, "kim@example.com")
    assert (told["erased"]["tickets"], len(told["identities"])) == (2, 2)
    assert {one["name"]: one["tickets"] for one in told["perhaps"]} == {"K. D.": 1, "Somebody Else": 1}
    left = {f"{one['source']}/{one['ticket']}" for one in town.type("complaints", "list", "--json").json}
    assert left == {"shop/2", "depot/2", "depot/3"}
    assert town.person("shop:c3")["ties"] == [], "nobody is left to be joined with"


def test_whom_somebody_looked_at_is_included_by_name(town: Town) -> None:
    guessed(town)
    plan = town.type("people", "erase", "kim@example.com", "--dry-run", "--json", "--include", "shop:c3").json
    told = erased(town, "kim@example.com", "--include", "shop:c3")
    assert told["erased"]["tickets"] == 3 and plan["erased"] == told["erased"]
    assert town.type("people", "show", "shop:c3").code == 1


def test_an_address_that_nobody_vouches_for_names_no_one_person_by_itself(town: Town) -> None:
    for number, name in enumerate(("Ada Moss", "Ben Hill")):
        complain(town.shop, {**who(f"c{number}", name, "info@firm.example"), "verified": True}, MATTERS)
    town.sync()
    said = town.type("people", "erase", "info@firm.example", "--yes")
    assert said.code == 1 and "nothing proves that" in said.err and "Ada Moss" in said.err


# -- what lies aside ---------------------------------------------------------------------------------------------------


def spoilt(town: Town, whose: dict[str, JSON], text: str = "This one cannot be read.") -> str:
    ticket = complain(town.shop, whose, text)
    town.shop.spoil(ticket)
    return ticket


def aside(town: Town) -> set[str]:
    """The tickets of which something lies aside."""
    with closing(sqlite3.connect(town.home / "amends.db")) as connection:
        return {row[0] for row in connection.execute("SELECT ticket FROM quarantine")}


def test_what_lies_aside_goes_with_its_person_alone_and_does_not_come_back(town: Town) -> None:
    complain(town.shop, who("c1", address="im@example.com"))
    spoilt(town, who("c1", address="im@example.com"))
    spoilt(town, who("c2", "Tim Kay", "tim@example.com"))
    town.sync()
    assert aside(town) == {"2", "3"}
    erased(town, "im@example.com")
    assert aside(town) == {"3"}, "tim@example.com only ends like theirs"
    town.shop.customer_message("2", "Still unreadable.")
    town.sync()
    assert aside(town) == {"3"}


def test_somebody_elses_ticket_that_quotes_an_erased_address_is_read_on(town: Town) -> None:
    """Once it is stored and a later version lies aside, once it lies aside from the first; both are mended then."""
    complain(town.shop, who("c1"))
    stored = complain(town.shop, who("c2", "Tim Kay", "tim@example.com"), MATTERS)
    town.sync()
    fresh = spoilt(town, who("c3", "Ada Moss", "ada@example.com"), "My neighbour kim@example.com has the same trouble.")
    town.shop.customer_message(stored, "Ask kim@example.com, she knows.")
    town.shop.spoil(stored)
    town.sync()
    erased(town, "kim@example.com")
    for ticket in (stored, fresh):
        del town.shop._row(ticket)["spoilt"]
        town.shop.customer_message(ticket, "Does anybody read this?")
    town.sync()
    for ticket in (stored, fresh):
        assert "Does anybody read this?" in town.type("explain", f"shop/{ticket}", "--json").out


def test_an_address_that_nobody_vouches_for_takes_nothing_aside_with_it(town: Town) -> None:
    complain(town.shop, {**who("c1"), "verified": False})
    spoilt(town, who("c2", "Tim Kay", "tim@example.com"), "Kim's real mailbox is kim@example.com, and this is hers.")
    town.sync()
    erased(town, "shop:c1")
    assert aside(town) == {"2"}


@pytest.mark.parametrize(
    "written", ["Hers:\nkim@example.com", "mailto:%3Ckim@example.com%3E", "href=3Dkim@example.com"]
)
def test_an_address_that_lies_aside_is_found_however_it_was_escaped(town: Town, written: str) -> None:
    complain(town.shop, who("c1"))
    spoilt(town, who("c2", "Tim Kay", "tim@example.com"), written)
    town.sync()
    erased(town, "kim@example.com")
    with closing(sqlite3.connect(town.home / "amends.db")) as connection:
        bodies = [unpacked_raw(body) for (body,) in connection.execute("SELECT body FROM quarantine")]
    assert not any(b"kim@example.com" in body for body in bodies)


def test_a_restored_backup_forgets_what_lay_aside_as_well(town: Town) -> None:
    complain(town.shop, who("c1"))
    town.sync()
    spoilt(town, who("c1"))
    town.sync()
    assert aside(town) == {"2"}
    assert town.type("store", "backup", str(town.home / "backup.db")).code == 0
    erased(town, "kim@example.com")
    assert town.type("store", "restore", str(town.home / "backup.db")).code == 0
    assert aside(town) == set()


# -- who is left -------------------------------------------------------------------------------------------------------


def test_persons_are_made_anew_of_who_is_left_when_the_ticket_that_joined_them_is_let_go(town: Town) -> None:
    kim = who("c1", phone="210000001")
    first = complain(town.shop, kim, customer_number="C-1042")
    complain(town.shop, kim, MATTERS)
    complain(town.depot, who("d1", address="k@example.org"), "The kettle leaks.", customer_number="C-1042")
    town.shop.set(first, "status", "closed")
    town.sync()
    assert len(town.person("shop:c1")["identities"]) == 2
    town.days(40)
    town.people("retention: {tickets: 30d}\n")
    town.sync()
    assert town.type("store", "tidy").code == 0
    assert len(town.person("shop:c1")["identities"]) == 1, "nothing that is left says so"
    assert "customer_number:C-1042" not in str(town.person("shop:c1"))


def test_whoever_was_joined_over_somebody_who_is_gone_is_a_person_of_their_own(town: Town) -> None:
    between = who("d1", phone="210000001")
    joint = complain(town.depot, between, customer_number="C-1042")
    complain(town.shop, who("c1"), MATTERS)
    complain(town.shop, who("c2", address="k@example.org"), "The kettle leaks.", customer_number="C-1042")
    town.depot.set(joint, "status", "closed")
    town.sync()
    assert len(town.person("shop:c1")["identities"]) == 3
    town.days(40)
    town.people("retention: {tickets: 30d}\n")
    town.sync()
    assert town.type("store", "tidy").code == 0
    for name, own in (("shop:c1", "shop/1"), ("shop:c2", "shop/2")):
        found = town.person(name)
        assert [one["key"] for one in found["identities"]] == [name] and found["id"] == found["identities"][0]["id"]
        assert tickets_of(town, name) == [own]


# -- nowhere any more --------------------------------------------------------------------------------------------------


def everything_in(home: Path) -> str:
    """All that the store's files hold, packed and unpacked."""
    found = [path.read_bytes() for path in home.glob("amends.db*")]
    with closing(sqlite3.connect(home / "amends.db")) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            packed = table in ("record", "quarantine")
            values = [value for row in connection.execute(f'SELECT * FROM "{table}"') for value in row]
            found += [unpacked_raw(one) if packed else one for one in values if isinstance(one, bytes)]
    return b"\n".join(found).decode(errors="replace").casefold()


# Every place at which somebody's words or name can come in, and how a marker gets there.
PLACES = (
    "account", "name", "address", "street", "product", "label", "team", "owner",
    "subject", "text", "message", "reply", "note", "field", "second", "unread", "comment", "why", "incident",
    "document", "title", "letter", "waived", "taken",
)  # fmt: skip


def seeded(town: Town) -> dict[str, str]:
    """A store with a marker of its own in every place; (marker by place)."""
    mark = {place: f"zq{number:02d}xj{place}" for number, place in enumerate(PLACES)}
    whose = who(mark["account"], f"Kim {mark['name']}", f"{mark['address']}@example.com", phone="+351210077001")
    custom = {
        "street": f"{mark['street']} 7", "customer_number": "C-7700420", "order_number": "A-77004",
        "product": mark["product"], "other": mark["field"],
    }  # fmt: skip
    text = f"{LATE} {mark['text']} A-77004."
    ticket = town.shop.open(
        f"Late {mark['subject']}", text, requester=whose, custom=custom, labels=["complaint", mark["label"]],
        team=mark["team"], owner=mark["owner"],
    )  # fmt: skip
    town.depot.open("Late", f"{text} {mark['second']}", requester={**whose, "id": f"{mark['account']}2"}, custom=custom)
    unread = town.shop.open("Odd", mark["unread"], requester=whose)
    town.shop.spoil(unread)
    town.shop.customer_message(ticket, f"Hello? {mark['message']}")
    town.shop.staff_reply(ticket, f"Dear {mark['reply']}, we call you on 5 March 2026.")
    town.shop.note(ticket, mark["note"])
    town.days(2)
    town.sync()
    name, say = f"shop/{ticket}", town.type
    assert say("people", "conduct", "incident", "shop:" + mark["account"], "--text", mark["incident"],
               "--document", mark["document"], "--case", name).code == 0  # fmt: skip
    assert say("corrections", "open", name, "--title", mark["title"], "--owner", "ops").code == 0
    assert say("corrections", "done", "1", "--changed", f"en={mark['letter']}").code in (0, 1, 2)
    assert say("corrections", "waive", "1", name, "--why", mark["waived"]).code in (0, 1, 2)
    assert say("remedy", "grant", name, "refund", "--cost", "12.50", "--currency", "EUR").code == 0
    assert say("ack", name, "--by", mark["taken"]).code == 0
    town.depot.open("Late", "And once more.", requester=who("d9", "K. D.", "kd@example.net"))
    town.sync()
    assert say("people", "link", "shop:" + mark["account"], "depot:d9", "--why", mark["why"]).code == 0
    assert say("survey", "stop", f"{mark['address']}@example.com").code == 0
    store = Store(f"sqlite:///{town.home / 'amends.db'}").open()
    with store.write("test") as connection:
        asked = "SELECT id, source_id, complainant_id FROM complaint WHERE ticket = ? AND source_id = 1"
        row = connection.exec_driver_sql(asked, (ticket,)).first()
        assert row is not None
        connection.exec_driver_sql(
            "INSERT INTO survey (source_id, ticket, episode, marker, complaint_id, person_id, csat, comment)"
            " VALUES (?, ?, 'life#1', 'am-x', ?, ?, 1, ?)", (row[1], ticket, row[0], row[2], mark["comment"]),
        )  # fmt: skip
    store.close()
    return mark


def test_no_trace_of_an_erased_person_is_left_anywhere_in_the_file(town: Town) -> None:
    complain(town.shop, who("c2", "Pedro Alves", "pedro@example.org"), MATTERS)
    mark = seeded(town)
    before = everything_in(town.home)
    assert [place for place in PLACES if mark[place] not in before] == [], "each has to be there first"
    erased(town, f"shop:{mark['account']}")
    after = everything_in(town.home)
    assert [place for place in PLACES if mark[place] in after] == []
    assert [one for one in ("c-7700420", "a-77004", "210077001") if one in after] == []
    assert "pedro@example.org" in after, "others are still there"
    town.days(1)
    town.sync()
    after = everything_in(town.home)
    assert [place for place in PLACES if mark[place] in after] == []
