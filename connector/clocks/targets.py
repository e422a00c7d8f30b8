"""What is promised, for how long and when it counts: a target, and its terms over the life of a complaint; pure.

`settings` builds targets from sla.yaml; `sla` measures clocks by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from connector.clocks.business_hours import Hours, epoch_seconds
from connector.clocks.lives import ACKNOWLEDGEMENT, KINDS, PAUSES, Break
from connector.errors import SettingsError
from connector.model import JSON, Status

LONGEST_WEEKS = 1040


class Condition(Protocol):
    """A yes-or-no question about a complaint, as `connector.condition` compiles it."""

    @property
    def text(self) -> str: ...

    def holds(self, values: Mapping[str, JSON]) -> bool: ...


class Changing(StrEnum):
    """What a change of target does to a clock that runs: what was used is carried over, or counting begins anew at the
    change, or of the old target and the new one the earlier due time counts."""

    CARRY = "carry"
    RESTART = "restart"
    STRICTER = "stricter"


class Target(msgspec.Struct, frozen=True):
    """One promise of time. `clock` is one of `lives.KINDS`; `within_seconds` is working time of `calendar`.

    A warning is due once `warn_share` of it is used, or `warn_before_seconds` of it are left; a share of 1 means never.
    `when` None is always. `pauses` are the statuses in which the clock stands still; None is the usual of its kind.
    In force from `since` to before `until` (UTC; None: from the beginning, until further notice). `automatic` lets the
    message of a machine acknowledge.
    """

    name: str
    clock: str
    within_seconds: int
    calendar: str
    warn_share: float = 0.75
    when: Condition | None = None
    pauses: frozenset[Status] | None = None
    warn_before_seconds: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    automatic: bool = False

    @property
    def warns_at_seconds(self) -> int:
        """After how much used time a warning is due."""
        if self.warn_before_seconds is not None:
            return max(1, self.within_seconds - self.warn_before_seconds)
        return int(self.within_seconds * self.warn_share) or 1

    def in_force(self, second: int | None) -> bool:
        """Whether it is at that second since 1970; None is the beginning of all times."""
        since, until = self.since, self.until
        begun = since is None or (second is not None and second >= epoch_seconds(since))
        return begun and (until is None or second is None or second < epoch_seconds(until))


class Term(msgspec.Struct, frozen=True):
    """Which target is in force in [since, until), in seconds since 1970; None: from the beginning, until further.
    `cause` is what brought it: "priority" or "targets"."""

    since: int | None
    until: int | None
    target: Target | None
    cause: str | None = None


NO_TERM = Term(None, None, None)


def pauses_of(target: Target) -> frozenset[Status]:
    return PAUSES[target.clock] if target.pauses is None else target.pauses


def while_owed(terms: Sequence[Term], finished: Sequence[Break]) -> list[Term]:
    """The terms, with what was changed while the complaint was finished put off to its end: nobody is late by it."""
    begins = [_after(term.since, finished) for term in terms]
    return [
        replace(term, since=since, until=until)
        for term, since, until in zip(terms, begins, [*begins[1:], terms[-1].until], strict=True)
        if since is None or since != until
    ]


def _after(since: int | None, finished: Sequence[Break]) -> int | None:
    for one in finished:  # in order, and one may follow the other: resolved, then closed
        if since is not None and one.end is not None and one.start <= since < one.end:
            since = one.end
    return since


class Stage(NamedTuple):
    """From `start` on (seconds since 1970), a clock counts the working time of `target`'s calendar outside of its
    pauses, until the next stage begins."""

    start: int
    target: Target


def stages(terms: Sequence[Term], begin: int, changing: Changing) -> tuple[Stage, ...]:
    """How a clock that began at `begin` comes to what it has used, while the last of `terms` is in force: what was used
    before it counts by the calendar and the pauses of its time, or not at all (Changing.RESTART). Time in which no
    target was in force counts by the next one. Stages that count alike are one.
    """
    last = terms[-1]
    target = last.target
    assert target is not None
    if changing is Changing.RESTART:
        return (Stage(begin if last.since is None else max(begin, last.since), target),)
    found: list[Stage] = [Stage(begin, target)]
    for term, later in zip(reversed(terms[:-1]), reversed(terms[1:]), strict=True):
        since = later.since
        if since is None or since <= begin:
            break
        if term.target is not None and not _alike(term.target, found[0].target):
            found[0] = Stage(since, found[0].target)
            found.insert(0, Stage(begin, term.target))
    return tuple(found)


def _alike(one: Target, other: Target) -> bool:
    return one.calendar == other.calendar and pauses_of(one) == pauses_of(other)


def check(target: Target, calendars: Mapping[str, Hours]) -> None:
    where = f"target {target.name!r}"
    if target.clock not in KINDS:
        raise SettingsError(f"{where}: there is no clock {target.clock!r}.", remedy=f"Use one of {', '.join(KINDS)}.")
    if target.calendar not in calendars:
        known = ", ".join(sorted(calendars)) or "none"
        raise SettingsError(f"{where}: there is no calendar {target.calendar!r}.", remedy=f"Calendars: {known}.")
    longest = LONGEST_WEEKS * calendars[target.calendar].calendar.week_seconds
    if not 0 < target.within_seconds <= longest:
        raise SettingsError(f"{where} allows {target.within_seconds} s.", remedy="Use more than 0, at most 20 years.")
    if target.warn_before_seconds is not None and not 0 < target.warn_before_seconds < target.within_seconds:
        raise SettingsError(
            f"{where} warns {target.warn_before_seconds} s before {target.within_seconds} s are used.",
            remedy="Warn some time before it is due, but after it started.",
        )
    if target.automatic and target.clock != ACKNOWLEDGEMENT:
        raise SettingsError(f"{where}: only an acknowledgement may be automatic.", remedy="Take out `automatic`.")
    if target.since is not None and target.until is not None and target.until <= target.since:
        raise SettingsError(f"{where} ends before it begins.", remedy="Put the earlier date in `from`.")
    if not 0 < target.warn_share <= 1:
        raise SettingsError(f"{where} warns at {target.warn_share} of its time.", remedy="Use a share such as 0.75.")
