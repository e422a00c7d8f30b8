"""The phrases by which one language promises a date, as frozen values. Built by `settings` from promises/*.yaml.

Words may end in `*`, which stands for any ending, and words of several parts are written with spaces. Languages that
put no spaces between words (`spaced` False) are searched letter by letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

Words = tuple[str, ...]


class Order(StrEnum):
    """How a date in figures is read. `unclear` is day first with a doubt: both ways are in use."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    UNCLEAR = "unclear"


class Unit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    BUSINESS_DAY = "business_day"
    WEEK = "week"
    MONTH = "month"


class End(StrEnum):
    """Of what a promise names the end."""

    DAY = "day"
    WEEK = "week"
    NEXT_WEEK = "next_week"
    MONTH = "month"
    NEXT_MONTH = "next_month"


class Match(msgspec.Struct, frozen=True):
    """A text that holds a promise, due on a local day ("2026-03-06") or at a time of it ("2026-03-06T12:00"); with
    `unsure`, for a person to decide."""

    text: str
    due: str
    unsure: bool = False


class Examples(msgspec.Struct, frozen=True):
    """What has to be found and what must not, in replies that were written at `said` ("2026-03-04T10:00", local)."""

    said: str
    match: tuple[Match, ...] = ()
    miss: tuple[str, ...] = ()


class Book(msgspec.Struct, frozen=True):
    """`commits` are said by who binds themselves, `weak` where it is less certain who does; `hedges` make either
    unsure. `not_ours` takes a clause out (the customer is to do it, opening hours …), `conditions` a sentence,
    `past` ("that you sent") a day that is no limit.

    `by` and `by_after` stand before and behind a date that is the latest, `on` before one that is the day itself;
    `within` and `within_after` around a length of time. `next` is the one of the coming week, `coming` the next one
    there is. `relative` counts days from the reply.
    """

    language: str
    commits: Words
    weak: Words = ()
    hedges: Words = ()
    not_ours: Words = ()
    past: Words = ()
    conditions: Words = ()
    joins: Words = ()
    by: Words = ()
    by_after: Words = ()
    on: Words = ()
    within: Words = ()
    within_after: Words = ()
    articles: Words = ()
    weekdays: tuple[Words, ...] = ()
    months: tuple[Words, ...] = ()
    next: Words = ()
    coming: Words = ()
    next_week: Words = ()
    relative: dict[str, int] = {}
    units: dict[Unit, Words] = {}
    numbers: dict[str, int] = {}
    ends: dict[End, Words] = {}
    to: Words = ()
    at: Words = ()
    hour: Words = ()
    morning: Words = ()
    afternoon: Words = ()
    noon: Words = ()
    order: Order = Order.DAY_FIRST
    separators: str = "./"
    spaced: bool = True
    examples: Examples | None = None

    def anchors(self) -> Iterator[str]:
        """The words without one of which no text of this language names a date (but in figures)."""
        groups: Iterable[Iterable[str]] = (
            *self.weekdays,
            *self.months,
            self.relative,
            *self.units.values(),
            *self.ends.values(),
            self.noon,
            self.hour if not self.spaced else (),
        )
        return (word for group in groups for word in group)
