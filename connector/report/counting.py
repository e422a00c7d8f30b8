"""Which figures a report has, what each counts, and a report of them for a period. numpy; no I/O.

What came in is counted by when it was received, what came to its end by when it was resolved, surveys by when they
went out; so a month stays as it was told when a later one looks better. Each figure is counted from a set of complaints
that it can name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import msgspec
import numpy as np

from connector.errors import SettingsError
from connector.figures import NONE, REPEAT, UNSURE, YES
from connector.report.cohort import NOT_SAID, Cohort, Column, is_resolved
from connector.report.lengths import Lengths, Ordered, of_all, of_groups, ordered
from connector.report.scores import Score, of_five, of_ten, share

TOTAL = "total"
UNKNOWN = "(not known)"
OTHERS = "(all others)"
MOST_ROWS = 25
ANSWERS = ("csat", "ces", "nps", "solved")
# By question: of which column, the answers that there are, and whether by a scale of two.
QUESTIONS = {
    "csat": ("csat", range(1, 6), False),
    "rated": ("csat", range(1, 6), True),
    "ces": ("ces", range(1, 6), None),
    "nps": ("nps", range(11), None),
    "solved": ("solved", range(2), None),
}
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
        rows, asked = cohort.rows, cohort.asked
        wanted = self._wanted(where)
        came = period.holds(rows["opened"]) & wanted
        complaint = rows["answer"] == YES
        self.received = complaint & came
        self.unsure = (rows["answer"] == UNSURE) & came
        self.resolved = complaint & is_resolved(rows) & wanted & period.holds(rows["resolved"])
        self.resolved &= rows["resolved"] != NONE
        when = np.where(asked["asked"] == NOT_SAID, asked["answered"], asked["asked"])
        self.asked = period.holds(when) & wanted[cohort.at]
        self.delivered = self.asked & (asked["asked"] != NOT_SAID)
        self.answered = self.asked & (asked["answered"] != NOT_SAID)

    def _wanted(self, where: Mapping[str, str]) -> Column:
        found: Column = np.ones(len(self.cohort.idents), bool)
        for dimension, name in where.items():
            found &= self.cohort.called(dimension, "" if name == UNKNOWN else name)
        return found

    # -- which complaints a figure counts ------------------------------------------------------------------------------

    def having(self, figure: str) -> Column:
        """Of each complaint, whether this figure (one of FIGURES) counts it."""
        return FIGURES[figure](self)

    def places(self, figure: str) -> Column:
        """Where in the cohort's rows those complaints stand."""
        found: Column = np.flatnonzero(self.having(figure))
        return found

    def with_cost(self) -> Column:
        """The resolved ones of which it is known what their remedy cost."""
        told = np.zeros(len(self.cohort.idents), bool)
        for one in self.cohort.costs:
            told[one.places] = True
        told &= self.resolved
        return told

    def about(self, surveys: Column) -> Column:
        """The complaints that these surveys are about."""
        told = np.zeros(len(self.cohort.idents), bool)
        told[self.cohort.at[surveys]] = True
        return told

    @cached_property
    def _told(self) -> Column:
        """Where the complaints stand that count in anything."""
        told = self.received | self.resolved | self.unsure
        told[self.cohort.at[self.asked]] = True
        found: Column = np.flatnonzero(told)
        return found

    @cached_property
    def _received(self) -> int:
        return int(np.count_nonzero(self.received))

    @cached_property
    def _kinds(self) -> Column:
        """Of each complaint, a bit for each of KINDS in which it counts: so one look counts them all."""
        found: Column = np.zeros(len(self.cohort.idents), np.uint8)
        for number, name in enumerate(KINDS):
            found |= self.having(name).view(np.uint8) << number
        return found

    @cached_property
    def _weights(self) -> dict[str, tuple[Column, Column]]:
        """By figure of WEIGHED: the places of the complaints that add to it, and how much each does."""
        found = {name: self.places(of) for name, of in WEIGHED.items()}
        return {name: (at, self.cohort.rows[name][at].astype(np.float64)) for name, at in found.items()}

    @cached_property
    def _lengths(self) -> dict[str, Ordered]:
        """By kind of length: all that there are."""
        rows, found = self.cohort.rows, {}
        for name, whose in (("handled", self.received), ("resolving", self.resolved)):
            for kind in (name, f"{name}_working"):
                found[kind] = ordered(rows[kind], whose & (rows[kind] != NONE))
        return found

    @cached_property
    def _said(self) -> dict[str, tuple[Column, Column]]:
        """By question: where the complaints stand about which it was answered, and how, counted from its lowest."""
        asked, found = self.cohort.asked, {}
        for name, (of, scale, two_way) in QUESTIONS.items():
            told = self.answered & (asked[of] >= scale.start) & (asked[of] < scale.stop)
            if two_way is not None:
                told &= (asked["scale"] == 2) == two_way
            found[name] = self.cohort.at[told], asked[of][told].astype(np.intp) - scale.start
        return found

    @cached_property
    def _sent(self) -> tuple[Column, Column, Column]:
        """Where the complaints stand whose surveys arrived, were answered, and both."""
        at = self.cohort.at
        return at[self.delivered], at[self.answered], at[self.answered & self.delivered]

    # -- figures -------------------------------------------------------------------------------------------------------

    def groups(self, names: Sequence[str], labels: Column) -> list[Group]:
        """The figures of each group; `labels` has the number of its group for each complaint of the cohort, and a
        number above them all for those that belong to none."""
        many = len(names)
        lengths = {kind: of_groups(found, labels, many) for kind, found in self._lengths.items()}
        return self._groups(names, labels, lengths)

    def _groups(self, names: Sequence[str], labels: Column, lengths: Mapping[str, list[Lengths]]) -> list[Group]:
        many = len(names)
        counts, costs, voices = self._counts(labels, many), self._costs(labels, many), self._voices(labels, many)
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
        for name, (places, weights) in self._weights.items():
            sums = np.bincount(labels[places], weights, minlength=many + 1)
            counts[name] = sums[:many].astype(np.int64)
        return counts

    def _group(
        self, name: str, count: Mapping[str, int], lengths: Mapping[str, Lengths], cost: dict[str, float], voice: Voice
    ) -> Group:
        n, kept, broken = count["received"], count["kept"], count["broken"]
        return Group(
            name=name,
            received=n,
            share=_percent(n, self._received),
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

        arrived, answered, replied = (np.bincount(labels[at], minlength=many + 1) for at in self._sent)
        by = {name: _each(labels[at], many, said, QUESTIONS[name][1]) for name, (at, said) in self._said.items()}
        csat, rated, ces, nps, solved = (by[name] for name in QUESTIONS)
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
        values, codes = _numbered(self.cohort.codes(dimension))
        counts = np.bincount(codes[self._told], minlength=len(values))
        there = np.flatnonzero(counts)
        ranked = there[np.lexsort((values[there], -counts[there]))]
        shown = ranked[:most]
        names = [self.cohort.name(dimension, int(values[at])) or UNKNOWN for at in shown]
        names += [OTHERS] if len(ranked) > most else []
        group_of = np.full(len(values), len(shown), np.min_scalar_type(len(names)))
        group_of[shown] = np.arange(len(shown))
        return Table(dimension, tuple(self.groups(names, group_of[codes])))

    def total(self) -> Group:
        """The figures of all."""
        lengths = {kind: [of_all(found)] for kind, found in self._lengths.items()}
        return self._groups([TOTAL], np.zeros(len(self.cohort.idents), np.uint8), lengths)[0]

    def months(self, names: Sequence[tuple[str, datetime, datetime]]) -> tuple[Month, ...]:
        """The same complaints month by month: (name, from, to) each."""
        edges = np.array([int(since.timestamp()) for _, since, _ in names] + [int(names[-1][2].timestamp())])
        rows = self.cohort.rows

        def counted(instants: Column) -> Column:
            month = np.searchsorted(edges, instants.astype(np.int64), "right") - 1
            found: Column = np.bincount(month[(month >= 0) & (month < len(names))], minlength=len(names))
            return found

        came, late = counted(rows["opened"][self.received]), counted(rows["opened"][self.having("breached")])
        gone = counted(rows["resolved"][self.resolved])
        return tuple(Month(name, int(came[at]), int(gone[at]), int(late[at])) for at, (name, _, _) in enumerate(names))


Which = Callable[[Counting], Column]


def _some(field: str) -> Which:
    """The received ones in which something was counted at all."""
    return lambda of: of.received & (of.cohort.rows[field] > 0)


def _answered(question: str) -> Which:
    """Those about which this was answered."""
    return lambda of: of.about(of.answered & (of.cohort.asked[question] != NOT_SAID))


FIGURES: Mapping[str, Which] = {
    "received": lambda of: of.received,
    "unsure": lambda of: of.unsure,
    "resolved": lambda of: of.resolved,
    "handling": lambda of: of.received & (of.cohort.rows["handled"] != NONE),
    "resolving": lambda of: of.resolved & (of.cohort.rows["resolving"] != NONE),
    "breached": _some("breaches"),
    "kept": _some("kept"),
    "broken": _some("broken"),
    "repeat": lambda of: of.received & ((of.cohort.rows["bits"] & REPEAT) != 0),
    "reopened": _some("reopens"),
    "handed_over": _some("handoffs"),
    "cost": Counting.with_cost,
    "asked": lambda of: of.about(of.delivered),
    "answered": lambda of: of.about(of.answered),
    **{name: _answered(name) for name in ANSWERS},
}


def _numbered(codes: Column) -> tuple[Column, Column]:
    """(values in order, the number of each code's among them): all values up to the highest, where it is not high."""
    top = int(codes.max(initial=0)) + 1
    if top > 5_000_000:
        values, numbers = np.unique(codes, return_inverse=True)
        return values, numbers
    return np.arange(top), codes


def _each(labels: Column, many: int, said: Column, scale: range) -> list[list[int]]:
    """How often each value of `scale` was said, by group."""
    counts = np.bincount(labels.astype(np.intp) * len(scale) + said, minlength=(many + 1) * len(scale))
    found: list[list[int]] = counts[: many * len(scale)].reshape(many, len(scale)).tolist()
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
    if figure not in FIGURES:
        raise SettingsError(f"there is no figure {figure!r}.", remedy=f"There are: {', '.join(FIGURES)}.")
    return [int(ident) for ident in cohort.idents[Counting(cohort, period, where).places(figure)].tolist()]
