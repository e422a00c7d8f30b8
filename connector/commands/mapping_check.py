"""`amends mapping check`: where the mapping and its source do not fit, and values that came up without a line.

The files themselves are checked by being loaded. Reads the source and the store; keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from connector.commands.mapping_live import newest, opened
from connector.commands.place import Place
from connector.display import count, table, wrapped
from connector.errors import StoreError
from connector.mapping import check_examples
from connector.mapping.fitting import Misfit, doubts, misfits
from connector.mapping.unplaced import Unplaced, counted
from connector.settings import SourceSettings
from connector.store import complaints


class MappingChecked(msgspec.Struct, frozen=True):
    """What is wrong with one source's mapping. `examples` are its own that do not hold, `unplaced` the stored values
    that it has no line for,
    `doubts` what fits and is worth a look all the same."""

    source: str
    file: str
    asked: bool
    examples: tuple[str, ...]
    misfits: tuple[Misfit, ...]
    unplaced: tuple[Unplaced, ...]
    doubts: tuple[Misfit, ...] = ()

    @property
    def exit_code(self) -> int:
        return int(bool(self.examples or self.misfits or self.unplaced))


class AllChecked(msgspec.Struct, frozen=True):
    """Every source that was checked."""

    sources: tuple[MappingChecked, ...]

    @property
    def exit_code(self) -> int:
        return max((one.exit_code for one in self.sources), default=0)


def check(place: Place, names: Sequence[str], most: int, *, offline: bool) -> AllChecked:
    """Raises SettingsFilesError with every mistake in the folder, AuthError, TemporaryError."""
    return AllChecked(tuple(_checked(place, one, most, offline=offline) for one in place.chosen(names)))


def _checked(place: Place, source: SourceSettings, most: int, *, offline: bool) -> MappingChecked:
    found: tuple[Misfit, ...] = ()
    doubtful: tuple[Misfit, ...] = ()
    if not offline:
        with opened(place, source) as adapter:
            discovery = adapter.discover()
            records = newest(adapter, source.streams, place.now(), most, source.name)
        snapshots = [record.fields or {} for record in records]
        found = misfits(source.mapping, discovery, snapshots)
        doubtful = doubts(source.mapping, discovery, snapshots)
    return MappingChecked(
        source=source.name,
        file=source.mapping.file,
        asked=not offline,
        examples=tuple(check_examples(source.mapping)),
        misfits=found,
        unplaced=unplaced(place, source.name),
        doubts=doubtful,
    )


def unplaced(place: Place, source: str) -> tuple[Unplaced, ...]:
    """Each value of the stored complaints that the mapping had no line for; () where nothing is stored."""
    try:
        with place.store() as store, store.read() as connection:
            stored = complaints.listing(connection, source_name=source)  # newest first: the oldest is the example
            return counted((one.ticket, one.doc.complaint.problems) for one in stored)
    except StoreError:
        return ()


def checked_lines(told: AllChecked, columns: int) -> list[str]:
    lines: list[str] = []
    for one in told.sources:
        if lines:
            lines.append("")
        lines += _source_lines(one, columns)
    return lines or ["No source is configured."]


def _source_lines(one: MappingChecked, columns: int) -> list[str]:
    lines = [f"{one.source}: {one.file}{'' if one.asked else ' (the source was not asked)'}"]
    lines += _listed((*one.examples, *map(str, one.misfits)), columns)
    if one.unplaced:
        lines.append(f"  {count(len(one.unplaced), 'stored value')} without a line:")
        rows = [(each.field, each.value, f"{each.count:,}", f"{one.source}/{each.ticket}") for each in one.unplaced]
        lines += [f"    {line}" for line in table(("FIELD", "VALUE", "TICKETS", "FOR EXAMPLE"), rows, columns - 4)]
        lines.append(f"  Add a line for each, then say: amends mapping backfill {one.source}")
    if one.doubts:
        lines += ["  worth a look:", *_listed(map(str, one.doubts), columns)]
    if not one.exit_code:
        lines.append("  everything fits")
    return lines


def _listed(sentences: Iterable[str], columns: int) -> Iterator[str]:
    for text in sentences:
        first, *rest = wrapped(text, columns - 4) or [""]
        yield f"  - {first}"
        yield from (f"    {line}" for line in rest)
