"""The store file: opening it, the one way to write to it, and the guard that keeps a second writer out.

Every change goes through `Store.write`, one short transaction at a time, each of which proves first that this process
still holds the lease (its epoch). Called by `sync`, `outbox` and the command line; SQLite by default, Postgres by URL.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, literal_column, select, update
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.util import LRUCache

from connector.errors import FencedError, StoreError
from connector.store import tables
from connector.store.times import micros

BUSY_TIMEOUT_SECONDS = 30
LEASE_SECONDS = 30
_WRITER = "writer"
# In plain SQL: it is asked with every transaction that writes.
_EPOCH = str(select(tables.lease.c.epoch).where(tables.lease.c.name == literal_column(f"'{_WRITER}'")))
_GIVEN_UP = -1


def _no_seam(_place: str) -> None:
    """Crash tests hand in a function that kills the process here; everybody else passes through."""


class Store:
    """An open store. `seam` is called by name at each point where a crash would hurt most.

    `epoch` is None until `take_lease`; a process without a lease (a command of the operator) writes unfenced.
    """

    def __init__(self, url: str, *, seam: Callable[[str], None] = _no_seam) -> None:
        self.url = make_url(url)
        self.seam = seam
        self.epoch: int | None = None
        self._writing = threading.RLock()
        self._file = _file_of(url)
        self._inode: tuple[int, int] | None = None
        self._lock: int | None = None
        self.engine = _engine(url)

    # -- opening -----------------------------------------------------------------------------------------------

    def open(self, *, create: bool = True) -> Store:
        """Bring the tables up to date and remember which file this is. Raises StoreError.

        Without `create` nothing is made and nothing migrated, so that a look at the store never changes it; a store
        that is not there or has older tables is then an error.
        """
        from connector.store.migrate import bring_up_to_date, prove_up_to_date

        if self._file is not None and create:
            self._begin(self._file)
        if self._file is not None and not self._file.exists():
            raise StoreError(f"there is no store {self._file} yet.", remedy="`amends sync` or `amends run` makes it.")
        with _translated():
            bring_up_to_date(self) if create else prove_up_to_date(self)
        self._inode = self._identity()
        return self

    def _begin(self, file: Path) -> None:
        """Make an empty store file, but never in the place of one that is gone: a disk that was not mounted, a file
        that was moved. With it would go what was paused, what was written, and from when on we act."""
        if file.exists():
            return
        if not file.parent.is_dir():
            raise StoreError(
                f"there is no folder {file.parent} for the store.",
                remedy="Is its disk there? Make the folder, or name another place in amends.yaml.",
            )
        if self._lock_file(file).exists():
            raise StoreError(
                f"the store {file} is gone; its lock file is still there.",
                remedy="Put it back, or `amends store restore` a backup. To begin with an empty one, remove "
                f"{self._lock_file(file).name}.",
            )
        try:
            file.touch(mode=0o600)
        except OSError as error:
            raise StoreError(
                f"the store {file} cannot be made: {error.strerror}.",
                remedy="Give this user the right to write there, or name another place in amends.yaml.",
            ) from error

    def close(self) -> None:
        """Let the lease and the file go."""
        self.release_lease()
        self.engine.dispose()

    def _identity(self) -> tuple[int, int] | None:
        if self._file is None:
            return None
        try:
            found = self._file.stat()
        except FileNotFoundError:
            raise StoreError(
                f"the store {self._file} is gone.", remedy="Stop Amends, put it back or restore a backup, start again."
            ) from None
        return found.st_dev, found.st_ino

    def prove_sound(self) -> None:
        """Read every page of an SQLite file once; a daemon does so before it starts. Raises StoreError where one is
        damaged: going on would save new complaints beside ones that are lost, and copy the damage into backups."""
        if self._file is None:
            return
        with self.read() as connection:
            said = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
        if said != "ok":
            raise StoreError(f"the store {self._file} is malformed: {said}.", remedy=_remedy("malformed"))

    # -- reading and writing -----------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; writes nothing."""
        with _translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, place: str) -> Iterator[Connection]:
        """One transaction. `place` names it for the crash tests. Raises FencedError when another daemon took over."""
        with _translated(), self._writing:
            if self._inode is not None and self._identity() != self._inode:
                raise StoreError(
                    f"the store {self._file} was replaced while Amends ran; nothing more is written to it.",
                    remedy="Stop Amends and start it again on the store you mean.",
                )
            with writing(self.engine) as connection:
                self._prove_epoch(connection)
                yield connection
                self.seam(f"{place}: before commit")
            self.seam(f"{place}: after commit")

    def _prove_epoch(self, connection: Connection) -> None:
        if self.epoch is None:
            return
        held = connection.exec_driver_sql(_EPOCH).scalar_one()
        if held != self.epoch:
            raise FencedError(
                f"another daemon took over this store (epoch {held}, ours was {self.epoch}).",
                remedy="This one stops; look which of the two should run.",
            )

    # -- the lease ---------------------------------------------------------------------------------------------

    def take_lease(self, holder: str, wall: datetime) -> int:
        """Become the one writer. `wall` is the real time of day. Raises StoreError while another one lives.

        The lock file tells a dead holder (its lock is gone: take over at once) from a frozen one (its lock stands but
        its lease ran out: take over with a higher epoch, and it is fenced when it wakes).
        """
        alone = self._try_lock()
        now = micros(wall)
        self.epoch = None
        with self.write("lease") as connection:
            found = connection.execute(select(tables.lease).where(tables.lease.c.name == _WRITER)).one()
            if found.holder and not alone and found.expires_at > now:
                raise StoreError(
                    f"the store is in use by {found.holder}.",
                    remedy="Only one daemon may write to a store. Stop that one first, or use `amends status`.",
                )
            connection.execute(
                update(tables.lease)
                .where(tables.lease.c.name == _WRITER)
                .values(holder=holder, epoch=found.epoch + 1, expires_at=now + LEASE_SECONDS * 1_000_000)
            )
        self.epoch = int(found.epoch) + 1
        return self.epoch

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock file while the store is exchanged, without reading a store that may be damaged."""
        if not self._try_lock():
            raise StoreError(f"the store {self._file} is in use.", remedy="Stop Amends first.")
        try:
            yield
        finally:
            assert self._lock is not None
            os.close(self._lock)
            self._lock = None

    def holder(self, wall: datetime) -> tuple[str, float] | None:
        """Which daemon writes to this store and how many seconds ago it last said so; None when there is none."""
        with self.read() as connection:
            found = connection.execute(select(tables.lease).where(tables.lease.c.name == _WRITER)).one()
        if not found.holder or found.expires_at <= micros(wall):
            return None
        return str(found.holder), max(0.0, LEASE_SECONDS - (found.expires_at - micros(wall)) / 1_000_000)

    def renew_lease(self, wall: datetime) -> None:
        """Say that we are still here; at most every few seconds. Raises FencedError."""
        with self.write("renew") as connection:
            connection.execute(
                update(tables.lease)
                .where(tables.lease.c.name == _WRITER)
                .values(expires_at=micros(wall) + LEASE_SECONDS * 1_000_000)
            )

    def release_lease(self) -> None:
        """Give the store up, so that the next daemon need not wait. Does nothing when we no longer hold it."""
        if self.epoch not in (None, _GIVEN_UP):
            try:
                with self.write("release") as connection:
                    connection.execute(
                        update(tables.lease).where(tables.lease.c.name == _WRITER).values(holder=None, expires_at=0)
                    )
            except (FencedError, StoreError):
                pass
            # A thread that outlives its daemon must not write beside the next one: no lease ever has this epoch.
            self.epoch = _GIVEN_UP
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @staticmethod
    def _lock_file(file: Path) -> Path:
        return file.with_suffix(file.suffix + ".lock")

    def _try_lock(self) -> bool:
        if self._file is None:
            return False
        if self._lock is not None:
            return True
        try:
            handle = os.open(self._lock_file(self._file), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(
                f"the folder of the store cannot be written to: {error.strerror} ({self._file.parent}).",
                remedy="Give this user the right to write there, or name another place in amends.yaml.",
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._lock = handle
        return True

    @property
    def file(self) -> Path | None:
        """Where an SQLite store lies; None for a server."""
        return self._file


def _file_of(url: str) -> Path | None:
    parsed = make_url(url)
    if not parsed.drivername.startswith("sqlite") or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)


class _SQLite(SQLiteDialect_pysqlite):
    """The usual one; but what one engine compiled is another's as well. A command opens its store more than once, and
    to put the same statements into words again was a tenth of it."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is _SQLite

    def __hash__(self) -> int:
        return hash(_SQLite)

    def do_begin(self, dbapi_connection: Any) -> None:
        # Not by an event of the library's: where there is a single one, it looks for others at each step of each
        # transaction. What is begun already is one that writes.
        driver = dbapi_connection.dbapi_connection
        if not driver.in_transaction:
            driver.execute("BEGIN")


