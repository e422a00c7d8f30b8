"""`amends complaints …`: looking at what is stored. Reads the store only, beside a daemon."""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal, TextIO

import msgspec

from connector.commands.place import Place, prove_source
from connector.commands.progress import Progress
from connector.display import clean, cut, harmless_cell, harmless_json, moment, paragraphs, plain, table
from connector.errors import AmendsError
from connector.explain import KEY, known_as, with_others
from connector.model import Answer, Link, Tag
from connector.store import Transaction, complaints, links, sources, surveys
from connector.store.complaints import Stored

# What a spreadsheet would take for a formula, and run.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


class Row(msgspec.Struct, frozen=True):
    """A complaint in a listing. `complaint` is yes, no or unsure; `flags` as of the last sweep; `key` is the name by
    which people know the ticket, where that is not its id."""

    id: str
    source: str
    ticket: str
    complaint: str
    status: str
    priority: str | None
    language: str | None
    category: str | None
    root_cause: str | None
    opened_at: datetime
    updated_at: datetime
    due_at: datetime | None
    flags: tuple[str, ...]
    complainant: str
    subject: str
    url: str | None
    key: str | None = None
    severity: str | None = None
    remedies: tuple[str, ...] = ()
    emergency: tuple[str, ...] = ()


class Wanted(msgspec.Struct, frozen=True):
    """The filters of a listing; None is any."""

    source: str | None = None
    status: str | None = None
    flag: str | None = None
    complaint: str | None = None
    since: datetime | None = None
    most: int | None = 50


def listing(place: Place, wanted: Wanted) -> list[Row]:
    """Newest first."""
    with place.store() as store, store.read() as connection:
        return [row(stored) for stored in _stored(connection, wanted)]


def _stored(connection: Transaction, wanted: Wanted) -> Iterator[Stored]:
    prove_source(connection, wanted.source)
    return complaints.listing(
        connection,
        source_name=wanted.source,
        status=wanted.status,
        flag=wanted.flag,
        is_complaint=wanted.complaint,
        since=wanted.since,
        most=wanted.most,
    )


def row(stored: Stored) -> Row:
    """A stored complaint as a listing shows it."""
    this, tags = stored.doc.complaint, stored.doc.tags
    dues = [clock.due_at for clock in stored.assessed.clocks if clock.due_at is not None and clock.stopped_at is None]
    return Row(
        id=f"{stored.source}/{stored.ticket}",
        source=stored.source,
        ticket=stored.ticket,
        complaint=value_of(tags, "complaint") or "unsure",
        status=this.status.value,
        priority=this.priority.value if this.priority else None,
        language=value_of(tags, "language") or this.language,
        category=value_of(tags, "category"),
        root_cause=value_of(tags, "root_cause"),
        opened_at=this.opened_at,
        updated_at=this.updated_at,
        due_at=min(dues, default=None),
        flags=tuple(dict.fromkeys(flag.kind.value for flag in stored.assessed.flags)),
        complainant=this.complainant.name or this.complainant.key,
        subject=this.subject,
        url=this.url,
        key=known_as(this),
        severity=value_of(tags, "severity"),
        remedies=values_of(tags, "remedy"),
        emergency=values_of(tags, "emergency"),
    )


def value_of(tags: Iterable[Tag], facet: str) -> str | None:
    return next((tag.value for tag in tags if tag.facet == facet), None)


def values_of(tags: Iterable[Tag], facet: str) -> tuple[str, ...]:
    return tuple(tag.value for tag in tags if tag.facet == facet)


def listing_lines(rows: list[Row], columns: int) -> list[str]:
    if not rows:
        return ["No complaint is like that."]
    keyed = any(one.key for one in rows)
    head = ("ID", *(["KEY"] if keyed else []), "OPENED", "STATUS", "COMPLAINT", "LANG", "CATEGORY", "FLAGS", "SUBJECT")
    cells = [
        (
            one.id,
            *([one.key or "-"] if keyed else []),
            moment(one.opened_at),
            one.status,
            one.complaint,
            one.language or "-",
            one.category or "-",
            ", ".join((*one.emergency, *one.flags)) or "-",
            one.subject,
        )
        for one in rows
    ]
    return table(head, cells, columns)


# -- one complaint ---------------------------------------------------------------------------------------------------


