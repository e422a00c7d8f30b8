"""A shop's whole post: its mailbox and those of its people, the relay that takes what they send, and a ledger of all.

The relay keeps what it takes among the sent mail of the shop, as Microsoft's and Google's do: so a mail has left if and
only if it lies there, and whoever died before the answer came can look. IMAP stands behind TLS from the first byte,
SMTP behind STARTTLS, both with a certificate by an authority of our own. `serve` adds the control door over HTTP. Used
by `python -m sandbox.mailbox` and tests.
"""

from __future__ import annotations

import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pymap.parsing.specials.flag import Seen

from sandbox.clock import SandboxClock
from sandbox.http.answers import Answer, Request, told
from sandbox.http.control import Door
from sandbox.http.desk import FrontDesk
from sandbox.http.site import Served
from sandbox.http.switches import WireSwitches
from sandbox.http.wire import serving
from sandbox.mailbox import certificate
from sandbox.mailbox.ledger import Ledger
from sandbox.mailbox.letters import BORDER
from sandbox.mailbox.program import MailProgram
from sandbox.mailbox.relay import Relay, Taken
from sandbox.mailbox.server import HOST, PASSWORD, USER, SharedServer

STAFF = ("ana@shop.example", "ben@shop.example", "carla@shop.example")
TEAM = "complaints-team@shop.example"  # who is told of escalations
DONE, SENT = "Done", "Sent"


class Office:
    """The post of one shop; open until its context ends. `abroad` holds mails for people outside that were taken and
    not yet delivered."""

    def __init__(self, clock: Callable[[], datetime], folder: Path) -> None:
        self.clock, self.lock, self.links = clock, threading.RLock(), ""
        self.switches = WireSwitches()
        self.ledger = Ledger()
        self.certificates = certificate.make(folder, SandboxClock()())
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificates.chain, self.certificates.key)
        self.server = SharedServer(tls, self.ledger, self.now)
        self.server.share(USER, *STAFF)
        self.server.add(TEAM)
        self.server.make(USER, DONE, SENT)
        self.abroad: deque[Taken] = deque()
        users = dict.fromkeys((USER, *STAFF), PASSWORD)
        self.relay = Relay(users, tls, self.ledger, self.now, self._pass_on)
        self.smtp_port = self.server.listen(self.relay.protocol)

    def now(self) -> datetime:
        return self.clock()

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def arrives(self, raw: bytes, at: datetime) -> None:
        """A mail from outside reaches the shop's mailbox, as the border hands it in."""
        self.server.deliver(USER, raw, at)

    def program(self, login: str) -> MailProgram:
        """The mail program of one of the staff, logged in to the shop's mailbox."""
        return MailProgram(HOST, self.server.port, login, PASSWORD, authority=self.certificates.authority)

    async def _pass_on(self, mail: Taken) -> None:
        """Called while the mail is taken, in the server's loop."""
        await self.server.put(USER, SENT, mail.raw, self.now(), Seen)
        if TEAM in mail.recipients:
            await self.server.put(TEAM, "INBOX", mail.raw, self.now())
        if any(one not in (TEAM, USER) for one in mail.recipients):
            self.abroad.append(mail)


class Desk(FrontDesk):
    """A mailbox is not spoken to over HTTP; only the control door is."""

    def answer(self, request: Request) -> Answer:
        return told({"error": "this is a mailbox: speak IMAP and SMTP to it"}, 404)

    def too_many(self, wait_seconds: int) -> Answer:
        return told({"error": "slower"}, 429)

    def is_bulk(self, request: Request) -> bool:
        return False


class Site(Served[Office, Desk]):
    """The control door of a served office."""


def _state(site: Site, _wish: dict[str, str]) -> dict[str, object]:
    office = site.account
    return {
        "now": office.now().isoformat(timespec="milliseconds"),
        "imap": office.server.port,
        "smtp": office.smtp_port,
        "authority": str(office.certificates.authority),
        "user": USER,
        "password": PASSWORD,
        "team": TEAM,
        "border": BORDER,
        "effects": len(office.ledger),
    }


control = Door((), {"state": _state}, {})


@contextmanager
def serve(office: Office, *, port: int = 0) -> Iterator[Site]:
    """Serve the control door of `office` on 127.0.0.1 until the block ends. The office is closed by who opened it."""
    with serving(Site(office, Desk()), control, port=port) as site:
        yield site
