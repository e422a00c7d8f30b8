"""What an adapter may ask the store of its own source: what a name belongs to, and what has left by mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from adapters.memory import Adapter
from connector.adapter import Cursor, Page
from connector.store import names, quarantine
from connector.store.memory import StoredLedger, StoredMemory
from connector.sync import pull
from connector.sync.page import pull_kept
from tests.engine.world import CUSTOMERS, START, World

TEXT = "My parcel has still not arrived. I want my money back."
LATER = START + timedelta(hours=1)


def a_ticket() -> tuple[World, str]:
    world = World()
    ticket = world.desk.open("Late", TEXT, requester=CUSTOMERS[0])
    world.step("pull")
    return world, ticket


def named(world: World, *pairs: tuple[str, str]) -> StoredMemory:
    with world.store.write("names") as connection:
        names.keep(connection, world.helpdesk().id, pairs)
    return StoredMemory(world.store, "shop")


def test_a_name_leads_to_its_ticket_and_to_who_took_part() -> None:
    world, ticket = a_ticket()
    memory = named(world, ("<a@b>", ticket), ("<c@d>", ticket))
    found = memory.known(["<a@b>", "<nobody@knows>"])
    assert set(found) == {"<a@b>"}
    assert found["<a@b>"].ticket == ticket
    assert not found["<a@b>"].finished
    assert "c0" in found["<a@b>"].people
    assert memory.names_of([ticket, "77"]) == {ticket: ["<a@b>", "<c@d>"]}


def test_a_name_stays_with_the_ticket_that_had_it_first() -> None:
    world, ticket = a_ticket()
    other = world.desk.open("Late too", TEXT, requester=CUSTOMERS[1])
    world.step("pull")
    memory = named(world, ("<a@b>", ticket), ("<a@b>", other))
    assert memory.known(["<a@b>"])["<a@b>"].ticket == ticket


def test_the_marker_of_a_write_leads_to_its_ticket() -> None:
    world, ticket = a_ticket()
    world.desk.advance(26 * 3600)
    world.step("pull")
    world.step("sweep")
    marker = world.intentions()[0].action.marker
    memory = StoredMemory(world.store, "shop")
    assert memory.known([marker, "am-aaaaaaaaaaaaaaaaaaaa"])[marker].ticket == ticket
    assert len(memory.known([marker, "am-aaaaaaaaaaaaaaaaaaaa"])) == 1


def test_what_was_begun_is_known_after_a_restart_and_counts_under_its_keys() -> None:
    world, _ = a_ticket()
    StoredLedger(world.store, "shop").begin("am-x.survey", ["person:1", "all"], START)
    world.live_again()
    ledger = StoredLedger(world.store, "shop")
    begun = ledger.sending("am-x.survey")
    assert begun is not None
    assert (begun.begun_at, begun.tries, begun.sent) == (START, 1, False)
    assert ledger.count("person:1", START) == ledger.count("all", START) == 1
    assert ledger.count("person:1", LATER) == ledger.count("person:2", START) == 0
    ledger.end("am-x.survey", sent=True)
    sent = ledger.sending("am-x.survey")
    assert sent is not None and sent.sent


def test_a_try_that_was_refused_for_sure_is_forgotten_and_counts_no_more() -> None:
    world, _ = a_ticket()
    ledger = StoredLedger(world.store, "shop")
    ledger.begin("am-x.survey", ["all"], START)
    ledger.end("am-x.survey", sent=False)
    assert ledger.sending("am-x.survey") is None
    assert ledger.count("all", START) == 0
    ledger.begin("am-x.survey", ["all"], START)
    ledger.begin("am-x.survey", ["all"], LATER)
    ledger.end("am-x.survey", sent=False)
    left = ledger.sending("am-x.survey")
    assert left is not None and left.tries == 1, "the first one may still have left"
    assert ledger.count("all", START) == 1


# -- what a record may bring along -------------------------------------------------------------------------------------


class Telling(Adapter):
    """Each ticket has a name, the second is put aside for a person, the third is nobody's business."""

    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        for page in super().fetch(stream, cursor):
            yield replace(page, records=[self._marked(one) for one in page.records])

    def read(self, stream: str, raw: bytes, seen_at: Any) -> Any:
        return self._marked(super().read(stream, raw, seen_at))

    def _marked(self, record: Any) -> Any:
        asides = {"2": "a stranger in a known thread", "3": "an out-of-office note"}
        return replace(
            record,
            names=(f"<{record.ticket}@x>",),
            aside=asides.get(record.ticket),
            quiet=record.ticket == "3",
            stops=(("person:9", "bounced"),) if record.ticket == "3" else (),
        )


def telling(world: World) -> Any:
    plain = world.adapter()
    return replace(
        world.helpdesk(), adapter=Telling(plain._source, plain._settings, plain._tools), streams=("tickets",)
    )


def test_what_is_put_aside_waits_for_a_person_and_comes_in_by_their_word() -> None:
    world = World()
    for number in range(3):
        world.desk.open("Late", TEXT, requester=CUSTOMERS[number])
    desk = telling(world)
    pull(desk, "tickets", world.store, world.rules, now=world.now, wait=lambda _seconds: None)
    memory = StoredMemory(world.store, "shop")
    assert set(memory.known(["<1@x>", "<2@x>", "<3@x>"])) == {"<1@x>"}
    with world.store.read() as connection:
        aside = {one.raw.ticket: one for one in quarantine.listing(connection)}
    assert aside["2"].why == "a stranger in a known thread" and aside["2"].skipped_at is None
    assert aside["3"].skipped_at is not None, "nobody need look at automatic mail"
    assert StoredLedger(world.store, "shop").stopped("person:9") == "bounced"

    pull_kept(desk, aside["2"].raw, world.store, world.rules, now=world.now)
    assert "<2@x>" not in memory.known(["<2@x>"]), "reading it again is not a person's word"
    pull_kept(desk, aside["2"].raw, world.store, world.rules, now=world.now, let_in=True)
    assert memory.known(["<2@x>"])["<2@x>"].ticket == "2"
    with world.store.read() as connection:
        assert [one.raw.ticket for one in quarantine.listing(connection)] == ["3"]
