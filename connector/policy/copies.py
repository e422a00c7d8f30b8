"""The same message at two places is one complaint: the first is dealt with, the other only points to it; pure.

Which of them leads is said by `people.repeats.leading`. Called by `decision` and the sweep.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec

from connector.model import Action, ActionKind, FlagKind, Mode
from connector.policy.rules import COPY, DIGEST, STAGES, Policy

RANK = 6
# What tells people of ours that a complaint is there, which they hear of the leading one.
SILENT = (STAGES, DIGEST)
# What is written to the ticket itself; everything else is written elsewhere, and for both complaints to the same place.
_AT_THE_TICKET = (ActionKind.ESCALATE, ActionKind.TAG, ActionKind.SURVEY, ActionKind.ACKNOWLEDGE)
_MODES = tuple(Mode)


class Reach(msgspec.Struct, frozen=True):
    """What may be written at a source: the kinds that it `can`, each in its mode; nothing of what happened before
    `act_from` (None: it was never read), and nothing at all while `paused`."""

    can: frozenset[ActionKind]
    modes: Mapping[ActionKind, Mode]
    act_from: datetime | None
    paused: bool = False


def led(there: Reach | None, here: Reach, opened_at: datetime) -> frozenset[ActionKind]:
    """What is left to a complaint that was opened at a source at `opened_at`, so that its copy here need not do it:
    all that is no less sure to be done there. Nothing where nobody looks after that source any more (None)."""
    if there is None or there.act_from is None or opened_at < there.act_from:
        return frozenset()
    less = (kind for kind in _AT_THE_TICKET if there.paused or not _no_less(kind, there, here))
    return frozenset(ActionKind) - frozenset(less)


def _no_less(kind: ActionKind, there: Reach, here: Reach) -> bool:
    modes = [_MODES.index(one.modes.get(kind, Mode.SHADOW)) for one in (there, here)]
    return kind in there.can and modes[0] >= modes[1]


def note(leading: str) -> str:
    """What the copy's ticket is told; `leading` is "source/ticket"."""
    return f"This is the same message as {leading}, where it is dealt with."


def dealt_with(leading: str) -> str:
    """Why nothing is done at the copy."""
    return f"it is the same message as {leading}, which is dealt with there"


def against(action: Action, leading: str | None, left: Collection[ActionKind], policy: Policy) -> str | None:
    """Why an action that was intended does not hold now that what is `left` to `leading` is done there, or is not. What
    a person wants, and what cannot wait, always holds."""
    if action.rule == COPY:
        stands = action.episode == leading and ActionKind.ESCALATE in left
        return None if stands else "it is dealt with here by now"
    if leading is None or action.kind not in left or action.kind is ActionKind.UNDO or urgent(action, policy):
        return None
    return dealt_with(leading)


def urgent(action: Action, policy: Policy) -> bool:
    """Whether an action is about an emergency, which is told at every place it came to."""
    rule = policy.rule(action.rule)
    return rule is not None and rule.on is FlagKind.EMERGENCY
