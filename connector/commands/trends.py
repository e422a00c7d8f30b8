"""`amends trends …`: what stands out, who is affected, and a person's word on it. Reads the store, beside a daemon.

A person's word is noted in the audit log, and the complaints of the trend are looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from connector.commands.cases import value_of
from connector.commands.cause_counts import Waits, waiting_for, waits_line
from connector.commands.place import Place
from connector.display import clean, count, cut, moment, table, wrapped
from connector.errors import AmendsError
from connector.store import Transaction, corrections, sources, tallies, trends, walks
from connector.store.trends import Affected
from connector.trends.finding import Case
from connector.trends.life import State, Trend, daily, day_number, day_of, said
from connector.trends.speaking import Alive, why
from connector.trends.views import pairs_of

SHOWN_DAYS = 63
LEAST_COLUMNS = 14  # of the drawing
_BARS = " ▁▂▃▄▅▆▇█"


class Row(msgspec.Struct, frozen=True):
    """A trend in a listing. `people` in `window_days` where `expected` were to be; `chance` of as many or more.
    `daily` counts the people of each day up to `daily_until`, each person on their first day. `who` said `why` at
    `changed_at`; `lead` is the complaint that speaks for all, `correction` the number of what is done about it.
    """

    number: int
    cell: dict[str, str]
    level: str
    state: str
    started_on: date
    found_on: date
    people: int
    window_days: int
    expected: float
    chance: float
    peak: int
    daily: tuple[int, ...]
    daily_until: date
    who: str
    why: str | None
    changed_at: datetime
    again: int
    lead: str | None
    correction: int | None


class Listed(msgspec.Struct, frozen=True):
    """Trends, the newest first. `cells` is how many groups had anybody in the days that a test looks at. `waits` names
    the source without which the next day is not known whole."""

    trends: tuple[Row, ...]
    cells: int
    tested_on: date | None
    waits: Waits | None = None


class Told(msgspec.Struct, frozen=True):
    """A complaint in a trend."""

    id: str
    opened_at: datetime
    status: str
    language: str | None
    subject: str
    url: str | None


class Shown(msgspec.Struct, frozen=True):
    """A trend with the complaints in it, the oldest first, and what it is in a sentence."""

    trend: Row
    sentence: str
    affected: tuple[Told, ...]
    people: int


class Said(msgspec.Struct, frozen=True):
    number: int
    before: str
    after: str
    why: str | None
    dry_run: bool


def listing(place: Place, *, everything: bool, most: int | None) -> Listed:
    """Those that are not over; with `everything` all of them."""
    settings = place.settings.trends
    with place.store() as store, store.read() as connection:
        found = trends.listing(connection, closed=everything, most=most)
        standing = tallies.standing(connection)
        today = day_number(settings.day(place.now()))
        cells = tallies.cells_since(connection, today - settings.memory_days)
        done_by = _done_by(connection)
        rows = tuple(_row(connection, one, today, done_by) for one in found)
        waits = waiting_for(place, connection)
    tested = None if standing.tested_on is None else day_of(standing.tested_on)
    return Listed(rows, cells, tested, waits)


def show(place: Place, number: int) -> Shown:
    """Raises AmendsError where there is no such trend."""
    settings = place.settings.trends
    with place.store() as store, store.read() as connection:
        one = find(connection, number)
        today = day_number(settings.day(place.now()))
        row = _row(connection, one, today, _done_by(connection))
        affected = affected_by(connection, one.trend)
        known = walks.by_ids(connection, [each.complaint for each in affected])
    cases = tuple(
        Told(
            id=each.case,
            opened_at=each.opened_at,
            status=stored.doc.complaint.status.value,
            language=value_of(stored.doc.tags, "language") or stored.doc.complaint.language,
            subject=stored.doc.complaint.subject,
            url=stored.doc.complaint.url,
        )
        for each in affected
        if (stored := known.get(each.complaint)) is not None
    )
    return Shown(row, why(one.trend), cases, len({each.person for each in affected}))


def find(connection: Transaction, number: int) -> Alive:
    """The trend of that number. Raises AmendsError where there is none."""
    found = trends.one(connection, number)
    if found is None:
        raise AmendsError(f"there is no trend {number}.", remedy="`amends trends list --all` names them.")
    return found


def affected_by(connection: Transaction, trend: Trend) -> list[Affected]:
    """The complaints of a trend, the oldest first; of one that is over, none that came after its end."""
    until = trend.changed_at if trend.state is State.CLOSED else None
    return trends.affected(connection, trend.cell, trend.started_on, until)


def decide(place: Place, number: int, state: State, words: str | None, *, dry_run: bool) -> Said:
    """Keep a person's word on a trend. Raises AmendsError where it does not follow from where the trend stands."""
    with place.store() as store:
        with store.read() as connection:
            before = find(connection, number).trend
        said(before, state, place.who, words, place.now())  # whether it may be said at all
        if not dry_run:
            with store.write("trend: decided") as connection:
                one = find(connection, number)
                keep(connection, place, number, said(one.trend, state, place.who, words, place.now()))
    return Said(number, before.state.value, state.value, words, dry_run)


