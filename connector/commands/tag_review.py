"""`amends tag review`: the tickets that nothing could decide, and what a person says about them.

What is said here is an agent's word: it stays whatever comes later, and models learn from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from connector.assessment.counting import counts_in
from connector.commands.cases import find
from connector.commands.place import Place
from connector.corrections import AGENT
from connector.desks import rules_of
from connector.display import clean, count, cut, moment, paragraphs
from connector.errors import AmendsError
from connector.model import Tag
from connector.settings import load_tagging
from connector.store import Store, complaints, labels, revisions, sources
from connector.store.complaints import Stored
from connector.tagging.book import LANGUAGE, Facet
from connector.tagging.labelled import facet_called, labels_of

SKIP, STOP = "skip", "stop"
LONGEST_SHOWN = 600

Ask = Callable[[str, str | None, Sequence[str]], str]


class Open(msgspec.Struct, frozen=True):
    """A ticket of which a question is open. `near` is the answer that came closest, if any, and how sure it is."""

    id: str
    facet: str
    subject: str
    text: str
    language: str | None
    opened_at: str


class Said(msgspec.Struct, frozen=True):
    """What was recorded."""

    id: str
    facet: str
    values: tuple[str, ...]
    before: tuple[str, ...]
    dry_run: bool


class Reviewed(msgspec.Struct, frozen=True):
    """What is open, and what was said about it."""

    facet: str
    open: tuple[Open, ...]
    said: tuple[Said, ...]


def review(
    place: Place,
    facet: str | None,
    *,
    most: int,
    answers: Sequence[str],
    ask: Ask | None,
    put: Callable[[str], None],
    dry_run: bool,
) -> Reviewed:
    """List what is open of a question, newest first; record `answers` ("SOURCE/TICKET=VALUE"), or what is answered to
    `ask`. Raises AmendsError for a ticket or value that is not there."""
    name = facet_called(facet or "complaint")
    asked = load_tagging(place.named)[0].taxonomy.facets
    if name not in asked or name == LANGUAGE:
        known = ", ".join(one for one in asked if one != LANGUAGE)
        raise AmendsError(f"there is no facet {name!r} to review.", remedy=f"Name one of {known}.")
    with place.store() as store:
        if answers:
            said = tuple(_answered(place, store, name, asked[name], one, dry_run) for one in answers)
            return Reviewed(name, (), said)
        open_ = _open(store, name, most)
        if ask is None:
            return Reviewed(name, tuple(_told(one, name) for one in open_), ())
        return Reviewed(name, (), tuple(_asked(place, store, name, asked[name], open_, ask, put, dry_run)))


def _open(store: Store, facet: str, most: int) -> list[Stored]:
    """The newest tickets that nobody and nothing has answered; of those that are no complaint only that is asked."""
    found: list[Stored] = []
    with store.read() as connection:
        for one in complaints.listing(connection, is_complaint="unsure" if facet == "complaint" else "yes"):
            if facet == "complaint" or not any(tag.facet == facet for tag in one.doc.tags):
                found.append(one)
            if len(found) == most:
                break
    return found


def _told(one: Stored, facet: str) -> Open:
    told = one.doc.complaint
    language = next((tag.value for tag in one.doc.tags if tag.facet == LANGUAGE), None)
    name = f"{one.source}/{one.ticket}"
    return Open(name, facet, told.subject, told.text[:LONGEST_SHOWN], language, moment(told.opened_at))


def _asked(
    place: Place,
    store: Store,
    name: str,
    facet: Facet,
    open_: Sequence[Stored],
    ask: Ask,
    put: Callable[[str], None],
    dry_run: bool,
) -> list[Said]:
    done: list[Said] = []
    choices = [value for value in facet.values if value != facet.default]
    for number, one in enumerate(open_, 1):
        put("\n".join(_shown(one, number, len(open_))))
        answer = ask(facet.title, SKIP, [*choices, SKIP, STOP])
        if answer == STOP:
            break
        if answer != SKIP:
            done.append(_record(place, store, one, name, (answer,), dry_run))
    return done


def _shown(one: Stored, number: int, of: int) -> list[str]:
    told = one.doc.complaint
    head = f"{number} of {of}: {one.source}/{one.ticket}, {moment(told.opened_at)}"
    return ["", head, *paragraphs(told.subject, 100, "  "), *paragraphs(told.text[:LONGEST_SHOWN], 100, "  ")]


def _answered(place: Place, store: Store, name: str, facet: Facet, answer: str, dry_run: bool) -> Said:
    ticket, equals, said = answer.rpartition("=")
    if not equals:
        raise AmendsError(f"{answer!r} is no answer.", remedy="Write SOURCE/TICKET=VALUE.")
    listed = said.split(",") if facet.several else [said]
    return say(place, store, ticket, name, facet, [one.strip() for one in listed], dry_run=dry_run)


def say(
    place: Place, store: Store, ticket: str, name: str, facet: Facet, answers: Sequence[str], *, dry_run: bool
) -> Said:
    """Record what somebody says about the facet called `name` of a ticket ("SOURCE/TICKET"). Raises AmendsError for an
    answer or a ticket that is not there."""
    values = labels_of(name, list(answers)) or ()
    for value in values or answers:
        if value not in facet.values or value == facet.default:
            known = ", ".join(one for one in facet.values if one != facet.default)
            raise AmendsError(f"the facet {name} has no value {value!r}.", remedy=f"Name one of {known}.")
    with store.read() as connection:
        one = find(connection, ticket)
    return _record(place, store, one, name, values, dry_run)


def _record(place: Place, store: Store, one: Stored, facet: str, values: tuple[str, ...], dry_run: bool) -> Said:
    before = tuple(tag.value for tag in one.doc.tags if tag.facet == facet)
    said = Said(f"{one.source}/{one.ticket}", facet, values, before, dry_run)
    if dry_run:
        return said
    now, rules = place.now(), rules_of(place.settings)
    mine = tuple(Tag(facet, value, 1.0, AGENT) for value in values)
    tags = (*mine, *(tag for tag in one.doc.tags if tag.facet != facet))
    with store.write("tag: reviewed") as connection:
        told = one.doc.complaint
        counted = counts_in(told, one.doc.tags, rules), counts_in(told, tags, rules, now)
        if not revisions.retag(connection, one, tags, now, counted):
            raise AmendsError(f"{said.id} changed in the meantime.", remedy="Look at it again.")
        labels.keep(connection, one.source_id, [labels.Label(one.ticket, facet, values, place.who)], now)
        detail = {"facet": facet, "before": list(before), "after": list(values)}
        sources.log(connection, now, place.who, "tag: reviewed", source=one.source, ticket=one.ticket, detail=detail)
    return said


def reviewed_lines(told: Reviewed, columns: int) -> list[str]:
    """What is open, or what was said."""
    lines = []
    for one in told.open:
        lines.append(f"{one.id}  {one.opened_at}  {one.language or '?'}  {clean(one.subject)}")
        lines.append(f"    {clean(one.text)}")
    for said in told.said:
        verb = "would be" if said.dry_run else "is"
        before = f", was {' and '.join(said.before)}" if said.before else ""
        lines.append(f"{said.id}: {said.facet} {verb} {' and '.join(said.values)}{before}")
    if told.open:
        lines.append(f"{count(len(told.open), 'ticket')} of which {told.facet} is open.")
    if told.said and not told.said[0].dry_run:
        lines.append("`amends tag train` learns from it.")
    return [cut(line, columns) for line in lines] or [f"Nothing is open about {told.facet}."]
