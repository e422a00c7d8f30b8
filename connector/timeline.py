"""A ticket's timeline: joining what streams and snapshots say, and folding it into what happened.

Pure. `sync` merges new entries with the stored ones and folds the result; clocks, people and policy read the fold.
State is the fold of the entries ordered by (occurred_at, id), whatever order they arrived in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from itertools import pairwise
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from connector.gratitude import Thanks
from connector.model import (
    FINISHED,
    Entry,
    EntryKind,
    History,
    Priority,
    Role,
    Spell,
    Status,
    Visibility,
)

_order = attrgetter("occurred_at", "id")
_STATED = frozenset({EntryKind.STATUS, EntryKind.PRIORITY, EntryKind.OWNER, EntryKind.FIELD})
_BINNED = frozenset({EntryKind.DELETE, EntryKind.RESTORE})
_OF_OTHERS = _BINNED | {EntryKind.FIELD, EntryKind.REDACTION}
_DELETED = f"\x00{EntryKind.DELETE}"
_SEEN_BY = "visibility:"  # a FIELD entry so named says who can read the entry whose id follows
_DONE = frozenset({Status.RESOLVED, Status.CLOSED})
_NO_STAFF = frozenset({Role.AMENDS, Role.SYSTEM})  # what a machine sends a customer answers nothing
# Each entry of each ticket is asked for these, and to look into an enum's class takes longer than the rest of it.
_PUBLIC, _INTERNAL, _STAFF = Visibility.PUBLIC, Visibility.INTERNAL, Role.STAFF
_NEW, _GONE = Status.NEW, Status.DELETED


_SCOPED = re.compile(r"([A-Z][A-Z0-9_]*)/(.*)", re.DOTALL)


class Words(msgspec.Struct, frozen=True):
    """The source's words for statuses and priorities, as the mapping translates them.

    A status of a source with many projects is "KEY/Name". A line for the whole of it goes before a line for the name.
    `team_field` is the source's field that names the team; `thanks` knows messages that say nothing else.
    """

    status: dict[str, Status]
    priority: dict[str, Priority] = {}
    team_field: str | None = None
    thanks: Thanks | None = None

    def status_of(self, word: str) -> Status | None:
        """Our word for a status of the source, None where the mapping has no line for it."""
        found = self.status.get(word)
        return self.status.get(status_name(word)) if found is None else found


def status_name(word: str) -> str:
    """A status without the project that it belongs to: "Done" of "OPS/Done", but "in/out" of "in/out"."""
    scoped = _SCOPED.fullmatch(word)
    return scoped[2] if scoped else word


class Folded(msgspec.Struct, frozen=True):
    """What a timeline amounts to. `unknown` names source words that the mapping does not translate."""

    history: History
    opened_at: datetime
    priority: Priority | None = None
    owner: str | None = None
    merged_into: str | None = None
    rating: str | None = None
    unknown: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        return self.history.spells[-1].status


def merge(old: Collection[Entry], new: Iterable[Entry]) -> tuple[Entry, ...]:
    """The timeline after `new` entries joined the `old` ones (a result of this function), in order; an entry already
    there is not added again.

    A statement from a snapshot is kept only where no entry before it says the same; that a ticket is there, only where
    it was deleted. A redaction blanks the text of
    the entry it names (its `value`), whichever of the two arrives first; a change of visibility does likewise. The
    text of what was received is as the newest snapshot has it: at the source it changes by redaction only.
    """
    if not old:
        new = tuple(new)
        if _unrelated(new):  # as the first snapshot of a ticket is
            return tuple(sorted(new, key=_order))
    known = {entry.id: entry for entry in old}
    fresh = []
    retold = False
    for entry in new:
        standing = known.setdefault(entry.id, entry)
        if standing is entry:
            fresh.append(entry)
        elif entry.kind is EntryKind.RECEIVED and entry.text != standing.text:
            # An older copy may bring back words that were redacted since.
            known[entry.id] = replace(standing, text=entry.text)
            retold = True
    if not (fresh or retold):
        return tuple(old)
    joined = sorted(known.values(), key=_order)
    statements = {entry.id for entry in fresh if not entry.observed}
    if statements:
        joined = _without_repetition(joined, statements)
    rare = [entry for entry in joined if entry.kind is EntryKind.REDACTION or entry.kind is EntryKind.FIELD]
    if any(entry.kind is EntryKind.REDACTION for entry in rare):
        joined = _redacted(joined)
    if any(entry.field is not None and entry.field.startswith(_SEEN_BY) for entry in rare):
        joined = _hidden(joined)
    return tuple(joined)


def _unrelated(entries: Collection[Entry]) -> bool:
    """Whether none of these can say what another one says, or change it: each is of a kind of its own."""
    kinds = {entry.kind for entry in entries}
    if len(kinds) < len(entries) or not kinds.isdisjoint(_OF_OTHERS):
        return False
    return len({entry.id for entry in entries}) == len(entries)


def _without_repetition(joined: list[Entry], statements: set[str]) -> list[Entry]:
    last: dict[tuple[EntryKind, str | None], str | None] = {}
    replied = any(
        entry.kind is EntryKind.STAFF_REPLY and entry.observed and entry.role not in _NO_STAFF for entry in joined
    )
    kept = []
    for entry in joined:
        stated = entry.id in statements
        told = _told(entry)
        if told is not None:
            subject, value = told
            if stated and subject in last and last[subject] == value:
                continue
            if stated and entry.kind is EntryKind.RESTORE and last.get(subject) != _DELETED:
                continue
            last[subject] = value
        elif stated and entry.kind is EntryKind.STAFF_REPLY and replied:
            continue
        kept.append(entry)
    return kept


def _told(entry: Entry) -> tuple[tuple[EntryKind, str | None], str | None] | None:
    """(subject, what is said of it) where an entry says how something stands; None where it tells what was done."""
    if entry.kind in _STATED:
        return (entry.kind, entry.field), entry.value
    if entry.kind in _BINNED:
        # A status like the one before the bin is news once more after it.
        return (EntryKind.STATUS, None), f"\x00{entry.kind}"
    if entry.kind is EntryKind.REDACTION:
        return (entry.kind, entry.value), entry.text
    return None


def _redacted(joined: list[Entry]) -> list[Entry]:
    blanked = {entry.value: entry.text or "" for entry in joined if entry.kind is EntryKind.REDACTION}
    return [
        replace(entry, text=blanked[entry.id]) if entry.id in blanked and entry.text is not None else entry
        for entry in joined
    ]


def _hidden(joined: list[Entry]) -> list[Entry]:
    """What was made internal at the source afterwards is internal here, too."""
    seen_by = {
        entry.field.removeprefix(_SEEN_BY): Visibility(entry.value)
        for entry in joined
        if entry.field is not None and entry.field.startswith(_SEEN_BY) and entry.value in set(Visibility)
    }
    return [
        replace(entry, visibility=seen_by[entry.id])
        if seen_by.get(entry.id, entry.visibility) != entry.visibility
        else entry
        for entry in joined
    ]


def fold(entries: Iterable[Entry], words: Words) -> Folded | None:
    """What the ordered `entries` amount to in mapped words; None where nothing says when the ticket was received."""
    folding = Folding(words)
    for entry in entries:  # as `take` does, without a call for each
        _TAKING[entry.kind](folding, entry)
    return folding.result()


class Folding:
    """The walk over one timeline: what the entries taken so far amount to, in order, is its `result`."""

    __slots__ = (
        "automatic",
        "begun_by_staff",
        "customer",
        "gratitude",
        "guessed_reply",
        "merged_into",
        "owners",
        "priorities",
        "priority_was_seen_set",
        "rating",
        "received",
        "reopens",
        "replies",
        "resolutions",
        "spells",
        "status",
        "teams",
        "undeleted",
        "unknown",
        "words",
    )

    def __init__(self, words: Words) -> None:
        self.words = words
        self.received: datetime | None = None
        self.status: Status | None = None
        self.undeleted: Status | None = None
        self.spells: list[tuple[Status, datetime]] = []
        self.customer: list[datetime] = []
        self.replies: list[datetime] = []
        self.guessed_reply: datetime | None = None
        self.resolutions: list[datetime] = []
        self.reopens: list[datetime] = []
        self.priorities: list[tuple[datetime, Priority | None]] = []
        self.priority_was_seen_set = False
        self.owners: list[tuple[datetime, str]] = []
        self.merged_into: str | None = None
        self.rating: str | None = None
        self.unknown: list[str] = []
        self.automatic: list[datetime] = []
        self.gratitude: set[datetime] = set()
        self.teams: list[tuple[datetime, str]] = []
        self.begun_by_staff = False

    def take(self, entry: Entry) -> None:
        _TAKING[entry.kind](self, entry)

    def _received(self, entry: Entry) -> None:
        self.received = entry.occurred_at if self.received is None else min(self.received, entry.occurred_at)
        self.begun_by_staff = entry.role is _STAFF and entry.visibility is _INTERNAL

    def _owner(self, entry: Entry) -> None:
        if entry.value is not None:
            self.owners.append((entry.occurred_at, entry.value))

    def _message(self, entry: Entry) -> None:
        if entry.visibility is _PUBLIC:
            self.customer.append(entry.occurred_at)
            if self.resolutions and self.words.thanks is not None and self.words.thanks.only(entry.text):
                self.gratitude.add(entry.occurred_at)

    def _delete(self, entry: Entry) -> None:
        self._enter(Status.DELETED, entry.occurred_at)

    def _restore(self, entry: Entry) -> None:
        if self.status is Status.DELETED:
            self._enter(self.undeleted or Status.OPEN, entry.occurred_at)

    def _merge(self, entry: Entry) -> None:
        self.merged_into = entry.value

    def _rating(self, entry: Entry) -> None:
        self.rating = entry.value

    def _field(self, entry: Entry) -> None:
        if entry.value and entry.field == self.words.team_field:
            self.teams.append((entry.occurred_at, entry.value))

    def _nothing(self, entry: Entry) -> None:
        """Notes, and what is said of other entries, change nothing that is folded."""

    def _reply(self, entry: Entry) -> None:
        if entry.visibility is not _PUBLIC:
            return
        if entry.role in _NO_STAFF:
            self.automatic.append(entry.occurred_at)
        elif entry.observed:
            self.replies.append(entry.occurred_at)
        else:
            self.guessed_reply = entry.occurred_at

    def _status(self, entry: Entry) -> None:
        status = self.words.status_of(entry.value or "")
        if status is None:
            self.unknown.append(f"status {entry.value!r}")
            status = Status.OPEN
        self._enter(status, entry.occurred_at)

    def _enter(self, status: Status, at: datetime) -> None:
        if status is self.status:
            return
        self.status = status
        self.spells.append((status, at))
        if status is _GONE:
            return
        # A ticket that comes back from the bin goes on where it was: neither resolved nor reopened once more.
        before, self.undeleted = self.undeleted, status
        if status in _DONE and before not in _DONE:
            self.resolutions.append(at)
        elif before in _DONE and status not in FINISHED:
            self.reopens.append(at)

    def _priority(self, entry: Entry) -> None:
        if entry.value is None:
            return
        priority = self.words.priority.get(entry.value)
        if priority is None:
            self.unknown.append(f"priority {entry.value!r}")
        else:
            # An event says that it was another one before; a snapshot says nothing of what was before it.
            self.priority_was_seen_set |= entry.observed and not self.priorities
            self.priorities.append((entry.occurred_at, priority))

    def result(self) -> Folded | None:
        opened = self.received or (self.spells[0][1] if self.spells else None)
        if opened is None:
            return None
        replies = self.replies or ([self.guessed_reply] if self.guessed_reply is not None else [])
        thanks = self._thanks() if self.gratitude else ()
        resolutions, reopens = self._lives(thanks) if thanks else (self.resolutions, self.reopens)
        history = History(
            received_at=opened,
            spells=self._spells(opened),
            customer_messages=tuple(self.customer),
            replies=tuple(replies),
            resolutions=tuple(resolutions),
            reopens=tuple(reopens),
            priorities=self._priorities(opened),
            owners=tuple(self.owners),
            automatic=tuple(self.automatic),
            thanks=thanks,
            teams=tuple(self.teams),
            begun_by_staff=self.begun_by_staff,
        )
        return Folded(
            history=history,
            opened_at=opened,
            priority=self.priorities[-1][1] if self.priorities else None,
            owner=self.owners[-1][1] if self.owners else None,
            merged_into=self.merged_into,
            rating=self.rating,
            unknown=tuple(dict.fromkeys(self.unknown)) if self.unknown else (),
        )

    def _thanks(self) -> tuple[datetime, ...]:
        """The messages that only say thanks for a resolution: nobody wrote anything else since it."""
        found = []
        for at in sorted(self.gratitude):
            resolved = max((one for one in self.resolutions if one <= at), default=None)
            since = [one for one in (*self.customer, *self.replies) if resolved is not None and resolved < one <= at]
            if resolved is not None and self.gratitude.issuperset(since):
                found.append(at)
        return tuple(found)

    def _lives(self, thanks: tuple[datetime, ...]) -> tuple[list[datetime], list[datetime]]:
        """(resolutions, reopenings) without those that a helpdesk makes of a customer's thanks. What the customer
        writes afterwards, while it stands open, is what opens it again."""
        resolutions: list[datetime] = []
        reopens: list[datetime] = []
        steps = sorted([(at, 0) for at in self.resolutions] + [(at, 1) for at in self.reopens])
        moved = False  # by thanks alone: whatever its status says, it stands resolved
        for index, (at, reopening) in enumerate(steps):
            until = steps[index + 1][0] if index + 1 < len(steps) else None
            if not reopening:
                if not moved:
                    resolutions.append(at)
                moved = False
                continue
            said = [one for one in self.customer if resolutions and resolutions[-1] <= one <= at]
            moved = bool(said) and set(thanks).issuperset(said)
            opener = at
            if moved:
                later = [one for one in self.customer if one > at and one not in thanks]
                if later and (until is None or later[0] < until):
                    moved, opener = False, later[0]
            if not moved:
                reopens.append(opener)
        return resolutions, reopens

    def _priorities(self, opened: datetime) -> tuple[tuple[datetime, Priority | None], ...]:
        if self.priority_was_seen_set and self.priorities[0][0] > opened:
            return ((opened, None), *self.priorities)
        return tuple(self.priorities)

    def _spells(self, opened: datetime) -> tuple[Spell, ...]:
        steps = self.spells
        if steps and steps[0][0] is _NEW:
            steps = [(_NEW, min(opened, steps[0][1])), *steps[1:]]
        elif not steps or steps[0][1] > opened:
            steps = [(_NEW, opened), *steps]
        last, since = steps[-1]
        if len(steps) == 1:
            return (Spell(last, since, None),)
        ended = [Spell(status, at, end) for (status, at), (_, end) in pairwise(steps)]
        return (*ended, Spell(last, since, None))


_TAKING: dict[EntryKind, Callable[[Folding, Entry], None]] = {
    **dict.fromkeys(EntryKind, Folding._nothing),
    EntryKind.RECEIVED: Folding._received,
    EntryKind.CUSTOMER_MESSAGE: Folding._message,
    EntryKind.STAFF_REPLY: Folding._reply,
    EntryKind.STATUS: Folding._status,
    EntryKind.PRIORITY: Folding._priority,
    EntryKind.OWNER: Folding._owner,
    EntryKind.FIELD: Folding._field,
    EntryKind.MERGE: Folding._merge,
    EntryKind.DELETE: Folding._delete,
    EntryKind.RESTORE: Folding._restore,
    EntryKind.RATING: Folding._rating,
}
