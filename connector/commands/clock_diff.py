"""`amends clock diff`: where our clocks and the source's own differ, and why. Reads the store only, beside a daemon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from connector.assessment.clocks import clocks_of
from connector.assessment.rules import Rules
from connector.assessment.understood import understood_again
from connector.clocks.difference import Case, Difference, Reason, differences
from connector.clocks.source_clocks import SourceClock, source_clocks
from connector.commands.place import Place
from connector.commands.progress import Progress
from connector.desks import clock_kinds, rules_of
from connector.display import count, cut, table
from connector.mapping import words
from connector.model import Clock, ClockState, ClockStep
from connector.settings import SourceSettings
from connector.store import Store, source_steps, sources, walks
from connector.store.complaints import Stored
from connector.wording import duration, instant

BATCH = 500
WHY = {
    Reason.SCHEDULE: "other hours count",
    Reason.START: "begins by another rule",
    Reason.PAUSE: "stands still at other times",
    Reason.TARGET: "another target",
    Reason.STOP: "stops by another rule",
    Reason.LATE_POLICY: "the source learned late of its policy",
    Reason.MISSING: "only one side has this clock",
}


class Row(msgspec.Struct, frozen=True):
    """A clock of a complaint that differs. `by_seconds` is how much later ours is due. `zone` is that of our calendar;
    times are UTC."""

    id: str
    clock: str
    reason: Reason
    reasons: tuple[Reason, ...]
    why: str
    due_ours: datetime | None
    due_theirs: datetime | None
    by_seconds: int | None
    state_ours: ClockState | None
    state_theirs: ClockState | None
    ours: Clock | None
    theirs: SourceClock | None
    zone: str


class Diff(msgspec.Struct, frozen=True):
    """How many complaints have clocks on both sides and were compared, how many of them differ, and each clock that
    does. `not_compared` says, in words, which clocks only one side has at all, and which sources have none."""

    compared: int
    differing: int
    by_reason: dict[str, int]
    rows: tuple[Row, ...]
    not_compared: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return int(bool(self.rows))


def diff(place: Place, *, names: Sequence[str], since: datetime | None = None) -> Diff:
    """Every complaint, opened at or after `since` (UTC), of which the source told clocks. Raises SettingsError."""
    rules, compared = rules_of(place.settings), 0
    rows: list[Row] = []
    left_out: list[str] = []
    with place.store() as store, Progress("comparing clocks", "complaints") as tell:
        for source in place.chosen(names):
            comparing = _Comparing(source, rules, place.now())
            for stored, steps in _told(store, source, since):
                comparing.look(stored, steps)
                tell(compared + comparing.compared)
            compared += comparing.compared
            rows += comparing.rows()
            left_out += comparing.left_out()
    counts = Counter(row.reason.value for row in rows)
    return Diff(
        compared=compared,
        differing=len({row.id for row in rows}),
        by_reason={reason.value: counts[reason.value] for reason in Reason if counts[reason.value]},
        rows=tuple(rows),
        not_compared=tuple(left_out),
    )


def _told(store: Store, source: SourceSettings, since: datetime | None) -> Iterator[tuple[Stored, Sequence[ClockStep]]]:
    """The complaints of which the source told clocks, with what it told."""
    earliest, last = since.replace(tzinfo=UTC) if since is not None and since.tzinfo is None else since, 0
    with store.read() as connection:
        row = sources.by_name(connection, source.name)
    while row is not None:
        with store.read() as connection:
            batch = walks.after(connection, row.id, last, BATCH)
            steps = source_steps.of_tickets(connection, row.id, [stored.ticket for stored in batch]) if batch else {}
        if not batch:
            return
        last = batch[-1].id
        for stored in batch:
            if stored.ticket in steps and (earliest is None or stored.doc.complaint.opened_at >= earliest):
                yield stored, steps[stored.ticket]


class _Comparing:
    """The complaints of one source. A clock that one side has for none of them is no difference of any."""

    def __init__(self, source: SourceSettings, rules: Rules, now: datetime) -> None:
        self.source, self.rules, self.now = source, rules, now
        self.spoken, self.kinds = words(source.mapping), clock_kinds(source)
        self.compared = 0
        self._found: list[tuple[str, Difference]] = []
        self._theirs: set[str] = set()
        self._ours = set(rules.sla.by_kind)
        self._unknown: set[str] = set()

    def look(self, stored: Stored, steps: Sequence[ClockStep]) -> None:
        doc = stored.doc
        this = understood_again(doc.complaint, doc.entries, doc.tags, self.spoken, kept=stored.assessed.kept)
        theirs = source_clocks(steps, self.kinds, self.now)
        targeted = [one for one in theirs if one.target_seconds is not None]
        self._theirs |= {one.kind for one in targeted if one.kind is not None}
        self._unknown |= {one.name for one in targeted if one.kind is None}
        case = Case(doc.complaint, this.folded.history, self.rules.sla, self.now)
        ours = clocks_of(this, self.rules, self.now)
        found = differences(ours, theirs, case, self._ours & set(self.kinds.values()))
        self._found += [(f"{stored.source}/{stored.ticket}", one) for one in found]
        self.compared += 1

    def rows(self) -> list[Row]:
        return [_row(name, one, self.rules) for name, one in self._found if one.kind in self._theirs]

    def left_out(self) -> Iterator[str]:
        name = self.source.name
        if not self.compared:
            tells = "has told of none yet" if self.kinds else "tells of none"
            yield f"{name}: no complaint to compare; the source {tells}"
            return
        for kind in sorted(self._ours & set(self.kinds.values()) - self._theirs):
            yield f"{name}: {kind.replace('_', ' ')}; the source has no target for it"
        for kind in sorted(self._theirs - self._ours):
            yield f"{name}: {kind.replace('_', ' ')}; sla.yaml has no target for it"
        for unknown in sorted(self._unknown):
            yield f"{name}: “{unknown}” of the source; say under `options: clocks:` which of ours it is"


def _row(name: str, one: Difference, rules: Rules) -> Row:
    ours, theirs = one.ours, one.theirs
    either = ours or theirs
    cycle = either.cycle if either is not None and either.cycle > 1 else None
    return Row(
        id=name,
        clock=one.kind + (f"#{cycle}" if cycle else ""),
        reason=one.reasons[0],
        reasons=one.reasons,
        why="; ".join(_why(reason, one) for reason in one.reasons),
        due_ours=(ours.breached_at or ours.due_at) if ours else None,
        due_theirs=(theirs.breached_at or theirs.due_at) if theirs else None,
        by_seconds=one.by_seconds,
        state_ours=ours.state if ours else None,
        state_theirs=theirs.state if theirs else None,
        ours=ours,
        theirs=theirs,
        zone=rules.sla.zone_of(ours) if ours else "UTC",
    )


def _why(reason: Reason, one: Difference) -> str:
    """The reason with what the two sides have."""
    ours, theirs = one.ours, one.theirs
    if ours is None:
        return "no target of sla.yaml applies to it"
    if theirs is None:
        return "the source does not have it"
    if theirs.target_seconds is None:
        return "the source has no target on it"
    told = {
        Reason.SCHEDULE: f"ours counts the calendar {ours.calendar}, theirs {_hours(theirs)}",
        Reason.START: f"ours from {_at(ours.started_at)}, theirs from {_at(theirs.started_at)}",
        Reason.TARGET: f"ours {duration(ours.target_seconds)}, theirs {duration(theirs.target_seconds)}",
        Reason.STOP: f"ours {_stopped(ours.stopped_at)}, theirs {_stopped(theirs.stopped_at)}",
        Reason.LATE_POLICY: f"it was applied at {_at(theirs.applied_at)}" if theirs.applied_at else "",
    }
    return f"{WHY[reason]} ({told[reason]})" if told.get(reason) else WHY[reason]


def _hours(theirs: SourceClock) -> str:
    return {True: "its own business hours", False: "calendar hours", None: "hours of its own"}[theirs.business_hours]


def _at(when: datetime) -> str:
    return instant(when, "UTC")


def _stopped(when: datetime | None) -> str:
    return f"at {_at(when)}" if when is not None else "still runs"


def lines(told: Diff, columns: int) -> list[str]:
    """A line for each clock that differs, and what was not compared."""
    found = [f"{count(told.compared, 'complaint')} compared, {told.differing} differ."]
    if told.rows:
        cells = (
            (row.id, row.clock, _due(row, row.due_ours, row.state_ours), _due(row, row.due_theirs, row.state_theirs),
             _by(row.by_seconds), row.reason.value, row.why)
            for row in told.rows
        )  # fmt: skip
        head = ("ID", "CLOCK", "OURS", "THEIRS", "LATER BY", "REASON", "WHY")
        counts = ", ".join(f"{reason} {number}" for reason, number in told.by_reason.items())
        found += ["", *table(head, cells, columns), "", cut(f"Reasons: {counts}", columns)]
    return [*found, *_left_out(told.not_compared, columns)]


def _left_out(words: Iterable[str], columns: int) -> list[str]:
    shown = [cut(f"  {one}", columns) for one in words]
    return ["", "Not compared:", *shown] if shown else []


def _due(row: Row, at: datetime | None, state: ClockState | None) -> str:
    if state is None:
        return "-"
    return f"{state.value}, {instant(at, row.zone)}" if at is not None else state.value


def _by(seconds: int | None) -> str:
    if seconds is None:
        return "-"
    return f"{'-' if seconds < 0 else ''}{duration(abs(seconds))}"
