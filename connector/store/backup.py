"""Copies of an SQLite store: made while the daemon runs, proved before they count, put back by `restore`.

Called by `amends store` and by the dry run of `sync`, which works on a copy. Secrets are in no copy: they lie outside.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from connector.errors import StoreError
from connector.store.audit_chain import Line, breaks
from connector.store.database import Store
from connector.store.files import flush, make_private, put_in_place
from connector.store.migrate import known_versions
from connector.store.times import micros

PAGES_A_STEP = 2000
_BESIDE = ("-wal", "-shm")

Tell = Callable[[int, int], None]  # pages done, pages in all


class Checked(msgspec.Struct, frozen=True):
    """What a store file was found to be: its migration, what is wrong with it, its rows by table, and the newest line
    of its audit log with its proof ("ID:PROOF"), to be noted where nobody who may change the store can reach it."""

    file: str
    version: str | None
    problems: tuple[str, ...]
    rows: dict[str, int] = {}
    audit_head: str | None = None


class Restored(msgspec.Struct, frozen=True):
    """`replaced` is where the former store now lies; `doubted` writes are looked up at their helpdesk before anything
    is sent again."""

    file: str
    replaced: str | None
    doubted: int


def back_up(store: Store, target: Path, tell: Tell = lambda _done, _all: None) -> Checked:
    """Copy the store to `target` as of one moment, while others go on writing, and prove the copy.

    Raises StoreError where the target exists, cannot be written, or the copy is not sound (it is then removed).
    """
    source = _file_of(store)
    if target.exists():
        raise StoreError(f"{target} is there already.", remedy="Name another file; backups are never overwritten.")
    draft = target.with_name(f".{target.name}.part")
    try:
        with _in_words(target):
            make_private(draft)
            _copy(source, draft, tell)
        found = check(draft)
        if found.problems:
            raise StoreError(f"the copy is not sound: {found.problems[0]}.", remedy="Run `amends store check`.")
        with _in_words(target):
            put_in_place(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return msgspec.structs.replace(found, file=str(target))


def copy(store: Store, target: Path) -> None:
    """Copy the store to `target`, to try something on. Raises StoreError."""
    with _in_words(target):
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(_file_of(store), target, lambda _done, _all: None)


def check(file: Path, audit_head: str | None = None) -> Checked:
    """Read every page and index of a store file, and prove its audit log line by line. `audit_head` is what an earlier
    check told, noted elsewhere: that line must still be there. Raises StoreError where it is no such file."""
    if not file.is_file():
        raise StoreError(f"there is no store {file}.", remedy="Name the file of a store or a backup.")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
            problems = [line for line in said if line != "ok"]
            problems += [
                f"{row[0]}: row {row[1]} points nowhere" for row in connection.execute("PRAGMA foreign_key_check")
            ]
            version = _version(connection)
            rows = _rows(connection) if version else {}
            chain, head = _chain(connection, version, audit_head)
            problems += chain
    except sqlite3.DatabaseError as error:
        return Checked(str(file), None, (str(error),))
    if version is None:
        problems.append("this is not an Amends store")
    return Checked(str(file), version, tuple(problems), rows, head)


def restore(store: Store, backup: Path, now: datetime) -> Restored:
    """Put a proved copy of `backup` in the place of the store, which is kept beside it.

    Raises StoreError while a daemon holds the store, or where the backup is not sound
    or newer than this release. What was on its way when the backup was made is looked up before it is sent again.
    """
    target = _file_of(store)
    found = check(backup)
    if found.problems or found.version not in known_versions():
        why = (
            found.problems[0] if found.problems else f"its version is {found.version}, which this release does not know"
        )
        raise StoreError(f"{backup} cannot be restored: {why}.", remedy="Nothing was changed. Name another backup.")
    with _in_words(target), store.alone():
        draft = target.with_name(f".{target.name}.restored")
        make_private(draft)
        _copy(backup, draft, lambda _done, _all: None)
        doubted = _doubt(draft, now, _paused(target), _paused_sources(target))
        flush(draft)
        replaced = _set_aside(target, now)
        put_in_place(draft, target)
    return Restored(str(target), None if replaced is None else str(replaced), doubted)


def _paused(target: Path) -> tuple[int | None, str | None]:
    """Since when and why the store that is replaced was paused: somebody, or Amends itself, had a reason since."""
    try:
        with closing(sqlite3.connect(f"file:{target}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT paused_at, paused_why FROM instance").fetchone()
    except sqlite3.Error:
        return None, None
    return (found[0], found[1]) if found else (None, None)


def _paused_sources(target: Path) -> list[tuple[int, str | None, str]]:
    """(since when, why, name) of the sources whose writes were stopped there."""
    statement = "SELECT paused_at, paused_why, name FROM source WHERE paused_at IS NOT NULL"
    try:
        with closing(sqlite3.connect(f"file:{target}?mode=ro", uri=True)) as connection:
            return [(int(row[0]), row[1], str(row[2])) for row in connection.execute(statement)]
    except sqlite3.Error:
        return []


def _doubt(
    file: Path, now: datetime, paused: tuple[int | None, str | None], stopped: Sequence[tuple[int, str | None, str]]
) -> int:
    """Mark the copy as restored: see `Sender`, which looks up all that may have been written since the backup."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE lease SET holder = NULL, expires_at = 0")
        connection.execute("UPDATE instance SET restored_at = ?", (micros(now),))
        if paused[0] is not None:
            connection.execute("UPDATE instance SET paused_at = ?, paused_why = ?", paused)
        if stopped and _has_pauses(connection):
            statement = "UPDATE source SET paused_at = ?, paused_why = ? WHERE name = ?"
            homeless = [one for one in stopped if connection.execute(statement, one).rowcount == 0]
        else:
            homeless = list(stopped)
        if homeless and paused[0] is None:  # better all of them than one that somebody had stopped
            since, why, name = homeless[0]
            said = f"{why or 'no reason was given'} (said of {name}, which the restored copy cannot pause by itself)"
            connection.execute("UPDATE instance SET paused_at = ?, paused_why = ?", (since, said))
        connection.execute("UPDATE outbox SET state = 'in_doubt' WHERE state = 'sending'")
        moving = connection.execute("SELECT count(*) FROM outbox WHERE state IN ('pending', 'in_doubt')").fetchone()
        connection.execute("COMMIT")
        return int(moving[0])