def keep(connection: Transaction, place: Place, number: int, after: Trend) -> None:
    """Store a trend after somebody's word, and let its complaints be looked at."""
    now = place.now()
    trends.save(connection, number, after)
    concerned = trends.affected(connection, after.cell, after.started_on)
    trends.look_again(connection, (each.complaint for each in concerned), now)
    detail = {"trend": number, "cell": after.cell, "why": after.why}
    sources.log(connection, now, place.who, f"trend: {after.state}", detail=detail)


def _done_by(connection: Transaction) -> dict[int, int]:
    """The newest correction of each trend."""
    found = corrections.listing(connection, closed=True)
    return {one.trend: one.number for one in reversed(found) if one.trend is not None}


def _row(connection: Transaction, one: Alive, today: int, done_by: dict[int, int]) -> Row:
    trend, first = one.trend, today - SHOWN_DAYS + 1
    cases: Sequence[Case] = tallies.cases(connection, first, of=trend.cell).get(trend.cell, ())
    judged = trend.judged
    return Row(
        number=one.number,
        cell=dict(pairs_of(trend.cell)),
        level=trend.level.value,
        state=trend.state.value,
        started_on=trend.started_on,
        found_on=trend.found_on,
        people=judged.people,
        window_days=judged.window_days,
        expected=round(judged.expected, 2),
        chance=judged.chance,
        peak=trend.peak,
        daily=tuple(daily(cases, first, today)),
        daily_until=day_of(today),
        who=trend.who,
        why=trend.why,
        changed_at=trend.changed_at,
        again=trend.again,
        lead=one.lead,
        correction=done_by.get(one.number),
    )


# -- telling it ------------------------------------------------------------------------------------------------------


def sparkline(counts: Sequence[int], columns: int) -> str:
    """Counts as bars of one character, the newest last; where there is no room for all, several days share one."""
    share = max(1, -(-len(counts) // max(1, columns)))
    first = len(counts) % share
    parts = ([counts[:first]] if first else []) + [counts[at : at + share] for at in range(first, len(counts), share)]
    sums = [sum(part) for part in parts]
    top = max(sums, default=0)
    if not top:
        return "·" * len(sums)
    return "".join("·" if not one else _BARS[max(1, round(one * (len(_BARS) - 1) / top))] for one in sums)


def listing_lines(told: Listed, columns: int) -> list[str]:
    """A line for each trend, and its drawing."""
    tested = f"tested up to {told.tested_on.isoformat()}" if told.tested_on else "not tested yet"
    foot = f"{count(told.cells, 'group')} of complaints {'are' if told.cells != 1 else 'is'} watched; {tested}."
    feet = [foot, *([cut(waits_line(told.waits), columns)] if told.waits is not None else [])]
    if not told.trends:
        return ["Nothing stands out.", "", *feet]
    room = max(LEAST_COLUMNS, min(SHOWN_DAYS, columns - 90))
    rows = [
        (
            str(one.number),
            one.level,
            one.state,
            _named(one.cell),
            f"{one.people} in {one.window_days} d",
            f"{one.expected:.1f}",
            one.started_on.isoformat(),
            sparkline(one.daily, room),
        )
        for one in told.trends
    ]
    head = ("NO", "LEVEL", "STATE", "WHAT", "PEOPLE", "USUAL", "SINCE", f"LAST {SHOWN_DAYS} DAYS")
    return [*table(head, rows, columns), "", *feet]


def shown_lines(told: Shown, columns: int) -> list[str]:
    """All there is to know of one trend."""
    one = told.trend
    lines = [f"trend {one.number}: {_named(one.cell)}", f"{one.level}, {one.state}", ""]
    lines += wrapped(told.sentence, columns)
    lines += [f"By chance, as many or more would come once in {_odds(one.chance)} such weeks.", ""]
    lines += [sparkline(one.daily, max(LEAST_COLUMNS, columns - 2)), f"{SHOWN_DAYS} days up to {one.daily_until}", ""]
    if one.why:
        lines += wrapped(f"{moment(one.changed_at)}, {clean(one.who)}: {clean(one.why)}", columns)
    if one.correction is not None:
        lines.append(f"`amends corrections show {one.correction}` says what is done about it.")
    lines += ["", f"{count(len(told.affected), 'complaint')} of {count(told.people, 'person', 'people')}:"]
    rows = [
        (each.id, moment(each.opened_at), each.status, each.language or "-", clean(each.subject))
        for each in told.affected
    ]
    return [*lines, *table(("ID", "CAME", "STATUS", "LANGUAGE", "SUBJECT"), rows, columns)]


def _named(cell: dict[str, str]) -> str:
    return ", ".join(clean(value) for value in cell.values())


def _odds(chance: float) -> str:
    return f"{round(1 / chance):,}" if chance > 1e-9 else "more than a billion"


def said_lines(told: Said, columns: int) -> list[str]:
    verb = "would be" if told.dry_run else "is"
    return [cut(f"Trend {told.number}, which was {told.before}, {verb} {told.after}.", columns)]
