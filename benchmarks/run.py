"""Measure ourselves beside bare loops and other libraries, as ratios. `make bench`, or python -m benchmarks.run.

Every contender of a helpdesk reads the same tickets from the same loopback server, over TLS and gzip, in turn; each
figure is the median over the rounds, each ratio the median of the ratios within a round. Compare ratios, never seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import contenders, jira_contenders, measure, report, server, where
from benchmarks.contenders import Contender, Helpdesk

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "bench"
HELPDESKS = {one.name: one for one in (contenders.HELPDESK, jira_contenders.HELPDESK)}


class Sample(NamedTuple):
    """One measured step: what it cost, and how many requests it made."""

    cost: measure.Cost
    requests: int


Key = tuple[str, str]  # contender, step
Samples = dict[Key, list[Sample]]


@contextmanager
def served(helpdesk: Helpdesk, tickets: int) -> Iterator[str]:
    """The address of a server with that many tickets, for as long as the block lasts."""
    command = [sys.executable, "-m", "benchmarks.server", str(WORK / "certificates")]
    command += ["--tickets", str(tickets), "--helpdesk", helpdesk.name]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def asked(base: str, authority: Path) -> dict[str, int]:
    """Requests by path since the last call."""
    request = urllib.request.Request(f"{base}/_seen")
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=authority)) as response:
        found: dict[str, int] = json.load(response)
        return found


def once(contender: Contender, base: str, authority: Path, tickets: int) -> Iterator[tuple[Key, Sample]]:
    """Run all steps of one contender in a fresh folder."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=WORK))
    port = base.rsplit(":", 1)[-1]
    environment = measure.environment(authority, BENCH_PORT=port, BENCH_TOKEN="benchmark", **contender.environment)
    for step in contender.steps(base, folder):
        asked(base, authority)
        cost = measure.run(step.command, environment, folder)
        if step.counted and (counted := step.counted(cost.output)) != tickets:
            raise measure.FailedError(f"{contender.name}, {step.title}: {counted} tickets, not {tickets}")
        if step.measured:
            yield (contender.name, step.title), Sample(cost, sum(asked(base, authority).values()))
    shutil.rmtree(folder)


def measured(helpdesk: Helpdesk, chosen: list[Contender], tickets: int, rounds: int) -> Samples:
    """All samples, in order of the rounds. A contender that fails is reported and left out."""
    samples: Samples = defaultdict(list)
    authority, _, _ = server.certificates(WORK / "certificates")
    failed = set()
    with served(helpdesk, tickets) as base:
        list(once(chosen[0], base, authority, tickets))  # has the server render its pages
        for contender in chosen * rounds:
            if contender.name in failed:
                continue
            try:
                for key, sample in once(contender, base, authority, tickets):
                    samples[key].append(sample)
            except measure.FailedError as error:
                failed.add(contender.name)
                print(f"left out: {error}", file=sys.stderr)
    return samples


def where_time_goes(helpdesk: Helpdesk, tickets: int) -> str:
    """Our own first run under a profiler."""
    authority, _, _ = server.certificates(WORK / "certificates")
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=WORK))
    with served(helpdesk, tickets) as base:
        first, *_ = helpdesk.ours(base, folder)
        arguments = [str(part) for part in first.command[1:]]
        profiled = [sys.executable, *where.command(arguments, folder / "profile")]
        measure.run(profiled, measure.environment(authority, BENCH_TOKEN="benchmark"), folder)
    return where.told(folder / "profile", ROOT)


def lines(samples: Samples, raw: str, tickets: int) -> list[report.Line]:
    """One line for each step of each contender; ratios are to the contender `raw`."""
    base = [sample.cost.cpu_seconds for sample in samples[raw, "first run"]]
    made = []
    for (name, step), found in samples.items():
        cpu = [sample.cost.cpu_seconds for sample in found]
        made.append(
            report.Line(
                name=name,
                step=step,
                cpu_seconds=median(cpu),
                us_a_ticket=median(cpu) / tickets * 1e6,
                ratio=median(one / other for one, other in zip(cpu, base, strict=False)),
                peak_mb=max(sample.cost.peak_mb for sample in found),
                requests=max(sample.requests for sample in found),
            )
        )
    return made


