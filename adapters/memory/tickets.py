"""The tickets of a helpdesk in memory, and the people who work on them: every change is an event and a new version.

The half of a `Desk` that tests and the demo play on. It has a clock that only its user moves, and no chance in it.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta

from connector.errors import GoneError
from connector.model import JSON, EntryKind, Role

STATUSES = ("new", "open", "pending", "hold", "solved", "closed", "deleted")
PRIORITIES = ("low", "normal", "high", "urgent")
SETTABLE = ("status", "priority", "owner", "team")
REQUESTER = {"id": "c1", "name": "Kim Doe", "address": "kim@example.com", "verified": True, "language": "en"}
AGENT = "agent-1"
ACCOUNT = "amends"  # the user that writes from outside arrive as
_ROLES = {"customer": Role.CUSTOMER, "system": Role.SYSTEM, ACCOUNT: Role.AMENDS}
_KINDS = {"status": EntryKind.STATUS, "priority": EntryKind.PRIORITY, "owner": EntryKind.OWNER}


class Tickets:
    """Timestamps are whole seconds of `now`, so ties are common; a version counts changes over all tickets.

    Whoever works on a ticket that is deleted or was purged gets GoneError.
    """

    def __init__(self, name: str, now: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)) -> None:
        self.name = name
        self.now = now
        self._rows: dict[str, dict[str, JSON]] = {}
        self._events: list[dict[str, JSON]] = []
        self._stories: dict[str, list[dict[str, JSON]]] = {}
        self._places: list[tuple[int, str]] = []  # (version, ticket) of every change, in order; old ones stay
        self._opened = 0
        self._version = 0
        self._together = False

    # Time, and a look from outside

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def tickets(self) -> list[str]:
        """The ids of all tickets that were not purged, oldest first."""
        return list(self._rows)

    def look(self, ticket: str) -> dict[str, JSON]:
        """A copy of the ticket as it is. Raises GoneError when it was purged."""
        return deepcopy(self._row(ticket))

    def story(self, ticket: str) -> list[dict[str, JSON]]:
        """Copies of the ticket's events, oldest first."""
        return [dict(event) for event in self._stories.get(ticket, ())]

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
        self._opened += 1
        ticket = str(self._opened)
        row: dict[str, JSON] = {"id": ticket, "subject": subject, "text": text, "status": "new", "priority": "normal"}
        row |= {"owner": None, "team": None, "merged_into": None, "labels": [], "custom": {}}
        row |= {"opened_at": self._stamp(), "opening": f"{len(self._events) + 1:010d}", "requester": REQUESTER}
        self._rows[ticket] = row = deepcopy(row | fields)
        with self.together():
            self._happen(ticket, EntryKind.RECEIVED, "customer", text=text, public=True)
            for field, kind in _KINDS.items():
                if row[field] is not None:
                    self._happen(ticket, kind, "system", value=row[field])
        return ticket

    def customer_message(self, ticket: str, text: str) -> None:
        """The customer writes; a ticket that waited for them, or was solved, opens again."""
        with self.together():
            self._happen(self._living(ticket), EntryKind.CUSTOMER_MESSAGE, "customer", text=text, public=True)
            if self._rows[ticket]["status"] in ("pending", "solved"):
                self.set(ticket, "status", "open", by="system")

    def staff_reply(self, ticket: str, text: str, by: str = AGENT) -> None:
        self._happen(self._living(ticket), EntryKind.STAFF_REPLY, by, text=text, public=True)

    def rate(self, ticket: str, value: str, text: str | None = None) -> None:
        """The customer answers the desk's own survey: "good", "bad", or 1 to 5."""
        self._happen(self._living(ticket), EntryKind.RATING, "customer", text=text, value=value)

    def note(self, ticket: str, text: str, by: str = AGENT, marker: str | None = None) -> None:
        self._happen(self._living(ticket), EntryKind.NOTE, by, text=text, marker=marker)

    def set(self, ticket: str, field: str, value: JSON, by: str = AGENT, marker: str | None = None) -> None:
        """Set status, priority, owner, team or "custom:NAME"."""
        row = self._rows[self._living(ticket)]
        if field in SETTABLE:
            row[field] = value
        else:
            row["custom"][field.removeprefix("custom:")] = value
        kind = _KINDS.get(field, EntryKind.FIELD)
        self._happen(ticket, kind, by, value=value, field=field if kind is EntryKind.FIELD else None, marker=marker)

    def label(self, ticket: str, add: Iterable[str], by: str = AGENT, marker: str | None = None) -> None:
        row = self._rows[self._living(ticket)]
        self._relabel(ticket, {*row["labels"], *add}, by, marker)

    def unlabel(self, ticket: str, remove: Iterable[str], by: str = AGENT) -> None:
        row = self._rows[self._living(ticket)]
        self._relabel(ticket, set(row["labels"]) - set(remove), by, None)

    def merge(self, ticket: str, into: str, by: str = AGENT) -> None:
        with self.together():
            self._rows[self._living(ticket)]["merged_into"] = into
            self._happen(ticket, EntryKind.MERGE, by, value=into)
            self.set(ticket, "status", "closed", by)

    def delete(self, ticket: str, by: str = AGENT) -> None:
        """Into the bin: the row stays, with status "deleted", and takes no writes until `restore`."""
        row = self._rows[self._living(ticket)]
        row["before"], row["status"] = row["status"], "deleted"
        self._happen(ticket, EntryKind.DELETE, by)

    def restore(self, ticket: str, by: str = AGENT) -> None:
        row = self._row(ticket)
        row["status"] = row.pop("before", row["status"])
        self._happen(ticket, EntryKind.RESTORE, by)

    def purge(self, ticket: str) -> None:
        """For good: neither the ticket nor its history can be read any more, and no event tells of it."""
        del self._rows[self._row(ticket)["id"]]
        for event in self._stories.pop(ticket):
            event["purged"] = True

    def redact(self, ticket: str, event: str, by: str = AGENT) -> None:
        """Blank the words of the event with that id (and of the ticket, where the event opened it)."""
        row = self._row(ticket)
        for told in self._stories[ticket]:
            if told["id"] == event:
                told["text"] = ""
        if row["opening"] == event:
            row["text"] = ""
        self._happen(ticket, EntryKind.REDACTION, by, value=event, text="")

    def spoil(self, ticket: str) -> None:
        """From now on the desk sends nonsense as this ticket's time of change, as real ones do now and then."""
        self._row(ticket)["spoilt"] = True

    # Within

    def _row(self, ticket: str) -> dict[str, JSON]:
        if ticket not in self._rows:
            raise GoneError("there is no such ticket.", source=self.name, ticket=ticket)
        return self._rows[ticket]

    def _living(self, ticket: str) -> str:
        if self._row(ticket)["status"] == "deleted":
            raise GoneError("the ticket is deleted.", source=self.name, ticket=ticket)
        return ticket

    def _relabel(self, ticket: str, labels: Iterable[str], by: str, marker: str | None) -> None:
        self._rows[ticket]["labels"] = sorted(labels)
        value = " ".join(self._rows[ticket]["labels"])
        self._happen(ticket, EntryKind.FIELD, by, field="labels", value=value, marker=marker)

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
        row = self._rows[ticket]
        if row.get("version") != self._version:
            insort(self._places, (self._version, ticket))
        row["version"], row["updated_at"] = self._version, self._stamp()
        role = _ROLES.get(by, Role.STAFF)
        event = {"id": f"{len(self._events) + 1:010d}", "ticket": ticket, "at": row["updated_at"], "kind": kind}
        event |= {"by": row["requester"]["id"] if role is Role.CUSTOMER else by, "role": role, "public": public}
        event |= {"text": text, "value": value, "field": field, "marker": marker, "version": self._version}
        self._events.append(event)
        self._stories.setdefault(ticket, []).append(event)
