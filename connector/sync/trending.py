"""Trends: once a day has ended (and now and then after, for what came late), test whether too many people say the same.

Called by `sweep` before it looks at complaints. What decides is `connector.trends`; here it is fed from what the store
counted and its answer is kept: trends that were found, went on or are over. The complaints that they concern are
looked at again, so that policy speaks of them. A daemon that slept tests the days it missed, each as it was. A day is
tested once every source was read beyond it: one that lags is not quiet, and its days are tested when they are known.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from connector.assessment.counting import counts_in
from connector.assessment.rules import Rules
from connector.helpdesk import Helpdesk
from connector.store import Store, Transaction, sources, tallies, trends, walks
from connector.store.tallies import Standing
from connector.store.trends import Affected
from connector.sync.whole_days import read_sources, whole_days
from connector.trends.finding import Case, Ground, findings, ground
from connector.trends.life import Level, State, Trend, begun, day_number, day_of, lived, outbreak
from connector.trends.speaking import Alive, why
from connector.trends.views import FORGOTTEN_DAYS, Trends

log = logging.getLogger("amends")
AGAIN = timedelta(hours=1)
BATCH = 500
MISSED_DAYS = 14  # so many days that were missed are tested; what began earlier stands out in them as well
YOUNG_DAYS = 42  # a source that was read for less is left out: its beginning would look like a jump


def digest(settings: Trends) -> str:
    """Names what decides where complaints count."""
    return sha256(msgspec.json.encode([settings.views, settings.zone])).hexdigest()


def count_from_now(store: Store, rules: Rules) -> None:
    """In a store without any complaint nothing has to be counted anew: each is counted as it comes. Called when the
    settings are read."""
    settings = rules.trends
    if settings is None or not settings.views:
        return
    with store.read() as connection:
        if tallies.standing(connection).digest is not None or walks.are_any(connection):
            return
    with store.write("trends: counted from now on") as connection:
        tallies.begin_anew(connection, digest(settings))
        tallies.counted_to(connection, None)


def watch(
    desks: Sequence[Helpdesk],
    store: Store,
    rules: Rules,
    now: datetime,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Count what other views counted, and test where it is time. Returns how many trends were found or changed."""
    settings = rules.trends
    if settings is None or not settings.views:
        return 0
    with store.read() as connection:
        standing = tallies.standing(connection)
    if standing.digest != digest(settings) or standing.counted_to is not None:
        if not _count_anew(store, rules, settings, standing, now, stopping):
            return 0
        standing = msgspec.structs.replace(standing, tested_at=None)
    with store.read() as connection:
        whole = whole_days(connection, read_sources(desks, rules), settings, now)
    if whole.day is None or (standing.tested_on is not None and whole.day < standing.tested_on):
        return 0
    early = standing.tested_at is not None and standing.tested_at <= now < standing.tested_at + AGAIN
    if early and standing.tested_on == whole.day:
        return 0
    return _Test(desks, store, settings, standing, whole.day, now).run()


def _count_anew(
    store: Store, rules: Rules, settings: Trends, standing: Standing, now: datetime, stopping: Callable[[], bool]
) -> bool:
    """Count every complaint by today's views, some at a time; one that is stopped goes on where it was. Returns
    whether it came to the end."""
    last = standing.counted_to or 0
    if standing.digest != digest(settings):
        with store.write("trends: counting anew") as connection:
            tallies.begin_anew(connection, digest(settings))
        last = 0
    oldest = now - timedelta(days=FORGOTTEN_DAYS)
    while not stopping():
        with store.write("trends: counted anew") as connection:
            few = walks.counting(connection, last, oldest, BATCH)
            changes = [(one.id, None, counts_in(one.doc.complaint, one.doc.tags, rules, now)) for one in few]
            tallies.move(connection, changes)
            last = few[-1].id if few else last
            tallies.counted_to(connection, last if few else None)
        if not few:
            return True
    return False


class _Life:
    """A trend as a test knows it: `number` is None for one that it found itself, `before` what the store holds."""

    def __init__(self, number: int | None, trend: Trend, before: Trend | None = None, lead: str | None = None) -> None:
        self.number, self.trend, self.before, self.lead = number, trend, before, lead

    @property
    def news(self) -> str | None:
        """What became of it, for the log; None where it only went on."""
        if self.before is None:
            return "found"
        if self.trend.state is not self.before.state:
            return self.trend.state.value
        return self.trend.level.value if self.trend.level is not self.before.level else None