def selected(helpdesk: Helpdesk, peers: list[str], words: list[str]) -> list[Contender]:
    """The bare loop, and who has one of `words` in its name (no words: everybody); peers only where asked for."""
    here = [one for one in helpdesk.contenders if one.needs is None or one.needs in peers]
    return [one for one in here if not words or one.name == helpdesk.raw or any(word in one.name for word in words)]


def options_of() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--helpdesk", choices=HELPDESKS, help="only this one")
    parser.add_argument("--tickets", default="10000", help="how many, or several sizes: 10000,100000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--peers", default="", metavar="NAMES", help=f"also these: {','.join(known_peers(HELPDESKS.values()))}"
    )
    parser.add_argument(
        "--only", default="", metavar="WORDS", help="contenders whose name has one of these words, and the bare loop"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--at-most", type=float, metavar="RATIO", help="fail where our first run costs more bare loops")
    parser.add_argument("--where", action="store_true", help="instead: where our own time goes, by room and library")
    return parser


def compared(helpdesk: Helpdesk, chosen: list[Contender], tickets: int, rounds: int) -> tuple[str, float]:
    """The table of one size, and how many bare loops our first run costs (0.0 where it was not measured)."""
    found = lines(measured(helpdesk, chosen, tickets, rounds), helpdesk.raw, tickets)
    ours = [line.ratio for line in found if (line.name, line.step) == (contenders.OURS, "first run")]
    table = report.table(found, tickets, rounds)
    print("\n" + table, flush=True)
    return table, max(ours, default=0.0)


def known_peers(helpdesks: Iterable[Helpdesk]) -> dict[str, tuple[str, ...]]:
    return {name: needed for one in helpdesks for name, needed in one.peers.items()}


def prepared(helpdesks: list[Helpdesk], peers: list[str]) -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    for left_over in WORK.glob("run-*"):
        shutil.rmtree(left_over)
    if odd := set(peers) - set(known_peers(HELPDESKS.values())):
        sys.exit(f"--peers: there is no {', '.join(sorted(odd))}; --help names those there are.")
    for peer, requirements in known_peers(helpdesks).items():
        if peer in peers:
            contenders.install(peer, requirements, WORK)


def results_of(helpdesk: Helpdesk, options: argparse.Namespace, peers: list[str]) -> list[float]:
    """Measure one helpdesk in all sizes: how many bare loops our first run costs in each."""
    chosen = selected(helpdesk, peers, [word for word in options.only.split(",") if word])
    results = [compared(helpdesk, chosen, int(size), options.rounds) for size in options.tickets.split(",")]
    if options.write:
        python = f"{platform.python_implementation()} {platform.python_version()}"
        report.write(ROOT / "docs" / "performance.md", helpdesk.name, [table for table, _ in results], python)
    return [ratio for _, ratio in results]


def main() -> None:
    options = options_of().parse_args()
    helpdesks = [one for name, one in HELPDESKS.items() if options.helpdesk in (None, name)]
    peers = [name for name in options.peers.split(",") if name]
    prepared(helpdesks, peers)
    if options.where:
        for helpdesk in helpdesks:
            print(f"{helpdesk.name}\n{where_time_goes(helpdesk, int(options.tickets.split(',')[0]))}")
        return
    if (load := os.getloadavg()[0]) > 0.7:
        print(f"The machine is busy (load {load:.1f}): trust the ratios only roughly.", file=sys.stderr)
    ratios = [ratio for helpdesk in helpdesks for ratio in results_of(helpdesk, options, peers)]
    if options.at_most is not None and not (min(ratios) > 0 and max(ratios) <= options.at_most):
        sys.exit(f"Our first run costs {max(ratios):.2f} bare loops; at most {options.at_most} are allowed.")


if __name__ == "__main__":
    main()
