"""The server that takes what the shop sends: aiosmtpd behind STARTTLS and a login, writing down each mail it took.

Used by `office`.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.mailbox.ledger import Ledger
from sandbox.mailbox.letters import BORDER
from sandbox.mailbox.sessions import message_id


class Taken(msgspec.Struct, frozen=True):
    """A mail that was handed in, and for whom. `message_id` is without brackets."""

    message_id: str
    recipients: tuple[str, ...]
    raw: bytes


class Relay:
    """Takes mail from those who log in. Each is handed to `passes_on` before its sender hears that it was taken."""

    def __init__(
        self,
        users: Mapping[str, str],
        tls: ssl.SSLContext,
        ledger: Ledger,
        now: Callable[[], datetime],
        passes_on: Callable[[Taken], Awaitable[None]],
    ) -> None:
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # it warns of its own ways
        self._users, self._tls, self._ledger, self._now = users, tls, ledger, now
        self._passes_on = passes_on

    def protocol(self, loop: asyncio.AbstractEventLoop) -> SMTP:
        """One connection."""
        return SMTP(
            self,
            hostname=BORDER,
            ident="the shop's relay",
            tls_context=self._tls,
            require_starttls=True,
            authenticator=self._knows,
            auth_required=True,
            loop=loop,
        )

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        ident = message_id(raw)
        self._ledger.add(
            kind="mail",
            ticket=ident,
            actor=session.auth_data,
            applied_at=self._now().isoformat(timespec="milliseconds"),
            marker={"message_id": ident},
            recipients=list(envelope.rcpt_tos),
        )
        await self._passes_on(Taken(ident, tuple(envelope.rcpt_tos), raw))
        return f"250 OK queued as {len(self._ledger)}"

    def _knows(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, said: Any) -> AuthResult:
        if not isinstance(said, LoginPassword):
            return AuthResult(success=False, handled=False)
        login = said.login.decode("utf-8", "replace")
        good = self._users.get(login, "").encode() == said.password and login in self._users
        return AuthResult(success=good, handled=False, auth_data=login)
