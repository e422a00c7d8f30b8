"""What a ticket's customer was promised, and what became of it.

`given` collects the promises of a timeline when it is saved; what was found in a reply is not searched for again.
`settled` puts a person's word above what was found. `promise_clocks` tells of each promise as a clock of kind
"promise": started by the reply, never paused, due at the end of the promised day (or at the hour that was given), met
by the next public reply of a person or the resolution. Called by `assessment`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from connector.clocks.business_hours import Hours
from connector.clocks.lives import GONE
from connector.clocks.promises.book import Book
from connector.clocks.promises.finding import Found, Searcher, find, searcher_of
from connector.clocks.promises.quick import Glance
from connector.clocks.promises.standing import PROMISE, RENEGOTIATED
from connector.model import (
    Clock,
    ClockState,
    Complaint,
    Entry,
    EntryKind,
    History,
    Promise,
    Role,
    Ruling,
    Visibility,
)

WITHDRAWN = "withdrawn"  # the cause of an end
LAST_SECOND = time(23, 59, 59)
SHORT_NOTICE = 0.75  # of the time until it is due, where that is less than the usual warning
_STAFF_REPLY = EntryKind.STAFF_REPLY  # each entry of each ticket is asked for it
_NOT_PEOPLE = frozenset({Role.AMENDS, Role.SYSTEM})


class Finder:
    """The phrase books of some languages. A book is made ready when a reply is first seen that may be in its words;
    those that `late` returns are not even read before there is a reply."""

    def __init__(self, books: Sequence[Book], late: Callable[[], Sequence[Book]] = tuple) -> None:
        self._read, self._late = tuple(books), late
        self._ready: dict[str, Searcher] = {}

    @cached_property
    def books(self) -> tuple[Book, ...]:
        return tuple(sorted((*self._read, *self._late()), key=lambda book: book.language))

    @cached_property
    def _glance(self) -> Glance:
        return Glance(self.books)

    def find(self, text: str, made: datetime, works: Callable[[date], bool]) -> tuple[Found, ...]:
        """The dates that a reply of `made` (in the zone of its writer) promises."""
        lower = text.lower()
        near = self._glance.near(lower)
        return find(text, made, [self._searcher(self.books[one]) for one in near], works) if near else ()

    def _searcher(self, book: Book) -> Searcher:
        found = self._ready.get(book.language)
        if found is None:
            found = self._ready[book.language] = searcher_of(book)
        return found


class Promising(msgspec.Struct, frozen=True):
    """How promises are kept track of. Days are those of `calendar`; with `of_customer`, a day ends where the customer
    lives. `finder` is None where replies are not searched. `field` is the mapped field that holds a promised date.
    A warning comes `warn_before_seconds` before a promise is due."""

    calendar: str
    hours: Hours
    finder: Finder | None = None
    field: str | None = None
    warn_before_seconds: int = 86_400
    of_customer: bool = False

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.hours.calendar.zone)

    def works(self, day: date) -> bool:
        """Whether the calendar has hours on that local day."""
        start = datetime.combine(day, time(), self.zone)
        return self.hours.working_seconds(start, datetime.combine(day + timedelta(days=1), time(), self.zone)) > 0


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A promise with its number and a person's word on it; `stands` None: nobody has decided yet."""

    number: int
    promise: Promise
    stands: bool | None
    ruling: Ruling | None = None


# -- what was promised -----------------------------------------------------------------------------------------------


def given(
    complaint: Complaint,
    entries: Sequence[Entry],
    promising: Promising | None,
    *,
    field_id: str | None = None,
    before: Sequence[Promise] = (),
    searched: Sequence[Entry] = (),
) -> tuple[Promise, ...]:
    """The promises of a timeline, oldest first. `before` are those known, found in the `searched` entries by the same
    rules; `field_id` is what the source calls the promised date's field."""
    if promising is None:
        return ()
    if promising.field is None and not _any_words(entries):  # as in nearly all that comes for the first time
        return ()
    found = list(_in_replies(complaint, entries, promising, before, searched)) if promising.finder else []
    days = {one.due_at.astimezone(promising.zone).date() for one in found}
    for one in _in_field(complaint, entries, promising, field_id, before):
        if one.due_at.astimezone(promising.zone).date() not in days:
            found.append(one)
    return tuple(sorted(found, key=_order))


