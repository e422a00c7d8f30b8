"""Who had to come back: the same matter after we called it resolved, many complaints, or one reopened again and again.

Coming back says that *we* did not help; nothing here lowers a priority or limits a person. Called by every sweep.
Complaints of one person are joined only by a verified address, since a forged one would join strangers. A ticket that
is reopened needs no such proof. Enquiries do not count, merged tickets count once (as what they were merged into), and
a chaser on a ticket that is still open is a message, not another complaint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from connector.errors import SettingsError
from connector.model import Complaint, Flag, FlagKind, History, Status, Tag

SAME_MATTER, MANY, REOPENED = "same_matter", "many", "reopened"
KINDS = (SAME_MATTER, MANY, REOPENED)
VERIFIED = "mail:"


class Earlier(msgspec.Struct, frozen=True):
    """Another complaint of the same person, of any source. `resolved_at` is its last resolution, None while it is open.

    `category`, `product` and `order_number` help to tell whether it was the same matter; None where unknown.
    """

    source: str
    ticket: str
    opened_at: datetime
    resolved_at: datetime | None = None
    is_complaint: bool = True
    merged: bool = False
    category: str | None = None
    product: str | None = None
    order_number: str | None = None

    @property
    def case(self) -> str:
        return f"{self.source}/{self.ticket}"


class RepeatPolicy(msgspec.Struct, frozen=True):
    """When coming back is worth a flag: the same matter within `same_matter_days` of its resolution; the `many`-th
    complaint within `many_days`; every `reopened`-th reopening of one ticket. Days are calendar days of 24 hours."""

    same_matter_days: int = 30
    many: int = 3
    many_days: int = 90
    reopened: int = 2

    def __post_init__(self) -> None:
        if self.many < 2 or min(self.same_matter_days, self.many_days, self.reopened) < 1:
            raise SettingsError(
                "repeats: a threshold is too low.", remedy="Use many: 2 or more, reopened and the days: 1 or more."
            )


def repeats(
    complaint: Complaint,
    history: History,
    tags: Sequence[Tag],
    earlier: Iterable[Earlier],
    policy: RepeatPolicy,
    now: datetime,
) -> tuple[Flag, ...]:
    """The REPEAT flags of one complaint; `rule` is one of KINDS, `cases` holds "source/ticket" of all that make it up.

    `earlier` is what else there is of the same complainant key; what was opened after this one is ignored. Episodes
    are named by what happened to this complaint ("many#2026-06-01", its opening; "reopened#2", its fourth reopening),
    so that the next cluster is a new one, and neither a later sweep nor a shorter memory of old cases makes one.
    """
    if not _counts(complaint, tags) or complaint.opened_at > now:
        return ()
    found = [_reopened(complaint, history, policy, now)]
    if complaint.complainant.key.startswith(VERIFIED):
        others = _others(complaint, earlier)
        found += [_same_matter(complaint, tags, others, policy), _many(complaint, others, policy)]
    return tuple(flag for flag in found if flag is not None)


def _counts(complaint: Complaint, tags: Sequence[Tag]) -> bool:
    gone = complaint.merged_into is not None or complaint.status is Status.DELETED
    return not gone and _value(tags, "complaint") == "yes"


def _value(tags: Sequence[Tag], facet: str) -> str | None:
    return next((tag.value for tag in tags if tag.facet == facet), None)


def _others(complaint: Complaint, earlier: Iterable[Earlier]) -> list[Earlier]:
    """What counts beside `complaint`, each ticket once, oldest first."""
    here = (complaint.opened_at, complaint.source, complaint.ticket)
    counted = {
        one.case: one
        for one in earlier
        if one.is_complaint and not one.merged and (one.opened_at, one.source, one.ticket) < here
    }
    counted.pop(_case(complaint), None)
    return sorted(counted.values(), key=lambda one: (one.opened_at, one.case))


def _same_matter(
    complaint: Complaint, tags: Sequence[Tag], others: Sequence[Earlier], policy: RepeatPolicy
) -> Flag | None:
    window, category = timedelta(days=policy.same_matter_days), _value(tags, "category")
    again = [
        one
        for one in others
        if one.resolved_at is not None
        and timedelta() <= complaint.opened_at - one.resolved_at <= window
        and _like(complaint, category, one)
    ]
    if not again:
        return None
    last = max(again, key=lambda one: one.resolved_at or one.opened_at)
    days = (complaint.opened_at - (last.resolved_at or last.opened_at)).days
    why = f"The customer is back {_days(days)} after {last.case} was resolved{_likeness(complaint, category, last)}."
    return _flag(complaint, SAME_MATTER, _opened(complaint), complaint.opened_at, why, again)


def _like(complaint: Complaint, category: str | None, one: Earlier) -> bool:
    """Whether it may be the same matter: an order number that both name decides; else whatever both name must agree.
    Where they name nothing in common it may be, since a manager sees the flag and no customer suffers by it."""
    if complaint.order_number and one.order_number:
        return complaint.order_number == one.order_number
    pairs = ((category, one.category), (complaint.product, one.product))
    return all(ours == theirs for ours, theirs in pairs if ours and theirs)


def _likeness(complaint: Complaint, category: str | None, one: Earlier) -> str:
    if complaint.order_number and complaint.order_number == one.order_number:
        return ", about the same order"
    same = [
        word
        for word, ours, theirs in (("category", category, one.category), ("product", complaint.product, one.product))
        if ours and ours == theirs
    ]
    return f", in the same {' and '.join(same)}" if same else ", perhaps about another matter"


def _many(complaint: Complaint, others: Sequence[Earlier], policy: RepeatPolicy) -> Flag | None:
    window = timedelta(days=policy.many_days)
    recent = [one for one in others if complaint.opened_at - one.opened_at <= window]
    if len(recent) + 1 < policy.many:
        return None
    why = f"This is complaint number {len(recent) + 1} of the same customer within {_days(policy.many_days)}."
    return _flag(complaint, MANY, _opened(complaint), complaint.opened_at, why, recent)


def _reopened(complaint: Complaint, history: History, policy: RepeatPolicy, now: datetime) -> Flag | None:
    reopens = [instant for instant in history.reopens if instant <= now]
    times = len(reopens) // policy.reopened
    if not times:
        return None
    since = reopens[times * policy.reopened - 1]
    return _flag(complaint, REOPENED, str(times), since, f"It has been reopened {_times(len(reopens))}.", ())


def _flag(complaint: Complaint, rule: str, life: str, since: datetime, why: str, others: Sequence[Earlier]) -> Flag:
    cases = (*(one.case for one in others), _case(complaint))
    return Flag(FlagKind.REPEAT, rule=rule, episode=f"{rule}#{life}", since=since, why=why, cases=cases)


def _opened(complaint: Complaint) -> str:
    return complaint.opened_at.date().isoformat()


def _case(complaint: Complaint) -> str:
    return f"{complaint.source}/{complaint.ticket}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days" if count else "within a day"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
