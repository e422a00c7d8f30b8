"""Who had to come back: the same matter after we called it resolved, many complaints, or one reopened again and again.

Coming back says that *we* did not help; nothing here lowers a priority or limits a person. Called by every sweep, which
hands in the cases of one person over all sources, and none where nobody vouches for who it is. A ticket that is
reopened needs no such proof. Enquiries do not count, merged tickets count once (as what they were merged into), the
same message at two places counts once, and a chaser is a message, not another complaint, also where it opened a ticket
of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from connector.errors import SettingsError
from connector.model import FINISHED, Complaint, Flag, FlagKind, History, Status, Tag

SAME_MATTER, MANY, REOPENED = "same_matter", "many", "reopened"
KINDS = (SAME_MATTER, MANY, REOPENED)
# The same words of the same person at two places so soon after each other are one message.
COPIED_WITHIN = timedelta(days=3)
# "Hello?" twice may well be two messages.
WORDS_TO_TELL = 24
# Of the ASCII letters, those at which `str.split` divides.
_SPACES = bytes(letter for letter in range(128) if chr(letter).isspace())
# A second message so soon goes on with the first.
BREATH = timedelta(hours=1)


class Earlier(msgspec.Struct, frozen=True):
    """Another complaint of the same person, of any source. `resolved_at` is its last resolution, None while it is open.

    `category`, `product` and `order_number` help to tell whether it was the same matter; None where unknown. `words`
    names the text (`words_hash`). `gone`: the ticket was deleted or the complaint withdrawn.
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
    words: int | None = None
    gone: bool = False

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

    `earlier` is what else there is of the same person; what was opened after this one is ignored. Episodes
    are named by what happened to this complaint ("many#2026-06-01", its opening; "reopened#2", its fourth reopening),
    so that the next cluster is a new one, and neither a later sweep nor a shorter memory of old cases makes one.
    """
    if not _counts(complaint, tags) or complaint.opened_at > now:
        return ()
    found = [_reopened(complaint, history, policy, now)]
    others = _others(complaint, earlier)
    if others and copy_of(ours := _as_case(complaint, tags), others) is None:
        found.append(_same_matter(complaint, tags, others, policy))
        found.append(_many(complaint, others, policy) if chased(ours, others) is None else None)
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
    others = sorted(counted.values(), key=lambda one: (one.opened_at, one.case))
    alike: dict[int | None, list[Earlier]] = {}  # by their words: of most, nothing else has the same
    found = []
    for one in others:
        before = alike.setdefault(one.words, [])
        if not before or copy_of(one, before) is None:
            found.append(one)
        before.append(one)
    return found


# -- what is no complaint of its own ---------------------------------------------------------------------------------


@lru_cache(maxsize=8)  # one look at a complaint asks for the same text several times
def words_hash(text: str) -> int | None:
    """Names a text, whatever its spaces, line breaks and capitals: 64 bits, signed, as a database keeps them. None
    where it is too short to tell one message from another."""
    if text.isascii():  # the same, at a third of the price
        squeezed = text.encode().translate(None, _SPACES).lower()
        letters = len(squeezed)
    else:
        told = "".join(text.split()).casefold()
        squeezed, letters = told.encode(errors="replace"), len(told)
    if letters < WORDS_TO_TELL:
        return None
    return int.from_bytes(hashlib.blake2b(squeezed, digest_size=8).digest(), signed=True)


def copy_of(case: Earlier, others: Iterable[Earlier]) -> Earlier | None:
    """The first of the person's `others` that is the same message at another source, opened before, and still there;
    None if none is."""
    if case.words is None:
        return None
    for one in others:
        if (
            one.words == case.words
            and not (one.gone or one.merged)
            and one.source != case.source
            and (one.opened_at, one.case) < (case.opened_at, case.case)
            and case.opened_at - one.opened_at <= COPIED_WITHIN
        ):
            return one
    return None


def chased(case: Earlier, others: Iterable[Earlier]) -> Earlier | None:
    """The person's first open case after which `case` asks: both name the same order, or the same category and no other
    product. None where it is a matter of its own."""
    if not (case.order_number or case.category):
        return None
    for one in others:
        if (
            one.opened_at < case.opened_at
            and not (one.gone or one.merged)
            and (one.resolved_at is None or one.resolved_at > case.opened_at)
            and _surely_like(case, one)
        ):
            return one
    return None


def _surely_like(case: Earlier, one: Earlier) -> bool:
    if case.order_number and one.order_number:
        return case.order_number == one.order_number
    other_product = case.product and one.product and case.product != one.product
    return bool(case.category) and case.category == one.category and not other_product


def chasers(history: History) -> int:
    """How often the customer asked again within one ticket before anybody had answered what they wrote before."""
    answers = (*history.replies, *history.resolutions)
    count, unanswered = 0, history.received_at
    for at in history.customer_messages:
        if at - unanswered >= BREATH and not any(unanswered <= word <= at for word in answers):
            count += 1
        unanswered = at
    return count


def chasing(complaint: Complaint, history: History, tags: Sequence[Tag], others: Iterable[Earlier]) -> int:
    """How often the customer asked after this complaint before anybody had answered: in its own ticket, and by others
    that they opened meanwhile. `others` are all else of the same person."""
    others = list(others)
    if not others:
        return chasers(history)
    ours = _as_case(complaint, tags, history)
    asking = (one for one in others if one.is_complaint and not one.merged and chased(one, [ours]) is not None)
    return chasers(history) + sum(copy_of(one, [ours, *others]) is None for one in asking)


def leading(complaint: Complaint, history: History, tags: Sequence[Tag], others: Sequence[Earlier]) -> Earlier | None:
    """The complaint of which this one is the same message at another place, and which is to be dealt with in its stead.
    None where it has none, or where the customer wrote here, be it by sending it again, after the other was resolved:
    that was not told there."""
    one = copy_of(_as_case(complaint, tags), [each for each in others if each.is_complaint])
    if one is None or one.resolved_at is None:
        return one
    written = (history.received_at, *history.customer_messages)
    return None if any(at > one.resolved_at for at in written) else one


def concerns(complaint: Complaint, tags: Sequence[Tag], others: Sequence[Earlier]) -> tuple[str, ...]:
    """The person's other cases for which it matters how this one stands: its copies, and the one after which it
    asks."""
    ours = _as_case(complaint, tags)
    found = [one.case for one in others if copy_of(one, [ours]) is not None]
    after = chased(ours, others) if copy_of(ours, others) is None else None
    return tuple(found) if after is None else (*found, after.case)


def _as_case(complaint: Complaint, tags: Sequence[Tag], history: History | None = None) -> Earlier:
    ended = history is not None and complaint.status in FINISHED and history.resolutions
    return Earlier(
        complaint.source,
        complaint.ticket,
        complaint.opened_at,
        history.resolutions[-1] if history is not None and ended else None,
        category=_value(tags, "category"),
        product=complaint.product,
        order_number=complaint.order_number,
        words=words_hash(complaint.text),
    )


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
    recent = [
        one
        for index, one in enumerate(others)
        if complaint.opened_at - one.opened_at <= window and chased(one, others[:index]) is None
    ]
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
