"""The inbox of webhooks: what helpdesks pushed at us, on disk before they are thanked for it, until it was read.

A file of its own (hooks.db, beside the store), for two processes write to it: the one that receives (`web`) and the
daemon that reads. Its loss costs seconds and no complaint: each row only hints at a ticket that the poll finds as well.
So a damaged file is put aside whole (hooks.db.broken-1, -2 …), for whoever wants to look, and a new one begun.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import TypeVar

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.sql.expression import Executable

from connector.errors import InboxError
from connector.store.times import micros, micros_or_none, moment, moment_or_none

FILE = "hooks.db"
# A delivery counts once for so long; vendors try again within hours.
KEPT = timedelta(days=30)
BUSY_SECONDS = 2.0
DAMAGED = ("malformed", "not a database", "no such table", "no such column")
T = TypeVar("T")
log = logging.getLogger("amends")

_metadata = MetaData()
_delivery = Table(
    "delivery",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("tickets", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("read_at", BigInteger),
)
Index("ix_delivery_source_name", _delivery.c.source, _delivery.c.name, unique=True)
Index("ix_delivery_unread", _delivery.c.source, _delivery.c.id, sqlite_where=_delivery.c.read_at.is_(None))
Index("ix_delivery_at", _delivery.c.source, _delivery.c.at)
_hook = Table(
    "hook",
    _metadata,
    Column("source", Text, primary_key=True),
    Column("address", Text),
    Column("kept_at", BigInteger),
    Column("done", Text),
    Column("trouble", Text),
    Column("silent_since", BigInteger),
    Column("refused", Integer, nullable=False, server_default="0"),
    Column("before_at", BigInteger),
)


class Delivery(msgspec.Struct, frozen=True):
    """One proven delivery: `name` is the same when it comes again, `tickets` are what it hints at, if anything."""

    source: str
    name: str
    tickets: tuple[str, ...]
    at: datetime


class Hint(msgspec.Struct, frozen=True):
    """A delivery that nobody has acted upon yet."""

    id: int
    tickets: tuple[str, ...]
    at: datetime


class Standing(msgspec.Struct, frozen=True):
    """How the hook of a source is: since when `address` is known to be served, what was `done` about it last, what is
    wrong; `silent_since` is when the poll found a change of which no delivery had told. `refused` deliveries were not
    proven to be the source's. `before_at` is when a delivery was last signed with
    the secret before the present one."""

    source: str
    address: str | None = None
    kept_at: datetime | None = None
    done: str | None = None
    trouble: str | None = None
    silent_since: datetime | None = None
    heard_at: datetime | None = None
    waiting: int = 0
    refused: int = 0
    before_at: datetime | None = None


class HookInbox:
    """An open inbox; safe for several threads and processes. What it cannot do raises InboxError: nobody may be thanked
    for what is not on disk."""

    def __init__(self, folder: Path) -> None:
        self._file = folder.absolute() / FILE
        self._lock = Lock()
        self._engine, self._inode = self._opened()

    def _opened(self) -> tuple[Engine, int]:
        """The file, made where there is none; a damaged one is put aside first."""
        for last in (False, True):
            engine = create_engine(f"sqlite:///{self._file}", connect_args={"timeout": BUSY_SECONDS})
            event.listen(engine, "connect", _prepare)
            try:
                self._file.touch(mode=0o600)
                inode = self._file.stat().st_ino
                _metadata.create_all(engine)
                _add_columns(engine)
                with engine.connect() as connection:
                    for table in (_delivery, _hook):
                        connection.execute(select(table).limit(1)).all()
                return engine, inode
            except (OSError, DBAPIError) as error:
                engine.dispose()
                if last or not _is_damaged(error):
                    raise InboxError(
                        f"the inbox of hooks {self._file} cannot be opened ({type(error).__name__}).",
                        remedy="Give this user the right to write there.",
                    ) from error
                self._put_aside(inode)
        raise AssertionError("the second try opens or raises")

    def _put_aside(self, inode: int) -> None:
        """Keep the damaged file `inode` under another name, unless another process has done so already."""
        try:
            if self._file.stat().st_ino != inode:
                return
            number = next(n for n in range(1, 1_000_000) if not self._beside(f".broken-{n}").exists())
            for end in ("-wal", "-shm", ""):
                if self._beside(end).exists():
                    self._beside(end).replace(self._beside(f".broken-{number}{end}"))
        except OSError as error:
            raise InboxError(
                f"the inbox of hooks {self._file} is damaged and cannot be put aside ({error.strerror}).",
                remedy="Move it away yourself; the poll finds all that it hinted at.",
            ) from error
        kept = self._beside(f".broken-{number}")
        log.error("hooks: the inbox is damaged. It was kept as %s, and a new one begun; the poll finds all.", kept)

    def _beside(self, end: str) -> Path:
        return self._file.with_name(f"{FILE}{end}")

    def _again(self, damaged: bool) -> None:
        """Open the file anew where it was replaced, or is damaged."""
        with self._lock:
            try:
                replaced = self._file.stat().st_ino != self._inode
            except OSError:
                replaced = True
            if replaced or damaged:
                self._engine.dispose()
                if damaged and not replaced:
                    self._put_aside(self._inode)
                self._engine, self._inode = self._opened()

    def _tried(self, step: Callable[[Engine], T]) -> T:
        """What `step` gives; of a damaged inbox, once it was made anew."""
        for last in (False, True):
            try:
                self._again(damaged=False)
                return step(self._engine)
            except DBAPIError as error:
                if last or not _is_damaged(error):
                    raise InboxError(f"the inbox of hooks answers: {error.orig}.") from error
                self._again(damaged=True)
        raise AssertionError("the second try gives or raises")

    def close(self) -> None:
        self._engine.dispose()

    # -- receiving -------------------------------------------------------------------------------------------------

    def keep(self, deliveries: Sequence[Delivery]) -> int:
        """Put them on disk, in one transaction; those that came before are left out. How many were new."""
        rows = [
            {"source": one.source, "name": one.name, "tickets": _packed(one.tickets), "at": micros(one.at)}
            for one in deliveries
        ]
        statement = insert(_delivery).prefix_with("OR IGNORE")
        return self._changed(statement, rows) if rows else 0

    def waiting(self) -> int:
        """How many deliveries nobody has acted upon."""
        asked = select(func.count()).select_from(_delivery).where(_delivery.c.read_at.is_(None))
        return int(self._asked(lambda connection: connection.execute(asked).scalar_one()))

    def refused(self, source: str, number: int) -> None:
        """Count deliveries that nothing proved to be the source's; nothing of them is kept."""
        self._note(source)
        self._changed(update(_hook).where(_hook.c.source == source).values(refused=_hook.c.refused + number))

    def signed_before(self, source: str, at: datetime) -> None:
        """A delivery of this source came at `at` that the secret before the present one had signed."""
        self._note(source)
        self._changed(update(_hook).where(_hook.c.source == source).values(before_at=micros(at)))

    # -- reading ---------------------------------------------------------------------------------------------------

    def hints(self, source: str, most: int) -> list[Hint]:
        """The oldest deliveries of this source that nobody has acted upon."""
        asked = (
            select(_delivery.c.id, _delivery.c.tickets, _delivery.c.at)
            .where(_delivery.c.source == source, _delivery.c.read_at.is_(None))
            .order_by(_delivery.c.id)
            .limit(most)
        )
        rows = self._asked(lambda connection: connection.execute(asked).all())
        return [Hint(row.id, _unpacked(row.tickets), moment(row.at)) for row in rows]

    def done(self, hints: Sequence[Hint], now: datetime) -> None:
        """These were acted upon."""
        for begin in range(0, len(hints), 500):
            ids = [one.id for one in hints[begin : begin + 500]]
            self._changed(update(_delivery).where(_delivery.c.id.in_(ids)).values(read_at=micros(now)))

    def forget(self, now: datetime) -> int:
        """Drop what was acted upon so long ago that it cannot come again."""
        old = micros(now - KEPT)
        return self._changed(delete(_delivery).where(_delivery.c.read_at.is_not(None), _delivery.c.at < old))

    # -- the hook itself -------------------------------------------------------------------------------------------

    def kept(self, source: str, address: str, now: datetime, done: str | None) -> None:
        """The source is known to push to `address`."""
        self._note(source)
        what = {"address": address, "kept_at": micros(now), "trouble": None} | ({"done": done} if done else {})
        self._changed(update(_hook).where(_hook.c.source == source).values(**what))

    def troubled(self, source: str, why: str) -> None:
        self._note(source)
        self._changed(update(_hook).where(_hook.c.source == source).values(trouble=why))

    def silent(self, source: str, since: datetime | None) -> None:
        """The poll found a change at `since` of which no delivery had told; None: deliveries come again."""
        self._note(source)
        self._changed(update(_hook).where(_hook.c.source == source).values(silent_since=micros_or_none(since)))

    def standing(self, source: str) -> Standing:
        of = _delivery.c.source == source
        row = self._asked(lambda each: each.execute(select(_hook).where(_hook.c.source == source)).one_or_none())
        heard = self._asked(lambda each: each.execute(select(func.max(_delivery.c.at)).where(of)).scalar_one())
        unread = select(func.count()).select_from(_delivery).where(of, _delivery.c.read_at.is_(None))
        waiting = self._asked(lambda each: each.execute(unread).scalar_one())
        if row is None:
            return Standing(source, heard_at=moment_or_none(heard), waiting=int(waiting))
        return Standing(
            source,
            address=row.address,
            kept_at=moment_or_none(row.kept_at),
            done=row.done,
            trouble=row.trouble,
            silent_since=moment_or_none(row.silent_since),
            heard_at=moment_or_none(heard),
            waiting=int(waiting),
            refused=row.refused,
            before_at=moment_or_none(row.before_at),
        )

    def _note(self, source: str) -> None:
        self._changed(insert(_hook).prefix_with("OR IGNORE").values(source=source))

    def _changed(self, statement: Executable, rows: Sequence[dict[str, object]] = ()) -> int:
        def step(engine: Engine) -> int:
            with engine.begin() as connection:
                return int(connection.execute(statement, rows or None).rowcount)

        return self._tried(step)

    def _asked(self, question: Callable[[Connection], T]) -> T:
        def step(engine: Engine) -> T:
            with engine.connect() as connection:
                return question(connection)

        return self._tried(step)


def _add_columns(engine: Engine) -> None:
    """What a file that an earlier version made lacks; it holds hints alone, so it has no migrations."""
    there = {column["name"] for column in inspect(engine).get_columns(_hook.name)}
    with engine.begin() as connection:
        for column in _hook.columns:
            if column.name not in there:
                kind = column.type.compile(engine.dialect)
                connection.execute(text(f"ALTER TABLE {_hook.name} ADD COLUMN {column.name} {kind}"))


def _is_damaged(error: Exception) -> bool:
    return isinstance(error, DatabaseError) and any(word in str(error.orig) for word in DAMAGED)


def _prepare(dbapi: object, _record: object) -> None:
    cursor = dbapi.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _packed(tickets: tuple[str, ...]) -> str:
    return msgspec.json.encode(tickets).decode()


def _unpacked(packed: str) -> tuple[str, ...]:
    """The tickets; none where the row is damaged: then a poll is asked for, which finds them."""
    try:
        return msgspec.json.decode(packed, type=tuple[str, ...])
    except (msgspec.DecodeError, TypeError):
        return ()
