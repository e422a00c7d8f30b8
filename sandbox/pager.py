"""The other end of a notice: a web hook that keeps what people of ours were told, and when.

`python -m sandbox.pager` prints its address; a contact reaches it as "json://127.0.0.1:PORT/<who>". What it heard is at
/__control/ledger, oldest first. The demo and tests tell people here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from sandbox.http.command import LOOK_EVERY_SECONDS, clock_of, plain_parser, stopping

LEDGER = "/__control/ledger"


class Heard(msgspec.Struct, frozen=True):
    """What one contact was told at an instant of the pager's clock."""

    at: datetime
    to: str
    title: str
    text: str


class Pager:
    """A served pager. `refuses` holds those whose channel is broken; `heard` is what the others were told."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.heard: list[Heard] = []
        self.refuses: set[str] = set()
        self.url = ""

    def address(self, who: str) -> str:
        """Where apprise reaches a contact."""
        return f"{self.url.replace('http://', 'json://')}/{who}"

    def take(self, who: str, body: bytes) -> int:
        """The status that a message is answered with."""
        if who in self.refuses:
            return 503
        told: dict[str, Any] = msgspec.json.decode(body)
        self.heard.append(Heard(self.clock(), who, str(told.get("title", "")), str(told.get("message", ""))))
        return 200


def _door(pager: Pager) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(pager.take(self.path.strip("/"), body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            content = msgspec.json.encode(pager.heard) if self.path == LEDGER else b""
            self.send_response(200 if content else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """What it hears it keeps; it says nothing."""

    return Door


@contextmanager
def serve(clock: Callable[[], datetime], port: int = 0) -> Iterator[Pager]:
    """A pager on loopback."""
    pager = Pager(clock)
    server = ThreadingHTTPServer(("127.0.0.1", port), _door(pager))
    pager.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(LOOK_EVERY_SECONDS,), daemon=True)
    thread.start()
    try:
        yield pager
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    options = plain_parser("python -m sandbox.pager", __doc__)
    options.add_argument("--stories", action="store_true", help="understood, and nothing to it: people only listen")
    chosen = options.parse_args()
    over = stopping()
    with serve(clock_of(chosen), chosen.port) as pager:
        print(pager.url, flush=True)  # noqa: T201 - this is the program's answer
        over.wait()


if __name__ == "__main__":
    main()
