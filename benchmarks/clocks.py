"""Working time beside other ways to reckon it, and what a sweep over many open complaints costs. `make bench-clocks`.

Spans are of a year, in London, nine to five on five days, with the bank holidays of the country. The minute loop looks
at the wall clock every minute, as many do. A sweep is measured over a real store: all complaints open, a hundredth of
them due for a look, the others found by nobody because each deadline is stored. CPU seconds in one run: compare ratios.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from adapters.memory import Adapter, DeskSettings
from benchmarks import contenders, report
from connector.assessment.deciding import assess
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood, tagged
from connector.assessment.untagged import normalised
from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Week, Window
from connector.clocks.public_holidays import PublicHolidays
from connector.commands.collector import spare_the_collector
from connector.desks import rules_of
from connector.helpdesk import Helpdesk
from connector.mapping import words
from connector.model import Entry, EntryKind, Role, Visibility
from connector.settings import Settings, load
from connector.store import Store, revisions, sources
from connector.store.complaints import Assessed, Doc
from connector.store.revisions import Saving, packed
from connector.sync.sweep import sweep
from connector.testing.backend import plain_tools

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "bench"
PEER = ("businesstimedelta==1.0.1", "pytz", "holidays")
LONDON = ZoneInfo("Europe/London")
OFFICE: Week = ((Window(9 * 3600, 17 * 3600),),) * 5 + ((),) * 2
ENGLAND = PublicHolidays("GB", "ENG")
YEAR = timedelta(days=365)
BATCH = 500
Span = tuple[datetime, datetime]


class Row(NamedTuple):
    """Who reckoned, what one span or complaint costs in µs of CPU, and how often ours that is."""

    who: str
    us: float
    ratio: float


# -- spans -----------------------------------------------------------------------------------------------------------


def spans_of(count: int, seed: int) -> list[Span]:
    chance, first = random.Random(seed), datetime(2024, 1, 1, tzinfo=UTC)
    starts = [first + timedelta(seconds=chance.randrange(2 * 31_536_000)) for _ in range(count)]
    return [(start, start + YEAR) for start in starts]


def cost(work: Callable[[Span], object], spans: Sequence[Span]) -> float:
    """µs of CPU a span."""
    began = time.process_time()
    for span in spans:
        work(span)
    return (time.process_time() - began) / len(spans) * 1e6


def minute_loop(span: Span) -> int:
    """What is easily written, and slow."""
    here, end, worked, holidays = *span, 0, ENGLAND.names(2024, 2028)
    while here < end:
        wall = here.astimezone(LONDON)
        worked += 60 * (wall.weekday() < 5 and 9 <= wall.hour < 17 and wall.date() not in holidays)
        here += timedelta(minutes=1)
    return worked


def peer(spans: Sequence[Span]) -> float:
    contenders.install("businesstimedelta", PEER, WORK)
    days = [day.isoformat() for day in ENGLAND.names(2024, 2028)]
    given = json.dumps({"holidays": days, "spans": [[one.isoformat() for one in span] for span in spans]})
    python, script = contenders.python_of("businesstimedelta", WORK / "run"), ROOT / "benchmarks"
    command = [str(python), str(script / "peer_businesstimedelta.py")]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["cpu_seconds"]) / len(spans) * 1e6


def span_rows(*, with_peer: bool) -> list[Row]:
    hours = Hours(Calendar("office", "Europe/London", OFFICE, public=(ENGLAND,)))
    hours.working_seconds(date_at(2023), date_at(2028))  # the table is laid out once, as in a daemon's life
    spans = spans_of(20_000, seed=1)
    ours = cost(lambda span: hours.working_seconds(*span), spans)
    seconds = hours.working_seconds(*spans[0])
    adding = cost(lambda span: hours.add_working_seconds(span[0], seconds), spans)
    rows = [Row("ours: time worked in a year", ours, 1.0), Row("ours: due after a year's work", adding, adding / ours)]
    if with_peer:
        theirs = peer(spans[:50])
        rows.append(Row("businesstimedelta 1.0.1", theirs, theirs / ours))
    loop = cost(minute_loop, spans[:2])
    return [*rows, Row("a loop over minutes", loop, loop / ours)]


def date_at(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


# -- sweeps ----------------------------------------------------------------------------------------------------------


class Swept(NamedTuple):
    """A sweep over a store of that many open complaints: CPU seconds, and how many were due for a look."""

    complaints: int
    due: int
    cpu_seconds: float


def swept(count: int, due_every: int) -> Swept:
    folder = WORK / "clocks"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "amends.yaml").write_text("tag: false\nsources: {shop: {adapter: memory, options: {desk: benchmark}}}\n")
    settings = load(folder)
    rules = rules_of(settings)
    now = datetime(2026, 6, 3, 12, tzinfo=UTC)
    store = Store(f"sqlite:///{folder / 'amends.db'}").open()
    try:
        store.take_lease("benchmark", now)
        desk = _desk(store, settings, now)
        due = _filled(store, desk, rules, count, now, due_every)
        began = time.process_time()
        done = sweep([desk], store, rules, now=lambda: now)
        spent = time.process_time() - began
        assert done.looked == due, f"{done.looked} looked at, {due} were due"
    finally:
        store.close()
    shutil.rmtree(folder)
    return Swept(count, due, spent)


def _desk(store: Store, settings: Settings, now: datetime) -> Helpdesk:
    source = settings.sources["shop"]
    adapter = Adapter(source.name, DeskSettings("benchmark"), plain_tools(lambda: now, {}))
    with store.write("benchmark: enlist") as connection:
        row = sources.enlist(connection, source.name, source.adapter)
    return Helpdesk(
        id=row.id,
        name=source.name,
        adapter=adapter,
        streams=source.streams,
        mapping=source.mapping,
        words=words(source.mapping),
        modes=source.modes,
        rules_digest=source.rules_digest,
        actor=None,
        act_from=now - timedelta(days=1),
    )


def _filled(store: Store, desk: Helpdesk, rules: Rules, count: int, now: datetime, due_every: int) -> int:
    """Put that many open complaints into the store, as sweeps have left them but for every so-manieth, which is due."""
    due = 0
    for first in range(0, count, BATCH):
        rows = []
        for number in range(first, min(first + BATCH, count)):
            this = _complaint(number, desk, now)
            found = assess(this, (), rules, desk.mapping, salt="x", act_from=desk.act_from, now=now)
            is_due = number % due_every == 0
            due += is_due
            look_at = now if is_due else max(found.look_again_at or now, now + timedelta(seconds=1))
            doc = Doc(this.complaint, this.entries, this.tags)
            rows.append(packed(Saving(doc, Assessed(found.clocks, found.flags), None, look_at), rules.people))
        with store.write("benchmark: fill") as connection:
            revisions.save(connection, desk.id, rows, {}, rules.people, now)
    return due


def _complaint(number: int, desk: Helpdesk, now: datetime) -> Understood:
    """An open complaint that came within the last day, answered or not."""
    came = now - timedelta(seconds=number * 7919 % 86_400)
    name = f"{number:07d}"
    entries = [Entry("1", EntryKind.RECEIVED, came, came, Role.CUSTOMER, name, Visibility.PUBLIC, "Late again")]
    if number % 3 == 0:
        replied = came + timedelta(minutes=10)
        entries.append(Entry("2", EntryKind.STAFF_REPLY, replied, replied, Role.STAFF, "7", Visibility.PUBLIC, "Sorry"))
    fields = {"subject": "Late", "text": "Late again", "status": "open", "requester": {"id": name}, "opened_at": came}
    found = normalised(desk.name, name, 1, fields, tuple(entries), mapping=desk.mapping, words=desk.words)
    return tagged([found], None)[0]


# -- telling ---------------------------------------------------------------------------------------------------------


def span_table(rows: Sequence[Row]) -> str:
    head = "### Spans of a year, with holidays\n\n| who | µs a span | × ours |\n|---|--:|--:|\n"
    return head + "".join(f"| {row.who} | {row.us:,.1f} | {row.ratio:,.1f} |\n" for row in rows)


def sweep_table(rows: Sequence[Swept]) -> str:
    head = "### Sweeps\n\n| open complaints | due for a look | CPU s | µs a look |\n|--:|--:|--:|--:|\n"
    return head + "".join(
        f"| {row.complaints:,} | {row.due:,} | {row.cpu_seconds:.2f} | {row.cpu_seconds / row.due * 1e6:.0f} |\n"
        for row in rows
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--complaints", default="10000,100000", help="sizes of stores to sweep: 100000,1000000")
    options.add_argument("--peers", action="store_true", help="also businesstimedelta, in an environment of its own")
    options.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    chosen = options.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    spare_the_collector()  # as whatever sweeps does
    tables = [span_table(span_rows(with_peer=chosen.peers))]
    sys.stdout.write(f"\n{tables[0]}\n")
    sweeps = [swept(int(size), every) for size in chosen.complaints.split(",") for every in (100, 1)]
    tables.append(sweep_table(sweeps))
    sys.stdout.write(f"{tables[1]}\n")
    if chosen.write:
        python = f"{platform.python_implementation()} {platform.python_version()}"
        report.write(ROOT / "docs" / "performance.md", "clocks", tables, python, by="make bench-clocks")


if __name__ == "__main__":
    main()
