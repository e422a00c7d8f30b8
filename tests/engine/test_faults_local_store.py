"""The store file is cut off, locked, swapped, damaged or put back (fault cases L03, L04, L07 to L10, L13, L14)."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from connector.errors import StoreError
from connector.schedule import Daemon, Pace, Workplace
from connector.store import Store, backup, database, sources
from connector.store.intentions import State
from tests.engine.test_crash_points import a_town
from tests.engine.world import START, World, empty_store

ROUND = ("pull", "sweep", "push")


def at_work(world: World) -> Daemon:
    """A daemon on the world's store, not started."""
    workplace = Workplace(desks=(world.helpdesk(),), rules=world.rules, poll_seconds={"shop": 60})
    return Daemon(world.store, now=world.now, wall=world.now, open_workplace=lambda: workplace, pace=Pace())


def sound(file: Path) -> bool:
    return not backup.check(file).problems


# -- killed while the tables change --------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["CREATE TABLE alembic_version", "CREATE TABLE record", "INSERT INTO alembic_version"])
def test_l03_killed_in_a_migration_the_store_has_the_old_tables_or_the_new_ones(at: str, tmp_path: Path) -> None:
    file = tmp_path / "amends.db"
    child = os.fork()
    if child == 0:
        die_in_the_migration(file, at)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    Store(f"sqlite:///{file}").open().close()
    assert sound(file)


