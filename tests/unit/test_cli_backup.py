"""Backup and restore: proved copies, refusals that change nothing, and no write that happens twice afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from adapters.memory import DESKS, Desk
from connector.commands import keeping, syncing
from connector.commands.place import Place
from connector.errors import StoreError
from connector.store import Store, backup, intentions, sources
from connector.store.intentions import State

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
CUSTOMER = {"id": "c1", "name": "Kim", "address": "kim@example.com", "verified": True, "language": "en"}
_numbers = count()


class House:
    """A desk, a folder and a store, one pass at a time."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.desk = Desk(f"backup-{next(_numbers)}", MONDAY)
        DESKS[self.desk.name] = self.desk
        (home / "amends.yaml").write_text(
            f"sources:\n  shop:\n    adapter: memory\n    options: {{desk: {self.desk.name}}}\n"
            "    act_from: 2026-03-01T00:00:00Z\n    modes: {escalate: live, tag: live, survey: live}\n"
        )
        self.home = home
        self.place = Place(home, now=lambda: self.desk.now, wall=lambda: self.desk.now)

    def sync(self) -> syncing.Synced:
        return syncing.sync(self.place, [], dry_run=False, most_pages=None)

    def effects(self) -> int:
        return len(self.desk.ledger)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "amends")
    made.desk.open("Late", "My parcel has still not arrived.", requester=CUSTOMER)
    made.desk.advance(3600)
    made.sync()
    yield made
    del DESKS[made.desk.name]


def test_a_backup_is_one_private_file_that_is_sound_by_itself(house: House, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    keeping.back_up(house.place, target, dry_run=False)
    found = backup.check(target)
    assert found.problems == ()
    assert found.rows["complaint"] == 1
    assert target.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("copy", ".copy"))] == ["copy.db"]


def test_a_backup_is_taken_while_a_daemon_holds_the_store(house: House, tmp_path: Path) -> None:
    with house.place.leased_store("the daemon") as store, store.write("in the middle") as connection:
        connection.exec_driver_sql("UPDATE source SET account = 'not yet committed'")
        backup.copy(house.place.bare_store(), tmp_path / "copy.db")
    account = sqlite3.connect(tmp_path / "copy.db").execute("SELECT account FROM source").fetchone()[0]
    assert account != "not yet committed"


