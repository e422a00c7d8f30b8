"""A changed policy reaches the complaints that are open, once, whether the daemon ran or slept when it was changed."""

from __future__ import annotations

from connector.sync import policy_changed
from tests.engine.world import World


def settled_world() -> World:
    world = World()
    world.desk.open("Late", "My parcel has still not arrived.")
    world.desk.advance(28 * 3600)
    for verb in ("pull", "sweep", "push", "pull", "sweep"):
        world.step(verb)
    return world


def due_now(world: World) -> int:
    with world.store.read() as connection:
        now = int(world.now().timestamp() * 1_000_000)
        query = f"SELECT count(*) FROM complaint WHERE look_at <= {now}"
        return int(connection.exec_driver_sql(query).scalar_one())


def test_the_first_policy_of_a_store_is_only_noted() -> None:
    world = settled_world()
    assert not policy_changed(world.store, "one", world.now())
    assert due_now(world) == 0


def test_another_policy_lets_open_complaints_be_looked_at_again_once() -> None:
    world = settled_world()
    policy_changed(world.store, "one", world.now())
    assert policy_changed(world.store, "two", world.now())
    assert due_now(world) == 1
    world.step("sweep")
    assert not policy_changed(world.store, "two", world.now())
    assert due_now(world) == 0


def test_looking_again_intends_no_write_a_second_time() -> None:
    world = settled_world()
    before = [one.action.key for one in world.intentions()]
    policy_changed(world.store, "one", world.now())
    policy_changed(world.store, "two", world.now())
    world.step("sweep")
    assert [one.action.key for one in world.intentions()] == before
