"""Who may come in by the browser or the API, as rows: people, their sessions, and tokens of programs.

Called by the console and `amends web`. Secrets come in as their hashes only; whoever reads the store can use none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from connector.model import JSON
from connector.store.tables import api_token, user_account, user_session
from connector.store.times import micros, micros_or_none, moment, moment_or_none


class User(msgspec.Struct, frozen=True):
    """Somebody who may come in. `password` is an argon2 hash, None where there is no password; `subject` is who they
    are at the identity provider ("<issuer>#<subject>")."""

    id: int
    name: str
    role: str
    password: str | None
    subject: str | None
    created_at: datetime
    signed_in_at: datetime | None


class Session(msgspec.Struct, frozen=True):
    """What a browser holds the secret of. `kind` is "session", "link" (lets in once) or "oidc" (a sign-in under
    way)."""

    digest: str
    kind: str
    user_id: int | None
    detail: JSON
    begun_at: datetime
    seen_at: datetime
    ends_at: datetime


class Token(msgspec.Struct, frozen=True):
    """What lets a program in, with these scopes; `ends_at` None is never."""

    id: int
    name: str
    scopes: tuple[str, ...]
    made_by: str
    made_at: datetime
    ends_at: datetime | None
    used_at: datetime | None


# -- people ----------------------------------------------------------------------------------------------------------


def _user(row: Any) -> User:
    return User(
        id=row.id,
        name=row.name,
        role=row.role,
        password=row.password,
        subject=row.subject,
        created_at=moment(row.created_at),
        signed_in_at=moment_or_none(row.signed_in_at),
    )


def users(connection: Connection) -> list[User]:
    """Everybody, by name."""
    return [_user(row) for row in connection.execute(select(user_account).order_by(user_account.c.name))]


def user(connection: Connection, *, name: str | None = None, subject: str | None = None) -> User | None:
    """The one with this name, or with this name at the identity provider."""
    which = user_account.c.name == name if subject is None else user_account.c.subject == subject
    row = connection.execute(select(user_account).where(which)).one_or_none()
    return None if row is None else _user(row)


def add_user(
    connection: Connection,
    name: str,
    role: str,
    now: datetime,
    *,
    password: str | None = None,
    subject: str | None = None,
) -> None:
    values = {"name": name, "role": role, "password": password, "subject": subject, "created_at": micros(now)}
    connection.execute(insert(user_account).values(**values))


def change_user(connection: Connection, user_id: int, **values: str | None) -> None:
    """Give somebody another `role`, `password` or `subject`; all their sessions end."""
    connection.execute(update(user_account).where(user_account.c.id == user_id).values(**values))
    end_sessions(connection, user_id)


def remove_user(connection: Connection, user_id: int) -> None:
    end_sessions(connection, user_id)
    connection.execute(delete(user_account).where(user_account.c.id == user_id))


def signed_in(connection: Connection, user_id: int, now: datetime) -> None:
    connection.execute(update(user_account).where(user_account.c.id == user_id).values(signed_in_at=micros(now)))


# -- what browsers hold ----------------------------------------------------------------------------------------------


def begin(
    connection: Connection,
    digest: str,
    kind: str,
    now: datetime,
    ends_at: datetime,
    *,
    user_id: int | None,
    detail: JSON,
) -> None:
    """Remember a secret by its hash. What ended before is forgotten with it."""
    connection.execute(delete(user_session).where(user_session.c.ends_at <= micros(now)))
    connection.execute(
        insert(user_session).values(
            digest=digest,
            kind=kind,
            user_id=user_id,
            detail=None if detail is None else msgspec.json.encode(detail).decode(),
            begun_at=micros(now),
            seen_at=micros(now),
            ends_at=micros(ends_at),
        )
    )


def session(connection: Connection, digest: str, kind: str) -> tuple[Session, User | None] | None:
    """What was remembered of a secret, and whose it is; whether it has ended is for the caller to see."""
    statement = (
        select(user_session, user_account)
        .join_from(user_session, user_account, user_session.c.user_id == user_account.c.id, isouter=True)
        .where(user_session.c.digest == digest, user_session.c.kind == kind)
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    found = Session(
        digest=row.digest,
        kind=row.kind,
        user_id=row.user_id,
        detail=None if row.detail is None else msgspec.json.decode(row.detail),
        begun_at=moment(row.begun_at),
        seen_at=moment(row.seen_at),
        ends_at=moment(row.ends_at),
    )
    return found, _user(row) if row.user_id is not None else None


def seen(connection: Connection, digest: str, now: datetime) -> None:
    connection.execute(update(user_session).where(user_session.c.digest == digest).values(seen_at=micros(now)))


def end(connection: Connection, digest: str) -> bool:
    """Forget a secret; False where it was not there (any more): two who use one link do not both come in."""
    return connection.execute(delete(user_session).where(user_session.c.digest == digest)).rowcount == 1


def end_sessions(connection: Connection, user_id: int) -> None:
    connection.execute(delete(user_session).where(user_session.c.user_id == user_id))


# -- tokens of programs ----------------------------------------------------------------------------------------------


def _token(row: Any) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes.split()),
        made_by=row.made_by,
        made_at=moment(row.made_at),
        ends_at=moment_or_none(row.ends_at),
        used_at=moment_or_none(row.used_at),
    )


def tokens(connection: Connection) -> list[Token]:
    return [_token(row) for row in connection.execute(select(api_token).order_by(api_token.c.name))]


def token(connection: Connection, *, digest: str | None = None, name: str | None = None) -> Token | None:
    which = api_token.c.name == name if digest is None else api_token.c.digest == digest
    row = connection.execute(select(api_token).where(which)).one_or_none()
    return None if row is None else _token(row)


def add_token(
    connection: Connection,
    name: str,
    digest: str,
    scopes: Sequence[str],
    made_by: str,
    now: datetime,
    ends_at: datetime | None,
) -> None:
    values = {"name": name, "digest": digest, "scopes": " ".join(scopes), "made_by": made_by, "made_at": micros(now)}
    connection.execute(insert(api_token).values(**values, ends_at=micros_or_none(ends_at)))


def used(connection: Connection, token_id: int, now: datetime) -> None:
    connection.execute(update(api_token).where(api_token.c.id == token_id).values(used_at=micros(now)))


def remove_token(connection: Connection, token_id: int) -> None:
    connection.execute(delete(api_token).where(api_token.c.id == token_id))
