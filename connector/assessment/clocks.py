"""The clocks of an understood complaint: by the settings, by what it was closed with, and by what was promised.

Called by `deciding`, by `sync` where complaints are saved, and by whatever explains, draws or compares clocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from connector.assessment.rules import Rules
from connector.assessment.understood import Understood
from connector.clocks import closed, overdue, sla
from connector.clocks.promises import keeping
from connector.clocks.promises.standing import PROMISE
from connector.mapping import Mapping as FieldMapping
from connector.model import JSON, Clock, Entry, Flag, Promise, Ruling


def clocks_of(
    this: Understood, rules: Rules, now: datetime, values: Mapping[str, JSON] | None = None
) -> tuple[Clock, ...]:
    """Its clocks at `now`; last, what was promised. `values` are its own, where somebody has them at hand."""
    return with_kept(clocks_by_settings(this, rules, now, this.values if values is None else values), this, rules, now)


def clocks_by_settings(this: Understood, rules: Rules, now: datetime, values: Mapping[str, JSON]) -> tuple[Clock, ...]:
    """Its clocks as today's settings alone have them, whatever it was closed with."""
    history = this.folded.history
    found = sla.clocks(this.complaint, history, values, rules.sla, now)
    if this.promises:
        found += keeping.promise_clocks(this.promises, this.complaint, history, rules.sla.promising, now)
    return found


def with_kept(found: tuple[Clock, ...], this: Understood, rules: Rules, now: datetime) -> tuple[Clock, ...]:
    """The clocks that today's settings give it, with those in their place that it was closed with."""
    if this.kept is None:
        return found
    history = this.folded.history
    ruled = [one for one in this.promises if one.ruling is not None] if rules.sla.promising is not None else []
    return closed.joined(
        found,
        this.kept,
        lambda old, clock: _resumed(old, clock, this, rules, now),
        reopened=this.kept.reopened(this.complaint, history),
        anew={f"{PROMISE}#{one.number}" for one in ruled},
    )


def _resumed(old: Clock, clock: Clock, this: Understood, rules: Rules, now: datetime) -> Clock | None:
    """A regulator's deadline and a promise go on by dates alone."""
    if old.kind not in rules.sla.by_kind:
        return closed.still_broken(clock, old)
    again = sla.resumed(old, this.complaint, this.folded.history, this.values, rules.sla, now)
    return None if again is None else again[0]


def closed_before(this: Understood, clocks: Sequence[Clock]) -> Understood:
    """The same where the settings that gave it these `clocks` are no longer in force: what it was closed with stays."""
    return replace(this, kept=closed.kept(this.kept, clocks, this.complaint, this.folded.history))


def clock_flags(clocks: tuple[Clock, ...], rules: Rules, now: datetime) -> tuple[tuple[Flag, ...], datetime | None]:
    """What the clocks alone flag at `now`, and when time alone may change that."""
    return overdue.flags(clocks, rules.sla, now), overdue.next_change(clocks, now)


def promises_of(
    this: Understood,
    rules: Rules,
    mapping: FieldMapping,
    *,
    before: Sequence[Promise] = (),
    searched: Sequence[Entry] = (),
) -> tuple[Promise, ...]:
    """The dates that its customer was given. `before` are those known, found in the `searched` entries by these
    rules."""
    promising = rules.sla.promising
    field_id = mapping.fields.get(f"extra.{promising.field}") if promising is not None else None
    return keeping.given(this.complaint, this.entries, promising, field_id=field_id, before=before, searched=searched)


def with_promises(this: Understood, promises: Sequence[Promise], rulings: Sequence[Ruling]) -> Understood:
    """The same with what was promised, and what people said of it."""
    told = keeping.settled(promises, rulings)
    return replace(this, promises=told) if told or this.promises else this
