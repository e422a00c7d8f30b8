"""Which figures a report has, what each counts, and a report of them for a period. numpy; no I/O.

What came in is counted by when it was received, what came to its end by when it was resolved, surveys by when they went
What came in is counted by when it was received, what came to its end by when it was resolved, surveys by when they
went out; so a month stays as it was told when a later one looks better. Each figure is counted from a set of complaints
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from connector.errors import SettingsError
from connector.figures import REPEAT, UNSURE, YES
from connector.report.cohort import NOT_SAID, Cohort, Column, column, is_resolved
from connector.report.scores import Score, of_five, of_ten, share

TOTAL = "total"
UNKNOWN = "(not known)"
OTHERS = "(all others)"
MOST_ROWS = 25


class Period(msgspec.Struct, frozen=True):
    """Half-open, aware UTC; None is without end. `title` is how people call it."""

    since: datetime | None = None
    until: datetime | None = None
    title: str = "all time"

    def holds(self, seconds: Column) -> Column:
        """Which of these instants (seconds since 1970) lie in it."""
        found = seconds >= (int(self.since.timestamp()) if self.since else 0)
        if self.until is not None:
            found &= seconds < int(self.until.timestamp())
        return found


class Lengths(msgspec.Struct, frozen=True):
    """How long something took in `n` cases, in seconds: mean, median, and what nine of ten did not exceed."""

    n: int = 0
    mean: float | None = None
    median: float | None = None
    p90: float | None = None


class Group(msgspec.Struct, frozen=True):
    """The figures of one value of a dimension. Percentages are of what is named beside them in `docs`: shares of
    received, of promises that came due (`kept_share`), of surveys that went out (`response_rate`). `cost` is by
    currency; "" where none is told."""

    name: str
    received: int
    share: float | None
    unsure: int
    resolved: int
    handling: Lengths
    handling_working: Lengths
    resolving: Lengths
    resolving_working: Lengths
    breached: int
    breached_share: float | None
    kept: int
    broken: int
    kept_share: float | None
    repeat: int
    repeat_share: float | None
    reopened: int
    reopened_share: float | None
    handed_over: int
    handoffs: int
    cost: dict[str, float]
    asked: int
    answered: int
    response_rate: float | None
    csat: Score
    ces: Score
    nps: Score
    solved: Score


class Table(msgspec.Struct, frozen=True):
    """One dimension, the largest groups first."""

    dimension: str
    groups: tuple[Group, ...]


class Month(msgspec.Struct, frozen=True):
    name: str
    received: int
    resolved: int
    breached: int


class Report(msgspec.Struct, frozen=True):
    """`as_of` is the instant as of which things stand, None for now; `made_at` when it was counted. `where` narrows it
    to complaints with these words."""

    period: Period
    zone: str
    made_at: datetime
    as_of: datetime | None
    where: dict[str, str]
    total: Group
    tables: tuple[Table, ...]
    months: tuple[Month, ...]


class Counting:
    """A cohort made ready: who was received, resolved and asked in the period."""

    def __init__(self, cohort: Cohort, period: Period, where: Mapping[str, str]) -> None:
        self.cohort, self.period = cohort, period
        rows = cohort.rows
        wanted = self._wanted(where)
        opened = rows["opened"].astype(np.int64)
        self.resolved_at = column(rows, "resolved")
        complaint = (rows["answer"] == YES) & wanted
        self.received = complaint & period.holds(opened)
        self.unsure = (rows["answer"] == UNSURE) & wanted & period.holds(opened)
        self.resolved = complaint & is_resolved(rows) & period.holds(self.resolved_at)
        went = cohort.asked["asked"]
        when = np.where(went == NOT_SAID, cohort.asked["answered"], went)
        self.asked = period.holds(when) & wanted[cohort.at]
        self.delivered = self.asked & (went != NOT_SAID)
        self.answered = self.asked & (cohort.asked["answered"] != NOT_SAID)
        self.lengths = {
            name: column(rows, name) for name in ("handled", "handled_working", "resolving", "resolving_working")
        }

    def _wanted(self, where: Mapping[str, str]) -> Column:
        found: Column = np.ones(len(self.cohort.rows), bool)
        for dimension, name in where.items():
            code = self.cohort.code(dimension, "" if name == UNKNOWN else name)
            found &= self.cohort.codes(dimension) == code if code is not None else False
        return found

    # -- which complaints a figure counts ------------------------------------------------------------------------------

    def sets(self) -> dict[str, Callable[[], Column]]:
        """By figure: the complaints that it counts, as a mask over the cohort's rows."""
        rows, had = self.cohort.rows, self.received
        return {
            "received": lambda: had,
            "unsure": lambda: self.unsure,
            "resolved": lambda: self.resolved,
            "handling": lambda: had & (self.lengths["handled"] != NOT_SAID),
            "resolving": lambda: self.resolved & (self.lengths["resolving"] != NOT_SAID),
            "breached": lambda: had & (rows["breaches"] > 0),
            "kept": lambda: had & (rows["kept"] > 0),
            "broken": lambda: had & (rows["broken"] > 0),
            "repeat": lambda: had & ((rows["bits"] & REPEAT) != 0),
            "reopened": lambda: had & (rows["reopens"] > 0),
            "handed_over": lambda: had & (rows["handoffs"] > 0),
            "cost": lambda: self.resolved & (column(rows, "cost_cents") != NOT_SAID),
            "asked": lambda: self._about(self.delivered),
            "answered": lambda: self._about(self.answered),
            **{
                name: (lambda name=name: self._about(self.answered & (self.cohort.asked[name] != NOT_SAID)))  # type: ignore[misc]
                for name in ("csat", "ces", "nps", "solved")
            },
        }

    def _about(self, surveys: Column) -> Column:
        found = np.zeros(len(self.cohort.rows), bool)
        found[self.cohort.at[surveys]] = True
        return found

    # -- figures -------------------------------------------------------------------------------------------------------

    def group(self, name: str, picked: Column | None, asked: Column | None) -> Group:
        """The figures of the complaints at the places `picked`, and of the surveys at `asked`; None is all."""

        def pick(values: Column) -> Column:
            return values if picked is None else values[picked]

        rows = pick(self.cohort.rows)
        received, resolved = pick(self.received), pick(self.resolved)
        came = rows[received]
        n, whole = len(came), int(self.received.sum())
        kept, broken = int(came["kept"].sum()), int(came["broken"].sum())
        breached, repeat = int((came["breaches"] > 0).sum()), int(((came["bits"] & REPEAT) != 0).sum())
        reopened = int((came["reopens"] > 0).sum())
        lengths = {
            kind: _lengths(pick(values)[resolved if kind.startswith("resolving") else received])
            for kind, values in self.lengths.items()
        }
        delivered, answered, scores = self._surveys(asked)
        return Group(
            name=name,
            received=n,
            share=_percent(n, whole),
            unsure=int(pick(self.unsure).sum()),
            resolved=int(resolved.sum()),
            handling=lengths["handled"],
            handling_working=lengths["handled_working"],
            resolving=lengths["resolving"],
            resolving_working=lengths["resolving_working"],
            breached=breached,
            breached_share=_percent(breached, n),
            kept=kept,
            broken=broken,
            kept_share=_percent(kept, kept + broken),
            repeat=repeat,
            repeat_share=_percent(repeat, n),
            reopened=reopened,
            reopened_share=_percent(reopened, n),
            handed_over=int((came["handoffs"] > 0).sum()),
            handoffs=int(came["handoffs"].sum()),
            cost=self._cost(rows[resolved]),
            asked=delivered,
            answered=answered,
            response_rate=_percent(answered, delivered),
            **scores,
        )

    def _cost(self, rows: Column) -> dict[str, float]:
        cents = column(rows, "cost_cents")
        told = cents != NOT_SAID
        found = {}
        for code in np.unique(rows["currency"][told]):
            of = told & (rows["currency"] == code)
            found[self.cohort.words.get(int(code), "")] = int(cents[of].sum()) / 100
        return dict(sorted(found.items()))

    def _surveys(self, picked: Column | None) -> tuple[int, int, dict[str, Score]]:
        def pick(values: Column) -> Column:
            return values if picked is None else values[picked]

        delivered, answered = pick(self.delivered), pick(self.answered)
        said = {name: pick(self.cohort.asked[name])[answered] for name in ("csat", "scale", "ces", "nps", "solved")}
        two_way = said["scale"] == 2
        csat = said["csat"][~two_way]
        rated = said["csat"][two_way]
        solved = said["solved"][said["solved"] != NOT_SAID]
        scores = {
            "csat": of_five(_counts(csat, 1, 5), (int((rated == 1).sum()), int((rated == 5).sum()))),
            "ces": of_five(_counts(said["ces"], 1, 5)),
            "nps": of_ten(_counts(said["nps"], 0, 10)),
            "solved": share(int(solved.sum()), len(solved)),
        }
        return int(delivered.sum()), int((answered & delivered).sum()), scores

    def table(self, dimension: str, most: int = MOST_ROWS) -> Table:
        """The figures by the values of one dimension."""
        codes = self.cohort.codes(dimension)
        order = np.argsort(codes, kind="stable")
        values, starts = np.unique(codes[order], return_index=True)
        ends = np.append(starts[1:], len(order))
        of_survey = codes[self.cohort.at]
        places = {int(value): order[start:end] for value, start, end in zip(values, starts, ends, strict=True)}
        counts = {code: int((self.received | self.resolved)[where].sum()) for code, where in places.items()}
        ranked = sorted((code for code, count in counts.items() if count), key=lambda code: (-counts[code], code))
        groups = [
            self.group(self.cohort.name(dimension, code) or UNKNOWN, places[code], np.flatnonzero(of_survey == code))
            for code in ranked[:most]
        ]
        if len(ranked) > most:
            rest = ranked[most:]
            together = np.sort(np.concatenate([places[code] for code in rest]))
            groups.append(self.group(OTHERS, together, np.flatnonzero(np.isin(of_survey, rest))))
        return Table(dimension, tuple(groups))

    def months(self, names: Sequence[tuple[str, datetime, datetime]]) -> tuple[Month, ...]:
        """The same complaints month by month: (name, from, to) each."""
        edges = np.array([int(since.timestamp()) for _, since, _ in names] + [int(names[-1][2].timestamp())])
        rows = self.cohort.rows
        came = np.searchsorted(edges, rows["opened"][self.received].astype(np.int64), "right") - 1
        gone = np.searchsorted(edges, self.resolved_at[self.resolved], "right") - 1
        late = came[rows["breaches"][self.received] > 0]
        counts = [np.bincount(one[(one >= 0) & (one < len(names))], minlength=len(names)) for one in (came, gone, late)]
        return tuple(
            Month(name, int(counts[0][at]), int(counts[1][at]), int(counts[2][at]))
            for at, (name, _, _) in enumerate(names)
        )