def _has_pauses(connection: sqlite3.Connection) -> bool:
    """Whether the copy is of a release that can pause one source; an older one is migrated when it is opened."""
    return any(row[1] == "paused_at" for row in connection.execute("PRAGMA table_info(source)"))


def erasures(file: Path) -> list[tuple[str, int]]:
    """What was erased in a store file: (hash, time) of each; [] where the file is older than erasures, or damaged."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return [(str(row[0]), int(row[1])) for row in connection.execute("SELECT hash, at FROM erased")]
    except sqlite3.Error:
        return []


def _set_aside(target: Path, now: datetime) -> Path | None:
    if not target.exists():
        return None
    replaced = target.with_name(f"{target.name}.replaced-{now:%Y%m%dT%H%M%SZ}")
    for suffix in _BESIDE:
        beside = target.with_name(target.name + suffix)
        if beside.exists():
            beside.rename(replaced.with_name(replaced.name + suffix))
    target.rename(replaced)
    return replaced


def _copy(source: Path, target: Path, tell: Tell) -> None:
    with (
        closing(
            sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30, isolation_level=None)
        ) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        # An open read transaction holds one moment still; otherwise a busy daemon makes the copy start over.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reading.backup(writing, pages=PAGES_A_STEP, progress=lambda _, left, whole: tell(whole - left, whole))
        # One file, whole by itself: without this the copy would be in WAL mode and want a second one beside it.
        writing.execute("PRAGMA journal_mode=DELETE")


def _version(connection: sqlite3.Connection) -> str | None:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    return None if row is None else str(row[0])


def _chain(connection: sqlite3.Connection, version: str | None, noted: str | None) -> tuple[list[str], str | None]:
    """What is wrong with the audit log, and its newest line; a store from before the chain has none."""
    columns = {str(row[1]) for row in connection.execute("PRAGMA table_info(audit)")} if version else set()
    if "proof" not in columns:
        return [], None
    head = connection.execute("SELECT audit_head FROM instance").fetchone()
    fields = ", ".join(Line._fields)
    lines = map(Line._make, connection.execute(f"SELECT {fields} FROM audit ORDER BY id"))  # noqa: S608  # our names
    found = breaks(lines, head[0] if head else None)
    if noted is not None and not found:
        number, _, proof = noted.partition(":")
        row = connection.execute("SELECT proof FROM audit WHERE id = ?", (number,)).fetchone()
        if row is None or row[0] != proof:
            found = [f"audit log: line {number} is not the one that was noted: the log was written anew"]
    return found, head[0] if head else None


def _rows(connection: sqlite3.Connection) -> dict[str, int]:
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'alembic_version'"
    )
    return {
        str(name): int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608  # its own names
        for (name,) in sorted(names.fetchall())
    }


def _file_of(store: Store) -> Path:
    if store.file is None:
        raise StoreError(
            "this store is a database server.", remedy="Use the server's own tools (pg_dump, pg_restore) for copies."
        )
    return store.file


@contextmanager
def _in_words(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({error.strerror}).", remedy="Name a place that can.") from error
    except sqlite3.Error as error:
        raise StoreError(f"copying failed: {error}.", remedy="Run `amends store check`.") from error
