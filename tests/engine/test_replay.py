"""A replay redoes what changed rules decide, from the store alone; a killed one goes on, and none is forgotten."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from connector.model import Tag
from connector.sync import replay
from connector.sync.replay import PARTS, changed_parts, stale
from connector.tagging import Asked, Tagger
from tests.engine.world import KilledError, World, rules


def a_read_world(count: int = 3) -> World:
    world = World()
    for n in range(count):
        world.desk.open(f"Late {n}", "My parcel has still not arrived.")
    world.step("pull")
    return world


def ruled(world: World, digest: str) -> None:
    """From now on the source stands under the rules called `digest`."""
    world._helpdesk = replace(world.helpdesk(), rules_digest=digest)


def replayed(world: World) -> tuple[int, int]:
    done = replay(world.helpdesk(), world.store, rules(), now=world.now)
    return done.read, done.changed


@pytest.mark.parametrize("digest", ["m:t:c", "m2:t:c", "m:t2:c", "m:t:c2", "elsewhere"])
def test_a_replay_by_unchanged_meaning_changes_nothing_and_is_done_once(digest: str) -> None:
    world = a_read_world()
    ruled(world, "m:t:c")
    replayed(world)
    ruled(world, digest)
    assert stale(world.helpdesk(), world.store) is (digest != "m:t:c")
    assert replayed(world) == (3, 0)
    assert not stale(world.helpdesk(), world.store)


def test_only_the_parts_that_differ_are_redone() -> None:
    assert changed_parts("m:t:c", "m:t:c") == frozenset()
    assert changed_parts("m:t:c", "m:t:d") == {"clocks"}
    assert changed_parts("m:t:c", "m:u:d") == {"tagging", "clocks"}
    assert changed_parts("m:t:c", "n:t:c") == {"mapping"}
    assert changed_parts(None, "m:t:c") == set(PARTS)
    assert changed_parts("an older form", "m:t:c") == set(PARTS)


class CountingTagger(Tagger):
    """Says that everything is about delivery, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def tags_of(self, asked: Sequence[Asked]) -> list[tuple[Tag, ...]]:
        self.asked += len(asked)
        said = Tag("category", "delivery", 1.0, "phrase:en/late")
        return [(*((one.told,) if one.told else ()), said) for one in asked]


def test_another_mapping_has_only_those_tagged_again_of_whose_words_it_changed_the_reading() -> None:
    world = a_read_world()
    ruled(world, "m:t:c")
    tagger = CountingTagger()
    said = replace(rules(), tagger=tagger)

    def again(digest: str) -> int:
        ruled(world, digest)
        tagger.asked = 0
        replay(world.helpdesk(), world.store, said, now=world.now)
        return tagger.asked

    assert again("m:t2:c") == 3
    assert again("m2:t2:c") == 0, "the same words say the same"
    mapping = world.helpdesk().mapping
    world._helpdesk = replace(world.helpdesk(), mapping=replace(mapping, fields={**mapping.fields, "text": "subject"}))
    assert again("m3:t2:c") == 3
    assert again("m3:t3:c") == 3


def test_a_killed_replay_is_not_forgotten_even_if_the_rules_come_back() -> None:
    world = a_read_world()
    ruled(world, "m:t:c")
    replayed(world)
    ruled(world, "m2:t:c")
    world.die_at = world.seams + 3
    with pytest.raises(KilledError):
        replayed(world)
    world.live_again()
    ruled(world, "m:t:c")
    assert stale(world.helpdesk(), world.store), "part of the store stands by rules that are gone"
    assert replayed(world) == (3, 0)
    assert not stale(world.helpdesk(), world.store)


def test_a_replay_tells_deleted_and_redacted_tickets_as_they_were_told_before() -> None:
    world = a_read_world()
    first, second, _ = world.desk.tickets()
    world.desk.delete(first)
    world.desk.redact(second, world.desk.story(second)[0]["id"])
    world.step("pull")
    assert replayed(world) == (3, 0)
