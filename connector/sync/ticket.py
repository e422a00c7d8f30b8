"""One ticket with news: joined with what is stored of it, the complaint that this makes, and the complaint's row.

Called by `page`; `replay` makes rows here, too. What is kept of a ticket that was stored before is decided here: its
entries always, its fields where nothing newer states them, the clocks of what was closed where their settings changed.
It is all pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from connector.adapter import Record
from connector.assessment.clocks import (
    clock_flags,
    clocks_by_settings,
    closed_before,
    promises_of,
    with_kept,
    with_promises,
)
from connector.assessment.counting import counts_in, figures_of
from connector.assessment.deciding import worth_a_look
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood, as_corrected, understood_again
from connector.assessment.untagged import Known, Untagged, normalised, own_marked
from connector.clocks.promises.keeping import undecided
from connector.errors import RecordError
from connector.helpdesk import Helpdesk
from connector.model import FINISHED, Entry, EntryKind, Flag
from connector.policy.answers import given_at_source
from connector.store.complaints import Assessed, Doc, Stored
from connector.store.revisions import Saving
from connector.timeline import merge
from connector.trends.views import Counted

# Each entry of each ticket is asked for it, and to look into an enum's class takes longer than that.
_RATING = EntryKind.RATING

Sent = tuple[str, Record]  # a record with the stream that it belongs to


class Joined(msgspec.Struct, frozen=True):
    """A ticket with news: its timeline, and its newest snapshot if there is one."""

    ticket: str
    group: list[Sent]
    entries: tuple[Entry, ...]
    newest: Record | None
    before: Stored | None


def joined(
    ticket: str, group: list[Sent], before: Stored | None, snapshot: Record | None, actor: str | None
) -> Joined | None:
    """What came of a ticket and what is stored of it; None where nothing of it is news. `snapshot` stands in where only
    events came. `actor` is our own user at the source."""
    newest = newest_of([record for _, record in group]) or snapshot
    version = before.doc.complaint.version if before else -1
    if newest is not None and newest.version < version:
        # A copy older than what we have (a page served twice, a late answer): its events count, its state does not.
        group = [(stream, record) for stream, record in group if record.fields is None]
        newest = None
    if not group:
        return None
    news = group[0][1].entries if len(group) == 1 else [entry for _, record in group for entry in record.entries]
    fresh = own_marked(news, actor)
    old = before.doc.entries if before else ()
    entries = merge(old, fresh)
    if before is not None and entries == old and (newest is None or newest.version == version):
        return None
    return Joined(ticket, group, entries, newest, before)


def newest_of(records: Iterable[Record]) -> Record | None:
    """The newest snapshot among them; of two with one version, the later."""
    found: Record | None = None
    for record in records:
        if record.fields is not None and (found is None or record.version >= found.version):
            found = record
    return found


def complaint_of(one: Joined, desk: Helpdesk, rules: Rules) -> Untagged | Understood | None:
    """The complaint that a ticket amounts to; None where there is none to save. Raises RecordError where it cannot be
    told."""
    newest, before = one.newest, one.before
    if newest is None or newest.fields is None:
        if before is None and _ended(one.group):
            # Deleted for good before we first met it: there is nothing to make a complaint of, and nobody to ask.
            return None
        if before is None:
            raise RecordError("events of a ticket that the source no longer shows.")
        again = _without_fields(before, one.entries, desk)
        return as_corrected(again, desk.mapping, rules.vocabulary)
    return normalised(
        desk.name,
        one.ticket,
        newest.version,
        newest.fields,
        one.entries,
        mapping=desk.mapping,
        words=desk.words,
        before=Known(before.doc.complaint, before.doc.tags) if before else None,
        vocabulary=rules.vocabulary,
    )


def _ended(group: Iterable[Sent]) -> bool:
    return any(entry.kind is EntryKind.DELETE for _, record in group for entry in record.entries)


def _without_fields(before: Stored, entries: tuple[Entry, ...], desk: Helpdesk) -> Understood:
    """New entries of a ticket whose raw snapshot was erased or is gone: the mapped fields stay, the fold moves on."""
    again = understood_again(before.doc.complaint, entries, before.doc.tags, desk.words)
    folded = again.folded
    complaint = msgspec.structs.replace(
        again.complaint,
        status=folded.status,
        priority=folded.priority or again.complaint.priority,
        owner=folded.owner or again.complaint.owner,
        merged_into=folded.merged_into,
        **({"text": ""} if _redacted(entries) else {}),
    )
    return Understood(complaint, entries, again.tags, folded)


def _redacted(entries: Iterable[Entry]) -> bool:
    return any(entry.kind is EntryKind.RECEIVED and not entry.text for entry in entries)


def saving(
    this: Understood,
    before: Stored | None,
    desk: Helpdesk,
    rules: Rules,
    now: datetime,
    *,
    search: bool = False,
    changed: bool = False,
    closed_too: bool = False,
) -> Saving:
    """The row of a complaint just understood: what was promised, its clocks at `now`, and whether sweep should look at
    it. Replies that were searched for promises before are searched again only with `search`. `changed`: what stands
    `before` may do so by other settings of clocks; what was closed keeps its clocks then, unless `closed_too`."""
    if before is not None and not closed_too:
        this = _with_kept(this, before, desk, changed=changed)
        search = search and (this.kept is None or before.doc.complaint.status not in FINISHED)
    known = before.doc.promises if before else ()
    searched = before.doc.entries if before and not search else ()
    promises = promises_of(this, rules, desk.mapping, before=known, searched=searched)
    this = with_promises(this, promises, before.rulings if before else ())
    resolutions, own = this.folded.history.resolutions, this.values
    by_settings = clocks_by_settings(this, rules, now, own)
    clocks = with_kept(by_settings, this, rules, now)
    if changed and before is not None and this.kept != before.assessed.kept:
        bare = msgspec.structs.replace(this, kept=before.assessed.kept)
        if with_kept(by_settings, bare, rules, now) == clocks:
            this = bare  # the new settings say the same of it, so nothing has to be kept
    flags: tuple[Flag, ...] = before.assessed.flags if before else ()
    look_at: datetime | None = now
    if before is None and not worth_a_look(this, rules, desk.act_from, now):
        # History: nothing of it is acted upon, so what its clocks say is all there is to say for now.
        flags, look_at = clock_flags(clocks, rules, now)
    rated = [entry for entry in this.entries if entry.kind is _RATING]
    counted = counts_in(this.complaint, this.tags, rules, now, own)
    return Saving(
        doc=Doc(this.complaint, this.entries, this.tags, promises),
        assessed=Assessed(clocks, flags, *undecided(this.promises), this.kept),
        resolved_at=resolutions[-1] if resolutions and not _reopened(this) else None,
        look_at=look_at,
        figures=figures_of(this, clocks, flags, rules),
        ratings=given_at_source(rated, this.folded.history) if rated else (),
        counted=counted,
        counted_before=None if before is None else _counted_before(this, before.doc, counted, rules),
    )


def _counted_before(this: Understood, before: Doc, counted: Counted | None, rules: Rules) -> Counted | None:
    if before.tags == this.tags and before.complaint == this.complaint:
        return counted  # also where it has become too old: the days that no test asks for are dropped as a whole
    return counts_in(before.complaint, before.tags, rules)


def _with_kept(this: Understood, before: Stored, desk: Helpdesk, *, changed: bool) -> Understood:
    known = before.assessed.kept
    if changed:
        doc = before.doc
        same = doc.entries == this.entries and doc.complaint == this.complaint
        then = this if same else understood_again(doc.complaint, doc.entries, (), desk.words)
        known = closed_before(msgspec.structs.replace(then, kept=known), before.assessed.clocks).kept
    return this if known is None else msgspec.structs.replace(this, kept=known)


def _reopened(this: Understood) -> bool:
    history = this.folded.history
    return bool(history.reopens) and history.reopens[-1] >= history.resolutions[-1]
