"""The tables of a measurement, and their place in docs/performance.md. Called by `run`."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

BEGIN, END = "<!-- begin: make bench -->", "<!-- end: make bench -->"
INTRODUCTION = """# Performance

Everybody in a table reads the same synthetic tickets from the same loopback server, over TLS and gzip, in turn. CPU is
user and system time of the whole process, start-up included; ratios are to a bare loop over the same URLs, measured in
the same run. Ours does the whole work: read, understand, classify, time, store durably. The others only read.
`make bench` repeats it; [benchmarks/](../benchmarks/README.md) says how.

"""


class Line(NamedTuple):
    """One step of one contender: medians over the rounds; peak memory and requests are the highest seen."""

    name: str
    step: str
    cpu_seconds: float
    us_a_ticket: float
    ratio: float
    peak_mb: float
    requests: int


def table(lines: Sequence[Line], tickets: int, rounds: int) -> str:
    """A Markdown table."""
    head = f"### {tickets:,} tickets (medians of {rounds})\n\n"
    head += (
        "| client | what | CPU s | µs a ticket | × bare loop | peak MB | requests |\n|---|---|--:|--:|--:|--:|--:|\n"
    )
    return head + "".join(
        f"| {line.name} | {line.step} | {line.cpu_seconds:.2f} | {line.us_a_ticket:.0f} | {line.ratio:.2f} "
        f"| {line.peak_mb:.0f} | {line.requests} |\n"
        for line in lines
    )


def write(path: Path, tables: Sequence[str], python: str) -> None:
    """Put the tables between the two marks of a document, or at its end."""
    when = datetime.now(UTC).date().isoformat()
    about = f"Measured {when} by `make bench`: {os.cpu_count()} cores, {platform.system()}, {python}.\n"
    block = "\n".join([BEGIN, about, *tables, END]) + "\n"
    text = path.read_text() if path.exists() else INTRODUCTION
    before, mark, rest = text.partition(BEGIN)
    path.write_text(before + block + (rest.partition(END + "\n")[2] if mark else ""))
