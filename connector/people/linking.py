"""Which identities are one person: links by keys that prove it, people's words above them, and what follows; pure.

A link joins two identities that share a key, unless their names say that they are two people. `components` then makes
persons of identities: what a human said counts first, nothing joins across an "apart", and no key joins two customer
numbers. Called by `store.people` for all that a page touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import combinations

import msgspec

from connector.people.identity import MAIL, PHONE, Identity
from connector.people.names import Fit, fit

# A key of more identities than that belongs to a switchboard, a company or a mistake.
MOST_OF_ONE_KEY = 25


class Said(StrEnum):
    """What is held of two identities: `key` joins them by rule, `linked` and `apart` are a human's word, `proposed` is
    a question."""

    KEY = "key"
    LINKED = "linked"
    APART = "apart"
    PROPOSED = "proposed"


class Tie(msgspec.Struct, frozen=True):
    """One statement about two identities, `a` < `b`. `why` is the evidence: the key of a KEY, else words. `score` (log
    odds) belongs to a proposal."""

    a: int
    b: int
    said: Said
    why: str
    who: str
    at: datetime
    score: float | None = None


def links(key: str, members: Sequence[Identity], single: frozenset[str]) -> list[tuple[int, int]]:
    """Which identities a key joins, as pairs (lower id, higher id). `members` all have it; `single` are the kinds of
    number of which nobody has two.

    Where names of a mailbox or a phone contradict each other, several people share it: then only the same name in full
    joins. A phone or an order is a household's as often as a person's, so it joins nobody whose name is missing or cut
    to an initial; nor does a phone join two mailboxes, for in some families a child is called like a parent.
    """
    if not 1 < len(members) <= MOST_OF_ONE_KEY:
        return []
    members = sorted(members, key=lambda one: one.id)
    kind = key.partition(":")[0]
    fits = {(one.id, other.id): fit(one.name, other.name) for one, other in combinations(members, 2)}
    least = Fit.MAYBE if kind == MAIL or kind in single else Fit.FITS
    if Fit.NO in fits.values():
        least = Fit.SAME
    found = [pair for pair, how in fits.items() if how >= least]
    if kind == PHONE:
        mailboxes = {one.id: _mailbox(one.address) for one in members}
        found = [(a, b) for a, b in found if len({mailboxes[a], mailboxes[b]} - {""}) < 2]
    return found


def _mailbox(address: str | None) -> str:
    """An address as a mailbox is told from others: without what stands behind a plus."""
    local, at, domain = (address or "").strip().casefold().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def strength(key: str, single: frozenset[str]) -> int:
    """Which keys are believed before others: a mailbox, a customer number, a phone, anything else."""
    kind = key.partition(":")[0]
    return 0 if kind == MAIL else 1 if kind in single else 2 if kind == PHONE else 3


def components(
    identities: Iterable[Identity],
    ties: Iterable[Tie],
    single: frozenset[str],
) -> dict[int, int]:
    """The person of each identity, by id: the lowest id of all that are the same person. `single` as in `links`."""
    ties, known = list(ties), {one.id: one for one in identities}
    groups = {one: {one} for one in known}
    apart = {frozenset((tie.a, tie.b)) for tie in ties if tie.said is Said.APART}
    by_word = sorted((tie for tie in ties if tie.said is Said.LINKED), key=lambda tie: (tie.at, tie.a, tie.b))
    by_key = sorted(
        (tie for tie in ties if tie.said is Said.KEY), key=lambda tie: (strength(tie.why, single), tie.a, tie.b)
    )
    # Whom keys alone hold together: a person who was joined by hand may well have two names.
    kin = {one: {one} for one in known}
    for tie in (*by_word, *by_key):
        one, other = groups.get(tie.a), groups.get(tie.b)
        if one is None or other is None or one is other:
            continue
        if any(frozenset((a, b)) in apart for a in one for b in other):
            continue
        if tie.said is Said.KEY:
            ours, theirs = kin[tie.a], kin[tie.b]
            if any(fit(known[a].name, known[b].name) is Fit.NO for a in ours for b in theirs):
                continue
            if _two_customers([known[a] for a in one], [known[b] for b in other], single):
                continue
            _unite(kin, ours, theirs)
        _unite(groups, one, other)
    return {member: min(group) for member, group in groups.items()}


def _unite(groups: dict[int, set[int]], one: set[int], other: set[int]) -> None:
    one |= other
    for member in other:
        groups[member] = one


def _two_customers(ones: Sequence[Identity], others: Sequence[Identity], single: frozenset[str]) -> bool:
    """Whether both have a number of a kind of which nobody has two, and none in common."""
    for kind in single:
        ours, theirs = (
            {key for member in members for key in member.keys if key.partition(":")[0] == kind}
            for members in (ones, others)
        )
        if ours and theirs and not ours & theirs:
            return True
    return False
