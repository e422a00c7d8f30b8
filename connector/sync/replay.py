"""Replay: understand stored tickets afresh after the mapping, the phrases or the clocks changed; nothing is fetched.

Called by `schedule` and `amends sync` when the rules in force differ from those a source was last read with, and by
`amends mapping backfill`. A killed replay goes on where it was. Where phrases changed, those are tagged anew in whose
words a changed phrase is found; where a mapping's words for statuses or priorities did, those are read again in whose
timelines they stand: what complaints were understood by is kept in the store to tell (`remember`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from connector import __version__
from connector.adapter import Record
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood, tagged, understood_again
from connector.assessment.untagged import Known, Untagged, left_untagged, normalised, own_marked, tags_stand, untagged
from connector.errors import RecordError
from connector.helpdesk import Helpdesk
from connector.mapping import difference as mapping_difference
from connector.mapping.difference import Reworded
from connector.model import Clock, Complaint
from connector.people.tongues import Spoken
from connector.store import Store, archive, complaints, earlier, figures, lexicons, links, revisions, sources, walks
from connector.store.archive import Raw
from connector.store.complaints import Assessed, Stored
from connector.store.figures import Counted
from connector.store.revisions import Saving
from connector.sync.changing import PARTS, changed_parts, clocks_changed, part_of
from connector.sync.ticket import saving
from connector.sync.veil import read_kept
from connector.timeline import merge

if TYPE_CHECKING:
    from connector.tagging import Lexicon
    from connector.tagging.difference import Difference

BATCH = 500
_MAPPING = "mapping:"


class Replayed(msgspec.Struct, frozen=True):
    """What a replay did: complaints read, complaints that came out differently, and those that could not be redone."""

    read: int = 0
    changed: int = 0
    kept: int = 0


def stale(desk: Helpdesk, store: Store) -> bool:
    """Whether the stored complaints of a source stand as other rules than those in force say."""
    with store.read() as connection:
        row = sources.by_name(connection, desk.name)
    return row is not None and (row.rules_digest != desk.rules_digest or row.replayed_by is not None)


def remember(desk: Helpdesk, store: Store, rules: Rules) -> None:
    """Keep what the complaints of a source are understood by, if it is not kept: its mapping, and what tags are made
    of."""
    with store.read() as connection:
        unknown = [name for name in _kept_as(desk.rules_digest) if not lexicons.known(connection, name)]
        others = [name for row in sources.everyone(connection) for name in _kept_as(row.rules_digest)]
    bodies = {name: body for name in unknown if (body := _packed(name, desk, rules)) is not None}
    if bodies:
        with store.write("replay: lexicon kept") as connection:
            lexicons.keep(connection, bodies, [*others, *_kept_as(desk.rules_digest)])


def _kept_as(digest: str | None) -> list[str]:
    """The names of what complaints that stand by the rules called `digest` were understood by."""
    mapping, tagging = part_of(digest, "mapping"), part_of(digest, "tagging")
    return [*([f"{_MAPPING}{mapping}"] if mapping is not None else []), *([tagging] if tagging is not None else [])]


def _packed(name: str, desk: Helpdesk, rules: Rules) -> bytes | None:
    if name.startswith(_MAPPING):
        return mapping_difference.packed(desk.mapping, __version__)
    if rules.lexicon is None or rules.lexicon.name != name:
        return None
    from connector.tagging.difference import packed

    return packed(rules.lexicon)


def _reworded(store: Store, before: str | None, desk: Helpdesk) -> Reworded | None:
    """How the words of a source's mapping differ from those its complaints stand by; None where all are to be read."""
    was = part_of(before, "mapping")
    if was is None:
        return None
    with store.read() as connection:
        body = lexicons.kept(connection, f"{_MAPPING}{was}")
    return None if body is None else mapping_difference.difference(body, desk.mapping, __version__)


def _difference(store: Store, before: str | None, now: str, lexicon: Lexicon | None) -> Difference | None:
    """How what tags are made of now differs from what they were made of; None where everything has to be tagged."""
    was = part_of(before, "tagging")
    if was is None or lexicon is None or lexicon.name != part_of(now, "tagging"):
        return None
    with store.read() as connection:
        body = lexicons.kept(connection, was)
    if body is None:
        return None
    from connector.tagging.difference import difference, unpacked

    known = unpacked(body)
    return None if known is None else difference(known, lexicon)


class Timing(StrEnum):
    """What the settings of clocks are to the complaints of a source: those that they stand by, others (what was closed
    keeps what it had), or ones that count for the closed ones, too."""

    SAME = "same"
    CHANGED = "changed"
    ANEW = "anew"


def _parts(changed: frozenset[str], timing: Timing) -> frozenset[str]:
    if not changed:
        return frozenset(PARTS) if timing is not Timing.ANEW else frozenset({"clocks"})
    return changed if timing is not Timing.ANEW else changed | {"clocks"}


