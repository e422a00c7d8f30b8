"""How often a jump is found, and how often a quiet year raises a false alarm. `make bench-trends`.

Each run lives through a year of many groups of complaints that do not change (their false alarms are counted), and then
through two weeks in which people come several times as often. Counts have a weekly pattern and vary more than chance
would have them (variance over mean; 1.3 unless said). Every count is another person; alarms within seven days are one.
The law, its windows and the estimate of the spread are the product's own. Families, groups that lie in each other, are
tested by all of it, day by day. Seeds are fixed: the same numbers come out everywhere.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks import report
from connector.trends.budget import ALARMS_A_YEAR, WATCHES_A_YEAR
from connector.trends.finding import Case, findings, ground
from connector.trends.views import Trends, key, pairs_of
from connector.trends.window import chance, spread_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "admins" / "trends.md"
SETTINGS = Trends()
SEEDS = (1, 2, 3, 4, 5)
CELLS = 300
YEAR, JUMP_DAYS, MERGED_DAYS = 365, 14, 7
WEEKLY = np.array([1.15, 1.1, 1.05, 1.05, 1.0, 0.85, 0.8]) / 1.0
MEMORY = SETTINGS.memory_days
Counts = npt.NDArray[np.int64]
Hits = npt.NDArray[np.bool_]
Rule = Callable[[Counts], Hits]


class Life(NamedTuple):
    """What is lived through: people a day, by how much more they come in the end, and how much counts vary."""

    rate: float
    jump: float
    variance: float = 1.3


class Outcome(NamedTuple):
    """Of one rule in one seed: false alarms a group and year, the share of jumps found in time, days until then."""

    false: float
    found: float
    days: float


CASES = (Life(0.1, 5), Life(0.5, 4), Life(2, 3), Life(2, 2), Life(0.5, 4, 1.05), Life(0.5, 4, 2.0))


def lived(case: Life, seed: int, cells: int = CELLS) -> Counts:
    """(cells, days) of people: what a test looks back on, a year, and the jump."""
    rng = np.random.default_rng(seed)
    days = MEMORY + YEAR + JUMP_DAYS
    means = np.tile(case.rate * (WEEKLY / WEEKLY.mean())[np.arange(days) % 7], (cells, 1))
    means[:, -JUMP_DAYS:] *= case.jump
    found: Counts = rng.negative_binomial(means / (case.variance - 1), 1 / case.variance)
    return found


# -- the rules -------------------------------------------------------------------------------------------------------


@cache
def least(before: int, window: int, past: int, spread: float, threshold: float) -> int:
    """How many people stand out."""
    people = SETTINGS.least
    while chance(people, before, window, past, spread) >= threshold:
        people += 1
    return people


def needed(before: Counts, window: int, past: int, spread: float, threshold: float) -> Counts:
    table = np.array([least(number, window, past, spread, threshold) for number in range(int(before.max()) + 1)])
    found: Counts = table[before]
    return found


def ours(threshold: float) -> Rule:
    """The product's test: both windows against the weeks before the longer one, by the spread of that day."""

    def hits(counts: Counts) -> Hits:
        sums = np.concatenate([np.zeros((len(counts), 1), dtype=np.int64), counts.cumsum(axis=1)], axis=1)
        ends = np.arange(MEMORY, counts.shape[1] + 1)
        found = np.zeros((len(counts), len(ends)), dtype=np.bool_)
        for at, end in enumerate(ends):
            begin = end - SETTINGS.longest
            weeks = [
                sums[:, begin - 7 * week] - sums[:, begin - 7 * week - 7] for week in range(SETTINGS.before_days // 7)
            ]
            spread = round(spread_of(np.stack(weeks, axis=1).tolist()), 1)
            before = sum(weeks)
            for window in SETTINGS.windows_days:
                people = sums[:, end] - sums[:, end - window]
                found[:, at] |= people >= needed(before, window, SETTINGS.before_days, spread, threshold)
        return found

    return hits


def one_window(threshold: float) -> Rule:
    """The same law with one window of a week, and as if counts varied by chance alone."""

    def hits(counts: Counts) -> Hits:
        sums = np.concatenate([np.zeros((len(counts), 1), dtype=np.int64), counts.cumsum(axis=1)], axis=1)
        ends = np.arange(MEMORY, counts.shape[1] + 1)
        people = sums[:, ends] - sums[:, ends - 7]
        before = sums[:, ends - 7] - sums[:, ends - 7 - 56]
        found: Hits = people >= needed(before, 7, 56, 1.0, threshold)
        return found

    return hits


def ears(counts: Counts) -> Hits:
    """EARS C2: more than three deviations above the mean of a week, which ended two days ago."""
    ends = np.arange(MEMORY, counts.shape[1] + 1)
    found = np.zeros((len(counts), len(ends)), dtype=np.bool_)
    for at, end in enumerate(ends):
        week = counts[:, end - 10 : end - 3]
        found[:, at] = counts[:, end - 1] > week.mean(axis=1) + 3 * np.maximum(week.std(axis=1, ddof=1), 0.2)
    return found


RULES: dict[str, Rule] = {
    "alarm": ours(SETTINGS.alarm),
    "watch": ours(SETTINGS.watch),
    "one window, 1e-4": one_window(1e-4),
    "EARS C2": ears,
}


def outcome(hits: Hits) -> Outcome:
    quiet, jump = hits[:, : YEAR + 1], hits[:, YEAR + 1 :]
    false = sum(merged(np.flatnonzero(row).tolist()) for row in quiet) / len(hits)
    first = np.where(jump.any(axis=1), jump.argmax(axis=1) + 1, JUMP_DAYS + 1)
    found = first <= JUMP_DAYS
    return Outcome(false, float(found.mean()), float(np.median(first[found])) if found.any() else float("nan"))


def merged(days: Sequence[int]) -> int:
    """How many alarms these days are, where those within a week are one."""
    return sum(1 for at, day in enumerate(days) if at == 0 or day - days[at - 1] > MERGED_DAYS)


# -- families ----------------------------------------------------------------------------------------------------------

CHILDREN = 10
FAMILIES = 20


class Family(NamedTuple):
    """A jump that all children share: found above them, found in a child, findings a family while it goes on; and false
    alarms a family and quiet year, all its groups together."""

    above: float
    inside: float
    told: float
    false: float


def family(seed: int, rate: float, jump: float) -> Family:
    """Lived through by the whole of the product's test: levels, spread, and who is told of once."""
    counts = lived(Life(rate, jump), seed, FAMILIES * CHILDREN)
    cells = _cases(counts)
    last, above, inside, told, false = counts.shape[1] - 1, set[str](), set[str](), list[int](), dict[str, list[int]]()
    for day in range(MEMORY, last + 1):
        seen = {name: [one for one in cases if day - MEMORY < one.day <= day] for name, cases in cells.items()}
        on = ground(seen, SETTINGS, day, 0)
        assert on is not None
        alarms = [one.cell for one in findings(seen, SETTINGS, on) if one.judged.chance < SETTINGS.alarm]
        if day <= last - JUMP_DAYS:
            for name in alarms:
                false.setdefault(_home(name), []).append(day)
            continue
        above |= {_home(name) for name in alarms if len(pairs_of(name)) == 1}
        inside |= {_home(name) for name in alarms if len(pairs_of(name)) > 1}
        told.append(len(alarms))
    return Family(
        len(above) / FAMILIES,
        len(inside) / FAMILIES,
        max(told) / FAMILIES,
        sum(merged(days) for days in false.values()) / FAMILIES,
    )


def _cases(counts: Counts) -> dict[str, list[Case]]:
    cells: dict[str, list[Case]] = {}
    person = 0
    for row, days in enumerate(counts):
        parent = ("category", f"family {row // CHILDREN}")
        names = (key([parent]), key([parent, ("product", f"child {row}")]))
        for day, number in enumerate(days):
            for _ in range(int(number)):
                person += 1
                for name in names:
                    cells.setdefault(name, []).append(Case(person, day, person))
    return cells


def _home(cell: str) -> str:
    return dict(pairs_of(cell))["category"]


# -- telling it --------------------------------------------------------------------------------------------------------

Measured = dict[tuple[Life, str], list[Outcome]]


def measured(seeds: Sequence[int]) -> Measured:
    found: Measured = {}
    for case in CASES:
        for seed in seeds:
            counts = lived(case, seed)
            for name, rule in RULES.items():
                found.setdefault((case, name), []).append(outcome(rule(counts)))
        print(f"{case.rate:g} a day, × {case.jump:g}, variance {case.variance:g}: done", file=sys.stderr)
    return found


def table(found: Measured) -> str:
    lines = [
        "| people a day, jump | variance | rule | false alarms a group and year (worst seed) "
        "| found in 14 days (worst seed) | median day |",
        "|---|--:|---|--:|--:|--:|",
    ]
    for (case, name), outcomes in found.items():
        false, hit = [one.false for one in outcomes], [one.found for one in outcomes]
        lines.append(
            f"| {case.rate:g}, × {case.jump:g} | {case.variance:g} | {name} | {mean(false):.2f} ({max(false):.2f}) "
            f"| {mean(hit):.0%} ({min(hit):.0%}) | {median(one.days for one in outcomes):.0f} |"
        )
    return "\n".join(lines) + "\n"


def family_table(found: Sequence[Family]) -> str:
    return (
        "| a jump × 3 that ten groups of 0.1 a day share | |\n|---|--:|\n"
        f"| found in their parent in 14 days | {mean(one.above for one in found):.0%} |\n"
        f"| also told in one of the ten | {mean(one.inside for one in found):.0%} |\n"
        f"| most findings a day and family | {mean(one.told for one in found):.2f} |\n"
        f"| false alarms a year of all eleven groups together | {mean(one.false for one in found):.2f} |\n"
    )


def marks(found: Measured, families: Sequence[Family]) -> list[tuple[str, bool]]:
    """What is promised, and whether it holds; means over the seeds."""

    def average(case: Life, name: str, of: Callable[[Outcome], float]) -> float:
        return mean(of(one) for one in found[case, name])

    thin, usual, busy = CASES[0], CASES[1], CASES[2]
    return [
        (
            f"at most {ALARMS_A_YEAR} false alarms a group and year",
            all(average(case, "alarm", lambda one: one.false) <= ALARMS_A_YEAR for case in CASES[:4]),
        ),
        (
            f"at most {WATCHES_A_YEAR} false watches a group and year",
            all(average(case, "watch", lambda one: one.false) <= WATCHES_A_YEAR for case in CASES[:4]),
        ),
        (
            "a fourfold jump at 0.5 a day found in 14 days in 80 %",
            average(usual, "alarm", lambda one: one.found) >= 0.8,
        ),
        ("a threefold one at 2 a day in 95 %", average(busy, "alarm", lambda one: one.found) >= 0.95),
        ("a fivefold one at 0.1 a day in 30 % at watch level", average(thin, "watch", lambda one: one.found) >= 0.3),
        ("a jump that thin groups share found above them in 80 %", mean(one.above for one in families) >= 0.8),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="how many seeds")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/admins/trends.md")
    chosen = parser.parse_args()
    seeds = range(1, chosen.seeds + 1)
    found = measured(seeds)
    families = [family(seed, 0.1, 3) for seed in seeds]
    tables = [table(found), family_table(families)]
    kept = marks(found, families)
    print("\n".join(tables))
    for what, holds in kept:
        print(f"{'holds' if holds else 'FAILS'}: {what}")
    if chosen.write:
        about = f"{CELLS} groups, {len(seeds)} seeds, {YEAR} quiet days each, then {JUMP_DAYS} days of the jump.\n"
        report.write(PAGE, "trends", [about, *tables], f"Python {sys.version.split()[0]}", "make bench-trends")
    if not all(holds for _, holds in kept):
        sys.exit(1)


if __name__ == "__main__":
    main()
