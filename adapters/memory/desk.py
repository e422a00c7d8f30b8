"""A small helpdesk in memory as its clients see it: listings, strong reads, guarded writes, and a ledger of effects.

The memory adapter reads and writes it; tests and the demo play the people (`tickets`) and inject the faults. It is the
world, not the adapter: it keeps state, and has no thread, file or chance in it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from adapters.memory.tickets import ACCOUNT, PRIORITIES, SETTABLE, STATUSES, Tickets
from connector.errors import AmendsError, AuthError, ConflictError, CursorError, RejectedError, TemporaryError
from connector.model import JSON, Effect

_OPTIONS: dict[str, tuple[JSON, ...]] = {"status": STATUSES[:-1], "priority": PRIORITIES}


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


class Desk(Tickets):
    """The helpdesk `name`. What a method here does is a request, counted in `calls`.

    `ledger` lists (ticket, marker, effect) of every write from outside that took effect, oldest first; `late` holds
    writes still on their way; `opened` names by marker the ticket that a write has opened. `hook` is called at each
    `Moment` and may raise what a caller should get, or act as a person. `token`, if set, must be shown by callers.
    """

    def __init__(self, name: str, now: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)) -> None:
        super().__init__(name, now)
        self.token: str | None = None
        self.hook: Callable[[Moment], None] = lambda moment: None
        self.calls = 0
        self.ledger: list[tuple[str, str, Effect]] = []
        self.late: list[tuple[str, int, str, Effect]] = []
        self.opened: dict[str, str] = {}

    def admit(self, token: str | None) -> Desk:
        """The desk itself, for a caller with the right token. Raises AuthError."""
        if self.token is not None and token != self.token:
            raise AuthError("the desk does not know this token.", source=self.name, remedy="Renew the token.")
        return self

    def about(self) -> dict[str, list[str]]:
        """The custom fields, teams and people that tickets name."""
        self._asked(Moment.BEFORE_READ)
        rows = self._rows.values()
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
        later = range(bisect_right(self._places, start), len(self._places))
        newest = (self._places[index] for index in later if self._is_newest(self._places[index]))
        found = list(islice(newest, limit + 1))
        rows = []
        for _, ticket in found[:limit]:
            self.hook(Moment.BETWEEN_RECORDS)
            if ticket in self._rows:
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
        return self._sent(ticket) if ticket in self._rows else None

    def history(self, ticket: str) -> list[bytes] | None:
        """All events of the ticket now, None when there is no such ticket."""
        self._asked(Moment.BEFORE_READ)
        return [msgspec.json.encode(event) for event in self._stories[ticket]] if ticket in self._rows else None

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

    def opened_by(self, marker: str) -> str | None:
        """The ticket that a write with this marker has opened."""
        self._asked(Moment.BEFORE_READ)
        return self.opened.get(marker)

    def land(self) -> None:
        """The oldest late write arrives and meets the same checks as any other; nobody hears the answer."""
        with suppress(AmendsError):
            self._write(*self.late.pop(0))

    def _write(self, ticket: str, if_version: int, marker: str, effect: Effect) -> dict[str, JSON]:
        if effect.create:
            return self._open(marker, effect)
        row = self._rows[self._living(ticket)]
        self._may_write(row, effect)
        if row["version"] != if_version:
            raise ConflictError(
                f"the ticket is at version {row['version']}, not {if_version}.", source=self.name, ticket=ticket
            )
        with self.together():
            if effect.note is not None:
                self.note(ticket, effect.note, ACCOUNT, marker)
            if effect.tags:
                self.label(ticket, effect.tags, ACCOUNT, marker)
            empty = {field: value for field, value in effect.fill.items() if not field_of(row, field)}
            for field, value in (empty | effect.fields | self._back(row, effect)).items():
                self.set(ticket, field, value, ACCOUNT, marker)
            if worn := set(effect.untag) & set(row["labels"]):
                self._relabel(ticket, set(row["labels"]) - worn, ACCOUNT, marker)
        self.ledger.append((ticket, marker, effect))
        return {"id": ticket, "version": row["version"]}

    def _back(self, row: dict[str, JSON], effect: Effect) -> dict[str, JSON]:
        """The fields that still hold what an undo is to take back."""
        return {name: before for name, (ours, before) in effect.restore.items() if field_of(row, name) == ours}

    def _open(self, marker: str, effect: Effect) -> dict[str, JSON]:
        """A marker opens one ticket; a copy of the write gets that one."""
        if marker not in self.opened:
            fields = {name: value for name, value in effect.create.items() if name in SETTABLE}
            ours = {"id": ACCOUNT, "name": "Amends", "address": None, "verified": False}
            subject, text = (str(effect.create.get(name, "")) for name in ("summary", "description"))
            ticket = self.open(subject, text, labels=sorted(effect.tags), requester=ours, **fields)
            self.opened[marker] = ticket
            self.ledger.append((ticket, marker, effect))
        ticket = self.opened[marker]
        return {"id": ticket, "version": self._row(ticket)["version"]}

    def _may_write(self, row: dict[str, JSON], effect: Effect) -> None:
        place: dict[str, Any] = {"source": self.name, "ticket": row["id"]}
        if row["status"] == "closed":
            raise RejectedError("the ticket is closed and takes no more changes.", **place)
        for field, value in (effect.fill | effect.fields).items():
            if not (field in SETTABLE or field.startswith("custom:")) or value not in _OPTIONS.get(field, (value,)):
                raise RejectedError(f"the field {field!r} does not exist here or cannot be {value!r}.", **place)
        if effect == Effect():
            raise RejectedError("the write would change nothing.", **place)

    def _sent(self, ticket: str) -> bytes:
        row = self._rows[ticket]
        return msgspec.json.encode(row | {"updated_at": "soon"} if "spoilt" in row else row)

    def _asked(self, moment: Moment) -> None:
        self.calls += 1
        self.hook(moment)

    def _is_newest(self, place: tuple[int, str]) -> bool:
        version, ticket = place
        return ticket in self._rows and self._rows[ticket]["version"] == version

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


def field_of(row: dict[str, JSON], field: str) -> JSON:
    """What a field of a ticket holds."""
    return row[field] if field in SETTABLE else row["custom"].get(field.removeprefix("custom:"))


DESKS: dict[str, Desk] = {}


def desk(name: str) -> Desk:
    """The desk of that name, opened on first use; the same one for all who ask, as a real helpdesk is."""
    return DESKS.setdefault(name, Desk(name))
