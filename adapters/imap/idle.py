"""Waiting until a server says that something happened (IDLE, RFC 2177): a wake-up for the next read, and nothing else.

What it says is not understood: the read that follows finds out. A silent line proves nothing, so nobody waits longer
than `LONGEST_SECONDS`, and the poll goes on beneath. Used by the adapter's `wait`.
"""

from __future__ import annotations

import selectors
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any

from adapters.imap.connection import Connection, Selected

# Servers may cut a line that idles for 30 minutes; what is in between does so sooner and says nothing.
LONGEST_SECONDS = 25 * 60.0
LOOK_EVERY_SECONDS = 0.5  # so late is a stop noticed
_ALIVE = b"OK"  # "* OK Still here" says that nothing happened


class Ear:
    """Listens at the first folder of each inbox. It remembers how each folder stood, so that what happens between two
    waits is noticed by the second."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._connections = connections
        self._stood: list[Selected] | None = None

    def wait(self, seconds: float, stopping: Callable[[], bool]) -> bool | None:
        """Whether anything happened, within `seconds` at most and until `stopping`.

        An inbox whose server cannot IDLE is left out; None where none can. Raises TemporaryError or AuthError where a
        server cannot be reached, does not answer, or says goodbye.
        """
        able = [connection for connection in self._connections if connection.can("IDLE")]
        end = monotonic() + min(seconds, LONGEST_SECONDS)
        while able and not stopping():
            if self._changed(able):
                return True
            if _spoken(able, end, stopping):
                self._stood = _standing(able)  # before the read that follows, which covers it
                return True
            if monotonic() >= end:
                return False
        for connection in able:
            connection.close()  # it may still idle, and a server that hangs must not hold up the end
        return False if able else None

    def _changed(self, able: Sequence[Connection]) -> bool:
        before, self._stood = self._stood, _standing(able)
        return before is not None and before != self._stood


def _standing(able: Sequence[Connection]) -> list[Selected]:
    return [connection.select(connection.box.folders[0]) for connection in able]


def _spoken(able: Sequence[Connection], end: float, stopping: Callable[[], bool]) -> bool:
    """Idle once, until one of the servers speaks; whether any of them had something to say."""
    heard: list[Any] = []
    early = False
    with ExitStack() as idling, selectors.DefaultSelector() as ready:
        for connection in able:
            client = idling.enter_context(_idling(connection, heard, stopping))
            ready.register(client.socket(), selectors.EVENT_READ)
            early = early or _has_more(client)
        while not early and not stopping() and (left := end - monotonic()) > 0:
            if ready.select(min(left, LOOK_EVERY_SECONDS)):
                break
    return any(said[:1] != (_ALIVE,) for said in heard)


def _has_more(client: Any) -> bool:
    """Whether more came with the server's answer: it is read already, and the socket will not tell of it."""
    sock = client.socket()
    patience = sock.gettimeout()
    sock.setblocking(False)
    try:
        return bool(client._imap.file.peek(1))
    except OSError:  # behind TLS: nothing yet
        return False
    finally:
        sock.settimeout(patience)


@contextmanager
def _idling(connection: Connection, heard: list[Any], stopping: Callable[[], bool]) -> Iterator[Any]:
    with connection.speaking("waiting for news") as client:
        client.idle()
        yield client
        if not stopping():
            heard += client.idle_done()[1]
