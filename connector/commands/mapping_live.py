"""A look at a source as it is now: what it has, and its newest tickets. Nothing is stored.

Called by the mapping commands and by `amends init`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from connector.adapter import Adapter, Discovery, Record
from connector.commands.place import Place
from connector.commands.progress import Progress
from connector.desks import adapter_for
from connector.errors import CursorError, RecordError, TemporaryError
from connector.mapping.profiles import Profile, profiles
from connector.mapping.rules import head
from connector.settings import SourceSettings

# Changes are read oldest first, so the newest are looked for in longer and longer stretches of time.
WINDOWS_DAYS = (2, 14, 90, 400, None)
MOST_PAGES = 8


class Look(msgspec.Struct, frozen=True):
    """What a source has, and its newest tickets with all their fields, newest first."""

    discovery: Discovery
    records: tuple[Record, ...]

    @property
    def used(self) -> tuple[Profile, ...]:
        """Every field as these tickets use it."""
        return profiles(self.discovery.fields, [record.fields or {} for record in self.records])


@contextmanager
def opened(place: Place, source: SourceSettings, fields: Sequence[str] = ()) -> Iterator[Adapter]:
    """The adapter of a source, for this look only; it fetches `fields` besides what the mapping names, where it has to
    be told what to fetch."""
    wanted = asking(source.options, fields)
    adapter = adapter_for(msgspec.structs.replace(source, options=wanted), place.home, place.now, place.clock)
    try:
        yield adapter
    finally:
        adapter.close()


def asking(options: Any, fields: Sequence[str]) -> Any:
    """`options` with these source fields among those to fetch."""
    named = getattr(options, "fields", None)
    if not fields or not isinstance(named, tuple):
        return options
    return msgspec.structs.replace(options, fields=tuple(sorted({*named, *map(head, fields)})))


def look(place: Place, source: SourceSettings, most: int) -> Look:
    """Ask the source what it has, and look at its newest tickets. Raises AuthError, TemporaryError."""
    with opened(place, source) as adapter:
        discovery = adapter.discover()
    with opened(place, source, [field.id for field in discovery.fields]) as adapter:
        return Look(discovery, tuple(newest(adapter, source.streams, place.now(), most, source.name)))


def newest(adapter: Adapter, streams: Sequence[str], now: datetime, most: int, name: str) -> list[Record]:
    """Up to `most` of the tickets that changed last, newest first, each with its fields.

    Raises AuthError, or TemporaryError where not even one could be read.
    """
    found: dict[str, Record] = {}
    with Progress(f"{name}, looking", "tickets") as tell:
        for days in WINDOWS_DAYS:
            since = None if days is None else now - timedelta(days=days)
            found = _read(adapter, streams, since, most, found, tell)
            if len(found) >= most:
                break
    return list(islice(filter(_readable, reversed(found.values())), most))


def _read(
    adapter: Adapter,
    streams: Sequence[str],
    since: datetime | None,
    most: int,
    before: dict[str, Record],
    tell: Progress,
) -> dict[str, Record]:
    """What a stretch of time holds; what was found `before`, where the source wants a rest or has too much."""
    found: dict[str, Record] = {}
    for stream in streams:
        try:
            for number, page in enumerate(adapter.fetch(stream, adapter.start(stream, since)), 1):
                for record in page.records:
                    if record.fields is not None and record.problem is None:
                        found.pop(record.ticket, None)
                        found[record.ticket] = record
                tell(len(found))
                if page.end or number >= MOST_PAGES or (since is None and len(found) >= most):
                    break
        except (TemporaryError, CursorError):
            if not (found or before):
                raise
        if found:
            break  # one stream tells of the tickets, the others only of events
    return found if len(found) >= len(before) else before


def _readable(record: Record) -> bool:
    """Whether all of it can be read. What cannot is put aside when it is pulled, and must not stop a look at others."""
    try:
        len(record.fields or {})  # an adapter may decode what nobody asked for yet no sooner than now
    except RecordError:
        return False
    return True
