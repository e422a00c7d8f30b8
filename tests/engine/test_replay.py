"""A replay redoes what changed rules decide, from the store alone; a killed one goes on, and none is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from connector.adapter import Record
from connector.mapping import words
from connector.model import Complaint, Priority, Status, Tag
from connector.store import complaints, lexicons, revisions
from connector.sync import pull_tickets, replay
from connector.sync.changing import PARTS, changed_parts
from connector.sync.replay import remember, stale
from connector.tagging import Asked, Facet, Lexicon, Phrase, PhraseBook, Tagger, TaggingSettings, Taxonomy
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
    world._helpdesk = replace(
        world.helpdesk(), mapping=replace(mapping, fields={**mapping.fields, "text": "subject"}, besides="")
    )
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


def read_again(world: World, digest: str, **changed: Any) -> tuple[int, int]:
    """(how many records were read, how many complaints came out differently) by a replay with such words."""
    mapping = replace(world.helpdesk().mapping, **changed)
    ruled(world, digest)
    world._helpdesk = replace(world.helpdesk(), mapping=mapping, words=words(mapping))
    adapter, read = world.helpdesk().adapter, []

    def watched(stream: str, raw: bytes, seen_at: datetime) -> Record:
        read.append(stream)
        return type(adapter).read(adapter, stream, raw, seen_at)

    with patch.object(adapter, "read", watched):
        _, changed = replayed(world)
    return len(read), changed


def stored(world: World) -> dict[str, tuple[Complaint, tuple[Tag, ...]]]:
    with world.store.read() as connection:
        return {one.ticket: (one.doc.complaint, one.doc.tags) for one in complaints.listing(connection)}


def a_ranked_world() -> World:
    world = World()
    for priority in ("low", "normal", "high", "low"):
        world.desk.open("Late", "My parcel has still not arrived.", priority=priority)
    world.step("pull")
    ruled(world, "m:t:c")
    replayed(world)
    return world


def test_a_changed_word_of_a_mapping_has_only_those_read_again_in_whose_timeline_it_stands() -> None:
    world, other = a_ranked_world(), a_ranked_world()
    priority = {**world.helpdesk().mapping.priority, "low": Priority.NORMAL}
    read, changed = read_again(world, "m2:t:c", priority=priority)
    with other.store.write("forget") as connection:
        lexicons.keep(connection, {"another": b""}, ())
    all_read, as_many = read_again(other, "m2:t:c", priority=priority)
    assert changed == as_many == 2
    assert read * 2 == all_read, "where what was in force is not kept, all are read"
    assert stored(world) == stored(other)
    status = {**world.helpdesk().mapping.status, "new": Status.OPEN}
    assert read_again(world, "m3:t:c", status=status) == (all_read, 4), "all of them began as new"
    assert read_again(world, "m4:t:c", besides="a field more")[0] == all_read


def test_a_changed_word_beside_changed_targets_reads_no_more_records_either() -> None:
    world, other = a_ranked_world(), a_ranked_world()
    priority = {**world.helpdesk().mapping.priority, "high": Priority.URGENT}
    read, _ = read_again(world, "m2:t:c2", priority=priority)
    assert read * 4 == read_again(other, "m2:t:c2", priority=priority, besides="")[0]
    assert stored(world) == stored(other)


LANGUAGES = Facet("Language", {"en": "English", "unknown": "Unknown"})
ABOUT = Taxonomy({"category": Facet("About", {"delivery": "Delivery", "payment": "Payment"}), "language": LANGUAGES})


def made_of(name: str, **words: tuple[str, ...]) -> Lexicon:
    """Phrases by the category that they say."""
    phrases = {category: Phrase(lines, {"category": category}) for category, lines in words.items()}
    return Lexicon(name, TaggingSettings(ABOUT, (PhraseBook("en", phrases, negations=("not",)),)))


class Watched(Tagger):
    """Tags by a lexicon, and counts how often it was asked."""

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__(lexicon.settings)
        self.asked = 0

    def tags_of(self, asked: Sequence[Asked]) -> list[tuple[Tag, ...]]:
        self.asked += len(asked)
        return super().tags_of(asked)


TEXTS = ("My parcel is still late, please help me.", "You charged me for a parcel.", "Please give me the money back.")
FIRST = made_of("t", delivery=("late",), payment=("charged",))
SECOND = made_of("u", delivery=("late",), payment=("charged", "money back"))


def told_anew(world: World, lexicon: Lexicon, rest: str = "m:{}:c") -> tuple[int, int]:
    """(how many complaints were tagged, how many came out differently) by a replay with these phrases."""
    ruled(world, rest.format(lexicon.name))
    tagger = Watched(lexicon)
    done = replay(world.helpdesk(), world.store, replace(rules(), tagger=tagger, lexicon=lexicon), now=world.now)
    return tagger.asked, done.changed


def a_told_world() -> World:
    world = World()
    for text in TEXTS:
        world.desk.open("Hello", text)
    world.step("pull")
    told_anew(world, FIRST)
    return world


def stored_tags(world: World) -> dict[str, tuple[Tag, ...]]:
    with world.store.read() as connection:
        return {one.ticket: one.doc.tags for one in complaints.listing(connection)}


def test_a_changed_phrase_has_only_those_tagged_again_that_it_is_about() -> None:
    world, other = a_told_world(), a_told_world()
    assert told_anew(world, SECOND) == (1, 1)
    with other.store.write("forget") as connection:
        lexicons.keep(connection, {"another": b""}, ())
    assert told_anew(other, SECOND) == (3, 1), "where what was in force is not kept, all are"
    assert stored_tags(world) == stored_tags(other)
    assert told_anew(world, FIRST) == (1, 1), "what is in force is kept for the next time"
    assert told_anew(world, replace(FIRST, name="v", models=("trained",))) == (3, 0)


def test_a_changed_phrase_beside_a_changed_mapping_or_target_still_asks_only_for_those_it_is_about() -> None:
    world = a_told_world()
    assert told_anew(world, SECOND, "m2:{}:c2") == (1, 1)


def test_whom_an_agent_corrected_is_tagged_again_and_keeps_the_agents_word() -> None:
    world = a_told_world()
    with world.store.read() as connection:
        stored = next(complaints.listing(connection))
    said = Tag("category", "payment", 1.0, "agent")
    with world.store.write("corrected") as connection:
        revisions.retag(connection, stored, (said,), world.now())
    assert told_anew(world, made_of("u", delivery=("late",), payment=("charged", "broken")))[0] == 1
    assert said in stored_tags(world)[stored.ticket]


def test_a_record_understood_by_rules_not_in_force_yet_has_all_redone() -> None:
    world = a_told_world()
    ruled(world, "m:between:c")
    world.desk.open("Hello", "The money back, please.")
    pull_tickets(world.helpdesk(), world.desk.tickets()[-1:], world.store, rules(), now=world.now)
    assert told_anew(world, SECOND)[0] == 4, "nobody can tell any more which rules each of them stands by"
    assert told_anew(world, FIRST)[0] == 2


def test_what_is_in_force_is_kept_once_it_has_been_read_by() -> None:
    world = a_told_world()
    with world.store.write("an older store") as connection:
        lexicons.keep(connection, {"another": b""}, ())
    for _ in range(2):
        remember(world.helpdesk(), world.store, replace(rules(), lexicon=FIRST))
    remember(world.helpdesk(), world.store, replace(rules(), lexicon=SECOND))
    assert told_anew(world, SECOND) == (1, 1)
