"""Reading a Jira site from every side of the world: the harness behind the zone proof.

People act, now in a crowd and now hours apart, also between two pages of a read; the search index is minutes behind;
the engine pulls into a real store and is killed at random points, at a request or inside a transaction. At the end the
site is held against the store: every issue at its newest state, every comment and change once. In one process, because
a death in the mind is as deaf to `except` as a real one and costs nothing: the crash proof does the real ones.
`tests/end_to_end/test_jira_zones.py` runs it short, `make proof` runs it long.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

from sqlalchemy import event

from adapters.jira import Adapter
from connector.assessment.rules import Rules
from connector.desks import rules_of
from connector.helpdesk import Helpdesk
from connector.mapping import words
from connector.model import ActionKind, Mode
from connector.settings import Settings, load
from connector.store import Store, complaints, quarantine, sources
from connector.sync import pull
from sandbox.jira import content
from tests.engine.world import KilledError, empty_store
from tests.unit.jira_reading import START, JiraSite

# UTC-11, -5 (with the night on which the clocks go back), 0, +3, +5:30, +14.
ZONES = (*("Pacific/Pago_Pago", "America/New_York", "Etc/UTC", "Africa/Nairobi", "Asia/Kolkata", "Pacific/Kiritimati"),)
BEGIN = datetime(2026, 10, 31, 22, tzinfo=UTC)  # seven hours before New York has an hour twice
UPDATES_AN_ISSUE = 5
LAGS_SECONDS = (0, 0, 0, 2, 30, 240)
PAUSES_SECONDS = (0, 0, 0, 0.01, 1, 5, 20, 90, 400)
PULL_EVERY = 20  # updates, on average
SETTINGS = """
sources:
  site:
    adapter: jira
    options: {url: "https://sandbox.atlassian.test", projects: [CARE], email: amends@example.com}
