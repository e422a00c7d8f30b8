"""Stores of other releases (fault cases L21, L22).

`stores/` holds one store for each migration that was ever released, as SQL. `python -m
tests.engine.test_faults_local_upgrade` writes the one of the newest migration; the older ones are never written again.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connector.errors import StoreError
from connector.store import Store, archive, backup, complaints, migrate
from connector.store.migrate import HEAD, known_versions
from tests.engine.test_crash_points import a_town, live
from tests.engine.world import World

STORES = Path(__file__).parent / "stores"
KEPT = ("complainant", "complaint", "record", "outbox", "audit", "source", "stream", "instance")


def stored_as(version: str, file: Path) -> None:
    """Make the store of that migration, as its release left it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((STORES / f"{version}.sql").read_text(encoding="utf-8"))


def fingerprint(file: Path, version: str) -> dict[str, tuple[int, str]]:
    """Rows and a hash of them, by table; of the columns that a store of `version` has."""
    found = {}
    with closing(sqlite3.connect(file)) as connection, closing(sqlite3.connect(":memory:")) as old:
        old.executescript((STORES / f"{version}.sql").read_text(encoding="utf-8"))
        for table in KEPT:
            names = ", ".join(row[1] for row in old.execute(f"PRAGMA table_info({table})"))
            rows = sorted(map(repr, connection.execute(f"SELECT {names} FROM {table}")))
            found[table] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
    return found


def test_l21_every_migration_has_a_store_to_upgrade_from() -> None:
    assert {path.stem for path in STORES.glob("*.sql")} == known_versions()


@pytest.mark.parametrize("version", sorted(known_versions()))
def test_l21_a_store_of_each_release_is_upgraded_with_all_its_rows(version: str, tmp_path: Path) -> None:
    file = tmp_path / "amends.db"
    stored_as(version, file)
    before = fingerprint(file, version)
    assert before["complaint"][0] == 3 and before["outbox"][0] > 0
    store = Store(f"sqlite:///{file}").open()
    with store.read() as connection:
        tickets = [one.doc.complaint.ticket for one in complaints.listing(connection)]
        raws = archive.kept(connection, 1, tickets)
    assert len(tickets) == 3
    assert all(raw.body for ticket in tickets for raw in raws[ticket])
    store.close()
    assert fingerprint(file, version) == before
    found = backup.check(file)
    assert (found.problems, found.version) == ((), HEAD)
    copies = [path.name for path in tmp_path.glob("*.before-*")]
    assert copies == ([] if version == HEAD else [f"amends.db.before-{HEAD}"])


def test_l21_opening_a_store_of_this_release_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "amends.db"
    stored_as(HEAD, file)
    before = fingerprint(file, HEAD)
    for _ in range(3):
        Store(f"sqlite:///{file}").open().close()
    assert fingerprint(file, HEAD) == before


def test_l21_the_copy_of_before_is_for_its_user_alone_and_whole_or_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, kept = tmp_path / "amends.db", tmp_path / f"amends.db.before-{HEAD}"
    stored_as(min(known_versions()), file)

    def died(draft: Path, target: Path) -> None:
        assert draft.stat().st_size > 0 and not target.exists(), "under its name only when it is whole"
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(migrate, "put_in_place", died)
        Store(f"sqlite:///{file}").open()
    assert not kept.exists() and not list(tmp_path.glob(".*"))
    mask = os.umask(0)
    try:
        Store(f"sqlite:///{file}").open().close()
    finally:
        os.umask(mask)
    assert oct(kept.stat().st_mode)[-3:] == "600" and backup.check(kept).problems == ()


@pytest.mark.parametrize("create", [True, False])
def test_l22_a_store_of_a_newer_release_is_refused_with_what_to_do_and_not_touched(
    create: bool, tmp_path: Path
) -> None:
    file = tmp_path / "amends.db"
    stored_as(HEAD, file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("ALTER TABLE complaint ADD COLUMN of_tomorrow TEXT")
        connection.commit()
        connection.execute("PRAGMA journal_mode=WAL")
    before = file.read_bytes()
    with pytest.raises(StoreError, match="9999") as error:
        Store(f"sqlite:///{file}").open(create=create)
    assert "newer" in str(error.value)
    assert file.read_bytes() == before
    assert not list(tmp_path.glob("*.before-*"))


def write_the_newest() -> None:
    """The store of a small town after a round of work, at the newest migration."""
    world: World = a_town()
    live(world)
    world.store.close()
    with closing(sqlite3.connect(world.folder / "amends.db")) as connection:
        STORES.mkdir(exist_ok=True)
        (STORES / f"{HEAD}.sql").write_text("\n".join(connection.iterdump()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_the_newest()
