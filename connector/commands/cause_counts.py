"""Trends and corrections in numbers, and what of them waits for a person. Called by `status`
and `trends`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from connector.commands.place import Place
from connector.desks import read_sources_of
from connector.display import clean, count, moment
from connector.errors import SettingsError
from connector.store import Transaction, corrections, trends
from connector.store.corrections import OPEN
from connector.sync.whole_days import whole_days
from connector.trends.life import Level, State

TO_TELL, OVERDUE = "customers to tell", "overdue"


def trends_standing(connection: Transaction) -> dict[str, int]:
    """How many alarms and watches are in each state that is not the end: "alarm, open" …"""
    found = trends.counts(connection)
    return {f"{level}, {state}": number for (level, state), number in found.items() if state != State.CLOSED}


class Waits(msgspec.Struct, frozen=True):
    """The source that keeps trends waiting, and until when it was read to its end; None where it never was."""

    source: str
    since: datetime | None


def waiting_for(place: Place, connection: Transaction) -> Waits | None:
    """None where every day that has ended is known whole, or nothing is counted. Broken settings are for `check` to
    tell: what the store says counts all the same."""
    try:
        settings = place.settings
    except SettingsError:
        return None
    if not settings.trends.views:
        return None
    whole = whole_days(connection, read_sources_of(settings), settings.trends, place.now())
    return None if whole.waits_for is None else Waits(whole.waits_for, whole.since)


def waits_line(waits: Waits) -> str:
    """In one line."""
    read = f"read to its end on {moment(waits.since)}" if waits.since is not None else "never read to its end"
    return f"The next day waits for {clean(waits.source)}: {read}."


def corrections_standing(connection: Transaction, now: datetime) -> dict[str, int]:
    """How many corrections are open, overdue or done and not closed, and how many customers have to be told."""
    found: dict[str, int] = {}
    for one in corrections.going_on(connection):
        late = one.done_at is None and one.due_on is not None and one.due_on < now.date()
        state = "done" if one.done_at else OVERDUE if late else "open"
        found[state] = found.get(state, 0) + 1
    waiting = sum(number for (_, state), number in corrections.tellings(connection).items() if state in OPEN)
    return found | ({TO_TELL: waiting} if waiting else {})


def causes(trending: Mapping[str, int], correcting: Mapping[str, int]) -> Iterator[str]:
    """A sentence for each thing that waits for a person."""
    if alarms := trending.get(f"{Level.ALARM}, {State.OPEN}", 0):
        yield f"{count(alarms, 'alarm')} that nobody has looked at: `amends trends list`, then `amends trends ack`."
    if late := correcting.get(OVERDUE, 0):
        yield f"{count(late, 'correction')} past the day by which the work should be done: `amends corrections list`."
    if waiting := correcting.get(TO_TELL, 0):
        yield f"{count(waiting, 'customer')} to be told that the cause is gone: `amends corrections list`."
