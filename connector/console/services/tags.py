"""What an agent says about a complaint: its tags put right, which models learn from, and dates that are promises."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from connector.commands.clock_promises import Decided, decide
from connector.commands.people_told import Acked, ack
from connector.commands.tag_review import Said, say
from connector.console.errors import RequestError
from connector.console.seat import Seat, needs
from connector.console.services.cases import exact
from connector.roles import Permission
from connector.tagging.book import LANGUAGE
from connector.tagging.labelled import facet_called


class Choice(msgspec.Struct, frozen=True):
    """A question about complaints, and the answers that there are."""

    facet: str
    title: str
    several: bool
    values: tuple[str, ...]


@needs(Permission.READ)
def choices(seat: Seat) -> list[Choice]:
    """What can be said of a complaint; the language, which nobody has to put right here, is left out."""
    facets = seat.settings.tagging.taxonomy.facets
    return [
        Choice(name, one.title, one.several, tuple(value for value in one.values if value != one.default))
        for name, one in facets.items()
        if name != LANGUAGE
    ]


@needs(Permission.TAG)
def correct(seat: Seat, source: str, ticket: str, facet: str, values: Sequence[str]) -> Said:
    """Take an agent's word for a facet: it stays through every replay, and models learn from it. Raises MissingError,
    AmendsError for a facet or value that is not there."""
    name, facets = facet_called(facet), seat.settings.tagging.taxonomy.facets
    if name not in facets or name == LANGUAGE:
        raise RequestError(f"nothing can be said about {facet!r}.", remedy="See which questions the taxonomy asks.")
    with seat.store() as store:
        with store.read() as connection:
            exact(connection, source, ticket)
        return say(seat, store, f"{source}/{ticket}", name, facets[name], values, dry_run=False)


@needs(Permission.TAG)
def see_to(seat: Seat, source: str, ticket: str) -> Acked:
    """Say that one sees to a complaint: nobody further up is told of what it was flagged for until now. Raises
    MissingError."""
    with seat.store() as store, store.read() as connection:
        exact(connection, source, ticket)
    return ack(seat, f"{source}/{ticket}", who=seat.actor.name, dry_run=False)


@needs(Permission.TAG)
def rule(seat: Seat, source: str, ticket: str, number: int, *, stands: bool) -> Decided:
    """Say whether date `number` in the replies is a promise. Raises MissingError, AmendsError."""
    with seat.store() as store, store.read() as connection:
        exact(connection, source, ticket)
    return decide(seat, f"{source}/{ticket}", number, stands=stands, dry_run=False)
