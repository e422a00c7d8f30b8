"""How our calls prove who we are: API token, scoped token, personal access token, or OAuth tokens kept before use.

Atlassian ends the refresh token that was used, so one worker at a time refreshes and the new pair is on disk before it
is used. Should the answer to a refresh be lost, the pair is lost with it: then a person has to allow the app anew.
Used by `calls`. https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec
from requests import PreparedRequest
from requests.auth import AuthBase, _basic_auth_str

from adapters.jira.answers import Purpose, error_for, parsed, refusal
from adapters.jira.settings import JiraSettings
from connector.adapter import Tools
from connector.errors import AuthError, SettingsError

EARLY = timedelta(seconds=60)  # a token this near to its end may end under way
NEEDED = {
    "api_token": ("api_token",),
    "scoped_token": ("api_token",),
    "oauth_refresh": ("client_id", "client_secret", "refresh_token"),
    "pat": ("personal_access_token",),
}


class Grant(msgspec.Struct, frozen=True):
    """The answer of /oauth/token."""

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

    def __init__(self, source: str, settings: JiraSettings, tools: Tools) -> None:
        self._source = source
        self._settings = settings
        self._tools = tools

    def proof(self) -> Proof:
        """For the next call. Fetches a token first where OAuth has none or it is about to end.

        Raises SettingsError for a missing secret, AuthError, and TemporaryError (applied=False: the call that wanted
        the token was not made)."""
        secrets = self._tools.credentials.current()
        auth, email = self._settings.auth, self._settings.email
        if auth == "oauth_refresh":
            if not self._good(secrets):
                secrets = self.renew(secrets.get("access_token"))
            token = secrets["access_token"]
            return Proof(f"Bearer {token}", token)
        secret = self._secret(secrets, NEEDED[auth][0])
        if auth == "pat" or email is None:  # a service account's scoped token stands for itself
            return Proof(f"Bearer {secret}")
        return Proof(_basic_auth_str(email, secret))

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
        body = {name: self._secret(secrets, name) for name in NEEDED["oauth_refresh"]}
        body["grant_type"] = "refresh_token"
        self._tools.budget.take("account", write=True)
        url = f"{self._settings.login_url.rstrip('/')}/oauth/token"
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
