"""Records that were read become rows: those of a page, those of some tickets, or one from quarantine.

Called by `pull` for pages, and for single tickets by `hooks`, `census` and `amends quarantine`. Here tickets are put
together and understood, many at a time; what one of them amounts to is in `ticket`, what is written in `intake`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from connector.adapter import Page, Record
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood, tagged
from connector.assessment.untagged import Untagged
from connector.errors import RecordError
from connector.helpdesk import Helpdesk
from connector.people.tongues import Spoken, spoken
from connector.store import Store, archive, complaints, earlier, revisions, sources
from connector.store.archive import Raw
from connector.store.complaints import Stored
from connector.sync.changing import clocks_changed
from connector.sync.intake import Intake
from connector.sync.ticket import Joined, Sent, complaint_of, joined, newest_of, saving
from connector.sync.veil import read_kept, veiled

# Tickets never seen, of which only events came, are read and saved so many at a time: each costs calls of its own, and
# a budget that runs out half way must not undo what was read.
UNSEEN = 20
# Snapshots understood at a time: few enough to stay in a processor's cache, enough to ask the store once for all.
FEW = 256


class Saved(msgspec.Struct, frozen=True):
    """How many tickets changed, how many of them are complaints, and how many records are in quarantine."""

    changed: int
    complaints: int
    quarantined: int


def save_page(desk: Helpdesk, stream: str, page: Page, store: Store, rules: Rules, now: datetime) -> Saved:
    """Understand the records of a page and save them with its cursor, in one transaction."""
    return _Page(desk, stream, store, rules, now).save(page.records, page)


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


class _Taken(msgspec.Struct, frozen=True):
    """A ticket with news, and what was made of it but for its tags."""

    joined: Joined
    found: Untagged | Understood


class _Page:
    """One page on its way into the store."""

    def __init__(
        self, desk: Helpdesk, stream: str, store: Store, rules: Rules, now: datetime, *, strong: bool = False
    ) -> None:
        self.strong = strong  # what a strong read left unclear, another one would as well
        self.desk, self.stream, self.store, self.rules, self.now = desk, stream, store, rules, now
        self.intake = Intake(desk, stream, store, rules, now)
        self.apart = 0
        self.clocks_changed: bool | None = None  # not asked yet
        self.snapshots: dict[str, Record] = {}
        self.spoken: dict[str, list[Spoken]] = {}

    def save(self, records: Sequence[Record], page: Page | None) -> Saved:
        """Understand the records and save them, with the page's cursor if there is one, in one transaction."""
        intake = self.intake
        few: list[Record] = []
        later: dict[str, list[Sent]] = {}
        for sent in records:
            record = veiled(self.desk, self.stream, sent, self.now) if self.desk.hide is not None else sent
            if record.stops:
                intake.stops.extend(record.stops)
            why = record.problem or record.aside
            if why is not None:
                intake.set_aside([(self.stream, record)], why, quiet=record.quiet)
                continue
            if record.clocks:
                intake.steps.extend([(record.ticket, step) for step in record.clocks])
            if record.clocks and record.of_clocks_alone:
                intake.of_clocks_alone.append(record.raw_id)
            elif record.fields is None or record.ticket in intake.saving or record.ticket in later:
                later.setdefault(record.ticket, []).append((self.stream, record))
            else:
                few.append(record)
                if len(few) == FEW:
                    self._snapshots(few)
                    few = []
        self._snapshots(few)
        self._rest(later)
        intake.write(page)
        yes = [item.columns["complaint"] for item in intake.saving.values()].count("yes")
        return Saved(len(intake.saving) + self.apart, yes, len(intake.poison))

    def _snapshots(self, records: Sequence[Record]) -> None:
        """Understand some snapshots while what was decoded of them is still at hand; an adapter may decode lazily."""
        groups: dict[str, list[Sent]] = {}
        for record in records:
            groups.setdefault(record.ticket, []).append((self.stream, record))
        self._groups(groups)

    def _rest(self, later: dict[str, list[Sent]]) -> None:
        """Understand what came of tickets by events, or more than once, each ticket as a whole."""
        for kept in self.intake.raws if later else ():
            if kept.ticket in later:
                raw = kept.unpacked()
                later[raw.ticket].insert(0, (raw.stream, read_kept(self.desk, raw)))
        tickets = list(later)
        for begin in range(0, len(tickets), FEW):
            self._groups({ticket: later[ticket] for ticket in tickets[begin : begin + FEW]})

    def _groups(self, groups: dict[str, list[Sent]]) -> None:
        """Step by step over all of them and not ticket by ticket: the code of each step then stays in the processor's
        nearest cache (docs/performance.md)."""
        self.intake.before.update(self._complete(groups))
        news = [one for ticket, group in groups.items() if (one := self._joined(ticket, group)) is not None]
        taken = [_Taken(one, found) for one in news if (found := self._normalised(one)) is not None]
        new = [one.found for one in taken if isinstance(one.found, Untagged)]
        done = iter(tagged(new, self.rules.tagger, self._spoken_by))
        understood = [(next(done) if isinstance(one.found, Untagged) else one.found, one.joined) for one in taken]
        for this, one in understood:
            self.intake.note(this, one)
            heard = spoken(this.complaint, this.tags)
            if heard is not None:
                self.spoken.setdefault(this.complaint.complainant.key, []).append(heard)
        changed = bool(self.clocks_changed)
        rows = [saving(this, one.before, self.desk, self.rules, self.now, changed=changed) for this, one in understood]
        self.intake.saving.update({row.doc.complaint.ticket: revisions.packed(row, self.rules.people) for row in rows})
        self.intake.pack()

    def _spoken_by(self, keys: Sequence[str]) -> dict[str, list[Spoken]]:
        """What is known of the languages of these people, from the store and this page."""
        with self.store.read() as connection:
            found = earlier.spoken_by(connection, keys)
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
            newest = newest_of(read_kept(self.desk, raw) for raw in raws)
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

    def _joined(self, ticket: str, group: list[Sent]) -> Joined | None:
        return joined(ticket, group, self.intake.before.get(ticket), self.snapshots.get(ticket), self.desk.actor)

    def _normalised(self, one: Joined) -> Untagged | Understood | None:
        """The complaint that a ticket amounts to; None where there is none to save."""
        try:
            found = complaint_of(one, self.desk, self.rules)
        except RecordError as error:
            self.intake.set_aside(one.group, str(error))
            return None
        if found is None:
            self.intake.keep(one.group)
        return found
