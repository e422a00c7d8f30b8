"""The demo's stories hold together and can be played bit by bit."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest

from sandbox.clock import SandboxClock
from sandbox.stories import DAYS, Player, moment, play, stories
from sandbox.zendesk import Account, content
from sandbox.zendesk.answers import Request
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


def test_what_is_due_happens_at_its_own_time_though_an_export_comes_before_the_player_looks() -> None:
    shop = account()
    shop.catch_up = partial(play, shop)
    play(shop, DAY + timedelta(hours=18))
    assert isinstance(shop.clock, SandboxClock)
    shop.clock.advance(timedelta(days=2).total_seconds())
    headers = {"authorization": f"Bearer {content.ACCESS_TOKEN}"}
    asked = Request("GET", "/api/v2/incremental/tickets/cursor", {"start_time": "1"}, headers)
    shown = {
        one["subject"]: one["created_at"] for one in msgspec.json.decode(Desk(shop).answer(asked).payload)["tickets"]
    }
    assert shown["chair ordered in january"] == "2026-03-03T23:10:00Z"
    assert play(shop, shop.now()) == 0, "the player finds nothing left"


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
