"""`amends mapping preview` and `store replay`: what today's rules make of the stored tickets. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from connector.assessment import Rules
from connector.commands.cases import value_of
from connector.commands.place import Place
from connector.commands.progress import Progress
from connector.desks import open_desk, rules_of
from connector.display import clean, count, cut, moment
from connector.model import JSON
from connector.settings import SourceSettings
from connector.store import Store, sources
from connector.store.complaints import Saving, Stored
from connector.sync.replay import promises, replay


class Difference(msgspec.Struct, frozen=True):
    """A complaint that would come out differently: what, before, after."""

    ticket: str
    changes: tuple[tuple[str, str, str], ...]


class Preview(msgspec.Struct, frozen=True):
    """What a replay of one source would do, or did. `kept` complaints cannot be redone: their records are erased."""

    source: str
    dry_run: bool
    read: int
    changed: int
    kept: int
    examples: tuple[Difference, ...] = ()


def replayed(place: Place, names: Sequence[str], *, dry_run: bool, most: int) -> list[Preview]:
    """Understand all stored complaints of these sources by the rules in force, and save that unless `dry_run`."""
    wanted = place.chosen(names)
    with place.store() if dry_run else place.leased_store("amends store replay") as store:
        rules = rules_of(place.settings)
        return [_replayed(place, store, rules, one, dry_run, most) for one in wanted]


def _replayed(place: Place, store: Store, rules: Rules, source: SourceSettings, dry_run: bool, most: int) -> Preview:
    with store.read() as connection:
        known = sources.by_name(connection, source.name)
    if known is None:
        return Preview(source.name, dry_run, 0, 0, 0)
    desk = open_desk(source, place.home, store, place.now, place.clock)
    examples: list[Difference] = []

    def note(before: Stored, after: Saving) -> None:
        if len(examples) < most:
            examples.append(Difference(before.ticket, tuple(_changes(before, after))))

    with Progress(f"{source.name}, reading again", "complaints") as tell:
        done = replay(
            desk, store, rules, now=place.now, dry_run=dry_run, tell=lambda so_far: tell(so_far.read), tell_change=note
        )
    return Preview(source.name, dry_run, done.read, done.changed, done.kept, tuple(examples))


def _changes(before: Stored, after: Saving) -> Iterator[tuple[str, str, str]]:
    old, new = before.doc.complaint, after.doc.complaint
    for name in old.__struct_fields__:
        left, right = getattr(old, name), getattr(new, name)
        if left != right:
            yield name, _short(left), _short(right)
    for facet in sorted({tag.facet for tag in (*before.doc.tags, *after.doc.tags)}):
        left, right = value_of(before.doc.tags, facet), value_of(after.doc.tags, facet)
        if left != right:
            yield facet, left or "nothing", right or "nothing"
    yield from _due(before, after)
    if before.doc.entries != after.doc.entries:
        yield (
            "timeline",
            count(len(before.doc.entries), "entry", "entries"),
            count(len(after.doc.entries), "entry", "entries"),
        )


def _due(before: Stored, after: Saving) -> Iterator[tuple[str, str, str]]:
    old, new = promises(before.assessed), promises(after.assessed)
    for clock in sorted({*old, *new}):
        if old.get(clock) != new.get(clock):
            yield clock, _promise(old.get(clock)), _promise(new.get(clock))


def _promise(found: tuple[str, int, str, datetime | None] | None) -> str:
    return "no target" if found is None else f"{found[0]}, due {moment(found[3])}"


def _short(value: JSON) -> str:
    return "nothing" if value in (None, (), {}, "") else cut(clean(str(value)), 60)


def preview_lines(told: list[Preview], columns: int) -> list[str]:
    lines: list[str] = []
    for one in told:
        would = "would come out differently" if one.dry_run else "came out differently"
        lines.append(f"{one.source}: {count(one.read, 'complaint')} read again, {one.changed:,} {would}")
        if one.kept:
            lines.append(f"  {count(one.kept, 'complaint')} stay as they are: their records were erased")
        for difference in one.examples:
            lines.append(f"  {one.source}/{difference.ticket}")
            lines += [cut(f"    {name}: {before} -> {after}", columns) for name, before, after in difference.changes]
    return lines or ["No source is configured."]
