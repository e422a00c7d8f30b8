"""Raw records, as the sources sent them: kept, compressed, for replay. Called by `sync` and `quarantine`.

Functions take the connection of one `Store.read` or `Store.write`; none opens or ends a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import zstandard
from sqlalchemy import Connection, bindparam, delete, select

from connector.store.rows import listed, upsert
from connector.store.tables import complaint, record
from connector.store.times import micros, moment

# Level 1 packs ticket JSON as small as zlib does in a third of the time; see docs/performance.md. With the dictionary,
# to look for longer matches only takes a tenth less for the same size.
_LEVEL = 1
_SHORTEST_MATCH = 7
# What helpdesks' records have in common, learnt from noise in their shape (`benchmarks.dictionary`): three times faster
# and half as large. It is for records of a few kilobytes; larger ones have enough in common with themselves. A packed
# record names the dictionary that it needs, so a file that was ever released stays.
_DICTIONARY = Path(__file__).with_name("records-40001.zdict")
_SMALL_BYTES = 16 << 10
_LARGEST_RAW_BYTES = 1 << 30


class Raw(msgspec.Struct, frozen=True):
    """What a source sent, as it is kept for replay."""

    ticket: str
    stream: str
    raw_id: str
    seen_at: datetime
    body: bytes


class Keep(msgspec.Struct, frozen=True):
    """A raw record on its way into the store, packed."""

    ticket: str
    stream: str
    raw_id: str
    seen_at: datetime
    packed: bytearray

    def unpacked(self) -> Raw:
        return Raw(self.ticket, self.stream, self.raw_id, self.seen_at, unpacked_raw(self.packed))


@cache
def _dictionary() -> zstandard.ZstdCompressionDict:
    made = zstandard.ZstdCompressionDict(_DICTIONARY.read_bytes())
    made.precompute_compress(compression_params=_of_small())
    return made


@cache
def _of_small() -> zstandard.ZstdCompressionParameters:
    return zstandard.ZstdCompressionParameters.from_level(
        _LEVEL,
        source_size=_SMALL_BYTES,
        dict_size=_DICTIONARY.stat().st_size,
        min_match=_SHORTEST_MATCH,
        write_dict_id=True,
    )


def packer() -> Callable[[bytes], bytearray]:
    """What packs one raw record after the other as they are kept: Zstandard (RFC 8878). Not to be shared by threads."""
    small = zstandard.ZstdCompressor(compression_params=_of_small(), dict_data=_dictionary()).compress
    large = zstandard.ZstdCompressor(level=_LEVEL).compress
    # The library's bytes keep hold of the room that the worst case would have taken; a copy has its own size.
    return lambda body: bytearray(small(body) if len(body) <= _SMALL_BYTES else large(body))


def packed_raw(body: bytes) -> bytearray:
    """A raw record as it is kept."""
    return packer()(body)


def unpacked_raw(body: bytes | bytearray) -> bytes:
    """The record that `packed_raw` made `body` of."""
    return _unpacker()(body)


def _unpacker() -> Callable[[bytes | bytearray], bytes]:
    # What was packed without the dictionary asks for none of it.
    unpack = zstandard.ZstdDecompressor(dict_data=_dictionary()).decompress
    return lambda body: unpack(body, max_output_size=_LARGEST_RAW_BYTES)


def keep(connection: Connection, source_id: int, raws: Sequence[Keep]) -> None:
    """Keep raw records, each in a row of its own so that one can be erased alone."""
    seen = {at: micros(at) for at in {raw.seen_at for raw in raws}}  # a page is seen at one time
    rows = [
        {
            "source_id": source_id,
            "ticket": raw.ticket,
            "stream": raw.stream,
            "raw_id": raw.raw_id,
            "seen_at": seen[raw.seen_at],
            "body": raw.packed,
        }
        for raw in raws
    ]
    upsert(connection, record, ("source_id", "ticket", "stream", "raw_id"), rows)


_KEPT = select(record.c.ticket, record.c.stream, record.c.raw_id, record.c.seen_at, record.c.body).order_by(
    record.c.seen_at, record.c.id
)
_OF_TICKETS = _KEPT.where(
    record.c.source_id == bindparam("of"), record.c.ticket.in_(bindparam("tickets", expanding=True))
)
_BETWEEN = _KEPT.join_from(
    complaint, record, (record.c.source_id == complaint.c.source_id) & (record.c.ticket == complaint.c.ticket)
).where(complaint.c.source_id + 0 == bindparam("of"), complaint.c.id.between(bindparam("first"), bindparam("last")))


def kept(connection: Connection, source_id: int, tickets: Sequence[str]) -> dict[str, list[Raw]]:
    """The kept records of these tickets, by ticket, in the order in which they were first seen."""
    return _by_ticket(connection.execute(_OF_TICKETS, {"of": source_id, "tickets": listed(tickets)}).all())


def kept_between(connection: Connection, source_id: int, first_id: int, last_id: int) -> dict[str, list[Raw]]:
    """The same of the complaints in the rows from `first_id` to `last_id`: how a replay walks through a store."""
    return _by_ticket(connection.execute(_BETWEEN, {"of": source_id, "first": first_id, "last": last_id}).all())


def _by_ticket(rows: Iterable[Any]) -> dict[str, list[Raw]]:
    found: dict[str, list[Raw]] = {}
    unpacked = _unpacker()
    for ticket, stream, raw_id, seen_at, body in rows:
        found.setdefault(ticket, []).append(Raw(ticket, stream, raw_id, moment(seen_at), unpacked(body)))
    return found


def erase_raw(connection: Connection, source_id: int, ticket: str, stream: str | None = None) -> int:
    """Erase what was kept of one ticket; the complaint itself stays. Returns how many records went."""
    statement = delete(record).where(record.c.source_id == source_id, record.c.ticket == ticket)
    if stream is not None:
        statement = statement.where(record.c.stream == stream)
    return connection.execute(statement).rowcount