def _any_words(entries: Iterable[Entry]) -> bool:
    """Whether there is a reply to look into."""
    return bool([entry for entry in entries if entry.kind is _STAFF_REPLY and entry.text])


def _order(one: Promise) -> tuple[datetime, datetime, str]:
    return one.made_at, one.due_at, one.id


def _in_replies(
    complaint: Complaint,
    entries: Iterable[Entry],
    promising: Promising,
    before: Sequence[Promise],
    searched: Sequence[Entry],
) -> Iterator[Promise]:
    known = {entry.id: entry for entry in searched}
    for entry in entries:
        if entry.kind is not EntryKind.STAFF_REPLY or not entry.text or entry.role in _NOT_PEOPLE:
            continue
        if entry.visibility is not Visibility.PUBLIC:
            continue
        if known.get(entry.id) == entry:
            yield from (one for one in before if one.entry == entry.id)
        else:
            yield from _in_reply(complaint, entry, promising)


def _in_reply(complaint: Complaint, entry: Entry, promising: Promising) -> Iterator[Promise]:
    assert promising.finder is not None and entry.text is not None
    made = entry.occurred_at.astimezone(promising.zone)
    for number, one in enumerate(promising.finder.find(entry.text, made, promising.works), 1):
        yield Promise(
            id=f"{entry.id}/{number}",
            made_at=entry.occurred_at,
            due_at=_end_of(one.day, complaint, promising) if one.at is None else one.at.astimezone(UTC),
            author=f"{PROMISE}:{one.language}",
            entry=entry.id,
            words=one.words,
            doubt=one.doubt,
        )


def _end_of(day: date, complaint: Complaint, promising: Promising) -> datetime:
    """The last second of a day where it counts."""
    zone = complaint.complainant.time_zone if promising.of_customer else None
    return datetime.combine(day, LAST_SECOND, ZoneInfo(zone) if zone else promising.zone).astimezone(UTC)


def _in_field(
    complaint: Complaint,
    entries: Iterable[Entry],
    promising: Promising,
    field_id: str | None,
    before: Iterable[Promise],
) -> Iterator[Promise]:
    """Each date that stood in the field. Where the source tells of no changes, those that we saw standing there."""
    if promising.field is None:
        return
    author = f"field:{promising.field}"
    seen: set[datetime] = set()
    for entry in entries:
        if entry.kind is EntryKind.FIELD and entry.field == field_id:
            due = _date_in(entry.value, complaint, promising)
            if due is not None:
                seen.add(due)
                yield Promise(f"field/{entry.id}", entry.occurred_at, due, author, entry=entry.id)
    for one in before:
        if one.author == author and one.entry is None and one.due_at not in seen:
            seen.add(one.due_at)
            yield one
    due = _date_in(complaint.extra.get(promising.field), complaint, promising)
    if due is not None and due not in seen:
        yield Promise(f"field/{due:%Y-%m-%dT%H:%M}", min(complaint.updated_at, due), due, author)