def replay(
    desk: Helpdesk,
    store: Store,
    rules: Rules,
    *,
    now: Callable[[], datetime],
    dry_run: bool = False,
    closed_too: bool = False,
    stopping: Callable[[], bool] = lambda: False,
    tell: Callable[[Replayed], None] = lambda _so_far: None,
    tell_change: Callable[[Stored, Saving], None] = lambda _before, _after: None,
) -> Replayed:
    """Walk through all complaints of a source and redo what the changed rules decide; where none changed, everything
    from the raw records on. What was closed before the settings of clocks changed keeps its own, unless `closed_too`
    or a replay that went on so was cut short by the same rules. With `dry_run`, only say what would change."""
    with store.read() as connection:
        row = sources.by_name(connection, desk.name)
    assert row is not None, "an opened helpdesk has a row"
    cut_short = row.replayed_by == desk.rules_digest
    begun = cut_short and not dry_run and (not closed_too or bool(row.replays_closed))
    # What goes on with closed ones has to say so beforehand, too.
    closed_too = closed_too or (cut_short and bool(row.replays_closed))
    last = (row.replayed_to or 0) if begun else 0
    # After a replay that was never finished, part of the store stands by its rules.
    before = row.rules_digest if row.replayed_by is None else None
    changed = changed_parts(before, desk.rules_digest)
    timing = Timing.ANEW if closed_too else Timing.CHANGED if clocks_changed(row, desk.rules_digest) else Timing.SAME
    difference = _difference(store, before, desk.rules_digest, rules.lexicon) if "tagging" in changed else None
    reworded = _reworded(store, before, desk) if "mapping" in changed else None
    result = Replayed()
    while not stopping():
        batch = _Batch(desk, store, rules, now(), last, _parts(changed, timing), difference, reworded, timing)
        if not batch.stored:
            if not dry_run:
                with store.write("replay: finished") as connection:
                    sources.rules_in_force(connection, desk.id, desk.rules_digest)
                remember(desk, store, rules)
            break
        last = batch.last
        changes = batch.changes()
        for stored, after in changes:
            tell_change(stored, after)
        if not dry_run:
            batch.save([*(after for _, after in changes), *batch.quietly])
        result = Replayed(result.read + len(batch.stored), result.changed + len(changes), result.kept + batch.kept)
        tell(result)
    return result


Promised = tuple[str, int, str, datetime | None]


def promises(assessed: Assessed) -> dict[str, Promised]:
    """What the clocks promise: (target, seconds, calendar, due) by clock. How much of it is used grows by itself."""
    return {
        f"{one.kind}#{one.cycle}": (one.target, one.target_seconds, one.calendar, one.breached_at or one.due_at)
        for one in assessed.clocks
    }


def _promise_alike(these: Sequence[Clock], those: Sequence[Clock]) -> bool:
    """Whether two states of the same clocks promise the same, for less than comparing their `promises`."""
    return len(these) == len(those) and all(
        (
            this.target_seconds == that.target_seconds
            and (this.breached_at or this.due_at) == (that.breached_at or that.due_at)
            and (this.kind, this.cycle, this.target, this.calendar)
            == (that.kind, that.cycle, that.target, that.calendar)
        )
        for this, that in zip(these, those, strict=True)
    )


def _stands(this: Understood, stored: Stored) -> bool:
    """Whether a complaint came out as it is stored."""
    return (this.complaint, this.tags, this.entries) == (stored.doc.complaint, stored.doc.tags, stored.doc.entries)


