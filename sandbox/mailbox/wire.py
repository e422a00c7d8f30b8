"""A line between Amends and an IMAP server that does what no server does on demand: cut, throttle, lie, fall silent.

It understands as much IMAP as that needs: where a command begins and ends. Everything else passes as it is. Used by
tests, over any server.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

_LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n$")
_COMMAND = re.compile(rb"([A-Za-z]+\d+) (?:UID )?([A-Za-z]+)")
_WRITES = frozenset({b"STORE", b"COPY", b"MOVE", b"APPEND", b"EXPUNGE"})
HOST = "127.0.0.1"
# (answer to give instead of the server's, whether the line is cut then); None as an answer is silence
Fault = tuple[bytes | None, bool]


class Wire:
    """Listens on `port` and carries every connection to the server. One fault is armed at a time, for one command."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self.calls = 0
        self.commands: list[bytes] = []
        self._fault: tuple[frozenset[bytes], Callable[[bytes], Fault]] | None = None
        self._lost: frozenset[bytes] = frozenset()
        self._short: int | None = None
        self._change: tuple[bytes, bytes] | None = None
        self._choke: re.Pattern[bytes] | None = None
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server((HOST, 0))
        self.host = HOST
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="wire", daemon=True).start()

    def stop(self) -> None:
        _shut(self._listener)
        self.cut()

    def cut(self) -> None:
        """Every connection is cut at once."""
        with self._lock:
            ends, self._open = self._open, []
        for end in ends:
            _shut(end)

    # Faults, each for the next command of its kind only

    def refuse(self, words: str, *kinds: str) -> None:
        """The next command (of these kinds, else of any) is answered NO with these words, and does nothing."""
        self._arm(kinds, lambda tag: (tag + b" NO " + words.encode() + b"\r\n", False))

    def goodbye(self, words: str, *kinds: str) -> None:
        """The server says BYE instead of an answer, and hangs up."""
        self._arm(kinds, lambda _: (b"* BYE " + words.encode() + b"\r\n", True))

    def babble(self, nonsense: bytes, *kinds: str) -> None:
        """Bytes that are no IMAP come instead of an answer."""
        self._arm(kinds, lambda _: (nonsense, False))

    def hang_up(self, *kinds: str) -> None:
        """The line is cut instead of an answer."""
        self._arm(kinds, lambda _: (b"", True))

    def silence(self, *kinds: str) -> None:
        """The next command is swallowed: no answer comes, ever."""
        self._arm(kinds, lambda _: (None, False))

    def lose_answer(self, *kinds: str) -> None:
        """The next write (or command of these kinds) reaches the server; its answer does not come back."""
        self._lost = _upper(kinds) or _WRITES

    def shorten(self, size: int) -> None:
        """The line is cut after so many bytes of the next answer to FETCH."""
        self._short = size

    def rewrite(self, old: bytes, new: bytes) -> None:
        """In all that the server says from now on, `old` (a pattern) becomes `new`; until `honest`."""
        self._change = (old, new)

    def choke(self, command: bytes) -> None:
        """The line is cut at every command in which this pattern is found; until `honest`."""
        self._choke = re.compile(command)

    def honest(self) -> None:
        self._change = self._choke = None

    def _arm(self, kinds: tuple[str, ...], fault: Callable[[bytes], Fault]) -> None:
        self._fault = (_upper(kinds), fault)

    # Carrying

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server, timeout=20)
            except OSError:
                return
            for end in (client, server):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open += [client, server]
            carried = _Carried(self, client, server)
            threading.Thread(target=carried.upwards, daemon=True).start()
            threading.Thread(target=carried.downwards, daemon=True).start()

    def heard(self, command: bytes) -> tuple[Fault | None, bool, int | None]:
        """What happens to a command: the fault, whether its answer is lost, after how many bytes it breaks off."""
        found = _COMMAND.match(command)
        if not found:
            return None, False, None
        tag, kind = found[1], found[2].upper()
        with self._lock:
            self.calls += 1
            self.commands.append(command)
            if self._choke is not None and self._choke.search(command):
                return (b"", True), False, None
            # A client asks for capabilities before anything else; no server refuses that.
            if self._fault is not None and (kind in self._fault[0] if self._fault[0] else kind != b"CAPABILITY"):
                _, make = self._fault
                self._fault = None
                return make(tag), False, None
            if kind in self._lost:
                self._lost = frozenset()
                return None, True, None
            if kind == b"FETCH" and self._short is not None:
                short, self._short = self._short, None
                return None, False, short
        return None, False, None

    def told(self, data: bytes) -> bytes:
        return data if self._change is None else re.sub(self._change[0], self._change[1], data)


class _Carried:
    """One connection, both ways."""

    def __init__(self, wire: Wire, client: socket.socket, server: socket.socket) -> None:
        self._wire, self._client, self._server = wire, client, server
        self._mute = False
        self._left: int | None = None

    def upwards(self) -> None:
        reader = self._client.makefile("rb")
        with suppress(OSError, ValueError):
            while line := reader.readline():
                begun = bool(_COMMAND.match(line))
                fault, lost, short = self._wire.heard(line) if begun else (None, False, None)
                if fault is not None:
                    answer, cut = fault
                    if answer:
                        self._client.sendall(answer)
                    if cut:
                        break
                    continue
                self._mute, self._left = self._mute or lost, short if short is not None else self._left
                self._server.sendall(line)
                while literal := _LITERAL.search(line):
                    rest = int(literal[1])
                    while rest and (piece := reader.read(min(rest, 65_536))):
                        self._server.sendall(piece)
                        rest -= len(piece)
                    line = reader.readline()
                    self._server.sendall(line)
        self._end()

    def downwards(self) -> None:
        with suppress(OSError, ValueError):
            while data := self._server.recv(65_536):
                if self._mute and not data.startswith(b"+"):
                    break  # the server has answered, and nobody hears it
                data = self._wire.told(data)
                if self._left is not None:
                    data, self._left = data[: self._left], self._left - len(data)
                    self._client.sendall(data)
                    if self._left <= 0:
                        break
                    continue
                self._client.sendall(data)
        self._end()

    def _end(self) -> None:
        for end in (self._client, self._server):
            _shut(end)


def _upper(kinds: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(kind.upper().encode() for kind in kinds)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        end.close()
