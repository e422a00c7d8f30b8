"""The weeks before the demo's story: what is usual in its shop."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from sandbox.backlog import ANSWERED_AFTER, WEEKS, backlog, fill, moments
from sandbox.clock import SandboxClock
from sandbox.zendesk import Account

MORNING = datetime(2026, 3, 26, 7, 45, tzinfo=UTC)


def test_every_ticket_has_its_own_person_and_is_answered_within_the_hour() -> None:
    shop = Account(SandboxClock(MORNING, scale=0))
    number = fill(shop, MORNING)
    assert number == len(shop.tickets) == round(sum(kind.weekly for kind in backlog().kinds) * WEEKS)
    people = Counter(one.body["requester_id"] for one in shop.tickets.values())
    assert set(people.values()) == {1}
    assert {one.body["status"] for one in shop.tickets.values()} == {"solved"}


def test_it_ends_before_the_story_begins_and_lies_on_working_days() -> None:
    found = moments(MORNING)
    assert found == sorted(found, key=lambda one: one[0])
    assert found[0][0] < MORNING - timedelta(weeks=WEEKS - 1)
    assert found[-1][0] + ANSWERED_AFTER < MORNING.replace(hour=0)
    assert all(when.weekday() < 5 and 9 <= when.hour < 17 for when, _, _ in found)
