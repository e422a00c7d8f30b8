"""The demo's stories hold together and can be played bit by bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from sandbox.clock import SandboxClock
from sandbox.stories import DAYS, POLICIES, Player, moment, play, stories
from sandbox.zendesk import Account, content
from sandbox.zendesk.answers import Request
from sandbox.zendesk.metric_events import metric_events
from sandbox.zendesk.routes import Desk

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def account() -> Account:
    return Account(SandboxClock(DAY + timedelta(hours=7), scale=0))


def test_every_story_can_be_told_to_its_end() -> None:
    shop = account()
    assert play(shop, DAY + timedelta(days=30)) == sum(1 + len(one.then) for one in stories().stories)
    assert len(shop.tickets) >= len(stories().stories)
    assert play(shop, DAY + timedelta(days=60)) == 0


def test_playing_bit_by_bit_gives_the_same_account_as_playing_at_once() -> None:
    once, bits = account(), account()
    play(once, DAY + timedelta(days=6))
    for hour in range(6 * 24 + 1):
        play(bits, DAY + timedelta(hours=hour))
    assert [one.body for one in once.tickets.values()] == [one.body for one in bits.tickets.values()]


def test_nothing_happens_before_its_time() -> None:
    shop = account()
    play(shop, DAY + timedelta(hours=12))
    noon = "2026-03-02T12:00:00Z"
    assert shop.tickets
    assert all(audit["created_at"] <= noon for one in shop.tickets.values() for audit in one.audits)


class Passing:
    """An account whose stories nobody plays but the exports, as they pass them; the clock jumps between two polls."""

    def __init__(self) -> None:
        self.clock = SandboxClock(DAY, scale=0)
        self.shop = Account(self.clock)
        self.shop.policies = list(POLICIES)
        self.shop.catch_up = partial(play, self.shop)
        self.desk = Desk(self.shop)

    def pages(self, path: str, follow: str, minutes: int) -> Iterator[Any]:
        """All pages of an export that goes on by what its last page says under `follow`, over nine days."""
        self.clock.advance(6 * 3600)
        asked = {"start_time": "1"}
        for _ in range(9 * 24 * 60 // minutes):
            more = True
            while more:
                page = self._page(path, asked)
                yield page
                more = not page["end_of_stream"]
                if page[follow] is not None:
                    asked = {"cursor" if "cursor" in follow else "start_time": str(page[follow])}
            self.clock.advance(minutes * 60)

    def _page(self, path: str, asked: dict[str, str]) -> Any:
        headers = {"authorization": f"Bearer {content.ACCESS_TOKEN}"}
        answer = self.desk.answer(Request("GET", f"/api/v2/incremental/{path}", asked, headers))
        assert answer.status == 200, answer.payload
        return msgspec.json.decode(answer.payload)


@pytest.mark.parametrize("minutes", [30, 600])
@pytest.mark.parametrize(("path", "follow"), [("tickets/cursor", "after_cursor"), ("tickets", "end_time")])
def test_an_export_tells_all_at_its_own_time_though_the_clock_outran_the_stories(
    path: str, follow: str, minutes: int
) -> None:
    passing = Passing()
    shown = {one["id"]: one for page in passing.pages(path, follow, minutes) for one in page["tickets"]}
    (late,) = [one for one in shown.values() if one["subject"] == "chair ordered in january"]
    assert late["created_at"] == "2026-03-03T23:10:00Z"
    true = {number: one.body["generated_timestamp"] for number, one in passing.shop.tickets.items()}
    assert len(true) >= len(stories().stories)
    assert {number: one["generated_timestamp"] for number, one in shown.items()} == true


def test_the_export_of_clocks_tells_no_breach_of_a_reply_that_was_on_its_way() -> None:
    passing = Passing()
    pages = passing.pages("ticket_metric_events", "end_time", 30)
    told = {_event(one) for page in pages for one in page["ticket_metric_events"]}
    shop = passing.shop
    true = [
        _event(one)
        for ticket in shop.tickets.values()
        for _, one in metric_events(ticket, shop.policies, shop.now() - timedelta(hours=1))
    ]
    assert told == set(true)


def _event(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["ticket_id"], one["metric"], one["type"], one["time"]


def test_the_stories_have_repeaters_thanks_questions_and_several_languages() -> None:
    told = stories()
    complaints = Counter(one.who for one in told.stories if one.complaint)
    assert len([who for who, count in complaints.items() if count > 1]) >= 4
    assert {"thanks", "question"} <= {one.about for one in told.stories if not one.complaint}
    spoken = {told.people[one.who].locale.partition("-")[0] for one in told.stories}
    assert {"en", "pt", "es", "de", "ru", "sl", "zh"} <= spoken
    assert len({one.name for one in told.stories}) == len(told.stories)


def test_some_complaints_are_answered_late_or_never() -> None:
    shop = account()
    player = Player(shop, DAY)
    player.play(DAY + timedelta(days=30))
    silent = [
        one.name
        for one in stories().stories
        if one.complaint
        and not any(
            said["public"] and said["author_id"] < 1_000_000
            for said in shop.ticket(player.tickets[one.name]).comments()
        )
    ]
    assert len(silent) >= 5


def test_a_time_of_a_story_has_one_form() -> None:
    assert moment("d2 09:30", DAY) == DAY + timedelta(days=DAYS[2], hours=9, minutes=30)
    with pytest.raises(ValueError, match="no time of a story"):
        moment("tomorrow", DAY)
