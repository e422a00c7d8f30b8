"""Bringing a store's tables up to date, by Alembic; called when a store is opened and by `amends store migrate`.

Alembic is imported only where there is something to migrate: it costs a third of an idle run.
"""

from __future__ import annotations

import secrets
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from connector.errors import StoreError
from connector.store import tables
from connector.store.database import writing
from connector.store.files import make_private, put_in_place

if TYPE_CHECKING:
    from connector.store.database import Store

HEAD = "0014"
_FOLDER = Path(__file__).parent / "migrations"


def version(store: Store) -> str | None:
    """The migration the store stands at, or None for an empty one."""
    with store.engine.connect() as connection:
        return _version(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def known_versions() -> set[str]:
    """The migrations this release brings."""
    return {path.stem.split("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py")}


def bring_up_to_date(store: Store) -> None:
    """Make the tables, or migrate to HEAD after a copy of an older SQLite file was put beside it. Raises StoreError for
    a newer store."""
    found = version(store)
    if found == HEAD:
        return
    if found is None and store.file is not None:
        _create(store)
        return
    if found is not None and found not in known_versions():
        raise StoreError(
            f"the store was written by a newer Amends (its version is {found}, this release knows {HEAD}).",
            remedy="Run that newer release; this one has not touched the file.",
        )
    if found is not None and store.file is not None:
        _keep_a_copy(store, store.file.with_name(f"{store.file.name}.before-{HEAD}"))
    _upgrade(store)


def _keep_a_copy(store: Store, beside: Path) -> None:
    """Through the database and not the file system: what a killed daemon committed may stand in its log alone.

    Whole, and for its user's eyes alone, or not there: under another name until it is both.
    """
    draft = beside.with_name(f".{beside.name}.part")
    try:
        make_private(draft)
        connection = store.engine.raw_connection()
        try:
            # VACUUM INTO takes a file that is there as long as it is empty.
            connection.cursor().execute("VACUUM INTO ?", (str(draft),))
        finally:
            connection.close()
        put_in_place(draft, beside)
    except OSError as error:
        raise StoreError(
            f"no copy of the store could be put beside it ({error.strerror}), so it was not migrated.",
            remedy=f"Make room and let Amends write to {beside.parent}.",
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def prove_up_to_date(store: Store) -> None:
    """Raises StoreError unless the store stands at HEAD; changes nothing."""
    found = version(store)
    if found is None:
        raise StoreError(f"{store.file or 'the database'} holds no Amends store.", remedy="Run `amends store migrate`.")
    if found != HEAD:
        raise StoreError(
            f"the store stands at version {found}, this release works with {HEAD}.",
            remedy="Run `amends store migrate` (or start the daemon of this release), or use the newer release.",
        )


def _create(store: Store) -> None:
    """All tables of an empty SQLite file at once, as the migrations would leave them; a test compares the two."""
    with writing(store.engine) as connection:
        if _version(connection) is not None:
            return  # somebody else was faster
        for statement in _statements():
            connection.exec_driver_sql(statement)
        connection.execute(tables.lease.insert().values(name="writer", epoch=0, expires_at=0))
        born = {"id": 1, "salt": secrets.token_hex(16), "created_at": time.time_ns() // 1000}
        connection.execute(tables.instance.insert().values(born))
        key = "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)"
        connection.execute(text(f"CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, {key})"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


@cache
def _statements() -> tuple[str, ...]:
    """What makes all tables of an SQLite file. To put it into words takes several times as long as to do it."""
    dialect = sqlite.dialect()
    found: list[str] = []
    for table in tables.metadata.sorted_tables:
        found.append(str(CreateTable(table).compile(dialect=dialect)))
        made = sorted(table.indexes, key=lambda index: str(index.name))
        found += [str(CreateIndex(index).compile(dialect=dialect)) for index in made]
    return tuple(found)


def _upgrade(store: Store) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    with writing(store.engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
