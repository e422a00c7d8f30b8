"""The mail adapter keeps every promise of writing, on pymap (a poor server) and on Dovecot (a good one).

The SMTP server here keeps what it takes among the sent mail, as large providers do. Surveys and acknowledgements are
meant for the customer, so they do not count among what they should not see.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope
from msgspec.structs import replace

from adapters.imap import Adapter, ImapSettings
from adapters.imap.caps import Caps
from adapters.imap.composing import ours
from adapters.imap.purposes import Purpose
from adapters.imap.sending import Smtp
from connector.adapter import Tools
from connector.model import ActionKind, Effect, Visibility
from connector.testing import Backend, plain_tools
from connector.testing.bench import NOTE
from connector.testing.writing import WritingTests
from tests.conformance.test_imap import MailBackend, Stored
from tests.mailboxes import Place, good, poor
from tests.unit.mail_office import BookLedger, Office
from tests.unit.mail_relay import AnyPort, Keeper

SENT = "Sent"


class WritingBackend(MailBackend):
    """A mailbox whose owner also sends: an SMTP server, and the ledger of what left."""

    def __init__(self, place: Place, label: str) -> None:
        super().__init__(place, label)
        self.program.create(SENT)
        self.ledger = BookLedger(Office())
        self.relay = Provider(self)
        self._server = AnyPort(self.relay, hostname="127.0.0.1", port=0)
        self._server.start()

    def tools(self) -> Tools:
        secrets = {"password": self.place.password, "reply_keys": "k1:a-long-and-random-secret"}
        return replace(plain_tools(self.now, secrets), memory=self.memory, ledger=self.ledger)

    def settings(self, page_size: int) -> ImapSettings:
        return replace(
            super().settings(page_size),
            smtp=Smtp("127.0.0.1", self._server.port, tls="none", login=False),
            notify_to=("boss@office.example",),
            survey_url="https://shop.example/s/{token}",
            sent_folder=SENT,
            saves_sent=True,
            caps=Caps(100, 100, 100, 100),
        )

    def stop(self) -> None:
        self._server.stop()
        super().stop()

    def settle(self) -> None:
        self.clock.advance(60)

    def seed(self, count: int) -> Sequence[str]:
        tickets = super().seed(count)
        reader = Stored("kit", self.settings(50), self.tools())
        list(reader.fetch("messages", reader.start("messages", None)))
        reader.close()
        return tickets

    def lose_answer(self) -> None:
        self.wire.lose_answer("STORE", "COPY", "MOVE")
        self.relay.loses = True

    def mails(self, ticket: str) -> list[EmailMessage]:
        """What left for this ticket."""
        sent: list[Any] = [message_from_bytes(one.content or b"", policy=policy.default) for one in self.relay.kept]
        return [mail for mail in sent if ticket in f"{mail['Subject']} {mail['Message-ID']}"]

    def effects(self, ticket: str) -> Sequence[str]:
        if mails := self.mails(ticket):
            return [str(mail["Message-ID"]) for mail in mails]
        ident = self.letters[ticket][0].message_id
        flags = self.program.flags(ident) if self.program.has(ident) else frozenset()
        return ["marked"] if any(re.match(r"amends|\$Amends|\\Flagged", flag) for flag in flags) else []

    def messages(self, ticket: str) -> Sequence[tuple[str, Visibility]]:
        written = [(mail.raw.decode(), Visibility.PUBLIC) for mail in self.letters[ticket]]
        return written + [
            (mail.get_content(), Visibility.INTERNAL)
            for mail in self.mails(ticket)
            if (mine := ours(str(mail["Message-ID"])))
            and mine.purpose is Purpose.NOTICE
            and "office" in str(mail["To"])
        ]


class Provider(Keeper):
    """Takes mail, keeps it among what was sent, and may lose its answer: where no mark was to be set before."""

    def __init__(self, backend: WritingBackend) -> None:
        super().__init__()
        self.loses = False
        self._backend = backend

    async def handle_DATA(self, server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.kept.append(envelope)
        assert isinstance(envelope.content, bytes)
        self._backend.program.deliver(envelope.content, self._backend.now(), folder=SENT)
        lost, self.loses = self.loses and bool(self._backend.wire._lost), False
        if lost:
            self._backend.wire._lost = frozenset()
            server.transport.abort()
        return "250 taken"


class WritingMail(WritingTests):
    one_request = False  # marks and a mail

    def make_adapter(self, backend: Backend) -> Adapter:
        assert isinstance(backend, WritingBackend)
        return Adapter(self.source, backend.settings(self.page_size), backend.tools())


class TestPoorServerWriting(WritingMail):
    """Keeps no keywords: an escalation is a flag and a notice, and a tag can only be the flag."""

    def make_backend(self) -> Backend:
        return WritingBackend(poor(), label="\\Answered")

    def effect(self, kind: ActionKind) -> Effect:
        return {
            ActionKind.ESCALATE: Effect(note=NOTE),
            ActionKind.TAG: Effect(fields={"flagged": True}),
            ActionKind.SURVEY: Effect(fields={"flagged": True}),
        }.get(kind) or super().effect(kind)


@pytest.mark.xdist_group("dovecot")
class TestDovecotWriting(WritingMail):
    def make_backend(self) -> Backend:
        return WritingBackend(good(), label="by_agent")
