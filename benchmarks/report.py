"""The tables of a measurement, and their place in docs/performance.md. Called by `run` and `mail`."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple


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


def write(path: Path, what: str, tables: Sequence[str], python: str, by: str = "make bench") -> None:
    """Put the tables of a measurement between its two marks in a document, or at its end."""
    begin, end = (f"<!-- {word}: make bench, {what} -->" for word in ("begin", "end"))
    when = datetime.now(UTC).date().isoformat()
    about = f"Measured {when} by `{by}`: {os.cpu_count()} cores, {platform.system()}, {python}.\n"
    block = "\n".join([begin, about, *tables, end]) + "\n"
    before, mark, rest = path.read_text().partition(begin)
    path.write_text(before + block + (rest.partition(end + "\n")[2] if mark else ""))
