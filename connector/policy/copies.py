"""The same message at two places is one complaint: the first is dealt with, the other only points to it; pure.

Which of them leads is said by `people.repeats.leading`. Called by `decision`, `recheck` and the sweep.
"""

from __future__ import annotations

from connector.model import Action, ActionKind, FlagKind
from connector.policy.rules import COPY, DIGEST, STAGES, Policy

RANK = 6
# What tells people of ours that a complaint is there, which they hear of the leading one.
SILENT = (STAGES, DIGEST)


def note(leading: str) -> str:
    """What the copy's ticket is told; `leading` is "source/ticket"."""
    return f"This is the same message as {leading}, where it is dealt with. Nothing more is written here."


def dealt_with(leading: str) -> str:
    """Why nothing is done at the copy."""
    return f"it is the same message as {leading}, which is dealt with there"


def against(action: Action, leading: str | None, policy: Policy) -> str | None:
    """Why an action that was intended does not hold now that `leading` is, or is not, dealt with instead. What a person
    wants, and what cannot wait, always holds."""
    if action.rule == COPY:
        return None if action.episode == leading else "it is dealt with here by now"
    rule = policy.rule(action.rule)
    if leading is None or action.kind is ActionKind.UNDO or (rule is not None and rule.on is FlagKind.EMERGENCY):
        return None
    return dealt_with(leading)
