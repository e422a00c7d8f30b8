"""Faults S01 to S04: a helpdesk that asks for fewer calls. See docs/engineers/faults.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest

from connector.errors import TemporaryError
from connector.retry import LONGEST_SECONDS, LONGEST_WISH_SECONDS
from connector.store.intentions import State
from sandbox.zendesk import Faults, Limits
from tests.end_to_end.town import Shop, Town, failure, town


@pytest.fixture
def here() -> Iterator[Town]:
    with town() as made:
        yield made


def _storm(shop: Shop, retry_after: str, *, share: float = 1.0, seed: int = 1) -> None:
    shop.site.desk.turnstile.limits = Limits(retry_after=retry_after)
    shop.site.faults = Faults([f"http_429={share}"], seed=seed)


def _calm(shop: Shop) -> None:
    shop.site.faults = Faults()


def test_s01_in_a_storm_of_429_no_call_is_made_before_the_stated_time(here: Town) -> None:
    shop = here.opened()
    for _ in range(8):
        shop.opens()
    here.clock.advance(61)
    shop.account.switches.page_size = 2
    _storm(shop, "seconds", share=0.5)
    shop.pull_through()
    refused = [(one, then) for one, then in pairwise(shop.calls) if one.status == 429]
    assert len(refused) >= 3
    assert all(then.at - one.at >= timedelta(seconds=2) for one, then in refused)
    assert here.waits and all(seconds >= 1.9 for seconds in here.waits)
    shop.check()


def test_s01_the_wait_holds_for_reading_and_writing_alike_and_for_this_account_only(here: Town) -> None:
    shop, other = here.opened(), here.opened("other")
    ticket = shop.overdue()
    other.opens()
    here.clock.advance(61)
    _storm(shop, "seconds")
    tried: list[tuple[int, int, float | None]] = []

    def meanwhile() -> None:
        before = len(shop.calls)
        rest = shop.push().rest_seconds
        other.pull()
        tried.append((before, len(shop.calls), rest))

    here.while_waiting = meanwhile
    assert isinstance(failure(shop.pull), TemporaryError)
    assert tried and all(before == after for before, after, _ in tried), "a write left while the account was closed"
    assert all(rest is not None and rest > 0 for _, _, rest in tried[:1])
    assert len(other.all_stored()) == 1

    here.while_waiting = lambda: None
    _calm(shop)
    here.clock.advance(30)
    shop.push_until_quiet()
    assert [one.state for one in shop.intentions(ticket)] == [State.DONE]
    shop.check()


def test_s02_a_429_without_a_time_is_backed_off_from_and_the_calls_stay_few(here: Town) -> None:
    shop = here.opened()
    shop.opens()
    here.clock.advance(61)
    _storm(shop, "absent")
    begin, first = here.now(), len(shop.calls)
    while here.now() - begin < timedelta(minutes=20):
        shop.turn("pull")
        here.clock.advance(5)
    times = [call.at for call in shop.calls[first:]]
    a_minute = [sum(at <= other < at + timedelta(minutes=1) for other in times) for at in times]
    assert max(a_minute) <= 6
    assert max(here.waits) <= LONGEST_SECONDS
    assert "asks for fewer calls" in (shop.row.last_error or "") or "no call to" in (shop.row.last_error or "")
    _calm(shop)
    here.clock.advance(120)
    shop.turn("pull")
    assert shop.row.last_error is None
    shop.check()


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("date", 1, 2), ("fraction", 2, 2.5), ("zero", 0, 2), ("negative", 0.1, 60), ("garbage", 0.1, 60)],
)
def test_s03_every_shape_of_a_stated_time_is_read_or_becomes_a_back_off(
    here: Town, kind: str, least: float, most: float
) -> None:
    shop = here.opened()
    shop.opens()
    here.clock.advance(61)
    _storm(shop, kind)
    shop.site.faults = Faults(["http_429=1"], at_most=1)
    shop.pull("tickets")
    # Where the source names no usable time, two rules may speak one after the other: ours, and the account's budget.
    assert here.waits or kind == "zero"
    assert all(0 <= seconds <= most for seconds in here.waits) and sum(here.waits) >= least
    shop.check()


def test_s03_a_day_is_cut_to_a_quarter_of_an_hour_and_shown_meanwhile(here: Town) -> None:
    shop = here.opened()
    shop.opens()
    here.clock.advance(61)
    _storm(shop, "huge")
    before = len(shop.calls)
    shop.turn("pull")
    assert here.waits == [], "nobody sits in a worker for a quarter of an hour"
    assert len(shop.calls) == before + 1
    assert "asks for fewer calls" in (shop.row.last_error or "")
    _calm(shop)
    here.clock.advance(LONGEST_WISH_SECONDS - 5)
    shop.turn("pull", "push")
    assert len(shop.calls) == before + 1
    here.clock.advance(10)
    shop.turn("pull")
    assert shop.row.last_error is None
    shop.check()


def test_s04_where_other_apps_eat_the_limit_reading_slows_down_and_writing_does_not(here: Town) -> None:
    shop = here.opened()
    ticket = shop.overdue()
    for _ in range(6):
        shop.opens()
    here.clock.advance(61)
    shop.account.switches.page_size = 1
    shop.site.desk.turnstile.limits = Limits(enforced=True, account=100, exports=100, others=85, styles=("ratelimit",))
    here.waits.clear()
    shop.pull("tickets")
    assert here.waits and all(0 < seconds <= 60 for seconds in here.waits)
    assert not [call for call in shop.calls if call.status == 429], "the limit was never hit"
    shop.push()
    assert [one.state for one in shop.intentions(ticket)] == [State.DONE], "a write has its kept share"
    assert failure(shop.desk.adapter.check) is not None, "a read right after it has to wait"