def die_in_the_migration(file: Path, at: str) -> None:
    def die(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.strip().startswith(at):
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        store = Store(f"sqlite:///{file}")
        event.listen(store.engine, "after_cursor_execute", die)
        store.open()
    finally:
        os._exit(0)


# -- power -----------------------------------------------------------------------------------------------------------


def test_l04_after_a_power_loss_all_that_was_committed_is_there_and_half_a_transaction_is_not(tmp_path: Path) -> None:
    world = a_town()
    file = world.folder / "amends.db"
    copies: list[tuple[str, int]] = []
    committed = 0

    def photograph(place: str) -> None:
        nonlocal committed
        wal = file.with_name("amends.db-wal")
        size = wal.stat().st_size if wal.exists() else 0
        if "after commit" in place:
            committed = size
        for name, length in (
            (f"{len(copies)}-whole", size),
            (f"{len(copies)}-torn", committed + (size - committed) // 2),
        ):
            copy = tmp_path / f"{name}.db"
            shutil.copy(file, copy)
            if wal.exists():
                copy.with_name(f"{copy.name}-wal").write_bytes(wal.read_bytes()[:length])
            copies.append((name, audit_lines_told(world)))

    world.store.seam = photograph
    for verb in ROUND:
        world.step(verb)
    assert len(copies) > 30
    for name, told in copies:
        copy = tmp_path / f"{name}.db"
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            kept = connection.execute("SELECT count(*) FROM audit").fetchone()[0]
            assert kept >= told, f"{name}: committed lines were lost"


def audit_lines_told(world: World) -> int:
    """How many audit lines were committed up to now, as another connection sees it."""
    with world.store.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM audit").scalar_one())


# -- locks, readers, other files --------------------------------------------------------------------------------------


def test_l07_a_store_that_a_backup_tool_locks_is_waited_for_and_the_step_is_done_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_SECONDS", 0.01)
    world = a_town()
    world.helpdesk()
    with closing(sqlite3.connect(world.folder / "amends.db", isolation_level=None)) as tool:
        tool.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked") as error:
            world.pull()
        assert "backup tool" in str(error.value)
        daemon = at_work(world)
        daemon._sweep()
        daemon._push(world.helpdesk())
        assert not daemon.stop.is_set(), "the daemon outlives it"
        tool.execute("ROLLBACK")
    world.heal()
    world.check_at_rest()


def test_l07_the_store_is_waited_for_half_a_minute_before_a_step_gives_up() -> None:
    assert database.BUSY_TIMEOUT_SECONDS == 30
    world = World()
    with world.store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 30_000


def test_l08_the_write_ahead_log_is_used_again_once_a_long_reader_is_gone() -> None:
    world = World()
    wal = world.folder / "amends.db-wal"

    def write_much() -> int:
        with world.store.write("much") as connection:
            for number in range(300):
                sources.log(connection, START, "test", "x" * 8000, ticket=str(number))
        return wal.stat().st_size

    with world.store.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM audit").scalar()
        sizes = [write_much() for _ in range(4)]
    assert sizes == sorted(set(sizes)), "while somebody reads the old state, the log grows"
    later = [write_much() for _ in range(12)]
    assert later[-1] < sizes[-1] + 6 * sizes[0], "once the reader is gone, it is used from its start again"


@pytest.mark.parametrize("deed", ["replaced", "deleted"])
def test_l09_a_store_that_was_replaced_or_deleted_under_the_daemon_stops_it_without_another_write(deed: str) -> None:
    world = a_town()
    daemon = at_work(world)
    file = world.folder / "amends.db"
    if deed == "replaced":
        shutil.copy(empty_store(), world.folder / "other.db")
        (world.folder / "other.db").replace(file)
    else:
        file.unlink()
    daemon._pull(world.helpdesk())
    assert daemon.stop.is_set()
    assert isinstance(daemon.failure, StoreError)
    assert "replaced" in str(daemon.failure) or "is gone" in str(daemon.failure)
    if deed == "replaced":
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("SELECT count(*) FROM complaint").fetchone()[0] == 0
    assert not world.desk.ledger


def damaged(world: World) -> Path:
    """Some bytes flip in the page at which the complaints begin."""
    file = world.folder / "amends.db"
    world.store.engine.dispose()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'complaint'").fetchone()[0]
    body = bytearray(file.read_bytes())
    start = (root - 1) * size
    body[start : start + 64] = bytes(byte ^ 0xFF for byte in body[start : start + 64])
    file.write_bytes(body)
    return file


def test_l10_a_damaged_page_is_found_before_the_daemon_starts_and_nothing_is_repaired_away() -> None:
    world = a_town()
    for verb in ROUND:
        world.step(verb)
    daemon, file = at_work(world), damaged(world)
    before = file.read_bytes()
    with pytest.raises(StoreError, match="malformed") as error:
        daemon.run()
    assert "amends store restore" in str(error.value)
    world.store.engine.dispose()
    assert file.read_bytes() == before
    found = backup.check(file)
    assert found.problems, "`amends store check` says so as well"


def test_l10_a_damaged_store_is_not_copied_over_a_good_backup(tmp_path: Path) -> None:
    world = a_town()
    for verb in ROUND:
        world.step(verb)
    damaged(world)
    with pytest.raises(StoreError):
        backup.back_up(world.store, tmp_path / "backup.db")
    assert list(tmp_path.iterdir()) == []


# -- an older copy, and two at once ------------------------------------------------------------------------------------


def test_l13_a_store_put_back_from_an_older_copy_doubles_nothing_and_reads_what_it_missed(tmp_path: Path) -> None:
    world = a_town()
    world.step("pull")
    world.step("sweep")
    backup.back_up(world.store, tmp_path / "backup.db")
    world.step("push")
    world.desk.open("Broken", "The lamp arrived broken, I want a refund.")
    world.step("pull")
    written = len(world.desk.ledger)
    assert written
    world.store.close()
    world.desk.advance(60)
    backup.restore(Store(f"sqlite:///{world.folder / 'amends.db'}"), tmp_path / "backup.db", world.now())
    world.live_again()
    world.step("push")
    assert len(world.desk.ledger) == written, "what had been sent was found and not sent again"
    world.heal()
    world.check_at_rest()
    assert {one.state for one in world.intentions()} <= {State.DONE, State.CANCELLED, State.EXPIRED}


def test_l14_two_writers_at_once_take_turns_and_neither_fails() -> None:
    world = World()
    stores = [Store(f"sqlite:///{world.folder / 'amends.db'}").open() for _ in range(2)]
    failed: list[BaseException] = []

    def write(store: Store) -> None:
        try:
            for number in range(25):
                with store.write("turn") as connection:
                    seen = connection.exec_driver_sql("SELECT count(*) FROM audit").scalar_one()
                    sources.log(connection, START, "test", f"{seen}", ticket=str(number))
        except StoreError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    with world.store.read() as connection:
        assert sorted(int(line.what) for line in sources.audit_lines(connection)) == list(range(50))
