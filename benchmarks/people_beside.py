"""What splink makes of the same people, told in the words of ours. Called by `people` with --peers.

Splink gets what a careful user would hand it, so that it is measured and not the preparation: names in Latin letters
and in one order, phones in the form of E.164, streets spelt alike, no mailboxes of roles. `peer_splink` sets it up.
What it finds is judged at each threshold; of these the ones are shown at which it does best.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from benchmarks import contenders
from benchmarks.city import Record
from connector.people.identity import Identifying, e164, nobodys
from connector.people.japanese import in_characters
from connector.people.names import words

PEER = ("splink==5.0.0", "duckdb==2.0.1")
SCRIPT = Path(__file__).resolve().with_name("peer_splink.py")
AUTOMATIC = 0.999  # the precision that links nobody looks at have to have

Pair = tuple[int, int, float]  # two numbers of records, and the match weight


class Told(NamedTuple):
    """What a way to tell people apart says: how many pairs are one person, and how many of them are."""

    way: str
    pairs: int
    right: int
    of: int
    cpu_seconds: float

    @property
    def precision(self) -> float:
        return self.right / max(1, self.pairs)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.of)

    @property
    def both(self) -> float:
        return 2 * self.right / max(1, self.pairs + self.of)


def splink(records: Sequence[Record], rules: Identifying, work: Path, as_many: int) -> list[Told]:
    """Splink on these identities, one a record: its clusters at the precision of automatic links and where precision
    and recall are best together, and as many of its pairs as `as_many`, the likeliest first."""
    contenders.install("splink", PEER, work)
    given = json.dumps([_known(number, record, rules) for number, record in enumerate(records)])
    command = [str(contenders.python_of("splink", work / "run")), str(SCRIPT)]
    done = json.loads(subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True).stdout)
    truth = [record.person for record in records]
    of = sum(count * (count - 1) // 2 for count in Counter(truth).values())
    pairs: list[Pair] = sorted((tuple(pair) for pair in done["pairs"]), key=lambda pair: -pair[2])
    found = [
        (weight, Told("", inside, right, of, done["cpu_seconds"])) for weight, inside, right in clusters(pairs, truth)
    ]
    sure = [each for each in found if each[1].precision >= AUTOMATIC]
    ways = [
        (f"clusters, the most at a precision of {AUTOMATIC}", max(sure, key=lambda each: each[1].recall, default=None)),
        ("clusters, where F1 is best", max(found, key=lambda each: each[1].both, default=None)),
    ]
    some = pairs[:as_many]
    right = sum(truth[a] == truth[b] for a, b, _ in some)
    return [
        *(
            told._replace(way=f"splink: {way} (weight {weight:.1f})")
            for way, one in ways
            if one
            for weight, told in [one]
        ),
        Told("splink: as many likely pairs as ours", len(some), right, of, done["cpu_seconds"]),
    ]


def clusters(pairs: Iterable[Pair], truth: Sequence[int]) -> Iterator[tuple[float, int, int]]:
    """For each threshold from the highest weight down: it, the pairs within clusters, and the right ones of them."""
    parent = list(range(len(truth)))
    people = [Counter([person]) for person in truth]
    inside = right = 0

    def top(one: int) -> int:
        while parent[one] != one:
            parent[one] = one = parent[parent[one]]
        return one

    for weight, alike in groupby(pairs, key=lambda pair: pair[2]):
        for a, b, _ in alike:
            small, large = sorted((top(a), top(b)), key=lambda one: people[one].total())
            if small != large:
                inside += people[small].total() * people[large].total()
                right += sum(count * people[large][person] for person, count in people[small].items())
                people[large] += people[small]
                parent[small] = large
        yield weight, inside, right


def _known(number: int, record: Record, rules: Identifying) -> Mapping[str, object]:
    person = record.seen.person
    forename, surname = _names(person.name or "")
    mail = None if nobodys(person, rules) else person.address
    address = record.seen.place.replace("St.", "Street") if record.seen.place else None
    code = re.search(r", (\d+)", address or "")
    return {
        "unique_id": number,
        "forename": forename,
        "surname": surname,
        "whole": " ".join(sorted((forename, surname))),
        "mail": mail,
        "mailbox": mail and mail.partition("@")[0],
        "phone": person.phone and e164(person.phone, rules.country),
        "address": address,
        "postcode": code and code[1],
        "number": next(iter(record.seen.numbers), None),
    }


def _names(name: str) -> tuple[str, str]:
    if "," in name:
        name = " ".join(reversed(name.split(",")))
    first, *rest = words(name)
    return ("".join(rest), first) if in_characters(name) else (first, "".join(rest))


def table(rows: Sequence[Told]) -> str:
    lines = [
        "| Way | Pairs said to be one person | Right | Precision | Recall | F1 | CPU s |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.way} | {row.pairs:,} | {row.right:,} | {row.precision:.4f} | {row.recall:.3f} | {row.both:.3f} "
        f"| {row.cpu_seconds:,.0f} |"
        for row in rows
    ]
    return "\n".join([*lines, ""])
