"""The language of a few words is told by what the same person wrote before, in a pull and in a replay alike."""

from __future__ import annotations

from msgspec.structs import replace

from connector.model import Tag
from connector.store import complaints
from connector.sync import replay
from tests.engine.world import World, rules

GERMAN = "Mein Paket ist seit zwei Wochen nicht angekommen, wo bleibt es denn?"

ANNA, BERTA = {"id": "a1", "name": "Anna"}, {"id": "b1", "name": "Berta"}


def language(world: World, ticket: str) -> tuple[str, str]:
    with world.store.read() as connection:
        tags = next(one.doc.tags for one in complaints.listing(connection) if one.ticket == ticket)
    tag: Tag = next(tag for tag in tags if tag.facet == "language")
    return tag.value, tag.author


def test_a_few_words_are_in_the_language_of_the_persons_earlier_tickets_and_stay_so_in_a_replay() -> None:
    world = World(page_size=10)
    world.desk.open("Paket", GERMAN, requester=ANNA)
    world.desk.advance(3600)
    world.desk.open("Ok?", "Na also", requester=ANNA)
    world.desk.open("Ok?", "Na also", requester=BERTA)
    world.step("pull")
    first, second, third = world.desk.tickets()
    assert language(world, first)[0] == "de"
    assert language(world, second) == ("de", "history"), "in the same page"
    assert language(world, third)[0] == "unknown", "nobody knows what she writes"
    world.desk.advance(3600)
    world.desk.open("Hm", "Na gut", requester=ANNA)
    world.step("pull")
    fourth = world.desk.tickets()[-1]
    assert language(world, fourth) == ("de", "history"), "from the store"
    world._helpdesk = replace(world.helpdesk(), rules_digest="elsewhere")
    assert replay(world.helpdesk(), world.store, rules(), now=world.now).changed == 0


def test_what_a_person_wrote_later_says_nothing_of_what_came_before() -> None:
    world = World(page_size=10)
    world.desk.open("Ok?", "Na also", requester=ANNA)
    world.desk.advance(3600)
    world.desk.open("Paket", GERMAN, requester=ANNA)
    world.step("pull")
    assert language(world, world.desk.tickets()[0])[0] == "unknown"
