"""What writing reaches the world with: the mailbox, the SMTP server, the ledger, and what an admin has settled.

Built by the adapter, used by `writing`. The protocols say what writing needs of the way in, and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from adapters.imap.caps import Caps
from adapters.imap.composing import Letterhead, Mail, Thread
from adapters.imap.keywords import Opened
from adapters.imap.recipients import Correspondent
from adapters.imap.sending import Accepted
from connector.adapter import Ledger


class Place(msgspec.Struct, frozen=True):
    """A folder of one of our inboxes. `inbox` is the inbox's name (`Inbox.name`)."""

    inbox: str
    folder: str


class Root(msgspec.Struct, frozen=True):
    """The mail that a ticket began with, as it lies there now. `validity` is the folder's UIDVALIDITY; `message_id` is
    canonical, None where it has none; `who` wrote it, in `language` as far as that is known; `thread` is what an answer
    to it refers to."""

    place: Place
    uid: int
    validity: int
    message_id: str | None
    who: Correspondent
    thread: Thread
    language: str | None = None


class Mailbox(Protocol):
    """The way into our inboxes. Every failure comes as one of the house's errors; each call is counted."""

    def root(self, ticket: str) -> Root | None:
        """Where the ticket's first mail lies now, by a strong read: in the folders that are read first, then in those
        for what is done and escalated. None where it is in none of them."""

    def at(self, place: Place, *, write: bool = False) -> AbstractContextManager[Opened]:
        """The folder, selected (for reading alone unless `write`)."""

    def sent(self) -> Place | None:
        """The folder in which what we send is kept; None where there is none."""


Post = Callable[[Mail, Callable[[], None], str], Accepted]


class Postroom(msgspec.Struct, frozen=True):
    """Everything that writing uses. `post(mail, begin, ticket)` is `sending.send` on the configured server, None where
    there is none; without a `ledger` nothing is sent. `own` are all our addresses; `saves_sent` says that the provider
    keeps what goes out by SMTP."""

    source: str
    mailbox: Mailbox
    ledger: Ledger | None
    head: Letterhead
    now: Callable[[], datetime]
    post: Post | None = None
    caps: Caps = Caps()
    notify_to: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    escalation_keyword: str = "$AmendsEscalated"
    escalation_folder: str | None = None
    saves_sent: bool = False
