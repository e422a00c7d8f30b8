"""Customers who are likely to be affected and did not complain: found in the admin's own list of sales. Pure.

Called by `amends corrections affected`. The rows of those who complained are looked for by order number and address;
what they have in common (the batch, else the product and the days between the first and the last of them) picks the
others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from connector.errors import AmendsError

Sale = Mapping[str, str]

# What columns are commonly called, by what they mean to us. The first that is there counts.
COLUMNS: dict[str, tuple[str, ...]] = {
    "product": ("product", "item", "article", "sku", "model"),
    "batch": ("batch", "lot", "batch_number", "lot_number", "serial_range"),
    "date": ("date", "sold_on", "sold", "order_date", "shipped", "delivered"),
    "order": ("order", "order_number", "order_id", "order_no"),
    "customer": ("customer", "email", "mail", "address", "customer_email", "customer_id"),
}
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


class Sought(msgspec.Struct, frozen=True):
    """What narrows the search: the orders and addresses of those who complained, and what a person said besides."""

    orders: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    batches: frozenset[str] = frozenset()
    since: date | None = None
    until: date | None = None


class Likely(msgspec.Struct, frozen=True):
    """The rows that are likely to be affected, and why. `known` is how many rows those who complained have."""

    rows: tuple[Sale, ...]
    known: int
    why: str
    batches: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


def columns_of(header: Iterable[str], named: Mapping[str, str]) -> dict[str, str]:
    """Which column holds what; `named` are those that a person named. Raises AmendsError where one is not there."""
    names = list(header)
    plain = {_NOT_A_NAME.sub("_", name.strip().lower()).strip("_"): name for name in names}
    for meaning, name in named.items():
        if meaning not in COLUMNS:
            raise AmendsError(f"a column cannot mean {meaning!r}.", remedy=f"There are {', '.join(COLUMNS)}.")
        if name not in names:
            raise AmendsError(f"there is no column {name!r}.", remedy=f"The file has {', '.join(names)}.")
    found = {
        meaning: plain[common[0]]
        for meaning, words in COLUMNS.items()
        if (common := [word for word in words if word in plain])
    }
    return {**found, **named}


def likely(rows: Sequence[Sale], columns: Mapping[str, str], sought: Sought) -> Likely:
    """The rows of others that have in common what those of the complainants have. Raises AmendsError where nothing
    says what that is."""
    reading = _Reading(columns)
    known = [row for row in rows if reading.is_known(row, sought)]
    batches = sought.batches or frozenset(filter(None, (reading.plain(row, "batch") for row in known)))
    products = sought.products or frozenset(filter(None, (reading.plain(row, "product") for row in known)))
    since, until = sought.since, sought.until
    if not batches and since is None and until is None:
        days = [day for row in known if (day := reading.day(row)) is not None]
        since, until = min(days, default=None), max(days, default=None)
    if not batches and since is None and until is None:
        raise AmendsError(
            "nothing in the file tells what the complaints have in common.",
            remedy="Name a batch with --batch or days with --since and --until; see --column for what is in which.",
        )

    def alike(row: Sale) -> bool:
        return (
            (not products or reading.plain(row, "product") in products)
            and (not batches or reading.plain(row, "batch") in batches)
            and reading.between(row, since, until)
        )

    found = tuple(row for row in rows if alike(row) and not reading.is_known(row, sought))
    return Likely(found, len(known), _why(products, batches, since, until), tuple(sorted(batches)), since, until)


def _why(products: frozenset[str], batches: frozenset[str], since: date | None, until: date | None) -> str:
    parts = [f"product {', '.join(sorted(products))}"] if products else []
    parts += [f"batch {', '.join(sorted(batches))}"] if batches else []
    parts += [f"since {since.isoformat()}"] if since else []
    parts += [f"until {until.isoformat()}"] if until else []
    return ", ".join(parts)


class _Reading:
    """How a row is read by its columns."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.columns = columns

    def plain(self, row: Sale, meaning: str) -> str:
        name = self.columns.get(meaning)
        return (row.get(name) or "").strip().casefold() if name is not None else ""

    def day(self, row: Sale) -> date | None:
        try:
            return date.fromisoformat(self.plain(row, "date")[:10])
        except ValueError:
            return None

    def is_known(self, row: Sale, sought: Sought) -> bool:
        return self.plain(row, "order") in sought.orders or self.plain(row, "customer") in sought.addresses

    def between(self, row: Sale, since: date | None, until: date | None) -> bool:
        if since is None and until is None:
            return True
        day = self.day(row)
        return day is not None and (since is None or day >= since) and (until is None or day <= until)


def sought_of(orders: Iterable[str | None], addresses: Iterable[str | None]) -> Sought:
    """Whom to look for."""
    return Sought(
        orders=frozenset(one.strip().casefold() for one in orders if one),
        addresses=frozenset(one.strip().casefold() for one in addresses if one),
    )
