"""Which complaints are alike: the cells that a complaint counts in, as the admin's views say. Called by `assessment`.

A view is a list of fields from the widest to the finest, such as category, root_cause, product. It counts a complaint
in a cell for each beginning of that list (delivery; delivery and carrier; delivery, carrier and Kettle), so that a cell
too thin to speak by itself is heard in its parents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from connector.errors import SettingsError
from connector.model import JSON, Complaint, Status

FIELDS = (
    "category",
    "root_cause",
    "product",
    "severity",
    "sentiment",
    "language",
    "source",
    "channel",
    "team",
    "priority",
)
EXTRA = "extra."
LONGEST = 4  # fields in a view: each one more is one more cell for each complaint
FORGOTTEN_DAYS = 400  # older than this, a complaint tells a test nothing
NOTHING = ("", "unknown")  # what nobody knows is nothing in common
LONGEST_VALUE = 100
LONGEST_LOOKED_AT = 10 * LONGEST_VALUE

Pair = tuple[str, str]


class Trends(msgspec.Struct, frozen=True):
    """All of trends.yaml. Days begin and end in `zone` (an IANA name). The people of the last `windows_days` (each
    window by itself) are held against those of `before_days`, which end where the longest window begins. `alarm` and
    `watch` are the chances below which a cell stands out, `least` the fewest people that are told of.

    A trend is told again when it grew by `growth` (0.5: by half), and over after `quiet_days`. A correction is judged
    `check_days` after it was made.
    """

    views: tuple[tuple[str, ...], ...] = ()
    zone: str = "UTC"
    windows_days: tuple[int, ...] = (7, 14)
    before_days: int = 56
    least: int = 3
    alarm: float = 0.0005
    watch: float = 0.003
    growth: float = 0.5
    quiet_days: int = 14
    check_days: int = 28

    def __post_init__(self) -> None:
        for view in self.views:
            if not 1 <= len(view) <= LONGEST or len(set(view)) < len(view):
                raise SettingsError(
                    f"the view {', '.join(view)} does not have 1 to {LONGEST} different fields.",
                    remedy="Write a view of its own for the others.",
                )
        if not 0 < self.alarm <= self.watch < 0.1:
            raise SettingsError("alarm and watch are not in order.", remedy="Make alarm the smaller one, below 0.1.")
        if self.before_days < 2 * self.longest or self.before_days % 7:
            raise SettingsError(
                f"before is {self.before_days} days.",
                remedy=f"Make it whole weeks, at least {2 * self.longest} days: twice the longest window.",
            )

    @property
    def longest(self) -> int:
        """Days of the longest window."""
        return max(self.windows_days)

    @property
    def memory_days(self) -> int:
        """How far back a test looks."""
        return self.longest + self.before_days

    def day(self, at: datetime) -> date:
        """The local day of an instant."""
        return at.astimezone(ZoneInfo(self.zone)).date()


class Counted(msgspec.Struct, frozen=True):
    """Where a complaint counts: its day, and the keys of its cells."""

    day: date
    cells: tuple[str, ...]


def cells_of(values: Mapping[str, JSON], views: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The keys of the cells of a complaint with these `values` (as conditions see them), each once, wider first."""
    asked = tuple(views)
    return _cells(asked, tuple([_value(values, field) for field in _fields(asked)]))


@lru_cache(maxsize=16)
def _fields(views: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """The fields of all views, each once."""
    return tuple(dict.fromkeys(field for view in views for field in view))


@lru_cache(maxsize=4096)  # there are few different ones, and they are asked for with each complaint
def _cells(views: tuple[tuple[str, ...], ...], values: tuple[str, ...]) -> tuple[str, ...]:
    by_field = dict(zip(_fields(views), values, strict=True))
    found: dict[str, None] = {}
    for view in views:
        pairs: list[Pair] = []
        for field in view:
            if by_field[field] in NOTHING:
                break
            pairs.append((field, by_field[field]))
            found[key(pairs)] = None
    return tuple(found)


def _value(values: Mapping[str, JSON], field: str) -> str:
    if field.startswith(EXTRA):
        extra = values.get("extra")
        value = extra.get(field.removeprefix(EXTRA)) if isinstance(extra, Mapping) else None
    else:
        value = values.get(field)
    if value is None or isinstance(value, list | dict):
        return ""
    return _in_one_line(str(value)[:LONGEST_LOOKED_AT])


@lru_cache(maxsize=4096)
def _in_one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_VALUE]


def counted(
    complaint: Complaint, values: Mapping[str, JSON], settings: Trends, now: datetime | None = None
) -> Counted | None:
    """Where a complaint counts; None where it does not: it is none, was merged into another one, was deleted, or is so
    old at `now` that no test will ask for it."""
    if values.get("complaint") != "yes" or complaint.merged_into is not None or complaint.status is Status.DELETED:
        return None
    if now is not None and (now - complaint.opened_at).days > FORGOTTEN_DAYS:
        return None
    cells = cells_of(values, settings.views)
    return Counted(settings.day(complaint.opened_at), cells) if cells else None


def key(pairs: Sequence[Pair]) -> str:
    """The name of a cell in the store: the same for the same fields and values in whatever order a view has them."""
    return msgspec.json.encode(sorted(pairs)).decode()


def pairs_of(name: str) -> tuple[Pair, ...]:
    """The fields and values of a cell's key."""
    return msgspec.json.decode(name, type=tuple[Pair, ...])


def label(name: str) -> str:
    """A cell's key as people read it: "category=delivery root_cause=carrier"."""
    return " ".join(f"{field.removeprefix(EXTRA)}={value}" for field, value in pairs_of(name))


def within(name: str, other: str) -> bool:
    """Whether a cell is a narrower one inside the `other`."""
    return name != other and set(pairs_of(other)) < set(pairs_of(name))
