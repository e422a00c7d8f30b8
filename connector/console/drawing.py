"""What pages draw: a clock as a line of segments, and a text with its evidence marked. Pure; called by `rendering`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from connector.clocks.regulation import REGULATION
from connector.clocks.telling import ClockTold, clock_title, counted, joined
from connector.commands.trends import Row
from connector.display import clean
from connector.model import Segment, Tag
from connector.wording import instant

WIDTH = 1000


class Bar(msgspec.Struct, frozen=True):
    """A stretch of the line, in thousandths of its width; `kind` is worked, paused, finished or closed."""

    x: float
    width: float
    kind: str


class ClockView(msgspec.Struct, frozen=True):
    """A clock for a page. `due_x` is None where it was not due within the line; `rows` are (from, counted, why)."""

    title: str
    target: str
    calendar: str
    state: str
    due: str | None
    breached: str | None
    stopped: str | None
    words: str | None
    bars: tuple[Bar, ...]
    due_x: float | None
    rows: tuple[tuple[str, str, str], ...]


def clock_view(one: ClockTold) -> ClockView:
    """The clock, stretch by stretch, in the zone of its calendar."""
    clock, stretches = one.clock, joined(one.segments)

    ends_day = clock.kind.startswith(REGULATION)

    def told(at: datetime | None, *, ends_day: bool = False) -> str | None:
        return instant(at, one.zone, ends_day=ends_day) if at is not None else None

    return ClockView(
        title=clock_title(clock),
        target=clock.target,
        calendar=clock.calendar,
        state=clock.state.value,
        due=told(clock.due_at, ends_day=ends_day),
        breached=told(clock.breached_at, ends_day=ends_day),
        stopped=told(clock.stopped_at),
        words=one.words,
        bars=tuple(_bars(stretches)),
        due_x=_place(stretches, clock.due_at),
        rows=tuple((instant(each.start, one.zone), counted(each), clean(each.why)) for each in stretches),
    )


def _bars(stretches: list[Segment]) -> Iterable[Bar]:
    for each in stretches:
        start, end = _place(stretches, each.start), _place(stretches, each.end)
        if start is not None and end is not None:
            yield Bar(start, round(end - start, 1), _kind(each))


def _place(stretches: list[Segment], at: datetime | None) -> float | None:
    if at is None or not stretches:
        return None
    first, last = stretches[0].start, stretches[-1].end
    return round(WIDTH * ((at - first) / (last - first)), 1) if first <= at <= last and first < last else None


def _kind(segment: Segment) -> str:
    if segment.counted_seconds:
        return "worked"
    return next((word for word in ("paused", "finished") if segment.why.startswith(word)), "closed")


DAY, HIGH = 10, 60


def daily_bars(one: Row) -> str:
    """The last weeks of a trend as SVG, a bar a day; days since it began are of another colour."""
    most = max(one.daily, default=0)
    first = one.daily_until - timedelta(days=len(one.daily) - 1)
    bars = []
    for number, came in enumerate(one.daily):
        if came:
            kind = "late" if first + timedelta(days=number) >= one.started_on else "bar"
            height = round(HIGH * came / most, 1)
            place = f'x="{number * DAY}" y="{HIGH - height}" width="{DAY - 2}" height="{height}"'
            bars.append(f'<rect class="{kind}" {place}></rect>')
    words = f"{sum(one.daily)} complaints in {len(one.daily)} days up to {one.daily_until}, at most {most} on a day"
    view = f"0 0 {max(1, len(one.daily)) * DAY} {HIGH}"
    return (
        f'<svg class="line daily" viewBox="{view}" preserveAspectRatio="none" role="img" aria-label="{words}">'
        f"{''.join(bars)}</svg>"
    )


class Piece(msgspec.Struct, frozen=True):
    """A part of a text; `said` names the tags that it led to, as in "category delivery"."""

    text: str
    said: tuple[str, ...]


def highlighted(text: str, tags: Iterable[Tag], field: str = "text") -> list[Piece]:
    """`text` in pieces, cut where evidence begins or ends. Spans beyond the text are left out."""
    spans = [
        (max(0, one.start), min(len(text), one.end), f"{tag.facet} {tag.value}".replace("_", " "))
        for tag in tags
        for one in tag.evidence
        if one.field == field and one.start < min(len(text), one.end)
    ]
    cuts = sorted({0, len(text), *(start for start, _, _ in spans), *(end for _, end, _ in spans)})
    return [
        Piece(text[start:end], tuple(dict.fromkeys(said for first, last, said in spans if first <= start < last)))
        for start, end in pairwise(cuts)
    ]
