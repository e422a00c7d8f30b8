"""When a clock starts, stops and stands still, read off a complaint's history. Called by `sla` and `explain`.

acknowledgement   from receipt to the first public message to the customer; one of a machine counts only if asked
first_reply       from receipt to the first public reply of a human; one life
next_reply        from a customer's oldest unanswered message after that to the next reply or resolution
periodic_update   from receipt, and from each reply on, to the next one: the customer hears from us every so often
resolution        life 1 from receipt, each later one from a reopening, to the next resolution
requester_wait    one life from receipt to the last resolution, standing still while we wait for the customer
agent_work        the same, standing still whenever we wait for anybody
team_time         a life for each team that has it, from when it gets it to when another one does, or the resolution

Where staff opened the ticket and the customer did not see it, an answer is owed from the customer's first message on.
A clock stands still in its pause statuses, until the status changes or the customer writes, whichever is first; and
while the complaint is finished, since then nobody owes an answer, but to what a customer writes afterwards. If it ends
there (resolved without a word to the customer, withdrawn, deleted, merged) a clock that still runs is cancelled as of
that instant.
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

ACKNOWLEDGEMENT = "acknowledgement"
FIRST_REPLY = "first_reply"
NEXT_REPLY = "next_reply"
PERIODIC_UPDATE = "periodic_update"
RESOLUTION = "resolution"
REQUESTER_WAIT = "requester_wait"
AGENT_WORK = "agent_work"
TEAM_TIME = "team_time"
PAUSES: dict[str, frozenset[Status]] = {
    ACKNOWLEDGEMENT: frozenset(),
    FIRST_REPLY: frozenset(),
    NEXT_REPLY: frozenset(),
    PERIODIC_UPDATE: frozenset(),
    RESOLUTION: WAITING,
    REQUESTER_WAIT: frozenset({Status.WAITING_CUSTOMER}),
    AGENT_WORK: WAITING,
    TEAM_TIME: WAITING,
}
KINDS = tuple(PAUSES)
GONE = frozenset({Status.WITHDRAWN, Status.DELETED})


class Life(msgspec.Struct, frozen=True):
    """One run of a clock; `stop` is None while nothing has answered it. `after_end`: it began when the complaint was
    resolved already, by a message of the customer. `team` is whose time it is."""

    cycle: int
    start: datetime
    stop: datetime | None
    after_end: bool = False
    team: str | None = None


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


def lives(kind: str, history: History, *, automatic: bool = False) -> list[Life]:
    """Every run of the clock `kind`, oldest first. `automatic`: a message of a machine acknowledges, too."""
    if kind == RESOLUTION:
        return _resolutions(history)
    if kind in (FIRST_REPLY, ACKNOWLEDGEMENT):
        answers = sorted((*history.replies, *history.automatic)) if automatic else history.replies
        return [Life(1, start, _first_from(answers, start)) for start in _owed_from(history)]
    if kind == NEXT_REPLY:
        return _next_replies(history)
    if kind == PERIODIC_UPDATE:
        return _updates(history)
    if kind == TEAM_TIME:
        return _teams(history)
    return [Life(1, history.received_at, _solved_at(history))]


def _resolutions(history: History) -> list[Life]:
    found = [Life(1, history.received_at, _first_from(history.resolutions, history.received_at))]
    for reopened in history.reopens:
        stop = found[-1].stop
        if stop is not None and reopened > stop:
            found.append(Life(len(found) + 1, reopened, _first_from(history.resolutions, reopened)))
    return found


def _owed_from(history: History) -> tuple[datetime, ...]:
    """Since when the customer is owed an answer; () while they know of nothing."""
    return history.customer_messages[:1] if history.begun_by_staff else (history.received_at,)


def _next_replies(history: History) -> list[Life]:
    stops = sorted((*history.replies, *history.resolutions))
    answered = history.replies[0] if history.replies else None
    found: list[Life] = []
    for message in history.customer_messages:
        if answered is None or message <= answered or message in history.thanks:
            continue
        stop = _first_from(stops, message)
        found.append(Life(len(found) + 1, message, stop, after_end=_was_done(history, message)))
        if stop is None:
            break
        answered = stop
    return found


def _was_done(history: History, at: datetime) -> bool:
    """Whether it stood resolved at that instant, and was not reopened by it."""
    resolved = bisect_right(history.resolutions, at)
    return resolved > 0 and not any(history.resolutions[resolved - 1] <= one <= at for one in history.reopens)


def _updates(history: History) -> list[Life]:
    stops = sorted((*history.replies, *history.resolutions))
    found: list[Life] = []
    start: datetime | None = next(iter(_owed_from(history)), None)
    while start is not None:
        stop = _first_after(stops, start) if found else _first_from(stops, start)
        found.append(Life(len(found) + 1, start, stop))
        start = stop if stop not in history.resolutions else _first_after(history.reopens, stop)
    return found


def _teams(history: History) -> list[Life]:
    found: list[Life] = []
    for index, (since, team) in enumerate(history.teams):
        left = history.teams[index + 1][0] if index + 1 < len(history.teams) else _solved_at(history)
        found.append(Life(index + 1, since, None if left is None or left < since else left, team=team))
    return found


def _solved_at(history: History) -> datetime | None:
    """The resolution after which it was not reopened."""
    last = history.resolutions[-1] if history.resolutions else None
    return None if last is None or (history.reopens and history.reopens[-1] > last) else last


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


def _first_after(instants: Sequence[datetime], start: datetime | None) -> datetime | None:
    for instant in instants:
        if start is not None and instant > start:
            return instant
    return None


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
    begun, stop = life.start, life.stop
    if life.after_end:
        finished = next((one.start for one in history.spells if one.status in GONE and one.start >= begun), None)
    answered = stop is not None
    ended = stop if answered else finished
    start, end = epoch_seconds(begun), now_second if ended is None else epoch_seconds(ended)
    if end < start:
        end = start
    found = [] if life.after_end else breaks(history, pauses, start, end)
    if answered and found and found[-1].end is None:
        found[-1] = replace(found[-1], end=end)
    return Run(start, end, found, answered, not answered and finished is not None)
