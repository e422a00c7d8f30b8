"""What a policy would have done to one complaint, had it been in force: its life gone through again, moment by moment.

Pure. The timeline is cut at each moment, and assessed as a sweep would have done then; ladders go on as if every notice
had been told at once. What a complaint is about is taken as it is known today. Called by `amends policy try`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from connector.assessment import Rules, Understood, assess
from connector.mapping import Mapping, words
from connector.model import Action, ActionKind, Complaint, Entry
from connector.people.repeats import Earlier
from connector.policy.ladder import Told
from connector.policy.taken import Ack
from connector.timeline import Folded, fold

MOST_MOMENTS = 500  # of one life: a ladder that never ends, or a ticket that changes all day, is cut there
SOONEST = timedelta(minutes=1)


class Would(msgspec.Struct, frozen=True):
    """A write that would have been sent `at` that instant; `to` is whom a notice would have told."""

    at: datetime
    action: Action
    to: str | None = None


class Rehearsed(msgspec.Struct, frozen=True):
    """What would have been sent. `cut`: the life has more moments than were looked at."""

    writes: tuple[Would, ...] = ()
    cut: bool = False


def rehearse(
    this: Understood,
    earlier: Sequence[Earlier],
    rules: Rules,
    mapping: Mapping,
    *,
    salt: str,
    since: datetime,
    until: datetime,
    acks: Sequence[Ack] = (),
    acknowledges: bool = False,
) -> Rehearsed:
    """All writes of one complaint between `since` and `until` that `rules` would have led to."""
    found: dict[str, Would] = {}
    told: list[Told] = []
    at: datetime | None = max(since, this.folded.opened_at)
    for _ in range(MOST_MOMENTS):
        if at is None or at > until:
            return Rehearsed(tuple(found.values()))
        then = _as_of(this, at, mapping)
        if then is None:
            at = _next(this.entries, at, None)
            continue
        result = assess(
            then,
            [one for one in earlier if one.opened_at <= at],
            rules,
            mapping,
            salt=salt,
            act_from=since,
            now=at,
            acknowledges=acknowledges,
            acks=[one for one in acks if one.at <= at],
            told=told,
        )
        for action in result.actions:
            if action.key not in found and action.not_before <= at:
                found[action.key] = _would(action, at)
                told += _told(action, at)
        at = _next(this.entries, at, _sooner(result.look_again_at, result.actions, at))
    return Rehearsed(tuple(found.values()), cut=True)


def _would(action: Action, at: datetime) -> Would:
    notice = action.effect.notice
    return Would(at, action, notice.contact if notice is not None else None)


def _told(action: Action, at: datetime) -> Iterator[Told]:
    if action.kind is ActionKind.NOTIFY and action.effect.notice is not None:
        yield Told(action.rule, action.episode, action.effect.notice.contact, at)


def _sooner(look_again: datetime | None, actions: Sequence[Action], at: datetime) -> datetime | None:
    """When the passing of time may change something: as the sweep would be told, but at once where a notice went out
    (the next step of its ladder counts from there)."""
    if any(action.kind is ActionKind.NOTIFY for action in actions):
        return at + SOONEST if look_again is None or look_again <= at else min(look_again, at + SOONEST)
    return look_again


def _next(entries: Sequence[Entry], at: datetime, by_time: datetime | None) -> datetime | None:
    happening = next((entry.occurred_at for entry in entries if entry.occurred_at > at), None)
    if by_time is not None and by_time <= at:
        by_time = at + SOONEST
    return min((one for one in (happening, by_time) if one is not None), default=None)


def _as_of(this: Understood, at: datetime, mapping: Mapping) -> Understood | None:
    """The complaint as its timeline had it at that instant; None where it had not come yet."""
    entries = tuple(entry for entry in this.entries if entry.occurred_at <= at)
    if len(entries) == len(this.entries):
        return this
    folded = fold(entries, words(mapping)) if entries else None
    if folded is None:
        return None
    promises = tuple(one for one in this.promises if one.promise.made_at <= at)
    kept = this.kept if this.kept is not None and this.kept.until <= at else None
    return Understood(_then(this.complaint, folded, at), entries, this.tags, folded, promises, kept)


def _then(complaint: Complaint, folded: Folded, at: datetime) -> Complaint:
    return msgspec.structs.replace(
        complaint,
        status=folded.status,
        priority=folded.priority,
        owner=folded.owner,
        merged_into=folded.merged_into,
        updated_at=at,
    )
