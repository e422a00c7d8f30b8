"""`amends quarantine …`: records that could not be understood, tried again or left alone by a person's word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from connector.assessment.rules import Rules
from connector.commands.place import Place, prove_source
from connector.desks import open_desk, rules_of
from connector.display import count, moment, table, wrapped
from connector.errors import AmendsError
from connector.helpdesk import Helpdesk
from connector.store import Store, quarantine, sources
from connector.store.quarantine import Quarantined
from connector.sync.page import pull_kept, pull_tickets


class Aside(msgspec.Struct, frozen=True):
    """One record in quarantine. `payload` is what the source sent, where it was asked for."""

    id: int
    source: str
    ticket: str
    stream: str
    raw_id: str
    seen_at: datetime
    why: str
    skipped_at: datetime | None
    payload: str | None = None


class Tried(msgspec.Struct, frozen=True):
    """What became of one record: understood from its payload, fetched afresh, skipped, or still unclear (`why`)."""

    id: int
    source: str
    ticket: str
    result: str
    why: str | None = None


class TriedAll(msgspec.Struct, frozen=True):
    dry_run: bool
    records: tuple[Tried, ...]

    @property
    def exit_code(self) -> int:
        return 1 if any(one.why for one in self.records) else 0


def listing(place: Place, *, source: str | None, payload: bool, everything: bool) -> list[Aside]:
    """Oldest first; skipped ones only with `everything`."""
    with place.store() as store, store.read() as connection:
        prove_source(connection, source)
        found = quarantine.listing(connection, source_name=source)
    return [aside(one, payload) for one in found if everything or one.skipped_at is None]


def aside(one: Quarantined, payload: bool) -> Aside:
    """A record as it is listed."""
    body = one.raw.body.decode("utf-8", "replace") if payload else None
    raw = one.raw
    return Aside(one.id, one.source, raw.ticket, raw.stream, raw.raw_id, raw.seen_at, one.why, one.skipped_at, body)


def retry(place: Place, numbers: Sequence[int], *, everything: bool, dry_run: bool) -> TriedAll:
    """Read kept payloads by today's mapping; where that does not help, fetch the ticket afresh from its source.

    What was put aside for a person to decide comes in where it is named by its number."""
    if dry_run:
        with place.store() as store:
            chosen = _chosen(store, numbers, everything)
        return TriedAll(True, tuple(Tried(one.id, one.source, one.raw.ticket, "would be read again") for one in chosen))
    with place.leased_store("amends quarantine retry") as store:
        chosen = _chosen(store, numbers, everything)
        rules = rules_of(place.settings)
        desks = (
            {
                one.name: open_desk(one, place.home, store, place.now, place.clock)
                for one in place.chosen(sorted({record.source for record in chosen}))
            }
            if chosen
            else {}
        )
        return TriedAll(
            False,
            tuple(_retry(place, store, desks[one.source], rules, one, let_in=not everything) for one in chosen),
        )


def _chosen(store: Store, numbers: Sequence[int], everything: bool) -> list[Quarantined]:
    with store.read() as connection:
        found = {one.id: one for one in quarantine.listing(connection)}
    for number in numbers:
        if number not in found:
            raise AmendsError(f"nothing in quarantine has the number {number}.", remedy="See `amends quarantine list`.")
    return [one for one in found.values() if one.skipped_at is None] if everything else [found[n] for n in numbers]


def _retry(place: Place, store: Store, desk: Helpdesk, rules: Rules, one: Quarantined, *, let_in: bool) -> Tried:
    pull_kept(desk, one.raw, store, rules, now=place.now, let_in=let_in)
    result = "understood"
    if _still_there(store, one):
        result = "fetched afresh"
        try:
            fresh = pull_tickets(desk, [one.raw.ticket], store, rules, now=place.now)
        except AmendsError as error:
            return Tried(one.id, one.source, one.raw.ticket, "still unclear", str(error))
        if not fresh and _still_there(store, one):
            return Tried(one.id, one.source, one.raw.ticket, "still unclear", one.why)
    with store.write("quarantine: retried") as connection:
        quarantine.clear(connection, one.source_id, [(one.raw.stream, one.raw.raw_id)])
        detail = {"stream": one.raw.stream, "record": one.raw.raw_id, "result": result}
        what, ticket = "quarantine: retried", one.raw.ticket
        sources.log(connection, place.now(), place.who, what, source=one.source, ticket=ticket, detail=detail)
    return Tried(one.id, one.source, one.raw.ticket, result)


def _still_there(store: Store, one: Quarantined) -> bool:
    with store.read() as connection:
        return bool(quarantine.listing(connection, one=one.id))


def skip(place: Place, numbers: Sequence[int], *, dry_run: bool) -> TriedAll:
    """Leave records alone for good; they stay in the store, and count no more."""
    with place.store() as store:
        chosen = _chosen(store, numbers, everything=False)
        if not dry_run:
            with store.write("quarantine: skipped") as connection:
                for one in chosen:
                    now = place.now()
                    quarantine.skip(connection, one.id, now)
                    detail = {"stream": one.raw.stream, "record": one.raw.raw_id, "why": one.why}
                    what, ticket = "quarantine: skipped", one.raw.ticket
                    sources.log(connection, now, place.who, what, source=one.source, ticket=ticket, detail=detail)
    result = "would be skipped" if dry_run else "skipped"
    return TriedAll(dry_run, tuple(Tried(one.id, one.source, one.raw.ticket, result) for one in chosen))


def listing_lines(rows: list[Aside], columns: int) -> list[str]:
    if not rows:
        return ["The quarantine is empty."]
    cells = [(str(one.id), f"{one.source}/{one.ticket}", one.stream, moment(one.seen_at), one.why) for one in rows]
    lines = table(("#", "TICKET", "STREAM", "SEEN", "WHY"), cells, columns)
    for one in rows:
        if one.payload is not None:
            lines += ["", f"#{one.id}", *wrapped(one.payload, columns - 2, "  ")]
    return lines


def tried_lines(told: TriedAll, columns: int) -> list[str]:
    lines = [f"{count(len(told.records), 'record')}"] if len(told.records) != 1 else []
    for one in told.records:
        lines += wrapped(
            f"#{one.id} {one.source}/{one.ticket}: {one.result}" + (f" ({one.why})" if one.why else ""), columns
        )
    return lines
