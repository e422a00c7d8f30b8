"""A source account's calls are counted, kept back for writes, and held when the source asks for it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from connector.adapter import retry_after_seconds
from connector.budget import AccountBudget
from connector.errors import TemporaryError

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class World:
    """A budget with a clock that stands still."""

    def __init__(self, **limits: int) -> None:
        self.seconds = 1000.0
        self.budget = AccountBudget(limits, source="shop", now=self.now, clock=lambda: self.seconds)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds - 1000)

    def taken(self, endpoint: str, *, write: bool = False, most: int = 1000) -> int:
        """How many calls are allowed at this instant."""
        for count in range(most):
            try:
                self.budget.take(endpoint, write=write)
            except TemporaryError:
                return count
        return most

    def wait_of(self, endpoint: str, *, write: bool = False) -> float:
        with pytest.raises(TemporaryError) as caught:
            self.budget.take(endpoint, write=write)
        assert caught.value.applied is False
        assert caught.value.retry_after_seconds is not None
        return caught.value.retry_after_seconds

    def hears(self, status: int = 200, endpoint: str = "other", **headers: str) -> None:
        self.budget.observe(endpoint, status, {name.replace("_", "-"): text for name, text in headers.items()})


def test_a_group_has_its_own_limit_within_the_account() -> None:
    world = World(account=200, export=10)
    assert world.taken("export") == 10
    assert world.wait_of("export") == pytest.approx(60, abs=0.01)
    assert world.taken("tickets", most=50) == 50


def test_room_comes_back_as_the_minute_slides_on() -> None:
    world = World(account=200, export=2)
    world.budget.take("export")
    world.seconds += 40
    world.budget.take("export")
    assert world.wait_of("export") == pytest.approx(20, abs=0.01)
    world.seconds += 20.1
    assert world.taken("export") == 1


def test_a_fifth_of_the_account_is_kept_for_writes() -> None:
    world = World(account=100, updates=100)
    assert world.taken("tickets") == 80
    assert world.taken("updates", write=True) == 20
    assert world.taken("tickets") == 0


def test_a_refused_call_is_not_counted_anywhere() -> None:
    world = World(account=10, export=1)
    assert world.taken("export") == 1
    for _ in range(20):
        world.wait_of("export")
    assert world.taken("tickets") == 7


def test_what_has_no_limit_is_not_held() -> None:
    assert World().taken("anything", most=300) == 300


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "0"},
        {"rate-limit": "700", "rate-limit-remaining": "0", "rate-limit-reset": "60"},
        {"RateLimit-Limit": "700", "RateLimit-Remaining": "0", "RateLimit-Reset": "60"},
        {"X-RateLimit-Limit": "700", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-03-02T09:01Z"},
        {"X-RateLimit-Limit": "700", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1772442060"},
        {"zendesk-ratelimit-tickets-index": "total=50; remaining=0; resets=60"},
        {"Zendesk-Rate-Limit-Deleted-Tickets": "total=1000; remaining=0; resets=60"},
        {"ratelimit-limit": "700", "ratelimit-remaining": "300", "X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "0"},
    ],
)
def test_an_exhausted_limit_is_understood_in_every_spelling(headers: Mapping[str, str]) -> None:
    world = World(account=1000)
    world.budget.observe("tickets", 200, headers)
    assert world.wait_of("tickets", write=True) == pytest.approx(60, abs=0.01)
    world.seconds += 61
    assert world.taken("tickets", most=5) == 5


def test_a_limit_of_one_ticket_holds_nothing_else() -> None:
    world = World(account=1000)
    world.hears(endpoint="updates", zendesk_ratelimit_per_ticket_updates="total=30; remaining=0; resets=468")
    assert world.taken("updates", write=True, most=5) == 5


def test_a_lower_figure_is_the_limit_of_its_endpoint_only() -> None:
    world = World(account=1000)
    world.hears(x_rate_limit="700", x_rate_limit_remaining="600")
    world.hears(endpoint="views", x_rate_limit="20", x_rate_limit_remaining="0")
    assert world.taken("views") == 0
    assert world.taken("tickets", most=5) == 5


def test_reads_slow_down_when_a_fifth_is_left_and_writes_do_not() -> None:
    world = World(account=1000)
    world.hears(ratelimit_limit="100", ratelimit_remaining="20", ratelimit_reset="50")
    assert world.taken("tickets") == 1
    assert 2 < world.wait_of("tickets") < 10
    assert world.taken("updates", write=True, most=10) == 10


def test_other_peoples_calls_are_noticed_and_our_own_are_counted_between_answers() -> None:
    world = World(account=1000)
    world.hears(ratelimit_limit="100", ratelimit_remaining="3", ratelimit_reset="50")
    assert world.taken("updates", write=True) == 3


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("93", 93),
        ("0.5", 0.5),
        ("0", 0),
        ("Mon, 02 Mar 2026 09:02:00 GMT", 120),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0),
        ("86400", 900),
        ("Tue, 03 Mar 2026 09:00:00 GMT", 900),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        (None, None),
    ],
)
def test_a_retry_after_is_read_in_every_form(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds


def test_a_429_closes_the_account_for_everybody_until_its_time() -> None:
    world = World(account=1000, export=10)
    world.hears(429, "export", Retry_After="7")
    assert world.wait_of("tickets") == pytest.approx(7)
    assert world.wait_of("updates", write=True) == pytest.approx(7)
    world.seconds += 7.1
    assert world.taken("tickets", most=1) == 1


def test_a_429_without_a_time_closes_it_longer_each_time_and_a_success_resets_that() -> None:
    world = World(account=1000)
    waits = []
    for _ in range(8):
        world.hears(429)
        waits.append(world.wait_of("tickets"))
        world.seconds += 61
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    world.hears(200)
    world.hears(429, Retry_After="garbage")
    assert world.wait_of("tickets") == 2


def test_a_503_closes_the_account_only_where_it_names_a_time() -> None:
    world = World(account=1000)
    world.hears(503)
    assert world.taken("tickets", most=1) == 1
    world.hears(503, retry_after="5")
    assert world.wait_of("tickets") == 5


def test_many_workers_together_get_no_more_than_the_limit() -> None:
    world = World(account=500, export=50)
    granted: list[int] = []
    workers = [threading.Thread(target=lambda: granted.append(world.taken("export"))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(granted) == 50


def test_what_is_left_is_what_the_source_said_last_and_else_what_we_counted() -> None:
    world = World(account=200, export=10)
    world.taken("export", most=4)
    assert [(one.endpoint, one.remaining, one.limit, one.stated) for one in world.budget.left()] == [
        ("account", 196, 200, False),
        ("export", 6, 10, False),
    ]
    world.hears(x_rate_limit="700", x_rate_limit_remaining="650", ratelimit_reset="30")
    (account, export) = world.budget.left()
    assert (account.remaining, account.limit, account.stated) == (650, 700, True)
    assert account.seen_at == world.now()
    assert export.remaining == 6
    world.seconds += 61
    assert [(one.endpoint, one.remaining, one.stated) for one in world.budget.left()] == [
        ("account", 200, False),
        ("export", 10, False),
    ]
