"""What the fields of a source mean: looked at, tried on stored tickets, checked and saved."""

from __future__ import annotations

import msgspec

from connector.commands import mapping_edit
from connector.commands.mapping_discover import Found, discover
from connector.commands.mapping_edit import Edition, Saved
from connector.commands.mapping_preview import Previewed
from connector.console.errors import MissingError
from connector.console.seat import Seat, needs
from connector.errors import AmendsError
from connector.roles import Permission

MOST_TRIED = 10
MOST_ASKED = 50


class Tried(msgspec.Struct, frozen=True):
    """What a draft would do: what is wrong with it, and, where nothing is that keeps it from being read, the newest
    stored tickets by it."""

    problems: tuple[str, ...]
    preview: Previewed | None


@needs(Permission.READ)
def edition(seat: Seat, source: str, stamp: str | None = None) -> Edition:
    """The mapping of a source as it is, or as it was. Raises MissingError."""
    _prove_source(seat, source)
    return mapping_edit.edition(seat, source, stamp)


@needs(Permission.READ)
def fields(seat: Seat, source: str) -> Found:
    """Ask the source which fields it has, and how they are used. Raises MissingError, AuthError, TemporaryError."""
    _prove_source(seat, source)
    return discover(seat, [source], MOST_ASKED)[0]


@needs(Permission.RULES)
def tried(seat: Seat, source: str, text: str) -> Tried:
    """Try a draft; nothing is kept. Raises MissingError."""
    _prove_source(seat, source)
    text = text.replace("\r\n", "\n")
    wrong = mapping_edit.problems(seat, source, text)
    try:
        return Tried(wrong, mapping_edit.tried(seat, seat.rules, source, text, MOST_TRIED))
    except AmendsError as error:
        return Tried(wrong or (str(error),), None)


@needs(Permission.RULES)
def save(seat: Seat, source: str, text: str, digest: str) -> Saved:
    """Save a draft that holds; the daemon of this process takes it over at once. Raises MissingError, AmendsError."""
    _prove_source(seat, source)
    saved = mapping_edit.save(seat, source, text.replace("\r\n", "\n"), digest)
    seat.house.changed()
    return saved


def _prove_source(seat: Seat, source: str) -> None:
    if source not in seat.settings.sources:
        raise MissingError(f"there is no source {source!r}.", remedy="amends.yaml names the sources.")
