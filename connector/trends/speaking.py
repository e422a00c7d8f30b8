"""What a trend means for one complaint in it: the flag by which policy speaks. Called by `assessment`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from connector.model import Flag, FlagKind
from connector.trends.life import SPEAKING, Level, Trend
from connector.trends.views import Counted, pairs_of

RULE = "trend"
# A note is read by people and rules that trust it; a value may be what somebody typed.
_PLAIN = re.compile(r"[^\W_][\w &./-]{0,39}")


class Alive(msgspec.Struct, frozen=True):
    """A trend that is not over, by its number. `lead` is the complaint ("source/ticket") that speaks for all where
    something is done once, such as opening a corrective ticket; None while there is none."""

    number: int
    trend: Trend
    lead: str | None = None

    @property
    def episode(self) -> str:
        return f"{RULE}#{self.number}"


def flags(counted: Counted | None, opened_at: datetime, alive: Iterable[Alive]) -> tuple[Flag, ...]:
    """The TREND flags of a complaint: one for each alarm that goes on in one of its cells, since both are there."""
    if counted is None:
        return ()
    return tuple(
        Flag(
            FlagKind.TREND,
            RULE,
            one.episode,
            max(opened_at, one.trend.raised_at or opened_at),
            why(one.trend),
            (one.lead,) if one.lead else (),
        )
        for one in alive
        if one.trend.level is Level.ALARM
        and one.trend.state in SPEAKING
        and one.trend.cell in counted.cells
        and counted.day >= one.trend.started_on
    )


def why(trend: Trend) -> str:
    """The trend in a sentence: "9 people in 14 days told of delivery, carrier, where 0.6 were to be expected." """
    judged = trend.judged
    return (
        f"{judged.people} people in {judged.window_days} days told of {words(trend.cell)}, where {judged.expected:.1f} "
        f"were to be expected; it is likely to have begun on {trend.started_on.isoformat()}."
    )


def words(cell: str) -> str:
    """The values of a cell, for a note."""
    said = [value.replace("_", " ") for _, value in pairs_of(cell) if _PLAIN.fullmatch(value)]
    return ", ".join(said) or "the same thing"
