"""Which complaints of the demo show something about clocks, to be explained afterwards. Called by `ending`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from connector.clocks.promises.standing import PROMISE
from connector.clocks.regulation import REGULATION
from connector.model import Clock, ClockState
from connector.store.complaints import Stored

MOST_DAYS = timedelta(days=6)


def worth_a_look(tickets: Iterable[Stored]) -> Iterator[tuple[str, str]]:
    """(complaint, what its clocks show), one for each thing that some complaint shows."""
    ordered = sorted(tickets, key=lambda one: (one.source, len(one.ticket), one.ticket))
    taken: set[str] = set()
    for words, shows in SHOWN:
        for one in ordered:
            name = f"{one.source}/{one.ticket}"
            if name not in taken and any(shows(clock) for clock in one.assessed.clocks):
                taken.add(name)
                yield name, words
                break


def _over_the_week_end(clock: Clock) -> bool:
    """Begun on the Friday before the clocks change, breached after it."""
    breached = clock.breached_at
    return (
        breached is not None
        and (clock.started_at.weekday(), breached.weekday()) == (4, 0)
        and breached - clock.started_at < MOST_DAYS
    )


def _stood_still(clock: Clock) -> bool:
    return clock.state is ClockState.PAUSED


def _regulated(clock: Clock) -> bool:
    return clock.kind.startswith(REGULATION) and clock.state is ClockState.RUNNING


def _kept(clock: Clock) -> bool:
    return clock.kind == PROMISE and clock.state is ClockState.MET


def _broken(clock: Clock) -> bool:
    return clock.kind == PROMISE and clock.breached_at is not None


SHOWN: tuple[tuple[str, Callable[[Clock], bool]], ...] = (
    ("overdue over the week-end on which summer time begins", _over_the_week_end),
    ("a clock that stands still while the customer is asked", _stood_still),
    ("a regulator's deadline beside the SLA", _regulated),
    ("a date that a customer was promised, and that was kept", _kept),
    ("one that was broken", _broken),
)
