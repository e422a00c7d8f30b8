"""Where a complaint counts: in the figures of reports, and among those alike, of which trends are told.

Called by `sync` where complaints are saved, and by the commands that count afresh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connector.assessment.rules import Rules
from connector.assessment.understood import Understood
from connector.clocks.business_hours import Hours
from connector.condition import values_of
from connector.figures import Figures, figures
from connector.model import JSON, Clock, Complaint, Flag, Tag
from connector.trends.views import Counted, counted


def figures_of(this: Understood, clocks: Sequence[Clock], flags: Sequence[Flag], rules: Rules) -> Figures | None:
    """What it counts as in reports. Working time is that of the calendar that its clocks go by, else of the first."""
    answer = this.is_complaint
    if answer == "no":
        return None
    return figures(this.complaint, answer, this.tags, this.folded.history, clocks, flags, _hours_of(clocks, rules))


def _hours_of(clocks: Sequence[Clock], rules: Rules) -> Hours | None:
    calendars = rules.sla.calendars
    for clock in clocks:
        if clock.calendar in calendars:
            return calendars[clock.calendar]
    return next(iter(calendars.values()), None)


def counts_in(
    complaint: Complaint,
    tags: Sequence[Tag],
    rules: Rules,
    now: datetime | None = None,
    values: Mapping[str, JSON] | None = None,
) -> Counted | None:
    """Where a complaint counts for trends; with `now`, None for one that is too old to tell of any. `values` are its
    own, where somebody has them at hand."""
    if rules.trends is None or "yes" not in [tag.value for tag in tags if tag.facet == "complaint"]:
        return None
    return counted(complaint, values_of(complaint, tags) if values is None else values, rules.trends, now)
