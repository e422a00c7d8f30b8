"""Deadlines that a regulator sets, beside the SLA: by dates, never paused, never restarted.

A profile is data (mappings/regulations/*.yaml): its source, which version of the rule it tells, the day on which
somebody read it there, who keeps it, the dates between which it counts, and deadlines. It is an aid for those who
handle complaints and no legal advice; whoever applies it in sla.yaml names an owner who has confirmed it. Pure; called
by `sla`.

How a day is counted: the day of receipt is day 0, in the profile's zone. "15 days" end with the fifteenth day after it,
"3 business days" with the third day after it that is neither Saturday, Sunday nor a public holiday of the profile. A
deadline is due at the end of its day; what comes at that very instant is in time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from connector.clocks.lives import GONE
from connector.clocks.public_holidays import PublicHolidays
from connector.model import JSON, Clock, ClockState, Complaint, History

REGULATION = "regulation"
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_COMPLAINT = re.compile(r"\bcomplaint\b")
SATURDAY = 5


class Condition(Protocol):
    """A yes-or-no question about a complaint, as `connector.condition` compiles it."""

    @property
    def text(self) -> str: ...

    def holds(self, values: Mapping[str, JSON]) -> bool: ...


class Event(StrEnum):
    """What a deadline is counted from, or what meets it."""

    RECEIPT = "receipt"
    ACKNOWLEDGEMENT = "acknowledgement"
    REPLY = "reply"
    RESOLUTION = "resolution"
    ACCEPTANCE = "acceptance"
    REOPENING = "reopening"


class Length(msgspec.Struct, frozen=True):
    """So many calendar days and weeks, or so many business days."""

    days: int = 0
    weeks: int = 0
    business_days: int = 0


class Deadline(msgspec.Struct, frozen=True):
    """One deadline of a profile, `within` a length of time from `start` on. `start_by` is when that start has to have
    come, counted from receipt: where it comes later or not at all, that day is taken for it. `after`: all of that is
    looked for from that event on (a second stage begins with a reopening) and `start_by` counted from there.

    It counts for complaints received from the local day `since` on and until the day `until`. Where `extended_when`
    holds, `extension` comes on top. `obliges` False is a chance that passes and no breach. A warning comes `warn_days`
    days before. `automatic`: the message of a machine acknowledges.
    """

    name: str
    title: str
    within: Length
    start: Event = Event.RECEIPT
    start_by: Length | None = None
    after: Event = Event.RECEIPT
    met_by: Event = Event.RESOLUTION
    obliges: bool = True
    warn_days: int | None = None
    extension: Length | None = None
    extended_when: Condition | None = None
    since: date | None = None
    until: date | None = None
    automatic: bool = False


class Profile(msgspec.Struct, frozen=True):
    """A regulator's deadlines. `source` is where they stand, `version` which state of them this is, `checked` the day
    on which somebody read them there, `owner` who keeps the profile up to date."""

    name: str
    title: str
    source: str
    version: str
    owner: str
    checked: date
    zone: str
    deadlines: tuple[Deadline, ...]
    public: tuple[PublicHolidays, ...] = ()


class Regulation(msgspec.Struct, frozen=True):
    """A profile that applies to the complaints for which `when` holds (None: all); `owner` has confirmed it.

    What is no complaint has no deadline, and what may be one is a person's to decide first; but a condition that asks
    about `complaint` itself decides alone.
    """

    profile: Profile
    owner: str
    when: Condition | None = None

    def applies(self, values: Mapping[str, JSON]) -> bool:
        """Whether it does to a ticket with these values (`connector.condition.values_of`)."""
        asked = self.when is not None and _COMPLAINT.search(_QUOTED.sub("", self.when.text)) is not None
        if not asked and values.get("complaint") != "yes":
            return False
        return self.when is None or self.when.holds(values)


def kind_of(profile: Profile, deadline: Deadline) -> str:
    """The clock's kind: "regulation:uk-disp/final-response"."""
    return f"{REGULATION}:{profile.name}/{deadline.name}"


def deadline_clocks(
    complaint: Complaint,
    history: History,
    values: Mapping[str, JSON],
    regulations: Iterable[Regulation],
    now: datetime,
) -> Iterator[Clock]:
    """The clock of every deadline that counts for this complaint, in the order of the profiles."""
    for regulation in regulations:
        if regulation.applies(values):
            for deadline in regulation.profile.deadlines:
                clock = _clock(deadline, regulation.profile, complaint, history, values, now)
                if clock is not None:
                    yield clock


