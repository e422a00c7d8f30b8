"""Who may come in: OAuth tokens with their short life, and the old API token. Called by `routes` for every request."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sandbox.http.answers import Refused
from sandbox.zendesk import content, shapes

JSON = Any
ACCESS_LIFE_SECONDS = 1800
REFRESH_LIFE_SECONDS = 30 * 86400


class Client(msgspec.Struct):
    """A registered OAuth client. `gives_refresh` says whether client_credentials also hands out a refresh token."""

    identifier: str
    secret: str
    user: int
    scopes: str = "read write"
    gives_refresh: bool = False


class Grant(msgspec.Struct, frozen=True):
    client: str
    user: int
    scopes: str
    expires_at: datetime | None


class Doorman:
    """Tokens and clients of one account. Times come from the account's clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.clients = {content.CLIENT_ID: Client(content.CLIENT_ID, content.CLIENT_SECRET, content.INTEGRATION)}
        self.api_tokens = {content.API_TOKEN}
        self.api_tokens_allowed = True
        self.access: dict[str, Grant] = {
            content.ACCESS_TOKEN: Grant(content.CLIENT_ID, content.INTEGRATION, "read write", None)
        }
        self.refresh: dict[str, tuple[str, Grant]] = {}
        self.issued = 0

    def revoke_all(self) -> None:
        """An admin revokes every token, the API tokens too."""
        self.access.clear()
        self.refresh.clear()
        self.api_tokens.clear()

    def tokens(self, wish: dict[str, JSON]) -> dict[str, JSON]:
        """POST /oauth/tokens. Raises Refused with the OAuth error bodies."""
        client = self.clients.get(str(wish.get("client_id")))
        if client is None or not secrets.compare_digest(client.secret, str(wish.get("client_secret"))):
            raise _oauth_refusal(401, "invalid_client", "Client authentication failed due to unknown client.")
        match wish.get("grant_type"):
            case "client_credentials":
                return self._issue(client, wish, refreshing=client.gives_refresh)
            case "refresh_token":
                self._use_up(str(wish.get("refresh_token")), client)
                return self._issue(client, wish, refreshing=True)
        raise _oauth_refusal(400, "unsupported_grant_type", "The authorization grant type is not supported.")

    def start_refresh(self, expires_in: int = ACCESS_LIFE_SECONDS) -> dict[str, JSON]:
        """The pair of tokens that a person's consent in the browser would have given."""
        client = self.clients[content.CLIENT_ID]
        return self._issue(client, {"expires_in": expires_in}, refreshing=True)

    def current(self, header: str) -> dict[str, JSON] | None:
        """The OAuth token behind an Authorization header as the API shows it; None for an API token."""
        kind, _, value = header.partition(" ")
        grant = self.access.get(value.strip())
        if kind.lower() != "bearer" or grant is None:
            return None
        ends = grant.expires_at and shapes.iso(grant.expires_at)
        return {
            "id": 223_443,
            "client_id": 1234,
            "user_id": grant.user,
            "token": value.strip()[:10],
            "refresh_token": None,
            "scopes": grant.scopes.split(),
            "created_at": shapes.iso(self._now()),
            "expires_at": ends,
            "refresh_token_expires_at": None,
            "used_at": None,
        }

    def user_of(self, header: str | None, email_to_user: dict[str, int]) -> tuple[int, str]:
        """The user id and scopes behind an Authorization header. Raises Refused(401)."""
        kind, _, value = (header or "").partition(" ")
        if kind.lower() == "bearer":
            return self._bearer(value.strip())
        if kind.lower() == "basic":
            return self._basic(value.strip(), email_to_user), "read write"
        raise Refused(401, {"error": "Couldn't authenticate you"})

    def _bearer(self, token: str) -> tuple[int, str]:
        grant = self.access.get(token)
        if grant is None or (grant.expires_at is not None and grant.expires_at <= self._now()):
            raise _oauth_refusal(
                401, "invalid_token", "The access token provided is expired, revoked, malformed or invalid."
            )
        return grant.user, grant.scopes

    def _basic(self, value: str, email_to_user: dict[str, int]) -> int:
        try:
            name, _, token = base64.b64decode(value).decode().partition(":")
        except ValueError:
            name = token = ""
        email, slash, _ = name.partition("/token")
        known = email_to_user.get(email.lower())
        if not slash or known is None or token not in self.api_tokens or not self.api_tokens_allowed:
            raise Refused(401, {"error": "Couldn't authenticate you"})
        return known

    def _use_up(self, refresh: str, client: Client) -> None:
        """A refresh kills the refresh token and the access token that came with it."""
        access, grant = self.refresh.pop(refresh, ("", None))
        if grant is None or grant.client != client.identifier or (grant.expires_at and grant.expires_at <= self._now()):
            raise _oauth_refusal(
                400, "invalid_grant", "The provided authorization grant is invalid, expired, revoked or was used."
            )
        self.access.pop(access, None)

    def _issue(self, client: Client, wish: dict[str, JSON], *, refreshing: bool) -> dict[str, JSON]:
        self.issued += 1
        life = int(wish.get("expires_in") or ACCESS_LIFE_SECONDS)
        if not 300 <= life <= 172_800:
            raise _oauth_refusal(400, "invalid_request", "expires_in must lie between 300 and 172800 seconds.")
        token, scope = secrets.token_hex(32), str(wish.get("scope") or client.scopes)
        ends = self._now() + timedelta(seconds=life)
        self.access[token] = Grant(client.identifier, client.user, scope, ends)
        body: dict[str, JSON] = {"access_token": token, "token_type": "bearer", "scope": scope, "expires_in": life}
        if refreshing:
            refresh_life = int(wish.get("refresh_token_expires_in") or REFRESH_LIFE_SECONDS)
            refresh = secrets.token_hex(32)
            dies = self._now() + timedelta(seconds=refresh_life)
            self.refresh[refresh] = (token, Grant(client.identifier, client.user, scope, dies))
            body |= {"refresh_token": refresh, "refresh_token_expires_in": refresh_life}
        return body


def _oauth_refusal(status: int, error: str, words: str) -> Refused:
    return Refused(status, {"error": error, "error_description": words})
