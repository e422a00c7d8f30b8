"""Telling people of ours outside the helpdesk: Slack, Teams, mail, SMS and whatever else apprise reaches.

`People` is an adapter like any other, so that a notice goes through the outbox: frozen, once, withdrawn when its reason
goes. No channel can be asked whether a message has come; so what is about to leave, and what was answered, is on disk
around each call. Killed between the two, an urgent notice goes again and says so; any other is left to a person, and
the ladder's next step comes all the same. Addresses are secrets: they are read when they are needed, and told nowhere.
Made by `desks`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

import msgspec

from connector.adapter import (
    Blank,
    Cursor,
    Discovery,
    Finding,
    Identity,
    Landed,
    Ledger,
    NotYet,
    Page,
    Receipt,
    Record,
    Stamp,
    Unknown,
)
from connector.credentials import SourceCredentials
from connector.errors import ConflictError, GoneError, RejectedError, SettingsError
from connector.model import Action, ActionKind, Notice
from connector.policy.contacts import Contact, Contacts
from connector.policy.note import joined
from connector.policy.rules import DIGEST, Policy
from connector.policy.telling import CONTACTS

ADAPTER = "notify"
GIVE_UP_AFTER = timedelta(minutes=30)
GIVE_UP_URGENT_AFTER = timedelta(minutes=5)
AGAIN_SECONDS, AGAIN_URGENT_SECONDS = 120.0, 20.0
MOST_TOGETHER = 40  # lines of a digest; the rest is counted

Send = Callable[[str, str, str], bool]
Folded = Callable[[str, datetime], Sequence[Notice]]  # the notices to a contact that a digest is made of


class Nothing(msgspec.Struct, frozen=True):
    """There is nothing to set: everything is in contacts.yaml."""


def by_apprise(address: str, title: str, text: str) -> bool:
    """Send to one address (an apprise URL, https://github.com/caronc/apprise/wiki); whether the service took it."""
    import apprise

    # It would tell addresses, tokens and all, to the log.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    bus = apprise.Apprise()
    return bool(bus.add(address)) and bool(bus.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT))


