"""Sweep: from what is stored and the time, decide what is due, and write it to the outbox as intentions.

Called by `schedule` and `amends sync`. It touches no network. Each complaint carries the instant at which it has to be
looked at next, so a sweep reads what is due and nothing else; running it twice, late or after a crash changes nothing,
because an intention is unique to (complaint, rule, episode, kind).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from connector.assessment.clocks import closed_before
from connector.assessment.counting import figures_of
from connector.assessment.deciding import Assessment, assess, hands_of, why_not
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood, understood_again
from connector.clocks.promises.keeping import undecided
from connector.helpdesk import Helpdesk
from connector.model import Action, ActionKind, Answer, FlagKind, Link
from connector.people.repeats import Earlier, concerns
from connector.policy import copies
from connector.policy.correction import Untold
from connector.policy.rules import COPY
from connector.policy.taken import Ack
from connector.policy.telling import CONTACTS
from connector.store import (
    Store,
    Transaction,
    acks,
    assessments,
    corrections,
    earlier,
    figures,
    intentions,
    links,
    sources,
    surveys,
    trends,
)
from connector.store.complaints import Assessed, Stored
from connector.store.figures import Counted
from connector.store.intentions import WITHDRAWABLE, Intention, State
from connector.store.sources import SourceRow
from connector.sync import correcting, trending
from connector.sync.changing import with_changed_clocks
from connector.sync.flood import Flood, digests_of, may_be_withdrawn, told_of
from connector.sync.intending import first_state
from connector.trends.speaking import Alive

log = logging.getLogger("amends")
BATCH = 500
SOONEST = timedelta(minutes=1)
LATER = timedelta(minutes=15)


class Swept(msgspec.Struct, frozen=True):
    """What one sweep did."""

    looked: int = 0
    intended: int = 0
    withdrawn: int = 0


class Around(NamedTuple):
    """What the store holds about a complaint besides itself: who sees to it, who was told of it,
    and in which digests (by the notice's number)."""

    acks: Sequence[Ack] = ()
    notices: Sequence[Intention] = ()
    digests: Mapping[int, Intention] = MappingProxyType({})


class Looked(NamedTuple):
    """One complaint that was looked at."""

    stored: Stored
    this: Understood
    found: Assessment
    links: Sequence[Link]
    around: Around
    said: Sequence[Answer]
    untold: Sequence[Untold]
    concerns: tuple[str, ...] = ()


def sweep(
    desks: Sequence[Helpdesk],
    store: Store,
    rules: Rules,
    *,
    now: Callable[[], datetime],
    stopping: Callable[[], bool] = lambda: False,
) -> Swept:
    """Look at every complaint that is due at `now`. Raises FencedError, StoreError."""
    at = now()
    trending.watch(desks, store, rules, at, stopping)
    correcting.follow(desks, store, rules, at)
    with store.read() as connection:
        salt = sources.salt(connection)
        alive = trends.alive(connection) if rules.trends is not None else []
        changed = with_changed_clocks(connection, [(desk.id, desk.rules_digest) for desk in desks if desk.rules_digest])
        known = sources.everyone(connection)
    paused = frozenset(row.name for row in known if row.paused_at is not None)
    reaches = _reaches(desks, rules, known)
    looking = _Sweeping({desk.id: desk for desk in desks}, store, rules, at, salt, reaches, alive, changed, paused)
    while not stopping() and looking.batch():
        store.seam("sweep: batch")
    return looking.sum


def policy_changed(store: Store, digest: str, now: datetime) -> bool:
    """Where another policy decided before the one called `digest`, let the next sweep look at all that is open.

    Called when the settings are read: at the start of a daemon or a pass, and at a reload.
    """
    with store.read() as connection:
        known = sources.known_policy(connection)
    if known == digest:
        return False
    with store.write("policy: changed") as connection:
        changed = sources.policy_in_force(connection, digest)
        if changed:
            assessments.look_again(connection, now)
            sources.log(connection, now, "amends", "policy: changed")
    return changed


class _Sweeping:
    """One sweep: a single instant, many batches; `limit_per_run` counts over all of them."""

    def __init__(
        self,
        desks: dict[int, Helpdesk],
        store: Store,
        rules: Rules,
        now: datetime,
        salt: str,
        reaches: Mapping[str, copies.Reach],
        alive: Sequence[Alive] = (),
        changed: frozenset[int] = frozenset(),
        paused: frozenset[str] = frozenset(),
    ) -> None:
        """`reaches` says what may be written where, of all sources and not only of those at work. `changed` are the
        sources whose complaints were not replayed yet since the settings of clocks changed,
        `paused` those to which alone all writes are stopped."""
        self.desks, self.store, self.rules, self.now, self.salt = desks, store, rules, now, salt
        self.reaches, self.alive, self.changed, self.paused = reaches, alive, changed, paused
        self.untold: dict[int, list[Untold]] = {}
        self.sum = Swept()
        self.woken: set[str] = set()
        self.by_rule: dict[tuple[int, str], int] = {}
        self.by_name = {desk.name: desk for desk in desks.values()}
        self.people = self.by_name.get(CONTACTS)
        self.flood = Flood(rules.policy.digest_over, now, salt)

    def batch(self) -> bool:
        """Look at the next batch; False when nothing is due any more."""
        with self.store.read() as connection:
            due = assessments.due(connection, list(self.desks), self.now, BATCH)
            if not due:
                return False
            unclear: list[Stored] = []
            people = {stored.person_id for stored in due if stored.joins}
            cases = earlier.cases_of(connection, people, self.now - self.rules.memory)
            linked = links.of_complaints(connection, (stored.id for stored in due))
            around = self._around(connection, due)
            answered = surveys.of_complaints(connection, (stored.id for stored in due))
            self.untold = corrections.untold(connection, (stored.id for stored in due))
            open_ones = self._open(connection, due)
        looked = [
            one
            for stored in due
            if (one := self._looked(stored, earlier_than(stored, cases), linked, around, answered, unclear)) is not None
        ]
        with self.store.write("sweep: batch") as connection:
            self._write(connection, looked, open_ones)
            later = self.now + LATER
            assessments.save(connection, [(stored, stored.assessed, later) for stored in unclear])
        return True

    def _around(self, connection: Transaction, due: Sequence[Stored]) -> dict[int, Around]:
        words = acks.of_complaints(connection, (stored.id for stored in due))
        notices: dict[str, list[Intention]] = {}
        if self.people is not None:
            notices = intentions.notices_of(connection, self.people.id, [_about(stored) for stored in due])
        digests = digests_of(connection, (one for some in notices.values() for one in some), self.salt)
        return {stored.id: Around(words.get(stored.id, ()), notices.get(_about(stored), ()), digests) for stored in due}

    def _looked(
        self,
        stored: Stored,
        cases: Sequence[Earlier],
        linked: Mapping[int, Sequence[Link]],
        around: Mapping[int, Around],
        answered: Mapping[int, Sequence[Answer]],
        unclear: list[Stored],
    ) -> Looked | None:
        try:
            said = answered.get(stored.id, ())
            return self._look(stored, cases, linked.get(stored.id, ()), around[stored.id], said)
        except Exception:  # our bug, or a rule's: no complaint may keep the others from being looked at
            log.exception("%s/%s could not be assessed; it is looked at again later", stored.source, stored.ticket)
            unclear.append(stored)
            return None

    def _open(self, connection: Transaction, due: Iterable[Stored]) -> dict[tuple[int, str], list[Intention]]:
        tickets: dict[int, list[str]] = {}
        for stored in due:
            tickets.setdefault(stored.source_id, []).append(stored.ticket)
        return {
            (source_id, ticket): found
            for source_id, names in tickets.items()
            for ticket, found in intentions.of_tickets(connection, source_id, names, WITHDRAWABLE).items()
        }

    def _look(
        self,
        stored: Stored,
        cases: Sequence[Earlier],
        linked: Sequence[Link],
        around: Around,
        said: Sequence[Answer],
    ) -> Looked:
        desk = self.desks[stored.source_id]
        doc = stored.doc
        kept = stored.assessed.kept
        this = understood_again(doc.complaint, doc.entries, doc.tags, desk.words, doc.promises, stored.rulings, kept)
        if stored.source_id in self.changed:
            this = closed_before(this, stored.assessed.clocks)
        found = assess(
            this,
            cases,
            self.rules,
            desk.mapping,
            salt=self.salt,
            act_from=desk.act_from,
            now=self.now,
            links=linked,
            acknowledges=ActionKind.ACKNOWLEDGE in desk.adapter.can,
            acks=around.acks,
            told=[told_of(one, around.digests.get(one.id)) for one in around.notices],
            said=said,
            alive=self.alive,
            untold=self.untold.get(stored.id, ()),
            led=lambda one: self._led(desk, one),
        )
        if any(action.source not in self.by_name for action in found.actions):
            # Where that source is not at work now, nobody can be asked what it can do and may.
            again = min(found.look_again_at or self.now + LATER, self.now + LATER)
            found = msgspec.structs.replace(found, look_again_at=again)
        if found.copy_of is not None and found.copy_of.partition("/")[0] in self.paused:
            # Nothing tells of the end of a pause, after which the other may do it all.
            again = min(found.look_again_at or self.now + LATER, self.now + LATER)
            found = msgspec.structs.replace(found, look_again_at=again)
        if found.look_again_at is not None and found.look_again_at <= self.now:
            # Time alone changes nothing at this very instant; asked again at once, the answer would be the same.
            found = msgspec.structs.replace(found, look_again_at=self.now + SOONEST)
        untold, concerned = self.untold.get(stored.id, ()), concerns(doc.complaint, doc.tags, cases)
        return Looked(stored, this, found, linked, around, said, untold, concerned)

    def _led(self, desk: Helpdesk, one: Earlier) -> frozenset[ActionKind]:
        """What is done at `one`, where it is, so that its copy at this desk need not do it."""
        return copies.led(self.reaches.get(one.source), self.reaches[desk.name], one.opened_at)

    def _write(
        self,
        connection: Transaction,
        looked: Sequence[Looked],
        open_ones: dict[tuple[int, str], list[Intention]],
    ) -> None:
        results = [(one.stored, _assessed(one), one.found.look_again_at) for one in looked]
        assessments.save(connection, results)
        for name in {name for one in looked for name in one.concerns} - self.woken:
            assessments.wake(connection, name, self.now)
            self.woken.add(name)  # once in a sweep is enough: all of it is of one instant
        figures.keep(connection, {one.stored.id: self._counted(one) for one in looked})
        self.store.seam("sweep: assessed")
        intended = withdrawn = 0
        for one in looked:
            intended += self._intend(connection, one) if one.found.actions else 0
            still_open = open_ones.get((one.stored.source_id, one.stored.ticket), [])
            digests = one.around.digests
            notices = [each for each in one.around.notices if may_be_withdrawn(each, digests.get(each.id))]
            withdrawn += self._withdraw(connection, one, (*still_open, *notices))
        self.sum = Swept(self.sum.looked + len(looked), self.sum.intended + intended, self.sum.withdrawn + withdrawn)

    def _counted(self, one: Looked) -> Counted:
        found = figures_of(one.this, one.found.clocks, one.found.flags, self.rules)
        return Counted(one.stored.source_id, one.stored.complainant_id, found)

    def _intend(self, connection: Transaction, looked: Looked) -> int:
        """Write the actions down, each at the source that has to carry it out. Returns how many were new."""
        new = 0
        for action in looked.found.actions:
            desk = self.by_name.get(action.source)
            if desk is None or (action.rule == COPY and action.kind not in desk.adapter.can):
                continue
            if action.kind is ActionKind.CORRECT and _opened_for_all(connection, action):
                continue
            if action.kind is not ActionKind.NOTIFY:
                new += self._intended(connection, desk, action, *self._first_state(desk, action))
                continue
            for one in self.flood.held_back(connection, action):
                new += self._intended(connection, desk, one, *self._first_state(desk, one))
        return new

    def _intended(self, connection: Transaction, desk: Helpdesk, action: Action, state: State, why: str | None) -> bool:
        if not intentions.add(connection, desk.id, [(action, state, why)], self.now):
            return False
        self.by_rule[desk.id, action.rule] = self.by_rule.get((desk.id, action.rule), 0) + 1
        detail = {"kind": action.kind, "rule": action.rule, "episode": action.episode, "why": action.why}
        sources.log(
            connection, self.now, "amends", "write: intended", source=desk.name, ticket=action.ticket, detail=detail
        )
        return True

    def _first_state(self, desk: Helpdesk, action: Action) -> tuple[State, str | None]:
        state, why = first_state(desk, action)
        if action.kind is ActionKind.NOTIFY and state is not State.DEAD:
            return self.flood.first_state(action, state)
        limit = self.rules.policy.limit_per_run
        if state is State.PENDING and self.by_rule.get((desk.id, action.rule), 0) >= limit:
            return State.HELD, f"more than {limit} at once by rule {action.rule!r}; approve them if that is meant"
        return state, why

    def _withdraw(self, connection: Transaction, looked: Looked, open_ones: Iterable[Intention]) -> int:
        withdrawn = 0
        mapping = self.desks[looked.stored.source_id].mapping
        for intention in open_ones:
            same = copies.against(intention.action, looked.found.copy_of, looked.found.led, self.rules.policy)
            approved = same is not None and _approved(connection, intention, looked.around.digests.get(intention.id))
            if same is not None and not approved and intentions.take_back(connection, intention):
                withdrawn += 1
                self._log_withdrawn(connection, intention, "taken back", same)
                continue
            hands = hands_of(looked.this, self.rules, mapping, looked.around.acks)
            why = why_not(
                intention.action,
                looked.this,
                self.rules,
                self.now,
                looked.links,
                hands,
                looked.said,
                self.alive,
                looked.untold,
            )
            if why is None:
                continue
            late = intention.action.not_after is not None and self.now > intention.action.not_after
            state = State.EXPIRED if late else State.CANCELLED
            if intentions.move(connection, intention, state, self.now, why=why):
                withdrawn += 1
                self._log_withdrawn(connection, intention, state, why)
        return withdrawn

    def _log_withdrawn(self, connection: Transaction, intention: Intention, how: str, why: str) -> None:
        detail = {"outbox": intention.id, "kind": intention.action.kind, "why": why}
        source, ticket = intention.source, intention.action.ticket
        sources.log(connection, self.now, "amends", f"write: {how}", source=source, ticket=ticket, detail=detail)


def _reaches(desks: Iterable[Helpdesk], rules: Rules, known: Iterable[SourceRow]) -> dict[str, copies.Reach]:
    """What may be written at each source: a source of the settings counts although it takes no part in this sweep."""
    rows = {row.name: row for row in known}
    found = dict(rules.reaches)
    found |= {desk.name: copies.Reach(desk.adapter.can, desk.modes, desk.act_from) for desk in desks}
    return {
        name: msgspec.structs.replace(
            reach,
            act_from=reach.act_from or (rows[name].act_from if name in rows else None),
            paused=name in rows and rows[name].paused_at is not None,
        )
        for name, reach in found.items()
    }


def _opened_for_all(connection: Transaction, action: Action) -> bool:
    """Whether the ticket of a trend was wanted, or opened, for the sake of a complaint that spoke for all before."""
    if not action.episode.startswith(f"{FlagKind.TREND}#"):
        return False
    for one in intentions.openings_of(connection, action.rule, action.episode):
        if one.action.key != action.key and one.state not in (State.CANCELLED, State.EXPIRED):
            return True
    return any(
        f"{FlagKind.TREND}#{known.trend}" == action.episode and known.rule == action.rule and known.ticket is not None
        for known in corrections.going_on(connection)
    )


def _approved(connection: Transaction, intention: Intention, digest: Intention | None) -> bool:
    """Whether a person let it go, by itself or in its digest."""
    either = (intention, digest)
    return any(one is not None and intentions.wanted_by_person(connection, one) for one in either)


def _about(stored: Stored) -> str:
    return f"{stored.source}/{stored.ticket}"


def _assessed(looked: Looked) -> Assessed:
    return Assessed(looked.found.clocks, looked.found.flags, *undecided(looked.this.promises), looked.this.kept)


def earlier_than(stored: Stored, cases: Mapping[int, Sequence[Earlier]]) -> list[Earlier]:
    """The person's other complaints, of those by person that `cases_of` found; none where nobody vouches for who it is,
    or who shares the address."""
    found = cases.get(stored.person_id, ()) if stored.joins else ()
    return [case for case in found if case.ticket != stored.ticket or case.source != stored.source]
