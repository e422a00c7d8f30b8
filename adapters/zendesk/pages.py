"""The exports, page by page: tickets by cursor, ticket events (and other rows) by time. One request a page. Used by the
adapter and by `metric_events`.

https://developer.zendesk.com/documentation/ticketing/managing-tickets/using-the-incremental-export-api
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar, overload

import msgspec

from adapters.zendesk import events, tickets
from adapters.zendesk.answers import parsed
from adapters.zendesk.calls import Calls
from adapters.zendesk.people import Roster
from adapters.zendesk.values import loaded, number
from connector.adapter import Cursor, Page, Record
from connector.errors import CursorError, TemporaryError
from connector.model import JSON

TICKETS = "/api/v2/incremental/tickets/cursor.json"
EVENTS = "/api/v2/incremental/ticket_events.json"
HELD_BACK = timedelta(seconds=61)  # a start within the last minute is refused
NOTHING = msgspec.Raw(b"")
SKEW = timedelta(hours=1)  # a clock further off than this is no clock
log = logging.getLogger("amends.zendesk")


class Tickets(msgspec.Struct, frozen=True, kw_only=True):
    """Tickets with their sideloads; what stands in a ticket is looked at one by one."""

    tickets: list[msgspec.Raw]
    users: msgspec.Raw = NOTHING
    metric_sets: msgspec.Raw = NOTHING


class TicketPage(Tickets, frozen=True, kw_only=True):
    """A page of the ticket export."""

    end_of_stream: bool
    after_cursor: str | None = None


class EventPage(msgspec.Struct, frozen=True):
    ticket_events: list[msgspec.Raw]
    end_of_stream: bool
    end_time: int | None = None


class TimedPage(Protocol):
    """A page of an export by time; `end_time` is the second that it reached."""

    @property
    def end_of_stream(self) -> bool: ...

    @property
    def end_time(self) -> int | None: ...


T = TypeVar("T", bound=msgspec.Struct)
Timed = TypeVar("Timed", bound=TimedPage)


def ticket_pages(calls: Calls, cursor: Cursor) -> Iterator[Page]:
    """Pages of the stream "tickets" after `cursor`: {"cursor": …} as Zendesk gave it, or {"start_time": Unix seconds}.

    Only `end_of_stream` ends the read: a cursor comes with the last page too, and is where the next read begins.
    Links are not followed, so that our credentials go to no host but the configured one."""
    passed: set[str] = set()
    while True:
        page = _ticket_page(calls, cursor)
        if _stands_still(page, cursor, passed):
            # A cache on the way may have served the page before this one again; twice in a row is a circle.
            page = _ticket_page(calls, cursor)
            if _stands_still(page, cursor, passed):
                raise CursorError(f"the export runs in a circle at {page.after_cursor!r}.", source=calls.source)
        if page.after_cursor is not None:
            passed.add(page.after_cursor)
            cursor = {"cursor": page.after_cursor}
        elif not page.end_of_stream:
            raise TemporaryError("the export broke off: no cursor, and no end either.", source=calls.source)
        records, ended = ticket_records(page, tickets.Seen.when(calls.tools.now())), page.end_of_stream
        del page  # megabytes, which would else be held while the next page comes
        yield Page(records, cursor, ended)
        del records
        if ended:
            return


def _stands_still(page: TicketPage, cursor: Cursor, passed: set[str]) -> bool:
    known = page.after_cursor is not None and page.after_cursor in {*passed, cursor.get("cursor")}
    return known and not page.end_of_stream


def _ticket_page(calls: Calls, cursor: Cursor) -> TicketPage:
    asked: dict[str, JSON] = {"per_page": calls.page_size, "include": "users,metric_sets"}
    token = cursor.get("cursor")
    if isinstance(token, str):
        _refuse_future(calls, token)
        asked["cursor"] = token
    else:
        asked["start_time"] = _start_time(calls, cursor)
    try:
        page = page_of(calls.get(TICKETS, asked).content, TicketPage, TICKETS, calls.source)
    except TemporaryError as error:
        # The page may be too large or take too long; a refusal by a limit, which did nothing, says no such thing.
        if error.applied is None:
            calls.page_size = max(1, calls.page_size // 2)
        raise
    calls.page_size = min(calls.settings.page_size, calls.page_size * 2)
    return page


class SentTickets(Sequence[Record]):
    """The records of a page, each decoded when it is asked for and not kept: a page of decoded tickets is megabytes."""

    def __init__(self, page: Tickets, seen: tickets.Seen) -> None:
        self._raws = page.tickets
        self._people = tickets.People(page.users)
        self._metrics = _metrics(page.metric_sets)
        self._seen = seen

    def __len__(self) -> int:
        return len(self._raws)

    def __iter__(self) -> Iterator[Record]:
        return map(self._record, self._raws)

    @overload
    def __getitem__(self, at: int) -> Record: ...

    @overload
    def __getitem__(self, at: slice) -> list[Record]: ...

    def __getitem__(self, at: int | slice) -> Record | list[Record]:
        if isinstance(at, slice):
            return [self._record(raw) for raw in self._raws[at]]
        return self._record(self._raws[at])

    def _record(self, raw: msgspec.Raw) -> Record:
        return tickets.sent_ticket(raw, self._people, self._metrics, self._seen)


def ticket_records(page: Tickets, seen: tickets.Seen) -> Sequence[Record]:
    return SentTickets(page, seen)


def _metrics(sent: msgspec.Raw) -> dict[int, msgspec.Raw]:
    """Metric sets by ticket, for answers that have them beside the tickets and not inside."""
    if not sent:
        return {}
    found = {}
    for raw in parsed(bytes(sent), list[msgspec.Raw], "metric_sets"):
        metric = loaded(raw)
        ticket = number(metric.get("ticket_id")) if isinstance(metric, dict) else None
        if ticket is not None:
            found[ticket] = raw
    return found


def event_pages(calls: Calls, roster: Roster, cursor: Cursor) -> Iterator[Page]:
    """Pages of the stream "ticket_events" after `cursor`: {"start_time": Unix seconds}."""

    def asked(start: int) -> EventPage:
        content = calls.get(EVENTS, {"start_time": start, "include": "comment_events"}).content
        return page_of(content, EventPage, EVENTS, calls.source)

    def records(page: EventPage, seen_at: datetime) -> Sequence[Record]:
        return [events.read(kept_event(raw, roster), seen_at) for raw in page.ticket_events]

    return timed_pages(calls, cursor, asked, records)


def timed_pages(
    calls: Calls,
    cursor: Cursor,
    asked: Callable[[int], Timed],
    records: Callable[[Timed, datetime], Sequence[Record]],
) -> Iterator[Page]:
    """Pages of an export by time after `cursor`: {"start_time": Unix seconds}. `asked` gets the page from a second on,
    `records` makes records of it as seen at an instant.

    A page begins with the second at which the last one ended, so its first rows may be known already. A second with
    more rows than a page holds gives itself back for ever; then the read goes on at the next second, as the vendor
    advises, and says so in the log: rows of that second may be missing."""
    while True:
        start = _start_time(calls, cursor)
        page = asked(start)
        if _no_further(page, start):
            page = asked(start)
        reached: int = cursor.get("start_time", start) if page.end_time is None else page.end_time
        if _no_further(page, start):
            log.warning("%s: more events in second %d than a page holds; some may be missing", calls.source, start)
            reached = start + 1
        # Asking a little earlier than we were is no step back.
        cursor = {"start_time": max(reached, cursor.get("start_time", reached))}
        yield Page(records(page, calls.tools.now()), cursor, page.end_of_stream)
        if page.end_of_stream:
            return


def _no_further(page: TimedPage, start: int) -> bool:
    return not page.end_of_stream and (page.end_time is None or page.end_time <= start)


def kept_event(raw: msgspec.Raw, roster: Roster) -> bytes:
    """An event (or audit) as it is kept: with the roles of those in it."""
    try:
        roles = roster.roles(loaded(raw))
    except ValueError:
        roles = {}
    return b"".join((b'{"event":', raw, b',"roles":', msgspec.json.encode(roles), b"}"))


def page_of(content: bytes, kind: type[T], path: str, source: str) -> T:
    """The page, also where a single record in it holds what strict JSON forbids (NaN, half a character)."""
    try:
        return parsed(content, kind, f"GET {path}", source=source)
    except TemporaryError:
        try:
            mended = msgspec.json.encode(loaded(content))
        except ValueError:
            mended = b""
        if not mended:
            raise
        return parsed(mended, kind, f"GET {path}", source=source)


def _start_time(calls: Calls, cursor: Cursor) -> int:
    start = cursor.get("start_time", 0)
    if isinstance(start, bool) or not isinstance(start, int) or start < 0:
        raise CursorError(f"{cursor} is no cursor of this stream.", source=calls.source)
    now = calls.tools.now()
    if start > (now + SKEW).timestamp():
        raise CursorError(f"the cursor stands in the future, at {start}.", source=calls.source)
    return min(start, int((now - HELD_BACK).timestamp()))


def _refuse_future(calls: Calls, token: str) -> None:
    """A cursor tells, in base64, at which second it stands ("1695062724.0||1571|"); one that does not is not judged."""
    try:
        second = float(base64.b64decode(token, validate=True).partition(b"|")[0])
    except ValueError:
        return
    if second > (calls.tools.now() + SKEW).timestamp():
        raise CursorError(f"the cursor stands in the future, at {second:.0f}.", source=calls.source)
