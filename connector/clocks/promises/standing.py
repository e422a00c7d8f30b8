"""What became of promises, in a word each, so that they can be counted. Called by `store`, `status` and the demo."""

from __future__ import annotations

from collections.abc import Iterable

from connector.model import Clock, ClockState

PROMISE = "promise"  # the kind of its clock
RENEGOTIATED = "renegotiated"  # the cause of an end
KEPT, BROKEN, OPEN, UNSURE = "kept", "broken", "open", "unsure"


def standing_of(clock: Clock) -> str | None:
    """KEPT, BROKEN, RENEGOTIATED or still OPEN; None where it was withdrawn, or is no promise."""
    if clock.kind != PROMISE:
        return None
    if clock.breached_at is not None:
        return BROKEN
    if clock.state is ClockState.CANCELLED:
        return RENEGOTIATED if clock.cause == RENEGOTIATED else None
    return KEPT if clock.state is ClockState.MET else OPEN


def words_of(clocks: Iterable[Clock], unsure: int) -> list[str]:
    """A word for each promise among `clocks` that was not withdrawn, and for each that a person has to decide about."""
    return [*sorted(word for clock in clocks if (word := standing_of(clock))), *[UNSURE] * unsure]
