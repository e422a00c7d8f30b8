"""The columns of a report, in one place for text, spreadsheets and browsers: title, figure, value, and how it is told.
Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from connector.display import clean
from connector.report.counting import Group
from connector.report.lengths import Lengths
from connector.report.scores import FEWEST, Score
from connector.wording import duration

Kind = Literal["count", "percent", "seconds", "score", "money"]
Value = int | float | str | None


class Column(msgspec.Struct, frozen=True):
    """`figure` is what `--cell` calls it, `value` what a spreadsheet gets, `section` the block in which it stands."""

    section: str
    title: str
    figure: str
    kind: Kind
    value: Callable[[Group], Value]

    def told(self, group: Group) -> str:
        """The value as people read it, "-" where there is none."""
        value = self.value(group)
        if value is None:
            return "-"
        if self.kind == "percent":
            return f"{value:.1f} %"
        if self.kind == "seconds":
            return duration(int(value))
        return f"{value:,}" if isinstance(value, int) else str(value)


def _lengths(section: str, figure: str, of: Callable[[Group], Lengths]) -> list[Column]:
    return [
        Column(section, "cases", figure, "count", lambda group: of(group).n),
        Column(section, "mean", figure, "seconds", lambda group: of(group).mean),
        Column(section, "median", figure, "seconds", lambda group: of(group).median),
        Column(section, "9 of 10 within", figure, "seconds", lambda group: of(group).p90),
    ]


def score(of: Score, unit: str = " %") -> str:
    """A score with its interval and its answers; too few are not shown as a score at all."""
    if of.value is None or of.low is None or of.high is None:
        return f"fewer than {FEWEST} answers ({of.n})" if of.n else "-"
    doubt = ", uncertain" if of.shaky else ""
    return f"{of.value:.0f}{unit} ({of.low:.0f} to {of.high:.0f}; n = {of.n}{doubt})"


def cost(group: Group) -> str | None:
    """What remedies cost, by currency."""
    said = [f"{amount:,.2f} {clean(currency)}".strip() for currency, amount in group.cost.items()]
    return ", ".join(said) or None


VOLUME, TIME, WORK, QUALITY, VOICE = "Volume", "Times by the calendar", "Working times", "Quality", "Customers' voice"
HANDLING, RESOLVING = "receipt to handling", "handling to resolution"

COLUMNS: tuple[Column, ...] = (
    Column(VOLUME, "received", "received", "count", lambda group: group.received),
    Column(VOLUME, "share", "received", "percent", lambda group: group.share),
    Column(VOLUME, "resolved", "resolved", "count", lambda group: group.resolved),
    Column(VOLUME, "unsure", "unsure", "count", lambda group: group.unsure),
    *_lengths(f"{TIME}, {HANDLING}", "handling", lambda group: group.handling),
    *_lengths(f"{TIME}, {RESOLVING}", "resolving", lambda group: group.resolving),
    *_lengths(f"{WORK}, {HANDLING}", "handling", lambda group: group.handling_working),
    *_lengths(f"{WORK}, {RESOLVING}", "resolving", lambda group: group.resolving_working),
    Column(QUALITY, "breached", "breached", "count", lambda group: group.breached),
    Column(QUALITY, "breached, share", "breached", "percent", lambda group: group.breached_share),
    Column(QUALITY, "promises kept", "kept", "count", lambda group: group.kept),
    Column(QUALITY, "promises broken", "broken", "count", lambda group: group.broken),
    Column(QUALITY, "promises kept, share", "kept", "percent", lambda group: group.kept_share),
    Column(QUALITY, "repeats", "repeat", "count", lambda group: group.repeat),
    Column(QUALITY, "repeats, share", "repeat", "percent", lambda group: group.repeat_share),
    Column(QUALITY, "reopened", "reopened", "count", lambda group: group.reopened),
    Column(QUALITY, "reopened, share", "reopened", "percent", lambda group: group.reopened_share),
    Column(QUALITY, "handed over", "handed_over", "count", lambda group: group.handed_over),
    Column(QUALITY, "hand-offs", "handed_over", "count", lambda group: group.handoffs),
    Column(QUALITY, "cost of remedies", "cost", "money", cost),
    Column(VOICE, "surveys sent", "asked", "count", lambda group: group.asked),
    Column(VOICE, "answered", "answered", "count", lambda group: group.answered),
    Column(VOICE, "response rate", "answered", "percent", lambda group: group.response_rate),
    Column(VOICE, "satisfied (CSAT, 4 and 5 of 5)", "csat", "score", lambda group: score(group.csat)),
    Column(VOICE, "easy (CES, 4 and 5 of 5)", "ces", "score", lambda group: score(group.ces)),
    Column(VOICE, "recommend (NPS)", "nps", "score", lambda group: score(group.nps, "")),
    Column(VOICE, "solved, as they say", "solved", "score", lambda group: score(group.solved)),
)

TITLES = {
    "product": "Product",
    "category": "Category",
    "cause": "Root cause",
    "channel": "Channel",
    "language": "Language",
    "department": "Department",
    "severity": "Severity",
    "source": "Source",
    "customer": "Customer",
    "total": "All complaints",
}


def sections() -> dict[str, list[Column]]:
    """The columns by their blocks, in order."""
    found: dict[str, list[Column]] = {}
    for one in COLUMNS:
        found.setdefault(one.section, []).append(one)
    return found
