"""What agents say about a complaint by changing, at the helpdesk, the tags and fields in which we say it; pure.

Called by `assessment`. A tag of ours that a person takes off and replaces by another of ours is a correction, and so is
a field that `write` fills; what we, a rule or an import did is none. An agent's word is a tag by "agent", and wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from connector.mapping import Mapping as FieldMapping
from connector.model import Entry, EntryKind, Role, Tag
from connector.policy.decision import tag_name

AGENT = "agent"
_BETWEEN = re.compile(r"[\s,]+")
_TAG = "tag."


class Answers(msgspec.Struct, frozen=True):
    """The values of a facet, and whether several may hold."""

    values: tuple[str, ...]
    several: bool


class Vocabulary(msgspec.Struct, frozen=True):
    """The tags in which we say what we found: tag → (facet, value), and what there is to say about each facet."""

    tags: dict[str, tuple[str, str]]
    facets: dict[str, Answers]


def vocabulary(prefix: str, facets: Mapping[str, Answers]) -> Vocabulary:
    """Every tag that may be written back with this prefix (`policy.TagBack`)."""
    tags = {
        tag_name(f"{prefix}{name}_{value}"): (name, value) for name, facet in facets.items() for value in facet.values
    }
    return Vocabulary(tags, dict(facets))


def corrected(entries: Iterable[Entry], known: Vocabulary, mapping: FieldMapping) -> tuple[Tag, ...]:
    """What agents last said about each facet, as tags by "agent"; `entries` are in order."""
    labels = mapping.fields.get("labels", "labels")
    fields = {path: what.removeprefix(_TAG) for what, path in mapping.write.items() if what.startswith(_TAG)}
    said: dict[str, tuple[str, ...]] = {}
    worn: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        if entry.kind is not EntryKind.FIELD or entry.field is None:
            continue
        by_staff = entry.role is Role.STAFF
        if entry.field == labels:
            before, worn = worn, _worn(entry, known)
            if by_staff:
                said.update(_changed(before, worn, known))
        elif by_staff and entry.field in fields:
            said.update(_in_field(entry, fields[entry.field], known, mapping))
    return tuple(Tag(facet, value, 1.0, AGENT) for facet, values in said.items() for value in values)


def _worn(entry: Entry, known: Vocabulary) -> dict[str, tuple[str, ...]]:
    """Our tags that the ticket has, by facet."""
    found: dict[str, tuple[str, ...]] = {}
    for label in _BETWEEN.split(entry.value or ""):
        facet, value = known.tags.get(label.lower(), ("", ""))
        if facet:
            found[facet] = (*found.get(facet, ()), value)
    return found


def _changed(
    before: Mapping[str, tuple[str, ...]], now: Mapping[str, tuple[str, ...]], known: Vocabulary
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The facets about which a change of tags says something. Of a facet with one answer the added one is meant; one
    that is only taken off says no more than that."""
    for facet, values in now.items():
        added = tuple(value for value in values if value not in before.get(facet, ()))
        if known.facets[facet].several:
            if set(values) != set(before.get(facet, ())):
                yield facet, values
        elif len(added) == 1:
            yield facet, added


def _in_field(
    entry: Entry, facet: str, known: Vocabulary, mapping: FieldMapping
) -> Iterator[tuple[str, tuple[str, ...]]]:
    table = mapping.write_values.get(f"{_TAG}{facet}")
    ours = {str(theirs).lower(): value for value, theirs in table.items()} if table else {}
    answers = known.facets.get(facet)
    words = _BETWEEN.split(entry.value or "") if answers is not None and answers.several else [entry.value or ""]
    values = tuple(ours.get(word.lower(), word) for word in words if word)
    if answers is not None and values and all(value in answers.values for value in values):
        yield facet, values
