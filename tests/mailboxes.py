"""A mailbox of its own for each test, on a server that is shared: pymap, or Dovecot where it is installed."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import NamedTuple

from sandbox.mailbox import MailProgram, MailServer
from sandbox.mailbox.server import PASSWORD
from tests import dovecot

_numbers = count(1)


class Place(NamedTuple):
    """Where a mailbox is, and how to get in."""

    host: str
    port: int
    user: str
    password: str

    def program(self) -> MailProgram:
        return MailProgram(self.host, self.port, self.user, self.password)


@cache
def poor_server() -> MailServer:
    """pymap: numbers no changes, keeps no keywords."""
    server = MailServer()
    atexit.register(server.stop)
    return server


def poor() -> Place:
    server = poor_server()
    user = f"support-{next(_numbers)}@shop.example"
    server.add(user)
    return Place(server.host, server.port, user, PASSWORD)


def good() -> Place:
    """A mailbox on Dovecot; skips the test (in CI: fails it) where there is none."""
    server = dovecot.shared()
    return Place(server.host, server.port, f"support-{next(_numbers)}@shop.example", dovecot.PASSWORD)


SERVERS: dict[str, Callable[[], Place]] = {"pymap": poor, "dovecot": good}
