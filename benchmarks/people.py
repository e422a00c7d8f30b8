"""How well and how fast people are told apart, on generated cities. `make bench-people`.

    python -m benchmarks.people                     # 100,000 people, three seeds, 1,000,000 known people
    python -m benchmarks.people --people 5000 --known 20000
    python -m benchmarks.people --peers --known 0   # and splink on the same records, in an environment of its own
    python -m benchmarks.people --write             # and put the tables into docs/engineers/people.md

Pairs of records of one person are the truth. Precision is that of pairs that rules joined; recall of proposals is the
share of pairs of one person which no rule joined and which a human is asked about. Speed is CPU time of this process.
"""

from __future__ import annotations

import argparse
import platform
import sqlite3
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import combinations, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks import people_beside, report
from benchmarks.city import Record, city
from benchmarks.people_beside import Told
from connector.model import Complaint, Entry, EntryKind, Role, Status, Visibility
from connector.people.identity import Identifying, Identity, Number
from connector.people.matching import blocks
from connector.store import Store, Transaction, identities, people, revisions, sources, tables
from connector.store.complaints import Assessed, Doc
from connector.store.revisions import Packed, Saving, packed
from connector.store.rows import add_unknown
from connector.sync.knowing import compare_some

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BATCH = 1000
WORK = Path(__file__).resolve().parents[1] / "build" / "bench"
FILLING_KB = 2_000_000
PAGE = Path(__file__).resolve().parents[1] / "docs" / "engineers" / "people.md"
RULES = Identifying(
    country="GB",
    numbers=(Number("customer_number", ("extra.customer_number",), single=True),),
    shared=frozenset(("info", "office", "family", "contact")),
    place=("extra.place",),
)


class Quality(NamedTuple):
    """What became of one city. `pairs` of one person, of which rules joined `joined`; `wrong` joined pairs are of two
    people. Of the `left` pairs a human is asked about `asked`, by `proposals` questions, `right` of them rightly. Of
    `traceable` pairs both records know the same mailbox, phone, home or number; the others share a name and no more."""

    who: str
    records: int
    pairs: int
    joined: int
    wrong: int
    left: int
    asked: int
    proposals: int
    right: int
    traceable: int
    traced: int

    @property
    def precision(self) -> float:
        return self.joined / max(1, self.joined + self.wrong)

    @property
    def recall(self) -> float:
        return self.asked / max(1, self.left)

    @property
    def traceable_recall(self) -> float:
        return self.traced / max(1, self.traceable)