def _counts(values: Column, low: int, high: int) -> list[int]:
    """How often each value of `low` to `high` was said."""
    said = values[(values >= low) & (values <= high)] - low
    return [int(count) for count in np.bincount(said, minlength=high - low + 1)]


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _lengths(values: Column) -> Lengths:
    """Mean, and median and ninth decile by linear interpolation between neighbours."""
    found = values[values != NOT_SAID]
    n = len(found)
    if not n:
        return Lengths()
    median, p90 = _quantiles(found, (0.5, 0.9))
    return Lengths(n, float(found.mean()), median, p90)


def _quantiles(values: Column, wanted: Iterable[float]) -> list[float]:
    places = [share_ * (len(values) - 1) for share_ in wanted]
    needed = sorted({index for place in places for index in (int(place), min(int(place) + 1, len(values) - 1))})
    parted = np.partition(values, needed)
    return [
        float(parted[int(place)] + (parted[min(int(place) + 1, len(values) - 1)] - parted[int(place)]) * (place % 1))
        for place in places
    ]


def report(
    cohort: Cohort,
    period: Period,
    *,
    by: Sequence[str],
    where: Mapping[str, str],
    months: Sequence[tuple[str, datetime, datetime]],
    zone: str,
    made_at: datetime,
    as_of: datetime | None = None,
    most: int = MOST_ROWS,
) -> Report:
    """The whole report."""
    counting = Counting(cohort, period, where)
    return Report(
        period=period,
        zone=zone,
        made_at=made_at,
        as_of=as_of,
        where=dict(where),
        total=counting.group(TOTAL, None, None),
        tables=tuple(counting.table(dimension, most) for dimension in by),
        months=counting.months(months) if months else (),
    )


def traced(cohort: Cohort, period: Period, where: Mapping[str, str], figure: str) -> list[int]:
    """The complaints (row ids) that one figure counts. Raises SettingsError for a figure that there is not."""
    sets = Counting(cohort, period, where).sets()
    if figure not in sets:
        raise SettingsError(f"there is no figure {figure!r}.", remedy=f"There are: {', '.join(sets)}.")
    found: list[Any] = cohort.idents[sets[figure]()].tolist()
    return [int(ident) for ident in found]
