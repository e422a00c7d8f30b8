"""Whether Amends may act on a complaint at all. Asked by `decision` first, and by `recheck` again before sending."""

from __future__ import annotations

from collections.abc import Sequence

from connector.model import Complaint, Status, Tag


def objection(complaint: Complaint, tags: Sequence[Tag]) -> str | None:
    """Why nothing may be written to this ticket, in words; None if it may. Only complaints are acted upon: an enquiry,
    or what still waits for review, is left alone."""
    against = gone(complaint)
    if against is not None:
        return against
    if next((tag.value for tag in tags if tag.facet == "complaint"), None) != "yes":
        return "it is not known to be a complaint"
    return None


def gone(complaint: Complaint) -> str | None:
    """Why this ticket, complaint or not, takes nothing any more."""
    if complaint.merged_into is not None:
        return f"the ticket was merged into {complaint.merged_into}"
    if complaint.status is Status.DELETED:
        return "the ticket was deleted"
    if complaint.status is Status.WITHDRAWN:
        return "the complaint was withdrawn"
    return None
