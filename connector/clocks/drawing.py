"""A clock drawn as a line: which part of its life was worked, paused, or outside hours, and where it was due.

Pure. Called by `explain` for terminals; the page of a complaint draws the same stretches.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.clocks.explain import COUNTED_THEN
from connector.model import Segment

WORKED, PAUSED, CLOSED, FINISHED, THEN = "█", "▒", "·", " ", "▓"
DUE = "▼"
LEGEND = f"{WORKED} counted  {PAUSED} paused  {CLOSED} outside hours  {DUE} due"


def drawn(segments: Sequence[Segment], due_at: datetime | None, columns: int) -> tuple[str, str]:
    """(marks, line), both `columns` wide: a column stands for an equal part of the time, and shows what most of that
    part was; the marks show where it was due, if within. Two empty texts where the clock has no length."""
    if not segments or segments[0].start == segments[-1].end or columns < 1:
        return "", ""
    first, last = segments[0].start, segments[-1].end
    step = (last - first) / columns
    line = "".join(_most(segments, first + step * column, first + step * (column + 1)) for column in range(columns))
    if due_at is None or not first <= due_at <= last:
        return "", line
    return " " * min(columns - 1, int((due_at - first) / step)) + DUE, line


def _most(segments: Sequence[Segment], start: datetime, end: datetime) -> str:
    found: dict[str, float] = {}
    for one in segments:
        shared = (min(one.end, end) - max(one.start, start)).total_seconds()
        if shared > 0:
            sign = _sign(one)
            found[sign] = found.get(sign, 0.0) + shared
    return max(found, key=lambda sign: found[sign], default=CLOSED)


def _sign(segment: Segment) -> str:
    if segment.why == COUNTED_THEN:
        return THEN
    if segment.counted_seconds:
        return WORKED
    for word, sign in (("paused", PAUSED), ("finished", FINISHED)):
        if segment.why.startswith(word):
            return sign
    return CLOSED
