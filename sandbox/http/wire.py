"""A stand-in over real HTTP on loopback: keep-alive, gzip, optional TLS, and the enacting of faults.

`serving` is called by each vendor's `serve`. Requests under /__control/ go to the stand-in's control door.
"""

from __future__ import annotations

import gzip
import os
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from sandbox.http.answers import Answer, Request
from sandbox.http.site import Seen, Served

GZIP_FROM_BYTES = 1024
HTML_PAGE = b"<!doctype html><html><head><title>Please wait</title></head><body>We will be back soon.</body></html>"

Site = Served[Any, Any]
SiteT = TypeVar("SiteT", bound=Site)
Control = Callable[[Any, Request], Answer]


@contextmanager
def serving(
    site: SiteT,
    control: Control,
    *,
    port: int = 0,
    certificate: tuple[Path, Path] | None = None,
) -> Iterator[SiteT]:
    """Serve `site` on 127.0.0.1 until the block ends. Port 0 takes a free one. `certificate` is (chain, key) in PEM
    files and turns TLS on. Links in bodies begin with the served address. `control` answers /__control/."""
    server = _Server(("127.0.0.1", port), _Handler)
    server.site, server.control = site, control
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    site.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    site.account.links = site.url
    workers = [threading.Thread(target=work, daemon=True) for work in (lambda: server.serve_forever(0.05), site.tick)]
    for worker in workers:
        worker.start()
    try:
        yield site
    finally:
        site.stop()
        server.shutdown()
        server.server_close()
        for worker in workers:
            worker.join(2)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    site: Site
    control: Control

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    met: str | None = None

    def do_GET(self) -> None:
        request, site = self._request(), self.server.site
        if request.path.startswith("/__control/"):
            self.connection.sendall(self._bytes(self.server.control(site, request), request))
            return
        self.met = site.faults.choose(request.method, request.path, writing=site.is_write(request))
        self._enact(site, request, self.met)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names are the base class's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Quiet: `site.seen` is the log."""

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        return Request(
            method=self.command,
            path=parts.path.removesuffix(self.server.site.suffix),
            query=_joined(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): text for name, text in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
        )

    def _enact(self, site: Site, request: Request, fault: str | None) -> None:
        if fault in BEFORE:
            BEFORE[fault](self, site, request)
            return
        if fault == "dup_forward":
            site.answer(request)
        answer = site.answer_again(request) if fault == "stale_page" else site.answer(request)
        AFTER.get(fault or "", _Handler._plainly)(self, site, request, answer)

    # before anything is applied

    def _reset_before(self, site: Site, request: Request) -> None:
        self._reset(request)

    def _hang_before(self, site: Site, request: Request) -> None:
        self._silence(request)

    def _late_write(self, site: Site, request: Request) -> None:
        site.hold_back(request)
        self._silence(request)

    def _http_429(self, site: Site, request: Request) -> None:
        self._send(site.desk.too_many(2), request)

    def _http_5xx(self, site: Site, request: Request) -> None:
        self._html(site.faults.pick(request.method, request.path, (500, 502, 503, 504)), request)

    # after it is applied

    def _plainly(self, site: Site, request: Request, answer: Answer) -> None:
        self._send(answer, request)

    def _ambiguous_reset(self, site: Site, request: Request, answer: Answer) -> None:
        self._reset(request)

    def _ambiguous_timeout(self, site: Site, request: Request, answer: Answer) -> None:
        self._silence(request)

    def _ambiguous_5xx(self, site: Site, request: Request, answer: Answer) -> None:
        self._html(site.faults.pick(request.method, request.path, (502, 504)), request)

    def _html_200(self, site: Site, request: Request, answer: Answer) -> None:
        self._html(200, request)

    def _empty_200(self, site: Site, request: Request, answer: Answer) -> None:
        self._send(Answer(200), request)

    def _truncate_json(self, site: Site, request: Request, answer: Answer) -> None:
        self._send(msgspec.structs.replace(answer, payload=answer.payload[: len(answer.payload) // 2]), request)

    def _truncate_fin(self, site: Site, request: Request, answer: Answer) -> None:
        self._note(request, answer.status)
        whole = self._bytes(answer, request)
        self.connection.sendall(whole[: len(whole) - max(1, len(answer.payload) // 4)])
        self.close_connection = True

    def _slow_body(self, site: Site, request: Request, answer: Answer) -> None:
        self._note(request, answer.status)
        whole, pieces = self._bytes(answer, request), 8
        step = len(whole) // pieces + 1
        for start in range(0, len(whole), step):
            self.connection.sendall(whole[start : start + step])
            site.pause(site.faults.hang_seconds / pieces)

    # on the wire

    def _note(self, request: Request, status: int) -> None:
        """Into `site.seen`, before the client can know."""
        self.server.site.seen.append(Seen(request.method, request.path, request.query, self.met, status))

    def _html(self, status: int, request: Request) -> None:
        self._send(Answer(status, HTML_PAGE, {}, "text/html; charset=utf-8"), request)

    def _silence(self, request: Request) -> None:
        self._note(request, 0)
        self.server.site.pause(self.server.site.faults.hang_seconds)
        self.close_connection = True

    def _reset(self, request: Request) -> None:
        """Close so that the peer gets RST and not a tidy end."""
        self._note(request, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        os.close(self.connection.detach())

    def _send(self, answer: Answer, request: Request) -> None:
        self._note(request, answer.status)
        self.connection.sendall(self._bytes(answer, request))

    def _bytes(self, answer: Answer, request: Request) -> bytes:
        """Head and body in one piece: two small writes would wait for each other's acknowledgement."""
        switches, payload, headers = self.server.site.account.switches, answer.payload, dict(answer.headers)
        status = answer.status
        if switches.redirect_to:
            status, payload, headers["Location"] = 302, b"", switches.redirect_to + self.path
        if switches.bomb_bytes and self.server.site.desk.is_bulk(request):
            payload, headers["Content-Encoding"] = bomb(switches.bomb_bytes), "gzip"
        elif "gzip" in request.headers.get("accept-encoding", "") and len(payload) >= GZIP_FROM_BYTES:
            payload, headers["Content-Encoding"] = gzip.compress(payload, 1, mtime=0), "gzip"
        if status != 204:
            headers |= {"Content-Length": str(len(payload))}
            headers |= {"Content-Type": answer.content_type} if answer.content_type else {}
        headers["Date"] = format_datetime(self.server.site.account.now().replace(microsecond=0), usegmt=True)
        words = self.responses.get(status, ("",))[0]
        lines = [f"HTTP/1.1 {status} {words}", *(f"{name}: {text}" for name, text in headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + payload


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    return {name: ",".join(text for other, text in pairs if other == name) for name, _ in pairs}


@lru_cache(maxsize=2)
def bomb(size_bytes: int) -> bytes:
    """`size_bytes` zeros, gzipped."""
    packer, chunk = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(1 << 20)
    parts = [packer.compress(chunk) for _ in range(size_bytes >> 20)]
    return b"".join([*parts, packer.compress(bytes(size_bytes % (1 << 20))), packer.flush()])


BEFORE = {
    "reset_before": _Handler._reset_before,
    "hang_before": _Handler._hang_before,
    "late_write": _Handler._late_write,
    "http_429": _Handler._http_429,
    "http_5xx": _Handler._http_5xx,
}
AFTER = {
    "ambiguous_reset": _Handler._ambiguous_reset,
    "ambiguous_timeout": _Handler._ambiguous_timeout,
    "ambiguous_5xx": _Handler._ambiguous_5xx,
    "html_200": _Handler._html_200,
    "empty_200": _Handler._empty_200,
    "truncate_json": _Handler._truncate_json,
    "truncate_fin": _Handler._truncate_fin,
    "slow_body": _Handler._slow_body,
}
