"""The rehearsal of a life as one would write it first: at each moment the whole timeline is folded and assessed anew.
The oracle of test_rehearsal; slow on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from connector.assessment.deciding import assess
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood
from connector.mapping import Mapping, words
from connector.model import Action, ActionKind
from connector.people.repeats import Earlier
from connector.policy.ladder import Told
from connector.policy.taken import Ack
from connector.timeline import fold

MOST_MOMENTS = 500
A_MINUTE = timedelta(minutes=1)


def plainly(
    this: Understood,
    earlier: Sequence[Earlier],
    rules: Rules,
    mapping: Mapping,
    *,
    since: datetime,
    until: datetime,
    acks: Sequence[Ack] = (),
    acknowledges: bool = False,
) -> list[tuple[datetime, Action]]:
    found: dict[str, tuple[datetime, Action]] = {}
    told: list[Told] = []
    at: datetime | None = max(since, this.folded.opened_at)
    for _ in range(MOST_MOMENTS):
        if at is None or at > until:
            break
        then, again = as_of(this, at, mapping), None
        if then is not None:
            result = assess(
                then,
                [one for one in earlier if one.opened_at <= at],
                rules,
                mapping,
                salt="x",
                act_from=since,
                now=at,
                acknowledges=acknowledges,
                acks=[one for one in acks if one.at <= at],
                told=told,
            )
            again = result.look_again_at
            for action in result.actions:
                notice = action.effect.notice
                if action.key not in found and action.not_before <= at:
                    found[action.key] = (at, action)
                    if action.kind is ActionKind.NOTIFY and notice is not None:
                        told.append(Told(action.rule, action.episode, notice.contact, at))
            if any(action.kind is ActionKind.NOTIFY for action in result.actions):
                again = at + A_MINUTE if again is None or again <= at else min(again, at + A_MINUTE)
        if again is not None and again <= at:
            again = at + A_MINUTE
        coming = [entry.occurred_at for entry in this.entries if entry.occurred_at > at]
        at = min((one for one in (*coming[:1], again) if one is not None), default=None)
    return list(found.values())


def as_of(this: Understood, at: datetime, mapping: Mapping) -> Understood | None:
    entries = tuple(entry for entry in this.entries if entry.occurred_at <= at)
    if len(entries) == len(this.entries):
        return this
    folded = fold(entries, words(mapping))
    if folded is None:
        return None
    complaint = replace(
        this.complaint,
        status=folded.status,
        priority=folded.priority,
        owner=folded.owner,
        merged_into=folded.merged_into,
        updated_at=at,
    )
    promises = tuple(one for one in this.promises if one.promise.made_at <= at)
    kept = this.kept if this.kept is not None and this.kept.until <= at else None
    return Understood(complaint, entries, this.tags, folded, promises, kept)
