"""The least any client must do: a bare urllib3 loop over the very URLs that `amends sync` asks for. Run by `run`.

Plain: every page decoded whole. --typed: only what a complaint needs is decoded. --store FILE: typed, and each ticket
upserted into SQLite with its twelve columns, one durable transaction a page: the floor of any pipeline.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import orjson
import urllib3


class Field(msgspec.Struct):
    id: int
    value: Any = None


class Ticket(msgspec.Struct):
    id: int
    created_at: str
    updated_at: str
    generated_timestamp: int
    subject: str | None
    description: str | None
    status: str
    priority: str | None
    requester_id: int | None
    assignee_id: int | None
    group_id: int | None
    tags: list[str]
    custom_fields: list[Field]


class User(msgspec.Struct):
    id: int
    name: str | None = None
    email: str | None = None


class Page(msgspec.Struct):
    tickets: list[Ticket]
    users: list[User] = []
    after_cursor: str | None = None
    end_of_stream: bool = True


TABLE = """
create table if not exists ticket (
  id integer primary key, opened text, changed text, version integer, subject text, body text, status text,
  priority text, requester integer, assignee integer, tags text, fields blob);
create table if not exists cursor (value text);
"""
UPSERT = """
insert into ticket values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set
  changed = excluded.changed, version = excluded.version, status = excluded.status, priority = excluded.priority,
  assignee = excluded.assignee, tags = excluded.tags, fields = excluded.fields
"""


Read = tuple[list[Any], str | None, bool]  # tickets, the cursor after them, and whether that was the last page


def whole(data: bytes) -> Read:
    page = orjson.loads(data)
    return page["tickets"], page["after_cursor"], page["end_of_stream"]


def needed(data: bytes) -> Read:
    page = _DECODER.decode(data)
    return page.tickets, page.after_cursor, page.end_of_stream


_DECODER = msgspec.json.Decoder(Page)


def pages(
    get: Callable[[str], bytes], include: str, cursor: str | None, read: Callable[[bytes], Read]
) -> Iterator[Read]:
    """Every page after `cursor` (None: from the beginning)."""
    suffix = f"&include={include}" if include else ""
    end = False
    while not end:
        place = f"cursor={quote(cursor)}" if cursor else "start_time=1"
        page = read(get(f"/api/v2/incremental/tickets/cursor.json?{place}{suffix}&per_page=1000"))
        yield page
        _, cursor, end = page


def rows(found: list[Ticket]) -> Iterator[tuple[Any, ...]]:
    for t in found:
        fields = msgspec.json.encode({field.id: field.value for field in t.custom_fields if field.value is not None})
        yield (
            *(t.id, t.created_at, t.updated_at, t.generated_timestamp, t.subject, t.description, t.status, t.priority),
            *(t.requester_id, t.assignee_id, " ".join(t.tags), fields),
        )


class Store:
    """SQLite as a pipeline has to use it: the page and its cursor in one transaction that survives a power cut."""

    def __init__(self, path: Path) -> None:
        self.database = sqlite3.connect(path)
        self.database.executescript("pragma journal_mode = wal; pragma synchronous = full;" + TABLE)

    def cursor(self) -> str | None:
        found = self.database.execute("select value from cursor").fetchone()
        return found[0] if found else None

    def save(self, found: list[Ticket], cursor: str | None) -> None:
        with self.database:
            self.database.executemany(UPSERT, rows(found))
            self.database.execute("delete from cursor")
            self.database.execute("insert into cursor values (?)", (cursor,))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("--include", default="users,metric_sets", help="what is sideloaded; empty for nothing")
    parser.add_argument("--typed", action="store_true")
    parser.add_argument("--store", type=Path)
    parser.add_argument(
        "--also", action="append", default=[], metavar="PATH", help="fetched and decoded once, at the end"
    )
    chosen = parser.parse_args()
    pool = urllib3.PoolManager()
    headers = {"Authorization": "Bearer benchmark", "Accept-Encoding": "gzip"}

    def get(path: str) -> bytes:
        return pool.request("GET", chosen.base + path, headers=headers).data

    store = Store(chosen.store) if chosen.store else None
    counted = 0
    read = needed if chosen.typed or store else whole
    for found, cursor, _ in pages(get, chosen.include, store.cursor() if store else None, read):
        counted += len(found)
        if store:
            store.save(found, cursor)
    for path in chosen.also:
        orjson.loads(get(path))
    print(json.dumps({"tickets": counted}))


if __name__ == "__main__":
    main()
