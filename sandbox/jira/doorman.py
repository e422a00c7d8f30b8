"""Who may come in: API tokens, scoped tokens and OAuth through the gateway, personal tokens on Data Center.

OAuth is as at auth.atlassian.com: every refresh gives a new pair and uses up the old refresh token. Called by `routes`.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sandbox.http.answers import Refused
from sandbox.jira import content
from sandbox.jira.answers import unauthorized

JSON = Any
ACCESS_LIFE_SECONDS = 3600
SCOPES = "read:jira-work write:jira-work read:jira-user read:servicedesk-request offline_access"


class Door(msgspec.Struct, frozen=True):
    """The way a request came: to the site or through the gateway, at a Cloud or a Data Center."""

    gateway: bool
    cloud: bool


class Doorman:
    """Tokens of one site. `expire(token)` ends any of them; times come from the site's clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.api_tokens = {content.API_TOKEN: content.INTEGRATION}
        self.scoped_tokens = {content.SCOPED_TOKEN: content.INTEGRATION}
        self.personal_tokens = {content.PAT: content.INTEGRATION}
        self.passwords = {("amends", "sandbox-password"): content.INTEGRATION}
        self.access: dict[str, datetime | None] = {content.ACCESS_TOKEN: None}
        self.refresh = {content.REFRESH_TOKEN}
        self.issued = 0

    def expire(self, token: str) -> None:
        for kept in self._by_token():
            kept.pop(token, None)
        self.refresh.discard(token)

    def revoke_all(self) -> None:
        for kept in self._by_token():
            kept.clear()
        self.refresh.clear()

    def _by_token(self) -> tuple[dict[str, Any], ...]:
        return self.api_tokens, self.scoped_tokens, self.personal_tokens, self.access

    def tokens(self, wish: dict[str, JSON]) -> dict[str, JSON]:
        """POST /oauth/token with a refresh token. Raises Refused with the OAuth error bodies."""
        if wish.get("grant_type") != "refresh_token":
            raise _oauth_refusal(400, "unsupported_grant_type", "Only refresh_token is supported here.")
        if (wish.get("client_id"), wish.get("client_secret")) != (content.CLIENT_ID, content.CLIENT_SECRET):
            raise _oauth_refusal(401, "access_denied", "Unauthorized")
        used = str(wish.get("refresh_token"))
        if used not in self.refresh:
            raise _oauth_refusal(403, "invalid_grant", "Unknown or invalid refresh token.")
        self.refresh.discard(used)
        return self.issue()

    def issue(self, expires_in: int = ACCESS_LIFE_SECONDS) -> dict[str, JSON]:
        """A new pair, as a refresh or a person's consent gives it."""
        self.issued += 1
        access, refresh = secrets.token_hex(24), secrets.token_hex(24)
        self.access[access] = self._now() + timedelta(seconds=expires_in)
        self.refresh.add(refresh)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": expires_in,
            "scope": SCOPES,
        }

    def actor(self, header: str | None, door: Door) -> str:
        """The account behind an Authorization header. Raises Refused(401)."""
        kind, _, value = (header or "").partition(" ")
        found = None
        if kind.lower() == "bearer":
            found = self._bearer(value.strip(), door)
        elif kind.lower() == "basic":
            found = self._basic(value.strip(), door)
        if found is None:
            raise unauthorized()
        return found

    def _bearer(self, token: str, door: Door) -> str | None:
        if not door.cloud:
            return self.personal_tokens.get(token)
        if not door.gateway:
            return None
        if token in self.access:
            ends = self.access[token]
            return content.INTEGRATION if ends is None or ends > self._now() else None
        return self.scoped_tokens.get(token)

    def _basic(self, value: str, door: Door) -> str | None:
        try:
            name, _, token = base64.b64decode(value).decode().partition(":")
        except ValueError:
            return None
        if not door.cloud:
            return self.passwords.get((name, token))
        if name.lower() != content.EMAIL:
            return None
        return (self.scoped_tokens if door.gateway else self.api_tokens).get(token)


def _oauth_refusal(status: int, error: str, words: str) -> Refused:
    return Refused(status, {"error": error, "error_description": words})
