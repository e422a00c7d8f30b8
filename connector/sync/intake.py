"""What one page brings into the store: gathered while its tickets are understood, written in one transaction.

Called by `page`. Complaints, kept records, quarantine, all that is kept beside a complaint, and the cursor that covers
them are written together or not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from connector.adapter import Page, Record
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood, said_by_agents
from connector.corrections import AGENT
from connector.helpdesk import Helpdesk
from connector.mapping.unplaced import values_in
from connector.model import ClockStep, EntryKind
from connector.store import (
    Store,
    Transaction,
    archive,
    complaints,
    labels,
    links,
    names,
    quarantine,
    revisions,
    sendings,
    source_steps,
    sources,
    tombstones,
)
from connector.store.archive import Keep, Raw
from connector.store.complaints import Stored
from connector.store.labels import Label
from connector.store.revisions import Packed
from connector.sync.ticket import Joined, Sent

log = logging.getLogger("amends")
# Each entry of each ticket is asked for it, and to look into an enum's class takes longer than that.
_REDACTION = EntryKind.REDACTION


class Intake:
    """What one page brings into the store."""

    def __init__(self, desk: Helpdesk, stream: str, store: Store, rules: Rules, now: datetime) -> None:
        self.desk, self.stream, self.store, self.rules, self.now = desk, stream, store, rules, now
        self.saving: dict[str, Packed] = {}
        self.before: dict[str, Stored] = {}
        self.raws: list[Keep] = []
        self.poison: list[tuple[Raw, str]] = []
        self._quiet: list[tuple[Raw, str]] = []
        self.stops: list[tuple[str, str]] = []
        self.steps: list[tuple[str, ClockStep]] = []
        self.of_clocks_alone: list[str] = []
        self._keeping: list[Sent] = []
        self._packed: Callable[[bytes], bytearray] | None = None
        self._names: list[tuple[str, str]] = []
        self._unplaced: list[tuple[str, str, str]] = []
        self._labels: list[Label] = []
        self._redacted: list[str] = []

    def set_aside(self, sent: Iterable[Sent], why: str, *, quiet: bool = False) -> None:
        """These go to quarantine; `quiet` says that nobody has to look at them."""
        aside = self._quiet if quiet else self.poison
        aside.extend((self._raw(stream, record), why) for stream, record in sent)

    def keep(self, sent: Iterable[Sent]) -> None:
        """These records are kept as they were sent."""
        self._keeping += sent

    def note(self, understood: Understood, one: Joined) -> None:
        """What has to be kept beside the complaint itself."""
        ticket, group, before = one.ticket, one.group, one.before
        for _, record in group:
            if _REDACTION in [entry.kind for entry in record.entries]:
                self._redacted.append(ticket)
                break
        self.keep(group)
        if understood.complaint.problems:
            values = values_in(understood.complaint.problems)
            self._unplaced.extend((field, value, ticket) for field, value in values)
        self._names.extend([(name, ticket) for _, record in group for name in record.names])
        said = said_by_agents(understood, before.doc.tags if before else ())
        self._labels += [Label(ticket, facet, values, AGENT) for facet, values in said.items()]

    def pack(self) -> None:
        """Before the next ones come: a page of records as they were sent is megabytes."""
        if not self._keeping:
            return
        if self._packed is None:
            self._packed = archive.packer()
        packed = self._packed
        self.raws += [
            Keep(record.ticket, stream, record.raw_id, self._seen_at(record), packed(record.raw))
            for stream, record in self._keeping
        ]
        self._keeping = []

    def _raw(self, stream: str, record: Record) -> Raw:
        return Raw(record.ticket, stream, record.raw_id, self._seen_at(record), record.raw)

    def _seen_at(self, record: Record) -> datetime:
        # The adapter's own time of seeing: what a snapshot states is named by it, and a replay has to name it alike.
        return record.entries[0].seen_at if record.entries else self.now

    def write(self, page: Page | None) -> None:
        """Save all of it, with the page's cursor if there is one, in one transaction."""
        with self.store.write("pull: page") as connection:
            self._write(connection, page)

    def _write(self, connection: Transaction, page: Page | None) -> None:
        of = self.desk.id
        self._leave_out(connection)
        if self.saving and page is None:
            sources.mixed(connection, of, self.desk.rules_digest)
        if self.saving:
            saving = list(self.saving.values())
            revisions.save(connection, of, saving, self.before, self.rules.people, self.now)
            links.followed(connection, of, self.now, self.saving)
        self.store.seam("pull: complaints written")
        for ticket in self._redacted:
            # What was blanked at the source must not live on in a kept event; the timeline keeps all else of it,
            # and the snapshot of another stream is replaced by the source's next one.
            archive.erase_raw(connection, of, ticket, self.stream)
        archive.keep(connection, of, self.raws)
        self.store.seam("pull: records written")
        self._tell_unplaced(connection)
        names.keep(connection, of, self._names)
        labels.keep(connection, of, self._labels, self.now)
        sendings.stops(connection, of, self.stops, self.now)
        source_steps.keep(connection, of, self.steps)
        quarantine.put(connection, of, self.poison)
        quarantine.put(connection, of, self._quiet, left_alone_at=self.now)
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
        self._quiet = [one for one in self._quiet if one[0].ticket not in out]
        self._names = [one for one in self._names if one[1] not in out]
        self._labels = [label for label in self._labels if label.ticket not in out]
        self.steps = [step for step in self.steps if step[0] not in out]
        self._unplaced = [one for one in self._unplaced if one[2] not in out]

    def _tell_unplaced(self, connection: Transaction) -> None:
        """Say once of each value that the mapping has no line for it; it is kept, and blocks nothing."""
        if not self._unplaced:
            return
        for field, value, ticket in sources.newly_unplaced(connection, self.desk.id, self._unplaced, self.now):
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
