"""What an admin says about one Jira site. Read by every module of this package."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote, urlsplit

import msgspec

LOOPBACK = ("localhost", "127.0.0.1", "::1")
MOST_PER_PAGE = 100
PROJECT_KEY = re.compile(r"[A-Z][A-Z0-9_]*")
CLOUD_LOGINS = ("api_token", "scoped_token", "oauth_refresh")
OurClock = Literal[
    "acknowledgement",
    "first_reply",
    "next_reply",
    "periodic_update",
    "resolution",
    "requester_wait",
    "agent_work",
    "team_time",
]
MOST_OVERLAP_MINUTES = 24 * 60


class JiraSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the site's address as people open it: "https://acme.atlassian.net", or that of a Data Center, which may
    end in a path such as /jira; plain http is for a loopback address only. `projects` are the keys of the projects
    whose issues are complaints; `jql` is one more condition on them. `fields` are the ids of the fields to read; empty
    means those that the mapping names.

    `auth` says which secrets are used:
    "api_token": `api_token`, with the `email` of its user (Cloud);
    "scoped_token": `api_token` of a user (with `email`) or of a service account (without), and the site's `cloud_id`;
    "oauth_refresh": `client_id`, `client_secret` and `refresh_token` of an OAuth 2.0 app, and the site's `cloud_id`;
    "pat": `personal_access_token` (Data Center 8.14 and later).
    `service_desk` reads and writes as Jira Service Management does: request types, customers, internal comments.
    `sla_cycles` reads its SLAs too; `clocks` says which of our clocks an SLA corresponds to, by its name.
    `page_size` is issues a page, 1 to 100. `overlap_minutes` is how far back each read begins, because the search
    index is behind. `notes` says how the writing side leaves a note: as a comment, or as an invisible property alone.
    `note_visibility` is who may read such a comment in a project that is no service desk: "role:NAME" or "group:NAME".
    `api_url` and `login_url` are Atlassian's gateway and login. `limits` are calls a minute by group ("account",
    "search", "issue") where the site allows more or less than `Adapter.limits`.
    """

    url: str
    projects: tuple[str, ...]
    deployment: Literal["cloud", "data_center"] = "cloud"
    auth: Literal["api_token", "scoped_token", "oauth_refresh", "pat"] = "api_token"
    email: str | None = None
    cloud_id: str | None = None
    jql: str | None = None
    fields: tuple[str, ...] = ()
    service_desk: bool = False
    sla_cycles: bool = True
    clocks: dict[str, OurClock] = {}
    page_size: int = MOST_PER_PAGE
    overlap_minutes: int = 10
    notes: Literal["comment", "property_only"] = "comment"
    note_visibility: str = "role:Administrators"
    api_url: str = "https://api.atlassian.com"
    login_url: str = "https://auth.atlassian.com"
    limits: dict[str, int] = {}

    def __post_init__(self) -> None:
        for name in ("url", "api_url", "login_url"):
            _address(name, getattr(self, name), path=name == "url" and self.deployment == "data_center")
        self._projects()
        self._login()
        if not 1 <= self.page_size <= MOST_PER_PAGE:
            raise ValueError(f"page_size must lie between 1 and {MOST_PER_PAGE}")
        if not 0 <= self.overlap_minutes <= MOST_OVERLAP_MINUTES:
            raise ValueError(f"overlap_minutes must lie between 0 and {MOST_OVERLAP_MINUTES}")
        if self.jql is not None and (not self.jql.strip() or re.search(r"\border\s+by\b", self.jql, re.IGNORECASE)):
            raise ValueError("jql is a condition such as `labels = complaint`, without ORDER BY")
        if not re.fullmatch(r"(role|group):\S.*", self.note_visibility):
            raise ValueError("note_visibility is role:NAME or group:NAME")

    def _projects(self) -> None:
        if not self.projects:
            raise ValueError("projects must name at least one project, such as [HELP]")
        if odd := [key for key in self.projects if not PROJECT_KEY.fullmatch(key)]:
            raise ValueError(f"projects: {odd[0]!r} is no project key; one looks like HELP")

    def _login(self) -> None:
        if (self.auth in CLOUD_LOGINS) != self.cloud:
            fits = ", ".join(CLOUD_LOGINS) if self.cloud else "pat"
            raise ValueError(f"auth {self.auth} does not go with deployment {self.deployment}; use {fits}")
        if self.auth == "api_token" and not self.email:
            raise ValueError("auth api_token needs `email`, the user that the token belongs to")
        if self.gateway and not self.cloud_id:
            raise ValueError(f"auth {self.auth} needs `cloud_id`; {self.site}/_edge/tenant_info tells it")

    @property
    def cloud(self) -> bool:
        return self.deployment == "cloud"

    @property
    def gateway(self) -> bool:
        """Whether calls go through Atlassian's gateway instead of the site."""
        return self.auth in ("scoped_token", "oauth_refresh")

    @property
    def site(self) -> str:
        return self.url.rstrip("/")

    @property
    def base(self) -> str:
        """Where calls go: the site, or the gateway for this site."""
        if not self.gateway:
            return self.site
        return f"{self.api_url.rstrip('/')}/ex/jira/{quote(self.cloud_id or '', safe='')}"


def _address(name: str, url: str, *, path: bool) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if "@" in parts.netloc:
        # What stands before the @ may be a password, so it is not repeated.
        raise ValueError(f"{name} names a user or a password; secrets stand under `secrets`, by reference")
    if host and parts.path.strip("/") and name == "url" and not path:
        raise ValueError(
            f"url {url!r} has a path, which a Cloud site has not; for a Data Center say deployment: data_center"
        )
    if not host or (parts.path.strip("/") and not path) or parts.query or parts.fragment:
        raise ValueError(f"{name} {url!r} is not the address of a site, such as https://acme.atlassian.net")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        raise ValueError(f"{name} {url!r} must begin with https://")
