"""What reports count is kept as complaints come and change: it is always as if counted anew."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from connector.assessment.clocks import clocks_of
from connector.assessment.counting import figures_of
from connector.assessment.understood import understood_again
from connector.people.retention import Retention
from connector.report.cohort import Cohort, cohort, from_blocks, from_bytes, from_scores
from connector.report.counting import Counting, Period
from connector.store import complaints, figures, people, scores, walks
from connector.store.figures import REST, Alone, Counted, numbered
from connector.sync import replay
from connector.sync.changing import PARTS
from connector.sync.knowing import tidy
from tests.engine.world import CUSTOMERS, World
from tests.unit.test_report_counting import one

COMPLAINT = "My parcel has still not arrived. I want my money back."
VERBS = ("pull", "sweep", "push")


def kept(world: World) -> Cohort:
    with world.store.read() as connection:
        found = from_blocks(figures.blocks(connection))
        return cohort(found, figures.words(connection), {1: "shop"}, from_scores(*scores.everything(connection)))


def counted_anew(world: World) -> Cohort:
    """The same from the complaints themselves."""
    alone = Alone()
    with world.store.read() as connection:
        for stored in complaints.listing(connection):
            doc = stored.doc
            this = understood_again(doc.complaint, doc.entries, doc.tags, world.helpdesk().words, doc.promises)
            clocks = clocks_of(this, world.rules, world.now())
            told = figures_of(this, clocks, stored.assessed.flags, world.rules)
            alone.add(stored.id, Counted(stored.source_id, stored.complainant_id, told))
        asked = from_scores(*scores.everything(connection))
        return cohort(from_bytes(bytes(alone.body), alone.idents), alone.words, {1: "shop"}, asked)


def as_text(found: Cohort) -> list[tuple[Any, ...]]:
    """Every row with its words written out: numbers of words differ by the order in which they came."""
    told = []
    for at, ident in enumerate(found.idents):
        values = {name: column[at].item() for name, column in found.rows.items()}
        for facet in (*figures.FACETS, "currency"):
            values[facet] = found.words.get(values[facet], "")
        told.append((int(ident), tuple(values.items())))
    return told


def people_do(world: World, tickets: list[str], chance: random.Random) -> None:
    """Something happens at the desk."""
    act = chance.choice(["open", "open", "reply", "solve", "reopen", "owner", "label", "merge", "delete"])
    ticket = chance.choice(tickets) if tickets else ""
    if act == "open" or not ticket or (act in ("merge", "delete") and len(tickets) < 4):
        text = chance.choice([COMPLAINT, "What are your opening hours?", "Hm."])
        tickets.append(world.desk.open(f"Case {len(tickets)}", text, requester=chance.choice(CUSTOMERS)))
    elif act in ("solve", "reopen"):
        world.desk.set(ticket, "status", "solved" if act == "solve" else "open")
    else:
        {
            "reply": lambda: world.desk.staff_reply(ticket, "We are looking into it."),
            "owner": lambda: world.desk.set(ticket, "owner", chance.choice(["ana", "ben"])),
            "label": lambda: world.desk.label(ticket, ["vip"]),
            "merge": lambda: world.desk.merge(tickets.pop(), tickets[0]),
            "delete": lambda: world.desk.delete(tickets.pop()),
        }[act]()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_is_what_counting_anew_gives(seed: int) -> None:
    chance = random.Random(seed)
    world = World(page_size=chance.randint(1, 5))
    tickets: list[str] = []
    for _ in range(40):
        people_do(world, tickets, chance)
        world.desk.advance(chance.choice([60, 3600, 30_000]))
        for verb in VERBS:
            if chance.random() < 0.5:
                world.step(verb)
    world.heal()
    world.step("sweep")
    now, anew = as_text(kept(world)), as_text(counted_anew(world))
    assert now == anew and now


def test_a_ticket_that_turns_out_to_be_none_counts_no_more() -> None:
    world = World()
    ticket = world.desk.open("Late", COMPLAINT, requester=CUSTOMERS[0])
    world.step("pull")
    assert len(kept(world).idents) == 1
    other = world.desk.open("Late", COMPLAINT, requester=CUSTOMERS[0])
    world.step("pull")
    world.desk.merge(ticket, other)
    world.step("pull")
    found = kept(world)
    with world.store.read() as connection:
        assert walks.names_of(connection, [int(ident) for ident in found.idents]) == [f"shop/{other}"]


def test_after_an_update_all_that_is_stored_is_counted_again() -> None:
    world = World()
    for number in range(7):
        world.desk.open(f"Late {number}", COMPLAINT, requester=CUSTOMERS[0])
    for verb in VERBS:
        world.step(verb)
    before = as_text(kept(world))
    with world.store.write("an older release") as connection:
        connection.exec_driver_sql("DELETE FROM figure")
        connection.exec_driver_sql("UPDATE source SET rules_digest = 'a:b:old'")
    assert PARTS == ("mapping", "tagging", "clocks")
    renewed = replace(world.helpdesk(), rules_digest="a:b:new")
    replay(renewed, world.store, world.rules, now=world.now)
    assert as_text(kept(world)) == before


def test_a_crash_never_leaves_figures_of_a_page_that_is_not_there() -> None:
    for at in range(1, 9):
        world = World(page_size=2)
        for number in range(5):
            world.desk.open(f"Late {number}", COMPLAINT, requester=CUSTOMERS[0])
        world.die_at = at
        world.step("pull")
        world.step("pull")
        world.step("sweep")
        assert as_text(kept(world)) == as_text(counted_anew(world))


def test_more_complaints_than_a_row_holds_are_kept_in_several() -> None:
    world = World()
    with world.store.write("many") as connection:
        figures.keep(connection, {number: Counted(1, 1, one(number % 20)) for number in range(1, 600)})
        figures.keep(connection, {300: Counted(1, 1, None), 10_000: Counted(1, 1, None)})
    found = kept(world)
    assert [int(ident) for ident in found.idents] == [number for number in range(1, 600) if number != 300]
    whole = Period(datetime(2020, 1, 1, tzinfo=UTC), None, "all")
    assert Counting(found, whole, {}).total().received == 598


def test_no_currency_and_no_category_is_lost_beside_a_hundred_thousand_products() -> None:
    """Products, which may be that many, leave the numbers of 16 bits to all other words."""
    lamp, tea = one(words={"product": "lamp", "category": ""}), one(cost_cents=1250, currency="EUR")
    world = World()
    with world.store.write("as an earlier release numbered words") as connection:
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70000)"
            " INSERT INTO figure_word (id, facet, word) SELECT i, 'product', 'p' || i FROM n"
        )
        figures.keep(connection, {3: Counted(1, 1, replace(lamp, words=("p7", *lamp.words[1:])))})
        figures.keep(connection, {4: Counted(1, 1, tea), 5: Counted(1, 1, lamp)})
    found = kept(world)
    (cost,) = found.costs
    assert (cost.currency, cost.cents.tolist()) == ("EUR", [1250])
    assert [found.name("product", int(code)) for code in found.codes("product")] == ["p7", "", "lamp"]
    assert [found.name("category", int(code)) for code in found.codes("category")] == ["", "delivery", ""]
    with world.store.write("forget") as connection:
        figures.forget_unused(connection, figures.unused(connection))
        assert set(figures.words(connection).values()) == {"p7", "lamp", "delivery", "EUR"}


def test_a_word_that_comes_to_use_between_the_look_and_the_forgetting_stays() -> None:
    lamp, tea = one(words={"product": "lamp"}), one(words={"product": "tea"})
    world = World()
    with world.store.write("counted") as connection:
        figures.keep(connection, {1: Counted(1, 1, lamp), 300: Counted(1, 1, tea), 600: Counted(1, 1, tea)})
        figures.keep(connection, {1: Counted(1, 1, None), 300: Counted(1, 1, None), 600: Counted(1, 1, None)})
    with world.store.read() as connection:
        found = figures.unused(connection)
    with world.store.write("meanwhile") as connection:
        figures.keep(connection, {600: Counted(1, 1, tea)})
    with world.store.write("forget") as connection:
        figures.forget_unused(connection, found)
        assert "tea" in figures.words(connection).values() and "lamp" not in figures.words(connection).values()


def test_tidying_looks_through_the_figures_before_it_begins_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.desk.open("Late", COMPLAINT, requester=CUSTOMERS[0])
    for verb in VERBS:
        world.step(verb)
    world.desk.set("1", "status", "closed")
    world.desk.advance(400 * 86_400)
    for verb in VERBS:
        world.step(verb)
    writing: list[str] = []
    looked: list[bool] = []
    real_write, real_used = world.store.write, figures._used

    @contextmanager
    def write(what: str) -> Iterator[Any]:
        with real_write(what) as connection:
            writing.append(what)
            yield connection
            writing.pop()

    def used(body: bytes) -> set[int]:
        looked.append(bool(writing))
        return real_used(body)

    monkeypatch.setattr(world.store, "write", write)
    monkeypatch.setattr(figures, "_used", used)
    world.desk.advance(400 * 86_400)
    assert tidy(world.store, Retention(tickets_days=30), world.rules.people, world.now()).tickets == 1
    assert looked and not any(looked)


def test_words_that_are_more_than_can_be_told_apart_count_together_and_say_so() -> None:
    taken = set(range(1, REST - 1))
    new = numbered({("category", "a"), ("category", "b"), ("product", "c")}, taken, 80_000)
    assert new == {("category", "a"): REST - 1, ("product", "c"): 80_001}


def test_customers_are_named_only_where_they_are_asked_for() -> None:
    world = World()
    world.desk.open("Late", COMPLAINT, requester=CUSTOMERS[0])
    world.step("pull")
    with world.store.read() as connection:
        assert set(people.names(connection)[0].values()) == {"Customer 0"}
        assert "Customer" not in repr(list(figures.words(connection).values()))
