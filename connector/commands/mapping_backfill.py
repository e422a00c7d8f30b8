"""`amends mapping backfill`: stored tickets, read again from their kept records by the rules as they are now.

Nothing is fetched. What would change is shown first; a backfill that was stopped goes on where it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from connector.assessment.rules import Rules
from connector.commands.cases import values_of
from connector.commands.place import Place
from connector.commands.progress import Progress
from connector.desks import open_desk, rules_of
from connector.display import clean, count, cut, moment, plain, wrapped
from connector.helpdesk import Helpdesk
from connector.mapping import source_fields
from connector.model import JSON, Entry, Tag
from connector.settings import SourceSettings
from connector.store import Store, archive, complaints, sources
from connector.store.complaints import Stored
from connector.store.revisions import Saving
from connector.sync.replay import Promised, promises, replay

MOST_LOOKED_AT = 50


class Difference(msgspec.Struct, frozen=True):
    """A complaint that would come out differently: what, before, after."""

    ticket: str
    changes: tuple[tuple[str, str, str], ...]


class Backfill(msgspec.Struct, frozen=True):
    """What a backfill of one source would do, or did. `fields` counts the complaints in which each field changes;
    `kept` complaints cannot be redone: their records are erased, or lack a field that is required. `not_read` names
    source fields that the mapping wants and that no kept record has: they were not asked for when it was read."""

    source: str
    dry_run: bool
    read: int = 0
    changed: int = 0
    kept: int = 0
    fields: dict[str, int] = {}
    examples: tuple[Difference, ...] = ()
    not_read: tuple[str, ...] = ()


def backfill(
    place: Place, names: Sequence[str], *, dry_run: bool, most: int, closed_too: bool = False
) -> list[Backfill]:
    """Understand all stored complaints of these sources by the rules in force, and save that unless `dry_run`. `most`
    is how many examples to give. With `closed_too`, also the clocks of what was closed before those rules were seen.

    Raises StoreError while a daemon is at work; it does the same by itself when it reads its settings again.
    """
    wanted = place.chosen(names)
    with place.store() if dry_run else place.leased_store("amends mapping backfill") as store:
        rules = rules_of(place.settings)
        return [_backfilled(place, store, rules, one, dry_run, most, closed_too) for one in wanted]


def _backfilled(
    place: Place, store: Store, rules: Rules, source: SourceSettings, dry_run: bool, most: int, closed_too: bool
) -> Backfill:
    with store.read() as connection:
        known = sources.by_name(connection, source.name)
    if known is None:
        return Backfill(source.name, dry_run)
    desk = open_desk(source, place.home, store, place.now, place.clock)
    examples: list[Difference] = []
    fields: Counter[str] = Counter()

    def note(before: Stored, after: Saving) -> None:
        changes = list(_changes(before, after))
        for name, _, _, _ in changes:
            fields[name] += 1
        if len(examples) < most:
            # Only these are put into words: there may be as many as there are complaints.
            told = [(name, put(left), put(right)) for name, left, right, put in changes]
            examples.append(Difference(before.ticket, tuple(told)))

    try:
        with Progress(f"{source.name}, reading again", "complaints") as tell:
            done = replay(
                desk,
                store,
                rules,
                now=place.now,
                dry_run=dry_run,
                closed_too=closed_too,
                tell=lambda so_far: tell(so_far.read),
                tell_change=note,
            )
        missing = _not_read(desk, store)
    finally:
        desk.adapter.close()
    by_count = dict(fields.most_common())
    return Backfill(source.name, dry_run, done.read, done.changed, done.kept, by_count, tuple(examples), missing)


def _not_read(desk: Helpdesk, store: Store) -> tuple[str, ...]:
    """The mapped source fields that none of some newer records knows, not even as empty."""
    with store.read() as connection:
        newest = [one.ticket for one in complaints.listing(connection, source_name=desk.name, most=MOST_LOOKED_AT)]
        raws = archive.kept(connection, desk.id, newest)
    records = (desk.adapter.read(raw.stream, raw.body, raw.seen_at) for each in raws.values() for raw in each)
    snapshots = [record.fields for record in records if record.fields is not None]
    wanted = source_fields(desk.mapping)
    return tuple(
        path
        for path in wanted
        if path.startswith("custom") and snapshots and not any(_knows(snapshot, path) for snapshot in snapshots)
    )


def _knows(snapshot: dict[str, JSON], path: str) -> bool:
    start, colon, member = path.partition(":")
    inner = snapshot.get(start)
    return (isinstance(inner, dict) and member in inner) if colon else start in snapshot


def _changes(before: Stored, after: Saving) -> Iterator[tuple[str, Any, Any, Callable[[Any], str]]]:
    """What differs: its name, before, after, and how either is put into words."""
    old, new = before.doc.complaint, after.doc.complaint
    for name in old.__struct_fields__:
        left, right = getattr(old, name), getattr(new, name)
        if left is not right and left != right:
            yield name, left, right, _short
    if before.doc.tags != after.doc.tags:
        for facet in sorted({tag.facet for tag in (*before.doc.tags, *after.doc.tags)}):
            left, right = _said(before.doc.tags, facet), _said(after.doc.tags, facet)
            if left != right:
                yield facet, left, right, _named
    yield from _due(before, after)
    if before.doc.entries != after.doc.entries:
        yield "timeline", before.doc.entries, after.doc.entries, _counted


def _said(tags: Iterable[Tag], facet: str) -> str:
    return " and ".join(sorted(values_of(tags, facet)))


def _named(said: str) -> str:
    return said or "nothing"


def _counted(entries: Sequence[Entry]) -> str:
    return count(len(entries), "entry", "entries")


def _due(before: Stored, after: Saving) -> Iterator[tuple[str, Promised | None, Promised | None, Callable[[Any], str]]]:
    old, new = promises(before.assessed), promises(after.assessed)
    if old != new:
        for clock in sorted({*old, *new}):
            if old.get(clock) != new.get(clock):
                yield clock, old.get(clock), new.get(clock), _promise


def _promise(found: Promised | None) -> str:
    return "no target" if found is None else f"{found[0]}, due {moment(found[3])}"


def _short(value: JSON) -> str:
    return "nothing" if value in (None, (), {}, "") else cut(clean(plain(msgspec.to_builtins(value))), 60)


def backfill_lines(told: list[Backfill], columns: int) -> list[str]:
    """The sum first, then each field with its count, then examples."""
    lines: list[str] = []
    for one in told:
        would = "would come out differently" if one.dry_run else "came out differently"
        lines.append(f"{one.source}: {count(one.read, 'complaint')} read again, {one.changed:,} {would}")
        if one.kept:
            why = "their records were erased, or lack a required field"
            lines.append(f"  {count(one.kept, 'complaint')} stay as they are: {why}")
        lines += [f"  {name}: {count(number, 'complaint')}" for name, number in one.fields.items()]
        for path in one.not_read:
            text = f"{path} was not asked for when these were read: each ticket has it once it changes at the source"
            lines += wrapped(text, columns - 2, "  ")
        for difference in one.examples:
            lines.append(f"  {one.source}/{difference.ticket}")
            lines += [cut(f"    {name}: {before} -> {after}", columns) for name, before, after in difference.changes]
    return lines or ["No source is configured."]