def find(connection: Transaction, name: str) -> Stored:
    """The complaint called `name`: "SOURCE/TICKET", or the ticket alone where only one source has it. The key by which
    people know it does as well."""
    found: list[Stored] = []
    for source in sources.everyone(connection):
        ticket = name.removeprefix(f"{source.name}/")
        found += complaints.of_tickets(connection, source.id, [name, ticket] if ticket != name else [name]).values()
    found = found or list(_keyed(connection, name))
    if not found:
        raise AmendsError(f"there is no complaint {name!r}.", remedy="`amends complaints list` shows what there is.")
    if len(found) > 1:
        names = ", ".join(f"{one.source}/{one.ticket}" for one in found)
        raise AmendsError(f"{name!r} is more than one complaint.", remedy=f"Say which: {names}.")
    return found[0]


def _keyed(connection: Transaction, name: str, source: str | None = None) -> Iterator[Stored]:
    """The complaints whose key is `name`, with or without its source. Keys are not indexed: all are looked through."""
    before, _, key = name.rpartition("/")
    if not KEY.fullmatch(key):
        return
    for stored in complaints.listing(connection, source_name=source or before or None):
        if (known_as(stored.doc.complaint) or "").upper() == key.upper():
            yield stored


def ticket_called(connection: Transaction, name: str, source: str | None) -> str:
    """The ticket that people call `name`; the same where it is none that we know by another name."""
    return next((stored.ticket for stored in _keyed(connection, name, source)), name)


class Shown(msgspec.Struct, frozen=True):
    """A complaint in full, as it lies in the store."""

    row: Row
    doc: complaints.Doc
    assessed: complaints.Assessed
    links: tuple[Link, ...] = ()
    said: tuple[Answer, ...] = ()


def show(place: Place, name: str) -> Shown:
    with place.store() as store, store.read() as connection:
        stored = find(connection, name)
        linked = links.of_complaints(connection, [stored.id]).get(stored.id, [])
        said = surveys.of_complaints(connection, [stored.id]).get(stored.id, [])
    return Shown(row(stored), stored.doc, stored.assessed, tuple(linked), tuple(said))


def shown_lines(told: Shown, columns: int) -> list[str]:
    """What is in a listing, and the words exchanged, oldest first."""
    this = told.row
    facts = msgspec.to_builtins(this)
    lines = [f"{name:<12}  {cut(clean(plain(value)), columns - 14)}" for name, value in facts.items() if value]
    for entry in with_others(told.doc.entries, told.links, told.said):
        if entry.text:
            lines += ["", f"{moment(entry.occurred_at)}  {entry.kind.value.replace('_', ' ')}"]
            lines += paragraphs(entry.text, columns, "  ")
    return lines


# -- export ----------------------------------------------------------------------------------------------------------


def export(place: Place, wanted: Wanted, form: Literal["csv", "jsonl"], out: Path | None) -> int:
    """Write all complaints that are wanted to `out` (mode 0600; default: the standard output); returns how many."""
    done = 0
    with place.store() as store, store.read() as connection:
        prove_source(connection, wanted.source)
    with (
        place.store() as store,
        store.read() as connection,
        opened_file(out) as file,
        Progress("export", "complaints") as tell,
    ):
        table_of = csv.writer(file) if form == "csv" else None
        if table_of is not None:
            table_of.writerow(Row.__struct_fields__)
        for stored in _stored(connection, wanted):
            one = row(stored)
            if table_of is not None:
                table_of.writerow(cells(one))
            else:
                file.write(f"{harmless_json(msgspec.json.encode(Shown(one, stored.doc, stored.assessed)))}\n")
            done += 1
            tell(done)
    return done


def cells(one: Row) -> list[object]:
    """A complaint as the cells of a CSV file, harmless to spreadsheets, in the order of Row's fields."""
    return [cell(value) for value in msgspec.to_builtins(one).values()]


def cell(value: object) -> object:
    """A value for a CSV file: one that a spreadsheet would take for a formula begins with an apostrophe."""
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else value
    if not isinstance(text, str):
        return text
    return harmless_cell(f"'{text}" if _FORMULA.match(text) else text)


@contextmanager
def opened_file(out: Path | None) -> Iterator[TextIO]:
    """A new file of mode 0600, or the standard output. Raises AmendsError where there is a file already."""
    if out is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise AmendsError(f"{out} cannot be written ({error.strerror}).", remedy="Name a new file.") from error
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file
