"""`amends mapping preview`: live tickets as a mapping understands them, beside what was understood before.

Reads the source and, for what was understood before, the store; keeps nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from connector.adapter import Record
from connector.assessment.rules import Tags
from connector.commands.cases import values_of
from connector.commands.mapping_live import newest, opened
from connector.commands.place import Place
from connector.desks import rules_of
from connector.display import clean, count, table
from connector.errors import RecordError, StoreError
from connector.mapping import Mapping as FieldMapping
from connector.mapping import complaint_tag, normalise, source_fields, words
from connector.mapping.examples import sayings, stated
from connector.mapping.masking import shape
from connector.mapping.profiles import texts_of
from connector.mapping.unplaced import values_in
from connector.model import JSON, Complaint, Entry, EntryKind, Tag, fields_of
from connector.settings import SourceSettings, mapping_in
from connector.store import complaints, sources
from connector.store.complaints import Doc
from connector.timeline import fold

PERSONAL = frozenset({"subject", "text", "requester.name", "requester.address", "requester.phone", "requester.id"})
# What a mapping decides about; the rest (times, addresses) is only shown where it changed.
MEANT = ("status", "priority", "product", "order_number", "language", "channel", "team", "outcome", "labels")
NOTHING_STORED = "nothing is stored yet"
_OF_ENTRIES = {"status": EntryKind.STATUS, "priority": EntryKind.PRIORITY}


class Row(msgspec.Struct, frozen=True):
    """One complaint field of one ticket: what the source has, what it was taken for before, and what it is now."""

    field: str
    source: str
    before: str
    after: str


class TicketSeen(msgspec.Struct, frozen=True):
    """One live ticket. `quarantine` is why it would not be stored; then there are no rows."""

    ticket: str
    rows: tuple[Row, ...] = ()
    quarantine: str | None = None


class FieldSeen(msgspec.Struct, frozen=True):
    """One complaint field over all tickets looked at: how many have it, and how many have a value without a line."""

    field: str
    path: str
    filled: int
    unmapped: int
    values: tuple[str, ...] = ()


class Previewed(msgspec.Struct, frozen=True):
    """What a mapping makes of `read` live tickets of a source. `against` says what stands under before."""

    source: str
    mapping: str
    against: str
    read: int
    quarantined: int
    tickets: tuple[TicketSeen, ...]
    fields: tuple[FieldSeen, ...]


def preview(place: Place, name: str, most: int, draft: Path | None) -> Previewed:
    """Understand the newest tickets by the source's mapping, or by the one in the file `draft`.

    Raises AuthError, TemporaryError, SettingsFilesError for what is wrong in the draft.
    """
    (source,) = place.chosen([name])
    after = (
        source.mapping
        if draft is None
        else mapping_in(draft, source.adapter, source.mapping.products, source.mapping.thanks)
    )
    with opened(place, source, source_fields(after)) as adapter:
        records = newest(adapter, source.streams, place.now(), most, name)
    if draft is None:
        stored = _stored(place, source, records)
        before = {ticket: doc.complaint for ticket, doc in stored.items()}
        tags = {ticket: doc.tags for ticket, doc in stored.items()}
        against = "as stored" if before else NOTHING_STORED
    else:
        against, before, tags = f"by {source.mapping.file}", _understood(name, records, source.mapping)[0], {}
    return previewed(name, records, after, before, against, tagger=rules_of(place.settings).tagger, tags=tags)


def previewed(
    source: str,
    records: Sequence[Record],
    mapping: FieldMapping,
    before: Mapping[str, Complaint],
    against: str,
    *,
    tagger: Tags | None = None,
    tags: Mapping[str, tuple[Tag, ...]] | None = None,
) -> Previewed:
    """The same of tickets at hand, for `amends init`. With a `tagger` it is also told what they are about; `tags` are
    those that were found before."""
    after, refused = _understood(source, records, mapping)
    said = _tagged(after, mapping, tagger, tags or {})
    tickets = [
        TicketSeen(_called(one), quarantine=refused[one.ticket])
        if one.ticket in refused
        else TicketSeen(
            _called(one),
            (
                *_rows(one, mapping, before.get(one.ticket), after[one.ticket]),
                *_tag_rows((tags or {}).get(one.ticket, ()), said.get(one.ticket, ())),
            ),
        )
        for one in records
        if one.ticket in after or one.ticket in refused
    ]
    fields = tuple(_fields(records, mapping, after))
    return Previewed(source, mapping.file, against, len(tickets), len(refused), tuple(tickets), fields)


def _tagged(
    after: Mapping[str, Complaint], mapping: FieldMapping, tagger: Tags | None, before: Mapping[str, tuple[Tag, ...]]
) -> dict[str, tuple[Tag, ...]]:
    if tagger is None:
        return {}
    from connector.tagging import Asked

    # Where the person's history told the language, it tells it again.
    usual = {
        ticket: next((tag.value for tag in tags if tag.facet == "language" and tag.author == "history"), None)
        for ticket, tags in before.items()
    }
    said = tagger.tags_of(
        [Asked(one, complaint_tag(one, mapping), usual=usual.get(ticket)) for ticket, one in after.items()]
    )
    return dict(zip(after, said, strict=True))


def _tag_rows(before: Sequence[Tag], after: Sequence[Tag]) -> Iterator[Row]:
    """What it is about, by whom that is said; the customer's words are not shown here."""
    for facet in dict.fromkeys(tag.facet for tag in (*after, *before)):
        now = [tag for tag in after if tag.facet == facet]
        was = ", ".join(values_of(before, facet))
        by = ", ".join(dict.fromkeys(tag.author for tag in now))
        yield Row(f"tag {facet}", by, was, ", ".join(values_of(after, facet)))


