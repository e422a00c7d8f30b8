"""In which language a person writes, from the tickets that they wrote before. Pure.

Called by `assessment` for messages too short to tell their language by themselves, and by `store` to look it up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from connector.model import Complaint, Tag

# Who says a language without the words of the ticket, or says that nobody knows.
_NO_WORDS = frozenset({"history", "default"})


class Spoken(msgspec.Struct, frozen=True):
    """In which language (ISO 639-1) a ticket was written, as its own words told."""

    opened_at: datetime
    ticket: str
    language: str


# Complainants' keys → what is known of the tickets of each.
History = Callable[[Sequence[str]], Mapping[str, Sequence[Spoken]]]


def spoken(complaint: Complaint, tags: Sequence[Tag]) -> Spoken | None:
    """In which language a ticket was written; None where its words alone did not tell."""
    for tag in tags:
        if tag.facet == "language" and tag.author not in _NO_WORDS:
            return Spoken(complaint.opened_at, complaint.ticket, tag.value)
    return None


def usual_language(complaint: Complaint, known: Iterable[Spoken]) -> str | None:
    """The language that a person wrote most often before this complaint, of several the latest. What came later does
    not count, so that a replay says the same."""
    here = complaint.opened_at, complaint.ticket
    before = {(one.opened_at, one.ticket): one.language for one in known if (one.opened_at, one.ticket) < here}
    counts = Counter(before.values())
    most = max(counts.values(), default=0)
    return next((before[when] for when in sorted(before, reverse=True) if counts[before[when]] == most), None)
