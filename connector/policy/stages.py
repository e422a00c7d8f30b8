"""How far a complaint has come, in the five stages of which people may be told; pure.

The words follow ISO 10002:2018, clause 7 (receipt, acknowledgement, initial assessment, response, closing). Each is
read off the timeline; where the source has a field for the stage and the mapping reads it, that word counts, too.
Called by `decision`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from connector.model import Complaint, Entry, EntryKind, History, Role, Status


class Stage(StrEnum):
    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    ASSESSED = "assessed"
    ANSWERED = "answered"
    CLOSED = "closed"


ORDER = tuple(Stage)
_ASSESSING = (EntryKind.OWNER, EntryKind.PRIORITY)


def reached(complaint: Complaint, history: History, entries: Sequence[Entry]) -> dict[Stage, datetime]:
    """When each stage was reached that has been reached, in the order of the stages.

    Received: when it came. Acknowledged: the first public message, a machine's or a person's. Assessed: the first owner
    or priority that a person gave it. Answered: the first public reply of a person. Closed: the first resolution.
    """
    times: dict[Stage, datetime | None] = {
        Stage.RECEIVED: history.received_at,
        Stage.ACKNOWLEDGED: min((*history.automatic, *history.replies), default=None),
        Stage.ASSESSED: next(
            (entry.occurred_at for entry in entries if entry.kind in _ASSESSING and entry.role is Role.STAFF), None
        ),
        Stage.ANSWERED: min(history.replies, default=None),
        Stage.CLOSED: min(history.resolutions, default=None) or _ended(history),
    }
    if complaint.stage in ORDER:
        stated = Stage(complaint.stage)
        times[stated] = times[stated] or complaint.updated_at
    return {stage: at for stage, at in times.items() if at is not None}


def _ended(history: History) -> datetime | None:
    last = history.spells[-1]
    return last.start if last.status in (Status.RESOLVED, Status.CLOSED) else None
