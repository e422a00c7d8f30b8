"""A report for a terminal. Pure."""

from __future__ import annotations

from connector.display import clean, moment, table
from connector.report.columns import COLUMNS, TITLES, score, sections
from connector.report.counting import Group, Report
from connector.report.lengths import Lengths
from connector.wording import duration


def lines(told: Report, columns: int) -> list[str]:
    """The whole report as text."""
    found = [heading(told), ""]
    for section, those in sections().items():
        found += [section, *(f"  {one.title:<34} {one.told(told.total)}" for one in those), ""]
    for one in told.tables:
        if one.groups:
            found += [*table(_head(TITLES[one.dimension]), [_row(group) for group in one.groups], columns), ""]
    if told.months:
        cells = [(one.name, f"{one.received:,}", f"{one.resolved:,}", f"{one.breached:,}") for one in told.months]
        found += table(("MONTH", "RECEIVED", "RESOLVED", "BREACHED"), cells, columns)
    return found


def heading(told: Report) -> str:
    """What this is a report of, in a line."""
    narrowed = "".join(f", {name} {clean(value)}" for name, value in told.where.items())
    as_of = f", as of {moment(told.as_of)}" if told.as_of is not None else ""
    return f"Complaints, {told.period.title}{narrowed}{as_of} (times in {told.zone})"


def _head(title: str) -> tuple[str, ...]:
    return (
        title.upper(), "RECEIVED", "SHARE", "RESOLVED", "HANDLED IN", "RESOLVED IN", "BREACHED", "KEPT", "REPEAT",
        "REOPENED", "CSAT",
    )  # fmt: skip


def _row(group: Group) -> tuple[str, ...]:
    return (
        group.name,
        f"{group.received:,}",
        _percent(group.share),
        f"{group.resolved:,}",
        _median(group.handling),
        _median(group.resolving),
        _percent(group.breached_share),
        _percent(group.kept_share),
        _percent(group.repeat_share),
        _percent(group.reopened_share),
        score(group.csat),
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} %"


def _median(of: Lengths) -> str:
    return "-" if of.median is None else duration(int(of.median))


def figures() -> list[str]:
    """The names by which a cell can be traced."""
    return list(dict.fromkeys(one.figure for one in COLUMNS))
