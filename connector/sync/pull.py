"""Pull: read what is new at one helpdesk, page by page, and save each page together with its cursor.

Called by `schedule` and `amends sync`. Nothing is lost because a cursor moves only in the transaction that holds the
rows it covers; nothing is doubled because entries, records and complaints have ids of their source.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from connector.adapter import Cursor, Page, Record
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
from connector.assessment.understood import Understood, as_corrected, said_by_agents, tagged, understood_again
from connector.assessment.untagged import Known, Untagged, normalised, own_marked
from connector.clocks.promises.keeping import undecided
from connector.corrections import AGENT
from connector.errors import CursorError, RecordError
from connector.helpdesk import Helpdesk
from connector.mapping.unplaced import values_in
from connector.model import FINISHED, ClockStep, Entry, EntryKind, Flag
from connector.people.tongues import Spoken, spoken
from connector.policy.answers import given_at_source
from connector.retry import patiently
from connector.store import (
    Store,
    Transaction,
    archive,
    complaints,
    labels,
    links,
    names,
    quarantine,
    sendings,
    source_steps,
    sources,
    tombstones,
)
from connector.store.archive import Keep, Raw
from connector.store.complaints import Assessed, Doc, Packed, Saving, Stored
from connector.store.labels import Label
from connector.sync.changing import clocks_changed
from connector.sync.veil import read_kept, veiled
from connector.timeline import merge
from connector.trends.views import Counted

log = logging.getLogger("amends")
ATTEMPTS = 6
# Tickets never seen, of which only events came, are read and saved so many at a time: each costs calls of its own, and
# a budget that runs out half way must not undo what was read.
UNSEEN = 20
# Snapshots understood at a time: few enough to stay in a processor's cache, enough to ask the store once for all.
FEW = 256
# Each entry of each ticket is asked for these, and to look into an enum's class takes longer than that.
_RATING, _REDACTION = EntryKind.RATING, EntryKind.REDACTION
# After a refused cursor, reading starts this long before the last time we know we had everything. That time is of our
# own clock and the source counts by its, so the overlap has to cover how far two clocks may be apart.
OVERLAP = timedelta(hours=2)


class Pulled(msgspec.Struct, frozen=True):
    """What one pull of one stream did. `more` says that it stopped before the source's end."""

    stream: str
    pages: int = 0
    records: int = 0
    changed: int = 0
    complaints: int = 0
    quarantined: int = 0
    more: bool = False


class End(NamedTuple):
    """The end of a stream that brought nothing: where it stands since `at`, to be saved by whoever asked for it."""

    stream: str
    cursor: Cursor
    at: datetime


Sent = tuple[str, Record]  # a record with the stream that it belongs to
Tell = Callable[[Helpdesk, Pulled], None]


def _nobody(_desk: Helpdesk, _so_far: Pulled) -> None:
    """Nobody wants to be told of pages."""


def pull(
    desk: Helpdesk,
    stream: str,
    store: Store,
    rules: Rules,
    *,
    now: Callable[[], datetime],
    wait: Callable[[float], None],
    most_pages: int | None = None,
    stopping: Callable[[], bool] = lambda: False,
    tell: Tell = _nobody,
    begin: Cursor | None = None,
    ends: list[End] | None = None,
) -> Pulled:
    """Read `stream` up to its end (or `most_pages`, so that a long history cannot starve the rest).

    Who reads many streams many times, and mostly for nothing, hands in as `begin` where the store says that this one
    stands, and gets in `ends` what else would be a transaction of its own; `stand` saves all of them in one.

    A temporary failure is tried again from the last saved cursor; each saved page starts the count afresh.
    Raises TemporaryError after several attempts without progress, AuthError, FencedError, StoreError.
    """
    pulling = _Pulling(desk, stream, store, rules, now, tell, begin, ends)
    while not pulling.finished and not stopping() and (most_pages is None or pulling.sum.pages < most_pages):
        patiently(pulling.step, attempts=ATTEMPTS, wait=wait, stopping=stopping)
    pulling.close()
    return msgspec.structs.replace(pulling.sum, more=not pulling.finished)


