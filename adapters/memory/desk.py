"""A small helpdesk in memory: tickets, the people who work on them, and a ledger of what was done to it from outside.

The memory adapter reads and writes it; tests and the demo play the people and inject the faults. It is the world, not
the adapter: it keeps state, has a clock that only its user moves, and no thread, file or chance in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from heapq import nsmallest
from typing import Any, NamedTuple

import msgspec

from connector.errors import (
    AmendsError,
    AuthError,
    ConflictError,
    CursorError,
    GoneError,
    RejectedError,
    TemporaryError,
)
from connector.model import JSON, Effect, EntryKind, Role

STATUSES = ("new", "open", "pending", "hold", "solved", "closed", "deleted")
PRIORITIES = ("low", "normal", "high", "urgent")
SETTABLE = ("status", "priority", "owner", "team")
REQUESTER = {"id": "c1", "name": "Kim Doe", "address": "kim@example.com", "verified": True, "language": "en"}
OPTIONS: dict[str, tuple[JSON, ...]] = {"status": STATUSES[:-1], "priority": PRIORITIES}
ACCOUNT = "amends"  # the user that writes from outside arrive as
_OWN_KIND = {"status": EntryKind.STATUS, "priority": EntryKind.PRIORITY, "owner": EntryKind.OWNER}


class Moment(StrEnum):
    """Where a desk calls its hook."""

    BEFORE_READ = "before_read"
    BETWEEN_RECORDS = "between_records"
    BEFORE_WRITE = "before_write"
    AFTER_WRITE = "after_write"


class LateError(TemporaryError):
    """Raised by a hook before a write: the caller gives up, and the write stays on its way until `Desk.land`."""


class Batch(NamedTuple):
    """What a listing answers: raw rows, where the next listing goes on, and whether there is more already."""

    rows: list[bytes]
    after: JSON
    more: bool


class Desk:
    """The helpdesk `name`. Timestamps are whole seconds of `now`; `version` counts changes over the whole desk.

    `ledger` lists (ticket, marker, effect) of every write from outside that took effect, oldest first; `late` holds
    writes still on their way. `hook` is called at each `Moment` and may raise what a caller should get, or act as a
    person. `token`, if set, must be shown by callers. `calls` counts requests.
    """

    def __init__(self, name: str, now: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)) -> None:
        self.name = name
        self.now = now
        self.token: str | None = None
        self.hook: Callable[[Moment], None] = lambda moment: None
        self.calls = 0
        self.ledger: list[tuple[str, str, Effect]] = []
        self.late: list[tuple[str, int, str, Effect]] = []
        self._tickets: dict[str, dict[str, JSON]] = {}
        self._events: list[dict[str, JSON]] = []
        self._version = 0
        self._together = False

    # Time, and a look from outside

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def tickets(self) -> list[str]:
        """The ids of all tickets that were not purged, oldest first."""
        return list(self._tickets)

    def look(self, ticket: str) -> dict[str, JSON]:
        """A copy of the ticket as it is; no hook, no call counted. Raises GoneError when it was purged."""
        return deepcopy(self._ticket(ticket))

    def story(self, ticket: str) -> list[dict[str, JSON]]:
        """Copies of the ticket's events, oldest first; no hook, no call counted."""
        return [dict(event) for event in self._events if event["ticket"] == ticket]

    # People at work

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that is done inside is one change: one version, one timestamp, whatever number of tickets."""
        outermost, self._together = not self._together, True
        self._version += outermost
        try:
            yield
        finally:
            self._together = not outermost

    def open(self, subject: str = "Parcel is late", text: str = "Where is it?", **fields: JSON) -> str:
        """A customer opens a ticket; `fields` override the row, e.g. `requester`, `priority`, `labels`. Its id."""
        ticket = str(len({event["ticket"] for event in self._events if event["kind"] == EntryKind.RECEIVED}) + 1)
        row: dict[str, JSON] = {"id": ticket, "subject": subject, "text": text, "status": "new", "priority": "normal"}
        row |= {"owner": None, "team": None, "merged_into": None, "labels": [], "custom": {}}
        row |= {"opened_at": self._stamp(), "requester": REQUESTER}
        self._tickets[ticket] = deepcopy(row | fields)
        self._happen(ticket, EntryKind.RECEIVED, "customer", text=text, public=True)
        self._tickets[ticket]["opening"] = self._events[-1]["id"]
        return ticket

    def customer_message(self, ticket: str, text: str) -> None:
        """The customer writes; a ticket that waited for them, or was solved, opens again."""
        with self.together():
            self._happen(self._living(ticket), EntryKind.CUSTOMER_MESSAGE, "customer", text=text, public=True)
            if self._tickets[ticket]["status"] in ("pending", "solved"):
                self.set(ticket, "status", "open", by="system")

    def staff_reply(self, ticket: str, text: str, by: str = "agent-1") -> None:
        self._happen(self._living(ticket), EntryKind.STAFF_REPLY, by, text=text, public=True)

    def note(self, ticket: str, text: str, by: str = "agent-1", marker: str | None = None) -> None:
        self._happen(self._living(ticket), EntryKind.NOTE, by, text=text, marker=marker)

    def set(self, ticket: str, field: str, value: JSON, by: str = "agent-1", marker: str | None = None) -> None:
        """Set status, priority, owner, team or "custom:NAME"."""
        row = self._tickets[self._living(ticket)]
        if field in SETTABLE:
            row[field] = value
        else:
            row["custom"][field.removeprefix("custom:")] = value
        kind = _OWN_KIND.get(field, EntryKind.FIELD)
        self._happen(ticket, kind, by, value=value, field=field if kind is EntryKind.FIELD else None, marker=marker)

    def label(
        self, ticket: str, add: Iterable[str] = (), remove: Iterable[str] = (), by: str = "agent-1", marker: str = ""
    ) -> None:
        row = self._tickets[self._living(ticket)]
        row["labels"] = sorted({*row["labels"], *add} - set(remove))
        self._happen(ticket, EntryKind.FIELD, by, field="labels", value=" ".join(row["labels"]), marker=marker or None)

    def merge(self, ticket: str, into: str, by: str = "agent-1") -> None:
        with self.together():
            self._tickets[self._living(ticket)]["merged_into"] = into
            self._happen(ticket, EntryKind.MERGE, by, value=into)
            self.set(ticket, "status", "closed", by)

    def delete(self, ticket: str, by: str = "agent-1") -> None:
        """Into the bin: the row stays, with status "deleted", and takes no writes until `restore`."""
        row = self._tickets[self._living(ticket)]
        row["before"], row["status"] = row["status"], "deleted"
        self._happen(ticket, EntryKind.DELETE, by)

    def restore(self, ticket: str, by: str = "agent-1") -> None:
        row = self._ticket(ticket)
        row["status"] = row.pop("before", row["status"])
        self._happen(ticket, EntryKind.RESTORE, by)

    def purge(self, ticket: str) -> None:
        """For good: neither the ticket nor its history can be read any more, and no event tells of it."""
        del self._tickets[ticket]
        self._events = [event if event["ticket"] != ticket else event | {"purged": True} for event in self._events]

    def redact(self, ticket: str, event: str, by: str = "agent-1") -> None:
        """Blank the words of one event (and of the ticket, where the event opened it)."""
        for told in self._events:
            if told["id"] == event and told["ticket"] == ticket:
                told["text"] = ""
                if told["kind"] == EntryKind.RECEIVED:
                    self._ticket(ticket)["text"] = ""
        self._happen(ticket, EntryKind.REDACTION, by, value=event, text="")

    def spoil(self, ticket: str) -> None:
        """From now on the desk sends nonsense as this ticket's time of change, as real ones do now and then."""
        self._ticket(ticket)["spoilt"] = True

    # What a client of this desk can ask

    def admit(self, token: str | None) -> Desk:
        if self.token is not None and token != self.token:
            raise AuthError("the desk does not know this token.", source=self.name, remedy="Renew the token.")
        return self

    def about(self) -> dict[str, list[str]]:
        """The custom fields, teams and people that tickets name."""
        self._asked(Moment.BEFORE_READ)
        rows = self._tickets.values()
        return {
            "custom": sorted({name for row in rows for name in row["custom"]}),
            "teams": sorted({row["team"] for row in rows} - {None}),
            "people": sorted({row["owner"] for row in rows} - {None}),
        }

    def changed(self, after: JSON, limit: int, since: str | None = None) -> Batch:
        """Tickets by (version, id) after that pair: one change may touch many tickets, so the version is not enough.

        With `since` (an ISO time) instead of `after`: from the first change that was made then or later."""
        self._asked(Moment.BEFORE_READ)
        start = (after[0], after[1]) if after else (self._told_before(since)[0], "~")
        self._not_ahead(start[0], self._version)
        waiting = ((row["version"], ticket) for ticket, row in self._tickets.items())
        found = nsmallest(limit + 1, (place for place in waiting if place > start))
        rows = []
        for _, ticket in found[:limit]:
            self.hook(Moment.BETWEEN_RECORDS)
            if ticket in self._tickets:
                rows.append(self._sent(ticket))
        return Batch(rows, list(found[:limit][-1] if found else start), len(found) > limit)

    def events(self, after: JSON, limit: int, since: str | None = None) -> Batch:
        """Events after the given serial number, or since a time, in the order in which they happened."""
        self._asked(Moment.BEFORE_READ)
        start = after or self._told_before(since)[1]
        self._not_ahead(start, len(self._events))
        rows = []
        found = self._events[start : start + limit]
        for event in found:
            self.hook(Moment.BETWEEN_RECORDS)
            if "purged" not in event:
                rows.append(msgspec.json.encode(event))
        end = start + len(found)
        return Batch(rows, end, end < len(self._events))

    def show(self, ticket: str) -> bytes | None:
        """The ticket now, None when there is none."""
        self._asked(Moment.BEFORE_READ)
        return self._sent(ticket) if ticket in self._tickets else None

    def history(self, ticket: str) -> list[bytes] | None:
        """All events of the ticket now, None when there is no such ticket."""
        self._asked(Moment.BEFORE_READ)
        return [msgspec.json.encode(event) for event in self.story(ticket)] if ticket in self._tickets else None

    def write(self, ticket: str, if_version: int, marker: str, effect: Effect) -> dict[str, JSON]:
        """Apply `effect` if the ticket still has `if_version`, and keep `marker` with it. Answers id and version.

        Raises GoneError, RejectedError, ConflictError: nothing was written."""
        try:
            self._asked(Moment.BEFORE_WRITE)
        except LateError:
            self.late.append((ticket, if_version, marker, effect))
            raise
        answer = self._write(ticket, if_version, marker, effect)
        self.hook(Moment.AFTER_WRITE)
        return answer

    def land(self) -> None:
        """The oldest late write arrives and meets the same checks as any other; nobody hears the answer."""
        with suppress(AmendsError):
            self._write(*self.late.pop(0))

    # Within

    def _write(self, ticket: str, if_version: int, marker: str, effect: Effect) -> dict[str, JSON]:
        row = self._tickets[self._living(ticket)]
        self._may_write(row, effect)
        if row["version"] != if_version:
            raise ConflictError(
                f"the ticket is at version {row['version']}, not {if_version}.", source=self.name, ticket=ticket
            )
        with self.together():
            if effect.note is not None:
                self.note(ticket, effect.note, ACCOUNT, marker)
            if effect.tags:
                self.label(ticket, effect.tags, (), ACCOUNT, marker)
            for field, value in effect.fields.items():
                self.set(ticket, field, value, ACCOUNT, marker)
        self.ledger.append((ticket, marker, effect))
        return {"id": ticket, "version": row["version"]}

    def _may_write(self, row: dict[str, JSON], effect: Effect) -> None:
        place: dict[str, Any] = {"source": self.name, "ticket": row["id"]}
        if row["status"] == "closed":
            raise RejectedError("the ticket is closed and takes no more changes.", **place)
        for field, value in effect.fields.items():
            if not (field in SETTABLE or field.startswith("custom:")) or value not in OPTIONS.get(field, (value,)):
                raise RejectedError(f"the field {field!r} does not exist here or cannot be {value!r}.", **place)
        if effect == Effect():
            raise RejectedError("the write would change nothing.", **place)

    def _ticket(self, ticket: str) -> dict[str, JSON]:
        if ticket not in self._tickets:
            raise GoneError("there is no such ticket.", source=self.name, ticket=ticket)
        return self._tickets[ticket]

    def _living(self, ticket: str) -> str:
        if self._ticket(ticket)["status"] == "deleted":
            raise GoneError("the ticket is deleted.", source=self.name, ticket=ticket)
        return ticket

    def _stamp(self) -> str:
        return self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _happen(
        self,
        ticket: str,
        kind: EntryKind,
        by: str,
        *,
        text: str | None = None,
        value: JSON = None,
        field: str | None = None,
        public: bool = False,
        marker: str | None = None,
    ) -> None:
        self._version += not self._together
        role = {"customer": Role.CUSTOMER, "system": Role.SYSTEM, ACCOUNT: Role.AMENDS}.get(by, Role.STAFF)
        row = self._tickets[ticket]
        row["version"], row["updated_at"] = self._version, self._stamp()
        actor = row["requester"]["id"] if role is Role.CUSTOMER else by
        event = {"id": f"{len(self._events) + 1:010d}", "ticket": ticket, "at": row["updated_at"], "kind": kind}
        event |= {"by": actor, "role": role, "public": public, "text": text, "value": value, "field": field}
        self._events.append(event | {"marker": marker, "version": self._version})

    def _sent(self, ticket: str) -> bytes:
        row = self._tickets[ticket]
        return msgspec.json.encode(row | {"updated_at": "soon"} if "spoilt" in row else row)

    def _asked(self, moment: Moment) -> None:
        self.calls += 1
        self.hook(moment)

    def _told_before(self, since: str | None) -> tuple[int, int]:
        """The version and the serial number up to which everything is older than `since`."""
        if since is None:
            return 0, 0
        for serial, event in enumerate(self._events):
            if datetime.fromisoformat(event["at"]) >= datetime.fromisoformat(since):
                return event["version"] - 1, serial
        return self._version, len(self._events)

    def _not_ahead(self, start: int, newest: int) -> None:
        if start > newest:
            raise CursorError(f"the cursor stands at {start}, the desk at {newest}.", source=self.name)


DESKS: dict[str, Desk] = {}


def desk(name: str) -> Desk:
    """The desk of that name, opened on first use; the same one for all who ask, as a real helpdesk is."""
    return DESKS.setdefault(name, Desk(name))
