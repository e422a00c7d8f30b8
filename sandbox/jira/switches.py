"""Switches that make the stand-in behave as an unusual (but real) site does. Read by `index`, `search` and `routes`."""

from __future__ import annotations

from typing import Literal

import msgspec

from sandbox.http.switches import WireSwitches

WEEK_SECONDS = 7 * 86400


class Switches(WireSwitches, kw_only=True):
    """Set any at any time; the defaults are an ordinary Cloud site.

    `deployment` decides about versions of the API, users and texts. `context_path` is where a Data Center lives under
    its host ("/jira"). `index_lag_seconds` is how long a change stays out of search; `index_lag_of` says so for single
    issues (by id); with `live_bodies` search shows issues as they are now, in the order of what the index still knows.
    `page_size` caps a search page. `withheld` are issues (by id) that a bulk read lists as errors: they are there, and
    a read of each tells them. `token_life_seconds` is the life of a page token; with
    `tokens_refused` every one counts as expired. `later_fold` reads a local time that happens twice as the later one.
    `embedded_comments` is how many comments an issue in a search answer carries, `embedded_changelog` how many
    histories with expand=changelog on Cloud. `no_bulk_changelog` is a server without that endpoint, `bulk_times` how it
    tells times (its description says text, its example shows a number). `login_page`
    answers everything with a login page and 200, `captcha` asks for one. `hidden_emails` hides every address.
    """

    deployment: Literal["cloud", "data_center"] = "cloud"
    context_path: str = ""
    index_lag_seconds: float = 0.0
    index_lag_of: dict[int, float] = msgspec.field(default_factory=dict)
    live_bodies: bool = False
    withheld: set[int] = msgspec.field(default_factory=set)
    page_size: int = 5000
    token_life_seconds: float = WEEK_SECONDS
    tokens_refused: bool = False
    later_fold: bool = False
    embedded_comments: int = 20
    embedded_changelog: int = 100
    comment_page: int = 5000
    changelog_page: int = 10_000
    no_bulk_changelog: bool = False
    bulk_times: Literal["millis", "seconds", "text"] = "millis"
    login_page: bool = False
    captcha: bool = False
    hidden_emails: bool = False

    @property
    def cloud(self) -> bool:
        return self.deployment == "cloud"