def _clock(
    deadline: Deadline,
    profile: Profile,
    complaint: Complaint,
    history: History,
    values: Mapping[str, JSON],
    now: datetime,
) -> Clock | None:
    zone = ZoneInfo(profile.zone)
    received = history.received_at.astimezone(zone).date()
    if (deadline.since and received < deadline.since) or (deadline.until and received > deadline.until):
        return None
    started = _started(deadline, profile, complaint, history, zone)
    if started is None:
        return None
    due_day = last_day(started.astimezone(zone).date(), deadline.within, profile.public)
    if deadline.extension is not None and deadline.extended_when is not None and deadline.extended_when.holds(values):
        due_day = last_day(due_day, deadline.extension, profile.public)
    due = _end_of(due_day, zone)
    warn = None if deadline.warn_days is None else _end_of(due_day - timedelta(days=deadline.warn_days), zone)
    return _told(deadline, profile, complaint, history, started, due, warn, now)


def _started(
    deadline: Deadline, profile: Profile, complaint: Complaint, history: History, zone: ZoneInfo
) -> datetime | None:
    base = next(iter(_events(deadline.after, deadline, complaint, history)), None)
    if base is None:
        return None
    happened = next((at for at in _events(deadline.start, deadline, complaint, history) if at >= base), None)
    if deadline.start_by is None:
        return happened
    latest = last_day(base.astimezone(zone).date(), deadline.start_by, profile.public)
    by = _end_of(latest, zone) - timedelta(seconds=1)
    return by if happened is None else min(happened, by)


def _told(
    deadline: Deadline,
    profile: Profile,
    complaint: Complaint,
    history: History,
    started: datetime,
    due: datetime,
    warn: datetime | None,
    now: datetime,
) -> Clock:
    met_at = next((at for at in _events(deadline.met_by, deadline, complaint, history) if at >= started), None)
    ended = met_at or _gone_at(complaint, history)
    late = (ended or now) > due or (ended is None and now == due)
    state = _state(late=late, met=met_at is not None, gone=ended is not None, obliges=deadline.obliges)
    return Clock(
        kind=kind_of(profile, deadline),
        cycle=1,
        state=state,
        started_at=started,
        target_seconds=int((due - started).total_seconds()),
        used_seconds=max(0, int(((ended or now) - started).total_seconds())),
        target=f"{profile.title}: {deadline.title}",
        calendar=profile.name,
        warn_at=warn if ended is None and deadline.obliges else None,
        due_at=None if state is ClockState.CANCELLED and not late else due,
        stopped_at=ended,
        breached_at=due if late and deadline.obliges else None,
    )


def _state(*, late: bool, met: bool, gone: bool, obliges: bool) -> ClockState:
    if met and (obliges or not late):
        return ClockState.MISSED if late else ClockState.MET
    if gone or (late and not obliges):
        return ClockState.CANCELLED
    return ClockState.BREACHED if late else ClockState.RUNNING


def _events(event: Event, deadline: Deadline, complaint: Complaint, history: History) -> Sequence[datetime]:
    """When it happened, oldest first. A resolution answers, and who answers acknowledges."""
    if event is Event.RECEIPT:
        return (history.received_at,)
    if event is Event.ACCEPTANCE:
        return () if complaint.accepted_at is None else (complaint.accepted_at,)
    if event is Event.REOPENING:
        return history.reopens
    if event is Event.RESOLUTION:
        return history.resolutions
    automatic = history.automatic if event is Event.ACKNOWLEDGEMENT and deadline.automatic else ()
    return sorted((*history.replies, *automatic, *history.resolutions))


def _gone_at(complaint: Complaint, history: History) -> datetime | None:
    """Since when there is no complaint any more: withdrawn, deleted, or merged into another one."""
    if history.status in GONE:
        return history.spells[-1].start
    return complaint.updated_at if complaint.merged_into is not None else None


def last_day(day: date, length: Length, public: Iterable[PublicHolidays]) -> date:
    """The last day of a length of time of which `day` is day 0."""
    day += timedelta(days=length.days, weeks=length.weeks)
    left = length.business_days
    while left:
        day += timedelta(days=1)
        if day.weekday() < SATURDAY and not any(day in whose.names(day.year, day.year + 1) for whose in public):
            left -= 1
    return day


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
