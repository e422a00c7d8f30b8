"""What the demo sees of the daemon: its store, read again and again from beside it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from connector.errors import StoreError
from connector.model import ActionKind, FlagKind
from connector.store import Store, complaints, intentions, quarantine
from connector.store.complaints import Stored
from connector.store.intentions import MOVING, Intention, State
from connector.store.quarantine import Quarantined

Kind = Literal["in", "aside", "flag", "written"]
_ALL = 500
_SHORT = 7


class Event(msgspec.Struct, frozen=True):
    """One thing worth showing: a ticket came in or a mail was set aside, a flag was set, or a write was done, at a time
    of the story.

    `ticket` is as people there call it ("#12", "CARE-3"; of a mail, how its name begins); `name` tells the event from
    others of its kind and ticket, so that it is shown once however often it is seen.
    """

    kind: Kind
    at: datetime
    ticket: str
    stored: Stored | None = None
    words: str = ""
    name: str = ""


class Watch:
    """`tickets` (by "source/ticket", without those that Amends opened or that came before `since`, when the story
    begins), `aside` (what is kept aside) and `writes` as they are now, `events` as they were noticed, oldest first."""

    def __init__(self, home: Path, since: datetime) -> None:
        self._file = home / "amends.db"
        self._since = since
        self._store: Store | None = None
        self.tickets: dict[str, Stored] = {}
        self.aside: list[Quarantined] = []
        self.writes: list[Intention] = []
        self.events: list[Event] = []
        self._seen: set[tuple[str, str, str]] = set()

    def look(self) -> None:
        """See what is new. A store that is not there yet, or busy, is looked at the next time."""
        try:
            store = self._store or Store(f"sqlite:///{self._file}").open(create=False)
            self._store = store
            with store.read() as connection:
                stored = list(complaints.listing(connection, since=self._since, most=_ALL))
                writes = intentions.listing(connection, most=_ALL)
                self.aside = quarantine.listing(connection)
        except StoreError:
            return
        self.tickets = {f"{one.source}/{one.ticket}": one for one in stored if not _opened_by_us(one)}
        self.writes = writes[::-1]
        seen = (*self._came_in(), *self._set_aside(), *self._flagged(), *self._written())
        fresh = [event for event in seen if self._new(event)]
        self.events += sorted(fresh, key=lambda event: event.at)

    def _new(self, event: Event) -> bool:
        name = (event.kind, event.ticket, event.name)
        fresh = name not in self._seen
        self._seen.add(name)
        return fresh

    def _came_in(self) -> list[Event]:
        return [Event("in", one.doc.complaint.opened_at, label(one), one) for one in self.tickets.values()]

    def _set_aside(self) -> list[Event]:
        return [
            Event("aside", one.raw.seen_at, short(one.raw.ticket), words=one.why, name=one.raw.raw_id)
            for one in self.aside
        ]

    def _flagged(self) -> list[Event]:
        return [
            Event("flag", flag.since, label(one), one, f"{_words(flag.kind)}: {flag.why}", flag.kind + flag.episode)
            for one in self.tickets.values()
            for flag in one.assessed.flags
        ]

    def _written(self) -> list[Event]:
        done = [one for one in self.writes if one.state is State.DONE]
        return [Event("written", one.changed_at, self._label(one), None, _effect(one), str(one.id)) for one in done]

    def _label(self, one: Intention) -> str:
        about = self.tickets.get(one.action.origin or f"{one.source}/{one.action.ticket}")
        return label(about) if about is not None else short(one.action.ticket)

    @property
    def stood_out(self) -> bool:
        """Whether a trend was found."""
        return any(event.kind == "flag" and event.words.startswith(FlagKind.TREND) for event in self.events)

    def on_the_way(self, now: datetime) -> bool:
        """Whether any write that is due has not come to its end."""
        return any(
            one.state in MOVING and (one.next_at <= now or one.state is not State.PENDING) for one in self.writes
        )

    def counts(self) -> dict[str, int]:
        """How many writes stand in each state."""
        found: dict[str, int] = {}
        for one in self.writes:
            found[one.state.value] = found.get(one.state.value, 0) + 1
        return found


def _words(kind: FlagKind) -> str:
    return kind.value.replace("_", " ")


def label(one: Stored) -> str:
    """What people call a ticket: the key at the end of an issue's address, else its number, else its short name."""
    last = (one.doc.complaint.url or "").rpartition("/")[2]
    return last if "-" in last else short(one.ticket)


def short(ticket: str) -> str:
    """A number as it is, of a longer name the beginning."""
    return f"#{ticket}" if ticket.isdigit() else ticket[:_SHORT]


def _opened_by_us(one: Stored) -> bool:
    return any(tag.facet == "complaint" and tag.author == "amends" for tag in one.doc.tags)


_DID = {ActionKind.ESCALATE: "escalated", ActionKind.TAG: "tagged", ActionKind.SURVEY: "survey asked for"}


def _effect(one: Intention) -> str:
    effect = one.action.effect
    if one.action.kind is ActionKind.CORRECT:
        return f"cause: {(one.receipt or {}).get('key')} opened at {one.source}, so that it is removed"
    if effect.notice is not None:
        title = str((one.stamp or {}).get("title") or effect.notice.title)
        return f"told {effect.notice.contact}: {title.partition(' (')[0]}"
    if one.action.kind is ActionKind.LINK:
        return f"told: {one.action.why.rstrip('.')}"
    mailed = "message_id" in (one.receipt or {})
    parts = [f"{name} {value}" for name, value in effect.fields.items()]
    parts += ["notice by mail" if mailed else "internal note"] if effect.note else []
    if mailed and one.action.kind is ActionKind.SURVEY:
        return "survey sent by mail"
    return f"{_DID.get(one.action.kind, one.action.kind.value)}: {', '.join((*parts, *effect.tags))}"
