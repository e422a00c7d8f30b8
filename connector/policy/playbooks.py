"""What may be offered to whom, and by which steps; what was granted against what was asked; pure.

Built by `settings` from playbooks.yaml. The first playbook that fits a complaint counts, and the last one fits all: a
complaint of no known kind is handled, too. Called by `telling` for notes, by `explain` and `amends remedy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from connector.errors import SettingsError
from connector.model import JSON, Tag

if TYPE_CHECKING:
    from connector.policy.rules import Condition

REMEDY = "remedy"


class Offer(msgspec.Struct, frozen=True):
    """What may be offered of one `remedy`: up to `most` (a decimal number, in `currency`), without asking up to
    `alone`; beyond that the role or contact `by` decides. None: no limit is set."""

    remedy: str
    most: Decimal | None = None
    currency: str | None = None
    alone: Decimal | None = None
    by: str | None = None

    def __post_init__(self) -> None:
        money = (self.most, self.alone)
        if any(one is not None for one in money) and self.currency is None:
            raise SettingsError(f"the limit of {self.remedy!r} has no currency.", remedy="Add one: `currency: EUR`.")
        if any(one is not None and one < 0 for one in money):
            raise SettingsError(f"the limit of {self.remedy!r} is less than nothing.", remedy="Write 0 or more.")
        if self.most is not None and self.alone is not None and self.alone > self.most:
            raise SettingsError(
                f"of {self.remedy!r} more may be offered alone than at all.", remedy="Make `alone` less than `most`."
            )


class Playbook(msgspec.Struct, frozen=True):
    """For complaints of these `categories` and wishes (`remedies`; () is any) for which `when` holds: the `steps`, and
    the `offers` that may be made."""

    id: str
    title: str
    categories: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    when: Condition | None = None
    steps: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()

    @property
    def catches_all(self) -> bool:
        return not (self.categories or self.remedies) and self.when is None

    def offer(self, remedy: str) -> Offer | None:
        return next((one for one in self.offers if one.remedy == remedy), None)


class Playbooks(msgspec.Struct, frozen=True):
    """All of them, in order. None at all is fine; some without one that fits everything are not."""

    books: tuple[Playbook, ...] = ()

    def __post_init__(self) -> None:
        if self.books and not self.books[-1].catches_all:
            raise SettingsError(
                "no playbook is left for what fits no category.",
                remedy="End with one that has neither category, remedy nor when.",
            )
        early = next((one.id for one in self.books[:-1] if one.catches_all), None)
        if early is not None:
            raise SettingsError(
                f"{early!r} fits everything, so none after it is ever used.", remedy="Move it to the end."
            )

    def fitting(self, tags: Sequence[Tag], values: Mapping[str, JSON]) -> Playbook | None:
        """The first that fits; None only where there are none."""
        category = next((tag.value for tag in tags if tag.facet == "category"), "")
        wanted = {tag.value for tag in tags if tag.facet == REMEDY}
        for book in self.books:
            named = not book.categories or any(_within(category, one) for one in book.categories)
            wished = not book.remedies or bool(wanted.intersection(book.remedies))
            if named and wished and (book.when is None or book.when.holds(values)):
                return book
        return None


def _within(value: str, wider: str) -> bool:
    """Whether a category is this one, or a finer one of it ("delivery/late" of "delivery")."""
    return value == wider or value.startswith(f"{wider}/")


def offered(book: Playbook) -> tuple[str, str]:
    """(playbook, what may be offered) in words, for a note."""
    said = ", ".join(_limit(offer) for offer in book.offers)
    return book.id, said or "nothing without asking"


def _limit(offer: Offer) -> str:
    name = offer.remedy.replace("_", " ")
    if offer.most is None:
        return name
    beyond = f" (above {offer.alone} ask {offer.by})" if offer.alone is not None and offer.by else ""
    return f"{name} up to {offer.most} {offer.currency}{beyond}"


class Grant(msgspec.Struct, frozen=True):
    """What a customer was given: a `remedy` and what it cost us (a decimal number as text, and its ISO 4217 code)."""

    remedy: str
    at: datetime
    who: str
    cost: str | None = None
    currency: str | None = None
    id: int | None = None


def beyond(grant: Grant, book: Playbook | None) -> str | None:
    """Why a grant is not within the playbook, in words; None where it is."""
    if book is None:
        return None
    offer = book.offer(grant.remedy)
    if offer is None:
        return f"playbook {book.id!r} offers no {grant.remedy.replace('_', ' ')}"
    if grant.cost is None or offer.most is None:
        return None
    if grant.currency != offer.currency:
        return f"its limit is in {offer.currency}"
    if Decimal(grant.cost) > offer.most:
        return f"more than the {offer.most} {offer.currency} of playbook {book.id!r}"
    if offer.alone is not None and Decimal(grant.cost) > offer.alone and offer.by:
        return f"above {offer.alone} {offer.currency}, {offer.by.replace('_', ' ')} decides"
    return None


def costs(grants: Iterable[Grant]) -> dict[str, Decimal]:
    """What they cost, by currency."""
    found: dict[str, Decimal] = {}
    for grant in grants:
        if grant.cost is not None and grant.currency is not None:
            found[grant.currency] = found.get(grant.currency, Decimal(0)) + Decimal(grant.cost)
    return found
