"""How often a customer was handed on: changes of owner, and how many people they have heard from; pure.

Each new face asks the same questions again. Called by `assessment` for the flag, by `note` and `explain` for the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from connector.model import FINISHED, Complaint, Entry, EntryKind, Flag, FlagKind, Role, Tag, Visibility

MANY = 3  # so many hand-offs or voices, and somebody should take the case in hand


class Handoffs(msgspec.Struct, frozen=True):
    """`changes` is when the owner changed from one person to another, `voices` are the agents (as the source names
    them) that the customer has heard from, first to last, with the time of each one's first reply."""

    changes: tuple[datetime, ...] = ()
    voices: tuple[tuple[str, datetime], ...] = ()

    @property
    def last_voice(self) -> str | None:
        return self.voices[-1][0] if self.voices else None


def handoffs(entries: Iterable[Entry]) -> Handoffs:
    """What the ordered entries of a ticket tell of it."""
    owner: str | None = None
    changes: list[datetime] = []
    voices: dict[str, datetime] = {}
    for entry in entries:
        if entry.kind is EntryKind.OWNER and entry.value:
            if owner is not None and entry.value != owner:
                changes.append(entry.occurred_at)
            owner = entry.value
        elif (
            entry.kind is EntryKind.STAFF_REPLY
            and entry.role is Role.STAFF
            and entry.visibility is Visibility.PUBLIC
            and entry.actor
        ):
            voices.setdefault(entry.actor, entry.occurred_at)
    return Handoffs(tuple(changes), tuple(voices.items()))


def flags(complaint: Complaint, tags: Sequence[Tag], found: Handoffs) -> tuple[Flag, ...]:
    """One HANDOFFS flag of a complaint that is not finished, from the third hand-off, or the third voice, on; more of
    them are no news."""
    if complaint.status in FINISHED or not any(tag.facet == "complaint" and tag.value == "yes" for tag in tags):
        return ()
    times = [times[MANY - 1] for times in (found.changes, tuple(at for _, at in found.voices)) if len(times) >= MANY]
    if not times:
        return ()
    why = f"The customer has been handed on {len(found.changes)} times and has heard from {len(found.voices)} people."
    case = f"{complaint.source}/{complaint.ticket}"
    return (Flag(FlagKind.HANDOFFS, rule="handoffs", episode="handoffs#1", since=min(times), why=why, cases=(case,)),)
