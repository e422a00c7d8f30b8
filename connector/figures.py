"""What one complaint counts as in a report: words to group by, and whole numbers to add up and rank. Pure.

Computed whenever a complaint is saved or looked at (`assessment.figures_of`), kept by the store in the same
transaction, and read by `report`, which so never has to open a complaint.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Protocol

import msgspec

from connector.clocks.promises.standing import BROKEN, KEPT, PROMISE, standing_of
from connector.model import Clock, Complaint, Flag, FlagKind, History, Status, Tag

# By which reports group; the value of each is one word of the complaint.
FACETS = ("product", "category", "cause", "channel", "language", "department", "severity")
VERSION = 1  # to be raised with every change of what a complaint counts as; all are then counted again
UNSURE, YES = 2, 1
RESOLVED, REPEAT = 1, 2  # bits
NONE = 0xFFFFFFFF
MOST = 0xFF
LONGEST_WORD = 200


class Hours(Protocol):
    """A calendar, as `connector.clocks` knows it."""

    def working_seconds(self, start: datetime, end: datetime) -> int: ...


class Figures(msgspec.Struct, frozen=True):
    """`answer` is YES or UNSURE. Seconds since 1970 for instants, seconds for lengths, None where there is none.

    `handled` runs from receipt to the first sign of work, `resolving` from there to the last resolution; each by the
    calendar and in working time. `words` are by FACETS, "" where nothing is known. `cost_cents` is what a remedy cost,
    in hundredths of `currency`.
    """

    answer: int
    opened: int
    words: tuple[str, ...]
    bits: int = 0
    handled: int | None = None
    handled_working: int | None = None
    resolved: int | None = None
    resolving: int | None = None
    resolving_working: int | None = None
    breaches: int = 0
    kept: int = 0
    broken: int = 0
    reopens: int = 0
    handoffs: int = 0
    cost_cents: int | None = None
    currency: str = ""


def figures(
    this: Complaint,
    is_complaint: str,
    tags: Sequence[Tag],
    history: History,
    clocks: Sequence[Clock],
    flags: Sequence[Flag],
    hours: Hours | None,
) -> Figures | None:
    """What `this` counts as; None where it does not count: no complaint, or part of another since they were merged."""
    if is_complaint == "no" or this.merged_into is not None:
        return None
    if is_complaint != "yes":
        return Figures(UNSURE, int(history.received_at.timestamp()), _words(this, tags))
    begun = handled_at(history)
    done = history.status in (Status.RESOLVED, Status.CLOSED)
    ended = history.resolutions[-1] if done and history.resolutions else None
    promised = [standing_of(clock) for clock in clocks if clock.kind == PROMISE]
    cost, currency = _cost(this)
    received, start = history.received_at, begun or history.received_at
    working = hours.working_seconds if hours is not None else None
    return Figures(
        answer=YES,
        opened=int(received.timestamp()),
        words=_words(this, tags),
        bits=(RESOLVED if ended else 0) | (REPEAT if any(flag.kind is FlagKind.REPEAT for flag in flags) else 0),
        handled=None if begun is None else _between(received, begun),
        handled_working=None if begun is None or working is None else working(received, begun),
        resolved=None if ended is None else int(ended.timestamp()),
        resolving=None if ended is None else _between(start, ended),
        resolving_working=None if ended is None or working is None else working(start, ended),
        breaches=sum(clock.breached_at is not None and clock.kind != PROMISE for clock in clocks),
        kept=promised.count(KEPT),
        broken=promised.count(BROKEN),
        reopens=len(history.reopens),
        handoffs=_handoffs(history),
        cost_cents=cost,
        currency=currency,
    )


def handled_at(history: History) -> datetime | None:
    """The first sign that a person works on it: a reply, an owner who took it over, or a status other than new."""
    signs = [*history.replies[:1], *(at for at, _ in history.owners if at > history.received_at)][:2]
    if history.spells[0].status is Status.NEW and len(history.spells) > 1:
        signs.append(history.spells[1].start)
    elif history.spells[0].status is not Status.NEW:
        signs.append(history.received_at)
    return min(signs, default=None)


def _between(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds()))


def _words(this: Complaint, tags: Sequence[Tag]) -> tuple[str, ...]:
    found = {tag.facet: tag.value for tag in reversed(tags)}
    words = (
        this.product,
        found.get("category"),
        found.get("root_cause"),
        this.channel,
        found.get("language") or this.language,
        this.team,
        found.get("severity"),
    )
    return tuple((word or "")[:LONGEST_WORD] for word in words)


def _handoffs(history: History) -> int:
    """How often it went from one person to another; where no owners are told, from one team to another."""
    who = [one for _, one in history.owners] or [one for _, one in history.teams]
    return sum(one != other for one, other in pairwise(who))


def _cost(this: Complaint) -> tuple[int | None, str]:
    """What the remedy cost: the mapped fields `remedy_cost` and `remedy_currency`."""
    value = this.extra.get("remedy_cost")
    try:
        cents = round(float(value) * 100) if value is not None and not isinstance(value, bool) else None
    except (TypeError, ValueError, OverflowError):
        return None, ""
    if cents is None or not 0 <= cents < NONE:
        return None, ""
    return cents, str(this.extra.get("remedy_currency") or "")[:3].upper()
