"""The adapter for Zendesk Support: incremental exports in, ticket updates with compare-and-set out.

Streams: "tickets" (snapshots, by cursor), "ticket_events" (what happened, by time) and "ticket_metric_events" (the
account's own clocks, by time). Found by name through `connector.adapter.find_adapter`. Start reading at `pages` for the
way in and at `writing` for the way out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from adapters.zendesk import account, events, getting, hooks, metric_events, pages, survey_responses, tickets, writing
from adapters.zendesk.calls import Calls
from adapters.zendesk.oauth import NEEDED
from adapters.zendesk.people import Roster
from adapters.zendesk.settings import ZendeskSettings
from connector.adapter import (
    LATE_LOOKS,
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
from connector.model import Action, ActionKind

__all__ = ["Adapter", "ZendeskSettings"]


class Adapter:
    """One Zendesk account. Keeps nothing but who is staff there, for a quarter of an hour."""

    Settings: ClassVar[type] = ZendeskSettings
    streams: ClassVar[tuple[str, ...]] = (
        "tickets",
        "ticket_events",
        metric_events.STREAM,
        survey_responses.STREAM,
    )
    can: ClassVar[frozenset[ActionKind]] = frozenset(ActionKind) - {
        ActionKind.CORRECT,
        ActionKind.ACKNOWLEDGE,
        ActionKind.NOTIFY,
    }
    late_looks: ClassVar[tuple[float, ...]] = LATE_LOOKS
    # Calls a minute that every plan allows; https://developer.zendesk.com/api-reference/introduction/rate-limits/
    limits: ClassVar[Mapping[str, int]] = MappingProxyType({"account": 200, "export": 10, "updates": 100})

    # Which of our clocks the account's own ones are.
    clocks: ClassVar[Mapping[str, str]] = MappingProxyType(metric_events.CLOCKS)

    # Which secrets each way to log in needs; `amends init` asks for them.
    secrets: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType(NEEDED)

    def __init__(self, source: str, settings: ZendeskSettings, tools: Tools) -> None:
        self._source = source
        self._calls = Calls(source, settings, tools)
        self._roster = Roster(self._calls)

    def check(self) -> Identity:
        return account.check(self._calls)

    def discover(self) -> Discovery:
        return account.discover(self._calls)

    def start(self, stream: str, since: datetime | None) -> Cursor:
        return {"start_time": 0 if since is None else max(0, int(since.timestamp()))}

    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        if stream == "tickets":
            return pages.ticket_pages(self._calls, cursor)
        if stream == "ticket_events":
            return pages.event_pages(self._calls, self._roster, cursor)
        if stream == metric_events.STREAM:
            return metric_events.pages(self._calls, cursor)
        if stream == survey_responses.STREAM:
            return survey_responses.pages(self._calls, cursor)
        raise CursorError(f"there is no stream {stream!r}.", source=self._source)

    def get(self, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
        return getting.get(self._calls, self._roster, tickets)

    def read(self, stream: str, raw: bytes, seen_at: datetime) -> Record:
        if stream == metric_events.STREAM:
            return metric_events.read(raw, seen_at)
        if stream == survey_responses.STREAM:
            return survey_responses.read(raw, seen_at)
        return tickets.read(raw, seen_at) if stream == "tickets" else events.read(raw, seen_at)

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
        options: ZendeskSettings, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
    ) -> Hook:
        return hooks.hear(headers, body, secrets, now)

    def keep_hook(self, address: str, secrets: Credentials, *, renew: bool = False) -> str | None:
        return hooks.keep(self._calls, address, secrets, renew=renew)

    def drop_hook(self, address: str) -> bool:
        return hooks.drop(self._calls, address)

    def close(self) -> None:
        self._calls.close()

    def _refuse_unable(self, action: Action) -> None:
        if action.kind not in self.can:
            raise RejectedError(f"this adapter cannot {action.kind}.", source=self._source, ticket=action.ticket)
