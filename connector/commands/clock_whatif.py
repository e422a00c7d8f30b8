"""`amends clock what-if FILE`: which open complaints another sla.yaml or calendars.yaml would change, and how.

Nothing is stored and no helpdesk is asked: the clocks of all open complaints are reckoned by both sets of rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from connector.assessment.clocks import clocks_of
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood, understood_again
from connector.commands.place import Place
from connector.commands.progress import Progress
from connector.desks import rules_of
from connector.display import count, cut
from connector.errors import SettingsError
from connector.mapping import words
from connector.model import FINISHED, Clock, ClockState
from connector.settings import SourceSettings, load
from connector.store import Store, sources, walks
from connector.wording import instant

BATCH = 500
DRAFTS = ("sla.yaml", "calendars.yaml")
KINDS = {
    "overdue": "would be overdue, and are not",
    "in_time": "would not be overdue any more",
    "sooner": "would be due sooner",
    "later": "would be due later",
    "other": "would have other clocks",
}


class Change(msgspec.Struct, frozen=True):
    """An open complaint that would stand otherwise: `how` is one of KINDS, `clock` the one that tells it, with its due
    time (or its breach) before and after, and the zone in which these are told."""

    id: str
    how: str
    clock: str
    due_before: datetime | None
    due_after: datetime | None
    zone: str


class WhatIf(msgspec.Struct, frozen=True):
    """What FILE would change: how many open complaints there are, how many of them in which way, and some of them."""

    file: str
    open: int
    changed: int
    by_kind: dict[str, int]
    examples: tuple[Change, ...]


def what_if(place: Place, file: Path, *, names: Sequence[str], most: int) -> WhatIf:
    """Raises SettingsError where the file is none of DRAFTS or is wrong."""
    wanted = place.chosen(names)
    before = rules_of(place.settings)
    drafted = load(place.home if place.home.is_dir() else None, drafts={_kind(file): file})
    after = msgspec.structs.replace(before, sla=drafted.sla)
    kinds: Counter[str] = Counter()
    examples: list[Change] = []
    seen = 0
    with place.store() as store, Progress("reckoning again", "complaints") as tell:
        for source in wanted:
            for this in _open_ones(store, source):
                seen += 1
                change = _change(this, before, after, place.now())
                if change is not None:
                    kinds[change.how] += 1
                    examples += [change] if len(examples) < most else []
                tell(seen)
    return WhatIf(str(file), seen, kinds.total(), {kind: kinds[kind] for kind in KINDS}, tuple(examples))


def _kind(file: Path) -> str:
    """Which of DRAFTS a file is: by its name, else by what stands in it."""
    if file.name in DRAFTS:
        return file.name
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}.", remedy="Name a file such as sla.yaml.") from None
    for key, name in (("targets:", "sla.yaml"), ("calendars:", "calendars.yaml")):
        if any(line.startswith(key) for line in text.splitlines()):
            return name
    raise SettingsError(f"{file} holds neither targets nor calendars.", remedy="Name an sla.yaml or a calendars.yaml.")


def _open_ones(store: Store, source: SourceSettings) -> Iterator[Understood]:
    spoken, last = words(source.mapping), 0
    with store.read() as connection:
        row = sources.by_name(connection, source.name)
    while row is not None:
        with store.read() as connection:
            batch = walks.after(connection, row.id, last, BATCH)
        if not batch:
            return
        last = batch[-1].id
        for stored in batch:
            doc, kept = stored.doc, stored.assessed.kept
            if doc.complaint.status not in FINISHED:
                yield understood_again(doc.complaint, doc.entries, doc.tags, spoken, doc.promises, stored.rulings, kept)


def _change(this: Understood, before: Rules, after: Rules, now: datetime) -> Change | None:
    old, new = ({(one.kind, one.cycle): one for one in clocks_of(this, rules, now)} for rules in (before, after))
    moved = [_Move(old.get(name), new.get(name)) for name in {**old, **new}]
    moved = [one for one in moved if one.how is not None]
    if not moved:
        return None
    telling = min(moved, key=lambda one: (list(KINDS).index(one.how or ""), one.is_over, one.after or now))
    shown, rules = (telling.new, after) if telling.new is not None else (telling.old, before)
    assert shown is not None and telling.how is not None
    name = shown.kind.replace("_", " ") + (f" #{shown.cycle}" if shown.cycle > 1 else "")
    where = f"{this.complaint.source}/{this.complaint.ticket}"
    return Change(where, telling.how, name, telling.before, telling.after, rules.sla.zone_of(shown))


class _Move(msgspec.Struct, frozen=True):
    """One clock by the rules as they are, and by the others; None where there is none."""

    old: Clock | None
    new: Clock | None

    @property
    def before(self) -> datetime | None:
        return None if self.old is None else self.old.breached_at or self.old.due_at

    @property
    def after(self) -> datetime | None:
        return None if self.new is None else self.new.breached_at or self.new.due_at

    @property
    def is_over(self) -> bool:
        """Whether it was answered or cancelled: what is still owed tells more."""
        return all(one is None or one.stopped_at is not None for one in (self.old, self.new))

    @property
    def how(self) -> str | None:
        """Which of KINDS; None where it stays as it is."""
        if _stands(self.old) == _stands(self.new):
            return None
        was, becomes = (one is not None and one.state is ClockState.BREACHED for one in (self.old, self.new))
        if was != becomes:
            return "overdue" if becomes else "in_time"
        if self.before is None or self.after is None or self.before == self.after:
            return "other"
        return "sooner" if self.after < self.before else "later"


def _stands(clock: Clock | None) -> tuple[str, str, datetime | None, datetime | None] | None:
    return None if clock is None else (clock.target, clock.calendar, clock.due_at, clock.breached_at)


def lines(told: WhatIf, columns: int) -> list[str]:
    """The counts, and a line for each example."""
    heading = f"{told.file}: {told.changed} of {count(told.open, 'open complaint', 'open complaints')} would change"
    found = [cut(heading, columns), *(f"  {told.by_kind[kind]:>6}  {said}" for kind, said in KINDS.items())]
    if told.examples:
        found += ["", *(cut(_line(one), columns) for one in told.examples)]
    if told.changed > len(told.examples):
        found.append(f"  … and {told.changed - len(told.examples)} more; --most shows them")
    return [
        *found,
        "",
        "Nothing was changed. Put the file into your folder, and tell the daemon with SIGHUP; closed ones stay.",
    ]


def _line(one: Change) -> str:
    before = instant(one.due_before, one.zone) if one.due_before else "nothing due"
    after = instant(one.due_after, one.zone) if one.due_after else "nothing due"
    return f"  {one.id}, {one.clock}: {KINDS[one.how]} ({before} -> {after})"
