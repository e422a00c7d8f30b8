"""The monthly review by management, in the order of ISO 10002:2018, clause 8: what came in and why, what was done about
causes and whether it helped, how fast, how customers saw it, and what has to be decided. Pure.

Each part compares the month with the one before and with the twelve before it. It names no customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from connector.display import clean
from connector.report.columns import cost, score
from connector.report.counting import UNKNOWN, Group, Report
from connector.report.lengths import Lengths
from connector.wording import duration

MUCH = 5.0  # points of a percentage that make a change worth a sentence
MOST_CAUSES = 8
OLD_DAYS = 30


class Action(msgspec.Struct, frozen=True):
    """A ticket opened to remove a cause: where, by which rule, since when, and when it was resolved."""

    key: str
    rule: str
    opened_at: datetime
    resolved_at: datetime | None
    complaint: str


class Part(msgspec.Struct, frozen=True):
    """A section: sentences, and a table under them."""

    title: str
    lines: tuple[str, ...]
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class Pack(msgspec.Struct, frozen=True):
    title: str
    parts: tuple[Part, ...]


def pack(month: Report, before: Report, year: Report, actions: Sequence[Action]) -> Pack:
    """The review of `month`; `before` is the month before it, `year` the twelve before it."""
    return Pack(
        f"Complaints: review of {month.period.title}",
        (
            _decide(month, before, actions),
            _volume(month, before, year),
            _causes(month, before),
            _actions(month, actions),
            _times(month, before),
            _promises(month, before),
            _voice(month, before),
        ),
    )


def _volume(month: Report, before: Report, year: Report) -> Part:
    now, was = month.total, before.total
    usual = year.total.received / 12
    lines = (
        f"{now.received:,} complaints came in; {was.received:,} in the month before, {usual:,.0f} in a usual month.",
        f"{now.resolved:,} were resolved. {now.unsure:,} tickets still wait for a word on whether they are complaints.",
    )
    rows = [
        _compared(month, before, dimension)
        for dimension in ("product", "category", "channel", "language", "department")
    ]
    found = [row for part in rows for row in part]
    return Part("1. Volume", lines, ("", "received", "before", "share"), tuple(found))


def _compared(month: Report, before: Report, dimension: str, most: int = 5) -> list[tuple[str, ...]]:
    was = {group.name: group.received for group in _groups(before, dimension)}
    return [
        (
            f"{dimension}: {clean(group.name)}",
            f"{group.received:,}",
            f"{was.get(group.name, 0):,}",
            _percent(group.share),
        )
        for group in _groups(month, dimension)[:most]
    ]


def _causes(month: Report, before: Report) -> Part:
    known = [group for group in _groups(month, "cause") if group.name != UNKNOWN]
    named = sum(group.received for group in known)
    share = 100 * named / month.total.received if month.total.received else 0.0
    lines = (f"A root cause is known of {named:,} complaints ({share:.0f} %).",)
    rows = _compared(month, before, "cause", MOST_CAUSES)
    return Part("2. Causes", lines, ("", "received", "before", "share"), tuple(rows))


def _actions(month: Report, actions: Sequence[Action]) -> Part:
    opened, closed = _opened(month, actions), _closed(month, actions)
    open_now = [one for one in actions if one.resolved_at is None]
    lines = (
        f"{len(opened):,} tickets were opened so that a cause is removed, {len(closed):,} were resolved; "
        f"{len(open_now):,} are open.",
    )
    rows = [
        (one.key, one.rule, f"{one.opened_at:%Y-%m-%d}", f"{one.resolved_at:%Y-%m-%d}" if one.resolved_at else "open")
        for one in [*closed, *open_now][:20]
    ]
    return Part("3. Corrective actions", lines, ("ticket", "rule", "opened", "resolved"), tuple(rows))


def _times(month: Report, before: Report) -> Part:
    now, was = month.total, before.total
    rows = [
        _length("receipt to handling, by the calendar", now.handling, was.handling),
        _length("receipt to handling, working time", now.handling_working, was.handling_working),
        _length("handling to resolution, by the calendar", now.resolving, was.resolving),
        _length("handling to resolution, working time", now.resolving_working, was.resolving_working),
    ]
    line = f"{now.breached:,} complaints missed a deadline ({_percent(now.breached_share)}; before: "
    line += f"{_percent(was.breached_share)})."
    head = ("", "cases", "mean", "median", "9 of 10 within", "median before")
    return Part("4. Timeliness", (line,), head, tuple(rows))


def _length(title: str, now: Lengths, was: Lengths) -> tuple[str, ...]:
    told = [_duration(value) for value in (now.mean, now.median, now.p90, was.median)]
    return (title, f"{now.n:,}", *told)


def _promises(month: Report, before: Report) -> Part:
    now, was = month.total, before.total
    lines = (
        f"Promises to customers: {now.kept:,} kept, {now.broken:,} broken ({_percent(now.kept_share)} kept; before: "
        f"{_percent(was.kept_share)}).",
        f"{now.repeat:,} complaints were of customers who had to come back ({_percent(now.repeat_share)}), "
        f"{now.reopened:,} were reopened ({_percent(now.reopened_share)}), {now.handed_over:,} changed hands "
        f"({now.handoffs:,} times in all).",
        f"Remedies cost {cost(now) or 'nothing that is known'}.",
    )
    return Part("5. Promises, repeats, remedies", lines)


def _voice(month: Report, before: Report) -> Part:
    rows = [
        (title, score(getattr(month.total, name), unit), score(getattr(before.total, name), unit))
        for title, name, unit in (
            ("satisfied with the handling (CSAT)", "csat", " %"),
            ("easy (CES)", "ces", " %"),
            ("would recommend (NPS)", "nps", ""),
            ("solved, as they say", "solved", " %"),
        )
    ]
    line = f"{month.total.asked:,} surveys arrived, {month.total.answered:,} answers came "
    line += f"({_percent(month.total.response_rate)})."
    return Part("6. Satisfaction with the handling", (line,), ("", "this month", "before"), tuple(rows))


def _decide(month: Report, before: Report, actions: Sequence[Action]) -> Part:
    lines = tuple(_worth_a_word(month, before, actions))
    return Part("For decision", lines or ("Nothing stands out against the month before.",))


def _worth_a_word(month: Report, before: Report, actions: Sequence[Action]) -> Iterator[str]:
    now, was = month.total, before.total
    for what, value, old in (
        ("complaints with a missed deadline", now.breached_share, was.breached_share),
        ("customers who had to come back", now.repeat_share, was.repeat_share),
        ("reopened complaints", now.reopened_share, was.reopened_share),
    ):
        if value is not None and old is not None and value - old >= MUCH:
            yield f"The share of {what} rose from {old:.1f} % to {value:.1f} %: find out why."
    if now.kept_share is not None and was.kept_share is not None and was.kept_share - now.kept_share >= MUCH:
        yield f"Fewer promises were kept: {now.kept_share:.1f} % after {was.kept_share:.1f} %."
    if now.csat.high is not None and was.csat.low is not None and now.csat.high < was.csat.low:
        yield "Satisfaction fell by more than chance explains."
    yield from _risen(month, before)
    if month.period.until is not None:
        until = month.period.until
        old_ones = [one.key for one in actions if one.resolved_at is None and (until - one.opened_at).days >= OLD_DAYS]
        if old_ones:
            more = "" if len(old_ones) <= 5 else f" and {len(old_ones) - 5} more"
            yield f"Open for more than {OLD_DAYS} days: {', '.join(old_ones[:5])}{more}. Give each an owner and a day."


def _risen(month: Report, before: Report) -> Iterator[str]:
    """Causes and categories that doubled, and are no handful."""
    for dimension in ("cause", "category"):
        was = {group.name: group.received for group in _groups(before, dimension)}
        for group in _groups(month, dimension):
            old = was.get(group.name, 0)
            if group.received >= 10 and group.received >= 2 * max(1, old):
                yield f"{dimension} {clean(group.name)}: {group.received:,} after {old:,}. Is a correction under way?"


def _opened(month: Report, actions: Iterable[Action]) -> list[Action]:
    return [one for one in actions if _within(month, one.opened_at)]


def _closed(month: Report, actions: Iterable[Action]) -> list[Action]:
    return [one for one in actions if one.resolved_at is not None and _within(month, one.resolved_at)]


def _within(month: Report, at: datetime) -> bool:
    since, until = month.period.since, month.period.until
    return (since is None or at >= since) and (until is None or at < until)


def _groups(told: Report, dimension: str) -> tuple[Group, ...]:
    return next((table.groups for table in told.tables if table.dimension == dimension), ())


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} %"


def _duration(value: float | None) -> str:
    return "-" if value is None else duration(int(value))


def lines(told: Pack, columns: int) -> list[str]:
    """The pack as text."""
    from connector.display import table, wrapped

    found = [told.title]
    for part in told.parts:
        found += ["", part.title]
        found += [line for one in part.lines for line in wrapped(one, columns - 2, "  ")]
        if part.rows:
            found += [f"  {line}" for line in table(part.head, part.rows, columns - 2)]
    return found
