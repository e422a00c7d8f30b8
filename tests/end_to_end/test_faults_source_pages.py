"""Faults S15 to S24: pages and cursors that repeat, skip, expire, circle or never end. See docs/engineers/faults.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connector.adapter import Cursor
from connector.errors import CursorError
from connector.model import EntryKind
from connector.schedule import PAGES_A_TURN
from connector.store import sources
from connector.store.complaints import Stored
from connector.store.intentions import State
from sandbox.zendesk import Faults, content
from tests.end_to_end.town import START, Shop, Town, failure, town
from tests.end_to_end.wire import mangled


@pytest.fixture
def here() -> Iterator[Town]:
    with town() as made:
        yield made


def _read(here: Town, count: int, page_size: int = 1000) -> tuple[Shop, list[int]]:
    """A shop whose complaints were all read once."""
    shop = here.opened()
    tickets = [shop.opens() for _ in range(count)]
    here.clock.advance(3600)
    shop.account.switches.page_size = page_size
    shop.pull()
    return shop, tickets


def _set_cursor(shop: Shop, stream: str, cursor: Cursor) -> None:
    with shop.town.store.write("a hand in the store") as connection:
        sources.advance(connection, shop.desk.id, stream, cursor, now=shop.town.now(), records=0, complete=False)


def _replies(stored: Stored) -> list[str | None]:
    return [one.text for one in stored.doc.entries if one.kind is EntryKind.STAFF_REPLY and one.observed]


def test_s15_a_page_served_twice_adds_nothing_and_an_older_copy_overwrites_nothing(here: Town) -> None:
    shop, tickets = _read(here, 5, page_size=2)
    shop.site.faults = Faults(["stale_page@GET:incremental=0.4"], seed=1)
    newest: dict[str, int] = {}
    for number, ticket in enumerate(tickets * 2):
        shop.account.agent_replies(ticket, f"Reply {number}.")
        here.clock.advance(70)
        shop.turn("pull")
        here.clock.advance(900)
        versions = {one.ticket: one.doc.complaint.version for one in shop.all_stored().values()}
        assert all(versions[name] >= version for name, version in newest.items()), "a ticket went back in time"
        newest = versions
    assert shop.site.faults.given["stale_page"] >= 5
    shop.check()
    for ticket in tickets:
        assert len(_replies(shop.stored(ticket))) == 2


def test_s15_the_copy_of_an_hour_ago_does_not_bring_an_old_status_back(here: Town) -> None:
    shop, [ticket] = _read(here, 1)
    old = dict(shop.account.live(ticket).body)  # type: ignore[union-attr]
    shop.account.agent_sets(ticket, status="solved")
    here.clock.advance(61)
    shop.pull()
    solved = shop.stored(ticket)
    _set_cursor(shop, "tickets", {"start_time": int(START.timestamp())})
    mangled(shop.site, "/tickets/cursor", lambda page: {**page, "tickets": [old]})
    [told] = shop.pull("tickets")
    assert (told.records, told.changed) == (1, 0)
    assert shop.stored(ticket).doc == solved.doc
    assert solved.doc.complaint.status == "resolved"


def test_s16_a_ticket_left_out_of_a_page_is_completed_from_its_events_in_the_same_turn(here: Town) -> None:
    shop, _ = _read(here, 3, page_size=2)
    skipped = shop.opens()
    shop.opens()
    here.clock.advance(61)
    shop.account.switches.hidden = {skipped}  # it moved between two pages while they were read
    shop.pull("tickets")
    assert str(skipped) not in shop.all_stored()
    shop.account.switches.hidden = set()
    shop.pull("ticket_events")
    assert shop.stored(skipped).doc.complaint.subject == "Parcel never arrived"
    shop.check()


def test_s16_a_change_that_both_exports_left_out_comes_with_the_next_one(here: Town) -> None:
    shop, [ticket] = _read(here, 1)
    shop.account.switches.hidden = {ticket}
    shop.account.customer_writes(ticket, "Is anybody there?")
    here.clock.advance(61)
    shop.pull()
    shop.account.switches.hidden = set()
    shop.account.customer_writes(ticket, "Hello?")
    here.clock.advance(61)
    shop.pull()
    assert shop.stored(ticket).doc.complaint.version == shop.account.live(ticket).body["generated_timestamp"]


@pytest.mark.parametrize("status", [400, 410, 422])
def test_s17_a_refused_cursor_starts_again_before_the_last_complete_read(here: Town, status: int) -> None:
    shop, _ = _read(here, 4)
    here.clock.advance(30 * 86400)
    missed = shop.opens()
    here.clock.advance(61)
    shop.pull()
    complete = shop.stream().complete_at  # type: ignore[union-attr]
    shop.account.customer_writes(missed, "Still nothing.")
    here.clock.advance(61)
    shop.account.switches.cursor_refused = status
    before = len(shop.exports())
    shop.pull("tickets")
    asked = [query for query in shop.exports()[before:] if "start_time" in query]
    assert [int(query["start_time"]) for query in asked] == [int((complete - timedelta(hours=2)).timestamp())]
    [line] = shop.audit("cursor: started again")
    assert line.detail["stream"] == "tickets" and "the beginning" not in line.detail["since"]
    shop.account.switches.cursor_refused = None
    shop.check()


def test_s18_a_cursor_that_leads_back_to_itself_is_found_and_told(here: Town) -> None:
    shop, _ = _read(here, 6, page_size=2)
    for _ in range(6):
        shop.opens()
    here.clock.advance(61)
    shop.account.switches.cursor_loops = True
    before = len(shop.exports())
    shop.turn("pull")
    assert "runs in a circle" in (shop.row.last_error or "")
    assert len(shop.exports()) - before <= 8
    shop.turn("pull")
    assert len(shop.exports()) - before <= 8, "the source rests"
    assert isinstance(failure(shop.pull), CursorError)
    shop.account.switches.cursor_loops = False
    here.clock.advance(900)
    shop.turn("pull")
    assert shop.row.last_error is None
    shop.check()


@pytest.mark.parametrize("stream", ["tickets", "ticket_events"])
def test_s19_a_cursor_in_the_far_future_is_no_sign_that_all_was_read(here: Town, stream: str) -> None:
    shop, _ = _read(here, 2)
    complete = shop.stream(stream).complete_at  # type: ignore[union-attr]
    _set_cursor(shop, stream, {"start_time": 4_000_000_000})
    ticket = shop.opens()
    here.clock.advance(61)
    shop.pull(stream)
    [line] = shop.audit("cursor: started again")
    assert "stands in the future" in line.detail["why"]
    assert shop.stored(ticket).doc.complaint.ticket == str(ticket)
    assert shop.stream(stream).complete_at > complete  # type: ignore[union-attr]
    shop.check()


def test_s20_a_stream_without_end_leaves_the_other_streams_and_sources_their_turn(here: Town) -> None:
    shop, other = here.opened(), here.opened("other")
    shop.turn("pull")
    tickets = [shop.opens() for _ in range(PAGES_A_TURN + 5)]
    other.opens()
    here.clock.advance(61)
    shop.account.switches.page_size = 1
    before = len(shop.exports())
    shop.turn("pull")
    other.turn("pull")
    assert len(shop.exports()) - before == PAGES_A_TURN
    assert shop.stream("ticket_events").records > 0  # type: ignore[union-attr]
    assert len(other.all_stored()) == 1
    shop.turn("pull")
    assert len(shop.all_stored()) == len(tickets)
    shop.check()


def test_s20_a_long_history_is_read_to_its_end_before_its_events_are(here: Town) -> None:
    shop, other = here.opened(), here.opened("other")
    tickets = [shop.opens() for _ in range(PAGES_A_TURN + 5)]
    here.clock.advance(61)
    shop.account.switches.page_size = 1
    shop.turn("pull")
    other.turn("pull")
    assert shop.stream("ticket_events") is None, "each event of a ticket not read yet would cost calls of its own"
    shop.turn("pull")
    assert len(shop.all_stored()) == len(tickets)
    assert shop.stream("ticket_events").records > 0  # type: ignore[union-attr]
    shop.check()


def test_s20_an_export_that_never_says_it_is_at_its_end_costs_a_bounded_number_of_calls(here: Town) -> None:
    shop, _ = _read(here, 3)
    shop.account.switches.never_ends = True
    ticket = shop.opens()
    here.clock.advance(61)
    before = len(shop.calls)
    shop.turn("pull")
    assert len(shop.calls) - before <= 2 * PAGES_A_TURN * len(shop.desk.streams)
    assert str(ticket) in shop.all_stored()
    shop.account.switches.never_ends = False
    here.clock.advance(900)
    shop.check()


def test_s21_what_the_export_held_back_is_measured_from_when_it_happened(here: Town) -> None:
    shop = here.opened()
    ticket = shop.opens()
    opened = START
    shop.pull()
    assert shop.all_stored() == {}
    here.clock.advance(90)
    shop.pull()
    stored = shop.stored(ticket)
    [clock] = [one for one in stored.assessed.clocks if one.kind == "first_reply"]
    assert stored.doc.complaint.opened_at == clock.started_at == opened
    assert clock.due_at == opened + timedelta(hours=4)
    assert all(entry.seen_at > entry.occurred_at for entry in stored.doc.entries)


@pytest.mark.parametrize("skew_seconds", [600, -600])
def test_s23_clocks_ten_minutes_apart_lose_nothing_and_make_no_negative_time(here: Town, skew_seconds: int) -> None:
    shop = here.opened()
    shop.account.switches.skew_seconds = skew_seconds
    ticket = shop.opens()
    here.clock.advance(61)
    shop.pull_through()
    stored = shop.stored(ticket)
    assert stored.doc.complaint.opened_at == START + timedelta(seconds=skew_seconds)
    assert all(clock.used_seconds >= 0 for clock in stored.assessed.clocks)
    # Where to start again after a refused cursor is reckoned from our own clock, and this change was held back then.
    late = shop.opens()
    shop.account.customer_writes(ticket, "Still waiting.")
    here.clock.advance(10)
    shop.pull("tickets")
    here.clock.advance(70)
    shop.account.switches.cursor_refused = 410
    shop.pull("tickets")
    shop.account.switches.cursor_refused = None
    assert str(late) in shop.all_stored()
    assert shop.stored(ticket).doc.complaint.version == shop.account.tickets[ticket].body["generated_timestamp"]
    here.clock.advance(5 * 3600)
    shop.pull_through()
    here.sweep()
    shop.push_until_quiet()
    assert [one.state for one in shop.intentions(ticket)] == [State.DONE]
    shop.check()


def test_s24_one_second_on_both_sides_of_every_page_border_is_read_whole(here: Town) -> None:
    shop = here.opened()
    shop.account.switches.page_size = 7
    tickets = [shop.account.customer_opens("Late", "Where is it?") for _ in range(60)]
    here.clock.advance(61)
    shop.pull()
    assert len(shop.all_stored()) == 60
    for ticket in tickets:
        shop.account.agent_replies(ticket, "We look into it.", by=content.ANA)
    here.clock.advance(61)
    shop.pull()
    for stored in shop.all_stored().values():
        assert _replies(stored) == ["We look into it."]
    shop.check()
