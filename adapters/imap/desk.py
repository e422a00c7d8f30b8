"""One mail account at work: its connections, its settings, and how a mail that was fetched becomes a record.

Built by the adapter, handed to `pages`, `getting`, `mailbox` and `account`. Keeps nothing that matters: open
connections, and which mail has made trouble.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from adapters.imap import records, tokens
from adapters.imap.connection import Connection
from adapters.imap.evidence import Letter, letter_of, names_asked
from adapters.imap.folders import Fetched, Folder, Kind, folders_of
from adapters.imap.login import Login
from adapters.imap.message import Message, understood
from adapters.imap.records import DONE, OPEN, Kept
from adapters.imap.settings import ImapSettings
from adapters.imap.threading import Placed, Role, placed
from connector.adapter import Known, Record, Tools

KEYS = "reply_keys"


class Mail(msgspec.Struct, frozen=True):
    """A mail that was fetched, in a size that can be held, with what threading looks at."""

    folder: Folder
    fetched: Fetched
    kept: bytes
    message: Message
    letter: Letter


class Desk:
    """One source. `keys` sign our words, empty where there are none."""

    def __init__(self, source: str, settings: ImapSettings, tools: Tools, login: Login) -> None:
        self.source = source
        self.settings = settings
        self.tools = tools
        self.connections = [Connection(source, box, settings, login, tools) for box in settings.boxes]
        self.troubles: dict[str, tuple[int, int]] = {}  # folder: a number, and how often fetching failed there
        self._folders: list[Folder] | None = None

    @property
    def keys(self) -> tokens.Keys:
        secret = self.tools.credentials.current().get(KEYS)
        return tokens.parse(secret) if secret else tokens.Keys()

    @property
    def domain(self) -> str:
        """The domain that our own mail is sent from."""
        address = self.settings.from_address or next(iter(self.settings.own), "")
        return address.rpartition("@")[2].lower()

    def folders(self, *, again: bool = False) -> list[Folder]:
        """Every folder that is read, in that order; those that servers have to be asked for are asked for once."""
        if self._folders is None or again:
            self._folders = folders_of(self.connections, self.settings)
        return self._folders

    def connection(self, folder: Folder) -> Connection:
        return self.connections[folder.box]

    def close(self) -> None:
        for connection in self.connections:
            connection.close()

    # From a mail to a record

    def mail(self, folder: Folder, fetched: Fetched, keys: tokens.Keys) -> Mail:
        own, hosts = self.settings.own, self.settings.trusted_hosts
        message = understood(fetched.raw, own_addresses=own, trusted_hosts=hosts)
        return Mail(
            folder=folder,
            fetched=fetched,
            kept=records.shortened(
                fetched.raw,
                message,
                self.settings.keep_bytes,
                own,
                hosts,
                attached=self.settings.keep_attachments,
            ),
            message=message,
            letter=letter_of(
                message,
                keys,
                own,
                self.domain,
                sent=folder.kind is Kind.SENT,
                thread=None if fetched.head.thread is None else f"{folder.box}/{fetched.head.thread}",
            ),
        )

    def known(self, mails: Sequence[Mail]) -> dict[str, Known]:
        """What the store knows of these mails and their threads."""
        names = dict.fromkeys(name for mail in mails for name in names_asked(mail.letter))
        return dict(self.tools.memory.known(list(names))) if names else {}

    def placed(self, mails: Sequence[Mail], known: Mapping[str, Known]) -> list[Placed | None]:
        """Where each belongs; those of one page know of each other."""
        knowing, found = dict(known), []
        for mail in mails:
            place = placed(mail.letter, knowing)
            found.append(place)
            if place is not None and place.aside is None:
                _learn(knowing, place, mail.letter)
        return found

    def record(self, mail: Mail, place: Placed, known: Mapping[str, Known], *, changed: bool) -> Record:
        """`changed`: we know that its flags are others than when it was read before."""
        head = mail.fetched.head
        seen_at = self.tools.now()
        said = records.told(head.flags)
        before = known.get(f"fp:{mail.letter.identity}")
        whole = len(mail.kept) == len(mail.fetched.raw)
        kept = Kept(
            ticket=place.ticket,
            at=records.arrival(head.arrived or mail.message.date or seen_at, head.uid),
            placed=place,
            folder=mail.folder.key,
            flags=said,
            status=self._status(mail.folder, said, place, changed),
            version=max(1 + len(said), (before.version + changed) if before is not None else 0),
            size=head.size,
            message=mail.kept,
            attachments=None if whole else mail.message.attachments,
            partial=mail.fetched.partial,
        )
        raw = records.packed(kept)
        message = mail.message
        if not whole:  # what is read again later is the shortened one
            own, hosts = self.settings.own, self.settings.trusted_hosts
            message = understood(mail.kept, own_addresses=own, trusted_hosts=hosts)
        return records.record(kept, message, raw, seen_at, self.settings.own)

    def _status(self, folder: Folder, flags: Sequence[str], place: Placed, changed: bool) -> str | None:
        """What place and flags say of the ticket: its first mail always says it, others where they say that all is
        done, or where they say so no more."""
        if (
            place.aside is not None
            or folder.kind is Kind.SENT
            or place.role in (Role.STAFF, Role.ACKNOWLEDGED, Role.BOUNCE)
        ):
            return None
        finishing = {keyword.lower() for keyword in self.settings.done_keywords}
        if folder.kind is Kind.DONE or any(flag.lower() in finishing for flag in flags):
            return DONE
        return OPEN if changed or place.role is Role.FIRST else None


def _learn(knowing: dict[str, Known], place: Placed, letter: Letter) -> None:
    before = knowing.get(place.ticket)
    people = before.people if before is not None else frozenset()
    finished = before is not None and before.finished
    version = before.version if before is not None else 0
    whole = Known(place.ticket, finished, people | ({letter.who} if letter.who else set()), version)
    for name in (*place.names, place.ticket):
        knowing.setdefault(name, whole)
    for name, one in knowing.items():
        if one.ticket == place.ticket:
            knowing[name] = whole
