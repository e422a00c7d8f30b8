"""Space, memory, descriptors and the disk itself run out (fault cases L05, L06, L16, L27)."""

from __future__ import annotations

import gc
import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from adapters.memory import Moment
from connector.errors import StoreError
from connector.store import Store, complaints, sources
from tests.engine.test_crash_points import a_town
from tests.engine.test_faults_local_store import ROUND, at_work, sound
from tests.engine.world import World


@contextmanager
def a_full_disk(world: World, pages_left: int) -> Iterator[None]:
    """The store may grow by so many pages, and no more."""

    def set_limit(pages: int) -> None:
        world.store.engine.dispose()
        with closing(sqlite3.connect(world.folder / "amends.db")) as connection:
            now = connection.execute("PRAGMA page_count").fetchone()[0]
        limit["pages"] = now + pages

    limit = {"pages": 0}

    def confine(dbapi: Any, _record: Any) -> None:
        dbapi.execute(f"PRAGMA max_page_count={limit['pages']}")

    set_limit(pages_left)
    event.listen(world.store.engine, "connect", confine)
    try:
        yield
    finally:
        event.remove(world.store.engine, "connect", confine)
        world.store.engine.dispose()


@pytest.mark.parametrize("pages_left", range(8))
def test_l05_when_the_disk_is_full_nothing_is_half_written_and_it_heals_when_there_is_space(pages_left: int) -> None:
    world = a_town()
    for number in range(30):
        world.desk.open("Late", f"My parcel {number} has still not arrived. " + "Really. " * 200)
    refused = 0
    with a_full_disk(world, pages_left):
        for verb in ROUND:
            try:
                world.step(verb)
            except StoreError as error:
                assert "full" in str(error) and "Free space" in str(error)
                refused += 1
        world.check()
    assert refused
    with world.store.read() as connection:
        rows = [sources.stream_row(connection, 1, name) for name in ("tickets", "events")]
        kept = connection.exec_driver_sql("SELECT count(*) FROM record").scalar_one()
    assert sum(row.records for row in rows if row) <= kept, "a cursor never passes rows that are not there"
    world.heal()
    world.check_at_rest()
    assert sound(world.folder / "amends.db")


@contextmanager
def limited(what: int, soft: int) -> Iterator[None]:
    before = resource.getrlimit(what)
    resource.setrlimit(what, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)


def test_l06_a_disk_that_fails_stops_the_step_with_a_clear_error_and_nothing_is_lost() -> None:
    world = a_town()
    world.helpdesk()
    wal = world.folder / "amends.db-wal"
    with (
        limited(resource.RLIMIT_FSIZE, wal.stat().st_size + 5000),
        pytest.raises(StoreError, match="disk I/O error") as error,
    ):
        world.pull()
    assert error.value.remedy
    world.heal()
    world.check_at_rest()
    assert sound(world.folder / "amends.db")


def test_l06_a_failing_disk_costs_the_daemon_one_step_and_no_busy_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    daemon, tries = at_work(world), []

    def fail(*_: Any, **__: Any) -> None:
        tries.append(1)
        raise StoreError("the store answers: disk I/O error.")

    monkeypatch.setattr("connector.schedule.push", fail)
    daemon._push(world.helpdesk())
    assert len(tries) == 1
    assert not daemon.stop.is_set()


def test_l27_without_file_descriptors_nothing_new_opens_and_what_is_open_goes_on() -> None:
    world = a_town()
    world.helpdesk()
    gc.collect()  # what another test left open, and what is closed meanwhile, would be descriptors to spare
    spare = os.open(os.devnull, os.O_RDONLY)
    os.close(spare)
    with limited(resource.RLIMIT_NOFILE, spare):
        with pytest.raises(StoreError, match="unable to open") as error:
            Store(f"sqlite:///{world.folder / 'amends.db'}").open()
        assert error.value.remedy
        world.step("pull")
    with world.store.read() as connection:
        assert len(list(complaints.listing(connection))) == 3
    world.heal()
    world.check_at_rest()


def test_l16_a_step_that_memory_runs_out_on_is_done_again_and_the_daemon_goes_on() -> None:
    world = a_town()
    daemon = at_work(world)
    with world.fault(Moment.BETWEEN_RECORDS, 2, MemoryError):
        daemon._pull(world.helpdesk())
    assert not daemon.stop.is_set()
    world.heal()
    world.check_at_rest()
