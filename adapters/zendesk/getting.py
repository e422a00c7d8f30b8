"""The strong read: tickets as they are this moment, with all their audits. Used by the adapter's `get`.

Each ticket's snapshot comes first, then one record for each audit, under the ids that the event export uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from adapters.zendesk import events, tickets
from adapters.zendesk.answers import parsed
from adapters.zendesk.calls import Calls
from adapters.zendesk.listing import pages
from adapters.zendesk.pages import NOTHING, Tickets, kept_event, ticket_records
from adapters.zendesk.people import Roster, who_am_i
from connector.adapter import Record
from connector.errors import AuthError, GoneError, RecordError

MANY = 100


class _Shown(msgspec.Struct, frozen=True):
    ticket: msgspec.Raw
    users: msgspec.Raw = NOTHING


def get(calls: Calls, roster: Roster, wanted: Sequence[str]) -> Iterator[tuple[str, Record]]:
    """(stream, record) pairs. A ticket that Zendesk knows no more is told as gone, once it is certain that we may see
    every ticket; else AuthError, because what we may not see is not gone."""
    ids = list(dict.fromkeys(wanted))
    for odd in (one for one in ids if not one.isdecimal()):
        raise RecordError(f"{odd!r} is no ticket id of Zendesk.", source=calls.source, ticket=odd)
    for begin in range(0, len(ids), MANY):
        some = ids[begin : begin + MANY]
        found = {record.ticket: record for record in _shown(calls, some)}
        for ticket in some:
            yield from _told(calls, roster, ticket, found.get(ticket))


def _shown(calls: Calls, ids: Sequence[str]) -> Sequence[Record]:
    path = "/api/v2/tickets/show_many.json"
    content = calls.get(path, {"ids": ",".join(ids), "include": "users,metric_sets"}).content
    page = parsed(content, Tickets, f"GET {path}", source=calls.source)
    return ticket_records(page, tickets.Seen.when(calls.tools.now()))


def _told(calls: Calls, roster: Roster, ticket: str, record: Record | None) -> Iterator[tuple[str, Record]]:
    try:
        # The list leaves out what it does not show, without a reason; asked for by itself, the ticket gives one.
        snapshot = record or _one(calls, ticket)
        told = [("tickets", snapshot), *(("ticket_events", event) for event in _history(calls, roster, ticket))]
    except GoneError:
        _sees_all(calls, ticket)
        told = [("tickets", tickets.gone(ticket, calls.tools.now()))]
    yield from told


def _one(calls: Calls, ticket: str) -> Record:
    path = f"/api/v2/tickets/{ticket}.json"
    content = calls.get(path, {"include": "users,metric_sets"}, ticket=ticket).content
    shown = parsed(content, _Shown, f"GET {path}", source=calls.source, ticket=ticket)
    return tickets.sent_ticket(shown.ticket, tickets.People(shown.users), {}, tickets.Seen.when(calls.tools.now()))


def _history(calls: Calls, roster: Roster, ticket: str) -> Iterator[Record]:
    path = f"/api/v2/tickets/{ticket}/audits.json"
    for page in pages(calls, path, "audits", ticket=ticket):
        seen_at = calls.tools.now()
        for raw in page:
            yield events.read(kept_event(raw, roster), seen_at)


def _sees_all(calls: Calls, ticket: str) -> None:
    me = who_am_i(calls)
    if me.role != "admin" and me.ticket_restriction is not None:
        raise AuthError(
            f"user {me.id} may not see every ticket, so it cannot be told whether this one is gone.",
            source=calls.source,
            ticket=ticket,
            remedy="Make the integration user an admin.",
        )