class _Batch:
    def __init__(
        self,
        desk: Helpdesk,
        store: Store,
        rules: Rules,
        now: datetime,
        last: int,
        parts: frozenset[str],
        difference: Difference | None,
        reworded: Reworded | None,
        timing: Timing,
    ) -> None:
        """`difference`: where those who tag differ by no more than that; `reworded`: where the mappings do."""
        self.timing = timing
        self.quietly: list[Saving] = []
        self.desk, self.store, self.rules, self.now, self.parts = desk, store, rules, now, parts
        self.difference, self.reworded = difference, reworded
        self.kept = 0
        self.counted: dict[int, Counted] = {}
        self.raws: dict[str, list[Raw]] = {}
        with store.read() as connection:
            rows = walks.after(connection, desk.id, last, BATCH)
            self.read_otherwise = {stored.ticket for stored in rows if self._may_read_otherwise(stored)}
            if len(self.read_otherwise) == len(rows) > 0:
                self.raws = archive.kept_between(connection, desk.id, rows[0].id, rows[-1].id)
            elif self.read_otherwise:
                self.raws = archive.kept(connection, desk.id, list(self.read_otherwise))
        self.stored = {stored.ticket: stored for stored in rows}
        self.last = rows[-1].id if rows else last

    def changes(self) -> list[tuple[Stored, Saving]]:
        """The complaints that come out differently."""
        # Step by step over all of them, as in `page`.
        open_ = list(self.stored.values())
        if "clocks" not in self.parts:
            open_ = [one for one in open_ if one.ticket in self.read_otherwise or not self._tags_stand(one)]
        again = [(stored, self._again(stored, self.raws.get(stored.ticket, ()))) for stored in open_]
        found_again = [(stored, this) for stored, this in again if this is not None]
        self.kept = len(again) - len(found_again)
        new = [this for _, this in found_again if isinstance(this, Untagged)]
        done = iter(tagged(new, self.rules.tagger, self._spoken_by))
        understood = [(stored, next(done) if isinstance(this, Untagged) else this) for stored, this in found_again]
        if "clocks" not in self.parts:
            # The rules of time are the same; where what they look at is as well, they say the same.
            understood = [(stored, this) for stored, this in understood if not _stands(this, stored)]
        found = []
        search = "clocks" in self.parts
        for stored, this in understood:
            row = saving(
                this,
                stored,
                self.desk,
                self.rules,
                self.now,
                search=search,
                changed=self.timing is Timing.CHANGED,
                closed_too=self.timing is Timing.ANEW,
            )
            self.counted[stored.id] = Counted(stored.source_id, stored.complainant_id, row.figures)
            if row.doc != stored.doc or not _promise_alike(row.assessed.clocks, stored.assessed.clocks):
                found.append((stored, row))
            elif row.assessed.kept != stored.assessed.kept:
                self.quietly.append(row)
        return found

    def _spoken_by(self, keys: Sequence[str]) -> dict[str, list[Spoken]]:
        with self.store.read() as connection:
            return earlier.spoken_by(connection, keys)

    def _again(self, stored: Stored, raws: Sequence[Raw]) -> Untagged | Understood | None:
        doc, desk = stored.doc, self.desk
        if stored.ticket in self.read_otherwise:
            return self._from_raw(stored, raws)
        if self._tags_stand(stored):
            return understood_again(doc.complaint, doc.entries, doc.tags, desk.words)
        known = Known(doc.complaint, doc.tags)
        return untagged(known, doc.entries, mapping=desk.mapping, words=desk.words)

    def _may_read_otherwise(self, stored: Stored) -> bool:
        """Whether another mapping may make another complaint of what the source sent."""
        if "mapping" not in self.parts:
            return False
        doc = stored.doc
        return self.reworded is None or self.reworded.touches(doc.entries) or left_untagged(doc.complaint)

    def _tags_stand(self, stored: Stored) -> bool:
        """Whether a stored complaint keeps its tags, read as it is."""
        if "tagging" not in self.parts:
            return True
        known = Known(stored.doc.complaint, stored.doc.tags)
        return self._same_tags(stored.doc.complaint) and tags_stand(known, stored.doc.entries, self.desk.mapping)

    def _same_tags(self, complaint: Complaint) -> bool:
        """Whether what tags finds the same as before in the words of a complaint."""
        if "tagging" not in self.parts:
            return True
        return self.difference is not None and not self.difference.touches(complaint.subject, complaint.text)

    def _from_raw(self, stored: Stored, raws: Sequence[Raw]) -> Untagged | None:
        newest: Record | None = None
        entries = stored.doc.entries
        for raw in raws:
            record = read_kept(self.desk, raw)
            if record.problem is not None:
                continue
            entries = merge(entries, own_marked(record.entries, self.desk.actor))
            if record.fields is not None and (newest is None or record.version >= newest.version):
                newest = record
        if newest is None or newest.fields is None:
            return None
        try:
            return normalised(
                self.desk.name,
                stored.ticket,
                newest.version,
                newest.fields,
                entries,
                mapping=self.desk.mapping,
                words=self.desk.words,
                before=Known(stored.doc.complaint, stored.doc.tags),
                same_tags=self._same_tags,
            )
        except RecordError:
            return None

    def save(self, rows: Sequence[Saving]) -> None:
        """Write what changed, and how far the replay came, in one transaction."""
        with self.store.write("replay: batch") as connection:
            current = complaints.revisions(connection, self.desk.id, [row.doc.complaint.ticket for row in rows])
            untouched = [
                row
                for row in rows
                if current[row.doc.complaint.ticket] == self.stored[row.doc.complaint.ticket].revision
            ]
            if untouched:
                packed = [revisions.packed(row, self.rules.people) for row in untouched]
                revisions.save(connection, self.desk.id, packed, self.stored, self.rules.people, self.now)
                links.followed(connection, self.desk.id, self.now, {one.ticket: one for one in packed})
            # A calendar may count differently where no promise does.
            changed = {self.stored[row.doc.complaint.ticket].id for row in rows}
            figures.keep(connection, {ident: one for ident, one in self.counted.items() if ident not in changed})
            sources.replayed(
                connection, self.desk.id, self.last, self.desk.rules_digest, closed_too=self.timing is Timing.ANEW
            )
