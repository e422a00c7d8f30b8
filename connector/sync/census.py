"""Census: once a day, compare what a source says it has with what is stored, and read what differs.

For sources whose changes can be missed (a search index that lost one) or that never tell of deletions. A listing only
gives the hint; what is missing, older or gone is read strongly, one ticket at a time, before anything is changed.
Called by `schedule` and `amends sync`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from connector.adapter import Counting
from connector.assessment.rules import Rules
from connector.helpdesk import Helpdesk
from connector.store import Store, complaints, links, sources
from connector.sync.page import pull_tickets

log = logging.getLogger("amends")
EVERY = timedelta(days=1)
LOOKS_BACK = timedelta(days=30)
AT_ONCE = 50
# A source that suddenly shows far fewer tickets than it did has lost a permission or its mind, not its tickets.
MOST_MISSING = 20
MOST_MISSING_SHARE = 0.1


class Counted(msgspec.Struct, frozen=True):
    """What a census found. `behind` tickets had changed and were read again, of the `missing` ones (stored, and not
    listed) `gone` are gone for good; with `refused`, too many were missing and none was touched."""

    listed: int = 0
    behind: int = 0
    missing: int = 0
    gone: int = 0
    refused: bool = False


def due(desk: Helpdesk, store: Store, now: datetime) -> bool:
    """Whether the source can be counted, was read to its end once, and was neither counted nor met for a day."""
    if not isinstance(desk.adapter, Counting):
        return False
    with store.read() as connection:
        row = sources.by_name(connection, desk.name)
        read = {stream.name for stream in sources.streams(connection, desk.id) if stream.complete_at is not None}
    if row is None or not read >= set(desk.streams):
        return False
    # At first contact everything is read anyway.
    since = row.counted_at or row.act_from
    return since is None or now - since >= EVERY


def census(
    desk: Helpdesk,
    store: Store,
    rules: Rules,
    *,
    now: Callable[[], datetime],
    believe: bool = False,
    stopping: Callable[[], bool] = lambda: False,
) -> Counted:
    """Compare and repair; with `believe`, also where much is missing, because a person said so.

    Raises what `fetch` and `get` of the adapter raise, FencedError, StoreError.
    """
    at = now()
    since = at - LOOKS_BACK
    with store.read() as connection:
        stored = complaints.standing(connection, desk.id, since)
        unlisted = sources.unlisted_tickets(connection, desk.id)
        # Whoever waits for a corrective ticket hears of it also where this source does not list it.
        behind = links.unfinished(connection, desk.id)
    listed = 0
    again: list[str] = []
    assert isinstance(desk.adapter, Counting), "`due` says that it can"
    for some in desk.adapter.census(since):
        if stopping():
            return Counted(listed)
        listed += len(some)
        again += [ticket for ticket, _ in some if ticket in unlisted]
        behind += _behind(desk, store, stored, some)
    missing = [ticket for ticket in stored if ticket not in unlisted]
    for tickets in _portions(behind):
        if stopping():
            return Counted(listed)
        pull_tickets(desk, tickets, store, rules, now=now)
    result = Counted(listed, len(behind), len(missing))
    if not believe and len(missing) > max(MOST_MISSING, MOST_MISSING_SHARE * (len(missing) + listed)):
        return _refused(desk, store, result, missing[:MOST_MISSING], at)
    for tickets in _portions(missing):
        if stopping():
            return result
        pull_tickets(desk, tickets, store, rules, now=now)
    with store.read() as connection:
        left = complaints.standing(connection, desk.id, since)
    result = msgspec.structs.replace(result, gone=sum(ticket not in left for ticket in missing))
    there = _shown(desk, [ticket for ticket in missing if ticket in left])
    with store.write("census: done") as connection:
        sources.counted(connection, desk.id, at)
        sources.listed_again(connection, desk.id, again)
        sources.not_listed(connection, desk.id, there)
        if result.behind or result.gone:
            detail = msgspec.to_builtins(result)
            sources.log(connection, at, "amends", "census", source=desk.name, detail=detail)
    return result


def _behind(desk: Helpdesk, store: Store, stored: dict[str, int], some: Sequence[tuple[str, int]]) -> list[str]:
    """Those of `some` that are stored older, as deleted, or not at all; all of them are taken out of `stored`."""
    unequal = {ticket: version for ticket, version in some if stored.pop(ticket, -1) < version}
    with store.read() as connection:
        # What is finished and old here may be listed there all the same.
        known = complaints.versions(connection, desk.id, list(unequal))
    return [ticket for ticket, version in unequal.items() if known.get(ticket, -1) < version]


def _shown(desk: Helpdesk, tickets: Sequence[str]) -> set[str]:
    """Those of `tickets` that a strong read shows; of one that we may not see now, nobody knows whether it is there."""
    return {record.ticket for _, record in desk.adapter.get(tickets) if record.fields is not None} if tickets else set()


def _refused(desk: Helpdesk, store: Store, result: Counted, sample: Sequence[str], at: datetime) -> Counted:
    """Take nothing for gone; but what a look at a `sample` shows to be there need not be missed again, so that a source
    which never lists some of its tickets is not refused for ever."""
    result = msgspec.structs.replace(result, refused=True)
    there = _shown(desk, sample)
    log.warning(
        "%s: %d of its tickets are suddenly not listed any more, so nothing was taken for deleted. See what we may "
        "read there; if they were really deleted, `amends sync %s --census` believes it.",
        desk.name,
        result.missing,
        desk.name,
    )
    with store.write("census: refused") as connection:
        sources.counted(connection, desk.id, at)
        sources.not_listed(connection, desk.id, there)
        sources.log(connection, at, "amends", "census: refused", source=desk.name, detail=msgspec.to_builtins(result))
    return result


def _portions(tickets: Sequence[str]) -> list[Sequence[str]]:
    return [tickets[start : start + AT_ONCE] for start in range(0, len(tickets), AT_ONCE)]
