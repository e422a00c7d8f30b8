"""People beside pull and sweep: links commit with their page, and a death half way leaves nothing half joined."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from connector.people.identity import Identifying, Number
from connector.store import complaints, erasure, identities, people
from connector.store.rows import in_lists
from connector.sync import compare, people_changed
from tests.engine.world import KilledError, World

RULES = Identifying(numbers=(Number("order", ("order_number",)),))


def a_world() -> World:
    world = World()
    world.rules = replace(world.rules, people=RULES)
    return world


def kim(ident: str, name: str = "Kim Doe") -> dict[str, object]:
    return {"id": ident, "name": name, "address": f"{ident}@example.com", "verified": True, "language": "en"}


def persons(world: World) -> list[int]:
    with world.store.read() as connection:
        return sorted(one.identities for one in people.listing(connection))


def test_people_complaints_and_cursor_commit_together_or_not_at_all() -> None:
    world = a_world()
    for number in range(3):
        world.desk.open(requester=kim(f"c{number}"), custom={"order_number": "A-1"})
    seams = 0
    while True:
        world.die_at = world.seams + 1 + seams
        try:
            world.pull()
        except KilledError:
            world.live_again()
            with world.store.read() as connection:
                stored = len(list(complaints.listing(connection)))
            assert persons(world) in ([], [stored]), "whoever is stored is joined"
            seams += 1
            continue
        break
    world.die_at = None
    assert seams > 3 and persons(world) == [3]


def test_a_page_that_comes_twice_joins_nobody_twice() -> None:
    world = a_world()
    world.desk.open(requester=kim("c1"), custom={"order_number": "A-1"})
    world.pull()
    world.desk.open(requester=kim("c2"), custom={"order_number": "A-1"})
    world.pull()
    with world.store.read() as connection:
        before = identities.ties_of(connection, [1, 2])
    world.desk.set("1", "priority", "high")
    world.desk.set("2", "priority", "high")
    world.pull()
    with world.store.read() as connection:
        assert identities.ties_of(connection, [1, 2]) == before
    assert len(before) == 1 and persons(world) == [2]


def test_who_is_called_otherwise_now_is_joined_with_nobody_of_the_other_name() -> None:
    world = a_world()
    world.desk.open(requester=kim("c1"), custom={"order_number": "A-1"})
    world.desk.open(requester=kim("c2"), custom={"order_number": "A-1"})
    world.pull()
    assert persons(world) == [2]
    world.desk.open(requester=kim("c2", "Tom Doe"))
    world.pull()
    assert persons(world) == [1, 1]
    world.desk.open(requester=kim("c2", "Doe, Kim"))
    world.pull()
    assert persons(world) == [2]


def test_going_through_everybody_again_comes_to_the_same_and_keeps_what_people_said() -> None:
    world = a_world()
    for number in range(4):
        world.desk.open(requester=kim(f"c{number}"), custom={"order_number": f"A-{number % 2}"})
    world.pull()
    with world.store.write("test") as connection:
        (a, b), _ = sorted(sorted(group) for group in identities.members(connection, range(1, 5)).values())
        identities.say(connection, [(a, b)], identities.Said.APART, "no", "ana", world.now())
        identities.recompose(connection, [a, b], RULES, world.now())
    assert persons(world) == [1, 1, 2]
    assert people_changed(world.store, "other rules", RULES, world.now()) is False, "the first time is no change"
    assert persons(world) == [1, 1, 2]
    assert people_changed(world.store, "no numbers", Identifying(), world.now())
    assert persons(world) == [1, 1, 1, 1]
    assert people_changed(world.store, "other rules", RULES, world.now())
    assert persons(world) == [1, 1, 2]


def test_whoever_was_compared_is_not_compared_again_until_they_change() -> None:
    world = a_world()
    world.desk.open(requester=kim("c1"))
    world.pull()
    assert compare(world.store, RULES, now=world.now).people == 1
    assert compare(world.store, RULES, now=world.now).people == 0
    world.desk.open(requester=kim("c1", "Kim A. Doe"))
    world.pull()
    assert compare(world.store, RULES, now=world.now).people == 1


def test_more_people_are_asked_after_than_one_question_takes() -> None:
    asked = list(in_lists(range(40_000)))
    assert max(map(len, asked)) <= 32_766 and set().union(*asked) == set(range(40_000))


def test_nothing_is_erased_while_a_write_is_on_its_way() -> None:
    from connector.errors import AmendsError

    world = a_world()
    world.desk.open("Parcel late", "My parcel has still not arrived, nobody answers.", requester=kim("c1"))
    world.desk.advance(2 * 86_400)
    world.pull()
    world.sweep()
    with world.store.write("test") as connection:
        connection.exec_driver_sql("UPDATE outbox SET state = 'in_doubt'")
    with world.store.write("test") as connection, pytest.raises(AmendsError, match="on its way"):
        erasure.erase_people(connection, [1], RULES, world.now())
    assert persons(world) == [1]
