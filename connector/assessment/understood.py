"""A ticket as it is understood: its complaint with its tags, those of the tagger and above them the agents' word.

Called by `sync` where tickets are read or understood afresh; by all others for what the store holds, which is
`understood_again`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from connector.assessment.rules import Tags
from connector.assessment.untagged import UNTAGGABLE, Untagged
from connector.clocks.closed import Kept
from connector.clocks.promises import keeping
from connector.condition import values_of
from connector.corrections import AGENT, Vocabulary, corrected
from connector.mapping import Mapping as FieldMapping
from connector.model import JSON, Complaint, Entry, Promise, Ruling, Tag
from connector.people.tongues import History, Spoken, spoken, usual_language
from connector.timeline import Folded, Words, fold

_STATED_BY = ("mapping", "agent")


class Understood(msgspec.Struct, frozen=True):
    """A ticket as the mapping and the tagger understand it. `kept` is what it had when it was closed and the settings
    changed."""

    complaint: Complaint
    entries: tuple[Entry, ...]
    tags: tuple[Tag, ...]
    folded: Folded
    promises: tuple[keeping.Told, ...] = ()
    kept: Kept | None = None

    @property
    def values(self) -> dict[str, JSON]:
        """What conditions may ask of it."""
        return values_of(self.complaint, self.tags, reopens=len(self.folded.history.reopens))

    @property
    def is_complaint(self) -> str:
        """yes, no or unsure."""
        for tag in self.tags:
            if tag.facet == "complaint":
                return tag.value
        return "unsure"


def understood_again(
    complaint: Complaint,
    entries: tuple[Entry, ...],
    tags: tuple[Tag, ...],
    words: Words,
    promises: Sequence[Promise] = (),
    rulings: Sequence[Ruling] = (),
    kept: Kept | None = None,
) -> Understood:
    """A ticket from what the store holds, without reading the source's fields again."""
    folded = fold(entries, words)
    assert folded is not None, "a stored complaint has a timeline"
    return Understood(complaint, entries, tags, folded, keeping.settled(promises, rulings), kept)


def tagged(these: Sequence[Untagged], tagger: Tags | None, history: History | None = None) -> list[Understood]:
    """Complaints with their tags; several together cost less than one after the other. Where a message is too short to
    tell its language, the person's earlier ones tell it: those of `these`, and what `history` knows of."""
    asked = [one for one in these if not one.done]
    if tagger is None or history is None:
        said = iter(_said(asked, tagger))
    else:
        said = iter(_with_history(asked, tagger, history))
    return [
        Understood(one.complaint, one.entries, one.before.tags, one.folded)
        if one.done and one.before is not None
        else _joined(one, next(said))
        for one in these
    ]


def as_corrected(this: Understood, mapping: FieldMapping, vocabulary: Vocabulary | None) -> Understood:
    """The same with what agents said in its entries."""
    said = corrected(this.entries, vocabulary, mapping) if vocabulary is not None else ()
    facets = {tag.facet for tag in said}
    tags = (*said, *(tag for tag in this.tags if tag.facet not in facets)) if said else this.tags
    return Understood(this.complaint, this.entries, tags, this.folded)


def said_by_agents(this: Understood, before: Sequence[Tag]) -> dict[str, tuple[str, ...]]:
    """What agents say of it, by facet, where that was not known `before`: what a model can learn from."""
    said = _by_agents(this.tags)
    if not said:  # as of nearly all
        return said
    return {facet: values for facet, values in said.items() if values != _by_agents(before).get(facet)}


def _by_agents(tags: Iterable[Tag]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for tag in tags:
        if tag.author == AGENT:
            found[tag.facet] = (*found.get(tag.facet, ()), tag.value)
    return found


def _with_history(asked: Sequence[Untagged], tagger: Tags | None, history: History) -> list[tuple[Tag, ...] | str]:
    """What is said of each; of what no words told the language, once more with the language that its author writes."""
    said = _said(asked, tagger)
    open_ = [number for number, tags in enumerate(said) if not isinstance(tags, str) and _in_no_language(tags)]
    if not open_:
        return said
    found = history([asked[number].complaint.complainant.key for number in open_])
    known: dict[str, list[Spoken]] = {key: list(these) for key, these in found.items()}
    for one, tags in zip(asked, said, strict=True):
        heard = None if isinstance(tags, str) else spoken(one.complaint, tags)
        if heard is not None:
            known.setdefault(one.complaint.complainant.key, []).append(heard)
    usual = {
        number: language
        for number in open_
        if (language := usual_language(asked[number].complaint, known.get(asked[number].complaint.complainant.key, ())))
    }
    again = _said([asked[number] for number in usual], tagger, list(usual.values()))
    for number, tags in zip(usual, again, strict=True):
        said[number] = tags
    return said


def _in_no_language(tags: Sequence[Tag]) -> bool:
    return any(tag.facet == "language" and tag.author == "default" for tag in tags)


def _said(
    asked: Sequence[Untagged], tagger: Tags | None, usual: Sequence[str | None] | None = None
) -> list[tuple[Tag, ...] | str]:
    """The tags of each, or why it has none."""
    if tagger is None or not asked:
        return [() if one.told is None else (one.told,) for one in asked]
    from connector.tagging import Asked

    try:
        speaks = usual if usual is not None else [None] * len(asked)
        return list(
            tagger.tags_of(
                [
                    Asked(one.complaint, one.told, _language_of(one), their)
                    for one, their in zip(asked, speaks, strict=True)
                ]
            )
        )
    except Exception as error:  # noqa: BLE001  # no complaint may be lost, and no clock stop, over what it is about
        if len(asked) == 1:
            return [type(error).__name__]
        return [
            said
            for number, one in enumerate(asked)
            for said in _said([one], tagger, None if usual is None else [usual[number]])
        ]


def _joined(one: Untagged, said: tuple[Tag, ...] | str) -> Understood:
    """What was said, with the agents' word above it. What was known of a ticket that could not be tagged stays, and its
    problems say so."""
    complaint, known = one.complaint, one.before.tags if one.before else ()
    if isinstance(said, str):
        complaint = replace(complaint, problems=(*complaint.problems, f"{UNTAGGABLE}{said}"))
        told = () if one.told is None else (one.told,)
        said = (*told, *(tag for tag in known if one.told is None or tag.facet != one.told.facet))
    agents = tuple(tag for tag in known if tag.author == AGENT) if known else ()
    if agents:
        facets = {tag.facet for tag in agents}
        said = (*agents, *(tag for tag in said if tag.facet not in facets))
    return Understood(complaint, one.entries, said, one.folded)


def _language_of(one: Untagged) -> Tag | None:
    """What was found of the very same words before: guessing a language costs more than all other tags."""
    complaint, was = one.complaint, one.before.complaint if one.before is not None else None
    if one.before is None or was is None or (complaint.text, complaint.subject) != (was.text, was.subject):
        return None
    return next((tag for tag in one.before.tags if tag.facet == "language" and tag.author not in _STATED_BY), None)