def grouped(known: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """Members by group, of (member, group)."""
    found: dict[int, list[int]] = {}
    for member, group in known:
        found.setdefault(group, []).append(member)
    return found


def judged(who: str, told: dict[int, Record], person: dict[int, int], asked: Iterable[tuple[int, int]]) -> Quality:
    """Hold what was joined (`person` of each record) and asked (pairs of records) against the truth."""
    truth = {number: record.person for number, record in told.items()}
    joined = wrong = 0
    for members in grouped(person.items()).values():
        for a, b in combinations(members, 2):
            same = truth[a] == truth[b]
            joined, wrong = joined + same, wrong + (not same)
    asked = list(asked)
    questions = {frozenset((person[a], person[b])) for a, b in asked}
    left = found = pairs = traceable = traced = 0
    for members in grouped(truth.items()).values():
        for a, b in combinations(members, 2):
            pairs += 1
            if person[a] != person[b]:
                left += 1
                hit = frozenset((person[a], person[b])) in questions
                same = bool(told[a].marks & told[b].marks)
                found, traceable, traced = found + hit, traceable + same, traced + (hit and same)
    right = sum(truth[a] == truth[b] for a, b in asked)
    return Quality(who, len(truth), pairs, joined, wrong, left, found, len(asked), right, traceable, traced)


def ours(records: Sequence[Record], folder: Path, name: str) -> tuple[Quality, float, float]:
    """What rules join and likeness proposes; and µs of CPU for each record, for either."""
    store = Store(f"sqlite:///{folder / 'city.db'}").open()
    truth: dict[int, Record] = {}
    begun = time.process_time()
    for start in range(0, len(records), BATCH):
        some = records[start : start + BATCH]
        with store.write("bench") as connection:
            ids = people.save_people(connection, [one.seen for one in some], RULES, NOW)
        truth.update((ids[one.seen.person.key], one) for one in some)
    linked = time.process_time()
    while True:
        with store.write("bench") as connection:
            if not compare_some(connection, RULES, NOW, BATCH).people:
                break
    compared = time.process_time()
    with store.read() as connection:
        person = {}
        every = sorted(truth)
        for start in range(0, len(every), BATCH):
            person.update(people.persons(connection, every[start : start + BATCH]))
        asked = [(tie.a, tie.b) for tie in identities.proposals(connection, 10_000_000)]
    store.close()
    us = 1e6 / len(records)
    return judged(name, truth, person, asked), (linked - begun) * us, (compared - linked) * us


def beside(records: Sequence[Record], found: Quality, cpu_seconds: float) -> list[Told]:
    """What rules join, what they join and a human is asked, and what splink says of the same records."""
    once = list({one.seen.person.key: one for one in records}.values())
    said, right = found.joined + found.wrong, found.joined
    asked = said + found.proposals
    return [
        Told("amends: joined by rules", said, right, found.pairs, cpu_seconds),
        Told("amends: joined or proposed", asked, right + found.right, found.pairs, cpu_seconds),
        *people_beside.splink(once, RULES, WORK, asked),
    ]


# -- speed -----------------------------------------------------------------------------------------------------------


class Speed(NamedTuple):
    """µs of CPU a complaint, and times those of the plain loop that ran right before: how busy the machine is, shows in
    both."""

    what: str
    us: float
    ratio: float


def _fill(store: Store, known: Sequence[Record]) -> None:
    """People known already, with all by which they are found: rows as `save_people` and a comparison leave them, made
    without asking who is who, and in one transaction within a cache of its own, for in the store's they would take
    most of an hour."""
    once = list({one.seen.person.key: one for one in known}.values())
    with store.write("bench: fill") as connection:
        connection.exec_driver_sql(f"PRAGMA cache_size=-{FILLING_KB}")
        for start in range(0, len(once), BATCH):
            rows, keys = [], []
            for number, one in enumerate(once[start : start + BATCH], start + 1):
                person = one.seen.person
                phone = f"+44{''.join(filter(str.isdigit, person.phone))[-10:]}" if person.phone else None
                mail = {f"mail:{person.address}"} if person.verified else set()
                own = frozenset(mail | ({f"phone:{phone}"} if phone else set()) | set(one.seen.numbers))
                known_as = Identity(
                    number, person.key, person.name, person.address, phone, place=one.seen.place, keys=own
                )
                columns = {name: getattr(person, name) for name in ("key", "name", "address", "phone", "verified")}
                rows.append({"id": number, **columns, "place": one.seen.place, "compared_at": 1})
                keys += [{"key": key, "complainant_id": number} for key in (*own, *blocks(known_as))]
            add_unknown(connection, tables.complainant, rows)
            add_unknown(connection, tables.identity, keys)


def _row(number: int, record: Record) -> Packed:
    person = record.seen.person
    text = f"My parcel number {number} has still not arrived and nobody answers my letters."
    entry = Entry("1", EntryKind.RECEIVED, NOW, NOW, Role.CUSTOMER, person.key, Visibility.PUBLIC, text)
    extra = {"customer_number": record.seen.numbers[0].partition(":")[2]} if record.seen.numbers else {}
    if record.seen.place:
        extra["place"] = record.seen.place
    told = Complaint("shop", str(number), 1, "Late", text, person, Status.OPEN, NOW, NOW, extra=extra)
    return packed(Saving(Doc(told, (entry,)), Assessed(), None, NOW), RULES)


def speeds(known: int, new: int, seed: int, folder: Path) -> list[Speed]:
    """µs of CPU for each of `new` complaints, half of them by people who are known, beside `known` people."""
    records = list(islice(city(int(known * 0.6) + new, seed), known + new))
    before, rest = records[:known], records[known:]
    store = Store(f"sqlite:///{folder / 'known.db'}").open()
    _fill(store, before)
    coming = [one for pair in zip(rest[: new // 2], before[:: max(1, known // new)], strict=False) for one in pair]
    with store.write("bench") as connection:
        shop = sources.enlist(connection, "shop", "memory").id
    rows = [_row(number, one) for number, one in enumerate(coming)]

    def each(step: str, work: list[Packed]) -> Speed:
        plain = plain_loop(coming)
        begun = time.process_time()
        for start in range(0, len(work), BATCH):
            with store.write("bench") as connection:
                some = work[start : start + BATCH]
                _one_step(connection, step, some, shop)
        us = (time.process_time() - begun) * 1e6 / len(work)
        return Speed(step, us, us / plain)

    found = [each(step, rows) for step in ("joined by keys", "saved with all beside it", "compared with all others")]
    store.close()
    return found


def plain_loop(coming: Sequence[Record]) -> float:
    """µs of CPU for each record to be looked up by its key and put into a table of three columns in memory: the least
    that anybody does who keeps people."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as plain:
        plain.execute("create table person (key text primary key, name text, address text)")
        begun = time.process_time()
        plain.execute("begin")
        for one in coming:
            person = one.seen.person
            plain.execute("select name from person where key = ?", (person.key,)).fetchone()
            plain.execute("insert or replace into person values (?, ?, ?)", (person.key, person.name, person.address))
        plain.execute("commit")
        return (time.process_time() - begun) * 1e6 / len(coming)


def _one_step(connection: Transaction, step: str, rows: list[Packed], source_id: int) -> None:
    if step == "joined by keys":
        people.save_people(connection, [row.seen for row in rows], RULES, NOW)
    elif step == "saved with all beside it":
        revisions.save(connection, source_id, rows, {}, RULES, NOW)
    else:
        compare_some(connection, RULES, NOW, len(rows))


# -- telling it ------------------------------------------------------------------------------------------------------


def quality_table(rows: Sequence[Quality]) -> str:
    lines = [
        "| City | Records | Pairs of one person | Joined by rules | Wrongly joined | Precision | Left, traceable "
        "| Recall of these | of all left | Proposals, right |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.who} | {one.records:,} | {one.pairs:,} | {one.joined:,} | {one.wrong:,} | {one.precision:.5f} "
        f"| {one.left:,}, {one.traceable:,} | {one.traceable_recall:.3f} | {one.recall:.3f} "
        f"| {one.proposals:,}, {one.right / max(1, one.proposals):.0%} |"
        for one in rows
    ]
    return "\n".join([*lines, ""])


def speed_table(rows: Sequence[Speed], known: int) -> str:
    lines = [
        f"| Beside {known:,} known people | µs of CPU a complaint | Complaints a CPU second | × plain loop |",
        "|---|--:|--:|--:|",
    ]
    lines += [f"| {row.what} | {row.us:,.0f} | {1e6 / row.us:,.0f} | {row.ratio:.0f} |" for row in rows]
    return "\n".join([*lines, ""])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--people", type=int, default=100_000)
    options.add_argument("--seeds", default="1,2,3")
    options.add_argument("--known", type=int, default=1_000_000)
    options.add_argument("--new", type=int, default=10_000)
    options.add_argument("--peers", action="store_true", help="also splink, in an environment of its own")
    options.add_argument("--write", action="store_true", help="put the tables into docs/engineers/people.md")
    chosen = options.parse_args()
    tables, qualities, others = [], [], []
    for seed in chosen.seeds.split(",") if chosen.people else ():
        records = list(city(chosen.people, int(seed)))
        with TemporaryDirectory() as folder:
            found, linked, compared = ours(records, Path(folder), f"seed {seed}")
            qualities.append(found)
            print(f"{found} {linked:.0f} µs to join, {compared:.0f} µs to compare", file=sys.stderr)
            if chosen.peers:
                others.append(people_beside.table(beside(records, found, (linked + compared) * len(records) / 1e6)))
    tables += [quality_table(qualities)] if qualities else []
    tables += others
    if chosen.known:
        with TemporaryDirectory() as folder:
            tables.append(speed_table(speeds(chosen.known, chosen.new, 9, Path(folder)), chosen.known))
    print("\n".join(tables))
    if chosen.write:
        report.write(PAGE, "people", tables, f"Python {platform.python_version()}", "make bench-people")


if __name__ == "__main__":
    main()
