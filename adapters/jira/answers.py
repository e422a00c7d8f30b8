"""What each refusal of Jira means, as a table: status and shape of the answer in, error of its remedy out. Pure.

Sources: developer.atlassian.com (status codes, rate limits), the vendor's API descriptions, recorded bodies, and what
the vendor's client libraries and their users were reported to meet. Used by `calls` for every answer.
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
PER_ISSUE = "jira-per-issue-on-write"
REASONS = ("ratelimit-reason", "x-ratelimit-reason")
SERAPH = "x-seraph-loginreason"  # how Jira's login filter says, on any status, that it took us for nobody
DENIED = "x-authentication-denied-reason"
LOGIN_PAGE = (b"os_username", b"login.jsp", b"login-form", b"id.atlassian.com/login")
T = TypeVar("T")


class UnprovenError(AuthError):
    """Jira does not accept the token of this call (401); a renewed one it may."""


class ForbiddenError(AuthError):
    """Jira knows us and does not let us do this one thing (403)."""


class NowhereError(TemporaryError):
    """Something answered 404 without Jira's words: there is no such address, or a proxy has lost its way."""


# What a call raises where there is something that Jira has not, or does not show to us.
HIDDEN = (ForbiddenError, GoneError, NowhereError, SettingsError)


class Purpose(StrEnum):
    """Why a call is made; the same status means different things to different callers."""

    READ = "read"
    SEARCH = "search"
    WRITE = "write"
    LOGIN = "login"


class Row(NamedTuple):
    """One line of the table. `purpose` None is any. `word` None is any error word, even none; any other value asks for
    a well formed answer that contains it in its words. `told` asks for a well formed answer at all."""

    status: int
    purpose: Purpose | None
    raises: type[AmendsError]
    means: str
    remedy: str | None = None
    word: str | None = None
    told: bool = True


_LOGIN = "Check the secrets and `auth` in the settings, and that the token has not expired."
_RIGHTS = "Give the integration user this permission in the project; `amends check` lists what is missing."
_PROJECTS = "Give the integration user Browse projects in each of `projects`, or take out of it what is gone."
_ADDRESS = "Check `url`, `deployment` and `projects` in the settings; `amends check` shows what Jira offers."
_PERSON = "Look at what the mapping or the policy wants to write."
_SCOPES = "Give the token the scopes read:jira-work, write:jira-work and read:jira-user."

# First match wins. What no row matches is temporary, and in doubt if it was a write: a status alone, an HTML page or an
# empty body may come from something on the way that never asked Jira, or that did and lost the answer.
TABLE: tuple[Row, ...] = (
    Row(400, Purpose.LOGIN, AuthError, "does not give a token", _LOGIN),
    Row(401, Purpose.LOGIN, AuthError, "does not know our OAuth client", _LOGIN),
    Row(403, Purpose.LOGIN, AuthError, "does not give a token: the refresh token is spent or was taken back", _LOGIN),
    Row(401, None, AuthError, "does not let this token do this", _SCOPES, word="scope"),
    Row(401, None, UnprovenError, "does not accept our credentials", _LOGIN, told=False),
    # One project's scheme may forbid one write; that is no reason to stop reading.
    Row(403, Purpose.WRITE, RejectedError, "does not let us write this", _RIGHTS),
    Row(403, None, ForbiddenError, "does not let us do this", _RIGHTS),
    Row(400, Purpose.SEARCH, CursorError, "does not take this page token (any more)", word="token"),
    # So it answers where we may no longer see a project: to be read on as soon as the right is back.
    Row(400, Purpose.SEARCH, AuthError, "does not show us every project", _PROJECTS, word="for the field 'project'"),
    Row(400, Purpose.SEARCH, SettingsError, "does not understand the question", _ADDRESS),
    Row(410, Purpose.SEARCH, SettingsError, "has ended this way of searching", _ADDRESS),
    Row(404, Purpose.SEARCH, SettingsError, "has no such search", _ADDRESS),
    Row(404, None, GoneError, "has no such issue (or does not show it to us)"),
    Row(404, None, NowhereError, "has nothing at this address", _ADDRESS, told=False),
    Row(410, None, GoneError, "has this no longer"),
    # Nobody documents that the loser of such a collision left nothing behind.
    Row(409, Purpose.WRITE, TemporaryError, "had a collision in its database"),
    Row(400, Purpose.WRITE, RejectedError, "refuses this write", _PERSON),
    Row(405, Purpose.WRITE, RejectedError, "refuses this write", _PERSON),
    Row(412, Purpose.WRITE, RejectedError, "refuses this write", _PERSON),
    Row(413, Purpose.WRITE, RejectedError, "finds this write too large", _PERSON, told=False),
    Row(415, Purpose.WRITE, RejectedError, "refuses this write", _PERSON),
    Row(422, Purpose.WRITE, RejectedError, "refuses this write", _PERSON),
    Row(400, Purpose.READ, SettingsError, "does not understand this question", _ADDRESS),
    Row(422, Purpose.READ, SettingsError, "does not understand this question", _ADDRESS),
)


