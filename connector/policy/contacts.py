"""Whom a complaint is taken to, by role: who is there now, who stands in, who speaks the language; pure.

Built by `settings` from contacts.yaml. `ladder` and `stages` ask whom to tell, `amends contacts` shows them to any
employee who wants to know where a complaint goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

import msgspec

from connector.errors import SettingsError
from connector.model import JSON, Mode

if TYPE_CHECKING:
    from connector.policy.rules import Condition


class Post(StrEnum):
    """The roles that a complaint may be taken to, in the order in which it usually is."""

    AGENT = "agent"
    LEAD = "lead"
    MANAGER = "manager"
    COMPLAINTS_OFFICER = "complaints_officer"
    EMERGENCY = "emergency"
    LEGAL = "legal"
    PRESS = "press"


class Worked(Protocol):
    """The hours in which a contact may be told, as `connector.clocks` makes them of a calendar."""

    def working_seconds(self, start: datetime, end: datetime) -> int: ...

    def add_working_seconds(self, start: datetime, seconds: int) -> datetime: ...


class Away(msgspec.Struct, frozen=True):
    """The days on which a contact is not there; both count, in the contact's zone."""

    first: date
    last: date


class Contact(msgspec.Struct, frozen=True):
    """A person or desk, called `id`. `reach` are references to the addresses at which they are told (never the
    addresses themselves), the best first; `hours` in which, None for any; `deputy` is the id of whoever stands in.

    `languages` are those they read (ISO 639-1), the first their own. `until` is the last day on which this holds.
    `phone` and `mail` are for people to see. `when` says for which complaints; None for all.
    """

    id: str
    post: Post
    name: str
    reach: tuple[str, ...] = ()
    hours: Worked | None = None
    deputy: str | None = None
    languages: tuple[str, ...] = ("en",)
    phone: str | None = None
    mail: str | None = None
    zone: str = "UTC"
    until: date | None = None
    away: tuple[Away, ...] = ()
    when: Condition | None = None

    def is_away(self, at: datetime) -> bool:
        """Whether they cannot be told at all that day: on leave, or not a contact any more."""
        day = at.astimezone(ZoneInfo(self.zone)).date()
        return self.has_expired(day) or any(one.first <= day <= one.last for one in self.away)

    def has_expired(self, day: date) -> bool:
        return self.until is not None and day > self.until

    def free_at(self, at: datetime) -> datetime:
        """`at`, or when their hours begin again."""
        if self.hours is None or self.hours.working_seconds(at, at + timedelta(seconds=1)):
            return at
        return self.hours.add_working_seconds(at, 1) - timedelta(seconds=1)


class Contacts(msgspec.Struct, frozen=True):
    """Everybody in contacts.yaml, in its order. `mode` is how far telling them may go. `for_customers` is the line that
    says to customers how to reach a person, by language."""

    people: tuple[Contact, ...] = ()
    mode: Mode = Mode.SHADOW
    for_customers: dict[str, str] = {}

    def __post_init__(self) -> None:
        for one in self.people:
            self._chain(one.id)

    def get(self, name: str) -> Contact | None:
        return next((one for one in self.people if one.id == name), None)

    def of(self, target: str) -> tuple[Contact, ...]:
        """Those meant by a role or by an id."""
        return tuple(one for one in self.people if target in (one.post, one.id))

    def line_for(self, language: str | None) -> str | None:
        """How a customer who speaks `language` can reach a person; the English line, else the first, where there is
        none for it."""
        lines = self.for_customers
        return lines.get(language or "") or lines.get("en") or next(iter(lines.values()), None)

    def stands_in(self, name: str, at: datetime) -> Contact | None:
        """The contact `name`, or whoever stands in while they are away; None where nobody does."""
        return next((one for one in self._chain(name) if not one.is_away(at)), None)

    def _chain(self, name: str) -> list[Contact]:
        found: list[Contact] = []
        while name not in [one.id for one in found]:
            one = self.get(name)
            if one is None:
                raise SettingsError(f"there is no contact {name!r}.", remedy="Add it to contacts.yaml.")
            found.append(one)
            if one.deputy is None:
                return found
            name = one.deputy
        raise SettingsError(
            f"the deputies of {found[0].id!r} stand in for each other in a circle.", remedy="Let the last have none."
        )


class Chosen(msgspec.Struct, frozen=True):
    """Who is to be told, and from when on they may be."""

    contact: Contact
    at: datetime


def choose(
    contacts: Contacts,
    target: str,
    *,
    values: Mapping[str, JSON],
    now: datetime,
    before: Sequence[str] = (),
    language: str | None = None,
    at_any_hour: bool = False,
) -> Chosen | None:
    """Whom of the role (or the contact of that id) `target` to tell: first whoever was told of this complaint `before`
    (ids), for nobody likes to explain it twice; then who may be told soonest; then who speaks `language`; then the
    first in the file. Whoever is away is stood in for. None where nobody is there."""
    there = list(_there(contacts, target, values, now))
    if not there:
        return None
    chosen = [Chosen(one, now if at_any_hour else one.free_at(now)) for one in there]

    def worth(one: Chosen) -> tuple[bool, datetime, bool]:
        return one.contact.id not in before, one.at, language not in one.contact.languages

    return min(chosen, key=worth)


def _there(contacts: Contacts, target: str, values: Mapping[str, JSON], now: datetime) -> Iterable[Contact]:
    seen: set[str] = set()
    for one in contacts.of(target):
        if one.when is not None and not one.when.holds(values):
            continue
        there = contacts.stands_in(one.id, now)
        if there is not None and there.id not in seen:
            seen.add(there.id)
            yield there
