"""`amends corrections affected`: customers in a list of sales who are likely to be affected and did not complain.

The list is the admin's own and is only read; what comes out holds personal data, and goes to a new file of mode 0600 or
the standard output.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec

from connector.commands.cases import cell, opened_file
from connector.commands.place import Place
from connector.errors import AmendsError
from connector.store import corrections, walks
from connector.trends.sales import Likely, Sale, columns_of, likely, sought_of


class Wish(msgspec.Struct, frozen=True):
    """What a person says besides: which column means what, and what to narrow the search to."""

    columns: dict[str, str] = {}
    products: tuple[str, ...] = ()
    batches: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


class Found(msgspec.Struct, frozen=True):
    """`known` rows are of people who complained, `likely` of others; `why` says what they have in common."""

    correction: int
    rows: int
    known: int
    likely: int
    why: str
    columns: dict[str, str]
    dry_run: bool


def affected(place: Place, number: int, sales: Path, wish: Wish, out: Path | None, *, dry_run: bool) -> Found:
    """Write the rows of the others to `out`. Raises AmendsError where the correction, the file or a column is not
    there, or nothing says what the complaints have in common."""
    header, rows = _read(sales)
    columns = columns_of(header, wish.columns)
    with place.store() as store, store.read() as connection:
        if corrections.one(connection, number) is None:
            raise AmendsError(f"there is no correction {number}.", remedy="`amends corrections list --all` names them.")
        ids = [one.complaint for one in corrections.concerned(connection, number)]
        told = [one.doc.complaint for one in walks.by_ids(connection, ids).values()]
    sought = msgspec.structs.replace(
        sought_of((one.order_number for one in told), (one.complainant.address for one in told)),
        products=frozenset(one.casefold() for one in wish.products),
        batches=frozenset(one.casefold() for one in wish.batches),
        since=wish.since,
        until=wish.until,
    )
    found = likely(rows, columns, sought)
    if not dry_run:
        _write(header, found, out)
    return Found(number, len(rows), found.known, len(found.rows), found.why, dict(columns), dry_run)


def _read(path: Path) -> tuple[list[str], list[Sale]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            sample = file.read(4096)
            file.seek(0)
            reader = csv.DictReader(file, dialect=_dialect(sample))
            rows: list[Sale] = list(reader)
            header = list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AmendsError(f"{path} cannot be read: {error}.", remedy="Name a CSV file in UTF-8.") from None
    if not header:
        raise AmendsError(f"{path} is empty.", remedy="Its first line has to name the columns.")
    return header, rows


def _dialect(sample: str) -> type[csv.Dialect]:
    try:
        return csv.Sniffer().sniff(sample, ",;\t|")
    except csv.Error:
        return csv.excel


def _write(header: Sequence[str], found: Likely, out: Path | None) -> None:
    with opened_file(out) as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([cell(row.get(name)) for name in header] for row in found.rows)


def found_lines(told: Found, _columns: int) -> list[str]:
    would = "would be written" if told.dry_run else "written"
    read: Mapping[str, str] = told.columns
    return [
        f"{told.rows:,} rows read ({', '.join(f'{meaning}: {name}' for meaning, name in read.items())}).",
        f"{told.known:,} are of people who complained; {told.likely:,} others {would}: {told.why}.",
    ]
