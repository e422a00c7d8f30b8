"""Which figures a report has, what each counts, and a report of them for a period. numpy; no I/O.

What came in is counted by when it was received, what came to its end by when it was resolved, surveys by when they
went out; so a month stays as it was told when a later one looks better. Each figure is counted from a set of complaints
that it can name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import msgspec
import numpy as np

from connector.errors import SettingsError
from connector.figures import NONE, REPEAT, UNSURE, YES
from connector.report.cohort import NOT_SAID, Cohort, Column, column, is_resolved
from connector.report.scores import Score, of_five, of_ten, share

TOTAL = "total"
UNKNOWN = "(not known)"
OTHERS = "(all others)"
MOST_ROWS = 25
ANSWERS = ("csat", "ces", "nps", "solved")
KINDS = ("received", "unsure", "resolved", "breached", "repeat", "reopened", "handed_over")
WEIGHED = {"kept": "kept", "broken": "broken", "handoffs": "handed_over"}  # figure: those in whom it is added up


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


class Voice(NamedTuple):
    """Surveys that `arrived`, those `answered`, and those that arrived and were (`replied`); and the scores."""

    arrived: int
    answered: int
    replied: int
    csat: Score
    ces: Score
    nps: Score
    solved: Score


class Counting:
    """A cohort made ready: who was received, resolved and asked in the period, and all lengths in order.

    Everything that the groups of a table share is done here once; a table of a million complaints then takes a tenth of
    a second (docs/performance.md).
    """

    def __init__(self, cohort: Cohort, period: Period, where: Mapping[str, str]) -> None:
        self.cohort, self.period = cohort, period
        rows = cohort.rows
        wanted = self._wanted(where)
        opened = np.ascontiguousarray(rows["opened"])
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

    def _wanted(self, where: Mapping[str, str]) -> Column:
        found: Column = np.ones(len(self.cohort.rows), bool)
        for dimension, name in where.items():
            found &= self.cohort.called(dimension, "" if name == UNKNOWN else name)
        return found

    # -- which complaints a figure counts ------------------------------------------------------------------------------

    @cached_property
    def sets(self) -> dict[str, Column]:
        """By figure: the places (in the cohort's rows) of the complaints that it counts."""
        rows, came, ended = self.cohort.rows, self.received, self.resolved

        def of(which: Column) -> Column:
            found: Column = np.flatnonzero(which)
            return found

        return {
            "received": of(came),
            "unsure": of(self.unsure),
            "resolved": of(ended),
            "handling": of(came & (rows["handled"] != NONE)),
            "resolving": of(ended & (rows["resolving"] != NONE)),
            "breached": of(came & (rows["breaches"] > 0)),
            "kept": of(came & (rows["kept"] > 0)),
            "broken": of(came & (rows["broken"] > 0)),
            "repeat": of(came & ((rows["bits"] & REPEAT) != 0)),
            "reopened": of(came & (rows["reopens"] > 0)),
            "handed_over": of(came & (rows["handoffs"] > 0)),
            "cost": self._with_cost(),
            "asked": self._about(self.delivered),
            "answered": self._about(self.answered),
            **{name: self._about(self.answered & (self.cohort.asked[name] != NOT_SAID)) for name in ANSWERS},
        }

    def _with_cost(self) -> Column:
        told = np.zeros(len(self.cohort.rows), bool)
        for one in self.cohort.costs:
            told[one.places] = True
        found: Column = np.flatnonzero(told & self.resolved)
        return found

    def _about(self, surveys: Column) -> Column:
        told = np.zeros(len(self.cohort.rows), bool)
        told[self.cohort.at[surveys]] = True
        found: Column = np.flatnonzero(told)
        return found

    @cached_property
    def _kinds(self) -> Column:
        """Of each complaint, a bit for each of KINDS in which it counts: so one look counts them all."""
        found: Column = np.zeros(len(self.cohort.rows), np.uint8)
        for number, name in enumerate(KINDS):
            found[self.sets[name]] |= 1 << number
        return found

    @cached_property
    def _weights(self) -> dict[str, Column]:
        """By figure of WEIGHED: how much each complaint of its set adds to it."""
        rows = self.cohort.rows
        return {name: rows[name][self.sets[of]].astype(np.float64) for name, of in WEIGHED.items()}

    @cached_property
    def _lengths(self) -> dict[str, tuple[Column, Column]]:
        """By kind of length: the places of the complaints that have one, shortest first, and the lengths."""
        found = {}
        for name, whose in (("handled", self.received), ("resolving", self.resolved)):
            for kind in (name, f"{name}_working"):
                values = np.ascontiguousarray(self.cohort.rows[kind])
                told = whose & (values != NONE)
                values = values[told]
                order = np.argsort(values)
                found[kind] = np.flatnonzero(told).astype(np.int32)[order], values[order].astype(np.float64)
        return found

    # -- figures -------------------------------------------------------------------------------------------------------

    def groups(self, names: Sequence[str], labels: Column) -> list[Group]:
        """The figures of each group; `labels` has the number of its group for each complaint of the cohort, and a
        number above them all for those that belong to none."""
        many = len(names)
        counts = self._counts(labels, many)
        lengths = {kind: self._of_groups(kind, labels, many) for kind in self._lengths}
        costs = self._costs(labels, many)
        voices = self._voices(labels[self.cohort.at], many)
        return [
            self._group(
                name,
                {figure: int(of[at]) for figure, of in counts.items()},
                {kind: of[at] for kind, of in lengths.items()},
                costs[at],
                voices[at],
            )
            for at, name in enumerate(names)
        ]

    def _counts(self, labels: Column, many: int) -> dict[str, Column]:
        """By figure, how many of each group."""
        marks = 1 << len(KINDS)
        key = labels.astype(np.intp)
        key *= marks
        key += self._kinds
        by_mark = np.bincount(key, minlength=(many + 1) * marks)[: many * marks].reshape(many, marks)
        counts = {
            name: by_mark[:, [mark for mark in range(marks) if mark >> number & 1]].sum(axis=1)
            for number, name in enumerate(KINDS)
        }
        for name, of in WEIGHED.items():
            sums = np.bincount(labels[self.sets[of]], self._weights[name], minlength=many + 1)
            counts[name] = sums[:many].astype(np.int64)
        return counts

    def _group(
        self, name: str, count: Mapping[str, int], lengths: Mapping[str, Lengths], cost: dict[str, float], voice: Voice
    ) -> Group:
        n, kept, broken = count["received"], count["kept"], count["broken"]
        return Group(
            name=name,
            received=n,
            share=_percent(n, len(self.sets["received"])),
            unsure=count["unsure"],
            resolved=count["resolved"],
            handling=lengths["handled"],
            handling_working=lengths["handled_working"],
            resolving=lengths["resolving"],
            resolving_working=lengths["resolving_working"],
            breached=count["breached"],
            breached_share=_percent(count["breached"], n),
            kept=kept,
            broken=broken,
            kept_share=_percent(kept, kept + broken),
            repeat=count["repeat"],
            repeat_share=_percent(count["repeat"], n),
            reopened=count["reopened"],
            reopened_share=_percent(count["reopened"], n),
            handed_over=count["handed_over"],
            handoffs=count["handoffs"],
            cost=cost,
            asked=voice.arrived,
            answered=voice.answered,
            response_rate=_percent(voice.replied, voice.arrived),
            csat=voice.csat,
            ces=voice.ces,
            nps=voice.nps,
            solved=voice.solved,
        )

    def _of_groups(self, kind: str, labels: Column, many: int) -> list[Lengths]:
        """Mean, median and ninth decile of each group, by linear interpolation between neighbours. All lengths are in
        order, so a stable sort by group leaves each group's in order, too."""
        places, values = self._lengths[kind]
        if many == 1 and not labels.any():  # all are in the one group, as in the total
            counts, sums, order = np.array([len(values), 0]), np.array([values.sum(), 0.0]), None
        else:
            of = labels[places]
            wide = of.astype(np.intp)
            counts = np.bincount(wide, minlength=many + 1)
            sums = np.bincount(wide, values, minlength=many + 1)
            order = np.argsort(of, kind="stable")
        starts = np.concatenate(([0], np.cumsum(counts)))

        def at(place: int) -> float:
            return float(values[place if order is None else order[place]])

        def quantile(group: int, share_: float) -> float:
            place = share_ * (int(counts[group]) - 1)
            low = int(starts[group]) + int(place)
            if place % 1 == 0:
                return at(low)
            return at(low) + (at(low + 1) - at(low)) * (place % 1)

        return [
            Lengths(int(counts[group]), float(sums[group] / counts[group]), quantile(group, 0.5), quantile(group, 0.9))
            if counts[group]
            else Lengths()
            for group in range(many)
        ]

    def _costs(self, labels: Column, many: int) -> list[dict[str, float]]:
        found: list[dict[str, float]] = [{} for _ in range(many)]
        for currency, places, cents in self.cohort.costs:
            of = self.resolved[places]
            sums = np.bincount(labels[places[of]], cents[of], minlength=many + 1)
            for group in np.flatnonzero(sums[:many]):
                found[group][currency] = round(float(sums[group])) / 100
        return [dict(sorted(one.items())) for one in found]

    def _voices(self, labels: Column, many: int) -> list[Voice]:
        """What customers say, of each group."""

        def counted(surveys: Column) -> Column:
            found: Column = np.bincount(labels[surveys], minlength=many + 1)
            return found

        arrived, answered = counted(self.delivered), counted(self.answered)
        replied = counted(self.answered & self.delivered)
        asked, two_way = self.cohort.asked, self.cohort.asked["scale"] == 2
        csat = _each(labels, many, asked["csat"], self.answered & ~two_way, range(1, 6))
        rated = _each(labels, many, asked["csat"], self.answered & two_way, range(1, 6))
        ces = _each(labels, many, asked["ces"], self.answered, range(1, 6))
        nps = _each(labels, many, asked["nps"], self.answered, range(11))
        solved = _each(labels, many, asked["solved"], self.answered, range(2))
        return [
            Voice(
                int(arrived[group]),
                int(answered[group]),
                int(replied[group]),
                of_five(csat[group], (rated[group][0], rated[group][4])),
                of_five(ces[group]),
                of_ten(nps[group]),
                share(solved[group][1], sum(solved[group])),
            )
            for group in range(many)
        ]

    def table(self, dimension: str, most: int = MOST_ROWS) -> Table:
        """The figures by the values of one dimension."""
        codes = self.cohort.codes(dimension)
        values, numbers = _numbered(codes)
        told = self.received | self.resolved | self.unsure
        told[self.cohort.at[self.asked]] = True
        counts = np.bincount(numbers[np.flatnonzero(told)], minlength=len(values))
        ranked = [int(at) for at in np.lexsort((values, -counts)) if counts[at]]
        shown = ranked[:most]
        names = [self.cohort.name(dimension, int(values[at])) or UNKNOWN for at in shown]
        names += [OTHERS] if len(ranked) > most else []
        group_of = np.full(len(values), len(shown), np.uint16)
        group_of[shown] = np.arange(len(shown))
        return Table(dimension, tuple(self.groups(names, _small(group_of[numbers], len(names)))))

    def total(self) -> Group:
        """The figures of all."""
        return self.groups([TOTAL], np.zeros(len(self.cohort.rows), np.uint8))[0]

    def months(self, names: Sequence[tuple[str, datetime, datetime]]) -> tuple[Month, ...]:
        """The same complaints month by month: (name, from, to) each."""
        edges = np.array([int(since.timestamp()) for _, since, _ in names] + [int(names[-1][2].timestamp())])
        opened = self.cohort.rows["opened"].astype(np.int64)

        def counted(instants: Column) -> Column:
            month = np.searchsorted(edges, instants, "right") - 1
            found: Column = np.bincount(month[(month >= 0) & (month < len(names))], minlength=len(names))
            return found

        came, late = counted(opened[self.sets["received"]]), counted(opened[self.sets["breached"]])
        gone = counted(self.resolved_at[self.sets["resolved"]])
        return tuple(Month(name, int(came[at]), int(gone[at]), int(late[at])) for at, (name, _, _) in enumerate(names))


def _numbered(codes: Column) -> tuple[Column, Column]:
    """(the values that there are, the number of each code among them)."""
    top = int(codes.max()) + 1 if len(codes) else 1
    if top > 5_000_000:
        values, numbers = np.unique(codes, return_inverse=True)
        return values, numbers
    values = np.flatnonzero(np.bincount(codes, minlength=top))
    of = np.zeros(top, np.uint32)
    of[values] = np.arange(len(values))
    return values, of[codes]


def _small(labels: Column, many: int) -> Column:
    """Small numbers are sorted fastest."""
    return labels.astype(np.uint8) if many < 255 else labels


def _each(labels: Column, many: int, values: Column, surveys: Column, scale: range) -> list[list[int]]:
    """How often each value of `scale` was said, by group."""
    places = np.flatnonzero(surveys & (values >= scale.start) & (values < scale.stop))
    key = labels[places].astype(np.int64) * len(scale) + values[places] - scale.start
    counts = np.bincount(key, minlength=(many + 1) * len(scale))[: many * len(scale)]
    found: list[list[int]] = counts.reshape(many, len(scale)).tolist()
    return found


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


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
        total=counting.total(),
        tables=tuple(counting.table(dimension, most) for dimension in by),
        months=counting.months(months) if months else (),
    )


def traced(cohort: Cohort, period: Period, where: Mapping[str, str], figure: str) -> list[int]:
    """The complaints (row ids) that one figure counts. Raises SettingsError for a figure that there is not."""
    sets = Counting(cohort, period, where).sets
    if figure not in sets:
        raise SettingsError(f"there is no figure {figure!r}.", remedy=f"There are: {', '.join(sets)}.")
    return [int(ident) for ident in cohort.idents[sets[figure]].tolist()]