def stand(connection: Transaction, desk: Helpdesk, ends: Iterable[End]) -> None:
    """Save where streams stand that brought nothing."""
    for end in ends:
        sources.advance(connection, desk.id, end.stream, end.cursor, now=end.at, records=0, complete=True)


def pull_tickets(
    desk: Helpdesk, tickets: Sequence[str], store: Store, rules: Rules, *, now: Callable[[], datetime]
) -> int:
    """Read these tickets strongly and save them; moves no cursor. Returns how many complaints changed.

    The answer to a hint (a webhook, a doubt): what a search index or an export does not know yet.
    """
    streamed: dict[str, list[Record]] = {}
    for stream, record in desk.adapter.get(tickets):
        streamed.setdefault(stream, []).append(record)
    changed = 0
    for stream, records in streamed.items():
        saved = _Page(desk, stream, store, rules, now(), strong=True).save(records, None)
        changed += saved.changed
    return changed


def pull_kept(
    desk: Helpdesk, raw: Raw, store: Store, rules: Rules, *, now: Callable[[], datetime], let_in: bool = False
) -> None:
    """Understand a record from quarantine again, by today's mapping; it leaves quarantine where that succeeds. With
    `let_in`, a person said that it may count although it was put aside."""
    record = read_kept(desk, raw)
    if let_in:
        record = msgspec.structs.replace(record, aside=None)
    _Page(desk, raw.stream, store, rules, now()).save([record], None)


class _Pulling:
    """One pull in progress: the open generator of pages and what was done so far."""

    def __init__(
        self,
        desk: Helpdesk,
        stream: str,
        store: Store,
        rules: Rules,
        now: Callable[[], datetime],
        tell: Tell,
        begin: Cursor | None,
        ends: list[End] | None,
    ) -> None:
        self.desk, self.stream, self.store, self.rules, self.now, self.tell = desk, stream, store, rules, now, tell
        self.sum = Pulled(stream)
        self.finished = False
        self._ends = ends
        self._restarted = False
        self._pages = self._open(begin)

    def _open(self, cursor: Cursor | None = None) -> Iterable[Page]:
        return iter(self.desk.adapter.fetch(self.stream, self._cursor() if cursor is None else cursor))

    def _cursor(self) -> Cursor:
        with self.store.read() as connection:
            row = sources.stream_row(connection, self.desk.id, self.stream)
        return row.cursor if row else self.desk.adapter.start(self.stream, self.desk.read_from)

    def close(self) -> None:
        """Let the adapter's generator go."""
        close = getattr(self._pages, "close", None)
        if close is not None:
            close()

    def step(self) -> None:
        """Read and save one page. After any failure the next step starts from the saved cursor."""
        try:
            page = next(iter(self._pages), None)
            if page is not None and page.end and not page.records and self._ends is not None:
                self._ends.append(End(self.stream, page.cursor, self.now()))
            elif page is not None:
                self._save(page)
        except CursorError as error:
            self._start_again(error)
            return
        except BaseException:
            # Also where the page came and was not saved: the generator is past it, the saved cursor is not.
            self.close()
            self._pages = self._open()
            raise
        self.finished = page is None or page.end

    def _save(self, page: Page) -> None:
        self.store.seam("pull: page read")
        saved = _Page(self.desk, self.stream, self.store, self.rules, self.now()).save(page.records, page)
        self.sum = msgspec.structs.replace(
            self.sum,
            pages=self.sum.pages + 1,
            records=self.sum.records + len(page.records),
            changed=self.sum.changed + saved.changed,
            complaints=self.sum.complaints + saved.complaints,
            quarantined=self.sum.quarantined + saved.quarantined,
        )
        self.tell(self.desk, self.sum)

    def _start_again(self, error: CursorError) -> None:
        if self._restarted:
            raise error
        self._restarted = True
        with self.store.write("pull: restart") as connection:
            row = sources.stream_row(connection, self.desk.id, self.stream)
            since = row.complete_at - OVERLAP if row and row.complete_at else self.desk.read_from
            cursor = self.desk.adapter.start(self.stream, since)
            sources.advance(connection, self.desk.id, self.stream, cursor, now=self.now(), records=0, complete=False)
            detail = {
                "stream": self.stream,
                "why": str(error),
                "since": since.isoformat() if since else "the beginning",
            }
            sources.log(connection, self.now(), "amends", "cursor: started again", source=self.desk.name, detail=detail)
        self.close()
        self._pages = self._open(cursor)


