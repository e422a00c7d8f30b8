"""Did a correction help? The rate after it, held against the rate while the cause was there. Called weeks later."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from connector.trends.window import chance

CERTAIN = 0.05


class Verdict(StrEnum):
    """`fell`: too few came for the old rate; `rose`: too many; `unclear`: neither, so nobody can say that it helped."""

    FELL = "fell"
    ROSE = "rose"
    UNCLEAR = "unclear"


class Effect(msgspec.Struct, frozen=True):
    """People before and after, each in so many days."""

    before: int
    before_days: int
    after: int
    after_days: int
    verdict: Verdict


def effect(before: int, before_days: int, after: int, after_days: int, spread: float = 1.0) -> Effect:
    """What became of the rate, by the same law as the alarm."""
    as_many = chance(after, before, after_days, before_days, spread)
    as_few = 1 - chance(after + 1, before, after_days, before_days, spread)
    verdict = Verdict.FELL if as_few < CERTAIN else Verdict.ROSE if as_many < CERTAIN else Verdict.UNCLEAR
    return Effect(before, before_days, after, after_days, verdict)
