"""Connections whose answers end at the deadline of the call, however slowly they come. Used by `transport`."""

from __future__ import annotations

import http.client
import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

_call = threading.local()  # the deadline of the call that this thread is in


@contextmanager
def deadline(clock: Callable[[], float], total_seconds: float, read_seconds: float) -> Iterator[None]:
    """What is read inside is over after `total_seconds`, and no single read waits longer than `read_seconds`.

    A call inside a call (a redirect) keeps the deadline of the outer one. `clock` is monotonic."""
    outer = getattr(_call, "deadline", None)
    _call.deadline = outer or _Deadline(clock, total_seconds, read_seconds)
    try:
        yield
    finally:
        _call.deadline = outer


class _Deadline:
    """When a call has to be over; the sockets of the call ask it before each read."""

    def __init__(self, clock: Callable[[], float], total_seconds: float, read_seconds: float) -> None:
        self._clock = clock
        self._read_seconds = read_seconds
        self._total_seconds = total_seconds
        self._end = clock() + total_seconds

    def next_wait_seconds(self) -> float:
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError(f"the answer was not complete after {self._total_seconds:g} s")
        return min(left, self._read_seconds)


class _TimedReader(io.RawIOBase):
    """The bytes of a socket until the deadline of the call. A time-out per read is not enough: it starts anew with
    each byte, and a server that sends one byte at a time would be waited for without end."""

    def __init__(self, sock: socket.socket, limit: _Deadline) -> None:
        self._sock = sock
        self._limit = limit
        self._bytes = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._limit.next_wait_seconds())
        return self._bytes.readinto(buffer)

    def close(self) -> None:
        self._bytes.close()
        super().close()


class _TimedSocket:
    """What http.client asks of a socket, for one answer."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> Any:
        limit = getattr(_call, "deadline", None)
        if limit is None:
            return self._sock.makefile(cast(Any, mode))
        return io.BufferedReader(_TimedReader(self._sock, limit))


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_TimedSocket(sock), *args, **kwargs)  # type: ignore[arg-type]


class _PlainConnection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
