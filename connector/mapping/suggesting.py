"""A proposed mapping for a source: which of its fields is which of ours, and what its statuses mean; pure.

Known by name (seven languages), type, options and how the field is used. Nothing that stands in the mapping already
is proposed again. Called by `amends mapping suggest` and `amends init`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from connector.adapter import Discovery
from connector.mapping.lexicon import (
    FIELD_NAMES,
    FIELD_TYPES,
    LANGUAGE_NAMES,
    PRIORITY_NAMES,
    RETIRED,
    STATUS_NAMES,
    US,
    WAITING_FOR,
    folded,
)
from connector.mapping.profiles import Profile
from connector.mapping.rules import EXTRA, FACET, TABLED, words
from connector.mapping.rules import Mapping as FieldMapping
from connector.model import Status
from connector.timeline import status_name

CERTAIN = 0.7  # from here on a line counts; below, it is written as a comment
WORTH_SAYING = 0.4
_SAME_NAME, _WHOLE_WORDS, _PART_OF_A_WORD = 0.72, 0.56, 0.44
SHORTEST_PART = 5
Word = TypeVar("Word")


class Suggestion(msgspec.Struct, frozen=True):
    """One line of a mapping: in `section` (fields, status, priority, values, write), `name: value`. `confidence` is 0
    to 1, `reason` says in words where it comes from. A line of `fields` for one of the admin's own says with `type`
    what the field holds today. With `instead`, it takes the place of a line that names this source field, which the
    source does not have."""

    section: str
    name: str
    value: str | dict[str, str]
    confidence: float
    reason: str
    type: str = ""
    instead: str = ""

    @property
    def certain(self) -> bool:
        return self.confidence >= CERTAIN


def suggest(mapping: FieldMapping, discovery: Discovery, used: Sequence[Profile]) -> tuple[Suggestion, ...]:
    """What could be added to `mapping` for a source that has these fields and statuses and uses them so."""
    fields = tuple(_fields(mapping, used, {*discovery.renamed.values()}))
    tables = tuple(_tables(fields, {one.field.id: one for one in used}))
    return (
        *_renamed(mapping, discovery),
        *fields,
        *tables,
        *_statuses(mapping, discovery),
        *_priorities(mapping, discovery),
        *_targets(mapping, fields, used),
    )


# -- fields ------------------------------------------------------------------------------------------------------------


def _renamed(mapping: FieldMapping, discovery: Discovery) -> Iterator[Suggestion]:
    for name, path in mapping.fields.items():
        if (here := discovery.renamed.get(path)) is not None:
            yield Suggestion("fields", name, here, 0.95, f"this site has no {path}", instead=path)


class _Likeness(msgspec.Struct, frozen=True):
    name: str
    profile: Profile
    score: float
    reason: str


def recognised(profile: Profile) -> tuple[str, float, str] | None:
    """(complaint field, confidence, reason) of what a field most likely is, None where nothing speaks for anything."""
    best = max((_likeness(name, profile) for name in FIELD_NAMES), key=lambda one: one.score)
    return (best.name, best.score, best.reason) if best.score >= WORTH_SAYING else None


def _fields(mapping: FieldMapping, used: Sequence[Profile], spoken_for: set[str]) -> Iterator[Suggestion]:
    taken = spoken_for | set(mapping.fields.values())
    free = [one for one in used if one.field.id not in taken]
    likely = [_likeness(name, one) for name in FIELD_NAMES if name not in mapping.fields for one in free]
    named: set[str] = set()
    # Where two say the same, the one that is no field of the admin's own is the vendor's own word for it.
    for one in sorted(likely, key=lambda one: (-one.score, one.profile.field.id.startswith("custom"))):
        if one.score < WORTH_SAYING or one.profile.field.id in taken:
            continue
        ident = one.profile.field.id
        # An admin's own field may be made anew with another type; the vendor's own stay what they are.
        kind = one.profile.field.type if ident.startswith("custom") else ""
        if one.name in named:  # a second field of that name is mentioned, and does not count
            yield Suggestion("fields", one.name, ident, min(one.score, 0.5), f"or {one.reason}", kind)
        else:
            yield Suggestion("fields", one.name, ident, one.score, one.reason, kind)
        named.add(one.name)
        taken.add(one.profile.field.id)


def _likeness(name: str, profile: Profile) -> _Likeness:
    field = profile.field
    score, heard = _name_score(name, field.title)
    if not score:
        return _Likeness(name, profile, 0.0, "")
    reasons = [f'"{field.title}" says {heard}']
    fitting = FIELD_TYPES[name]
    if field.type in fitting:
        score += 0.08
        reasons.append(_kind(profile))
    elif field.type != "other":
        score -= 0.3
        reasons.append(f"but it holds {field.type.replace('_', ' ')}")
    if profile.read:
        score += 0.1 * profile.share if profile.filled else -0.3
        reasons.append(f"filled in {profile.share:.0%} of {profile.read} tickets")
    if RETIRED & set(folded(field.title).split()):
        score -= 0.3
        reasons.append("but its name says that it is out of use")
    if name == "order_number" and profile.filled and not any(map(_has_digit, profile.values)):
        score -= 0.2
        reasons.append("but no value has a digit")
    return _Likeness(name, profile, round(max(0.0, min(score, 0.98)), 2), ", ".join(reasons))


def _name_score(name: str, title: str) -> tuple[float, str]:
    """How well a title fits: the whole of it, some of its words, or a part of one word (German, Dutch compounds)."""
    said = folded(title)
    padded = f" {said} "
    best, heard = 0.0, ""
    for word in FIELD_NAMES[name]:
        if said == word:
            return _SAME_NAME, word
        if f" {word} " in padded:
            score = _WHOLE_WORDS + 0.1 * len(word) / max(len(said), 1)
        elif len(word) >= SHORTEST_PART and word in said:
            score = _PART_OF_A_WORD + 0.1 * len(word) / len(said)
        else:
            continue
        if score > best:
            best, heard = score, word
    return best, heard


def _kind(profile: Profile) -> str:
    field = profile.field
    kind = field.type.replace("_", " ")
    return f"{kind} with {len(field.options)} options" if field.options else kind


def _has_digit(value: tuple[str, int]) -> bool:
    return any(letter.isdigit() for letter in value[0])


# -- tables ------------------------------------------------------------------------------------------------------------


def _tables(fields: Iterable[Suggestion], used: Mapping[str, Profile]) -> Iterator[Suggestion]:
    """Options whose values people would not understand get their titles, languages their codes."""
    for one in fields:
        options = used[str(one.value)].field.options
        if not one.certain or not options or not (one.name in TABLED or one.name.startswith(EXTRA)):
            continue
        if one.name == "language":
            table = {value: code for value, title in options if (code := _language(title) or _language(value))}
            table = {} if all(_code(value) == code for value, code in table.items()) else table
        else:
            table = {value: title for value, title in options if value != title}
        if table:
            reason = f"{len(table)} of {len(options)} options of {one.value}"
            yield Suggestion("values", one.name, table, one.confidence, reason)


def _language(title: str) -> str | None:
    said = folded(title)
    return _code(title) or next((code for code, names in LANGUAGE_NAMES.items() if said in names), None)


def _code(locale: str) -> str | None:
    """The language of "pt-BR", which the mapping reads without a table."""
    said = folded(locale)
    return said[:2] if said[:2] in LANGUAGE_NAMES and said[2:3] in ("", " ") else None


# -- statuses and priorities -------------------------------------------------------------------------------------------


def _statuses(mapping: FieldMapping, discovery: Discovery) -> Iterator[Suggestion]:
    """One line for a name that means the same in all projects, else a line for each project."""
    known = words(mapping)
    by_name: dict[str, dict[str, tuple[Status, float, str]]] = {}
    for ident, title in discovery.statuses:
        if known.status_of(ident) is None:
            found = _status(title, discovery.meanings.get(ident))
            by_name.setdefault(status_name(ident), {})[ident] = found
    for name, each in by_name.items():
        one_meaning = len({status for status, _, _ in each.values()}) == 1
        lines = {name: next(iter(each.values()))} if one_meaning else each
        for word, (status, confidence, reason) in lines.items():
            yield Suggestion("status", word, status.value, confidence, reason)


def _status(title: str, meaning: str | None) -> tuple[Status, float, str]:
    named = _named(title, STATUS_NAMES)
    if named is not None:
        agrees = meaning is None or named.value == meaning
        return named, 0.95 if agrees else 0.85, "a common name" + ("" if agrees else f"; the source says {meaning}")
    if meaning in (None, Status.OPEN) and folded(title).startswith(WAITING_FOR) and not US & set(folded(title).split()):
        return Status.WAITING_THIRD_PARTY, 0.72, "it waits for somebody"
    if meaning is not None:
        return Status(meaning), 0.75, f"the source says {meaning} of it"
    return Status.OPEN, 0.45, "nothing is known of it"


def _priorities(mapping: FieldMapping, discovery: Discovery) -> Iterator[Suggestion]:
    for ident, title in discovery.priorities:
        if ident not in mapping.priority:
            priority = _named(title, PRIORITY_NAMES)
            if priority is None:
                yield Suggestion("priority", ident, "normal", 0.45, "nothing is known of it")
            else:
                yield Suggestion("priority", ident, priority.value, 0.9, "a common name")


def _named(title: str, names: Mapping[Word, Sequence[str]]) -> Word | None:
    said = folded(title)
    return next((word for word, known in names.items() if said in known), None)


# -- where findings go -------------------------------------------------------------------------------------------------


def _targets(mapping: FieldMapping, fields: Iterable[Suggestion], used: Sequence[Profile]) -> Iterator[Suggestion]:
    """Nothing is written that nobody asked for: these are offers, always as comments."""
    profiles = {one.field.id: one for one in used}
    for one in fields:
        facet = f"{FACET}{one.name.removeprefix(EXTRA)}"
        known = one.name in ("extra.category", "extra.root_cause") and facet not in mapping.write
        if known and one.certain and profiles[str(one.value)].field.writable:
            yield Suggestion("write", facet, one.value, 0.5, "Amends could fill it where it is empty")
