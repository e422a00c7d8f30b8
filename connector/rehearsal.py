"""What a policy would have done to one complaint, had it been in force: its life gone through again, moment by moment.

Pure. The timeline is cut at each moment, and assessed as a sweep would have done then; ladders go on as if every notice
had been told at once. What a complaint is about is taken as it is known today. Called by `amends policy try`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

import msgspec

from connector.assessment.clocks import clocks_of
from connector.assessment.deciding import Assessment, assess, hands_of
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood
from connector.clocks import overdue
from connector.clocks.lives import ACKNOWLEDGEMENT, FIRST_REPLY, NEXT_REPLY, RESOLUTION
from connector.mapping import Mapping as FieldMapping
from connector.mapping import words
from connector.model import JSON, WAITING, Action, ActionKind, Complaint, EntryKind, Flag, FlagKind, Status
from connector.people.repeats import Earlier
from connector.policy import emergencies
from connector.policy.case import Case, Decided
from connector.policy.decision import nowhere
from connector.policy.handoffs import MANY
from connector.policy.ladder import Told
from connector.policy.rules import Policy
from connector.policy.standing import objection
from connector.policy.taken import Ack, Hands
from connector.policy.telling import Telling, notices
from connector.timeline import Folded, Folding

MOST_MOMENTS = 500  # of one life: a ladder that never ends, or a ticket that changes all day, is cut there
SOONEST = timedelta(minutes=1)


class Would(msgspec.Struct, frozen=True):
    """A write that would have been sent `at` that instant; `to` is whom a notice would have told. Its note has no
    words, which nobody is going to read."""

    at: datetime
    action: Action
    to: str | None = None


class Rehearsed(msgspec.Struct, frozen=True):
    """What would have been sent. `cut`: the life has more moments than were looked at."""

    writes: tuple[Would, ...] = ()
    cut: bool = False


def rehearse(
    this: Understood,
    earlier: Sequence[Earlier],
    rules: Rules,
    mapping: FieldMapping,
    *,
    salt: str,
    since: datetime,
    until: datetime,
    acks: Sequence[Ack] = (),
    acknowledges: bool = False,
    asks: Asks | None = None,
) -> Rehearsed:
    """All writes of one complaint between `since` and `until` that `rules` would have led to. `asks` is what was
    `asked` of these rules, where it is at hand."""
    if not could_write(this, rules, acknowledges=acknowledges):
        return Rehearsed()
    found: dict[str, Would] = {}
    known: set[Decided] = set()
    told: list[Told] = []

    def keep(actions: Sequence[Action], at: datetime) -> None:
        for action in actions:
            if action.key not in found and action.not_before <= at:
                found[action.key] = _would(action, at)
                known.add((action.rule, action.episode, action.kind))
                told.extend(_told(action, at))

    def tell(then: Understood, values: Mapping[str, JSON], flags: Sequence[Flag], at: datetime) -> Telling:
        hands = hands_of(then, rules, mapping, [one for one in acks if one.at <= at])
        result = _notices(then, values, flags, rules.policy, hands, told, salt.encode(), since, at)
        keep(result.actions, at)
        return result

    def look(then: Understood, at: datetime) -> Assessment:
        result = assess(
            then,
            [one for one in earlier if one.opened_at <= at],
            rules,
            mapping,
            salt=salt,
            act_from=since,
            now=at,
            acknowledges=acknowledges,
            acks=[one for one in acks if one.at <= at],
            told=told,
            known=known,
            wordless=True,
        )
        keep(result.actions, at)
        return result

    life, asks = _Life(this, mapping), asks or asked(rules)
    cut = _walk(life, look, tell, rules, asks, max(since, this.folded.opened_at), until)
    return Rehearsed(tuple(found.values()), cut)


def _walk(
    life: _Life,
    look: Callable[[Understood, datetime], Assessment],
    tell: Callable[[Understood, Mapping[str, JSON], Sequence[Flag], datetime], Telling],
    rules: Rules,
    asks: Asks,
    first: datetime,
    until: datetime,
) -> bool:
    """Look at each moment at which something may follow; whether there are more of them than are looked at. Where the
    complaint stands as it did, nobody but people of ours can have to be told something."""
    at: datetime | None = first
    by_time: datetime | None = None
    looked: _Looked | None = None
    for _ in range(MOST_MOMENTS):
        if at is None or at > until:
            return False
        if looked is not None and looked.stands(life, at, asks):
            if not asks.tells and (by_time is None or at < by_time):
                at = life.next(at, by_time)
                continue
            ticking = looked.ticking(life, rules, at)
            if looked.covers(at, ticking.flags):
                by_time = _first(ticking.until, looked.pending)
                if asks.tells and (then := life.as_of(at)) is not None:
                    telling = tell(then, looked.values, looked.all_flags(ticking.flags), at)
                    by_time = _sooner(_first(by_time, telling.look_again_at), telling.actions, at)
                at = life.next(at, by_time)
                continue
        then, looked, by_time = life.as_of(at), None, None
        if then is not None:
            result = look(then, at)
            looked = _looked(life, then, result, asks, at)
            by_time = _sooner(result.look_again_at, result.actions, at)
        at = life.next(at, by_time)
    return True


def could_write(this: Understood, rules: Rules, *, acknowledges: bool) -> bool:
    """Whether anything may ever be written about it. Most tickets are no complaints: of those, only an emergency is
    told, a stage that they come to, and where everybody is, that they have come."""
    policy = rules.policy
    everybody = acknowledges and policy.acknowledge is not None and policy.acknowledge.everybody
    return (
        this.is_complaint == "yes"
        or everybody
        or bool(policy.stages)
        or any(tag.facet == emergencies.FACET for tag in this.tags)
    )


def _notices(
    this: Understood,
    values: Mapping[str, JSON],
    flags: Sequence[Flag],
    policy: Policy,
    hands: Hands,
    told: Sequence[Told],
    salt: bytes,
    since: datetime,
    now: datetime,
) -> Telling:
    """What people of ours would be told of a complaint with these `flags`, by conditions that are steady."""
    against = objection(this.complaint, this.tags)
    return notices(
        Case(
            this.complaint,
            this.folded.history,
            this.tags,
            (),
            [flag for flag in flags if against is None or flag.kind is FlagKind.EMERGENCY],
            (),
            policy,
            values,
            lambda change: change,
            nowhere,
            salt,
            since,
            now,
            hands,
            told=told,
            wordless=True,
        )
    )


def _would(action: Action, at: datetime) -> Would:
    notice = action.effect.notice
    return Would(at, action, notice.contact if notice is not None else None)


def _told(action: Action, at: datetime) -> Iterator[Told]:
    if action.kind is ActionKind.NOTIFY and action.effect.notice is not None:
        yield Told(action.rule, action.episode, action.effect.notice.contact, at)


def _sooner(look_again: datetime | None, actions: Sequence[Action], at: datetime) -> datetime | None:
    """When the passing of time may change something: as the sweep would be told, but at once where a notice went out
    (the next step of its ladder counts from there)."""
    if any(action.kind is ActionKind.NOTIFY for action in actions):
        return at + SOONEST if look_again is None or look_again <= at else min(look_again, at + SOONEST)
    return look_again


# -- moments at which nothing can follow -----------------------------------------------------------------------------

# What these clocks count ends with a reply, and a customer who goes on writing starts none of them.
_ENDED_BY_REPLY = frozenset({ACKNOWLEDGEMENT, FIRST_REPLY, NEXT_REPLY, RESOLUTION})
_NOT_BEGUN_BY_CUSTOMER = frozenset({ACKNOWLEDGEMENT, FIRST_REPLY, RESOLUTION})
# What changes without a change of status, priority or team; a condition on it may come true at any entry.
_UNSTEADY = frozenset({"owner", "flags", "clocks", "handoffs", "earlier", "chasers"})
# What time and entries change of these is known without a whole look: they are of clocks, or of the first message.
_OF_CLOCKS = frozenset({FlagKind.OVERDUE, FlagKind.DUE_SOON, FlagKind.BROKEN_PROMISE})
_STEADY_FLAGS = _OF_CLOCKS | {FlagKind.EMERGENCY}
_WORD = re.compile(r"[a-z_]+")


class Asks(msgspec.Struct, frozen=True):
    """What the rules ask of a complaint. `steady`: only of what an entry cannot change unseen. `tells`: people of ours
    may have to be told at any moment."""

    steady: bool
    tells: bool
    handoffs: bool
    ladders: frozenset[FlagKind]
    replies_only_end: bool
    customers_begin_none: bool
    pauses: frozenset[Status]


def asked(rules: Rules) -> Asks:
    """The same for all complaints."""
    policy, sla = rules.policy, rules.sla
    spoken = {rule.on for rule in policy.rules} | {one.on for one in policy.corrections}
    asking = [one.when for one in policy.rules] + [one.when for one in policy.corrections]
    asking += [one.when for one in sla.targets] + [one.when for one in policy.contacts.people]
    asking += [one.when for one in (policy.survey, policy.acknowledge) if one is not None]
    conditions = [one for one in asking if one is not None]
    names = {name for one in conditions for name in _WORD.findall(one.text)}
    timed = any(sla.marks.values()) or bool(sla.regulations)
    kinds = frozenset(sla.by_kind)
    ladders = frozenset(rule.on for rule in policy.rules if rule.ladder) if policy.contacts.people else frozenset()
    return Asks(
        steady=not (timed or FlagKind.WORDING in spoken or names & _UNSTEADY),
        tells=bool(ladders or (policy.stages and policy.contacts.people)),
        handoffs=FlagKind.HANDOFFS in spoken,
        ladders=ladders,
        replies_only_end=kinds <= _ENDED_BY_REPLY,
        customers_begin_none=kinds <= _NOT_BEGUN_BY_CUSTOMER,
        pauses=frozenset().union(*(target.pauses or WAITING for target in sla.targets), WAITING),
    )


class _Ticking(NamedTuple):
    """What the clocks flag, and until when they do, unless something happens: `entries` are those that had by then."""

    flags: Sequence[Flag]
    until: datetime | None
    entries: int


class _Looked:
    """A whole look at a complaint: how it stood, its flags, and when the first write that it led to falls due."""

    def __init__(self, then: Understood, flags: Sequence[Flag], ticking: _Ticking, pending: datetime | None) -> None:
        self.folded, self.pending = then.folded, pending
        self._then, self._flags, self._ticking, self._entries = then, flags, ticking, ticking.entries
        self._known = frozenset((flag.kind, flag.episode) for flag in flags)

    def stands(self, life: _Life, at: datetime, asks: Asks) -> bool:
        """Whether nothing happened since that any rule asks about. Whom to tell depends on the moment at which it is
        asked, so where people may be told, a write that was to follow is looked for anew after each entry."""
        if life.entries(at) == self._entries:
            return True
        return not (asks.tells and self.pending is not None) and life.is_quiet(at, self.folded, asks)

    @cached_property
    def values(self) -> Mapping[str, JSON]:
        """What conditions see, while it stands as it did: all but what they do not ask for where rules are steady."""
        return self._then.values

    def ticking(self, life: _Life, rules: Rules, at: datetime) -> _Ticking:
        """What the clocks flag at that moment."""
        was, entries = self._ticking, life.entries(at)
        if was.entries != entries or (was.until is not None and at >= was.until):
            clocks = clocks_of(life.as_of(at) or life.this, rules, at, self.values)
            flags = overdue.flags(clocks, rules.sla, at)
            self._ticking = _Ticking(flags, overdue.next_change(clocks, at), entries)
        return self._ticking

    def covers(self, at: datetime, flags: Sequence[Flag]) -> bool:
        """Whether these flags of clocks, in the same state, lead to nothing new at that time."""
        return (self.pending is None or at < self.pending) and self._known.issuperset(
            (flag.kind, flag.episode) for flag in flags
        )

    def all_flags(self, ticking: Sequence[Flag]) -> list[Flag]:
        """These flags of clocks, with the others that it had, in their order."""
        urgent = [flag for flag in self._flags if flag.kind is FlagKind.EMERGENCY]
        return [*urgent, *ticking, *(one for one in self._flags if one.kind not in _STEADY_FLAGS)]


def _looked(life: _Life, then: Understood, result: Assessment, asks: Asks, at: datetime) -> _Looked | None:
    """None where something may follow at any moment, though the complaint stands as it did."""
    if (
        not asks.steady
        or life.this.promises
        or life.this.kept is not None
        or result.copy_of is not None
        or then.complaint.opened_at > at
        or any(flag.kind in asks.ladders and flag.kind not in _STEADY_FLAGS for flag in result.flags)
    ):
        return None
    pending = min((one.not_before for one in result.actions if one.not_before > at), default=None)
    flags = [flag for flag in result.flags if flag.kind in _OF_CLOCKS]
    ticking = _Ticking(flags, overdue.next_change(result.clocks, at), life.entries(at))
    return _Looked(then, result.flags, ticking, pending)


def _first(*instants: datetime | None) -> datetime | None:
    return min((one for one in instants if one is not None), default=None)


def _same(before: Folded, now: Folded, asks: Asks) -> bool:
    """Whether nothing can follow from `now` that did not from `before`, entries aside that `handoffs` counts."""
    was, is_ = before.history, now.history
    if (
        was.spells != is_.spells
        or was.resolutions != is_.resolutions
        or was.reopens != is_.reopens
        or was.priorities != is_.priorities
        or was.teams != is_.teams
        or was.received_at != is_.received_at
        or was.begun_by_staff != is_.begun_by_staff
        or before.merged_into != now.merged_into
    ):
        return False
    # A reply that was only guessed gives way to one that was seen: then an earlier answer is gone.
    answered = was.replies != is_.replies or was.automatic != is_.automatic
    if answered and not (asks.replies_only_end and is_.replies[: len(was.replies)] == was.replies):
        return False
    if was.customer_messages == is_.customer_messages:
        return True
    waiting = is_.status in asks.pauses or is_.begun_by_staff
    return asks.customers_begin_none and not waiting


class _Life:
    """A complaint at one moment after the other, as its timeline had it. Each entry is folded once."""

    def __init__(self, this: Understood, mapping: FieldMapping) -> None:
        self.this = this
        self._times = [entry.occurred_at for entry in this.entries]
        self._folding = Folding(words(mapping))
        self._taken = 0
        self._folded: Folded | None = None
        self._owners = self._voices = 0

    def as_of(self, at: datetime) -> Understood | None:
        """None where it had not come yet. Moments have to be asked for in order."""
        this, count = self.this, bisect_right(self._times, at)
        if count == len(self._times):
            return this
        self._take(count)
        if self._folded is None:
            return None
        promises = tuple(one for one in this.promises if one.promise.made_at <= at)
        kept = this.kept if this.kept is not None and this.kept.until <= at else None
        complaint = _then(this.complaint, self._folded, at)
        return Understood(complaint, this.entries[:count], this.tags, self._folded, promises, kept)

    def entries(self, at: datetime) -> int:
        """How many entries it had by then."""
        return bisect_right(self._times, at)

    def _take(self, count: int) -> None:
        if count <= self._taken:
            return
        for entry in self.this.entries[self._taken : count]:
            self._folding.take(entry)
            self._owners += entry.kind is EntryKind.OWNER
            self._voices += entry.kind is EntryKind.STAFF_REPLY
        self._taken, self._folded = count, self._folding.result()

    def is_quiet(self, at: datetime, before: Folded, asks: Asks) -> bool:
        """Whether what happened up to then changes nothing that any rule asks about. With the last entry, the complaint
        stands as its source tells it, which may be another way."""
        count = bisect_right(self._times, at)
        self._take(count)
        folded, told = self._folded, self.this.complaint
        handed = asks.handoffs and (self._owners > MANY or self._voices >= MANY)
        if folded is None or handed or not _same(before, folded, asks):
            return False
        as_told = (told.status, told.priority, told.merged_into) == (folded.status, folded.priority, folded.merged_into)
        return as_told or count < len(self._times)

    def next(self, at: datetime, by_time: datetime | None) -> datetime | None:
        """The next moment after `at` at which something happened, or time alone may change something."""
        count = bisect_right(self._times, at)
        happening = self._times[count] if count < len(self._times) else None
        if by_time is not None and by_time <= at:
            by_time = at + SOONEST
        return _first(happening, by_time)


def _then(complaint: Complaint, folded: Folded, at: datetime) -> Complaint:
    return msgspec.structs.replace(
        complaint,
        status=folded.status,
        priority=folded.priority,
        owner=folded.owner,
        merged_into=folded.merged_into,
        updated_at=at,
    )
