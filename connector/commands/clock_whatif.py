"""`amends clock what-if FILE`: which open complaints another sla.yaml or calendars.yaml would change, and how.

Nothing is stored and no helpdesk is asked: the clocks of all open complaints are reckoned by both sets of rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from connector.assessment import Rules, Understood, clocks_of, understood_again
from connector.commands.place import Place
from connector.commands.progress import Progress
from connector.desks import rules_of
from connector.display import count, cut
from connector.errors import SettingsError
from connector.mapping import words
from connector.model import FINISHED, Clock, ClockState
from connector.settings import SourceSettings, load
from connector.store import Store, complaints, sources
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
    """An open complaint that would stand otherwise: `how` is one of KINDS; its nearest due time before and after, and
    the zone in which the latter is told."""

    id: str
    how: str
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
            batch = complaints.after(connection, row.id, last, BATCH)
        if not batch:
            return
        last = batch[-1].id
        for stored in batch:
            doc = stored.doc
            if doc.complaint.status not in FINISHED:
                yield understood_again(doc.complaint, doc.entries, doc.tags, spoken, doc.promises, stored.rulings)


def _change(this: Understood, before: Rules, after: Rules, now: datetime) -> Change | None:
    old, new = clocks_of(this, before, now), clocks_of(this, after, now)
    if _promised(old) == _promised(new):
        return None
    due_before, due_after = _nearest(old), _nearest(new)
    leading = next((one for one in new if one.due_at == due_after and due_after is not None), None)
    zone = after.sla.zone_of(leading) if leading else "UTC"
    where = f"{this.complaint.source}/{this.complaint.ticket}"
    return Change(where, _how(old, new), due_before, due_after, zone)


def _how(old: Sequence[Clock], new: Sequence[Clock]) -> str:
    was, becomes = _overdue(old), _overdue(new)
    if becomes - was:
        return "overdue"
    if was - becomes:
        return "in_time"
    due_before, due_after = _nearest(old), _nearest(new)
    if due_before is None or due_after is None or due_before == due_after:
        return "other"
    return "sooner" if due_after < due_before else "later"


def _promised(clocks: Iterable[Clock]) -> set[tuple[str, int, str, str, datetime | None, datetime | None]]:
    return {(one.kind, one.cycle, one.target, one.calendar, one.due_at, one.breached_at) for one in clocks}


def _overdue(clocks: Iterable[Clock]) -> set[tuple[str, int]]:
    return {(one.kind, one.cycle) for one in clocks if one.state is ClockState.BREACHED}


def _nearest(clocks: Iterable[Clock]) -> datetime | None:
    return min((one.due_at for one in clocks if one.due_at and one.state is ClockState.RUNNING), default=None)


def lines(told: WhatIf, columns: int) -> list[str]:
    """The counts, and a line for each example."""
    heading = f"{told.file}: {told.changed} of {count(told.open, 'open complaint', 'open complaints')} would change"
    found = [cut(heading, columns), *(f"  {told.by_kind[kind]:>6}  {said}" for kind, said in KINDS.items())]
    if told.examples:
        found += ["", *(cut(_line(one), columns) for one in told.examples)]
    if told.changed > len(told.examples):
        found.append(f"  … and {told.changed - len(told.examples)} more; --most shows them")
    return [*found, "", "Nothing was changed. Put the file into your folder, and tell the daemon with SIGHUP."]


def _line(one: Change) -> str:
    before = instant(one.due_before, one.zone) if one.due_before else "nothing due"
    after = instant(one.due_after, one.zone) if one.due_after else "nothing due"
    return f"  {one.id}: {KINDS[one.how]} ({before} -> {after})"
