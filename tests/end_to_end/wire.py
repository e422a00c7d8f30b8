"""What stands between the engine and the sandbox in the fault tests: who watches the calls, who spoils the answers.

Used by `town` and by the tests that act there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from connector.http.transport import Transport
from sandbox.clock import SandboxClock
from sandbox.zendesk import Site


class Call(NamedTuple):
    """One request as it left: when, what, and the status that came back (0: none)."""

    at: datetime
    method: str
    path: str
    status: int


class Watched(Transport):
    """The product's own transport, with a list of what went through it."""

    def __init__(self, max_bytes: int, clock: SandboxClock) -> None:
        super().__init__(max_bytes)
        self._clock = clock
        self.calls: list[Call] = []

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        at, status = self._clock(), 0
        try:
            response = super().send(request, *args, **kwargs)
            status = response.status_code
            return response
        finally:
            self.calls.append(Call(at, request.method, urlsplit(request.url).path, status))


class Patience(threading.Event):
    """The daemon's stop signal, where waiting for it is our waiting."""

    def __init__(self, wait: Callable[[float], None]) -> None:
        super().__init__()
        self._wait = wait

    def wait(self, timeout: float | None = None) -> bool:
        self._wait(timeout or 0.0)
        return self.is_set()


def mangled(site: Site, path: str, change: Callable[[Any], Any]) -> None:
    """From now on the JSON answers to this path (its end) come out as `change` makes them, byte for byte if it says
    bytes: what the vendor's own software would never send, or a proxy made of it."""
    real = site.desk.answer

    def answer(request: Any) -> Any:
        told = real(request)
        if not request.path.endswith(path) or told.status != 200:
            return told
        made = change(msgspec.json.decode(told.payload))
        return msgspec.structs.replace(told, payload=made if isinstance(made, bytes) else msgspec.json.encode(made))

    site.desk.answer = answer  # type: ignore[method-assign]
