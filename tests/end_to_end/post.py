"""A shop that is written to by mail: a real mail server, the real adapter, a real store and the engine's verbs.

The fault tests of mail (`test_faults_mail_*`) act here. The clock stands still but for `advance`; what the engine wants
to wait passes at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from msgspec.structs import replace
from sqlalchemy import event

from adapters.imap import Adapter, ImapSettings
from adapters.imap.evidence import ticket_of
from connector.assessment.rules import Rules
from connector.desks import rules_of
from connector.helpdesk import Helpdesk
from connector.mapping import words
from connector.model import ActionKind, Complaint, Entry, Mode
from connector.settings import Settings, load
from connector.store import Store, complaints, quarantine, sources
from connector.store.memory import StoredLedger, StoredMemory
from connector.store.quarantine import Quarantined
from connector.sync import Pulled, pull
from connector.sync.page import pull_kept
from connector.testing import plain_tools
from sandbox.clock import SandboxClock
from sandbox.mailbox import Letter, Person, Wire, letter
from sandbox.mailbox.letters import BORDER, MARIA, SHOP
from tests.engine.world import START, _hurry, empty_store
from tests.mailboxes import SERVERS, Place
from tests.scratch import folder

KEYS = "k1:a-long-and-random-secret"
COMPLAINT = ("Parcel never arrived", "My parcel still has not arrived and nobody answers. I want my money back.")
STAFF = Person("The Shop", SHOP)


@cache
def shipped() -> Settings:
    """The shipped rules with one inbox as source, read once."""
    home = folder() / "amends"
    home.mkdir()
    (home / "amends.yaml").write_text(
        "sources:\n  post:\n    adapter: imap\n    options: {host: imap.shop.example, user: support@shop.example}\n"
        "    secrets: {password: 'env:POST_PASSWORD'}\n"
    )
    return load(home)


@cache
def rules() -> Rules:
    return rules_of(shipped())


class Post:
    """One inbox and one engine. `program` is what the people at the shop do to the mailbox, `wire` the line to it."""

    def __init__(self, place: Place, address: str = SHOP, **options: Any) -> None:
        self.place, self.address = place, address
        self.clock = SandboxClock(START, scale=0)
        self.wire = Wire(place.host, place.port)
        self.program = place.program()
        self.options: dict[str, Any] = {"page_size": 5, "timeout_seconds": 20, **options}
        home = folder()
        shutil.copy(empty_store(), home / "amends.db")
        self.store = Store(f"sqlite:///{home / 'amends.db'}")
        event.listen(self.store.engine, "connect", _hurry)
        self.store.open()
        self.store.take_lease("the test", self.clock())
        self.written = 0
        with self.store.write("enlist") as connection:
            row = sources.enlist(connection, "post", "imap")
            sources.rules_in_force(connection, row.id, "rules")
        self.id = row.id
        self.desk = self.opened()

    def opened(self) -> Helpdesk:
        """A fresh adapter on the stored state, as after a restart of the daemon."""
        settings = ImapSettings(
            host=self.wire.host,
            port=self.wire.port,
            user=self.place.user,
            tls="none",
            own_addresses=(self.address,),
            trusted_hosts=(BORDER,),
            from_address=self.address,
            **self.options,
        )
        tools = replace(
            plain_tools(self.clock, {"password": self.place.password, "reply_keys": KEYS}),
            memory=StoredMemory(self.store, "post"),
            ledger=StoredLedger(self.store, "post"),
        )
        mapping = shipped().sources["post"].mapping
        return Helpdesk(
            id=self.id,
            name="post",
            adapter=Adapter("post", settings, tools),
            streams=Adapter.streams,
            mapping=mapping,
            words=words(mapping),
            modes=dict.fromkeys(ActionKind, Mode.SHADOW),
            rules_digest="rules",
            actor=None,
            act_from=START,
        )

    def restart(self) -> None:
        self.desk.adapter.close()
        self.desk = self.opened()

    def stop(self) -> None:
        self.desk.adapter.close()
        self.program.close()
        self.wire.stop()
        self.store.close()

    # People

    def writes(
        self,
        text: str = COMPLAINT[1],
        subject: str = COMPLAINT[0],
        sender: Person = MARIA,
        *,
        folder: str = "INBOX",
        flags: tuple[str, ...] = (),
        **how: Any,
    ) -> Letter:
        """Somebody writes; two seconds pass."""
        self.written += 1
        self.clock.advance(2)
        how.setdefault("message_id", f"{self.written}@{sender.address.rpartition('@')[2]}")
        mail = letter(sender, subject, text, self.clock(), **how)
        self.program.deliver(mail.raw, self.clock(), folder, flags)
        return mail

    def answers(self, mail: Letter, text: str = "We are sorry, and look into it.", to: str = MARIA.address) -> Letter:
        """Somebody at the shop answers; their program keeps a copy in Sent."""
        self.program.create("Sent")
        return self.writes(text, f"Re: {COMPLAINT[0]}", STAFF, folder="Sent", answers=mail, to=to, trust="unverified")

    def delivered(self, raw: bytes) -> None:
        self.clock.advance(2)
        self.program.deliver(raw, self.clock())

    # The engine

    def pull(self, most_pages: int | None = None) -> Pulled:
        self.clock.advance(2)
        return pull(
            self.desk, "messages", self.store, rules(), now=self.clock, wait=lambda _: None, most_pages=most_pages
        )

    def let_in(self, one: Quarantined) -> None:
        pull_kept(self.desk, one.raw, self.store, rules(), now=self.clock, let_in=True)

    # What the store has

    def complaints(self) -> dict[str, Complaint]:
        with self.store.read() as connection:
            return {one.ticket: one.doc.complaint for one in complaints.listing(connection, source_name="post")}

    def entries(self, mail: Letter) -> tuple[Entry, ...]:
        """The timeline of the ticket that began with this mail."""
        return self.entries_of(ticket_of(mail.message_id))

    def entries_of(self, ticket: str) -> tuple[Entry, ...]:
        with self.store.read() as connection:
            found = {one.ticket: one.doc.entries for one in complaints.listing(connection, source_name="post")}
        return found[ticket]

    def complaint(self, mail: Letter) -> Complaint:
        return self.complaints()[ticket_of(mail.message_id)]

    def aside(self) -> list[Quarantined]:
        with self.store.read() as connection:
            return quarantine.listing(connection, source_name="post")

    def cursor(self) -> Any:
        with self.store.read() as connection:
            row = sources.stream_row(connection, self.id, "messages")
        return None if row is None else row.cursor


@contextmanager
def post(server: str = "pymap", address: str = SHOP, **options: Any) -> Iterator[Post]:
    made = Post(SERVERS[server](), address, **options)
    try:
        yield made
    finally:
        made.stop()


def texts(entries: Sequence[Entry], which: Callable[[Entry], bool] = lambda _: True) -> list[str]:
    return [entry.text or "" for entry in entries if entry.observed and which(entry)]
