"""How our calls prove who we are: OAuth tokens, fetched once and kept before use, or the old API token.

Zendesk kills the previous access and refresh token when a refresh token is used, so one worker at a time refreshes and
the new pair is on disk before it is used. Should the answer to a refresh be lost, the pair is lost with it: then a
person has to allow the client anew. Used by `calls`.
https://developer.zendesk.com/documentation/api-basics/authentication/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from requests import PreparedRequest
from requests.auth import AuthBase, _basic_auth_str

from adapters.zendesk.answers import Purpose, error_for, parsed, refusal
from adapters.zendesk.settings import ZendeskSettings
from connector.adapter import Tools
from connector.errors import AuthError, SettingsError

EARLY = timedelta(seconds=60)  # a token this near to its end may end under way
NEEDED = {
    "oauth_client": ("client_id", "client_secret"),
    "oauth_refresh": ("client_id", "client_secret", "refresh_token"),
    "api_token": ("api_token",),
}


class Grant(msgspec.Struct, frozen=True):
    """The answer of /oauth/tokens."""

    access_token: str
    refresh_token: str | None = None
    expires_in: int | None = None


class Proof(AuthBase):
    """The Authorization header for one request. Its repr, and so any log of the request, shows nothing.

    `token` is the access token in it, None where it is none that can be renewed."""

    def __init__(self, header: str, token: str | None = None) -> None:
        self._header = header
        self.token = token

    def __repr__(self) -> str:
        return "Proof(…)"

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


class Login:
    """The proofs of one source."""

    def __init__(self, source: str, settings: ZendeskSettings, tools: Tools) -> None:
        self._source = source
        self._settings = settings
        self._tools = tools

    def proof(self) -> Proof:
        """For the next call. Fetches a token first where there is none or it is about to end.

        Raises SettingsError for a missing secret, AuthError, and TemporaryError (applied=False: the call that wanted
        the token was not made)."""
        secrets = self._tools.credentials.current()
        if self._settings.auth == "api_token":
            return Proof(_basic_auth_str(f"{self._settings.email}/token", self._secret(secrets, "api_token")))
        if not self._good(secrets):
            secrets = self.renew(secrets.get("access_token"))
        token = secrets["access_token"]
        return Proof(f"Bearer {token}", token)

    def renew(self, stale: str | None) -> Mapping[str, str]:
        """New tokens in place of the access token `stale`; those that another worker fetched meanwhile will do."""
        with self._tools.credentials.renewing():
            old = self._tools.credentials.current()
            if old.get("access_token") != stale and self._good(old):
                return old
            grant = self._asked_for(old)
            new = {**old, "access_token": grant.access_token}
            new.pop("expires_at", None)
            if grant.refresh_token:
                new["refresh_token"] = grant.refresh_token
            if grant.expires_in:
                new["expires_at"] = (self._tools.now() + timedelta(seconds=grant.expires_in)).isoformat()
            return self._tools.credentials.replace(old, new)

    def _good(self, secrets: Mapping[str, str]) -> bool:
        # ISO times of one zone and precision compare as text; the precision is cut to the second.
        ends = secrets.get("expires_at")
        soon = (self._tools.now() + EARLY).isoformat(timespec="seconds")
        return bool(secrets.get("access_token")) and (ends is None or ends[:19] > soon[:19])

    def _asked_for(self, secrets: Mapping[str, str]) -> Grant:
        body: dict[str, Any] = {name: self._secret(secrets, name) for name in NEEDED[self._settings.auth]}
        body |= {
            "grant_type": "refresh_token" if "refresh_token" in body else "client_credentials",
            "scope": " ".join(self._settings.scopes),
        }
        self._tools.budget.take("account", write=True)
        url = f"{self._settings.site}/oauth/tokens"
        response = self._tools.session.post(url, json=body, allow_redirects=False)
        self._tools.budget.observe("account", response.status_code, response.headers)
        place = {"source": self._source}
        if response.status_code not in (200, 201):
            told = refusal(response.status_code, response.headers, response.content, self._tools.now())
            raise error_for(told, Purpose.LOGIN, "logging in", **place)
        return parsed(response.content, Grant, "logging in", **place)

    def _secret(self, secrets: Mapping[str, str], name: str) -> str:
        if value := secrets.get(name):
            return value
        if name == "refresh_token" and secrets.get("access_token"):
            raise AuthError("the access token is refused and there is no refresh token.", source=self._source)
        raise SettingsError(
            f"auth {self._settings.auth!r} needs the secret {name!r}.",
            source=self._source,
            remedy=f"Add `{name}: env:…` to the secrets of this source.",
        )
