"""Somebody's place at the console: the admin's folder as the commands know it, with who is asking and what they may.

Made by `house` for each request; every service takes one. Commands that get it note its person in the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

import msgspec

from connector.commands.place import Place
from connector.console.errors import ForbiddenError
from connector.roles import GRANTS, Permission, Rank
from connector.store import Store

if TYPE_CHECKING:
    from connector.assessment.rules import Rules
    from connector.console.house import House
    from connector.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


class Actor(msgspec.Struct, frozen=True):
    """Who asks: a person with a rank and a session (by its digest), or a program with a token. `by_provider`: they sign
    in at the identity provider, and have no password here."""

    name: str
    permissions: frozenset[Permission]
    rank: Rank | None = None
    session: str | None = None
    by_provider: bool = False

    @property
    def called(self) -> str:
        """As the audit log names them."""
        return self.name if self.rank is not None else f"token {self.name}"

    def may(self, permission: str) -> bool:
        return permission in self.permissions


def person(name: str, rank: Rank, session: str | None, *, by_provider: bool = False) -> Actor:
    """Somebody of this rank."""
    return Actor(name, GRANTS[rank], rank, session, by_provider)


class Seat(Place):
    """The folder, for one asker. All of them share one open store, and the settings that are in force."""

    def __init__(self, house: House, actor: Actor) -> None:
        place = house.place
        super().__init__(place.named, now=place.now, wall=place.wall, scale=place.scale)
        self.house, self.actor = house, actor
        self.__dict__["who"] = actor.called

    @property
    def settings(self) -> Settings:
        return self.house.settings

    @property
    def rules(self) -> Rules:
        """The settings, compiled."""
        return self.house.rules

    @contextmanager
    def store(self, *, create: bool = False) -> Iterator[Store]:
        yield self.house.store


def needs(
    permission: Permission,
) -> Callable[[Callable[Concatenate[Seat, P], T]], Callable[Concatenate[Seat, P], T]]:
    """Marks a service with the permission without which it does nothing. Raises ForbiddenError."""

    def marked(service: Callable[Concatenate[Seat, P], T]) -> Callable[Concatenate[Seat, P], T]:
        @wraps(service)
        def asked(seat: Seat, *args: P.args, **kwargs: P.kwargs) -> T:
            if not seat.actor.may(permission):
                raise ForbiddenError(
                    f"{seat.actor.called} may not do that: it needs the permission {permission.value!r}.",
                    remedy="An admin can give another role.",
                )
            return service(seat, *args, **kwargs)

        marker: Any = asked
        marker.needs = permission
        return cast(Callable[Concatenate[Seat, P], T], asked)

    return marked
