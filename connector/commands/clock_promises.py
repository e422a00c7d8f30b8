"""`amends clock promises`, `confirm`, `dismiss`: what customers were promised, and a person's word on what is unsure.

A person's word is kept beside the complaint, noted in the audit log, and goes before whatever is found, now and at
every replay. Called by the command line.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import msgspec

from connector.assessment.clocks import clocks_of
from connector.assessment.understood import Understood, understood_again
from connector.clocks.promises.keeping import LAST_SECOND, WITHDRAWN, Told
from connector.clocks.promises.standing import PROMISE, UNSURE, standing_of
from connector.commands.cases import find
from connector.commands.place import Place, prove_source
from connector.commands.promise_counts import kept_share, summary
from connector.desks import rules_of
from connector.display import cut, wrapped
from connector.errors import AmendsError, SettingsError
from connector.mapping import words
from connector.model import Clock, Ruling
from connector.store import assessments, sources
from connector.store.complaints import Stored
from connector.wording import instant

DISMISSED = "dismissed"


class Row(msgspec.Struct, frozen=True):
    """A promise in a listing: `number` within its complaint, and what became of it: open, kept, broken, renegotiated,
    withdrawn, or unsure (with the `doubt`) or dismissed. `who` said so, if a person did."""

    id: str
    number: int
    state: str
    made_at: datetime
    due_at: datetime
    zone: str
    author: str
    words: str | None
    doubt: str | None
    who: str | None


class Promises(msgspec.Struct, frozen=True):
    """`kept_share` is kept of kept and broken; None where neither is known yet. Counted over all that is stored."""

    promises: tuple[Row, ...]
    counts: dict[str, int]
    kept_share: float | None


class Decided(msgspec.Struct, frozen=True):
    """A person's word on a promise, and when it is due by it."""

    id: str
    number: int
    stands: bool
    due_at: datetime
    zone: str
    words: str | None
    dry_run: bool


def listing(place: Place, *, source: str | None, states: tuple[str, ...], unsure: bool, most: int | None) -> Promises:
    """The promises of the newest complaints first, each complaint's in their order."""
    wanted = {*states, *((UNSURE,) if unsure else ())}
    found: list[Row] = []
    with place.store() as store, store.read() as connection:
        prove_source(connection, source)
        counts = assessments.promised(connection)
        for stored in assessments.with_promises(connection, source):
            rows = (one for one in _rows(place, stored) if not wanted or one.state in wanted)
            found += rows
            if most is not None and len(found) >= most:
                break
    return Promises(tuple(found[:most]), counts, kept_share(counts))


def _understood(place: Place, stored: Stored) -> Understood | None:
    source = place.settings.sources.get(stored.source)
    if source is None:
        return None
    doc, kept = stored.doc, stored.assessed.kept
    spoken = words(source.mapping)
    return understood_again(doc.complaint, doc.entries, doc.tags, spoken, doc.promises, stored.rulings, kept)


def _rows(place: Place, stored: Stored) -> Iterator[Row]:
    this = _understood(place, stored)
    if this is None:
        return
    clocks = clocks_of(this, rules_of(place.settings), place.now())
    by_number = {clock.cycle: clock for clock in clocks if clock.kind == PROMISE}
    for told in this.promises:
        yield _row(place, stored, told, by_number.get(told.number))


def _row(place: Place, stored: Stored, told: Told, clock: Clock | None) -> Row:
    one = told.promise
    state = DISMISSED if told.stands is False else UNSURE
    if clock is not None:
        state = standing_of(clock) or WITHDRAWN
    return Row(
        id=f"{stored.source}/{stored.ticket}",
        number=told.number,
        state=state,
        made_at=one.made_at,
        due_at=one.due_at,
        zone=_zone(place),
        author=one.author,
        words=one.words,
        doubt=one.doubt if told.ruling is None else None,
        who=told.ruling.who if told.ruling else None,
    )


def _zone(place: Place) -> str:
    promising = place.settings.sla.promising
    return promising.zone.key if promising is not None else "UTC"


# -- a person's word -------------------------------------------------------------------------------------------------


def decide(
    place: Place, name: str, number: int, *, stands: bool, due: datetime | None = None, dry_run: bool = False
) -> Decided:
    """Keep a person's word on promise `number` of a complaint. `due` is another local day or time than was found.

    Raises AmendsError where there is no such promise, SettingsError where the source or sla.yaml has no say in it.
    """
    if place.settings.sla.promising is None:
        raise SettingsError("sla.yaml keeps track of no promises.", remedy="Give it a section `promises`.")
    with place.store() as store:
        with store.read() as connection:
            stored = find(connection, name)
        told = _told(place, stored, number)
        promise = told.promise if due is None else msgspec.structs.replace(told.promise, due_at=_due(place, due))
        if promise.due_at <= promise.made_at:
            raise AmendsError("a promise cannot be due before it was made.", remedy="Name a later day with --due.")
        if not dry_run:
            ruling = Ruling(msgspec.structs.replace(promise, words=None), stands, place.who, place.now())
            with store.write("promise: decided") as connection:
                fresh = find(connection, name)  # another person may have decided about another one meanwhile
                assessments.decide(connection, fresh, ruling, place.now())
                detail = {"promise": promise.id, "number": number, "due_at": promise.due_at.isoformat()}
                sources.log(
                    connection,
                    place.now(),
                    place.who,
                    f"promise: {'confirmed' if stands else 'dismissed'}",
                    source=stored.source,
                    ticket=stored.ticket,
                    detail=detail,
                )
    here = f"{stored.source}/{stored.ticket}"
    return Decided(here, number, stands, promise.due_at, _zone(place), promise.words, dry_run)


def _told(place: Place, stored: Stored, number: int) -> Told:
    this = _understood(place, stored)
    if this is None:
        raise SettingsError(
            f"the source {stored.source!r} is not in amends.yaml any more.", remedy="Put it back to decide about it."
        )
    for one in this.promises:
        if one.number == number:
            return one
    here = f"{stored.source}/{stored.ticket}"
    raise AmendsError(f"there is no promise {number} in {here}.", remedy=f"`amends explain {here}` shows them.")


def _due(place: Place, due: datetime) -> datetime:
    """A day ends with its last second; a time of day is what it is."""
    local = due if due.time() != time() else datetime.combine(due.date(), LAST_SECOND)
    return local.replace(tzinfo=ZoneInfo(_zone(place))).astimezone(UTC)


# -- telling it ------------------------------------------------------------------------------------------------------


def lines(told: Promises, columns: int) -> list[str]:
    """A promise a paragraph, then the count of all."""
    found: list[str] = []
    for one in told.promises:
        found.append(cut(f"  {one.id} #{one.number}  {one.state}, by {instant(one.due_at, one.zone)}", columns))
        said = f"“{one.words}”" if one.words else "in a field"
        because = f"; {one.doubt}" if one.doubt else (f"; so says {one.who}" if one.who else "")
        found += wrapped(f"{said}{because}", columns - 6, "      ")
    return [*(found or ["No promise is like that."]), "", summary(told.counts)]


def decided_lines(told: Decided, columns: int) -> list[str]:
    said = f"“{told.words}”" if told.words else "the date in a field"
    what = f"is a promise, due {instant(told.due_at, told.zone)}" if told.stands else "is no promise"
    would = "Would note" if told.dry_run else "Noted"
    return list(wrapped(f"{would}: {said} {what} ({told.id} #{told.number}).", columns))