def _date_in(value: Any, complaint: Complaint, promising: Promising) -> datetime | None:
    """A date or time as sources write them; one without a zone is of the calendar's. None where it is neither: the
    mapping's `type: date` reports that."""
    if not isinstance(value, str) or not value:
        return None
    try:
        at = datetime.fromisoformat(value)
        if len(value) <= len("2026-03-06"):
            return _end_of(at.date(), complaint, promising)
        return (at if at.tzinfo else at.replace(tzinfo=promising.zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# -- what people say of it -------------------------------------------------------------------------------------------


def settled(promises: Sequence[Promise], rulings: Sequence[Ruling]) -> tuple[Told, ...]:
    """Every promise with its number, a person's word going before what was found. One that a person confirmed stays,
    even where it would not be found any more."""
    if not promises and not rulings:
        return ()
    spoken = {one.promise.id: one for one in rulings}
    found = {one.id: one for one in promises}
    for name, ruling in spoken.items():
        kept = ruling.promise
        if name in found:
            found[name] = replace(found[name], due_at=kept.due_at)
        elif ruling.stands:
            found[name] = kept
    told = []
    for number, one in enumerate(sorted(found.values(), key=_order), 1):
        said = spoken.get(one.id)
        stands = said.stands if said is not None else (None if one.doubt else True)
        told.append(Told(number, one, stands, said))
    return tuple(told)


def undecided(promises: Iterable[Told]) -> tuple[int, int]:
    """(how many a person has to decide about, how many a person said are none)."""
    said = [one.stands for one in promises]
    if not said:
        return 0, 0
    return said.count(None), said.count(False)


# -- what became of it -----------------------------------------------------------------------------------------------


def promise_clocks(
    promises: Sequence[Told], complaint: Complaint, history: History, promising: Promising | None, now: datetime
) -> tuple[Clock, ...]:
    """A clock for every promise that stands, by its number."""
    if promising is None or not promises:
        return ()
    standing = [one for one in promises if one.stands]
    return tuple(_clock(one, standing, complaint, history, promising, now) for one in standing)


class _End(msgspec.Struct, frozen=True):
    at: datetime | None
    state: ClockState
    cause: str | None = None


def _clock(
    told: Told,
    standing: Iterable[Told],
    complaint: Complaint,
    history: History,
    promising: Promising,
    now: datetime,
) -> Clock:
    one = told.promise
    end = _end(one, standing, complaint, history, now)
    late = (end.at or now) > one.due_at or (end.at is None and now == one.due_at)
    return Clock(
        kind=PROMISE,
        cycle=told.number,
        state=end.state,
        started_at=one.made_at,
        target_seconds=_seconds(one.due_at - one.made_at),
        used_seconds=_seconds((end.at or now) - one.made_at),
        target="the promised date in a field" if one.author.startswith("field:") else "a date in a reply",
        calendar=promising.calendar,
        warn_at=_warn_at(one, promising) if end.at is None else None,
        due_at=one.due_at if late or end.state is not ClockState.CANCELLED else None,
        stopped_at=end.at,
        breached_at=one.due_at if late else None,
        cause=end.cause,
    )


def _seconds(length: timedelta) -> int:
    return max(0, int(length.total_seconds()))


def _warn_at(one: Promise, promising: Promising) -> datetime:
    usual = one.due_at - timedelta(seconds=promising.warn_before_seconds)
    return usual if usual > one.made_at else one.made_at + (one.due_at - one.made_at) * SHORT_NOTICE


def _end(one: Promise, standing: Iterable[Told], complaint: Complaint, history: History, now: datetime) -> _End:
    due = one.due_at
    if _made_at_the_end(one, history):
        return _End(one.made_at, ClockState.CANCELLED, WITHDRAWN)
    later = _renegotiated(one, standing, history)
    if later is not None:
        return _End(later, ClockState.CANCELLED, RENEGOTIATED)
    answers = sorted(at for at in (*history.replies, *history.resolutions) if at > one.made_at)
    gone = _gone_at(complaint, history)
    if answers and (gone is None or answers[0] <= gone):
        return _End(answers[0], ClockState.MET if answers[0] <= due else ClockState.MISSED)
    if gone is not None:
        return _End(max(gone, one.made_at), ClockState.CANCELLED, WITHDRAWN)
    return _End(None, ClockState.BREACHED if now >= due else ClockState.RUNNING)


def _made_at_the_end(one: Promise, history: History) -> bool:
    """Whether it was said with the resolution itself: nobody waits on this ticket for it, unless it is reopened."""
    if one.made_at not in history.resolutions:
        return False
    return not any(one.made_at < at <= one.due_at for at in history.reopens)


def _renegotiated(one: Promise, standing: Iterable[Told], history: History) -> datetime | None:
    """When a later date took its place, in time and with a word to the customer; None where none did. A date that is
    put off in a field alone tells the customer nothing."""
    told = [at for at in history.replies if one.made_at < at <= one.due_at]
    later = [
        other.promise.made_at
        for other in standing
        if one.made_at < other.promise.made_at <= one.due_at < other.promise.due_at
    ]
    return min(later) if told and later else None


def _gone_at(complaint: Complaint, history: History) -> datetime | None:
    """Since when there is nobody to keep it to: withdrawn, deleted, or merged into another ticket."""
    if history.status in GONE:
        return history.spells[-1].start
    return complaint.updated_at if complaint.merged_into is not None else None