def test_a_backup_never_overwrites(house: House, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(StoreError, match="never overwritten"):
        keeping.back_up(house.place, tmp_path / "copy.db", dry_run=False)
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_a_dry_run_makes_no_file(house: House, tmp_path: Path) -> None:
    assert keeping.back_up(house.place, tmp_path / "copy.db", dry_run=True).dry_run
    assert not (tmp_path / "copy.db").exists()


def test_no_secret_is_in_a_backup(house: House, tmp_path: Path) -> None:
    (house.home / "tokens").mkdir(exist_ok=True)
    (house.home / "tokens" / "shop.json").write_text("very-secret-token")
    keeping.back_up(house.place, tmp_path / "copy.db", dry_run=False)
    assert b"very-secret-token" not in (tmp_path / "copy.db").read_bytes()


def test_restoring_an_old_backup_doubles_no_write_back(house: House, tmp_path: Path) -> None:
    """What was intended after the backup, and what was only waiting in it, went out long ago."""
    keeping.pause(house.place, "so that something waits in the backup", dry_run=False)
    house.desk.advance(8 * 3600)
    house.sync()
    keeping.back_up(house.place, tmp_path / "old.db", dry_run=False)
    keeping.resume(house.place, dry_run=False)
    house.sync()
    house.desk.open("Twice", "You charged me twice.", requester=CUSTOMER)
    house.desk.advance(30 * 3600)
    house.sync()
    before = house.effects()
    assert before > 2
    keeping.restore(house.place, tmp_path / "old.db", dry_run=False)
    keeping.resume(house.place, dry_run=False)
    house.desk.advance(60)
    for _ in range(3):
        house.sync()
        house.desk.advance(60)
    assert house.effects() == before
    with house.place.store() as store, store.read() as connection:
        kinds = {one.state for one in intentions.listing(connection)}
    assert not kinds & {State.SENDING, State.IN_DOUBT, State.PARKED}


def test_the_replaced_store_is_kept_beside_it(house: House, tmp_path: Path) -> None:
    keeping.back_up(house.place, tmp_path / "copy.db", dry_run=False)
    said = keeping.restore(house.place, tmp_path / "copy.db", dry_run=False).said
    kept = [
        path for path in house.home.iterdir() if ".replaced-" in path.name and not path.name.endswith(("wal", "shm"))
    ]
    assert len(kept) == 1
    assert str(kept[0]) in said
    assert backup.check(kept[0]).problems == ()


def test_a_pause_outlives_a_restore(house: House, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    keeping.back_up(house.place, target, dry_run=False)
    keeping.pause(house.place, "a note came out PUBLIC", dry_run=False)
    keeping.restore(house.place, target, dry_run=False)
    with house.place.store() as store, store.read() as connection:
        paused = sources.paused(connection)
    assert paused is not None
    assert paused[1].startswith("a note came out PUBLIC")


def test_a_pause_of_one_source_outlives_a_restore(house: House, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    keeping.back_up(house.place, target, dry_run=False)
    name = next(iter(house.place.settings.sources))
    keeping.pause(house.place, "the import runs", dry_run=False, source=name)
    keeping.restore(house.place, target, dry_run=False)
    with house.place.store() as store, store.read() as connection:
        row = sources.by_name(connection, name)
    assert row is not None and row.paused_why is not None
    assert row.paused_why.startswith("the import runs")


def test_a_pause_of_a_source_that_the_backup_does_not_know_pauses_them_all(house: House, tmp_path: Path) -> None:
    """It would begin to write as soon as it is read again."""
    target = tmp_path / "copy.db"
    name = next(iter(house.place.settings.sources))
    keeping.back_up(house.place, target, dry_run=False)
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("UPDATE source SET name = 'another'")
        connection.commit()
    keeping.pause(house.place, "the import runs", dry_run=False, source=name)
    keeping.restore(house.place, target, dry_run=False)
    with house.place.store() as store, store.read() as connection:
        paused = sources.paused(connection)
    assert paused is not None
    assert paused[1].startswith("the import runs") and name in paused[1]


def test_a_store_in_use_is_not_replaced(house: House, tmp_path: Path) -> None:
    keeping.back_up(house.place, tmp_path / "copy.db", dry_run=False)
    with house.place.leased_store("the daemon"), pytest.raises(StoreError, match="in use"):
        keeping.restore(house.place, tmp_path / "copy.db", dry_run=False)


@pytest.mark.parametrize("harm", ["cut", "flipped", "other", "empty"])
def test_a_damaged_backup_is_refused_and_nothing_changes(house: House, tmp_path: Path, harm: str) -> None:
    bad = tmp_path / "bad.db"
    keeping.back_up(house.place, bad, dry_run=False)
    whole = bad.read_bytes()
    flipped = whole[: 4096 * 2] + b"\xff" * (4096 * 6) + whole[4096 * 8 :]
    harmed = {"cut": whole[: len(whole) // 2], "flipped": flipped, "other": b"not a store", "empty": b""}
    bad.write_bytes(harmed[harm])
    before = (house.home / "amends.db").read_bytes()
    with pytest.raises(StoreError, match="cannot be restored"):
        keeping.restore(house.place, bad, dry_run=False)
    with pytest.raises(StoreError, match="could not be restored"):
        keeping.restore(house.place, bad, dry_run=True)
    assert keeping.check(house.place, bad).exit_code == 1
    assert keeping.check(house.place, None).exit_code == 0
    assert (house.home / "amends.db").read_bytes() == before


def test_a_backup_of_a_newer_release_is_refused(house: House, tmp_path: Path) -> None:
    keeping.back_up(house.place, tmp_path / "new.db", dry_run=False)
    with sqlite3.connect(tmp_path / "new.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="its version is 9999"):
        keeping.restore(house.place, tmp_path / "new.db", dry_run=False)


def test_a_damaged_store_can_be_replaced(house: House, tmp_path: Path) -> None:
    keeping.back_up(house.place, tmp_path / "good.db", dry_run=False)
    (house.home / "amends.db").write_bytes(b"garbage" * 1000)
    assert keeping.check(house.place, None).problems
    keeping.restore(house.place, tmp_path / "good.db", dry_run=False)
    assert keeping.check(house.place, None).problems == ()
    house.sync()


def test_a_copy_of_a_foreign_file_is_told_as_such(house: House, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "foreign.db").execute("CREATE TABLE t (a)").connection.close()
    assert backup.check(tmp_path / "foreign.db").problems == ("this is not an Amends store",)
    with pytest.raises(StoreError, match="there is no store"):
        backup.check(tmp_path / "nowhere.db")


def test_migrating_an_up_to_date_store_says_so(house: House) -> None:
    assert "is up to date" in keeping.migrate(house.place, dry_run=True).said
    assert "stands at version" in keeping.migrate(house.place, dry_run=False).said


def test_a_look_never_makes_or_migrates_a_store(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(StoreError, match="there is no store"):
        store.open(create=False)
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "none.db").touch()
    with pytest.raises(StoreError, match="amends store migrate"):
        store.open(create=False)


def test_a_backup_into_nowhere_is_refused_plainly(house: House, tmp_path: Path) -> None:
    target = tmp_path / "no" / "such" / "folder" / "copy.db"
    with pytest.raises(StoreError, match="cannot be written"):
        keeping.back_up(house.place, target, dry_run=False)
