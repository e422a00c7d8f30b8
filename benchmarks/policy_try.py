"""What trying a policy costs a complaint: `python -m benchmarks.policy_try [--complaints 10000]`.

A store of complaints of the last 90 days, tagged, with the life that they have in a helpdesk: half of them answered and
resolved, some reopened, some overdue, each person with two of them. Tried is the policy that ships, and one with a
ladder to two people; both over the last 30 days. CPU seconds in one run: compare before and after on one machine.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from connector.assessment.deciding import assess
from connector.assessment.rules import Rules
from connector.assessment.understood import tagged
from connector.assessment.untagged import normalised
from connector.commands.place import Place
from connector.commands.policy_try import attempt
from connector.desks import rules_of
from connector.mapping import words
from connector.model import Entry, EntryKind, Role, Tag, Visibility
from connector.settings import load
from connector.settings.sources import SourceSettings
from connector.store import Store, revisions, sources
from connector.store.complaints import Assessed, Doc
from connector.store.revisions import Saving, packed

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
LONGEST_AGO = timedelta(days=90)
BATCH = 500
SETTINGS = "tag: false\nsources: {shop: {adapter: memory, options: {desk: benchmark}}}\n"
CONTACTS = """\
contacts:
  ana: {role: lead, name: Ana, reach: ["env:TELL"], calendar: support, deputy: rui}
  rui: {role: manager, name: Rui, reach: ["env:TELL"]}
"""
LADDERS = """\
ladders:
  usual: {steps: [{tell: [lead]}, {after: 2h, tell: [manager]}], again: 1h, most: 5}
stages: {closed: [manager]}
"""
CATEGORIES = ("delivery", "product", "payment", "service", "account", "technical", "other")


def entries_of(number: int, chance: random.Random) -> tuple[Entry, ...]:
    """A life: received, taken by somebody, talked about, and mostly resolved."""
    came = NOW - timedelta(seconds=int(chance.random() * LONGEST_AGO.total_seconds()))
    found = [Entry("0", EntryKind.RECEIVED, came, came, Role.CUSTOMER, f"c{number}", Visibility.PUBLIC, _text(number))]
    at = came

    def then(kind: EntryKind, role: Role, hours: float, text: str | None = None, value: str | None = None) -> None:
        nonlocal at
        at += timedelta(seconds=60 + int(chance.expovariate(1 / hours) * 3600))
        if at < NOW:
            found.append(Entry(str(len(found)), kind, at, at, role, "7", Visibility.PUBLIC, text, value))

    if chance.random() < 0.7:
        then(EntryKind.OWNER, Role.STAFF, 2, value=f"agent {chance.randrange(9)}")
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        then(EntryKind.STAFF_REPLY, Role.STAFF, 6, text="We look into it.")
        then(EntryKind.CUSTOMER_MESSAGE, Role.CUSTOMER, 12, text="And when will it come?")
    if chance.random() < 0.75:
        then(EntryKind.STATUS, Role.STAFF, 24, value="solved")
        if chance.random() < 0.15:
            then(EntryKind.CUSTOMER_MESSAGE, Role.CUSTOMER, 24, text="It is broken again.")
            then(EntryKind.STATUS, Role.STAFF, 1, value="open")
            then(EntryKind.STATUS, Role.STAFF, 24, value="solved")
    return tuple(found)


def _text(number: int) -> str:
    return f"My order {number} is late, nobody answers, and I want my money back."


def saving(number: int, source: SourceSettings, rules: Rules, chance: random.Random) -> Saving:
    entries, name = entries_of(number, chance), f"{number:07d}"
    fields = {
        "subject": "Late", "text": _text(number), "status": "open", "opened_at": entries[0].occurred_at,
        "updated_at": entries[-1].occurred_at, "requester": {"id": str(number // 2), "verified": True},
    }  # fmt: skip
    read = normalised(source.name, name, 1, fields, entries, mapping=source.mapping, words=words(source.mapping))
    this = tagged([read], None)[0]
    tags = [Tag("complaint", "yes", 1.0, "test"), Tag("category", chance.choice(CATEGORIES), 0.9, "test")]
    tags += [Tag("root_cause", "carrier", 0.8, "test")] if chance.random() < 0.5 else []
    tags += [Tag("emergency", "safety", 0.8, "test")] if chance.random() < 0.01 else []
    this = replace(this, tags=tuple(tags))
    found = assess(this, (), rules, source.mapping, salt="x", act_from=NOW, now=NOW)
    doc = Doc(this.complaint, this.entries, this.tags)
    resolved = this.folded.history.resolutions
    look_at = found.look_again_at
    return Saving(doc, Assessed(found.clocks, found.flags), resolved[-1] if resolved else None, look_at)


def fill(home: Path, count: int) -> None:
    settings = load(home)
    rules, source, chance = rules_of(settings), settings.sources["shop"], random.Random(7)
    store = Store(f"sqlite:///{home / 'amends.db'}").open()
    with store.write("benchmark: enlist") as connection:
        row = sources.enlist(connection, source.name, source.adapter)
    for first in range(0, count, BATCH):
        some = range(first, min(first + BATCH, count))
        rows = [packed(saving(number, source, rules, chance), rules.people) for number in some]
        with store.write("benchmark: fill") as connection:
            revisions.save(connection, row.id, rows, {}, rules.people, NOW)
    store.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--complaints", type=int, default=10_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "amends.yaml").write_text(SETTINGS)
        fill(home, chosen.complaints)
        for title, climbs in (("the policy that ships", False), ("with a ladder to two people", True)):
            if climbs:
                _with_ladder(home)
            place = Place(home, now=lambda: NOW, wall=lambda: NOW)
            began = time.process_time()
            tried = attempt(place, days=30, draft=None, most=0)
            spent = time.process_time() - began
            writes = sum(one.writes for one in tried.sums)
            sys.stdout.write(
                f"{title}: {tried.complaints:,} complaints, {writes:,} writes, {spent:.2f} s of CPU, "
                f"{spent / max(tried.complaints, 1) * 1e6:,.0f} µs each\n"
            )


def _with_ladder(home: Path) -> None:
    import mappings

    (home / "contacts.yaml").write_text(CONTACTS)
    shipped = Path(mappings.__file__).with_name("policy.yaml").read_text(encoding="utf-8")
    told = shipped.replace("on: overdue\n", "on: overdue\n    ladder: usual\n")
    (home / "policy.yaml").write_text(f"{told}\n{LADDERS}")


if __name__ == "__main__":
    main()
