"""Handing one mail to an SMTP server, and knowing afterwards whether it was taken. Used by `writing`.

The rule of phases: whatever fails before the final dot has been written did not send anything; the server's answer to
the dot decides; and where that answer does not come, nobody knows (RFC 1047). So the body goes out first, then `begin`
writes down that the last byte is about to leave, and only then the dot follows.

TLS is verified always; a connection in the clear is for a loopback address only. Each reply has to be complete by a
deadline, however slowly its bytes come. smtplib gives the dialogue; `SMTP.sendmail` would not tell the phases apart.
"""

from __future__ import annotations

import io
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Literal, NoReturn

import msgspec

from adapters.imap.composing import Mail
from connector.errors import AmendsError, AuthError, ConflictError, RejectedError, SettingsError, TemporaryError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
GREYLISTED_SECONDS = 300.0
NOT_ALLOWED = (530, 535, 538, 550, 553, 554)  # in answer to MAIL: it is about us, not about this mail
LONGEST_WORDS = 200
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_ADDRESS = re.compile(r"<?[^\s<>@,;:]+@[^\s<>@,;:]+>?")
_LOGIN = "Check user and secrets of this source, and that its mailbox may send by SMTP."
_SERVER = "Check host, port and tls under `smtp` in the options of this source."


class Smtp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The server that takes our mail. `tls` is "starttls" (port 587), "implicit" (port 465), or "none" for a loopback
    address. `login`: false for a relay that knows us by our address. `ca_file` names certificates of an own authority,
    `timeout_seconds` is the longest wait for one answer."""

    host: str
    port: int = 587
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    login: bool = True
    ca_file: str | None = None
    timeout_seconds: float = 20.0

    def __post_init__(self) -> None:
        if self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError("smtp: tls none is for a loopback address only")
        if not 0 < self.timeout_seconds <= 120:
            raise ValueError("smtp: timeout_seconds must be more than 0 and at most 120")


class Proof(msgspec.Struct, frozen=True):
    """Who we are: a user with a password, or with an OAuth token (XOAUTH2). Shows neither."""

    user: str
    password: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        return f"Proof({self.user}, …)"


class Accepted(msgspec.Struct, frozen=True):
    """The server took the mail. `answer` is what it said (often its queue id); `refused` its answers for recipients
    whom it did not take, by their place in the mail's list."""

    answer: str
    refused: dict[str, str] = {}


def send(
    mail: Mail, smtp: Smtp, proof: Proof | None, begin: Callable[[], None], *, source: str, ticket: str
) -> Accepted:
    """Send `mail` once. `begin` is called when all but the final dot is sent; what it raises ends the connection, and
    nothing was sent.

    Raises, knowing that nothing was sent: AuthError (refused login, or sender), SettingsError (no TLS to be had),
    RejectedError (refused for good), ConflictError (refused for now: greylisting, full mailbox), and TemporaryError
    with applied=False. TemporaryError with applied None: in doubt.
    """
    place: dict[str, Any] = {"source": source, "ticket": ticket}
    with _Dialogue(smtp, mail.message_id.rpartition("@")[2], place) as dialogue:
        dialogue.open()
        if proof is not None and smtp.login:
            dialogue.log_in(proof)
        refused = dialogue.address(mail)
        dialogue.body(mail)
        begin()
        return Accepted(dialogue.dot(), refused)


def knock(smtp: Smtp, domain: str, proof: Proof | None, *, source: str) -> None:
    """Connect and log in as `send` does, and send nothing. Raises what that raises."""
    with _Dialogue(smtp, domain, {"source": source}) as dialogue:
        dialogue.open()
        if proof is not None and smtp.login:
            dialogue.log_in(proof)


class _Client(smtplib.SMTP):
    """smtplib's client, in which each reply has a deadline."""

    reply_seconds = 20.0

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        if self.file is None:
            self.file = io.BufferedReader(_Timed(self.sock))
        timed = self.file.raw
        timed.end = monotonic() + self.reply_seconds
        return super().getreply()


