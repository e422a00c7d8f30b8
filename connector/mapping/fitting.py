"""Where a mapping and its source do not fit: words without a line, fields that are not there or not writable; pure.

`amends mapping check` and `amends check` show what is found here, each with the place of its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from connector.adapter import Discovery, Field
from connector.mapping.profiles import texts_of
from connector.mapping.rules import EXTRA, FACET, FLAG, SURVEY, TAGS, head, words
from connector.mapping.rules import Mapping as FieldMapping
from connector.model import JSON, fields_of
from connector.timeline import status_name

MOST_NAMED = 5
FEWEST_TO_TELL = 5  # tickets from which on it says something that a field is empty in all


class Misfit(msgspec.Struct, frozen=True):
    """One thing to edit: `what` does not fit at `place` (file:line:column), and what to write."""

    place: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}; {self.remedy}."


def misfits(
    mapping: FieldMapping, discovery: Discovery, snapshots: Sequence[Mapping[str, JSON]] | None = None
) -> tuple[Misfit, ...]:
    """Everything that does not fit. `snapshots` of live tickets, where there are any, tell fields that never come."""
    known = {field.id: field for field in discovery.fields}
    return (
        *_words(mapping, discovery),
        *_renamed(mapping, discovery),
        *_unreachable(mapping, known, snapshots),
        *_retyped(mapping, known),
        *_new_values(mapping, known),
        *_targets(mapping, known),
    )


def doubts(
    mapping: FieldMapping, discovery: Discovery, snapshots: Sequence[Mapping[str, JSON]] = ()
) -> tuple[Misfit, ...]:
    """What may be meant so, and is worth a look: fields that none of these live tickets fills, and targets that only
    some of the projects have on a screen."""
    known = {field.id: field for field in discovery.fields}
    return (*_empty(mapping, discovery, snapshots), *_partial(mapping, known))


def _empty(mapping: FieldMapping, discovery: Discovery, snapshots: Sequence[Mapping[str, JSON]]) -> Iterator[Misfit]:
    """Own fields and labels may well be rare; the others are what every ticket has."""
    if len(snapshots) < FEWEST_TO_TELL:
        return
    gone = {ours for ours, _ in _lacking(mapping, {field.id: field for field in discovery.fields}, snapshots)}
    for ours, path in mapping.fields.items():
        own = ours.startswith(EXTRA) or ours == "labels" or path.startswith("custom") or path in discovery.renamed
        if ours not in gone and not own and not any(texts_of(fields_of(snapshot, path)) for snapshot in snapshots):
            what = f"{ours} is read from {path}, which is empty in all of the {len(snapshots)} newest tickets"
            remedy = "see with `amends mapping discover` which field holds it, or leave it so if nobody fills it in"
            yield Misfit(mapping.place(f"fields.{ours}"), what, remedy)


def _partial(mapping: FieldMapping, known: Mapping[str, Field]) -> Iterator[Misfit]:
    everywhere = {where for field in known.values() for where in field.where}
    for ours, path in mapping.write.items():
        field = known.get(path)
        lacking = sorted(everywhere - set(field.where)) if field and field.where and field.writable else []
        if field and lacking:
            what = f"{ours} is written to {path}, which {_some(sorted(field.where))} has and {_some(lacking)} has not"
            remedy = "put it on the screens there, or see that no rule writes it there"
            yield Misfit(mapping.place(f"write.{ours}"), what, remedy)


def _renamed(mapping: FieldMapping, discovery: Discovery) -> Iterator[Misfit]:
    for ours, path in mapping.fields.items():
        if (here := discovery.renamed.get(path)) is not None:
            what = f"{ours} is read from {path}, which this site does not have"
            yield Misfit(mapping.place(f"fields.{ours}"), what, f"write {here}")


def _words(mapping: FieldMapping, discovery: Discovery) -> Iterator[Misfit]:
    known = words(mapping)
    projects: dict[tuple[str, str], list[str]] = {}
    for ident, title in discovery.statuses:
        if known.status_of(ident) is None:
            name = status_name(ident)
            projects.setdefault((name, title), []).append(ident.removesuffix(name).rstrip("/"))
    for (name, title), where in projects.items():
        scope = f" ({_some([one for one in where if one])})" if any(where) else ""
        what = f'the status "{title}"{scope} has no line'
        yield Misfit(mapping.place("status"), what, f"add `{name}: …` under `status`; until then it counts as open")
    for ident, title in discovery.priorities:
        if ident not in mapping.priority:
            what = f'the priority "{title}" has no line'
            yield Misfit(mapping.place("priority"), what, f"add `{ident}: …` under `priority`")


def _unreachable(
    mapping: FieldMapping, known: Mapping[str, Field], snapshots: Sequence[Mapping[str, JSON]] | None
) -> Iterator[Misfit]:
    for ours, path in _lacking(mapping, known, snapshots):
        what = f"{ours} is read from {path}, which the source does not have"
        yield Misfit(mapping.place(f"fields.{ours}"), what, "`amends mapping discover` lists what it has")


def _lacking(
    mapping: FieldMapping, known: Mapping[str, Field], snapshots: Sequence[Mapping[str, JSON]] | None
) -> Iterator[tuple[str, str]]:
    heads = {head(ident) for ident in known}
    seen = {name for snapshot in snapshots or () for name in snapshot}
    for ours, path in mapping.fields.items():
        start = head(path)
        if path in known or start in known or (start in heads and ":" not in path):
            continue
        never_comes = bool(snapshots) and start.partition(":")[0] not in seen
        if path.startswith("custom") or never_comes:
            yield ours, path


def _retyped(mapping: FieldMapping, known: Mapping[str, Field]) -> Iterator[Misfit]:
    for ours, kind in mapping.types.items():
        field = known.get(mapping.fields[ours])
        if field is not None and field.type != kind:
            what = f"{ours} is said to hold {kind}, and {field.id} holds {field.type} at the source"
            yield Misfit(mapping.place(f"fields.{ours}"), what, f"write `type: {field.type}`, or read another field")


def _new_values(mapping: FieldMapping, known: Mapping[str, Field]) -> Iterator[Misfit]:
    """Options that the source has, and the table of their field has not."""
    for ours, table in mapping.values.items():
        field = known.get(mapping.fields.get(ours, ""))
        missing = [value for value, _ in field.options if value not in table] if field else []
        if ours == "product" and mapping.products is not None:
            missing = [value for value in missing if mapping.products.find(value, None) is None]
        if missing:
            what = f"{_some(missing)} of {field.id if field else ours} {_has(missing)} no line in the table of {ours}"
            line = f"values.{ours}" if f"values.{ours}" in mapping.places else f"fields.{ours}"
            yield Misfit(mapping.place(line), what, "add what each of them means to you")


def _targets(mapping: FieldMapping, known: Mapping[str, Field]) -> Iterator[Misfit]:
    for ours, path in mapping.write.items():
        place, field = mapping.place(f"write.{ours}"), known.get(path)
        if field is None:
            what = f"{ours} is written to {path}, which the source does not have"
            yield Misfit(place, what, "`amends mapping discover` lists what it has")
        elif field.writable is False:
            what = f"{ours} is written to {path}, which cannot be written"
            yield Misfit(place, what, "put it on the screen at the source, or write another field")
        else:
            yield from _unsuitable(mapping, ours, field, place)


def _unsuitable(mapping: FieldMapping, ours: str, field: Field, place: str) -> Iterator[Misfit]:
    """A target that can be written and would still not say what was meant."""
    table = mapping.write_values.get(ours)
    readers = [name for name, read in mapping.fields.items() if head(read) == field.id and not _same(name, ours)]
    if readers and not field.many:
        what = f"{ours} is written to {field.id}, from which {_some(readers)} is read, and would replace it"
        yield Misfit(place, what, "write a field of its own")
    if field.type in _unfit(ours, table):
        what = f"{ours} is written to {field.id}, which holds {_KINDS.get(field.type, field.type)}"
        yield Misfit(place, what, "write a field that can hold it, such as a text or a choice")
    if ours == TAGS and not field.many:
        what = f"tags are written to {field.id}, where each write replaces what is there"
        yield Misfit(place, what, "name a field that takes several values, such as the labels")
    options = {value for value, _ in field.options}
    unknown = [str(value) for value in (table or {}).values() if options and str(value) not in options]
    if unknown:
        what = f"{_some(unknown)} {'is' if len(unknown) == 1 else 'are'} no option of {field.id}"
        yield Misfit(place, what, f"it has {_some(sorted(options))}")
    if table is None and field.type in ("choice", "choices", "yes_no") and ours.startswith((FACET, FLAG, SURVEY)):
        what = f"{ours} is written to {field.id}, which holds {field.type.replace('_', ' ')}, without a table"
        yield Misfit(place, what, f"write `{ours}: {{to: {field.id}, values: {{ours: theirs}}}}`")


_KINDS = {"date": "a date", "time": "a time", "person": "a person", "sla": "a promise's clock", "number": "a number"}


def _unfit(ours: str, table: Mapping[str, JSON] | None) -> tuple[str, ...]:
    """The types of fields that cannot say what is written as `ours`. A table may give numbers for words."""
    if ours.startswith(EXTRA):
        return ()
    unfit = ("date", "time", "sla") if ours == "owner" else ("date", "time", "sla", "person", "people")
    findings = ours.startswith((FACET, FLAG, SURVEY)) or ours == TAGS
    return (*unfit, "number") if findings and table is None else unfit


def _same(read: str, written: str) -> bool:
    """Whether a finding that is written is what the complaint field `read` says anyhow."""
    return read.removeprefix(EXTRA) == written.removeprefix(FACET).removeprefix(EXTRA)


def _some(words: Sequence[str]) -> str:
    named = ", ".join(words[:MOST_NAMED])
    return named if len(words) <= MOST_NAMED else f"{named} and {len(words) - MOST_NAMED} more"


def _has(words: Sequence[str]) -> str:
    return "has" if len(words) == 1 else "have"