# For a value that is no plain number or text the driver asks around, for as long as a row takes that has none, what
# could be made of it. Of these it is told: nothing stays nothing, and yes and no are kept as 1 and 0, as ever.
sqlite3.register_adapter(type(None), {}.get)  # type: ignore[arg-type]  # made in C, it is the quickest nothing
sqlite3.register_adapter(bool, int)

registry.register("sqlite.amends", __name__, _SQLite.__name__)
_COMPILED = LRUCache[Any, Any](1000)


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    more: dict[str, Any] = {} if url.endswith(":memory:") else {"pool_size": 8, "max_overflow": 4}
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        parsed = parsed.set(drivername="sqlite+amends")
        more["execution_options"] = {"compiled_cache": _COMPILED}
    engine = create_engine(parsed, **more)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(dbapi: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: a deferred one that reads and then writes fails at once with
    # "database is locked", whatever the busy timeout says.
    dbapi.isolation_level = None
    cursor = dbapi.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}",
        # Of a new file only. A complaint takes 2 to 3 KB: on the usual 4 KB page there would be room for one.
        "page_size=16384",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "secure_delete=ON",
        "cache_size=-5000",
        # 16 MB of log between checkpoints: a first sync then writes each page of the file once, not three times.
        "wal_autocheckpoint=1000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes from its start, so that it waits its turn there."""
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        if isinstance(driver, sqlite3.Connection):
            driver.execute("BEGIN IMMEDIATE")
        with connection.begin():
            yield connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, DBAPIError) as error:
        raise StoreError(f"the store answers: {error.orig}.", remedy=_remedy(str(error.orig))) from error
    except sqlite3.Error as error:
        raise StoreError(f"the store answers: {error}.", remedy=_remedy(str(error))) from error


def _remedy(answer: str) -> str:
    for sign, remedy in (
        ("full", "Free space on its disk; nothing was lost, the last step is done again."),
        ("locked", "Another program holds it (a backup tool?); the step is tried again."),
        ("readonly", "Give this user the right to write there."),
        ("unable to open", "Check that the folder exists and may be written."),
        ("malformed", "Stop Amends and restore the newest backup: `amends store restore`."),
        ("not a database", "This file is not an Amends store; name another in amends.yaml."),
        ("I/O", "Check the disk; stop Amends before copying the file away."),
    ):
        if sign in answer:
            return remedy
    return "See `amends store check`."
