"""A mailbox of its own for each test, on a server that is shared: pymap, or Dovecot where it is installed."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import count
from typing import NamedTuple

from connector.adapter import Known, Record
from connector.model import EntryKind
from sandbox.mailbox import MailProgram, MailServer
from sandbox.mailbox.server import PASSWORD
from tests import dovecot

_numbers = count(1)


class Remembered:
    """A `Memory` of the records that it was shown, as the engine has one of what it stored."""

    def __init__(self) -> None:
        self._tickets: dict[str, str] = {}
        self._known: dict[str, Known] = {}

    def keep(self, records: Iterable[Record]) -> None:
        for record in records:
            if record.problem is not None or record.aside is not None:
                continue
            before = self._known.get(record.ticket, Known(record.ticket, finished=False))
            people = {entry.actor for entry in record.entries if entry.actor is not None}
            statuses = [entry.value for entry in record.entries if entry.kind is EntryKind.STATUS]
            self._known[record.ticket] = Known(
                record.ticket,
                finished=statuses[-1] == "done" if statuses else before.finished,
                people=before.people | people,
                version=max(before.version, record.version),
            )
            for name in record.names:
                self._tickets.setdefault(name, record.ticket)

    def known(self, names: Sequence[str]) -> Mapping[str, Known]:
        return {name: self._known[self._tickets[name]] for name in names if name in self._tickets}

    def names_of(self, tickets: Sequence[str]) -> Mapping[str, Sequence[str]]:
        found = {ticket: [name for name, one in self._tickets.items() if one == ticket] for ticket in tickets}
        return {ticket: names for ticket, names in found.items() if names}


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
