"""An SMTP server that takes what Amends sends and writes it into a ledger. Used by tests and the demo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

HOST = "127.0.0.1"


class Sent(msgspec.Struct, frozen=True):
    """A mail that was taken: the envelope's sender ("" is the null path) and recipients, and the bytes."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes


class Relay:
    """Keeps every mail it takes in `ledger`, oldest first, and tells `listeners` of it."""

    def __init__(self, user: str | None = None, password: str = "") -> None:
        self.ledger: list[Sent] = []
        self.listeners: list[Callable[[Sent], None]] = []
        self._user, self._password = user, password
        extra: dict[str, Any] = {}
        if user is not None:
            extra = {"authenticator": self._proven, "auth_required": True, "auth_require_tls": False}
        self._controller = Controller(_Handler(self), hostname=HOST, port=0, **extra)
        self._controller.start()
        self.host = HOST
        self.port: int = self._controller.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    def stop(self) -> None:
        self._controller.stop()

    def take(self, sent: Sent) -> None:
        self.ledger.append(sent)
        for listener in self.listeners:
            listener(sent)

    def _proven(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, proof: Any) -> AuthResult:
        wanted = LoginPassword((self._user or "").encode(), self._password.encode())
        return AuthResult(success=proof == wanted)


class _Handler:
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        self._relay.take(Sent(envelope.mail_from or "", tuple(envelope.rcpt_tos), content))
        return "250 taken"
