"""`amends web user …`, `web token …` and `web link`: who may come into the console and the API. Its services call the
same functions. Each change is noted in the audit log with who made it. What ends, ends by the real time of day."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from connector.commands.place import Place
from connector.display import clean, moment, table
from connector.errors import AmendsError
from connector.roles import SCOPES, Permission, Rank
from connector.store import Transaction, access, sources
from connector.store.access import Token, User

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
LINK_LASTS = timedelta(minutes=15)
TOKEN_MARK = "amends_"  # noqa: S105  # by which scanners of leaked secrets know ours
_NAME = re.compile(r"[\w.@+-]{1,100}")


class UserTold(msgspec.Struct, frozen=True):
    """Somebody who may come in; `by` says how: password, identity provider, or only a link."""

    name: str
    role: str
    by: str
    created_at: datetime
    signed_in_at: datetime | None


class Changed(msgspec.Struct, frozen=True):
    """One sentence on what was done, or would be."""

    said: str
    dry_run: bool = False


class TokenMade(msgspec.Struct, frozen=True):
    """A new token. `secret` is told this once, and is nowhere else; None in a dry run."""

    name: str
    scopes: tuple[str, ...]
    ends_at: datetime | None
    secret: str | None


def digest_of(secret: str) -> str:
    """The hash by which the store knows a random secret (of 256 bits: it needs no salt)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hashed(password: str) -> str:
    """The argon2id hash of a password. Raises AmendsError where it is too short to be one."""
    from argon2 import PasswordHasher

    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AmendsError(
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.",
            remedy="Take a longer one; a few words that do not belong together are good.",
        )
    return PasswordHasher().hash(password)