class _Timed(io.RawIOBase):
    """The bytes of a socket until `end`. A time-out for each read starts anew with every byte that trickles in."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.end = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.end - monotonic()
        if left <= 0:
            raise TimeoutError("the answer was not complete in time")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)


class _Dialogue:
    """One connection and one mail at most. Every way to fail is turned into the error of its remedy, by phase. `domain`
    is the name by which we greet."""

    def __init__(self, smtp: Smtp, domain: str, place: dict[str, Any]) -> None:
        self._smtp = smtp
        self._place = place
        self._client = _Client(timeout=smtp.timeout_seconds, local_hostname=domain or None)
        self._client.reply_seconds = smtp.timeout_seconds

    def __enter__(self) -> _Dialogue:
        return self

    def __exit__(self, *what: object) -> None:
        # No QUIT after trouble, and no waiting for its answer: the mail's fate is settled by now.
        with suppress(OSError, smtplib.SMTPException):
            if what[0] is None:
                self._client.putcmd("quit")
        self._client.close()

    def open(self) -> None:
        """Connect, and be behind TLS."""
        with _Unsent("connecting", self._place):
            code, said = self._connect()
            if code != 220:
                self._temporary("does not greet us", code, said)
            self._greet()
            if self._smtp.tls == "starttls":
                if not self._client.has_extn("starttls"):
                    raise SettingsError(
                        "the SMTP server offers no STARTTLS; nothing is sent in the clear.",
                        remedy=_SERVER,
                        **self._place,
                    )
                self._client.starttls(context=self._context())
                self._greet()

    def _greet(self) -> None:
        code, said = self._client.ehlo()
        if code != 250:
            self._temporary("does not know EHLO", code, said)

    def _connect(self) -> tuple[int, bytes]:
        smtp, client = self._smtp, self._client
        sock = socket.create_connection((smtp.host, smtp.port), smtp.timeout_seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the dot is small, and would wait for an ACK
        client.sock = sock
        if smtp.tls == "implicit":
            client.sock = self._context().wrap_socket(sock, server_hostname=smtp.host)
        client._host = smtp.host  # type: ignore[attr-defined]  # whom starttls asks the certificate for
        return client.getreply()

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._smtp.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def log_in(self, proof: Proof) -> None:
        with _Unsent("logging in", self._place):
            try:
                if proof.token is not None:
                    self._client.auth("XOAUTH2", _XOAuth2(proof.user, proof.token))
                else:
                    self._client.login(proof.user, proof.password or "")
            except smtplib.SMTPAuthenticationError as error:
                if error.smtp_code < 500:
                    self._temporary("does not let us log in now", error.smtp_code, error.smtp_error)
                raise self._auth("does not accept our login", error.smtp_code, error.smtp_error) from None
            except smtplib.SMTPException as error:
                # That is how smtplib says that there is no way to log in which both sides know.
                if isinstance(error, smtplib.SMTPNotSupportedError) or type(error) is smtplib.SMTPException:
                    raise self._auth("offers no way to log in that we know", 0, b"") from None
                raise

    def address(self, mail: Mail) -> dict[str, str]:
        """Name sender and recipients. Returns the answers for refused recipients, where at least one was taken."""
        with _Unsent("naming sender and recipients", self._place):
            code, said = self._client.mail(mail.sender)
            if code in NOT_ALLOWED:
                raise self._auth("does not let us send as this sender", code, said)
            if code != 250:
                self._refused("refuses the sender", code, said)
            answers = [self._client.rcpt(one) for one in mail.recipients]
            for code, said in answers:
                if code == 530:
                    raise self._auth("wants a login before it takes mail", code, said)
        refused = [(code, said) for code, said in answers if code not in (250, 251)]
        if len(refused) == len(answers):
            # If one of them may be had later, the mail waits for it.
            code, said = min(refused, key=lambda one: one[0] >= 500) if refused else (501, b"no recipient")
            self._refused("refuses the recipient", code, said)
        return {
            str(number): _words(code, said) for number, (code, said) in enumerate(answers) if code not in (250, 251)
        }

    def body(self, mail: Mail) -> None:
        """All of the mail but the final dot."""
        with _Unsent("sending the text", self._place):
            code, said = self._client.docmd("DATA")
            if code != 354:
                self._refused("refuses the mail", code, said)
            self._client.send(_stuffed(mail.text))

    def dot(self) -> str:
        """The final dot, and the server's answer to it. From here on, no answer means doubt."""
        try:
            self._client.send(b".\r\n")
            code, said = self._client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise TemporaryError(
                f"the SMTP server had the whole mail, but its answer did not come ({_kind(error)}).", **self._place
            ) from error
        if not 200 <= code < 600:
            raise TemporaryError(f"the SMTP server's last answer makes no sense: {_words(code, said)}.", **self._place)
        if code >= 300:
            self._refused("refuses the mail", code, said)
        return _words(code, said)

    def _refused(self, what: str, code: int, said: bytes | str) -> NoReturn:
        if code == 421 or not 400 <= code < 600:
            self._temporary(what, code, said)
        text = f"the SMTP server {what}: {_words(code, said)}."
        if code < 500:
            raise ConflictError(text, retry_after_seconds=GREYLISTED_SECONDS, **self._place)
        raise RejectedError(text, remedy="Read what the server says; nothing was sent.", **self._place)

    def _temporary(self, what: str, code: int, said: bytes | str) -> NoReturn:
        raise TemporaryError(f"the SMTP server {what}: {_words(code, said)}.", applied=False, **self._place)

    def _auth(self, what: str, code: int, said: bytes | str) -> AuthError:
        return AuthError(
            f"the SMTP server {what}{f': {_words(code, said)}' if code else ''}.", remedy=_LOGIN, **self._place
        )


