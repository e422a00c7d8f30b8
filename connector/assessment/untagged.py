"""A ticket as its mapping understands it: its entries and fields as a complaint, before a tagger has read its words.

Called by `sync.ticket` for what was read, by `sync.replay` for what is stored. Here, too, is told which tickets are our
own, and of which words a tagger need not be asked again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec.structs import replace

from connector.corrections import AGENT, Vocabulary, corrected
from connector.errors import RecordError
from connector.mapping import Mapping as FieldMapping
from connector.mapping import complaint_tag, normalise
from connector.model import JSON, Complaint, Entry, EntryKind, Role, Tag
from connector.timeline import Folded, Words, fold

UNTAGGABLE = "it could not be tagged: "  # how the problem begins of a complaint on which the tagger failed


class Known(msgspec.Struct, frozen=True):
    """What was understood of a ticket before."""

    complaint: Complaint | None
    tags: tuple[Tag, ...]


class Untagged(msgspec.Struct, frozen=True):
    """A ticket as the mapping understands it. `told` is what the source says of it, `before` what was known; where it
    is `done`, the tags of `before` are its own."""

    complaint: Complaint
    entries: tuple[Entry, ...]
    folded: Folded
    told: Tag | None
    before: Known | None
    done: bool = False


def own_marked(entries: Iterable[Entry], actor: str | None) -> tuple[Entry, ...]:
    """The entries with our own ones known as such: `actor` is our user at the source."""
    found = tuple(entries)
    if actor is None or actor not in [entry.actor for entry in found]:  # as in nearly all tickets
        return found
    return tuple(
        [
            replace(entry, role=Role.AMENDS) if entry.actor == actor and entry.role is not Role.AMENDS else entry
            for entry in found
        ]
    )


def normalised(
    source: str,
    ticket: str,
    version: int,
    fields: Mapping[str, JSON],
    entries: tuple[Entry, ...],
    *,
    mapping: FieldMapping,
    words: Words,
    before: Known | None = None,
    same_tags: Callable[[Complaint], bool] | None = None,
    vocabulary: Vocabulary | None = None,
) -> Untagged:
    """The complaint that the ordered `entries` and the newest snapshot's `fields` amount to, not tagged yet.

    What an agent said `before` wins and survives. `same_tags` tells whether the tagger that is to come (or none) finds
    in the words of a complaint what that of `before` found in them. Raises RecordError where nothing can be made of the
    ticket.
    """
    folded = fold(entries, words)
    if folded is None:
        raise RecordError(
            "nothing says when this ticket was received.",
            source=source,
            ticket=ticket,
            remedy="Look at its payload: `amends quarantine list`.",
        )
    complaint = normalise(source, ticket, version, fields, folded, mapping)
    told = _told(complaint, entries, mapping)
    if same_tags and before is not None and _reads_alike(complaint, before, told) and same_tags(complaint):
        return Untagged(complaint, entries, folded, told, before, done=True)
    return Untagged(complaint, entries, folded, told, _with_corrections(before, entries, mapping, vocabulary))


def untagged(before: Known, entries: tuple[Entry, ...], *, mapping: FieldMapping, words: Words) -> Untagged:
    """A stored complaint, to be tagged afresh: what to do when only phrases, taxonomy or models changed."""
    folded = fold(entries, words)
    assert folded is not None and before.complaint is not None, "a stored complaint has a timeline"
    told = _told(before.complaint, entries, mapping)
    return Untagged(before.complaint, entries, folded, told, before)


def tags_stand(known: Known, entries: tuple[Entry, ...], mapping: FieldMapping) -> bool:
    """Whether a tagger that finds in its words what was found before would give a stored complaint the tags it has."""
    complaint = known.complaint
    return complaint is not None and _reads_alike(complaint, known, _told(complaint, entries, mapping))


def left_untagged(complaint: Complaint) -> bool:
    """Whether the tagger failed on a complaint when it was last asked."""
    return bool(complaint.problems) and any(problem.startswith(UNTAGGABLE) for problem in complaint.problems)


def _with_corrections(
    before: Known | None, entries: tuple[Entry, ...], mapping: FieldMapping, vocabulary: Vocabulary | None
) -> Known | None:
    """What was known, with what agents said since at the helpdesk; of a facet the newer word counts."""
    said = corrected(entries, vocabulary, mapping) if vocabulary is not None else ()
    if not said:
        return before
    facets = {tag.facet for tag in said}
    kept = tuple(tag for tag in before.tags if tag.facet not in facets) if before is not None else ()
    return Known(before.complaint if before is not None else None, (*said, *kept))


def _reads_alike(complaint: Complaint, before: Known, told: Tag | None) -> bool:
    """Whether a tagger has to find the same as `before`: in the same words, beside the same word of the source."""
    was = before.complaint
    if was is None or (
        (complaint.text, complaint.subject, complaint.language, complaint.complainant.language)
        != (was.text, was.subject, was.language, was.complainant.language)
        or left_untagged(was)
    ):
        return False
    # In one loop, without generators: each complaint of a replay passes here.
    said: Tag | None = None
    for tag in before.tags:
        author = tag.author
        if author == AGENT:
            return False
        if said is None and (author[:8] == "mapping:" or tag == _OURS):
            said = tag
    return told == said


# A corrective ticket speaks of a complaint and is none; taken for one, it would have a corrective ticket opened for it.
# Who opened it does not always tell, for a rule or the project may name another reporter; our marker as a label does.
_MARKER = re.compile(r"am-[a-z2-7]{20}")
_OURS = Tag("complaint", "no", 1.0, "amends")
_RECEIVED = EntryKind.RECEIVED  # each ticket is asked for it


def _told(complaint: Complaint, entries: tuple[Entry, ...], mapping: FieldMapping) -> Tag | None:
    """What is known of it without reading its words."""
    ours = _opened_by_us(entries) or _carries_our_marker(complaint.labels)
    return _OURS if ours else complaint_tag(complaint, mapping)


def _carries_our_marker(labels: tuple[str, ...]) -> bool:
    return bool([label for label in labels if label[:3] == "am-" and _MARKER.fullmatch(label)])


def _opened_by_us(entries: tuple[Entry, ...]) -> bool:
    for entry in entries:
        if entry.kind is _RECEIVED:
            return entry.role is Role.AMENDS
    return False