def _understood(
    source: str, records: Sequence[Record], mapping: FieldMapping
) -> tuple[dict[str, Complaint], dict[str, str]]:
    """The complaints, and why of the others none came about, both by ticket."""
    found, refused = {}, {}
    known = words(mapping)
    for one in records:
        folded = fold(_entries(one), known)
        if folded is None or one.fields is None:
            continue
        try:
            found[one.ticket] = normalise(source, one.ticket, one.version, one.fields, folded, mapping)
        except RecordError as error:
            refused[one.ticket] = f"{error.message} {error.remedy or ''}".strip()
    return found, refused


def _entries(one: Record) -> list[Entry]:
    """The ticket's timeline as far as this one record knows it; where its history comes by another stream, what the
    snapshot says stands for it."""
    entries = sorted(one.entries, key=lambda entry: (entry.occurred_at, entry.id))
    told = {entry.kind for entry in entries}
    if entries:
        entries += [said for said in stated(one.fields or {}, entries[-1].occurred_at) if said.kind not in told]
    return entries


def _stored(place: Place, source: SourceSettings, records: Sequence[Record]) -> dict[str, Doc]:
    try:
        with place.store() as store, store.read() as connection:
            known = sources.by_name(connection, source.name)
            if known is None:
                return {}
            tickets = [one.ticket for one in records]
            stored = complaints.of_tickets(connection, known.id, tickets)
    except StoreError:
        return {}  # nothing is stored yet
    return {ticket: one.doc for ticket, one in stored.items()}


def _called(one: Record) -> str:
    """The name by which people know the ticket, where the source has one besides its id."""
    key = (one.fields or {}).get("key")
    return f"{key} ({one.ticket})" if isinstance(key, str) else one.ticket


def _rows(one: Record, mapping: FieldMapping, before: Complaint | None, after: Complaint) -> Iterator[Row]:
    new, old = sayings(after), sayings(before) if before is not None else {}
    for name in dict.fromkeys((*MEANT, *mapping.fields, *old)):
        was, now, theirs = _text(name, old.get(name)), _text(name, new.get(name)), _theirs(name, one, mapping)
        changed = before is not None and old.get(name) != new.get(name) and name not in ("version", "problems")
        if changed or ((name in MEANT or name.startswith("extra.")) and (theirs or now)):
            yield Row(name, theirs, was if before is not None else "", now)


def _theirs(name: str, one: Record, mapping: FieldMapping) -> str:
    if name in _OF_ENTRIES:
        told = [entry for entry in _entries(one) if entry.kind is _OF_ENTRIES[name] and entry.value is not None]
        newest = max(told, key=lambda entry: (entry.occurred_at, entry.id), default=None)
        return newest.value or "" if newest else ""
    path = mapping.fields.get(name)
    return _text(name, fields_of(one.fields or {}, path)) if path else ""


def _text(name: str, value: JSON) -> str:
    said = ", ".join(texts_of(value))
    return shape(said) if name in PERSONAL else said


def _fields(records: Sequence[Record], mapping: FieldMapping, after: Mapping[str, Complaint]) -> Iterator[FieldSeen]:
    unplaced: dict[str, Counter[str]] = {}
    for complaint in after.values():
        for name, value in values_in(complaint.problems):
            unplaced.setdefault(name, Counter())[value] += 1
    for name in dict.fromkeys(("status", "priority", *mapping.fields)):
        filled = sum(bool(_theirs(name, one, mapping)) for one in records)
        missed = unplaced.get(name, Counter())
        tickets = sum(any(field == name for field, _ in values_in(one.problems)) for one in after.values())
        path = "" if name in _OF_ENTRIES else mapping.fields[name]
        yield FieldSeen(name, path, filled, tickets, tuple(value for value, _ in missed.most_common(5)))


# -- telling it --------------------------------------------------------------------------------------------------------


def previewed_lines(told: Previewed, columns: int) -> list[str]:
    lines: list[str] = []
    for one in told.tickets:
        lines += _ticket_lines(one, told, columns)
    return [*lines, *summary_lines(told, columns)]


def _ticket_lines(one: TicketSeen, told: Previewed, columns: int) -> Iterator[str]:
    yield f"{told.source}/{clean(one.ticket)}"
    if one.quarantine is not None:
        yield f"  QUARANTINE: {clean(one.quarantine)}"
    elif one.rows:
        compared = any(row.before for row in one.rows)
        head = ("FIELD", "SOURCE", "BEFORE", "NOW") if compared else ("FIELD", "SOURCE", "NOW")
        cells = [
            (row.field, row.source or "-", *((row.before or "-",) if compared else ()), row.after or "-")
            for row in one.rows
        ]
        yield from (f"  {line}" for line in table(head, cells, columns - 2))
    yield ""


def summary_lines(told: Previewed, columns: int) -> list[str]:
    """What the mapping does with all of them: how full each field is, and what has no line."""
    if not told.read:
        return [f"{told.source}: there is no ticket to look at yet."]
    rows = [
        (
            one.field,
            one.path or "-",
            f"{one.filled / told.read:.0%}",
            f"{one.unmapped / told.read:.0%}" if one.unmapped else "-",
            ", ".join(one.values) or "-",
        )
        for one in told.fields
    ]
    lines = [
        f"{told.source}: {count(told.read, 'live ticket')} by {told.mapping} (before: {told.against})",
        *(f"  {line}" for line in table(("FIELD", "FROM", "FILLED", "UNMAPPED", "WITHOUT A LINE"), rows, columns - 2)),
    ]
    held = told.quarantined
    lines.append(f"  {count(held, 'ticket')} would go to quarantine" if held else "  none would go to quarantine")
    return lines