def known_to_apprise(address: str) -> bool:
    """Whether apprise can make anything of an address. Sends nothing."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return bool(apprise.Apprise().add(address))


def broken_addresses(contacts: Contacts) -> Iterator[str]:
    """What is wrong with the addresses, in words that name none of them. Sends nothing."""
    for contact in contacts.people:
        for reference in contact.reach:
            try:
                known = known_to_apprise(_address(contact, reference))
            except SettingsError as error:
                yield str(error)
                continue
            if not known:
                yield f"{contact.id}: what {reference} holds is no address that apprise knows."


class People:
    """The contacts of contacts.yaml, as the outbox writes to them. `folded` finds the notices that a digest is made of;
    `ledger` is the witness of what has left."""

    Settings: ClassVar[type] = Nothing
    streams: ClassVar[tuple[str, ...]] = ()
    can: ClassVar[frozenset[ActionKind]] = frozenset({ActionKind.NOTIFY})

    def __init__(
        self, policy: Policy, ledger: Ledger, folded: Folded, now: Callable[[], datetime], send: Send = by_apprise
    ) -> None:
        self._policy, self._ledger, self._folded, self._now, self._send = policy, ledger, folded, now, send
        self._memory = Blank()

    # -- reading: there is nothing to read -----------------------------------------------------------------------

    def check(self) -> Identity:
        """What is missing of the addresses, contact by contact. Nobody is told anything."""
        return Identity(CONTACTS, None, "Amends", may=("notify",), missing=tuple(broken_addresses(self._contacts)))

    def discover(self) -> Discovery:
        return Discovery(())

    def start(self, stream: str, since: datetime | None) -> Cursor:
        return {}

    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        return iter(())

    def get(self, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
        return iter(())

    def read(self, stream: str, raw: bytes, seen_at: datetime) -> Record:
        raise RejectedError("people are told, and not read.", source=CONTACTS)

    # -- telling -------------------------------------------------------------------------------------------------

    def prepare(self, action: Action) -> Stamp:
        """The title and text as they will be sent. Raises RejectedError where the contact cannot be reached at all."""
        notice, contact = self._told(action)
        if not contact.reach:
            raise RejectedError(
                f"{contact.id} has no address.", source=CONTACTS, remedy="Give it `reach` in contacts.yaml."
            )
        title, text = self._words(action, notice, contact)
        return {"title": title, "text": text, "at": self._now().isoformat()}

    def apply(self, action: Action, stamp: Stamp) -> Receipt:
        """Tell the contact, at the first of their addresses that takes it. Raises ConflictError to be asked again
        soon, RejectedError after a while: then the next step of the ladder comes at once."""
        notice, contact = self._told(action)
        # A digest is marked as sent by now, so nothing joins it any more; since it was prepared, something may have.
        title, text = (stamp["title"], stamp["text"]) if action.rule != DIGEST else self._words(action, notice, contact)
        name = _name(action)
        if self._ledger.sending(name) is not None:
            text = f"{text}\n{self._policy.phrasing(*contact.languages).line('doubt')}"
        for number, reference in enumerate(contact.reach, 1):
            with suppress(SettingsError):
                if self._delivered(name, partial(self._send, _address(contact, reference), title, text)):
                    return {"contact": contact.id, "address": number}
        waited = self._now() - datetime.fromisoformat(stamp["at"])
        if waited > (GIVE_UP_URGENT_AFTER if notice.urgent else GIVE_UP_AFTER):
            raise RejectedError(
                f"{contact.id} could not be reached at any address.",
                source=CONTACTS,
                remedy="`amends check` says what is wrong with an address.",
            )
        raise ConflictError(
            f"no address of {contact.id} takes it now.",
            source=CONTACTS,
            retry_after_seconds=AGAIN_URGENT_SECONDS if notice.urgent else AGAIN_SECONDS,
        )

    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        """By our own witness. What was begun and never answered is in doubt for good, also where the contact was taken
        out of the settings since."""
        notice = action.effect.notice
        begun = self._ledger.sending(_name(action))
        if begun is not None and begun.sent:
            return Landed({"contact": notice.contact if notice is not None else ""})
        since = self._ledger.complete_since
        in_doubt = begun is not None or (since is not None and sent_at <= since)
        if in_doubt and not (notice is not None and notice.urgent):
            return Unknown("it may have reached them, and no channel can be asked; the next step comes all the same")
        return NotYet()

    def close(self) -> None:
        """Nothing is held open."""

    @property
    def _contacts(self) -> Contacts:
        return self._policy.contacts

    def _told(self, action: Action) -> tuple[Notice, Contact]:
        notice = action.effect.notice
        contact = self._contacts.get(notice.contact) if notice is not None else None
        if notice is None or contact is None:
            raise RejectedError("whoever was to be told is no contact any more.", source=CONTACTS)
        return notice, contact

    def _delivered(self, name: str, send: Callable[[], bool]) -> bool:
        self._ledger.begin(name, (), self._now())
        taken = send()
        self._ledger.end(name, sent=taken)
        return taken

    def _words(self, action: Action, notice: Notice, contact: Contact) -> tuple[str, str]:
        """Title and text. Raises GoneError where all that a digest would tell was settled meanwhile."""
        if action.rule != DIGEST:
            return notice.title, notice.text
        assert notice.digest is not None, "a digest has its time"
        titles = [one.title for one in self._folded(contact.id, notice.digest)]
        if not titles:
            raise GoneError("nothing of it is left to be told.", source=CONTACTS)
        phrasing = self._policy.phrasing(*contact.languages)
        title = phrasing.headline("digest").format(count=len(titles))
        more = phrasing.line("more", count=len(titles) - MOST_TOGETHER) if len(titles) > MOST_TOGETHER else ""
        return title, joined([title, *titles[:MOST_TOGETHER], more])


def _name(action: Action) -> str:
    return f"{action.marker}.notice"


def _address(contact: Contact, reference: str) -> str:
    """What the reference holds. Raises SettingsError where it holds nothing."""
    return SourceCredentials(CONTACTS, {contact.id: reference}).current()[contact.id]
