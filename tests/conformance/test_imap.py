"""The mail adapter keeps every promise of reading, on pymap (a poor server) and on Dovecot (a good one)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from adapters.imap import Adapter, ImapSettings
from adapters.imap.evidence import identity_of, ticket_of
from adapters.imap.message import understood
from connector.adapter import Cursor, Page, Tools
from connector.model import Visibility
from connector.testing import Backend, Failure, plain_tools
from connector.testing.failing import FailingTests
from connector.testing.reading import ReadingTests
from sandbox.clock import SandboxClock
from sandbox.mailbox import Letter, Wire, letter
from sandbox.mailbox.letters import BORDER, MARIA, SHOP
from tests.mailboxes import Place, Remembered, good, poor


class MailBackend:
    """A mailbox with one customer who writes, one agent, and a line that can be cut."""

    def __init__(self, place: Place, label: str) -> None:
        self.place = place
        self.label = label  # what the agent marks mail with, as this server can keep it
        self.clock = SandboxClock(datetime(2026, 3, 2, 9, tzinfo=UTC), scale=0)
        self.wire = Wire(place.host, place.port)
        self.program = place.program()
        self.letters: dict[str, list[Letter]] = {}
        self.written = 0
        self.memory = Remembered()

    def tools(self) -> Tools:
        return replace(plain_tools(self.now, {"password": self.place.password}), memory=self.memory)

    def settings(self, page_size: int) -> ImapSettings:
        return ImapSettings(
            host=self.wire.host,
            port=self.wire.port,
            user=self.place.user,
            tls="none",
            own_addresses=(SHOP,),
            trusted_hosts=(BORDER,),
            page_size=page_size,
            timeout_seconds=20,
        )

    def now(self) -> datetime:
        return self.clock()

    def stop(self) -> None:
        self.program.close()
        self.wire.stop()

    def settle(self) -> None:
        self.clock.advance(2)

    def calls(self) -> int:
        return self.wire.calls

    # People at work

    def seed(self, count: int) -> Sequence[str]:
        tickets = []
        for _ in range(count):
            self.clock.advance(1)
            tickets += self.same_instant(1)
        return tickets

    def same_instant(self, count: int) -> Sequence[str]:
        tickets = []
        for _ in range(count):
            mail = self._written("Late", "Where is it?")
            ticket = ticket_of(mail.message_id)
            self.letters[ticket] = [mail]
            tickets.append(ticket)
        return tickets

    def touch(self, ticket: str, text: str) -> None:
        self.letters[ticket].append(self._written("Re: Late", text, self.letters[ticket][-1]))

    def agent_edit(self, ticket: str) -> str:
        flag = "\\Flagged" if self.label == "flagged" else self.label
        self.program.flag(self.letters[ticket][0].message_id, flag)
        return self.label

    def delete(self, ticket: str) -> None:
        for mail in self.letters[ticket]:
            self.program.delete(mail.message_id)

    def break_one(self) -> str:
        raw = b"Subject: neither a sender nor words\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\n"
        self.program.deliver(raw, self.now())
        return ticket_of(identity_of(understood(raw)))

    def _written(self, subject: str, text: str, answers: Letter | None = None) -> Letter:
        self.written += 1
        ident = f"{self.written}@example.net"
        mail = letter(MARIA, subject, text, self.now(), answers=answers, message_id=ident)
        self.program.deliver(mail.raw, self.now())
        return mail

    # Faults

    def fail(self, kind: Failure, retry_after_seconds: int | None = None) -> None:
        if kind == "auth":
            self.wire.refuse("[AUTHENTICATIONFAILED] Authentication failed.")
        elif kind == "busy":
            wait = (
                ""
                if retry_after_seconds is None
                else f" Suggested Backoff Time: {retry_after_seconds * 1000} milliseconds"
            )
            self.wire.refuse(f"[THROTTLED] Request is throttled.{wait}")
        elif kind == "down":
            self.wire.goodbye("[UNAVAILABLE] We will be back soon.")
        elif kind == "timeout":
            self.wire.hang_up()
        else:
            self.wire.babble(b"<!doctype html><html><body>Sign in to this network</body></html>\r\n")

    def lose_answer(self) -> None:
        self.wire.lose_answer()

    # What the outside world sees

    def effects(self, ticket: str) -> Sequence[str]:
        raise NotImplementedError("writing has tests of its own")

    def messages(self, ticket: str) -> Sequence[tuple[str, Visibility]]:
        raise NotImplementedError("writing has tests of its own")

    def labels(self, ticket: str) -> frozenset[str]:
        return self.program.flags(self.letters[ticket][0].message_id)


class Stored(Adapter):
    """The adapter, and an engine that stores each page before it asks for the next one."""

    def __init__(self, source: str, settings: ImapSettings, tools: Tools) -> None:
        super().__init__(source, settings, tools)
        assert isinstance(tools.memory, Remembered)
        self._memory = tools.memory

    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        for page in super().fetch(stream, cursor):
            self._memory.keep(page.records)
            yield page


class ReadingMail(ReadingTests, FailingTests):
    def make_adapter(self, backend: Backend) -> Adapter:
        assert isinstance(backend, MailBackend)
        return Stored(self.source, backend.settings(self.page_size), backend.tools())


class TestPoorServer(ReadingMail):
    def make_backend(self) -> Backend:
        return MailBackend(poor(), label="flagged")


@pytest.mark.xdist_group("dovecot")
class TestDovecot(ReadingMail):
    def make_backend(self) -> Backend:
        return MailBackend(good(), label="by_agent")
