"""Faults S25 to S29 and S36: tickets that are merged, deleted, redacted, closed or edited under our hands.
See docs/engineers/faults.md."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import pytest
import zstandard
from sqlalchemy import text

from connector.model import ActionKind, EntryKind, FlagKind
from connector.outbox import ROUNDS
from connector.store import archive
from connector.store.intentions import State
from sandbox.zendesk import content
from tests.end_to_end.town import Shop, Town, town

# Four matters of one customer: asking again after the same one would be a chaser, which is no complaint of its own.
_MATTERS = (
    ("Broken on arrival", "The lamp arrived broken. This is unacceptable, I want a replacement."),
    ("Parcel never arrived", "My parcel still has not arrived and nobody answers. I want my money back."),
    ("Rude agent", "Your agent on the phone was rude to me and shouted. I complain about this behaviour."),
    ("App crashes", "Your app crashes each time I log in, I am really annoyed. Fix it."),
)


@pytest.fixture
def here() -> Iterator[Town]:
    with town() as made:
        yield made


def _states(shop: Shop, ticket: int) -> list[State]:
    return [one.state for one in shop.intentions(ticket)]


def _settle(here: Town, shop: Shop) -> None:
    """The minute that the export holds back passes, then one round of the three verbs."""
    here.clock.advance(61)
    shop.pull()
    here.sweep()
    shop.push_until_quiet()


# -- S25: merged -------------------------------------------------------------------------------------------------------


def test_s25_a_ticket_merged_between_two_pages_is_kept_and_knows_where_it_went(here: Town) -> None:
    shop = here.opened()
    loser, winner = shop.opens(), shop.opens()
    here.clock.advance(61)
    shop.pull("tickets")
    shop.account.merge(loser, winner)
    here.clock.advance(61)
    shop.pull("ticket_events")
    assert shop.stored(loser).doc.complaint.merged_into == str(winner)
    assert shop.stored(winner).doc.complaint.merged_into is None
    shop.check()
    assert shop.stored(loser).doc.complaint.status == "closed"


def test_s25_what_was_to_be_written_to_the_merged_ticket_is_dropped_and_the_other_gets_its_own(here: Town) -> None:
    shop = here.opened()
    loser, winner = shop.opens(), shop.opens()
    here.clock.advance(5 * 3600)
    shop.pull()
    here.sweep()
    assert _states(shop, loser) == _states(shop, winner) == [State.PENDING]
    shop.account.merge(loser, winner)
    _settle(here, shop)
    assert _states(shop, loser) == [State.CANCELLED]
    assert _states(shop, winner) == [State.DONE]
    assert [one.ticket for one in shop.account.ledger] == [winner]
    whys = [one.detail["why"] for one in shop.audit("write: cancelled") if one.ticket == str(loser)]
    assert whys and all(f"merged into {winner}" in why for why in whys)
    shop.check()


def test_s25_a_merge_that_we_have_not_read_yet_still_writes_nothing_to_the_closed_ticket(here: Town) -> None:
    shop = here.opened()
    loser, winner = shop.opens(), shop.opens()
    here.clock.advance(5 * 3600)
    shop.pull()
    here.sweep()
    shop.account.merge(loser, winner)
    here.clock.advance(5)
    shop.push_until_quiet()
    assert _states(shop, loser) == [State.DEAD]
    assert [one.ticket for one in shop.account.ledger] == [winner]


def test_s25_merged_tickets_count_as_one_complaint_of_that_person(here: Town) -> None:
    shop = here.opened()
    person = shop.account.add_customer("Rui Costa", "rui@example.net")
    tickets = [shop.opens(*matter, requester=person) for matter in _MATTERS[:3]]
    shop.account.merge(tickets[0], tickets[2])
    here.clock.advance(61)
    shop.pull()
    here.sweep()
    flags = [flag for one in shop.all_stored().values() for flag in one.assessed.flags if flag.kind is FlagKind.REPEAT]
    assert flags == [], "two complaints are not three"
    shop.opens(*_MATTERS[3], requester=person)
    here.clock.advance(61)
    shop.pull()
    here.sweep()
    flags = [flag for one in shop.all_stored().values() for flag in one.assessed.flags if flag.kind is FlagKind.REPEAT]
    assert flags, "the control: three are"


# -- S26, S27: deleted, and back ---------------------------------------------------------------------------------------


def test_s26_a_ticket_deleted_before_our_write_cancels_it_once_and_for_all(here: Town) -> None:
    shop = here.opened()
    ticket = shop.overdue()
    shop.account.delete(ticket)
    here.clock.advance(5)
    shop.push()
    calls = len(shop.calls)
    shop.push_until_quiet()
    assert len(shop.calls) == calls, "nothing is tried again"
    [intention] = shop.intentions(ticket)
    assert intention.state is State.CANCELLED and "no such ticket" in (intention.why or "")
    assert not list(shop.account.ledger)
    here.clock.advance(61)
    shop.pull()
    assert shop.stored(ticket).doc.complaint.status == "deleted"


def test_s26_the_tombstone_keeps_the_history_and_stops_the_clocks(here: Town) -> None:
    shop = here.opened()
    ticket = shop.opens()
    shop.account.agent_notes(ticket, "Called the carrier.")
    here.clock.advance(61)
    shop.pull()
    shop.account.delete(ticket)
    _settle(here, shop)
    stored = shop.stored(ticket)
    assert stored.doc.complaint.status == "deleted"
    assert "Called the carrier." in [entry.text for entry in stored.doc.entries]
    here.clock.advance(86400)
    here.sweep()
    assert shop.intentions(ticket) == []


def test_s27_an_undeleted_ticket_lives_on_with_all_its_history(here: Town) -> None:
    shop = here.opened()
    ticket = shop.opens()
    shop.account.agent_replies(ticket, "We look into it.")
    here.clock.advance(61)
    shop.pull()
    shop.account.delete(ticket)
    here.clock.advance(61)
    shop.pull()
    shop.account.restore(ticket)
    here.clock.advance(61)
    shop.pull()
    stored = shop.stored(ticket)
    assert stored.doc.complaint.status == "open"
    kinds = [entry.kind for entry in stored.doc.entries]
    assert EntryKind.DELETE in kinds and EntryKind.STAFF_REPLY in kinds
    shop.check()


# -- S28: redacted -----------------------------------------------------------------------------------------------------


def _holds(here: Town, words: str) -> list[str]:
    """The tables in which `words` stand, packed or not."""
    found = []
    with here.store.read() as connection:
        names = [row[0] for row in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))]
        for name in names:
            rows = connection.execute(text(f"SELECT * FROM {name}"))
            found += [name for row in rows if any(words.encode() in _bytes(value) for value in row)]
    return found


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        return str(value).encode()
    for unpack, refusal in ((zlib.decompress, zlib.error), (archive.unpacked_raw, zstandard.ZstdError)):
        try:
            return bytes(unpack(value))
        except refusal:
            continue
    return value


SECRET = "card 4111 1111 1111 1111"


@pytest.mark.parametrize("where", ["description", "comment", "note"])
def test_s28_what_is_redacted_there_is_gone_here_in_every_copy(here: Town, where: str) -> None:
    shop = here.opened()
    words = f"My parcel has not arrived. I paid with {SECRET}."
    ticket = shop.opens(text=words if where == "description" else "My parcel has not arrived.")
    act: dict[str, Callable[[], object]] = {
        "description": lambda: None,
        "comment": lambda: shop.account.customer_writes(ticket, words),
        "note": lambda: shop.account.agent_notes(ticket, words),
    }
    act[where]()
    here.clock.advance(5 * 3600)
    shop.opens()  # so that the next page of events does not begin with the words once more
    here.clock.advance(61)
    shop.pull()
    here.sweep()
    assert {"complaint", "record"} <= set(_holds(here, SECRET)), "the control: it was stored, and we can see it"
    shop.account.redact(ticket, SECRET)
    _settle(here, shop)
    assert _holds(here, SECRET) == []
    shop.check()
    file = here.store.file
    assert file is not None
    here.store.close()
    assert SECRET.encode() not in file.read_bytes()


# -- S29: closed -------------------------------------------------------------------------------------------------------


def test_s29_a_closed_ticket_takes_no_write_and_says_so_once(here: Town) -> None:
    shop = here.opened()
    ticket = shop.overdue()
    shop.account.close(ticket)
    here.clock.advance(5)
    shop.push_until_quiet()
    [intention] = shop.intentions(ticket)
    assert intention.state is State.DEAD and "closed" in (intention.why or "")
    assert len(shop.audit("write: dead")) == 1
    assert not list(shop.account.ledger)
    calls = len(shop.calls)
    shop.push_until_quiet()
    assert len(shop.calls) == calls
    _settle(here, shop)
    assert len(shop.audit("write: dead")) == 1


def test_s29_closed_between_our_read_and_our_write_is_the_same(here: Town) -> None:
    shop = here.opened()
    ticket = shop.overdue()
    shop.site.desk.edit_before_next_write(ticket, lambda: shop.account.close(ticket))
    shop.push_until_quiet()
    assert _states(shop, ticket) == [State.DEAD]
    assert not list(shop.account.ledger)


# -- S36: edited between read and write --------------------------------------------------------------------------------


def test_s36_an_edit_between_read_and_write_is_never_overwritten_and_the_write_decided_afresh(here: Town) -> None:
    shop = here.opened()
    ticket = shop.overdue()
    shop.site.desk.edit_before_next_write(
        ticket, lambda: shop.account.agent_sets(ticket, add_tags=["vip"], assignee=content.BEN)
    )
    shop.push_until_quiet()
    assert [call.status for call in shop.calls if call.method == "PUT"] == [409, 200]
    assert _states(shop, ticket) == [State.DONE]
    body = shop.account.live(ticket).body  # type: ignore[union-attr]
    assert {"vip", "amends_overdue"} <= set(body["tags"]) and body["assignee_id"] == content.BEN
    assert len(shop.account.ledger.of_ticket(ticket)) == 1
    shop.check()


def test_s36_an_answer_between_read_and_write_makes_the_escalation_needless(here: Town) -> None:
    shop = here.opened()
    ticket = shop.overdue()
    shop.site.desk.edit_before_next_write(
        ticket, lambda: shop.account.agent_replies(ticket, "It is on its way, sorry.", status="solved")
    )
    shop.push()
    here.clock.advance(61)
    shop.pull()
    here.sweep()
    shop.push_until_quiet()
    assert _states(shop, ticket) == [State.CANCELLED]
    assert not list(shop.account.ledger)


def test_s36_a_ticket_that_changes_under_every_write_is_left_to_a_person(here: Town) -> None:
    shop = here.opened()
    ticket = shop.overdue()

    def edit() -> None:
        shop.account.agent_notes(ticket, "Me first.")
        shop.site.desk.edit_before_next_write(ticket, edit)

    shop.site.desk.edit_before_next_write(ticket, edit)
    shop.push_until_quiet(40)
    [intention] = shop.intentions(ticket, ActionKind.ESCALATE)
    assert intention.state is State.PARKED and f"{ROUNDS} times" in (intention.why or "")
    assert len([call for call in shop.calls if call.method == "PUT"]) == ROUNDS
    assert not list(shop.account.ledger)
