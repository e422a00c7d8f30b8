"""Coming in and going out: passwords, links that work once, sessions, tokens. Called by the routes.

A session is 256 random bits in a cookie, known to the store by its hash: new at each sign-in, over after half an hour
without a request, after twelve hours, and whenever its person gets another role or password. Times here are of the real
day (`wall`), and what is counted against guessing is counted before a password is looked at.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from functools import cache

from connector.commands.accounts import digest_of, hashed, verified
from connector.console.errors import StrangerError, TooManyError
from connector.console.house import House
from connector.console.limits import Allowance
from connector.console.seat import Actor, person
from connector.roles import SCOPES, Permission, Rank
from connector.store import Transaction, access, sources
from connector.store.access import User

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=1)
_WRONG = "this name and password do not go together."


def sign_in(house: House, name: str, password: str, address: str) -> str:
    """The secret of a new session. Raises StrangerError, TooManyError; a failure says nothing of what was wrong."""
    _prove_patience(house, name, address)
    with house.store.read() as connection:
        user = access.user(connection, name=name)
    # Whoever signs in at the identity provider is let in there alone, whatever the store holds beside it.
    kept = user.password if user is not None and user.subject is None and user.password else None
    if not verified(password, kept or _nobodys()) or user is None or kept is None:
        with house.store.write("user: refused") as connection:
            _note(house, connection, name[:100] if user is not None else "somebody unknown", "user: refused", address)
        raise StrangerError(_WRONG, remedy="Try again, or ask an admin for a new password.")
    house.guesses.forgive(f"{name} {address}")
    house.callers.take_back(address)
    return begin(house, user, address)


def _prove_patience(house: House, name: str, address: str) -> None:
    now = house.clock()
    for allowance, key in ((house.guesses, f"{name} {address}"), (house.callers, address)):
        if wait := allowance.wait_seconds(key, now):
            raise TooManyError("there were too many tries from here.", wait)
    house.guesses.count(f"{name} {address}", now)
    house.callers.count(address, now)


@cache
def _nobodys() -> str:
    """A hash to compare with where there is no user: that must take as long as where there is one."""
    return hashed(secrets.token_urlsafe(32))


def begin(house: House, user: User, address: str) -> str:
    """The secret of a new session of somebody who has proved who they are."""
    secret, now = secrets.token_urlsafe(32), house.place.wall()
    with house.store.write("user: signed in") as connection:
        access.begin(connection, digest_of(secret), "session", now, now + LONGEST, user_id=user.id, detail=None)
        access.signed_in(connection, user.id, now)
        _note(house, connection, user.name, "user: signed in", address)
    return secret


def enter_by_link(house: House, secret: str, address: str) -> str:
    """The secret of a new session for a link's; the link is used up. Raises StrangerError, TooManyError.

    256 random bits are not guessed: only links that do not work count, and none keeps out whoever has one that does.
    """
    digest = digest_of(secret)
    with house.store.read() as connection:
        found = access.session(connection, digest, "link")
    user = found[1] if found is not None and found[0].ends_at > house.place.wall() else None
    if user is not None:
        with house.store.write("user: link used") as connection:
            user = user if access.end(connection, digest) else None
    if user is None:
        prove_and_count(house.callers, address, house.clock(), "there were too many tries from here.")
        raise StrangerError("this link does not work any more.", remedy="`amends web link` makes a new one.")
    return begin(house, user, address)


def prove_and_count(allowance: Allowance, key: str, now: float, words: str) -> None:
    """One more try of `key` at `now`. Raises TooManyError with `words` where there were too many."""
    if wait := allowance.wait_seconds(key, now):
        raise TooManyError(words, wait)
    allowance.count(key, now)


def holder(house: House, secret: str) -> Actor | None:
    """Who holds the secret of a session that lasts; None where it has ended or never was."""
    now, digest = house.place.wall(), digest_of(secret)
    with house.store.read() as connection:
        found = access.session(connection, digest, "session")
    session, user = found or (None, None)
    if session is None or user is None:
        return None
    if now >= session.ends_at or now - session.seen_at >= IDLE:
        return None
    if now - session.seen_at >= NOTED_EVERY:
        with house.store.write("user: seen") as connection:
            access.seen(connection, digest, now)
    return person(user.name, Rank(user.role), digest, by_provider=user.subject is not None)


def leave(house: House, secret: str) -> None:
    """End a session."""
    with house.store.write("user: signed out") as connection:
        access.end(connection, digest_of(secret))


def token_holder(house: House, secret: str, address: str) -> Actor:
    """The program that a token belongs to. Raises StrangerError, TooManyError. One that is known is not kept waiting
    by what strangers tried from the same address."""
    clock, now = house.clock(), house.place.wall()
    with house.store.read() as connection:
        found = access.token(connection, digest=digest_of(secret))
    if found is None or (found.ends_at is not None and found.ends_at <= now):
        prove_and_count(house.callers, address, clock, "there were too many wrong tokens from here.")
        raise StrangerError("this token opens nothing.", remedy="`amends web token list` shows which are valid.")
    prove_and_count(house.calls, found.name, clock, "this token asks too often.")
    if found.used_at is None or now - found.used_at >= NOTED_EVERY:
        with house.store.write("token: used") as connection:
            access.used(connection, found.id, now)
    scopes = frozenset(Permission(one) for one in found.scopes if one in SCOPES)
    return Actor(found.name, scopes)


def form_token(secret: str) -> str:
    """What each form of a session carries, to show that it comes from a page of ours."""
    return hmac.digest(secret.encode(), b"amends: form", "sha256").hex()


def same(one: str, other: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def _note(house: House, connection: Transaction, name: str, what: str, address: str) -> None:
    sources.log(connection, house.place.now(), name, what, detail={"address": address})
