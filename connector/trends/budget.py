"""How many false alarms are to be expected: so many a group of complaints and year, as measured. Called by `check`.

The rates are the highest that `make bench-trends` finds for the shipped thresholds over groups of one complaint in ten
days to two a day, with a weekly pattern and a variance a third above chance (docs/admins/trends.md has the table).
Groups lie in each other and a person is told of once, so that there are fewer in practice.
"""

from __future__ import annotations

import msgspec

from connector.trends.views import Trends

ALARMS_A_YEAR = 0.15
WATCHES_A_YEAR = 0.6


class Budget(msgspec.Struct, frozen=True):
    """False alarms and watches a year that `cells` groups give at most. None where the thresholds are the admin's own,
    of which nothing was measured."""

    cells: int
    alarms: float | None
    watches: float | None


def budget(cells: int, settings: Trends) -> Budget:
    """What is to be expected of `cells` groups."""
    usual = Trends()
    measured = (settings.alarm, settings.watch, settings.windows_days, settings.before_days, settings.least)
    as_shipped = measured == (usual.alarm, usual.watch, usual.windows_days, usual.before_days, usual.least)
    if not as_shipped:
        return Budget(cells, None, None)
    return Budget(cells, round(cells * ALARMS_A_YEAR, 1), round(cells * WATCHES_A_YEAR, 1))
