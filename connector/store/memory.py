"""What the store remembers of one source, as adapters ask for it (`adapter.Memory`, `adapter.Ledger`).

Made by `desks` when a source is opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connector.adapter import Known, Sending
from connector.errors import StoreError
from connector.store import Store, Transaction, names, sendings, sources


class StoredMemory:
    """What the store knows of one source, for its adapter."""

    def __init__(self, store: Store, source: str) -> None:
        self._store, self._source = store, source

    def known(self, asked: Sequence[str]) -> Mapping[str, Known]:
        with self._store.read() as connection:
            row = sources.by_name(connection, self._source)
            return names.known(connection, row.id, asked) if row is not None and asked else {}

    def names_of(self, tickets: Sequence[str]) -> Mapping[str, Sequence[str]]:
        with self._store.read() as connection:
            row = sources.by_name(connection, self._source)
            return names.of_tickets(connection, row.id, tickets) if row is not None and tickets else {}


class StoredLedger:
    """What left one source's door, for its adapter; each change is a transaction of its own, and durable."""

    def __init__(self, store: Store, source: str) -> None:
        self._store, self._source = store, source

    def _id(self, connection: Transaction) -> int:
        row = sources.by_name(connection, self._source)
        if row is None:
            raise StoreError(
                f"the store does not know the source {self._source!r} yet.", remedy="Let it be read first."
            )
        return row.id

    @property
    def complete_since(self) -> datetime | None:
        with self._store.read() as connection:
            return sources.restored_at(connection)

    def sending(self, name: str) -> Sending | None:
        with self._store.read() as connection:
            return sendings.one(connection, self._id(connection), name)

    def begin(self, name: str, keys: Sequence[str], at: datetime) -> None:
        with self._store.write("ledger: begun") as connection:
            sendings.begin(connection, self._id(connection), name, keys, at)

    def end(self, name: str, *, sent: bool) -> None:
        with self._store.write("ledger: ended") as connection:
            sendings.end(connection, self._id(connection), name, sent=sent)

    def count(self, key: str, since: datetime) -> int:
        with self._store.read() as connection:
            return sendings.count(connection, self._id(connection), key, since)

    def stopped(self, key: str) -> str | None:
        with self._store.read() as connection:
            return sendings.stopped(connection, self._id(connection), key)
