"""The adapter for mail: inboxes are read over IMAP, our own mail leaves by SMTP.

One stream, "messages": each mail is a record, each thread a ticket. Start reading at `pages` for the way in, at
`message` for what a mail means, at `threading` for which ticket it belongs to, and at `writing` for the way out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from adapters.imap import account, cursors, getting, pages, records, writing
from adapters.imap.asking import ASKED, offered
from adapters.imap.cursors import Places
from adapters.imap.desk import Desk
from adapters.imap.idle import Ear
from adapters.imap.login import Login
from adapters.imap.mailbox import postroom
from adapters.imap.settings import NEEDED, ImapSettings, lacking
from connector.adapter import Asked, Cursor, Discovery, Finding, Identity, Page, Receipt, Record, Stamp, Tools
from connector.errors import CursorError, RejectedError
from connector.model import JSON, Action, ActionKind

__all__ = ["Adapter", "ImapSettings"]


class Adapter:
    """One mail account, with one inbox or several. Keeps nothing but open connections and tokens.

    The daemon reads, writes and waits at the same time, each in a thread of its own. An IMAP connection has one folder
    open and one command on its way, so each of the three has connections of its own, made at the first need.
    """

    Settings: ClassVar[type] = ImapSettings
    streams: ClassVar[tuple[str, ...]] = (getting.STREAM,)
    can: ClassVar[frozenset[ActionKind]] = frozenset(ActionKind) - {
        ActionKind.CORRECT,
        ActionKind.NOTIFY,
    }
    # Batches of commands a minute: far below what any provider was seen to refuse.
    limits: ClassVar[Mapping[str, int]] = MappingProxyType({"account": 600})
    secrets: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType(NEEDED)

    asked: ClassVar[tuple[Asked, ...]] = ASKED

    @classmethod
    def offered(cls, source: str, options: Mapping[str, JSON], tools: Tools) -> dict[str, tuple[tuple[str, str], ...]]:
        return offered(source, options, tools)

    @classmethod
    def lacks(cls, kind: ActionKind, settings: ImapSettings, secrets: frozenset[str]) -> str | None:
        """What has to be set before a write of this kind can leave."""
        return lacking(kind, settings, secrets)

    def __init__(self, source: str, settings: ImapSettings, tools: Tools) -> None:
        self._source = source
        login = Login(source, settings, tools)
        # Reading, writing and waiting go on at once, in threads of the engine's: each has connections of its own.
        self._reading, self._writing, self._waiting = (Desk(source, settings, tools, login) for _ in range(3))
        self._ear = Ear(self._waiting.connections)

    def check(self) -> Identity:
        return account.check(self._reading)

    def discover(self) -> Discovery:
        return account.discover(self._reading)

    def start(self, stream: str, since: datetime | None) -> Cursor:
        return cursors.written(Places(since=since))

    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        if stream != getting.STREAM:
            raise CursorError(f"there is no stream {stream!r}.", source=self._source)
        return pages.pages(self._reading, cursor)

    def get(self, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
        return getting.get(self._reading, tickets)

    def read(self, stream: str, raw: bytes, seen_at: datetime) -> Record:
        settings = self._reading.settings
        return records.read(raw, seen_at, settings.own, settings.trusted_hosts)

    def prepare(self, action: Action) -> Stamp:
        self._refuse_unable(action)
        return writing.prepare(postroom(self._writing), action)

    def apply(self, action: Action, stamp: Stamp) -> Receipt:
        self._refuse_unable(action)
        return writing.apply(postroom(self._writing), action, stamp)

    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        return writing.find(postroom(self._writing), action, stamp, sent_at)

    def wait(self, seconds: float, stopping: Callable[[], bool]) -> bool | None:
        return self._ear.wait(seconds, stopping)

    def close(self) -> None:
        for desk in (self._reading, self._writing, self._waiting):
            desk.close()

    def _refuse_unable(self, action: Action) -> None:
        if action.kind not in self.can:
            raise RejectedError(f"this adapter cannot {action.kind}.", source=self._source, ticket=action.ticket)
