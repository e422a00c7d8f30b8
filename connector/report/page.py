"""A report, or a month's pack, as one page of HTML that needs nothing else: to be sent, kept and printed.

Jinja with escaping throughout; the style is in the page, there is no script.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from connector.display import moment
from connector.report import charts
from connector.report.columns import COLUMNS, TITLES, sections
from connector.report.counting import Report
from connector.report.text import heading

MOST_BARS = 12


def page(told: Report, *, pack: Any = None) -> str:
    """The page; with `pack` (see `report.pack`) as the monthly review."""
    from markupsafe import Markup

    drawn = {
        table.dimension: Markup(charts.bars(f"Complaints by {table.dimension}", table.groups[:MOST_BARS]))  # noqa: S704  # escaped where it is made
        for table in told.tables
        if table.groups
    }
    months = Markup(charts.months("Complaints month by month", told.months)) if told.months else None  # noqa: S704
    return str(
        _template().render(
            told=told,
            pack=pack,
            heading=heading(told),
            made=moment(told.made_at),
            sections=sections(),
            columns=COLUMNS,
            titles=TITLES,
            drawn=drawn,
            months=months,
        )
    )


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("report.html")