"""


class Outcome(NamedTuple):
    """What became of one zone: figures, and what was wrong (empty where all held)."""

    zone: str
    updates: int
    kills: int
    pulls: int
    searches: int
    missed: int
    doubled: int
    wrong: list[str]


@cache
def shipped() -> Settings:
    home = Path(mkdtemp()) / "amends"
    home.mkdir()
    (home / "amends.yaml").write_text(SETTINGS)
    return load(home)


@cache
def rules() -> Rules:
    return rules_of(shipped())


class _Life:
    """An engine on a store file that dies at a point and is born again."""

    def __init__(self, site: JiraSite) -> None:
        self.site = site
        self.folder = Path(mkdtemp(prefix="amends-zones-"))
        shutil.copy(empty_store(), self.folder / "amends.db")
        self.points = 0
        self.die_at: int | None = None
        self.lives = 0
        self.pulls = 0
        self.begin()

    def begin(self) -> None:
        self.lives += 1
        self.store = Store(f"sqlite:///{self.folder / 'amends.db'}", seam=lambda _place: self.point())
        event.listen(self.store.engine, "connect", lambda dbapi, _: dbapi.execute("PRAGMA synchronous=OFF"))
        self.store.open()
        self.store.take_lease(f"life {self.lives}", self.site.clock())
        adapter = self.site.adapter()
        with self.store.write("enlist") as connection:
            row = sources.enlist(connection, "site", "jira")
            sources.introduce(connection, row.id, adapter.check(), START)
            sources.rules_in_force(connection, row.id, "rules")
        mapping = shipped().sources["site"].mapping
        self.desk = Helpdesk(
            id=row.id,
            name="site",
            adapter=adapter,
            streams=Adapter.streams,
            mapping=mapping,
            words=words(mapping),
            modes=dict.fromkeys(ActionKind, Mode.SHADOW),
            rules_digest="rules",
            actor=content.INTEGRATION,
            act_from=START,
        )

    def point(self) -> None:
        """A point at which a process may die."""
        self.points += 1
        if self.die_at is not None and self.points >= self.die_at:
            self.die_at = None
            raise KilledError

    def pull(self) -> None:
        self.pulls += 1
        try:
            pull(self.desk, "issues", self.store, rules(), now=self.site.clock, wait=lambda _seconds: None)
        except KilledError:
            self.end()
            self.begin()

    def end(self) -> None:
        self.store.engine.dispose()
        if self.store._lock is not None:
            os.close(self.store._lock)


def zone_story(zone: str, *, updates: int, kills: int, seed: int, deployment: str = "cloud") -> Outcome:
    """One zone from the first issue to the last, and what the store makes of it."""
    chance = random.Random(f"{seed} {zone}")
    site = JiraSite(page_size=10, deployment=deployment)
    site.clock.advance((BEGIN - START).total_seconds())
    site.jira.set_zone(zone)
    site.jira.switches.later_fold = chance.random() < 0.5
    people = _People(site, chance, updates)
    life = _Life(site)
    deadly = sorted(chance.sample(range(updates), kills))

    def between_pages() -> None:
        life.point()
        if chance.random() < 0.2:
            people.act()

    site.wire.between = between_pages
    while people.acted < updates:
        for _ in range(chance.randrange(1, 2 * PULL_EVERY)):
            people.act()
        while deadly and deadly[0] <= people.acted:
            deadly.pop(0)
            life.die_at = life.points + chance.randrange(1, 12)
            life.pull()
        life.pull()
    site.wire.between, life.die_at = None, None
    for _ in range(3):
        site.clock.advance(300)
        life.pull()
    outcome = _judged(zone, site, life, people)
    life.end()
    shutil.rmtree(life.folder)
    return outcome


class _People:
    """Customers and staff: each act is one update of one issue."""

    def __init__(self, site: JiraSite, chance: random.Random, updates: int) -> None:
        self.site, self.chance = site, chance
        self.wanted = max(1, updates // UPDATES_AN_ISSUE)
        self.opened: list[int] = []
        self.acted = 0

    def act(self) -> None:
        self.acted += 1
        chance, site = self.chance, self.site
        site.clock.advance(chance.choice(PAUSES_SECONDS))
        site.jira.switches.index_lag_seconds = chance.choice(LAGS_SECONDS)
        if (len(self.opened) < self.wanted and chance.random() < 1 / UPDATES_AN_ISSUE) or not self.opened:
            self.opened.append(int(site.jira.customer_opens(f"Case {self.acted}", "My parcel has not arrived.")))
            return
        issue = chance.choice(self.opened[-200:])
        if chance.random() < 0.5:
            site.jira.customer_comments(issue, f"Message {self.acted}")
        else:
            site.jira.agent_sets(issue, priority=chance.choice((1, 2, 3, 4, 5)), add_labels=[f"act{self.acted}"])


def _judged(zone: str, site: JiraSite, life: _Life, people: _People) -> Outcome:
    wrong: list[str] = []
    missed = doubled = 0
    with life.store.read() as connection:
        stored = {one.ticket: one.doc for one in complaints.listing(connection)}
        if quarantine.listing(connection):
            wrong.append("quarantine is not empty")
    for number, issue in site.jira.issues.items():
        doc = stored.get(str(number))
        if doc is None:
            missed += 1
            wrong.append(f"issue {number} is missing")
            continue
        if doc.complaint.version != round(issue.updated.timestamp() * 1000):
            missed += 1
            wrong.append(f"issue {number} is behind")
        told = _told(doc)
        there = Counter(f"comment:{one.number:020d}" for one in issue.comments)
        there += Counter(f"change:{one.number:020d}" for one in issue.histories)
        missed += (there - told).total()
        doubled += (told - there).total()
    doubled += len(stored) - len(site.jira.issues) if len(stored) > len(site.jira.issues) else 0
    return Outcome(zone, people.acted, life.lives - 1, life.pulls, site.searches(), missed, doubled, wrong[:10])


def _told(doc: Any) -> Counter[str]:
    """How often each comment and each change stands in a timeline; a change has an entry for each of its fields."""
    ids = [entry.id for entry in doc.entries]
    twice = [ident for ident, count in Counter(ids).items() if count > 1]
    return Counter({ident.partition(".")[0] for ident in ids if ident.startswith(("comment:", "change:"))}) + Counter(
        twice
    )
