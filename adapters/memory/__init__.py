"""The reference adapter: reads and writes a helpdesk in memory (`adapters.memory.desk`).

A model for other adapters, the fake of the engine's tests, and the demo's quiet corner. Each method shows the plainest
honest way to keep its promise. The desk raises our errors by itself; an adapter that speaks HTTP turns statuses into
them, in the one place where it makes its calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar

import msgspec

from adapters.memory.desk import DESKS, Desk, LateError, Moment, desk, field_of
from adapters.memory.tickets import ACCOUNT, PRIORITIES, STATUSES
from connector.adapter import (
    LATE_LOOKS,
    Cursor,
    Discovery,
    Field,
    Finding,
    Identity,
    Landed,
    Never,
    NotYet,
    Page,
    Receipt,
    Record,
    Stamp,
    Tools,
    Unknown,
)
from connector.errors import CursorError, GoneError, RejectedError
from connector.model import JSON, Action, ActionKind, Effect, Entry, EntryKind, Role, Visibility

__all__ = ["DESKS", "Adapter", "Desk", "DeskSettings", "LateError", "Moment", "desk"]

_TEXT = ("subject", "text", "requester.id", "requester.name", "requester.address", "requester.language")


class DeskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`desk` names the desk in memory; `page_size` is how many records one call asks for."""

    desk: str
    page_size: int = 100


