"""Of all cells that stand out, the ones to speak of: each person is told of once, in the cell that says most.

Called by every test of trends. A jump in one cell shows in its parents and in other views of the same complaints. So
the cell that is least likely by chance speaks first, the narrowest one that tells the same; its complaints are then
left out everywhere else, and the rest is asked again. A jump that many thin cells share is found in their parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import msgspec

from connector.trends.views import Trends, pairs_of, within
from connector.trends.window import chance, expected, spread_of

WEEK = 7
SHARE = 0.8  # so much of a cell's people, and a narrower cell tells the same
MOST = 50  # findings of one test; more is no trend but another world
LEAST_BEFORE_DAYS = 28  # less is no past to compare with


class Case(NamedTuple):
    """A complaint as it counts: its row, its day (days since 1970) and its person."""

    complaint: int
    day: int
    person: int


class Judged(msgspec.Struct, frozen=True):
    """What the test says of a cell: `people` in the last `window_days`, where `before` people in `before_days` let
    `expected` be; `chance` of as many or more."""

    chance: float
    people: int
    expected: float
    window_days: int
    before: int
    before_days: int


class Finding(msgspec.Struct, frozen=True):
    """A cell that stands out, and the complaints of its window."""

    cell: str
    judged: Judged
    cases: tuple[Case, ...]


class Outbreak(NamedTuple):
    """An earlier trend of a cell, from its first day to its last: no past to compare with."""

    cell: str
    first: int
    last: int


class Ground(msgspec.Struct, frozen=True):
    """What a test stands on: the last whole day, how many days there are to compare with, by how much more than chance
    counts vary, and what of the past was no usual time."""

    today: int
    before_days: int
    spread: float
    outbreaks: tuple[Outbreak, ...] = ()


def ground(
    cells: Mapping[str, Sequence[Case]],
    settings: Trends,
    today: int,
    since: int,
    outbreaks: Iterable[Outbreak] = (),
) -> Ground | None:
    """What to compare with, where `since` is the first day of which everything is known; None where it is too late."""
    end = today - settings.longest
    days = min(settings.before_days, end - since + 1) // WEEK * WEEK
    if days < LEAST_BEFORE_DAYS:
        return None
    on = Ground(today, days, 1.0, tuple(outbreaks))
    spread = spread_of(_blocks(name, cases, end, on) for name, cases in cells.items())
    return msgspec.structs.replace(on, spread=spread)


def _blocks(cell: str, cases: Iterable[Case], end: int, on: Ground) -> list[int]:
    """The people of each week of the past that ends with `end`; weeks of an earlier trend of the cell, or of one in it,
    are left out while four others are there."""
    weeks: list[set[int]] = [set() for _ in range(on.before_days // WEEK)]
    for case in cases:
        back = end - case.day
        if 0 <= back < on.before_days:
            weeks[back // WEEK].add(case.person)
    usual = set(range(len(weeks)))
    for one in on.outbreaks:
        if one.cell == cell or within(one.cell, cell):
            usual -= set(range((end - one.last) // WEEK, (end - one.first) // WEEK + 1))
    kept = usual if len(usual) * WEEK >= LEAST_BEFORE_DAYS else range(len(weeks))
    return [len(weeks[at]) for at in sorted(kept)]


def judge(
    cell: str, cases: Sequence[Case], settings: Trends, on: Ground, past: tuple[int, int] | None = None
) -> Judged:
    """The test of one cell: of its windows the one that stands out most. `past` are the people and days to compare
    with where those just before will not do, for they belong to the trend itself."""
    blocks = _blocks(cell, cases, on.today - settings.longest, on)
    before, days = past or (sum(blocks), len(blocks) * WEEK)
    found = []
    for length in settings.windows_days:
        people = len({case.person for case in cases if on.today - length < case.day <= on.today})
        likely = chance(people, before, length, days, on.spread) if people >= settings.least else 1.0
        found.append(Judged(likely, people, expected(before, length, days), length, before, days))
    return min(found, key=lambda one: one.chance)


def findings(
    cells: Mapping[str, Sequence[Case]],
    settings: Trends,
    on: Ground,
    spoken_for: Iterable[Case] = (),
) -> list[Finding]:
    """The cells to speak of, the least likely first; complaints that a known trend speaks for do not count again."""
    left = {name: list(cases) for name, cases in cells.items()}
    _take(left, {case.complaint for case in spoken_for})
    judged = {name: judge(name, cases, settings, on) for name, cases in left.items()}
    found: list[Finding] = []
    while len(found) < MOST:
        standing = [name for name, one in judged.items() if one.chance < settings.watch]
        if not standing:
            break
        widest = min(standing, key=lambda name: (judged[name].chance, name))
        name = _narrowest(widest, standing, left, judged, settings, on)
        found.append(Finding(name, judged[name], tuple(_in_window(left[name], judged[name].window_days, on))))
        for changed in _take(left, {case.complaint for case in left[name]}):
            judged[changed] = judge(changed, left[changed], settings, on)
    return found


def _in_window(cases: Iterable[Case], days: int, on: Ground) -> list[Case]:
    return sorted(case for case in cases if on.today - days < case.day <= on.today)


def _narrowest(
    widest: str,
    standing: Sequence[str],
    cells: Mapping[str, Sequence[Case]],
    judged: Mapping[str, Judged],
    settings: Trends,
    on: Ground,
) -> str:
    """The finest cell inside that holds nearly all of the people and would be told at the same level; where two of a
    kind hold them together, the less likely of the two, for the other one speaks next. More than two share a cause."""
    days = judged[widest].window_days
    people = _people(cells[widest], days, on)
    level = settings.alarm if judged[widest].chance < settings.alarm else settings.watch
    inside = [name for name in standing if within(name, widest) and judged[name].chance < level]
    held = {name: _people(cells[name], days, on) for name in inside}
    same = {name for name in inside if len(held[name]) >= SHARE * len(people)}
    for one, other in combinations(inside, 2):
        if _fields(one) == _fields(other) and len(held[one] | held[other]) >= SHARE * len(people):
            same.add(min(one, other, key=lambda name: (judged[name].chance, name)))
    return max(same, key=lambda name: (len(pairs_of(name)), -judged[name].chance, name), default=widest)


def _people(cases: Iterable[Case], days: int, on: Ground) -> set[int]:
    return {case.person for case in _in_window(cases, days, on)}


def _fields(cell: str) -> tuple[str, ...]:
    return tuple(field for field, _ in pairs_of(cell))


def _take(cells: dict[str, list[Case]], taken: set[int]) -> list[str]:
    """Leave complaints out everywhere; returns which cells had any of them."""
    changed = []
    for name, cases in cells.items():
        kept = [case for case in cases if case.complaint not in taken] if taken else cases
        if len(kept) < len(cases):
            cells[name] = kept
            changed.append(name)
    return changed
