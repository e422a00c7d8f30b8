"""How long a report on a million complaints takes, and what keeping its figures costs a sync.

    python -m benchmarks.report_speed [--complaints 1000000]

Makes a store whose figures are those of that many complaints over three years and 300,000 surveys, runs `amends report`
on it as a user does (a process of its own, start and all), and prints wall and CPU seconds, the best of three.
"""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from connector.figures import FACETS, RESOLVED, YES, Figures
from connector.store import Store, figures
from connector.store.figures import A_BLOCK, Counted
from connector.store.migrate import HEAD

START = 1_672_531_200  # 2023-01-01
WORDS = {
    "product": [f"product {number}" for number in range(200)],
    "category": ["product", "delivery", "payment", "service", "account", "technical", "other"],
    "cause": ["carrier", "billing_error", "staff_conduct", "system_fault", "stock", "information", "process"],
    "channel": ["email", "web", "phone", "chat"],
    "language": ["en", "de", "pt", "ru", "sl", "zh", "fr", "es", "it", "nl", "pl", "ja"],
    "department": [f"team {number}" for number in range(12)],
    "severity": ["low", "medium", "high"],
}


def one(chance: random.Random) -> Figures:
    handled = int(chance.lognormvariate(9, 1.2))
    resolving = int(chance.lognormvariate(11.5, 1.3))
    opened = START + int(chance.random() * 3 * 365 * 86_400)
    return Figures(
        YES,
        opened,
        tuple(chance.choice(WORDS[facet]) for facet in FACETS),
        RESOLVED,
        handled,
        handled // 3,
        opened + handled + resolving,
        resolving,
        resolving // 3,
        breaches=int(chance.random() < 0.12),
        kept=int(chance.random() < 0.1),
        broken=int(chance.random() < 0.02),
        reopens=int(chance.random() < 0.07),
        handoffs=int(chance.expovariate(1)),
        cost_cents=int(chance.random() * 5000) if chance.random() < 0.2 else None,
        currency="EUR",
    )


def fill(file: Path, complaints: int) -> None:
    """Figures by the store's own way, surveys by plain SQL; complaints themselves are not read by a report."""
    chance = random.Random(7)
    store = Store(f"sqlite:///{file}").open()
    pool = [one(chance) for _ in range(50_000)]
    for begin in range(0, complaints, 50_000):
        with store.write("fill") as connection:
            counted = {
                begin + place + 1: Counted(1, chance.randrange(400_000), chance.choice(pool))
                for place in range(min(50_000, complaints - begin))
            }
            figures.keep(connection, counted)
    store.close()
    with sqlite3.connect(file) as plain:
        rows = [
            (1, str(number), "resolution#1", f"m{number}", number, 1, START * 1_000_000, START * 1_000_000 + number,
             START * 1_000_000 + number if number % 2 == 0 else None, chance.randint(1, 5), 5, chance.randint(0, 10))
            for number in range(1, complaints, 3)
        ]  # fmt: skip
        plain.execute("INSERT INTO source (id, name, adapter) VALUES (1, 'shop', 'zendesk')")
        plain.executemany(
            "INSERT INTO survey (source_id, ticket, episode, marker, complaint_id, person_id, asked_at, delivered_at, "
            "answered_at, csat, scale, nps) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            rows,
        )


def timed(home: Path, *words: str) -> tuple[float, float]:
    """(wall, CPU) seconds of one run, the best of three."""
    best = (9e9, 9e9)
    for _ in range(3):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [sys.executable, "-m", "cli", "--home", str(home), "report", *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = min(best, (wall, cpu), key=lambda pair: pair[1])
    return best


def keeping(file: Path, complaints: int) -> float:
    """CPU microseconds a complaint for keeping the figures of a page of a thousand new ones."""
    chance = random.Random(8)
    store = Store(f"sqlite:///{file}").open()
    pool = [one(chance) for _ in range(1000)]
    start = time.process_time()
    for page in range(20):
        begin = complaints + page * 1000 + A_BLOCK
        with store.write("page") as connection:
            figures.keep(connection, {begin + place: Counted(1, place + 1, pool[place]) for place in range(1000)})
    spent = time.process_time() - start
    store.close()
    return spent / 20_000 * 1e6


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--complaints", type=int, default=1_000_000)
    asked = reading.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "amends.yaml").write_text("sources: {}\n")
        fill(home / "amends.db", asked.complaints)
        size = (home / "amends.db").stat().st_size / 1e6
        print(f"{asked.complaints:,} complaints, store version {HEAD}, {size:,.0f} MB of figures and surveys")
        every = ("--from", "2023-01-01")
        for title, words in (
            ("text, three years, seven tables", every),
            ("html", (*every, "--format", "html")),
            ("xlsx", (*every, "--format", "xlsx")),
            ("one month", ("--period", "2025-03")),
            ("monthly pack, html", ("--pack", "2025-03", "--format", "html")),
            ("one cell traced", (*every, "--cell", "category=delivery/breached", "--most", "5")),
        ):
            wall, cpu = timed(home, *words)
            print(f"  {title:<34} {wall:6.2f} s   {cpu:6.2f} s of CPU")
        print(
            f"  keeping figures                    {keeping(home / 'amends.db', asked.complaints):6.1f} µs a complaint"
        )


if __name__ == "__main__":
    main()
