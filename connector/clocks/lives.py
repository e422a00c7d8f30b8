"""When a clock starts, stops and stands still, read off a complaint's history. Called by `sla` and `explain`.

first_reply: from receipt to the first public reply of a human; one life.
resolution: life 1 from receipt, each later one from a reopening, to the next resolution.
A clock stands still in its pause statuses, until the status changes or the customer writes, whichever is first; and
while the complaint is finished, since then nobody owes an answer. If it ends there (resolved without a word to the
customer, withdrawn, deleted, merged) a clock that still runs is cancelled as of that instant.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

import msgspec
from msgspec.structs import replace

from connector.clocks.business_hours import epoch_seconds
from connector.model import FINISHED, WAITING, Complaint, History, Status

FIRST_REPLY = "first_reply"
RESOLUTION = "resolution"
KINDS = (FIRST_REPLY, RESOLUTION)
PAUSES: dict[str, frozenset[Status]] = {FIRST_REPLY: frozenset(), RESOLUTION: WAITING}


class Life(msgspec.Struct, frozen=True):
    """One run of a clock; `stop` is None while nothing has answered it."""

    cycle: int
    start: datetime
    stop: datetime | None


class Break(msgspec.Struct, frozen=True):
    """[start, end) in seconds since 1970, in which the clock stands still because of `status`; `end` None: still."""

    start: int
    end: int | None
    status: Status


class Run(msgspec.Struct, frozen=True):
    """One life in seconds since 1970: from `start` to `end` (where it was answered or cut off, or now), standing still
    in `breaks`."""

    start: int
    end: int
    breaks: list[Break]
    answered: bool
    cut_off: bool

    @property
    def unbroken(self) -> bool:
        """Whether it ran all the time, and would have run on. The status that an answer brings is no break in it."""
        breaks = self.breaks
        return not self.cut_off and (not breaks or (self.answered and breaks[0].start == self.end))

    @property
    def ended(self) -> bool:
        return self.answered or self.cut_off

    def stretches(self) -> list[tuple[int, int | None]]:
        """The stretches in which the clock runs. The last has no end unless it was cut off or stands still: an answered
        clock is followed on, to tell when it would have been due."""
        found: list[tuple[int, int | None]] = []
        start = self.start
        for pause in self.breaks:
            if start < pause.start:
                found.append((start, pause.start))
            if pause.end is None:
                return found
            start = pause.end
        if not self.cut_off:
            found.append((start, None))
        elif start < self.end:
            found.append((start, self.end))
        return found


def lives(kind: str, history: History) -> list[Life]:
    """Every run of the clock `kind`, oldest first."""
    start, stops = history.received_at, history.replies if kind == FIRST_REPLY else history.resolutions
    found = [Life(1, start, _first_from(stops, start))]
    if kind == RESOLUTION:
        for reopened in history.reopens:
            stop = found[-1].stop
            if stop is not None and reopened > stop:
                found.append(Life(len(found) + 1, reopened, _first_from(stops, reopened)))
    return found


def finished_at(complaint: Complaint, history: History) -> datetime | None:
    """Since when nobody owes an answer any more; None while someone does. A complaint that was merged away without a
    change of status counts from its last update."""
    since = None
    for spell in reversed(history.spells):
        if spell.status not in FINISHED:
            break
        since = spell.start
    return since or (complaint.updated_at if complaint.merged_into else None)


def breaks(history: History, pauses: AbstractSet[Status], start: int, end: int) -> list[Break]:
    """The breaks that touch [start, end), clipped to it, oldest first; one that goes on has `end` None, even where it
    begins at the very end."""
    found = []
    for spell in history.spells:
        status = spell.status
        if status in pauses:
            until = _customer_wrote(history, spell.start, spell.end) or spell.end
        elif status in FINISHED:
            until = spell.end
        else:
            continue
        first, last = max(start, epoch_seconds(spell.start)), None if until is None else min(end, epoch_seconds(until))
        if first <= end if last is None else first < last:
            found.append(Break(first, last, status))
    return found


def _first_from(instants: Sequence[datetime], start: datetime) -> datetime | None:
    for instant in instants:
        if instant >= start:
            return instant
    return None


def _customer_wrote(history: History, start: datetime, end: datetime | None) -> datetime | None:
    """The first message after `start` and before `end`. One of the same instant came before the pause began."""
    messages = history.customer_messages
    index = bisect_right(messages, start)
    return messages[index] if index < len(messages) and (end is None or messages[index] < end) else None


def run_of(
    life: Life, pauses: AbstractSet[Status], history: History, finished: datetime | None, now_second: int
) -> Run:
    """The course of one life up to `now_second`; `finished` is when the complaint ended, if it did."""
    answered = life.stop is not None
    ended = life.stop if answered else finished
    start, end = epoch_seconds(life.start), now_second if ended is None else epoch_seconds(ended)
    if end < start:
        end = start
    found = breaks(history, pauses, start, end)
    if answered and found and found[-1].end is None:
        found[-1] = replace(found[-1], end=end)
    return Run(start, end, found, answered, not answered and finished is not None)
