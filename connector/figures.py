"""What one complaint counts as in a report: words to group by, and whole numbers to add up and rank. Pure.

Computed whenever a complaint is saved or looked at (`assessment.counting.figures_of`), kept by the store in the same
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
_DONE = frozenset({Status.RESOLVED, Status.CLOSED})
_NEW = Status.NEW  # each complaint is asked for it


class Hours(Protocol):
    """A calendar, as `connector.clocks` knows it."""

    def worked(self, start: int, end: int) -> int: ...


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
        return Figures(UNSURE, _second(history.received_at), _words(this, tags))
    begun = handled_at(history)
    done = history.spells[-1].status in _DONE
    ended = history.resolutions[-1] if done and history.resolutions else None
    breaches = kept = broken = 0
    for clock in clocks:
        if clock.kind == PROMISE:
            standing = standing_of(clock)
            kept += standing == KEPT
            broken += standing == BROKEN
        elif clock.breached_at is not None:
            breaches += 1
    bits = REPEAT if flags and any(flag.kind is FlagKind.REPEAT for flag in flags) else 0
    cost, currency = _cost(this)
    received = history.received_at
    opened = start_second = _second(received)
    handled = handled_working = resolved = resolving = resolving_working = None
    if begun is not None:
        start_second = _second(begun)
        handled = _between(received, begun)
        handled_working = hours.worked(opened, start_second) if hours is not None else None
    if ended is not None:
        bits |= RESOLVED
        resolved = _second(ended)
        resolving = _between(begun or received, ended)
        resolving_working = hours.worked(start_second, resolved) if hours is not None else None
    return Figures(
        YES,
        opened,
        _words(this, tags),
        bits,
        handled,
        handled_working,
        resolved,
        resolving,
        resolving_working,
        breaches,
        kept,
        broken,
        len(history.reopens),
        _handoffs(history),
        cost,
        currency,
    )


def handled_at(history: History) -> datetime | None:
    """The first sign that a person works on it: a reply, an owner who took it over, or a status other than new."""
    received, spells = history.received_at, history.spells
    signs = [*history.replies[:1], *[at for at, _ in history.owners if at > received][:1]]
    if spells[0].status is not _NEW:
        signs.append(received)
    elif len(spells) > 1:
        signs.append(spells[1].start)
    return min(signs) if signs else None


def _second(at: datetime) -> int:
    return int(at.timestamp())


def _between(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds()))


def _words(this: Complaint, tags: Sequence[Tag]) -> tuple[str, ...]:
    said = {tag.facet: tag.value for tag in reversed(tags)}.get
    words = (
        this.product or "",
        said("category") or "",
        said("root_cause") or "",
        this.channel or "",
        said("language") or this.language or "",
        this.team or "",
        said("severity") or "",
    )
    return words if max(map(len, words)) <= LONGEST_WORD else tuple([word[:LONGEST_WORD] for word in words])


def _handoffs(history: History) -> int:
    """How often it went from one person to another; where no owners are told, from one team to another."""
    told = history.owners or history.teams
    return sum(one != other for (_, one), (_, other) in pairwise(told)) if len(told) > 1 else 0


def _cost(this: Complaint) -> tuple[int | None, str]:
    """What the remedy cost: the mapped fields `remedy_cost` and `remedy_currency`."""
    value = this.extra.get("remedy_cost")
    if value is None:
        return None, ""
    try:
        cents = round(float(value) * 100) if not isinstance(value, bool) else None
    except (TypeError, ValueError, OverflowError):
        return None, ""
    if cents is None or not 0 <= cents < NONE:
        return None, ""
    return cents, str(this.extra.get("remedy_currency") or "")[:3].upper()
