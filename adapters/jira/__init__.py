"""The adapter for Jira: Cloud, Data Center and Service Management; searches in, issue updates and comments out.

One stream, "issues": a record is an issue whole, with its comments and changelog. Found by name through
`connector.adapter.find_adapter`. Start reading at `pages` for the way in and at `writing` for the way out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

import msgspec

from adapters.jira import account, cycles, getting, hooks, issues, offering, pages, writing
from adapters.jira.calls import Calls
from adapters.jira.login import NEEDED
from adapters.jira.settings import JiraSettings
from connector.adapter import (
    Credentials,
    Cursor,
    Discovery,
    Finding,
    Hook,
    Identity,
    Page,
    Receipt,
    Record,
    Stamp,
    Tools,
)
from connector.errors import CursorError, RejectedError
from connector.model import JSON, Action, ActionKind

__all__ = ["Adapter", "JiraSettings"]


class Adapter:
    """One Jira site. Keeps nothing but whether the site knows changelogs in bulk."""

    Settings: ClassVar[type] = JiraSettings
    streams: ClassVar[tuple[str, ...]] = (getting.STREAM,)
    can: ClassVar[frozenset[ActionKind]] = frozenset(ActionKind) - {ActionKind.ACKNOWLEDGE, ActionKind.NOTIFY}
    # Calls a minute. The vendor names none that could be relied on; these are far below what sites were seen to allow.
    limits: ClassVar[Mapping[str, int]] = MappingProxyType({"account": 1200, "search": 600, "issue": 300})

    # Which of our clocks an SLA is, by its name; the option `clocks` says more.
    clocks: ClassVar[Mapping[str, str]] = MappingProxyType(cycles.CLOCKS)

    # Which secrets each way to log in needs; `amends init` asks for them.
    secrets: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType(NEEDED)

    # Jira has no compare-and-set: a late copy of a comment is looked for after a quarter of an hour and after a day.
    repairs: ClassVar[tuple[float, ...]] = (900.0, 86400.0)

    def __init__(self, source: str, settings: JiraSettings, tools: Tools) -> None:
        self._source = source
        self._calls = Calls(source, settings, tools)

    @classmethod
    def offered(cls, source: str, options: Mapping[str, JSON], tools: Tools) -> dict[str, tuple[tuple[str, str], ...]]:
        """(value, title) pairs to choose from, by option, while the settings are still being made: the projects.

        Raises ValueError for options that cannot be, AuthError, TemporaryError."""
        settings = msgspec.convert({"projects": ["A"], **options}, JiraSettings)
        return {"projects": account.projects(Calls(source, settings, tools))}

    def check(self) -> Identity:
        return account.check(self._calls)

    def discover(self) -> Discovery:
        return offering.discover(self._calls)

    def start(self, stream: str, since: datetime | None) -> Cursor:
        return pages.start(since)

    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        if stream not in self.streams:
            raise CursorError(f"there is no stream {stream!r}.", source=self._source)
        return pages.pages(self._calls, cursor)

    def get(self, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
        return getting.get(self._calls, tickets)

    def read(self, stream: str, raw: bytes, seen_at: datetime) -> Record:
        return issues.read(raw, seen_at)

    def census(self, since: datetime) -> Iterator[Sequence[tuple[str, int]]]:
        return pages.census(self._calls, since)

    def prepare(self, action: Action) -> Stamp:
        self._refuse_unable(action)
        return writing.prepare(self._calls, action)

    def apply(self, action: Action, stamp: Stamp) -> Receipt:
        self._refuse_unable(action)
        return writing.apply(self._calls, action, stamp)

    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        return writing.find(self._calls, action, stamp, sent_at)

    @staticmethod
    def hear(
        options: JiraSettings, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
    ) -> Hook:
        return hooks.hear(options, headers, body, secrets)

    def keep_hook(self, address: str, secrets: Credentials, *, renew: bool = False) -> str | None:
        return hooks.keep(self._calls, address, secrets, renew=renew)

    def drop_hook(self, address: str) -> bool:
        return hooks.drop(self._calls, address)

    def close(self) -> None:
        self._calls.close()

    def _refuse_unable(self, action: Action) -> None:
        if action.kind not in self.can:
            raise RejectedError(f"this adapter cannot {action.kind}.", source=self._source, ticket=action.ticket)