class _Test:
    """One test: of today (the last day that ended, and is known whole), and of the days since the last one."""

    def __init__(
        self,
        desks: Sequence[Helpdesk],
        store: Store,
        settings: Trends,
        standing: Standing,
        today: int,
        now: datetime,
    ) -> None:
        self.desks, self.store, self.settings, self.now = desks, store, settings, now
        first = today if standing.tested_on is None else min(today, standing.tested_on + 1)
        self.days = range(max(first, today - MISSED_DAYS + 1), today + 1)
        self.lives: list[_Life] = []

    def run(self) -> int:
        """Test each day in order and keep what came of it. What takes time is done before the store is written to."""
        today = self.days[-1]
        young = [desk.id for desk in self.desks if self._began(desk) > today - YOUNG_DAYS]
        since = self.days[0] - self.settings.memory_days
        with self.store.read() as connection:
            cells = tallies.cases(connection, since, but_of=young)
            first = tallies.first_day(connection)
            self.lives = [_Life(one.number, one.trend, one.trend, one.lead) for one in trends.alive(connection)]
            outbreaks = [outbreak(trend) for trend in trends.over_since(connection, day_of(since))]
        # Since when all is known: no source was read from later on, and somebody was there to complain.
        known = max(since, first or 0, *(self._began(desk) for desk in self.desks if desk.id not in young))
        for day in self.days:
            upto = {name: [case for case in cases if case.day <= day] for name, cases in cells.items()}
            on = ground(upto, self.settings, day, known, outbreaks)
            if on is not None:
                self._day(upto, on)
        with self.store.write("trends: tested") as connection:
            told = self._keep(connection)
            tallies.forget(connection, today - FORGOTTEN_DAYS)
            tallies.tested(connection, today, self.now)
        return told

    def _began(self, desk: Helpdesk) -> int:
        return 0 if desk.read_from is None else day_number(self.settings.day(desk.read_from))

    def _day(self, cells: Mapping[str, Sequence[Case]], on: Ground) -> None:
        spoken_for: list[Case] = []
        for life in self.lives:
            if life.trend.state is not State.CLOSED:
                cases = cells.get(life.trend.cell, ())
                spoken_for += cases
                life.trend = lived(life.trend, cases, self.settings, on, self.now)
        for finding in findings(cells, self.settings, on, spoken_for):
            found = begun(finding, cells[finding.cell], self.settings, on, self.now)
            self.lives.append(_Life(None, found))

    def _keep(self, connection: Transaction) -> int:
        """Write down what changed, but not over what a person said meanwhile. Returns of how many there is news."""
        as_read = {one.number: one.trend for one in trends.alive(connection)}
        told = 0
        for life in self.lives:
            if life.number is None:
                life.number = trends.add(connection, life.trend)
            elif life.trend != life.before and as_read.get(life.number) == life.before:
                trends.save(connection, life.number, life.trend)
            else:
                continue
            if life.number is not None:
                told += life.news is not None
                self._tell(connection, Alive(life.number, life.trend, life.lead), life.news)
        return told

    def _tell(self, connection: Transaction, one: Alive, news: str | None) -> None:
        """Let somebody speak for it; where there is news, let all its complaints be looked at, and log it."""
        concerned = trends.affected(connection, one.trend.cell, one.trend.started_on)
        if one.lead is None:
            self._lead(connection, one, concerned)
        if news is None:
            return
        trends.look_again(connection, (each.complaint for each in concerned), self.now)
        judged, trend = one.trend.judged, one.trend
        detail = {
            "trend": one.number,
            "cell": trend.cell,
            "level": trend.level,
            "people": judged.people,
            "expected": round(judged.expected, 2),
            "chance": judged.chance,
            "why": trend.why,
        }
        sources.log(connection, self.now, "amends", f"trend: {news}", detail=detail)
        if trend.level is Level.ALARM and trend.state is State.OPEN:
            log.warning("trend %d: %s `amends trends show %d` tells more.", one.number, why(trend), one.number)

    def _lead(self, connection: Transaction, one: Alive, concerned: Sequence[Affected]) -> None:
        """The oldest complaint that may be acted upon speaks for all of them, and goes on doing so."""
        act_from = {desk.id: desk.act_from for desk in self.desks}
        for each in concerned:
            since = act_from.get(each.source_id)
            if since is not None and each.opened_at >= since:
                trends.leads(connection, one.number, each.complaint)
                trends.look_again(connection, [each.complaint], self.now)
                return