class Refusal(NamedTuple):
    """What an answer of status 400 and above, or one that makes no sense, says. `words` is None where it is no JSON
    object: such an answer proves nothing. `per_issue` says that the limit is one of writes to one issue."""

    status: int
    words: str | None
    retry_after_seconds: float | None
    limited: bool
    per_issue: bool


def refusal(status: int, headers: Mapping[str, str], content: bytes, now: datetime) -> Refusal:
    """`headers` finds names in any case."""
    limited = "retry-after" in headers or any("limit" in name.lower() for name in headers)
    wait = retry_after_seconds(headers.get("retry-after"), now)
    return Refusal(status, _words(content), wait, limited, about_one_issue(headers))


def about_one_issue(headers: Mapping[str, str]) -> bool:
    """Whether a limit that was hit is that of writes to a single issue."""
    return any(headers.get(name, "").lower() == PER_ISSUE for name in REASONS)


def error_for(refused: Refusal, purpose: Purpose, what: str, **place: Any) -> AmendsError:
    """The error to raise. `what` names the call; `place` is source and ticket."""
    said = f"{refused.status} ({refused.words})" if refused.words else f"{refused.status}"
    if refused.status == 429 and refused.per_issue:
        return ConflictError(
            f"{what}: Jira allows no more writes to this issue just now: {said}.",
            retry_after_seconds=refused.retry_after_seconds or 30.0,
            **place,
        )
    row = next((row for row in TABLE if _fits(row, refused, purpose)), None)
    if row is not None and not issubclass(row.raises, TemporaryError):
        return row.raises(f"{what}: Jira {row.means}: {said}.", remedy=row.remedy, **place)
    raises = NowhereError if row is not None and row.raises is NowhereError else TemporaryError
    return raises(
        f"{what}: {_trouble(refused) if row is None else f'Jira {row.means}'}: {said}.",
        retry_after_seconds=refused.retry_after_seconds,
        # A limit is checked before anything is done, but only an answer that shows it is one of a limit.
        applied=False if refused.status == 429 and (refused.limited or refused.words is not None) else None,
        **place,
    )


def nobody(status: int, headers: Mapping[str, str], content: bytes, what: str, **place: Any) -> AuthError | None:
    """The error where Jira's login filter took us for nobody, whatever the status: it may answer 200 with a login page,
    or with what anonymous people may see, which would look like a site without issues."""
    if "captcha" in headers.get(DENIED, "").lower():
        return AuthError(
            f"{what}: Jira asks for a CAPTCHA after failed logins.",
            remedy="Log in once as the integration user in a browser, and use a token.",
            **place,
        )
    reason = headers.get(SERAPH, "").upper()
    anonymous = headers.get("x-ausername", "").lower() == "anonymous"
    page = status < 400 and content.lstrip()[:1] == b"<" and any(sign in content for sign in LOGIN_PAGE)
    refused = status != 401 and ("FAILED" in reason or "DENIED" in reason)  # a 401 may be mended by a new token
    if refused or (status < 400 and (anonymous or page)):
        return AuthError(f"{what}: Jira took us for nobody: {status} {reason}".rstrip() + ".", remedy=_LOGIN, **place)
    return None


def parsed(content: bytes, kind: type[T], what: str, **place: Any) -> T:
    """The body of a 2xx answer as `kind`. Raises TemporaryError (in doubt, for a write) when it is anything else."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shape = "an HTML page" if content.lstrip()[:1] == b"<" else "no whole JSON" if content.strip() else "nothing"
        raise TemporaryError(f"{what}: Jira answered 200 with {shape} ({error}).", **place) from error


def _fits(row: Row, refused: Refusal, purpose: Purpose) -> bool:
    if row.status != refused.status or row.purpose not in (None, purpose):
        return False
    if row.word is not None:
        return refused.words is not None and row.word in refused.words.lower()
    return refused.words is not None or not row.told


def _trouble(refused: Refusal) -> str:
    if refused.status == 429:
        return "Jira asks for fewer calls"
    return "Jira has trouble" if refused.status >= 500 else "this is no answer of Jira's"


def _words(content: bytes) -> str | None:
    """What is wrong, and with which fields, in one line; None where the body is not a JSON object."""
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    names = ("errorMessages", "errors", "errorMessage", "error", "error_description", "message")
    return "; ".join(filter(None, (_flat(body.get(name)) for name in names)))[:LONGEST_WORDS] or "no reason given"


def _flat(value: JSON) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_flat(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(filter(None, map(_flat, value)))
    return "" if value is None else str(value)