class _XOAuth2:
    """SASL XOAUTH2. A refusal comes as a challenge, which wants an empty line before the real error is told."""

    def __init__(self, user: str, token: str) -> None:
        self._first = f"user={user}\x01auth=Bearer {token}\x01\x01"

    def __call__(self, challenge: bytes | None = None) -> str:
        return self._first if challenge is None else ""


class _Unsent:
    """Turns what fails inside into "nothing was sent"."""

    def __init__(self, what: str, place: dict[str, Any]) -> None:
        self._what = what
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (OSError, smtplib.SMTPException)) and not isinstance(error, AmendsError):
            certificate = isinstance(error, ssl.SSLCertVerificationError)
            raise TemporaryError(
                f"nothing was sent: {self._what} failed at the SMTP server ({_kind(error)}).",
                remedy="Its certificate is not in order. " + _SERVER if certificate else None,
                applied=False,
                **self._place,
            ) from error


def _stuffed(text: str) -> bytes:
    """The text with its last line ended and with each dot at the start of a line doubled (RFC 5321, 4.5.2).

    Lines end in CRLF and in nothing else, or a server might see the end of the mail where we see none."""
    data = text.encode("ascii")
    if re.search(rb"(?<!\r)\n|\r(?!\n)", data):
        raise ValueError("a mail has a line that does not end in CRLF")
    return re.sub(rb"(?m)^\.", b"..", data if data.endswith(b"\r\n") else data + b"\r\n")


def _kind(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _words(error.smtp_code, error.smtp_error)
    return f"{type(error).__name__}: {_plain(str(error))}"


def _words(code: int, said: bytes | str) -> str:
    """What a server said, on one line and without the addresses in it."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {_plain(text)}".strip()


def _plain(text: str) -> str:
    return _ADDRESS.sub("<address>", _UNSEEN.sub(" ", text))[:LONGEST_WORDS].rstrip(". ")
