"""What each page of the console costs on a large store: `python -m benchmarks.console_pages [--tickets 100000]`.

The store is made by `amends sync` from the server of `run`, tagged; `--home` keeps it in a folder, or measures one
that is there. Each page is asked for as an admin, in this process: CPU milliseconds, the best of three after a first,
and how long the page is. What `amends policy try` costs is `policy_try`'s.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text
from starlette.testclient import TestClient

from benchmarks import contenders, measure, run, server
from connector.commands.place import Place
from connector.console import entrance
from connector.console.app import application
from connector.console.house import House
from connector.roles import Rank
from connector.store import Transaction, access

ROUNDS = 3
# The tickets are of two years up to the end of October; what would be written for the last months is in shadow.
ACT_FROM = "2026-07-01T00:00:00Z"
WHO = "benchmark"
BASE = "http://127.0.0.1:8484"
PAGES = (
    ("Now", "/"),
    ("Now, its live part", "/live"),
    ("Complaints, the newest", "/complaints"),
    ("Complaints, what is due first", "/complaints?order=due"),
    ("Complaints of a category", "/complaints?category=delivery"),
    ("A number found", "/find?q={ticket}"),
    ("A part of a name found", "/find?q=user"),
    ("Complaint", "/complaints/{source}/{ticket}"),
    ("People", "/people"),
    ("People by a part of a name", "/people?q=user"),
    ("Person", "/people/{person}"),
    ("Trends", "/trends"),
    ("Corrections", "/corrections"),
    ("Report, twelve months", "/report"),
    ("Report, narrowed", "/report?where=category%3Ddelivery"),
    ("Report, complaints of a figure", "/report/cell?of=breached"),
    ("Outbox", "/outbox"),
    ("Quarantine", "/quarantine"),
    ("Sources", "/sources"),
    ("Mapping", "/mappings/{source}"),
    ("Policy", "/policy"),
    ("Register of conduct", "/conduct"),
    ("Audit", "/audit"),
    ("Access", "/users"),
)


class Cost(NamedTuple):
    title: str
    milliseconds: float
    first: float
    kilobytes: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tickets", type=int, default=100_000, help="how many are stored")
    options.add_argument("--home", type=Path, help="the folder of the store, made where there is none")
    chosen = options.parse_args()
    with contextlib.ExitStack() as stack:
        home = chosen.home or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "amends"
        if not (home / "amends.db").exists():
            fill(home, chosen.tickets)
        sys.stdout.write("| page | CPU ms | first time | KB |\n|---|--:|--:|--:|\n")
        for cost in costs(home):
            sys.stdout.write(f"| {cost.title} | {cost.milliseconds:.0f} | {cost.first:.0f} | {cost.kilobytes:,.0f} |\n")


def fill(home: Path, tickets: int) -> None:
    """A store of that many, as a first sync leaves it."""
    run.WORK.mkdir(parents=True, exist_ok=True)
    authority, _, _ = server.certificates(run.WORK / "certificates")
    with run.served(contenders.HELPDESK, tickets) as base:
        source = f"{contenders.SOURCE.replace('BASE', base)}    act_from: {ACT_FROM}\n"
        contenders.write_settings(home, source, tagging=True)
        command = [str(Path(sys.executable).parent / "amends"), "--home", str(home), "sync", "bench"]
        measure.run(command, measure.environment(authority, BENCH_TOKEN="benchmark"), home.parent)


def costs(home: Path) -> Iterator[Cost]:
    """Of each page, in order. Raises AssertionError for one that does not open."""
    now = datetime.now(UTC)
    house = House(Place(home, now=lambda: now, wall=lambda: now))
    try:
        client = TestClient(application(house), base_url=BASE)
        client.cookies.set("amends", admin(house, now))
        with house.store.read() as connection:
            names = some(connection)
        for title, path in PAGES:
            yield cost(client, title, path.format(**names))
    finally:
        house.close()


def admin(house: House, now: datetime) -> str:
    """The secret of a session."""
    with house.store.write("benchmark") as connection:
        user = access.user(connection, name=WHO)
        if user is None:
            access.add_user(connection, WHO, Rank.ADMIN.value, now)
            user = access.user(connection, name=WHO)
    assert user is not None
    return entrance.begin(house, user, "benchmark")


def some(connection: Transaction) -> dict[str, str]:
    """A complaint in the middle of the store, and its person."""
    found = connection.execute(
        text(
            "SELECT source.name, complaint.ticket, complaint.complainant_id FROM complaint JOIN source "
            "ON source.id = complaint.source_id ORDER BY complaint.id LIMIT 1 OFFSET "
            "(SELECT count(*) / 2 FROM complaint)"
        )
    ).one()
    return {"source": found[0], "ticket": found[1], "person": str(found[2])}


def cost(client: TestClient, title: str, path: str) -> Cost:
    spent = []
    for _ in range(ROUNDS + 1):
        began = time.process_time()
        answer = client.get(path)
        spent.append((time.process_time() - began) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
    return Cost(title, min(spent[1:]), spent[0], len(answer.content) / 1000)


if __name__ == "__main__":
    main()