def verified(password: str, kept: str) -> bool:
    """Whether `password` is the one that `kept` is the hash of."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(kept, password[: LONGEST_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False


# -- people ----------------------------------------------------------------------------------------------------------


def listing(place: Place) -> list[UserTold]:
    with place.store() as store, store.read() as connection:
        return [told(one) for one in access.users(connection)]


def told(user: User) -> UserTold:
    by = "identity provider" if user.subject else "password" if user.password else "link"
    return UserTold(user.name, user.role, by, user.created_at, user.signed_in_at)


def add(place: Place, name: str, rank: Rank, password: str | None, *, dry_run: bool) -> Changed:
    """Let somebody in with a password; without one, only by `web link`. Raises AmendsError where they are known."""
    if not _NAME.fullmatch(name):
        raise AmendsError(f"{name!r} is no name for a user.", remedy="Use letters, digits and . _ @ + - only.")
    kept = hashed(password) if password is not None else None
    with place.store() as store:
        with store.read() as connection:
            if access.user(connection, name=name) is not None:
                raise AmendsError(f"there is a user {name!r} already.", remedy="`amends web user list` shows them.")
        if dry_run:
            return Changed(f"Would let {name} in as {rank}.", True)
        with store.write("user: added") as connection:
            access.add_user(connection, name, rank.value, place.wall(), password=kept)
            _note(connection, place, "user: added", name, role=rank.value)
    return Changed(f"{name} may come in as {rank}.")


def change(
    place: Place, name: str, *, rank: Rank | None = None, password: str | None = None, dry_run: bool = False
) -> Changed:
    """Give somebody another role or password; their sessions end. Raises AmendsError for a stranger, for a password of
    somebody who signs in at the identity provider, or where nobody would be left to give roles."""
    kept = hashed(password) if password is not None else None
    with place.store() as store, store.read() as connection:
        user = _known(connection, name)
        if kept is not None and user.subject is not None:
            raise AmendsError(
                f"{name} signs in at the identity provider and has no password here.",
                remedy="Change it there; or let them in under another name.",
            )
        if rank is not None and rank is not Rank.ADMIN:
            _prove_admin_left(connection, user)
    what = f"{name} is {rank} now" if rank else f"{name} has another password"
    if dry_run:
        return Changed(f"Would change that {what}.", True)
    values = {"role": rank.value} if rank else {"password": kept}
    with place.store() as store, store.write("user: changed") as connection:
        access.change_user(connection, user.id, **values)
        _note(connection, place, f"user: {'role' if rank else 'password'} changed", name, role=rank and rank.value)
    return Changed(f"{what}; all sessions of {name} have ended.")


def remove(place: Place, name: str, *, dry_run: bool) -> Changed:
    """Let somebody in no more; their sessions end."""
    with place.store() as store:
        with store.read() as connection:
            user = _known(connection, name)
            _prove_admin_left(connection, user)
        if dry_run:
            return Changed(f"Would remove {name}.", True)
        with store.write("user: removed") as connection:
            access.remove_user(connection, user.id)
            _note(connection, place, "user: removed", name)
    return Changed(f"{name} may come in no more.")


def link(place: Place, name: str | None, *, dry_run: bool) -> str:
    """The secret of a link that lets `name` in once, within a quarter of an hour; without a name, you, as an admin:
    whoever may run this can read and change all of the store anyway."""
    secret, now = secrets.token_urlsafe(32), place.wall()
    with place.store() as store:
        with store.read() as connection:
            known = access.user(connection, name=name or place.who)
        if name is not None and known is None:
            raise _stranger(name)
        if dry_run:
            return ""
        with store.write("user: link") as connection:
            if known is None:
                access.add_user(connection, place.who, Rank.ADMIN.value, now)
                known = _known(connection, place.who)
            access.begin(connection, digest_of(secret), "link", now, now + LINK_LASTS, user_id=known.id, detail=None)
            _note(connection, place, "user: link made", known.name)
    return secret


def web_address(place: Place) -> str:
    """Where people reach the console, as amends.yaml has it."""
    web = place.settings.web
    return web.url or f"http://{web.address}:{web.port}"


def _known(connection: Transaction, name: str) -> User:
    found = access.user(connection, name=name)
    if found is None:
        raise _stranger(name)
    return found


def _stranger(name: str) -> AmendsError:
    return AmendsError(f"there is no user {name!r}.", remedy="`amends web user list` shows who there is.")


def _prove_admin_left(connection: Transaction, without: User) -> None:
    others = [one for one in access.users(connection) if one.role == Rank.ADMIN and one.id != without.id]
    if without.role == Rank.ADMIN and not others:
        raise AmendsError(f"{without.name} is the only admin.", remedy="Make somebody else an admin first.")


def _note(connection: Transaction, place: Place, what: str, name: str, **detail: object) -> None:
    said = {"name": name} | {key: value for key, value in detail.items() if value}
    sources.log(connection, place.now(), place.who, what, detail=said)


# -- tokens ----------------------------------------------------------------------------------------------------------


def tokens(place: Place) -> list[Token]:
    with place.store() as store, store.read() as connection:
        return access.tokens(connection)


def add_token(place: Place, name: str, scopes: Sequence[str], days: int | None, *, dry_run: bool) -> TokenMade:
    """A token for a program. Raises AmendsError for a scope that tokens cannot have."""
    if not _NAME.fullmatch(name):
        raise AmendsError(f"{name!r} is no name for a token.", remedy="Use letters, digits and . _ @ + - only.")
    for one in scopes:
        if one not in SCOPES:
            raise AmendsError(f"no token can have the scope {one!r}.", remedy=f"There are: {', '.join(SCOPES)}.")
    wanted = tuple(dict.fromkeys(scopes)) or (Permission.READ.value,)
    now = place.wall()
    ends_at = now + timedelta(days=days) if days else None
    secret = TOKEN_MARK + secrets.token_urlsafe(32)
    with place.store() as store:
        with store.read() as connection:
            if access.token(connection, name=name) is not None:
                raise AmendsError(
                    f"there is a token {name!r} already.", remedy="Remove it first, or take another name."
                )
        if dry_run:
            return TokenMade(name, wanted, ends_at, None)
        with store.write("token: made") as connection:
            access.add_token(connection, name, digest_of(secret), wanted, place.who, now, ends_at)
            _note(connection, place, "token: made", name, scopes=list(wanted))
    return TokenMade(name, wanted, ends_at, secret)


def remove_token(place: Place, name: str, *, dry_run: bool) -> Changed:
    with place.store() as store:
        with store.read() as connection:
            found = access.token(connection, name=name)
        if found is None:
            raise AmendsError(f"there is no token {name!r}.", remedy="`amends web token list` shows what there is.")
        if dry_run:
            return Changed(f"Would remove the token {name}.", True)
        with store.write("token: removed") as connection:
            access.remove_token(connection, found.id)
            _note(connection, place, "token: removed", name)
    return Changed(f"The token {name} opens nothing any more.")


# -- telling it ------------------------------------------------------------------------------------------------------


def listing_lines(rows: list[UserTold], columns: int) -> list[str]:
    if not rows:
        return ["Nobody may come in yet: `amends web user add NAME --role admin`."]
    cells = [(one.name, one.role, one.by, moment(one.created_at), moment(one.signed_in_at)) for one in rows]
    return table(("NAME", "ROLE", "BY", "SINCE", "LAST SIGNED IN"), cells, columns)


def tokens_lines(rows: list[Token], columns: int) -> list[str]:
    if not rows:
        return ["There is no token: `amends web token add NAME`."]
    cells = [
        (one.name, ", ".join(one.scopes), one.made_by, moment(one.made_at), moment(one.ends_at), moment(one.used_at))
        for one in rows
    ]
    return table(("NAME", "SCOPES", "MADE BY", "MADE", "ENDS", "LAST USED"), cells, columns)


def made_lines(told: TokenMade, _columns: int) -> list[str]:
    if told.secret is None:
        return [f"Would make a token {told.name} with the scopes {', '.join(told.scopes)}."]
    return [told.secret, "", "It is told this once. Send it as: Authorization: Bearer …"]


def changed_lines(told: Changed, _columns: int) -> list[str]:
    return [clean(told.said)]
