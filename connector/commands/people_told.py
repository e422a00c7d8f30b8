"""`amends contacts` and `amends ack`: where a complaint goes, and saying that one sees to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import msgspec

from connector.commands.cases import find
from connector.commands.place import Place
from connector.display import clean, moment, table, wrapped
from connector.errors import SettingsError
from connector.policy.contacts import Contact, Contacts, Post
from connector.policy.rules import Policy
from connector.policy.taken import Ack
from connector.store import acks, sources


class Reachable(msgspec.Struct, frozen=True):
    """A contact as anybody may see them: no address of theirs, but how to call or write to them. `there` is whether
    they can be told now, `stands_in` who does while they are away; `ladders` and `stages` name them."""

    id: str
    role: str
    name: str
    phone: str | None
    mail: str | None
    languages: tuple[str, ...]
    hours: str | None
    there: bool
    stands_in: str | None
    until: date | None
    ladders: tuple[str, ...]
    stages: tuple[str, ...]
    told: bool


class Directory(msgspec.Struct, frozen=True):
    """Whom a complaint is taken to; `for_customers` is the line that they are given, by language."""

    mode: str
    contacts: tuple[Reachable, ...]
    for_customers: dict[str, str]


def directory(place: Place, role: str | None) -> Directory:
    """Everybody, or those of one role, in the order of the roles. Raises SettingsError for a word that is no role."""
    if role is not None and role not in list(Post):
        raise SettingsError(f"there is no role {role!r}.", remedy=f"There are: {', '.join(Post)}.")
    policy, now = place.settings.policy, place.now()
    contacts = policy.contacts
    people = sorted(contacts.people, key=lambda one: list(Post).index(one.post))
    shown = tuple(_reachable(one, contacts, policy, now) for one in people if role in (None, one.post))
    return Directory(contacts.mode.value, shown, contacts.for_customers)


def _reachable(one: Contact, contacts: Contacts, policy: Policy, now: datetime) -> Reachable:
    stands_in = contacts.stands_in(one.id, now) if one.is_away(now) else None
    hours = getattr(getattr(one.hours, "calendar", None), "name", None)
    named = (one.id, one.post)
    return Reachable(
        id=one.id,
        role=one.post.value,
        name=one.name,
        phone=one.phone,
        mail=one.mail,
        languages=one.languages,
        hours=hours,
        there=not one.is_away(now) and one.free_at(now) <= now,
        stands_in=stands_in.id if stands_in else None,
        until=one.until,
        ladders=tuple(
            name
            for name, ladder in policy.ladders.items()
            if any(to in named for step in ladder.steps for to in step.tell)
        ),
        stages=tuple(stage.value for stage, told in policy.stages.items() if any(to in named for to in told)),
        told=bool(one.reach),
    )


def directory_lines(told: Directory, columns: int) -> list[str]:
    if not told.contacts:
        return wrapped("Nobody is named for that. contacts.yaml says whom a complaint is taken to.", columns)
    head = ("ROLE", "NAME", "PHONE", "MAIL", "SPEAKS", "HOURS", "NOW", "HEARS OF")
    cells = [
        (
            one.role.replace("_", " "),
            f"{one.name} ({one.id})",
            one.phone or "-",
            one.mail or "-",
            ", ".join(one.languages),
            one.hours or "any",
            _now(one),
            ", ".join((*one.ladders, *one.stages)) or "-",
        )
        for one in told.contacts
    ]
    return [*table(head, cells, columns), *_below(told)]


def _below(told: Directory) -> Iterator[str]:
    if told.for_customers:
        yield ""
        yield from (f"customers ({language})  {clean(line)}" for language, line in sorted(told.for_customers.items()))


def _now(one: Reachable) -> str:
    if one.stands_in:
        return f"away; {one.stands_in} stands in"
    return "there" if one.there else "not at this hour"


class Acked(msgspec.Struct, frozen=True):
    """Who has taken a complaint on, when, and how many notices were still to go."""

    dry_run: bool
    complaint: str
    who: str
    at: datetime


def ack(place: Place, name: str, *, who: str | None, dry_run: bool) -> Acked:
    """Say that `who` (default: the person at the terminal) sees to a complaint: nobody further up is told of what it
    was flagged for until now. Raises AmendsError where there is no such complaint."""
    now, person = place.now(), who or place.who
    with place.store() as store:
        with store.read() as connection:
            stored = find(connection, name)
        told = Acked(dry_run, f"{stored.source}/{stored.ticket}", person, now)
        if not dry_run:
            with store.write("ack") as connection:
                acks.add(connection, stored.id, Ack(now, person), now)
                detail = {"by": person} if person != place.who else None
                sources.log(
                    connection, now, place.who, "ack", source=stored.source, ticket=stored.ticket, detail=detail
                )
    return told


def acked_lines(told: Acked, columns: int) -> list[str]:
    would = "would see" if told.dry_run else "sees"
    words = f"{told.who} {would} to {told.complaint} from {moment(told.at)} on: nobody further up is told of it."
    return wrapped(words, columns)