class _Saved(msgspec.Struct, frozen=True):
    changed: int
    complaints: int
    quarantined: int


class _Joined(msgspec.Struct, frozen=True):
    """A ticket with news: its timeline, and its newest snapshot if there is one."""

    ticket: str
    group: list[Sent]
    entries: tuple[Entry, ...]
    newest: Record | None
    before: Stored | None


class _Taken(msgspec.Struct, frozen=True):
    """A ticket with news, and what was made of it but for its tags."""

    joined: _Joined
    found: Untagged | Understood


class _Page:
    """One page on its way into the store."""

    def __init__(
        self, desk: Helpdesk, stream: str, store: Store, rules: Rules, now: datetime, *, strong: bool = False
    ) -> None:
        self.strong = strong  # what a strong read left unclear, another one would as well
        self.desk, self.stream, self.store, self.rules, self.now = desk, stream, store, rules, now
        self.keeping: list[Sent] = []
        self.raws: list[Keep] = []
        self.packed: Callable[[bytes], bytearray] | None = None
        self.poison: list[tuple[Raw, str]] = []
        self.quiet: list[tuple[Raw, str]] = []
        self.names: list[tuple[str, str]] = []
        self.stops: list[tuple[str, str]] = []
        self.steps: list[tuple[str, ClockStep]] = []
        self.of_clocks_alone: list[str] = []
        self.unplaced: list[tuple[str, str, str]] = []
        self.labels: list[Label] = []
        self.saving: dict[str, Packed] = {}
        self.redacted: list[str] = []
        self.apart = 0
        self.clocks_changed: bool | None = None  # not asked yet
        self.snapshots: dict[str, Record] = {}
        self.before: dict[str, Stored] = {}
        self.spoken: dict[str, list[Spoken]] = {}

    def save(self, records: Sequence[Record], page: Page | None) -> _Saved:
        """Understand the records and save them, with the page's cursor if there is one, in one transaction."""
        few: list[Record] = []
        later: dict[str, list[Sent]] = {}
        for sent in records:
            record = veiled(self.desk, self.stream, sent, self.now) if self.desk.hide is not None else sent
            if record.stops:
                self.stops.extend(record.stops)
            why = record.problem or record.aside
            if why is not None:
                aside = self.quiet if record.quiet else self.poison
                aside.append((self._raw(self.stream, record), why))
                continue
            if record.clocks:
                self.steps.extend([(record.ticket, step) for step in record.clocks])
            if record.clocks and record.of_clocks_alone:
                self.of_clocks_alone.append(record.raw_id)
            elif record.fields is None or record.ticket in self.saving or record.ticket in later:
                later.setdefault(record.ticket, []).append((self.stream, record))
            else:
                few.append(record)
                if len(few) == FEW:
                    self._snapshots(few)
                    few = []
        self._snapshots(few)
        self._rest(later)
        with self.store.write("pull: page") as connection:
            self._write(connection, page)
        yes = [item.columns["complaint"] for item in self.saving.values()].count("yes")
        return _Saved(len(self.saving) + self.apart, yes, len(self.poison))

    def _snapshots(self, records: Sequence[Record]) -> None:
        """Understand some snapshots while what was decoded of them is still at hand; an adapter may decode lazily."""
        groups: dict[str, list[Sent]] = {}
        for record in records:
            groups.setdefault(record.ticket, []).append((self.stream, record))
        self._groups(groups)

    def _rest(self, later: dict[str, list[Sent]]) -> None:
        """Understand what came of tickets by events, or more than once, each ticket as a whole."""
        for kept in self.raws if later else ():
            if kept.ticket in later:
                raw = kept.unpacked()
                later[raw.ticket].insert(0, (raw.stream, read_kept(self.desk, raw)))
        tickets = list(later)
        for begin in range(0, len(tickets), FEW):
            self._groups({ticket: later[ticket] for ticket in tickets[begin : begin + FEW]})

    def _groups(self, groups: dict[str, list[Sent]]) -> None:
        """Step by step over all of them and not ticket by ticket: the code of each step then stays in the processor's
        nearest cache (docs/performance.md)."""
        self.before.update(self._complete(groups))
        joined = [one for ticket, group in groups.items() if (one := self._joined(ticket, group)) is not None]
        taken = [_Taken(one, found) for one in joined if (found := self._normalised(one)) is not None]
        new = [one.found for one in taken if isinstance(one.found, Untagged)]
        done = iter(tagged(new, self.rules.tagger, self._spoken_by))
        understood = [(next(done) if isinstance(one.found, Untagged) else one.found, one.joined) for one in taken]
        for this, one in understood:
            self._note(this, one)
            heard = spoken(this.complaint, this.tags)
            if heard is not None:
                self.spoken.setdefault(this.complaint.complainant.key, []).append(heard)
        changed = bool(self.clocks_changed)
        rows = [saving(this, one.before, self.desk, self.rules, self.now, changed=changed) for this, one in understood]
        self.saving.update({row.doc.complaint.ticket: complaints.packed(row, self.rules.people) for row in rows})
        self._pack()

    def _spoken_by(self, keys: Sequence[str]) -> dict[str, list[Spoken]]:
        """What is known of the languages of these people, from the store and this page."""
        with self.store.read() as connection:
            found = complaints.spoken_by(connection, keys)
        return {key: [*found.get(key, ()), *self.spoken.get(key, ())] for key in keys}

    def _complete(self, by_ticket: dict[str, list[Sent]]) -> dict[str, Stored]:
        """The stored complaints of these tickets. Tickets of which only events came get their newest snapshot with
        them: the kept one, or for a ticket never seen before, what a strong read says."""
        if not by_ticket:
            return {}
        bare = [ticket for ticket, group in by_ticket.items() if not [1 for _, one in group if one.fields is not None]]
        with self.store.read() as connection:
            before = complaints.of_tickets(connection, self.desk.id, list(by_ticket))
            if self.clocks_changed is None:
                row = sources.by_name(connection, self.desk.name)
                self.clocks_changed = clocks_changed(row, self.desk.rules_digest)
            kept = archive.kept(connection, self.desk.id, bare) if bare else {}
        for ticket, raws in kept.items():
            newest = _newest(read_kept(self.desk, raw) for raw in raws)
            if newest is not None:
                self.snapshots[ticket] = newest
        unseen = [one for one in bare if not (self.strong or one in before or one in self.snapshots)]
        for begin in range(0, len(unseen), UNSEEN):
            # Saved at once: each costs several calls, and what a spent budget cuts short need not be read again.
            some = unseen[begin : begin + UNSEEN]
            self.apart += pull_tickets(self.desk, some, self.store, self.rules, now=lambda: self.now)
            with self.store.read() as connection:
                before.update(complaints.of_tickets(connection, self.desk.id, some))
        return before

    def _joined(self, ticket: str, group: list[Sent]) -> _Joined | None:
        """What came of a ticket and what is stored of it; None where nothing of it is news."""
        before = self.before.get(ticket)
        newest = _newest([record for _, record in group]) or self.snapshots.get(ticket)
        version = before.doc.complaint.version if before else -1
        if newest is not None and newest.version < version:
            # A copy older than what we have (a page served twice, a late answer): its events count, its state does not.
            group = [(stream, record) for stream, record in group if record.fields is None]
            newest = None
        if not group:
            return None
        news = group[0][1].entries if len(group) == 1 else [entry for _, record in group for entry in record.entries]
        fresh = own_marked(news, self.desk.actor)
        old = before.doc.entries if before else ()
        entries = merge(old, fresh)
        if before is not None and entries == old and (newest is None or newest.version == version):
            return None
        return _Joined(ticket, group, entries, newest, before)

    def _normalised(self, one: _Joined) -> Untagged | Understood | None:
        """The complaint that a ticket amounts to; None where there is none to save."""
        ticket, group, entries, newest, before = one.ticket, one.group, one.entries, one.newest, one.before
        if newest is None or newest.fields is None:
            if before is None and _ended(group):
                # Deleted for good before we first met it: there is nothing to make a complaint of, and nobody to ask.
                self.keeping += group
                return None
            if before is None:
                why = "events of a ticket that the source no longer shows."
                self.poison.extend((self._raw(stream, record), why) for stream, record in group)
                return None
            again = _without_fields(before, entries, self.desk)
            return as_corrected(again, self.desk.mapping, self.rules.vocabulary)
        try:
            return normalised(
                self.desk.name,
                ticket,
                newest.version,
                newest.fields,
                entries,
                mapping=self.desk.mapping,
                words=self.desk.words,
                before=Known(before.doc.complaint, before.doc.tags) if before else None,
                vocabulary=self.rules.vocabulary,
            )
        except RecordError as error:
            self.poison.extend((self._raw(stream, record), str(error)) for stream, record in group)
            return None

    def _note(self, understood: Understood, one: _Joined) -> None:
        """What has to be kept beside the complaint itself."""
        ticket, group, before = one.ticket, one.group, one.before
        for _, record in group:
            if _REDACTION in [entry.kind for entry in record.entries]:
                self.redacted.append(ticket)
                break
        self.keeping += group
        if understood.complaint.problems:
            values = values_in(understood.complaint.problems)
            self.unplaced.extend((field, value, ticket) for field, value in values)
        self.names.extend([(name, ticket) for _, record in group for name in record.names])
        said = said_by_agents(understood, before.doc.tags if before else ())
        self.labels += [Label(ticket, facet, values, AGENT) for facet, values in said.items()]

    def _pack(self) -> None:
        """Before the next ones come: a page of records as they were sent is megabytes."""
        if not self.keeping:
            return
        if self.packed is None:
            self.packed = archive.packer()
        packed = self.packed
        self.raws += [
            Keep(record.ticket, stream, record.raw_id, self._seen_at(record), packed(record.raw))
            for stream, record in self.keeping
        ]
        self.keeping = []

    def _raw(self, stream: str, record: Record) -> Raw:
        return Raw(record.ticket, stream, record.raw_id, self._seen_at(record), record.raw)

    def _seen_at(self, record: Record) -> datetime:
        # The adapter's own time of seeing: what a snapshot states is named by it, and a replay has to name it alike.
        return record.entries[0].seen_at if record.entries else self.now

    def _write(self, connection: Transaction, page: Page | None) -> None:
        of = self.desk.id
        self._leave_out(connection)
        if self.saving and page is None:
            sources.mixed(connection, of, self.desk.rules_digest)
        if self.saving:
            saving = list(self.saving.values())
            complaints.save(connection, of, saving, self.before, self.rules.people, self.now)
            links.followed(connection, of, self.now, self.saving)
        self.store.seam("pull: complaints written")
        for ticket in self.redacted:
            # What was blanked at the source must not live on in a kept event; the timeline keeps all else of it,
            # and the snapshot of another stream is replaced by the source's next one.
            archive.erase_raw(connection, of, ticket, self.stream)
        archive.keep(connection, of, self.raws)
        self.store.seam("pull: records written")
        self._tell_unplaced(connection)
        names.keep(connection, of, self.names)
        labels.keep(connection, of, self.labels, self.now)
        sendings.stops(connection, of, self.stops, self.now)
        source_steps.keep(connection, of, self.steps)
        quarantine.put(connection, of, self.poison)
        quarantine.put(connection, of, self.quiet, left_alone_at=self.now)
        if (self.raws or self.of_clocks_alone) and quarantine.holds_any(connection, of):
            understood = [(raw.stream, raw.raw_id) for raw in self.raws]
            understood += [(self.stream, raw_id) for raw_id in self.of_clocks_alone]
            quarantine.clear(connection, of, understood)
        if page is not None:
            sources.advance(
                connection, of, self.stream, page.cursor, now=self.now, records=len(page.records), complete=page.end
            )
            self.store.seam("pull: cursor written")

    def _leave_out(self, connection: Transaction) -> None:
        """What was erased is not taken in again, nor what would go at once because its time is over."""
        if not (self.saving or self.raws or self.poison):
            return
        retention, rules = self.rules.retention, self.rules.people
        out: set[str] = set()
        if retention.tickets_before(self.now) is not None:
            new = [(one, packed) for one, packed in self.saving.items() if one not in self.before]
            out = {one for one, packed in new if packed.over(retention, self.now)}
        if tombstones.any_erased(connection):
            tickets = {*self.saving, *(raw.ticket for raw in self.raws), *(raw.ticket for raw, _ in self.poison)}
            people = {
                one: (packed.opened_at, tombstones.names_of(packed.seen, rules))
                for one, packed in self.saving.items()
                if one not in self.before
            }
            unwanted = tombstones.unwanted(connection, self.desk.name, tickets, people)
            # What is stored is of somebody who was not erased.
            out |= unwanted - complaints.which_are_stored(connection, self.desk.id, unwanted)
        if not out:
            return
        self.saving = {one: packed for one, packed in self.saving.items() if one not in out}
        self.raws = [raw for raw in self.raws if raw.ticket not in out]
        self.poison = [one for one in self.poison if one[0].ticket not in out]
        self.quiet = [one for one in self.quiet if one[0].ticket not in out]
        self.names = [one for one in self.names if one[1] not in out]
        self.labels = [label for label in self.labels if label.ticket not in out]
        self.steps = [step for step in self.steps if step[0] not in out]
        self.unplaced = [one for one in self.unplaced if one[2] not in out]

    def _tell_unplaced(self, connection: Transaction) -> None:
        """Say once of each value that the mapping has no line for it; it is kept, and blocks nothing."""
        if not self.unplaced:
            return
        for field, value, ticket in sources.newly_unplaced(connection, self.desk.id, self.unplaced, self.now):
            detail = {"field": field, "value": value, "mapping": self.desk.mapping.file}
            sources.log(
                connection,
                self.now,
                "amends",
                "mapping: a value without a line",
                source=self.desk.name,
                ticket=ticket,
                detail=detail,
            )
            log.warning(
                "%s: %s has no line for %s %r, first seen in ticket %s. `amends mapping check %s` lists all of them.",
                self.desk.name,
                self.desk.mapping.file,
                field,
                value,
                ticket,
                self.desk.name,
            )


def _ended(group: Iterable[Sent]) -> bool:
    return any(entry.kind is EntryKind.DELETE for _, record in group for entry in record.entries)


def _newest(records: Iterable[Record]) -> Record | None:
    found: Record | None = None
    for record in records:
        if record.fields is not None and (found is None or record.version >= found.version):
            found = record
    return found


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
        if (
            with_kept(by_settings, bare, rules, now) == clocks
        ):  # the new settings say the same of it, so nothing has to be kept
            this = bare
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
