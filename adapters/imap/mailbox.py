"""The way into our inboxes for `writing`: where a ticket's first mail lies now, and folders opened to be written to.

Built by the adapter; keeps the promises of `postroom.Mailbox`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adapters.imap.addresses import same_person_as
from adapters.imap.composing import Letterhead, Mail, Thread
from adapters.imap.connection import Connection
from adapters.imap.desk import Desk
from adapters.imap.folders import Kind
from adapters.imap.getting import Found, look
from adapters.imap.keywords import Opened
from adapters.imap.people import writer_of
from adapters.imap.postroom import Place, Postroom, Root
from adapters.imap.recipients import Correspondent
from adapters.imap.sending import Accepted, send
from adapters.imap.threading import Role
from connector.errors import SettingsError


class Inboxes:
    """All inboxes of one source, as writing sees them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def root(self, ticket: str) -> Root | None:
        """Where the ticket's first mail lies now; where it lies twice, in a folder for incoming mail."""
        found = self._firsts(ticket, most=1) or self._firsts(ticket)
        found.sort(key=lambda one: one.mail.folder.kind is not Kind.IN)
        return self._root(found[0]) if found else None

    def _firsts(self, ticket: str, most: int | None = None) -> list[Found]:
        return [one for one in look(self._desk, [ticket], most).found if one.placed.role is Role.FIRST]

    @contextmanager
    def at(self, place: Place, *, write: bool = False) -> Iterator[Opened]:
        """The folder, selected (for reading alone unless `write`); what fails within is one of the house's errors."""
        connection = self._connection(place)
        seen = connection.select(place.folder, write=write, again=False)
        with connection.speaking(f"working in the folder {place.folder!r}", write=write) as client:
            yield Opened(client, seen.validity, seen.permanent)

    def sent(self) -> Place | None:
        """The folder in which the first inbox keeps what was sent."""
        connection = self._desk.connections[0]
        name = connection.sent_folder()
        return None if name is None else Place(connection.box.name, name)

    def _connection(self, place: Place) -> Connection:
        return next(one for one in self._desk.connections if one.box.name == place.inbox)

    def _root(self, found: Found) -> Root:
        mail, own = found.mail, self._desk.settings.own
        message = mail.message
        writer = writer_of(message, own)
        return Root(
            place=Place(self._desk.connection(mail.folder).box.name, mail.folder.name),
            uid=mail.fetched.head.uid,
            validity=found.seen.validity,
            message_id=message.message_id,
            who=Correspondent(
                writer.address,
                str(writer.trust),
                None if message.automatic.kind is None else str(message.automatic.kind),
                silent=message.automatic.silent,
                returns_to=message.return_path,
                to_us=any(same_person_as(one.address, own) for one in (*message.to, *message.cc)),
            ),
            thread=Thread(message.message_id, message.references),
        )


def postroom(desk: Desk) -> Postroom:
    """What writing reaches the world with. Raises SettingsError where nothing may leave: nobody would count it."""
    settings, ledger = desk.settings, desk.tools.ledger
    if ledger is None:
        raise SettingsError("nothing is sent without a store that keeps count.", source=desk.source)
    inboxes, smtp = Inboxes(desk), settings.smtp
    connection = desk.connections[0]
    keeps = settings.saves_sent if settings.saves_sent is not None else connection.box.auth != "password"

    def post(mail: Mail, begin: Callable[[], None], ticket: str) -> Accepted:
        assert smtp is not None, "where there is no server, there is no post"
        return send(mail, smtp, connection.proof() if smtp.login else None, begin, source=desk.source, ticket=ticket)

    return Postroom(
        source=desk.source,
        mailbox=inboxes,
        ledger=ledger,
        head=Letterhead(
            address=settings.from_address or next(iter(settings.own), ""),
            house=settings.from_name,
            plus_addresses=settings.plus_addresses,
            survey_url=settings.survey_url,
            unsubscribe_url=settings.unsubscribe_url,
            texts=settings.texts,
            keys=desk.keys,
        ),
        now=desk.tools.now,
        post=None if smtp is None else post,
        caps=settings.caps,
        notify_to=settings.notify_to,
        own=settings.own,
        escalation_keyword=settings.escalation_keyword,
        escalation_folder=settings.escalation_folder,
        saves_sent=keeps,
    )