class Adapter:
    """The adapter for desks in memory. Keeps nothing but what it was given."""

    Settings: ClassVar[type] = DeskSettings
    streams: ClassVar[tuple[str, ...]] = ("tickets", "events")
    can: ClassVar[frozenset[ActionKind]] = frozenset(ActionKind) - {ActionKind.ACKNOWLEDGE, ActionKind.NOTIFY}
    late_looks: ClassVar[tuple[float, ...]] = LATE_LOOKS

    def __init__(self, source: str, settings: DeskSettings, tools: Tools) -> None:
        self._source = source
        self._settings = settings
        self._tools = tools

    def check(self) -> Identity:
        self._desk("about").about()
        return Identity(account=self._settings.desk, actor=ACCOUNT, name="Amends", may=("read", "write"))

    def discover(self) -> Discovery:
        about = self._desk("about").about()
        statuses = tuple((word, word.capitalize()) for word in STATUSES)
        priorities = tuple((word, word.capitalize()) for word in PRIORITIES)
        return Discovery(
            fields=(
                *(Field(name, name.replace(".", " ").capitalize(), "text") for name in _TEXT),
                Field("requester.verified", "Address is verified", "yes_no"),
                Field("requester.time_zone", "Requester time zone", "text"),
                Field("status", "Status", "choice", statuses, writable=True),
                Field("priority", "Priority", "choice", priorities, writable=True),
                Field("labels", "Labels", "labels", writable=True, many=True),
                Field("owner", "Owner", "person", writable=True),
                Field("team", "Team", "choice", writable=True),
                Field("opened_at", "Opened", "time"),
                Field("updated_at", "Last change", "time"),
                *(Field(f"custom:{name}", name.capitalize(), "text", writable=True) for name in about["custom"]),
            ),
            statuses=statuses,
            priorities=priorities,
            groups=tuple((name, name) for name in about["teams"]),
            people=tuple((name, name) for name in about["people"]),
        )

    def start(self, stream: str, since: datetime | None) -> Cursor:
        # The desk's timestamps are whole seconds, so the second that `since` falls into belongs to it.
        return {} if since is None else {"since": since.astimezone(UTC).replace(microsecond=0).isoformat()}

    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        after = _place(stream, cursor)
        since = cursor.get("since")
        more = True
        while more:
            source = self._desk(stream)
            ask = source.changed if stream == "tickets" else source.events
            rows, after, more = ask(after, self._settings.page_size, since)
            since = None
            seen_at = self._tools.now()
            records = [self.read(stream, raw, seen_at) for raw in rows]
            yield Page(records, {"after": after}, end=not more)

    def get(self, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
        for ticket in tickets:
            raw = self._desk("ticket").show(ticket)
            events = self._desk("history").history(ticket)
            seen_at = self._tools.now()
            if raw is None or events is None:
                gone = msgspec.json.encode({"id": ticket, "gone": True})
                yield "tickets", self.read("tickets", gone, seen_at)
                continue
            yield "tickets", self.read("tickets", raw, seen_at)
            for event in events:
                yield "events", self.read("events", event, seen_at)

    def read(self, stream: str, raw: bytes, seen_at: datetime) -> Record:
        sent: JSON = None
        try:
            sent = msgspec.json.decode(raw)
            return _snapshot(sent, raw, seen_at) if stream == "tickets" else _event(sent, raw, seen_at)
        except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            # A record that nobody can read still has to be findable: by its id if it has one, else by its bytes.
            name = str(sent["id"]) if isinstance(sent, dict) and "id" in sent else sha256(raw).hexdigest()[:16]
            ticket = str(sent.get("ticket", name)) if isinstance(sent, dict) else name
            return Record(ticket, name, raw, problem=f"{type(error).__name__}: {error}")

    def prepare(self, action: Action) -> Stamp:
        self._refuse_unable(action)
        if action.effect.create:
            return {"version": 0}
        ticket = self._ticket(action.ticket)
        if ticket is None or ticket["status"] == "deleted":
            raise GoneError("the ticket is gone.", source=self._source, ticket=action.ticket)
        if ticket["status"] == "closed":
            raise RejectedError("the ticket is closed.", source=self._source, ticket=action.ticket)
        if action.kind is ActionKind.UNDO:
            return {"version": ticket["version"], **_taking_back(ticket, action.effect)}
        return {"version": ticket["version"], "undo": _undo(ticket, action.effect)}

    def apply(self, action: Action, stamp: Stamp) -> Receipt:
        self._refuse_unable(action)
        if "already" in stamp:
            return {"already": True}
        answer = self._desk("write", write=True).write(action.ticket, stamp["version"], action.marker, action.effect)
        if action.effect.create:
            return _opened(answer["id"])
        return {"marker": action.marker, "version": answer["version"]}

    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        if "already" in stamp:
            return Landed({"already": True})
        if action.effect.create:
            # The desk opens one ticket for one marker, so a copy may be sent at any time.
            made = self._desk("ticket").opened_by(action.marker)
            return NotYet() if made is None else Landed(_opened(made))
        # The ticket is read before its history, never after. If the version was still the stamped one at the first
        # read, the write may land at any time, and sending it again with that stamp is safe. If it had moved on, no
        # copy can land any more, and all that ever landed is in the history read afterwards. In the other order a
        # write landing between the two reads would look as if it never could, and would be sent a second time.
        ticket = self._ticket(action.ticket)
        events = self._desk("history").history(action.ticket)
        if ticket is None or events is None:
            return Unknown("the ticket and its history were removed for good; nothing is left to look at.")
        if any(msgspec.json.decode(event)["marker"] == action.marker for event in events):
            return Landed({"marker": action.marker, "version": ticket["version"]})
        return NotYet() if ticket["version"] == stamp["version"] else Never()

    def close(self) -> None:
        """Nothing to let go of: a desk in memory has no connections."""

    def _desk(self, endpoint: str, *, write: bool = False) -> Desk:
        """The desk, ready for one call: the budget has counted it and the desk accepted our token."""
        self._tools.budget.take(endpoint, write=write)
        return desk(self._settings.desk).admit(self._tools.credentials.current().get("token"))

    def _ticket(self, ticket: str) -> dict[str, JSON] | None:
        raw = self._desk("ticket").show(ticket)
        return None if raw is None else msgspec.json.decode(raw, type=dict[str, JSON])

    def _refuse_unable(self, action: Action) -> None:
        if action.kind not in self.can:
            raise RejectedError(f"this adapter cannot {action.kind}.", source=self._source, ticket=action.ticket)


def _undo(ticket: dict[str, JSON], effect: Effect) -> dict[str, JSON]:
    """What a later undo has to know: the tags that are new, and [ours, what stands there now] of each field."""
    fields = {name: value for name, value in effect.fill.items() if not field_of(ticket, name)} | effect.fields
    return {
        "tags": sorted(set(effect.tags) - set(ticket["labels"])),
        "fields": {name: [value, field_of(ticket, name)] for name, value in fields.items()},
    }


def _taking_back(ticket: dict[str, JSON], effect: Effect) -> Stamp:
    """Of an undo, what is left because it is not ours any more; "already" where nothing is."""
    off = [tag for tag in effect.untag if tag not in ticket["labels"]]
    changed = [name for name, (ours, _) in effect.restore.items() if field_of(ticket, name) != ours]
    left = {f"label {tag}": "somebody has taken it off already" for tag in off}
    left |= dict.fromkeys(changed, "somebody has changed it since")
    all_left = len(left) == len(effect.untag) + len(effect.restore)
    return {"left": left, **({"already": True} if all_left else {})}


def _opened(ticket: str) -> Receipt:
    return {"ticket": ticket, "key": f"#{ticket}", "url": None}


def _place(stream: str, cursor: Cursor) -> JSON:
    """Where to go on: [version, id] for tickets, a serial number for events, None for the beginning."""
    match stream, cursor.get("after"):
        case _, None:
            return None
        case ("tickets", [int(), str()] as place) | ("events", int() as place):
            return place
    raise CursorError(f"{cursor} is no cursor of the stream {stream!r}.")


def _snapshot(sent: JSON, raw: bytes, seen_at: datetime) -> Record:
    """A ticket as it stands. Its entry is the event that opened it, so that a ticket always has a beginning."""
    if "gone" in sent:
        entry = Entry("~gone", EntryKind.DELETE, seen_at, seen_at, observed=False)
        return Record(sent["id"], sent["id"], raw, entries=(entry,))
    datetime.fromisoformat(sent["updated_at"])
    opened = Entry(
        sent["opening"],
        EntryKind.RECEIVED,
        datetime.fromisoformat(sent["opened_at"]),
        seen_at,
        Role.CUSTOMER,
        sent["requester"]["id"],
        Visibility.PUBLIC,
        sent["text"],
    )
    return Record(sent["id"], sent["id"], raw, sent["version"], sent, (opened,))


def _event(sent: JSON, raw: bytes, seen_at: datetime) -> Record:
    value = sent["value"]
    entry = Entry(
        sent["id"],
        EntryKind(sent["kind"]),
        datetime.fromisoformat(sent["at"]),
        seen_at,
        Role(sent["role"]),
        sent["by"],
        Visibility.PUBLIC if sent["public"] else Visibility.INTERNAL,
        sent["text"],
        value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode(),
        sent["field"],
    )
    return Record(sent["ticket"], sent["id"], raw, entries=(entry,))
