"""Whether somebody has taken a complaint on since a ladder began: then nobody further up needs to be told; pure.

A reply to the customer, a new owner set by a person, the agreed tag, `amends ack`, or the end of the complaint. What
Amends or a rule of the helpdesk does is no sign of a person. Called by `ladder` and `recheck`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from connector.model import FINISHED, Complaint, Entry, EntryKind, History, Role, Visibility

TAG = "amends_ack"
_BETWEEN = re.compile(r"[\s,]+")


class Ack(msgspec.Struct, frozen=True):
    """A person's word (`amends ack`) that they see to a complaint."""

    at: datetime
    who: str


class Taken(msgspec.Struct, frozen=True):
    """Since when a person sees to it, and how that is known, in words."""

    at: datetime
    how: str


class Hands(msgspec.Struct, frozen=True):
    """What tells of people at work on a complaint. `labels` is the source's field that holds its tags, `tag` the one
    by which an agent takes a complaint on."""

    entries: Sequence[Entry] = ()
    acks: Sequence[Ack] = ()
    labels: str = "labels"
    tag: str = TAG


def taken(complaint: Complaint, history: History, hands: Hands, since: datetime) -> Taken | None:
    """The first sign at or after `since` that a person sees to it; None while there is none."""
    if history.status in FINISHED:
        return Taken(history.spells[-1].start, f"the ticket is {history.status}")
    return min(_signs(complaint, hands, since), key=lambda one: one.at, default=None)


def _signs(complaint: Complaint, hands: Hands, since: datetime) -> Iterator[Taken]:
    for ack in hands.acks:
        if ack.at >= since:
            yield Taken(ack.at, f"{ack.who} has said so")
    for entry in hands.entries:
        if entry.occurred_at >= since and entry.role is Role.STAFF:
            if entry.kind is EntryKind.STAFF_REPLY and entry.visibility is Visibility.PUBLIC and entry.observed:
                yield Taken(entry.occurred_at, "somebody has answered")
            elif entry.kind is EntryKind.OWNER and entry.value and entry.observed:
                yield Taken(entry.occurred_at, "somebody was made its owner")
    tagged = _tagged(complaint, hands)
    if tagged is not None and tagged >= since:
        yield Taken(tagged, f"it has the tag {hands.tag}")


def _tagged(complaint: Complaint, hands: Hands) -> datetime | None:
    """When the tag was last put on by somebody else than us. A source that tells of no changes of its tags can only
    say that it is there."""
    told = [entry for entry in hands.entries if entry.kind is EntryKind.FIELD and entry.field == hands.labels]
    if not told:
        return complaint.updated_at if hands.tag in complaint.labels else None
    found, worn = None, False
    for entry in told:
        wears = hands.tag in _BETWEEN.split((entry.value or "").lower().strip('[]"'))
        if wears and not worn and entry.role is not Role.AMENDS:
            found = entry.occurred_at
        worn = wears
    return found if worn else None


def last_ack(acks: Iterable[Ack]) -> Ack | None:
    """The newest word."""
    return max(acks, key=lambda one: one.at, default=None)
