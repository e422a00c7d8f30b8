"""Whether the customer still has to be told that their complaint has come. Called by `decision` and `recheck`.

An acknowledgement is worth something while nobody has answered. It comes from a machine, says nothing but that the
complaint has come, and does not count as an answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.model import FINISHED, History
from connector.policy.rules import Acknowledge

EPISODE = "received"  # a ticket is received once, whatever becomes of it


def unwanted(history: History) -> str | None:
    """Why no acknowledgement should go any more, in words; None while one is owed."""
    if history.replies:
        return "somebody has answered"
    if history.status in FINISHED:
        return f"the ticket is {history.status}"
    return None


def last_moment(history: History, settings: Acknowledge) -> datetime:
    """After this, an acknowledgement would only puzzle."""
    return history.received_at + timedelta(hours=settings.within_hours)
