"""What each refusal of Zendesk means, as a table: status and shape of the answer in, error of its remedy out. Pure.

Sources: developer.zendesk.com (errors, rate limits, safe updates, incremental exports), recorded 400 and 404 bodies,
and the error bodies that the vendor's client libraries were reported to meet. Used by `calls` for every answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

import msgspec

from connector.adapter import retry_after_seconds
from connector.errors import (
    AmendsError,
    AuthError,
    ConflictError,
    CursorError,
    GoneError,
    RejectedError,
    SettingsError,
    TemporaryError,
)
from connector.model import JSON

LONGEST_WORDS = 300
T = TypeVar("T")


class UnprovenError(AuthError):
    """Zendesk does not accept the token of this call (401); a renewed one it may."""


class ForbiddenError(AuthError):
    """Zendesk knows us and does not let us do this (403)."""


class NotOfferedError(SettingsError):
    """This account does not have, or not for us, what only some have."""


class Purpose(StrEnum):
    """Why a call is made; the same status means different things to different callers."""

    READ = "read"
    EXPORT = "export"
    OFFER = "offer"  # a read of what not every account has
    WRITE = "write"
    LOGIN = "login"


class Row(NamedTuple):
    """One line of the table. `purpose` None is any. `word` None is any error word, even none; any other value asks for
    a well formed answer that contains it in its error or description. `told` asks for a well formed answer at all."""

    status: int
    purpose: Purpose | None
    raises: type[AmendsError]
    means: str
    remedy: str | None = None
    word: str | None = None
    told: bool = True


_LOGIN = "Check the client id, secret and scopes (or the API token) in the Admin Center and in the settings."
_RIGHTS = "Make the integration user an admin, and give its OAuth client the scopes read and write."
_ADDRESS = "Check the account's address and the ids in the mapping; `amends check` shows what Zendesk offers."
_PERSON = "Look at what the mapping or the policy wants to write."

# First match wins. What no row matches is temporary, and in doubt if it was a write: a status alone, an HTML page or an
# empty body may come from something on the way that never asked Zendesk, or that did and lost the answer.
TABLE: tuple[Row, ...] = (
    *(
        Row(status, Purpose.OFFER, NotOfferedError, "does not offer this", told=False)
        for status in (402, 403, 404, 406)
    ),
    Row(400, Purpose.OFFER, SettingsError, "does not understand this question", _ADDRESS),
    Row(422, Purpose.OFFER, SettingsError, "does not understand this question", _ADDRESS),
    Row(400, Purpose.LOGIN, AuthError, "does not give a token", _LOGIN),
    Row(401, Purpose.LOGIN, AuthError, "does not know our OAuth client", _LOGIN),
    Row(401, None, UnprovenError, "does not accept our credentials", _LOGIN, told=False),
    Row(403, None, ForbiddenError, "does not let us do this", _RIGHTS),
    # The start of an export must lie a minute back; with skewed clocks ours may seem not to.
    Row(400, Purpose.EXPORT, TemporaryError, "finds the start of the export too recent", word="recent"),
    Row(422, Purpose.EXPORT, TemporaryError, "finds the start of the export too recent", word="recent"),
    Row(400, Purpose.EXPORT, CursorError, "does not take this cursor"),
    Row(404, Purpose.EXPORT, CursorError, "does not know this cursor", word="cursor"),
    Row(410, Purpose.EXPORT, CursorError, "does not take this cursor any more"),
    Row(422, Purpose.EXPORT, CursorError, "does not take this cursor"),
    Row(404, Purpose.EXPORT, SettingsError, "has no such export", _ADDRESS),
    Row(404, None, GoneError, "has no such ticket", word="recordnotfound"),
    Row(404, None, SettingsError, "has nothing at this address", _ADDRESS),
    Row(410, None, GoneError, "has this ticket no longer"),
    # Two requests met in the vendor's database: nobody documents that the loser left nothing behind.
    Row(409, Purpose.WRITE, TemporaryError, "had a collision in its database", word="databaseconflict"),
    Row(409, Purpose.WRITE, ConflictError, "has a newer version of the ticket than we had read"),
    Row(400, Purpose.WRITE, RejectedError, "refuses this write", _PERSON),
    Row(405, Purpose.WRITE, RejectedError, "refuses this write", _PERSON),
    Row(413, Purpose.WRITE, RejectedError, "finds this write too large", _PERSON, told=False),
    Row(415, Purpose.WRITE, RejectedError, "refuses this write", _PERSON),
    Row(422, Purpose.WRITE, RejectedError, "refuses this write", _PERSON),
    Row(400, Purpose.READ, SettingsError, "does not understand this question", _ADDRESS),
    Row(422, Purpose.READ, SettingsError, "does not understand this question", _ADDRESS),
)


class Refusal(NamedTuple):
    """What an answer of status 400 and above, or one that makes no sense, says. `words` is None where it is no JSON
    object: such an answer proves nothing."""

    status: int
    words: str | None
    retry_after_seconds: float | None
    limited: bool


def refusal(status: int, headers: Mapping[str, str], content: bytes, now: datetime) -> Refusal:
    """`headers` finds names in any case."""
    limited = "retry-after" in headers or any("limit" in name.lower() for name in headers)
    return Refusal(status, _words(content), retry_after_seconds(headers.get("retry-after"), now), limited)


def error_for(refused: Refusal, purpose: Purpose, what: str, **place: Any) -> AmendsError:
    """The error to raise. `what` names the call; `place` is source and ticket."""
    said = f"{refused.status} ({refused.words})" if refused.words else f"{refused.status}"
    row = next((row for row in TABLE if _fits(row, refused, purpose)), None)
    if row is not None and row.raises is not TemporaryError:
        return row.raises(f"{what}: Zendesk {row.means}: {said}.", remedy=row.remedy, **place)
    return TemporaryError(
        f"{what}: {_trouble(refused) if row is None else f'Zendesk {row.means}'}: {said}.",
        retry_after_seconds=refused.retry_after_seconds,
        # A limit is checked before anything is done, but only an answer that shows it is one of a limit.
        applied=False if refused.status == 429 and (refused.limited or refused.words is not None) else None,
        **place,
    )


def parsed(content: bytes, kind: type[T], what: str, **place: Any) -> T:
    """The body of a 2xx answer as `kind`. Raises TemporaryError (in doubt, for a write) when it is anything else."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shape = "an HTML page" if content.lstrip()[:1] == b"<" else "no whole JSON" if content.strip() else "nothing"
        raise TemporaryError(f"{what}: Zendesk answered 200 with {shape} ({error}).", **place) from error


def _fits(row: Row, refused: Refusal, purpose: Purpose) -> bool:
    if row.status != refused.status or row.purpose not in (None, purpose):
        return False
    if row.word is not None:
        return refused.words is not None and row.word in refused.words.lower()
    return refused.words is not None or not row.told


def _trouble(refused: Refusal) -> str:
    if refused.status == 429:
        return "Zendesk asks for fewer calls"
    return "Zendesk has trouble" if refused.status >= 500 else "this is no answer of Zendesk's"


def _words(content: bytes) -> str | None:
    """Error, description and details by field, in one line; None where the body is not a JSON object."""
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    parts = [_flat(body.get(name)) for name in ("error", "description", "error_description", "details", "message")]
    return "; ".join(part for part in parts if part)[:LONGEST_WORDS] or "no reason given"


def _flat(value: JSON) -> str:
    if isinstance(value, dict):
        named = ((name, _flat(inner)) for name, inner in value.items())
        plain = ("title", "message", "description", "error")
        return ", ".join(text if name in plain else f"{name}: {text}" for name, text in named if text)
    if isinstance(value, list):
        return ", ".join(filter(None, map(_flat, value)))
    return "" if value is None else str(value)
