"""Whether we were at fault before a customer came back: a broken promise, a missed target, a resolution that did not
hold; pure. Called by `amends people repeats` and where it is proposed to talk about somebody's conduct.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connector.model import Clock, ClockState, Flag
from connector.people.repeats import REOPENED

_LATE = (ClockState.BREACHED, ClockState.MISSED)


class Fault(msgspec.Struct, frozen=True):
    """What we had done wrong, in words, and at which complaint ("source/ticket")."""

    case: str
    why: str


def first_fault(flag: Flag, clocks: Iterable[tuple[str, Clock]]) -> Fault | None:
    """Our first fault in the cases of a repeat `flag` before the customer came back (`flag.since`); None if we had made
    none. `clocks` come with their case."""
    late = [
        (clock.breached_at, case, clock)
        for case, clock in clocks
        if clock.state in _LATE and clock.breached_at is not None and clock.breached_at <= flag.since
    ]
    if late:
        _, case, clock = min(late, key=lambda one: (one[0], one[1]))
        what = "a promise was broken" if clock.kind == "promise" else f"{clock.kind.replace('_', ' ')} came too late"
        return Fault(case, what)
    if flag.rule == REOPENED:
        return Fault(flag.cases[-1], "a resolution did not hold")
    return None


def share(faults: Iterable[Fault | None]) -> tuple[int, int]:
    """(how many had a fault of ours first, how many in all)."""
    found = list(faults)
    return sum(one is not None for one in found), len(found)
