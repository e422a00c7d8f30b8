"""A text with what is known to be right about it, and how labels from elsewhere are read. Pure, without numpy.

Made by `settings` from the shipped examples, by the commands from files and from the store; `training` learns from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from connector.tagging.book import LANGUAGE, Facet

# What `amends tag text` calls a facet, and what the taxonomy does.
_CALLED = {"is_complaint": "complaint", "remedies": "remedy", "emergencies": "emergency", "lang": LANGUAGE}
_YES = frozenset({"1", "true", "yes", "complaint"})
_NO = frozenset({"0", "false", "no", "enquiry", "inquiry"})


class Labelled(msgspec.Struct, frozen=True):
    """A text and, by facet, the values that hold. A facet that is not there is not known of; an empty one has none of
    its values. `own` says that it comes from this installation, not from what ships."""

    text: str
    labels: dict[str, tuple[str, ...]]
    language: str | None = None
    subject: str = ""
    own: bool = False


class Task(msgspec.Struct, frozen=True):
    """One facet to learn, and its values in order. `aside` says that nobody is told the answer: it is only for the
    other answers to take counsel with."""

    facet: str
    values: tuple[str, ...]
    several: bool = False
    aside: bool = False


def facet_called(name: str) -> str:
    """The taxonomy's name of a facet that `amends tag text` may call otherwise."""
    return _CALLED.get(name, name)


def labels_of(facet: str, said: Any) -> tuple[str, ...] | None:
    """A label as a file has it (text, number, truth value, null, or a list of them) as values; None where it says
    nothing that could be learnt."""
    listed = said if isinstance(said, list) else [] if said is None else [said]
    values = tuple(dict.fromkeys(_text(one) for one in listed if one is not None and _text(one)))
    if facet == "complaint":
        answers = tuple("yes" if one.lower() in _YES else "no" if one.lower() in _NO else "" for one in values)
        return answers if len(answers) == 1 and answers[0] else None
    return values


def _text(one: Any) -> str:
    return str(int(one)) if isinstance(one, bool) else str(one).strip()


def task_for(facet: str, examples: Iterable[Labelled], facets: Mapping[str, Facet]) -> Task:
    """What there is to learn of a facet: its values as they occur, in the taxonomy's order, then by name."""
    several = facet in facets and facets[facet].several
    seen: dict[str, None] = {}
    for example in examples:
        labels = example.labels.get(facet, ())
        several = several or (facet not in facets and len(labels) > 1)
        seen.update(dict.fromkeys(labels))
    known = [value for value in (facets[facet].values if facet in facets else ()) if value in seen]
    return Task(facet, (*known, *sorted(seen.keys() - set(known))), several)
