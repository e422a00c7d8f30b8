"""`amends policy try`: what the policy would have sent, to whom and how often, had it been in force. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from connector.assessment.rules import Rules
from connector.assessment.understood import Understood, understood_again
from connector.commands.place import Place
from connector.commands.progress import Progress
from connector.desks import rules_of
from connector.display import count, moment, table, wrapped
from connector.mapping import words
from connector.model import ActionKind
from connector.policy.telling import CONTACTS
from connector.rehearsal import Would, asked, rehearse
from connector.settings import Settings, load
from connector.settings.sources import SourceSettings
from connector.store import Store, acks, complaints, earlier, sources, walks
from connector.store.complaints import Stored
from connector.sync import earlier_than

BATCH = 500
TEN_MINUTES_SECONDS = 600


class Sent(msgspec.Struct, frozen=True):
    """One write that would have been sent."""

    at: datetime
    complaint: str
    kind: str
    rule: str
    episode: str
    to: str | None
    why: str


class Sum(msgspec.Struct, frozen=True):
    """How often a rule would have written, about how many complaints; `to` counts notices by contact, `most_a_day` is
    the busiest day (UTC). `held`: so many would have waited for a person, as more than `limit_per_run` in an hour."""

    rule: str
    kind: str
    writes: int
    complaints: int
    most_a_day: int
    held: int
    to: dict[str, int]


class Tried(msgspec.Struct, frozen=True):
    """`folded` notices would have gone in a digest with others; `cut` lives were too long to be gone through whole."""

    since: datetime
    until: datetime
    complaints: int
    sums: tuple[Sum, ...]
    told: dict[str, int]
    folded: int
    cut: int
    writes: tuple[Sent, ...]


def attempt(
    place: Place,
    *,
    days: int,
    draft: Path | None,
    most: int | None,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> Tried:
    """Go through all that is stored of the last `days`, by the policy in force or by the `draft` of a policy.yaml.
    `tell` hears after each batch how many of all complaints are behind; what it raises ends the walk.

    Raises SettingsFilesError where the draft is wrong."""
    until = place.now()
    since = until - timedelta(days=days)
    settings = place.settings
    if draft is not None:
        home = place.home if place.home.is_dir() else None
        settings = load(home, drafts={"policy.yaml": draft}, today=until.date())
    with place.store() as store:
        return _Attempt(store, settings, since, until).run(most, tell)


class _Attempt:
    """One walk over the stored complaints."""

    def __init__(self, store: Store, settings: Settings, since: datetime, until: datetime) -> None:
        self.store, self.settings, self.since, self.until = store, settings, since, until
        self.rules: Rules = rules_of(settings)
        self.asks = asked(self.rules)
        self.seen = self.cut = 0
        self.found: list[_Found] = []
        self.first: list[Sent] = []
        with store.read() as connection:
            self.salt = sources.salt(connection)

    def run(self, most: int | None, tell: Callable[[int, int], None]) -> Tried:
        behind = 0
        with self.store.read() as connection:
            stored = complaints.number_of(connection, self.settings.sources)
        with Progress("policy", "complaints") as show:
            for name, source in self.settings.sources.items():
                for batch in self._batches(name):
                    self._go_through([one for one in batch if self._is_of_the_time(one)], source)
                    self.first = _first(self.first, most)
                    behind += len(batch)
                    show(behind, stored)
                    tell(behind, stored)
        self.found.sort(key=lambda one: one.at)
        folded, kept = _in_floods(self.found, self.settings.policy.digest_over)
        limit = self.settings.policy.limit_per_run
        return Tried(
            since=self.since,
            until=self.until,
            complaints=self.seen,
            sums=tuple(_sums(self.found, limit)),
            told=dict(Counter(one.to for one in kept if one.to is not None)),
            folded=folded,
            cut=self.cut,
            writes=tuple(_first(self.first, most)),
        )

    def _batches(self, name: str) -> Iterator[list[Stored]]:
        last = 0
        with self.store.read() as connection:
            row = sources.by_name(connection, name)
        while row is not None:
            with self.store.read() as connection:
                found = walks.after(connection, row.id, last, BATCH)
            if not found:
                return
            last = found[-1].id
            yield found

    def _is_of_the_time(self, stored: Stored) -> bool:
        """Whether anything could have happened to it then: it changed since, or a clock or flag was still on."""
        newest = stored.doc.entries[-1].occurred_at if stored.doc.entries else stored.doc.complaint.updated_at
        return newest >= self.since or bool(stored.assessed.flags) or stored.look_at is not None

    def _go_through(self, batch: Sequence[Stored], source: SourceSettings) -> None:
        with self.store.read() as connection:
            people = {stored.person_id for stored in batch if stored.joins}
            cases = earlier.cases_of(connection, people, self.since - self.rules.memory)
            words_of = acks.of_complaints(connection, (stored.id for stored in batch))
        for stored in batch:
            self.seen += 1
            rehearsed = rehearse(
                self._understood(stored, source),
                earlier_than(stored, cases),
                self.rules,
                source.mapping,
                salt=self.salt,
                since=self.since,
                until=self.until,
                acks=words_of.get(stored.id, ()),
                acknowledges=ActionKind.ACKNOWLEDGE in source.can,
                asks=self.asks,
            )
            self.cut += rehearsed.cut
            name = f"{stored.source}/{stored.ticket}"
            self.found += [_found(name, one) for one in rehearsed.writes]
            self.first += [_sent(name, one) for one in rehearsed.writes]

    def _understood(self, stored: Stored, source: SourceSettings) -> Understood:
        doc = stored.doc
        return understood_again(
            doc.complaint,
            doc.entries,
            doc.tags,
            words(source.mapping),
            doc.promises,
            stored.rulings,
            stored.assessed.kept,
        )


class _Found(NamedTuple):
    """What is kept of a write until all are counted: of many complaints there are many, so no words."""

    at: datetime
    complaint: str
    kind: str
    rule: str
    to: str | None
    urgent: bool


def _found(name: str, one: Would) -> _Found:
    action, notice = one.action, one.action.effect.notice
    return _Found(one.at, name, action.kind.value, action.rule, one.to, notice is not None and notice.urgent)


def _sent(name: str, one: Would) -> Sent:
    action = one.action
    return Sent(one.at, name, action.kind.value, action.rule, action.episode, one.to, action.why)


def _first(sent: list[Sent], most: int | None) -> list[Sent]:
    """The `most` that would have left first, in their order; all for None."""
    return sorted(sent, key=lambda one: one.at)[:most]


def _sums(found: Sequence[_Found], limit: int) -> Iterator[Sum]:
    groups: dict[tuple[str, str], list[_Found]] = {}
    for one in found:
        groups.setdefault((one.rule, one.kind), []).append(one)
    for (rule, kind), those in groups.items():
        days = Counter(one.at.date() for one in those)
        hours = Counter(one.at.replace(minute=0, second=0, microsecond=0) for one in those)
        notices = kind == ActionKind.NOTIFY
        yield Sum(
            rule=rule,
            kind=kind,
            writes=len(those),
            complaints=len({one.complaint for one in those}),
            most_a_day=max(days.values()),
            held=0 if notices else sum(max(0, number - limit) for number in hours.values()),
            to=dict(Counter(one.to for one in those if one.to is not None)),
        )


def _in_floods(found: Sequence[_Found], most: int) -> tuple[int, list[_Found]]:
    """How many notices would have been folded into digests, and what would have gone by itself."""
    recent: dict[str, list[float]] = {}
    kept: list[_Found] = []
    folded = 0
    for one in found:
        if one.to is None:
            kept.append(one)
            continue
        at = one.at.timestamp()
        times = [then for then in recent.get(one.to, ()) if then > at - TEN_MINUTES_SECONDS]
        recent[one.to] = [*times, at]
        if one.urgent or len(times) < most:
            kept.append(one)
        else:
            folded += 1
    return folded, kept


def tried_lines(told: Tried, columns: int) -> list[str]:
    span = f"{_day(told.since)} to {_day(told.until)}"
    lines = wrapped(f"Had this policy been in force from {span}, over {count(told.complaints, 'ticket')}:", columns)
    if not told.sums:
        return [*lines, "nothing would have been sent."]
    head = ("RULE", "KIND", "WRITES", "COMPLAINTS", "BUSIEST DAY", "HELD", "TO")
    cells = [
        (
            one.rule,
            one.kind,
            f"{one.writes:,}",
            f"{one.complaints:,}",
            f"{one.most_a_day:,}",
            f"{one.held:,}" if one.held else "-",
            ", ".join(f"{to} {number:,}" for to, number in sorted(one.to.items())) or "the ticket",
        )
        for one in told.sums
    ]
    lines += ["", *table(head, cells, columns)]
    if told.told:
        people = ", ".join(f"{to} {count(number, 'time')}" for to, number in sorted(told.told.items()))
        lines += ["", *wrapped(f"People of {CONTACTS}.yaml would have been told: {people}.", columns)]
    if told.folded:
        lines += wrapped(f"{count(told.folded, 'notice')} more would have gone in digests.", columns)
    if told.cut:
        lines += wrapped(f"{count(told.cut, 'life')} too long to be gone through whole.", columns)
    lines += ["", *(f"{moment(one.at)}  {one.kind:<9} {one.rule:<16} {one.to or one.complaint}" for one in told.writes)]
    return lines


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
