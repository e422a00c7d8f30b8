"""The one place where IMAP is spoken: connections with time-outs of their own, proven, counted, refused in our errors.

One connection an inbox, kept between pages and dropped at the first failure. IMAPClient does the protocol; what it and
imaplib raise on a bad answer, a cut line or silence becomes an error class of ours here. Used by all modules that do
I/O.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from select import select
from typing import Any

import msgspec

from adapters.imap.answers import UnprovenError, refusal, tidy
from adapters.imap.login import Login
from adapters.imap.sending import Proof
from adapters.imap.settings import ImapSettings, Inbox
from connector.adapter import Tools
from connector.errors import AuthError, TemporaryError

ENDPOINT = "imap"
# Servers and boxes on the way cut what is idle; RFC 9051 allows it after 30 minutes, many do it sooner.
IDLE_FOR = timedelta(minutes=4)
# What IMAPClient and imaplib raise on bytes that are no IMAP; a server that sends such is down for us.
NONSENSE = (ValueError, IndexError, KeyError, TypeError, AttributeError, AssertionError, RecursionError, EOFError)


class Selected(msgspec.Struct, frozen=True):
    """A folder as the server showed it when it was opened. `modseq` is None where it does not number changes;
    `keywords` are those in use, `permanent` the flags that can be set for good, None where it does not say."""

    name: str
    validity: int
    next_uid: int
    exists: int
    modseq: int | None
    keywords: frozenset[str]
    permanent: frozenset[str] | None


class Connection:
    """The connection to one inbox."""

    def __init__(self, source: str, box: Inbox, settings: ImapSettings, login: Login, tools: Tools) -> None:
        self.box = box
        self.source = source
        self._settings = settings
        self._login = login
        self._tools = tools
        self._client: Any = None
        self._selected: tuple[Selected, bool] | None = None
        self._used_at = tools.now()
        self._capabilities: frozenset[str] = frozenset()
        self._sent: str | None = None

    @contextmanager
    def speaking(self, what: str, *, write: bool = False) -> Iterator[Any]:
        """The client, for one batch of commands, counted and logged in. Every failure is one of ours and closes the
        connection; `what` says in the error what was asked."""
        self._tools.budget.take(ENDPOINT, write=write)
        client = self._ready()
        done = False
        try:
            with self._translated(what):
                yield client
            self._used_at = self._tools.now()
            done = True
        finally:
            if not done:
                self.close()

    def can(self, capability: str) -> bool:
        """Whether the server says, after login, that it is able to do this."""
        if self._client is None:
            with self.speaking("connecting"):
                pass
        return capability in self._capabilities

    def select(self, name: str, *, write: bool = False, again: bool = True) -> Selected:
        """Open a folder, for reading only unless `write`. Without `again`, one that is open stays as it was seen."""
        if not again and self._client is not None and self._selected is not None:
            seen, writable = self._selected
            if seen.name == name and (writable or not write) and self._alive():
                return seen
        with self.speaking(f"opening the folder {name!r}", write=write) as client:
            answer = client.select_folder(name, readonly=not write)
            seen = _selected(name, answer)
        self._selected = seen, write
        return seen

    def sent_folder(self) -> str | None:
        """The folder that keeps what was sent: as configured, else as the server names it; None where there is none."""
        if self.box.sent_folder is not None:
            return self.box.sent_folder or None
        if self._sent is None:
            with self.speaking("looking for the Sent folder") as client:
                self._sent = client.find_special_folder(b"\\Sent")
        return self._sent

    def folder_exists(self, name: str) -> bool:
        with self.speaking(f"looking for the folder {name!r}") as client:
            return bool(client.folder_exists(name))

    def validity_told(self) -> int | None:
        """The UIDVALIDITY that the server may have told meanwhile, unasked: then all numbers are void."""
        told = self._client._imap.untagged_responses.get("UIDVALIDITY") if self._client is not None else None
        try:
            return int(told[-1]) if told else None
        except (ValueError, TypeError):
            return None

    def proof(self) -> Proof:
        return self._login.proof(self.box)

    def close(self) -> None:
        client, self._client, self._selected = self._client, None, None
        if client is not None:
            with suppress(OSError, imaplib.IMAP4.error, *NONSENSE):
                client.shutdown()

    def _ready(self) -> Any:
        if self._client is not None and not self._alive():
            self.close()
        if self._client is None:
            self._open()
        return self._client

    def _alive(self) -> bool:
        """Not idle for long, and nothing waits to be read: between commands a server only says goodbye."""
        if self._client is None or self._tools.now() - self._used_at > IDLE_FOR:
            return False
        with suppress(OSError, ValueError):
            return not select([self._client.socket()], [], [], 0)[0]
        return False

    def _open(self) -> None:
        try:
            self._enter(self._login.proof(self.box))
        except UnprovenError:
            self.close()
            if not self._login.renewable(self.box):
                raise
            self._enter(self._login.proof(self.box))

    def _enter(self, proof: Proof) -> None:
        done = False
        try:
            with self._translated("connecting"):
                self._client = _connected(self.box, self._settings.timeout_seconds)
            with self._translated("logging in", login=True):
                _logged_in(self._client, proof)
            with self._translated("asking what the server can do"):
                self._capabilities = frozenset(word.decode("ascii", "replace") for word in self._client.capabilities())
                if {"ENABLE", "CONDSTORE"} <= self._capabilities:
                    self._client.enable("CONDSTORE")
            self._used_at = self._tools.now()
            done = True
        finally:
            if not done:
                self.close()

    @contextmanager
    def _translated(self, what: str, *, login: bool = False) -> Iterator[None]:
        what = f"{what} at {self.box.host} as {self.box.user}"
        try:
            yield
        except imaplib.IMAP4.abort as error:
            raise refusal(str(error), what, source=self.source) from None
        except imaplib.IMAP4.error as error:
            cut = isinstance(error.__context__, imaplib.IMAP4.abort)  # IMAPClient tells that as a refused login, too
            raise refusal(str(error), what, source=self.source, login=login and not cut) from None
        except ssl.SSLCertVerificationError as error:
            raise AuthError(
                f"{what}: the server's certificate is not to be trusted ({tidy(error.verify_message)}).",
                source=self.source,
                remedy="Check `host`; a private authority goes into `ca_file`.",
            ) from None
        except OSError as error:
            why = "no answer came in time" if isinstance(error, TimeoutError) else tidy(error.strerror or str(error))
            raise TemporaryError(f"{what}: {why}.", source=self.source) from None
        except NONSENSE as error:
            raise TemporaryError(
                f"{what}: the answer is no IMAP ({type(error).__name__}).", source=self.source
            ) from None


def _connected(box: Inbox, timeout_seconds: float) -> Any:
    from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]

    context = ssl.create_default_context(cafile=box.ca_file) if box.tls != "none" else None
    client = IMAPClient(
        box.host,
        port=box.port,
        ssl=box.tls == "tls",
        ssl_context=context if box.tls == "tls" else None,
        timeout=SocketTimeout(min(10.0, timeout_seconds), timeout_seconds),
    )
    client._imap.debug = 0  # imaplib would write what we log in with into its log
    client.normalise_times = False
    if box.tls == "starttls":
        client.starttls(context)
    # A literal goes out in several small pieces, each of which would wait for the other side's delayed receipt.
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _logged_in(client: Any, proof: Proof) -> None:
    if proof.token is None:
        client.login(proof.user, proof.password)
        return
    # A refusal comes as a challenge, to be answered by an empty line before the server says no.
    answers = iter([f"user={proof.user}\x01auth=Bearer {proof.token}\x01\x01"])
    client.sasl_login("XOAUTH2", lambda _challenge: next(answers, ""))


def _selected(name: str, answer: Any) -> Selected:
    modseq = answer.get(b"HIGHESTMODSEQ")
    return Selected(
        name=name,
        validity=int(answer[b"UIDVALIDITY"]),
        next_uid=int(answer.get(b"UIDNEXT", 0)),
        exists=int(answer[b"EXISTS"]),
        modseq=int(modseq) if modseq else None,
        keywords=flags_of(answer.get(b"FLAGS", ())),
        permanent=flags_of(answer[b"PERMANENTFLAGS"]) if b"PERMANENTFLAGS" in answer else None,
    )


def flags_of(sent: Any) -> frozenset[str]:
    """Flags and keywords as text."""
    words = (word.decode("ascii", "replace") if isinstance(word, bytes) else str(word) for word in sent)
    return frozenset(words)


def zoned(at: Any) -> datetime | None:
    """An INTERNALDATE as IMAPClient gives it, None where it is none."""
    return at if isinstance(at, datetime) and at.tzinfo is not None else None
