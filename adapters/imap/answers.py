"""What a mail server's refusals mean, in our error classes: by response code first, by the words of known servers else.

Pure. Used by `connection`. Codes: RFC 5530 and 3501; "THROTTLED" and "Suggested Backoff Time" are Microsoft's.
"""

from __future__ import annotations

import re

from connector.adapter import LONGEST_WAIT_SECONDS
from connector.errors import AmendsError, AuthError, SettingsError, TemporaryError

_CODE = re.compile(r"\[([A-Z][A-Z-]*)[^\]]*\]")
_BACKOFF = re.compile(r"Backoff Time:\s*(\d{1,9})\s*milliseconds", re.IGNORECASE)
_UNPROVEN = frozenset({"AUTHENTICATIONFAILED", "EXPIRED"})
_FORBIDDEN = frozenset({"AUTHORIZATIONFAILED", "NOPERM", "PRIVACYREQUIRED", "CONTACTADMIN"})
_BUSY = frozenset({"UNAVAILABLE", "THROTTLED", "LIMIT", "INUSE", "OVERQUOTA", "SERVERBUG", "CORRUPTION", "ALERT"})
_MISSING = re.compile(
    r"(?:doesn'?t|does not) exist|no such (?:mailbox|folder)|(?:unknown|nonexistent) mailbox", re.IGNORECASE
)
_SHORT = re.compile(
    r"too many|try again|temporar|throttl|unavailable|maximum number|rate limit|overquota", re.IGNORECASE
)
_LONGEST_TOLD = 200


class UnprovenError(AuthError):
    """The server does not take our proof of who we are; a token that is renewed may do."""


def refusal(said: str, what: str, *, source: str, login: bool = False) -> AmendsError:
    """The error for what a server `said` (a NO, BAD or BYE) to `what`. `login`: it was asked whether we may come in."""
    code = next(iter(_CODE.findall(said)), "")
    told = f"{what} was refused: {tidy(said)}"
    if code in _FORBIDDEN:
        return AuthError(told, source=source, remedy="Let the account read these folders, or name others.")
    if code in _UNPROVEN or (login and code not in _BUSY and not _SHORT.search(said)):
        return UnprovenError(told, source=source, remedy="Check the user and the secrets of this inbox.")
    if code == "NONEXISTENT" or (code not in _BUSY and _MISSING.search(said)):
        return SettingsError(
            told, source=source, remedy="Name a folder that is there: `amends mapping discover` lists them."
        )
    return TemporaryError(told, source=source, retry_after_seconds=backoff_seconds(said))


def backoff_seconds(said: str) -> float | None:
    """How long a server wants to be left alone, where it says so."""
    found = _BACKOFF.search(said)
    return min(int(found[1]) / 1000, LONGEST_WAIT_SECONDS) if found else None


def tidy(said: str) -> str:
    """A server's words, fit for a log line."""
    plain = "".join(letter if letter.isprintable() else " " for letter in said)
    return plain if len(plain) <= _LONGEST_TOLD else f"{plain[:_LONGEST_TOLD]}…"
