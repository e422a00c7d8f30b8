"""What an admin says about one Zendesk account. Read by every module of this package."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

import msgspec

LOOPBACK = ("localhost", "127.0.0.1", "::1")
MOST_PER_PAGE = 1000


class ZendeskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the account's address, "https://acme.zendesk.com"; plain http is for a loopback address only.

    `auth` says which secrets are used:
    "oauth_client": `client_id` and `client_secret` of a confidential OAuth client;
    "oauth_refresh": the same and a `refresh_token` (or an `access_token` that never expires);
    "api_token": `api_token`, with the `email` of its user. Zendesk ends these: see `account.LEGACY_LOGIN_ENDS`.
    `scopes` is what is asked for; audits need the global "read". `page_size` is tickets a page, 1 to 1000.
    `limits` are calls a minute by group ("account", "export", "updates") where the account's plan differs from
    `Adapter.limits`.
    """

    url: str
    auth: Literal["oauth_client", "oauth_refresh", "api_token"] = "oauth_client"
    email: str | None = None
    scopes: tuple[str, ...] = ("read", "write")
    page_size: int = MOST_PER_PAGE
    limits: dict[str, int] = {}

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if "@" in parts.netloc:
            # What stands before the @ may be a password, so it is not repeated.
            raise ValueError("url names a user or a password; secrets stand under `secrets`, by reference")
        if not host or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"url {self.url!r} is not the address of an account, such as https://acme.zendesk.com")
        if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
            raise ValueError(f"url {self.url!r} must begin with https://")
        if self.auth == "api_token" and not self.email:
            raise ValueError("auth api_token needs `email`, the user that the token belongs to")
        if not 1 <= self.page_size <= MOST_PER_PAGE:
            raise ValueError(f"page_size must lie between 1 and {MOST_PER_PAGE}")

    @property
    def site(self) -> str:
        return self.url.rstrip("/")
