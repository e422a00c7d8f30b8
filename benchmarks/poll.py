"""What one poll costs in a running daemon that has nothing to read. `python -m benchmarks.poll`, on Linux.

`amends run` polls the server of `run` once a second, after a first sync; its processor time from one poll to a later
one is shared out among those between. Sweeps, pushes and the lease, which go on beside the polls, are in it.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import contenders, measure, report, run, server

WARM = 5


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tickets", type=int, default=10_000, help="how many are stored")
    options.add_argument("--polls", type=int, default=60, help="how many are measured, a second each")
    options.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    chosen = options.parse_args()
    run.WORK.mkdir(parents=True, exist_ok=True)
    authority, _, _ = server.certificates(run.WORK / "certificates")
    with run.served(contenders.HELPDESK, chosen.tickets) as base, tempfile.TemporaryDirectory(dir=run.WORK) as folder:
        home = Path(folder) / "amends"
        environment = measure.environment(authority, BENCH_TOKEN="benchmark")
        contenders.write_settings(home, f"{contenders.SOURCE.replace('BASE', base)}    poll: 1s\n", tagging=True)
        command = [str(Path(sys.executable).parent / "amends"), "--home", str(home)]
        measure.run([*command, "sync", "bench"], environment, Path(folder))
        with daemon([*command, "run"], environment) as process:
            requests, milliseconds = polled(process, base, authority, chosen.polls)
    shown = table(chosen.tickets, chosen.polls, requests, milliseconds)
    print(f"\n{shown}")
    if chosen.write:
        python = f"{platform.python_implementation()} {platform.python_version()}"
        by = "python -m benchmarks.poll"
        report.write(run.ROOT / "docs" / "performance.md", "poll", [shown], python, by)


@contextmanager
def daemon(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


def polled(process: subprocess.Popen[bytes], base: str, authority: Path, polls: int) -> tuple[int, float]:
    """(requests, milliseconds of processor time) a poll, over `polls` of them."""
    waited(process, base, authority, WARM)
    before = cpu_seconds(process.pid)
    seen = waited(process, base, authority, polls)
    return sum(seen.values()) // max(seen.values()), (cpu_seconds(process.pid) - before) / max(seen.values()) * 1000


def waited(process: subprocess.Popen[bytes], base: str, authority: Path, polls: int) -> dict[str, int]:
    """The requests by path of so many polls from now. Raises FailedError where the daemon ends before."""
    run.asked(base, authority)
    seen: dict[str, int] = {}
    while max(seen.values(), default=0) < polls:
        if process.poll() is not None:
            raise measure.FailedError(f"the daemon ended with {process.returncode}")
        time.sleep(0.2)
        for path, count in run.asked(base, authority).items():
            seen[path] = seen.get(path, 0) + count
    return seen


def cpu_seconds(pid: int) -> float:
    """User and system time of a process that runs, as the kernel counts it: in hundredths, on most machines."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table(tickets: int, polls: int, requests: int, milliseconds: float) -> str:
    head = "| stored | polls | requests a poll | CPU ms a poll |\n|--:|--:|--:|--:|\n"
    return f"{head}| {tickets:,} | {polls} | {requests} | {milliseconds:.1f} |\n"


if __name__ == "__main__":
    main()
