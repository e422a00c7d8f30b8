"""The inbox of webhooks: what helpdesks pushed at us, on disk before they are thanked for it, until it was read.

A file of its own (hooks.db, beside the store), for two processes write to it: the one that receives (`web`) and the
daemon that reads. Its loss costs seconds and no complaint: each row only hints at a ticket that the poll finds as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
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
    select,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import Executable

from connector.errors import StoreError
from connector.store.times import micros, micros_or_none, moment, moment_or_none

FILE = "hooks.db"
# A delivery counts once for so long; vendors try again within hours.
KEPT = timedelta(days=30)
BUSY_SECONDS = 2.0

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
    proven to be the source's."""

    source: str
    address: str | None = None
    kept_at: datetime | None = None
    done: str | None = None
    trouble: str | None = None
    silent_since: datetime | None = None
    heard_at: datetime | None = None
    waiting: int = 0
    refused: int = 0


class HookInbox:
    """An open inbox; safe for several threads and processes. What it cannot do raises StoreError: nobody may be thanked
    for what is not on disk."""

    def __init__(self, folder: Path) -> None:
        self._engine = create_engine(f"sqlite:///{(folder / FILE).absolute()}", connect_args={"timeout": BUSY_SECONDS})
        event.listen(self._engine, "connect", _prepare)
        try:
            (folder / FILE).touch(mode=0o600)
            _metadata.create_all(self._engine)
        except (OSError, DBAPIError) as error:
            raise StoreError(
                f"the inbox of hooks {folder / FILE} cannot be opened ({type(error).__name__}).",
                remedy="Give this user the right to write there. A broken one may be deleted; the poll finds all.",
            ) from error

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
        with self._read() as connection:
            asked = select(func.count()).select_from(_delivery).where(_delivery.c.read_at.is_(None))
            return int(connection.execute(asked).scalar_one())

    def refused(self, source: str, number: int) -> None:
        """Count deliveries that nothing proved to be the source's; nothing of them is kept."""
        self._note(source)
        self._changed(update(_hook).where(_hook.c.source == source).values(refused=_hook.c.refused + number))

    # -- reading ---------------------------------------------------------------------------------------------------

    def hints(self, source: str, most: int) -> list[Hint]:
        """The oldest deliveries of this source that nobody has acted upon."""
        asked = (
            select(_delivery.c.id, _delivery.c.tickets, _delivery.c.at)
            .where(_delivery.c.source == source, _delivery.c.read_at.is_(None))
            .order_by(_delivery.c.id)
            .limit(most)
        )
        with self._read() as connection:
            return [Hint(row.id, _unpacked(row.tickets), moment(row.at)) for row in connection.execute(asked)]

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
        with self._read() as connection:
            row = connection.execute(select(_hook).where(_hook.c.source == source)).one_or_none()
            heard = connection.execute(
                select(func.max(_delivery.c.at)).where(_delivery.c.source == source)
            ).scalar_one()
            waiting = connection.execute(
                select(func.count())
                .select_from(_delivery)
                .where(_delivery.c.source == source, _delivery.c.read_at.is_(None))
            ).scalar_one()
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
        )

    def _note(self, source: str) -> None:
        self._changed(insert(_hook).prefix_with("OR IGNORE").values(source=source))

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise StoreError(f"the inbox of hooks answers: {error.orig}.") from error

    def _changed(self, statement: Executable, rows: Sequence[dict[str, object]] = ()) -> int:
        try:
            with self._engine.begin() as connection:
                return int(connection.execute(statement, rows or None).rowcount)
        except DBAPIError as error:
            raise StoreError(f"the inbox of hooks answers: {error.orig}.") from error


def _prepare(dbapi: object, _record: object) -> None:
    cursor = dbapi.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _packed(tickets: tuple[str, ...]) -> str:
    return msgspec.json.encode(tickets).decode()


def _unpacked(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])
