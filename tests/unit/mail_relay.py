"""SMTP servers for the tests of sending: an honest one (aiosmtpd) with TLS and logins, and one that follows a script.

The scripted one answers each command as it is told, or falls silent, drips, hangs up or talks nonsense at that point.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

USER, PASSWORD, TOKEN = "support@shop.example", "a-password-of-ours", "a-token-of-ours"


def certificate(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) for localhost, good for two days."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    make += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(make, check=True, capture_output=True)
    return cert, key


class Keeper:
    """Keeps what it takes. `says` answers a stage ("MAIL", "RCPT", "DATA") by itself, if it says anything."""

    def __init__(self, says: Callable[[str, str], str | None] = lambda stage, value: None) -> None:
        self.kept: list[Envelope] = []
        self._says = says

    async def handle_MAIL(self, _s: Any, _t: Any, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if answer := self._says("MAIL", address):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _s: Any, _t: Any, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if answer := self._says("RCPT", address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _s: Any, _t: Any, envelope: Envelope) -> str:  # noqa: N802
        if answer := self._says("DATA", ""):
            return answer
        self.kept.append(envelope)
        return "250 OK queued as 4711"

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> Any:  # noqa: N802
        said = b64decode(args[1]).decode()
        if said == f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01":
            return AuthResult(success=True)
        # As Google and Microsoft do: the error as a challenge, and after an empty line the refusal.
        await server.challenge_auth(b'{"status":"400"}', encode_to_b64=True)
        return AuthResult(success=False, handled=False)


class AnyPort(Controller):
    """aiosmtpd knocks at its own door to see that it is open; at port 0 there is none."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@contextmanager
def honest(keeper: Keeper, **settings: Any) -> Iterator[int]:
    """aiosmtpd on a port of its own."""
    controller = AnyPort(keeper, hostname="127.0.0.1", port=0, **settings)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def with_login(**settings: Any) -> dict[str, Any]:
    def authenticator(_s: Any, _t: Any, _e: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False)

    return {"authenticator": authenticator, "auth_required": True, "auth_require_tls": False, **settings}


Script = Mapping[str, "str | Callable[[socket.socket], None]"]
GOOD: dict[str, str] = {
    "greet": "220 hello",
    "EHLO": "250-hello\r\n250 8BITMIME",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    ".": "250 taken",
    "QUIT": "221 bye",
}


class Scripted:
    """Answers each command by the script; what is not in it is answered well. `received` holds the mails that came
    with their final dot, `commands` what was asked."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self._script: dict[str, Any] = {**GOOD, **script}
        self._context = context
        self.received: list[bytes] = []
        self.commands: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                one, _ = self._socket.accept()
                with one, suppress(OSError, EOFError):
                    self._talk(one)

    def _talk(self, one: socket.socket) -> None:
        if self._context is not None:
            one = self._context.wrap_socket(one, server_side=True)
        self._answer(one, "greet")
        lines = one.makefile("rb")
        while line := lines.readline():
            word = line.split()[0].decode().upper()
            self.commands.append(word)
            self._answer(one, word)
            if word == "DATA" and str(self._script["DATA"]).startswith("354"):
                self._mail(one, lines)
            if word == "QUIT":
                return

    def _mail(self, one: socket.socket, lines: Any) -> None:
        text = b""
        while (line := lines.readline()) != b".\r\n":
            if not line:
                raise EOFError
            text += line
        self.received.append(text)
        self._answer(one, ".")

    def _answer(self, one: socket.socket, word: str) -> None:
        said = self._script.get(word, "500 what?")
        if callable(said):
            said(one)
        else:
            one.sendall(said.encode() + b"\r\n")

    # Ways to fail, for a script

    def silent(self, one: socket.socket) -> None:
        self.over.wait(10)
        raise EOFError

    def dripping(self, one: socket.socket) -> None:
        for _ in range(200):
            one.sendall(b"2")
            if self.over.wait(0.02):
                break
        raise EOFError


def hang_up(one: socket.socket) -> None:
    raise EOFError
