"""Trends and corrections in numbers, and what of them waits for a person. Called by `status`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from connector.display import count
from connector.store import Transaction, corrections, trends
from connector.store.corrections import OPEN
from connector.trends.life import Level, State

TO_TELL, OVERDUE = "customers to tell", "overdue"


def trends_standing(connection: Transaction) -> dict[str, int]:
    """How many alarms and watches are in each state that is not the end: "alarm, open" …"""
    found = trends.counts(connection)
    return {f"{level}, {state}": number for (level, state), number in found.items() if state != State.CLOSED}


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
