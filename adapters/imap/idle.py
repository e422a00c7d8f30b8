"""Waiting until a server says that something happened (IDLE, RFC 2177): a wake-up for the next read, and nothing else.

What it says is not read: the read that follows finds out. A silent line proves nothing, so nobody waits longer than
`LONGEST`, and the poll goes on beneath. Used by the adapter's `wait`.
"""

from __future__ import annotations

import selectors
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from adapters.imap.connection import Connection

# Servers may cut a line that idles for 30 minutes; what is in between does so sooner and says nothing.
LONGEST_SECONDS = 25 * 60.0


def wait(connections: Sequence[Connection], seconds: float) -> bool:
    """Whether anything happened in the first folder of any inbox, within `seconds` at most.

    An inbox whose server cannot IDLE is left out; where none can, this returns False at once. Raises TemporaryError
    or AuthError where a server cannot be reached, or says goodbye.
    """
    able = [connection for connection in connections if connection.can("IDLE")]
    with ExitStack() as idling, selectors.DefaultSelector() as ready:
        for connection in able:
            client = idling.enter_context(_idling(connection))
            ready.register(client.socket(), selectors.EVENT_READ)
        return bool(able) and bool(ready.select(min(seconds, LONGEST_SECONDS)))


@contextmanager
def _idling(connection: Connection) -> Iterator[Any]:
    connection.select(connection.box.folders[0], again=False)
    with connection.speaking("waiting for news") as client:
        client.idle()
        yield client
        client.idle_done()
