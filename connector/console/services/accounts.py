"""Who may come in: people with their roles, and tokens of programs."""

from __future__ import annotations

from collections.abc import Sequence

from connector.commands import accounts
from connector.commands.accounts import Changed, TokenMade, UserTold, verified
from connector.console.errors import RequestError
from connector.console.seat import Seat, needs
from connector.roles import Permission, Rank
from connector.store import access
from connector.store.access import Token


@needs(Permission.ACCESS)
def everybody(seat: Seat) -> list[UserTold]:
    return accounts.listing(seat)


@needs(Permission.ACCESS)
def add(seat: Seat, name: str, rank: Rank, password: str) -> Changed:
    """Raises AmendsError for a name that is taken or a password that is too short."""
    return accounts.add(seat, name.strip(), rank, password, dry_run=False)


@needs(Permission.ACCESS)
def give_role(seat: Seat, name: str, rank: Rank) -> Changed:
    return accounts.change(seat, name, rank=rank)


@needs(Permission.ACCESS)
def give_password(seat: Seat, name: str, password: str) -> Changed:
    return accounts.change(seat, name, password=password)


@needs(Permission.ACCESS)
def remove(seat: Seat, name: str) -> Changed:
    return accounts.remove(seat, name, dry_run=False)


@needs(Permission.READ)
def own_password(seat: Seat, before: str, password: str) -> Changed:
    """Change one's own password; the sessions end, this one too. Raises RequestError where `before` is wrong."""
    with seat.store() as store, store.read() as connection:
        user = access.user(connection, name=seat.actor.name) if seat.actor.rank is not None else None
    if user is None or (user.password is not None and not verified(before, user.password)):
        raise RequestError("that is not your present password.", remedy="Nothing was changed.")
    return accounts.change(seat, user.name, password=password)


@needs(Permission.ACCESS)
def tokens(seat: Seat) -> list[Token]:
    return accounts.tokens(seat)


@needs(Permission.ACCESS)
def add_token(seat: Seat, name: str, scopes: Sequence[str], days: int | None) -> TokenMade:
    """Its secret is in the answer, and is told this once."""
    return accounts.add_token(seat, name.strip(), scopes, days, dry_run=False)


@needs(Permission.ACCESS)
def remove_token(seat: Seat, name: str) -> Changed:
    return accounts.remove_token(seat, name, dry_run=False)
