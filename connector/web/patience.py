"""How long the two ports wait for whoever is calling: `Patient` is the protocol of the console and of what the world
may reach. Used by `public` and the console's `serving`.

uvicorn alone waits for ever for a first request, for the rest of its headers and for its body; and every connection
counts towards the most that it serves, so that a thousand silent ones would shut everybody else out.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 10
BODY_SECONDS = 30
LARGEST_HEADERS_BYTES = 32 << 10


class Patient(H11Protocol):
    """HTTP/1.1 that hangs up on whoever has not sent all headers, or then all of the body, in time: by the whole of
    it, so that a byte now and then prolongs nothing."""

    header_seconds: ClassVar[float] = HEADER_SECONDS
    body_seconds: ClassVar[float] = BODY_SECONDS

    _awaited: tuple[str, int] | None = None
    _hanging_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await(None, 0.0)
        super().connection_lost(exc)

    def _watch(self) -> None:
        """See what is still to come from the other side, and by when."""
        if self.transport.is_closing():
            return
        number = id(self.cycle)
        if self.conn.their_state is h11.IDLE:
            self._await(("headers", number), self.header_seconds)
        elif self.conn.their_state is h11.SEND_BODY:
            self._await(("body", number), self.body_seconds)
        else:
            self._await(None, 0.0)

    def _await(self, what: tuple[str, int] | None, seconds: float) -> None:
        if what == self._awaited:
            return
        if self._hanging_up is not None:
            self._hanging_up.cancel()
        self._awaited = what
        self._hanging_up = None if what is None else self.loop.call_later(seconds, self.transport.abort)
