"""The receiving side of hooks over real HTTP, for tests: the door served by the server that `amends web` uses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from time import monotonic

import uvicorn
from starlette.applications import Starlette

from connector.store.hook_inbox import HookInbox
from connector.web.hooks import Ear, HookDoor
from sandbox.clock import wall

LIMIT_SECONDS = 30.0


@contextmanager
def served(ears: Mapping[str, Ear], inbox: HookInbox, now: Callable[[], datetime] = wall) -> Iterator[str]:
    """The address of a door for these ears, until the block ends."""
    app = Starlette(routes=[HookDoor(ears, inbox, now).route()])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    running = threading.Thread(target=server.run)
    running.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        running.join(LIMIT_SECONDS)


def until(true: Callable[[], bool]) -> None:
    end = monotonic() + LIMIT_SECONDS
    while not true():
        assert monotonic() < end, "it never came to be"
        threading.Event().wait(0.01)
