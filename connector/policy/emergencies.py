"""What cannot wait, as flags: danger, lawyers, a regulator, the press, somebody who needs care, fraud; pure.

The tags come from the emergency rules, which prefer a false alarm to a missed one, so a flag is raised even where it is
not certain that the ticket is a complaint; only a person's or the mapping's word that it is none stands against it.
Called by `assessment`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.model import FINISHED, Complaint, Flag, FlagKind, Tag
from connector.policy.standing import gone

FACET = "emergency"
STATED_BY = ("agent", "amends", "mapping")
WORDS = {
    "safety": "Somebody's life, health or property may be in danger.",
    "legal": "A lawyer, a court or a claim is spoken of.",
    "regulator": "A regulator, an ombudsman or a consumer body is spoken of.",
    "press": "The press, television or a public campaign is spoken of.",
    "vulnerable": "The person may need particular care.",
    "fraud": "Fraud, a stolen account or misuse is spoken of.",
}


def flags(complaint: Complaint, tags: Sequence[Tag], received_at: datetime) -> tuple[Flag, ...]:
    """One EMERGENCY flag for each kind that was found, while the complaint is not finished. The episode is the kind:
    whatever comes and goes, each is told once."""
    found = [tag for tag in tags if tag.facet == FACET]
    if not found or complaint.status in FINISHED or not may_be_one(complaint, tags):
        return ()
    return tuple(
        Flag(FlagKind.EMERGENCY, rule=kind, episode=kind, since=received_at, why=_why(kind))
        for kind in dict.fromkeys(tag.value for tag in found)
    )


def _why(kind: str) -> str:
    return WORDS.get(kind, f"The words of the complaint point to {kind.replace('_', ' ')}.")


def may_be_one(complaint: Complaint, tags: Sequence[Tag]) -> bool:
    """Whether nobody who knows has said that this ticket is no complaint."""
    if gone(complaint) is not None:
        return False
    said = next((tag for tag in tags if tag.facet == "complaint"), None)
    return said is None or said.value != "no" or not said.author.startswith(STATED_BY)
