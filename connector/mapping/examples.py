"""A mapping's own examples, which `amends check` and the tests run; pure."""

from __future__ import annotations

from collections.abc import Mapping as Table
from datetime import datetime

import msgspec

from connector.errors import RecordError, SettingsError
from connector.mapping.complaints import complaint_tag, normalise
from connector.mapping.profiles import texts_of
from connector.mapping.rules import EXTRA, REQUESTER, Example, Mapping, to_source, words
from connector.model import EPOCH, JSON, Complaint, Entry, EntryKind
from connector.timeline import fold


def check_examples(mapping: Mapping) -> list[str]:
    """What does not hold among the mapping's own examples, each with its place; [] when all do.

    `given.status` and `given.priority` are the source's own words, put through the tables.
    """
    return [
        f"{example.place}: {failure}"
        for example in mapping.examples
        for failure in (*_reading_failures(example, mapping), *_writing_failures(example, mapping))
    ]


def _reading_failures(example: Example, mapping: Mapping) -> list[str]:
    if not example.given:
        return []
    entries = [Entry("0", EntryKind.RECEIVED, EPOCH, EPOCH), *stated(example.given, EPOCH)]
    folded = fold(entries, words(mapping))
    if folded is None:
        return []
    try:
        complaint = normalise("example", "1", 1, example.given, folded, mapping)
    except RecordError as error:
        return [f"it would go to quarantine: {error.message}"]
    tag = complaint_tag(complaint, mapping)
    said = {**sayings(complaint), "complaint": tag.value if tag else "unsure"}
    return [
        f"{name} is {said.get(name)!r}, the example expects {wanted!r}"
        for name, wanted in example.expect.items()
        if said.get(name) != wanted
    ]


def stated(fields: Table[str, JSON], at: datetime) -> list[Entry]:
    """What a snapshot itself says of status and priority, as entries of a timeline."""
    kinds = ((EntryKind.STATUS, "status"), (EntryKind.PRIORITY, "priority"))
    return [
        Entry(f"~{name}", kind, at, at, value=names[0], observed=False)
        for kind, name in kinds
        if (names := texts_of(fields.get(name)))
    ]


def sayings(complaint: Complaint) -> dict[str, JSON]:
    """The complaint as an example names its parts, in plain JSON values."""
    own = [name for name in Complaint.__struct_fields__ if name not in ("complainant", "extra")]
    person = complaint.complainant
    said: dict[str, JSON] = {name: getattr(complaint, name) for name in own}
    said |= {
        f"requester.{name}": getattr(person, "source_id" if name == "id" else name) for name in (*REQUESTER, "key")
    }
    said |= {f"{EXTRA}{name}": value for name, value in complaint.extra.items()}
    return {
        name: list(value) if isinstance(value, tuple) else msgspec.to_builtins(value) for name, value in said.items()
    }


def _writing_failures(example: Example, mapping: Mapping) -> list[str]:
    if not example.change:
        return []
    try:
        written = to_source(mapping, example.change)
    except SettingsError as error:
        return [str(error)]
    return [] if written == example.writes else [f"writes {written!r}, the example expects {example.writes!r}"]
