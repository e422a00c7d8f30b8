"""Who is told next of a complaint, while nobody takes it on: one step after the other, then the last again; pure.

A ladder belongs to one episode of one rule. A step is due when the one before it has been told and its time has passed
without a sign of a person (`taken`); that it *was told* is read from the outbox, so that a daemon that slept does not
tell everybody at once. Called by `decision`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from connector.errors import SettingsError
from connector.model import JSON
from connector.policy.contacts import Chosen, Contacts, choose

LONGEST_PAUSE = timedelta(hours=24)
BETWEEN = ">"  # in an episode: "first_reply#1>2.manager" is the second step of the ladder, to the manager


class Step(msgspec.Struct, frozen=True):
    """`after` the step before (the first: after the rule spoke), tell these roles or contacts."""

    tell: tuple[str, ...]
    after: timedelta = timedelta()


class Ladder(msgspec.Struct, frozen=True):
    """The steps, and how the last goes on: `again` after that time, then after twice as long each time (a day at the
    most), `most` times. `at_any_hour` tells people at night, too: for what cannot wait."""

    name: str
    steps: tuple[Step, ...]
    again: timedelta = timedelta(hours=1)
    most: int = 5
    at_any_hour: bool = False

    def __post_init__(self) -> None:
        if not self.steps:
            raise SettingsError(f"the ladder {self.name!r} has no steps.", remedy="Say whom to tell: `tell: [lead]`.")

    def step(self, number: int) -> Step | None:
        """Step `number`, counted from 1; beyond the last, that one again. None where the ladder ends."""
        count = len(self.steps)
        if number <= count:
            return self.steps[number - 1]
        times = number - count
        if times > self.most:
            return None
        return Step(self.steps[-1].tell, min(self.again * 2 ** (times - 1), LONGEST_PAUSE))


class Told(msgspec.Struct, frozen=True):
    """What the outbox knows of one notice: which `rule` and `episode` (with step and target), to which `contact`.

    `over_at` is when it was told, or nothing more can come of it; None while it is on its way or waits for a yes.
    `failed`: it did not get through."""

    rule: str
    episode: str
    contact: str
    over_at: datetime | None = None
    failed: bool = False


class Rung(msgspec.Struct, frozen=True):
    """A notice that is due now: the episode of its step and target, and who is to be told."""

    episode: str
    number: int
    target: str
    chosen: Chosen


class Standing(msgspec.Struct, frozen=True):
    """What is to be told now, and when the ladder has to be looked at next (None: when something else happens)."""

    rungs: tuple[Rung, ...] = ()
    look_again_at: datetime | None = None


def standing(
    ladder: Ladder,
    rule: str,
    episode: str,
    since: datetime,
    told: Sequence[Told],
    contacts: Contacts,
    *,
    values: Mapping[str, JSON],
    language: str | None,
    now: datetime,
) -> Standing:
    """How the ladder stands that `rule` began for `episode` at `since`, as long as nobody takes the complaint on."""
    known = {one.episode: one for one in told if one.rule == rule}
    before = tuple(dict.fromkeys(one.contact for one in told))
    due = since
    for number in _numbers():
        step = ladder.step(number)
        if step is None:
            return Standing()
        names = {target: f"{episode}{BETWEEN}{number}.{target}" for target in step.tell}
        notices = [known[name] for name in names.values() if name in known]
        due += step.after
        if due > now and not notices:
            return Standing(look_again_at=due)
        failed = bool(notices) and all(one.failed for one in notices)
        rungs: list[Rung] = []
        later: datetime | None = None
        if len(notices) < len(names):
            rungs, later = _missing(ladder, number, names, known, contacts, values, before, language, now)
        overs = [one.over_at for one in notices]
        if rungs or later or None in overs:
            # What goes out now counts from now on; where it is only written down, nothing else says so.
            return Standing(tuple(rungs), now if rungs else later)
        # Nobody was there to be told, or nobody could be reached: the next step does not wait for an answer.
        reached = max((at for at in overs if at is not None), default=due)
        due = reached if notices and not failed else _at_once(ladder, number, reached)
    raise AssertionError("numbers do not end")


def _at_once(ladder: Ladder, number: int, at: datetime) -> datetime:
    following = ladder.step(number + 1)
    return at - following.after if following is not None and number < len(ladder.steps) else at


def _numbers() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


def _missing(
    ladder: Ladder,
    number: int,
    names: Mapping[str, str],
    known: Mapping[str, Told],
    contacts: Contacts,
    values: Mapping[str, JSON],
    before: Sequence[str],
    language: str | None,
    now: datetime,
) -> tuple[list[Rung], datetime | None]:
    """The notices of a step that are not in the outbox yet and may go now; and when the next of them may."""
    rungs: list[Rung] = []
    later: list[datetime] = []
    knowing = {known[name].contact for name in names.values() if name in known}
    for target, name in names.items():
        if name in known:
            continue
        chosen = choose(
            contacts,
            target,
            values=values,
            now=now,
            before=before,
            language=language,
            at_any_hour=ladder.at_any_hour,
        )
        if chosen is None or chosen.contact.id in knowing:
            continue
        if chosen.at > now:
            later.append(chosen.at)
            continue
        knowing.add(chosen.contact.id)
        rungs.append(Rung(name, number, target, chosen))
    return rungs, min(later, default=None)
