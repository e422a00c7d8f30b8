"""A session is bounded in time, bytes and reach, and its failures are ours."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from urllib3.exceptions import NewConnectionError

from connector.errors import SettingsError, TemporaryError
from connector.http import Bounds, session

KILOBYTE = 1024
QUICK = Bounds(connect_seconds=2, read_seconds=0.05, total_seconds=5, write_total_seconds=5, max_bytes=64 * KILOBYTE)
# For localhost, until 2126, trusted by nobody; made for this test alone.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUULxbOf1xgiwx6kwbLOHFuB3x7eMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTIxNDE1NloYDzIxMjYxMDI4
MjE0MTU2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASvtBc4CnwSimOGhKN7vW6WK78Dt/iRuwyhZ7UOiTgXANiodbteg7Ob
rBbIxOgIpe5BNW7Mm/TohokiYwBnGoUso2kwZzAdBgNVHQ4EFgQUn25ewwP18PJd
IPq8H3Z0Hz3KscAwHwYDVR0jBBgwFoAUn25ewwP18PJdIPq8H3Z0Hz3KscAwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
RwAwRAIgcPiksfmrUygCnpQLWyJinjBIy0saGdgq1+ksMx4OEoACIAXhOjzkucmc
nFM9S+ZWvyDc0ctpGKrLapRaR3vxmdjw
-----END CERTIFICATE-----
-----BEGIN %s-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqc2wFgDYheu4Fzgh
eUS/+uAUm8Zqwo8qkco/wU5eB/WhRANCAASvtBc4CnwSimOGhKN7vW6WK78Dt/iR
uwyhZ7UOiTgXANiodbteg7ObrBbIxOgIpe5BNW7Mm/TohokiYwBnGoUs
-----END %s-----
""" % (("PRIVATE " + "KEY",) * 2)
Serving = Callable[[socket.socket, bytes], None]


class Server:
    """Plain sockets on loopback: `serve` gets each connection with the head of its request, and answers as it likes."""

    def __init__(self, serve: Serving, context: ssl.SSLContext | None = None) -> None:
        self.heads: list[bytes] = []
        self.over = threading.Event()
        self._serve = serve
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://localhost:{self.port}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self.over.is_set():
            try:
                peer, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        try:
            with self._context.wrap_socket(peer, server_side=True) if self._context else peer as talking:
                while head := self._head(talking):
                    self.heads.append(head)
                    self._serve(talking, head)
        except OSError:
            pass

    def _head(self, talking: socket.socket) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = talking.recv(65536)
            if not piece:
                return b""
            head += piece
        return head

    def stop(self) -> None:
        self.over.set()
        self._listening.close()


@pytest.fixture
def serving() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(serve: Serving | bytes, context: ssl.SSLContext | None = None) -> Server:
        answer = serve if callable(serve) else lambda peer, head: peer.sendall(serve)
        servers.append(Server(answer, context))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def packed(body: bytes, coding: str = "gzip") -> bytes:
    return answer(body, f"Content-Encoding: {coding}")


def test_an_answer_is_read_whole_whatever_its_packing(serving: Callable[..., Server]) -> None:
    body = b'{"tickets": []}' * 100
    bare = zlib.compressobj(wbits=-15)
    kinds = [
        answer(body),
        packed(gzip.compress(body, mtime=0)),
        packed(gzip.compress(body[:700], mtime=0) + gzip.compress(body[700:])),
        packed(zlib.compress(body), "deflate"),
        packed(bare.compress(body) + bare.flush(), "deflate"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5dc\r\n" + body + b"\r\n0\r\n\r\n",
    ]
    with session() as ours:
        for sent in kinds:
            got = ours.get(serving(sent).url)
            assert got.content == body
            assert got.json if got.headers.get("Content-Encoding") else got.text == body.decode()


def test_gzip_is_asked_for_and_connections_are_kept(serving: Callable[..., Server]) -> None:
    server = serving(answer(b"{}"))
    with session() as ours:
        for _ in range(3):
            ours.get(server.url)
    assert all(b"Accept-Encoding: gzip" in head for head in server.heads)
    assert len(server.heads) == 3


@pytest.mark.parametrize(
    "sent",
    [
        packed(gzip.compress(b"0" * 1024 * KILOBYTE, mtime=0)),
        answer(b"x" * 65 * KILOBYTE),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 65 * KILOBYTE,
    ],
)
def test_a_bomb_or_a_huge_page_is_refused_by_its_size(serving: Callable[..., Server], sent: bytes) -> None:
    def once(peer: socket.socket, head: bytes) -> None:
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_WR)

    with (
        session("shop", bounds=QUICK) as ours,
        pytest.raises(TemporaryError, match=r"larger than 0\.0625 MB") as caught,
    ):
        ours.get(serving(once).url)
    assert "page_size" in str(caught.value)
    assert caught.value.source == "shop"


@pytest.mark.parametrize(
    "sent",
    [
        answer(b"x" * 100)[:-10],
        packed(gzip.compress(b"some words, and some more words", mtime=0)[:-12]),
        packed(b"no gzip at all"),
        packed(gzip.compress(b"", mtime=0) * 1_001),  # each part costs a copy of all that are behind it
        packed(b"brotli", "br"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        b"no http at all\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_is_cut_or_damaged_is_in_doubt(serving: Callable[..., Server], sent: bytes) -> None:
    def cut(peer: socket.socket, head: bytes) -> None:
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_RDWR)

    with session() as ours, pytest.raises(TemporaryError) as caught:
        ours.put(serving(cut).url, json={})
    assert caught.value.applied is None


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"]
)
def test_a_silent_server_is_not_waited_for(serving: Callable[..., Server], start: bytes) -> None:
    def hang(peer: socket.socket, head: bytes) -> None:
        peer.sendall(start)
        server.over.wait(30)

    server = serving(hang)
    with session(bounds=QUICK) as ours, pytest.raises(TemporaryError) as caught:
        ours.put(server.url, json={})
    assert caught.value.applied is None


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"]
)
def test_a_server_that_sends_byte_by_byte_meets_the_deadline_of_the_call(
    serving: Callable[..., Server], start: bytes
) -> None:
    def drip(peer: socket.socket, head: bytes) -> None:
        peer.sendall(start)
        while not server.over.wait(0.001):
            peer.sendall(b"x")

    server = serving(drip)
    # Each look at the clock is a second later; so many seconds never really pass.
    ticks = iter(range(10_000))
    bounds = Bounds(total_seconds=12, write_total_seconds=7)
    with session(bounds=bounds, clock=lambda: float(next(ticks))) as ours:
        with pytest.raises(TemporaryError, match="not complete after 12 s"):
            ours.get(server.url)
        with pytest.raises(TemporaryError, match="not complete after 7 s"):
            ours.put(server.url, json={})


def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with session() as ours, pytest.raises(TemporaryError) as caught:
        ours.put(f"http://127.0.0.1:{port}/x", json={})
    assert caught.value.applied is False


def test_a_name_that_nobody_knows_proves_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with session() as ours, pytest.raises(TemporaryError, match="Name or service not known") as caught:
        ours.put("https://acme.example/x", json={})
    assert caught.value.applied is False


def test_an_older_failure_that_is_being_handled_proves_nothing(serving: Callable[..., Server]) -> None:
    def cut(peer: socket.socket, head: bytes) -> None:
        peer.shutdown(socket.SHUT_RDWR)

    with session() as ours:
        try:
            raise NewConnectionError(None, "an older one")  # type: ignore[arg-type]
        except NewConnectionError:
            with pytest.raises(TemporaryError) as caught:
                ours.put(serving(cut).url, json={})
    assert caught.value.applied is None


def test_nothing_is_ever_sent_twice(serving: Callable[..., Server]) -> None:
    def cut(peer: socket.socket, head: bytes) -> None:
        peer.shutdown(socket.SHUT_RDWR)

    busy = serving(answer(b"", "Retry-After: 0", status="503 Busy"))
    gone = serving(cut)
    with session() as ours:
        for method in ("GET", "PUT", "POST"):
            assert ours.request(method, busy.url).status_code == 503
            with pytest.raises(TemporaryError):
                ours.request(method, gone.url)
    assert len(busy.heads) == len(gone.heads) == 3


def test_a_redirect_is_followed_on_the_same_host_for_reads_only(serving: Callable[..., Server]) -> None:
    def serve(peer: socket.socket, head: bytes) -> None:
        moved = answer(b"", "Location: /there", status="302 Found")
        peer.sendall(moved if b"/here" in head else answer(b"arrived"))

    server = serving(serve)
    with session() as ours:
        assert ours.get(f"{server.url}/here", auth=("me", "secret")).content == b"arrived"
        assert all(b"Authorization: Basic" in head for head in server.heads)
        with pytest.raises(TemporaryError, match="not followed"):
            ours.put(f"{server.url}/here", json={})


@pytest.mark.parametrize("place", ["http://127.0.0.1:{port}/x", "https://localhost:{port}/x", "//elsewhere.example/x"])
def test_credentials_go_to_no_other_host(serving: Callable[..., Server], place: str) -> None:
    other = serving(answer(b"caught"))
    server = serving(answer(b"", f"Location: {place.format(port=other.port)}", status="302 Found"))
    with session("shop") as ours, pytest.raises(TemporaryError, match="not followed") as caught:
        ours.get(server.url, auth=("me", "secret"))
    assert caught.value.source == "shop"
    assert other.heads == []


def test_no_cookie_and_no_netrc_finds_its_way_into_a_request(
    serving: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login somebody password else")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serving(answer(b"{}", "Set-Cookie: session=1; Path=/"))
    with session() as ours:
        for _ in range(2):
            ours.get(server.url)
    assert not [head for head in server.heads if b"Cookie" in head or b"Authorization" in head]


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(
    serving: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "localhost.pem"
    file.write_text(CERTIFICATE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = serving(answer(b"{}"), context)
    with session() as ours:
        with pytest.raises(TemporaryError, match="certificate") as caught:
            ours.put(server.url, json={})
        assert caught.value.applied is False
    assert server.heads == []
    with session(ca_file=str(file)) as ours:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
        assert ours.get(server.url).content == b"{}"
        with pytest.raises(TemporaryError, match="certificate"):
            ours.get(server.url.replace("localhost", "127.0.0.1"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with session() as ours:
        assert ours.get(server.url).content == b"{}"


def test_an_address_that_is_none_is_for_a_person_to_mend() -> None:
    with session("shop") as ours:
        for url in ("acme.zendesk.com", "ftp://acme.example", "http://"):
            with pytest.raises(SettingsError):
                ours.get(url)


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("https://Acme.example", {}),
        (
            "https://acme.example/api/v2/incremental/tickets/cursor.json",
            {"params": {"per_page": 100, "cursor": "a|=="}},
        ),
        ("https://acme.example/a b/ü", {"params": {"query": "é ~_.-&=+/?#%20", "empty": "", "page[size]": 3}}),
        ("https://acme.example/x?y=%7e#z", {"params": {"q": "1"}}),
        ("https://acme.example/x", {"params": {"many": ["a", "b"], "none": None, "yes": True}}),
        ("https://acme.example/x", {"params": "a=b c"}),
        ("https://acme.example/x", {"auth": ("me", "secret"), "headers": {"Accept": "text/html"}}),
        ("https://acme.example/x", {"auth": ("me", "secret")}),
    ],
)
def test_a_read_is_sent_as_the_library_would_send_it(url: str, more: dict[str, Any]) -> None:
    def heard(*_: Any, **__: Any) -> None:
        """Stands for what an adapter does with an answer."""

    request = requests.Request("GET", url, hooks={"response": heard}, **more)
    with session("shop") as ours:
        sent, usual = ours.prepare_request(request), requests.Session.prepare_request(ours, request)
    assert (sent.method, sent.url, sent.body, sent.hooks) == (usual.method, usual.url, usual.body, usual.hooks)
    assert dict(sent.headers) == dict(usual.headers)


def test_a_secret_that_fits_into_no_header_is_not_shown(serving: Callable[..., Server]) -> None:
    header = "-".join(("Bearer top", "secret\n"))

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = header
        return request

    server = serving(answer(b"{}"))
    with session("shop") as ours:
        with pytest.raises(SettingsError) as by_auth:
            ours.get(server.url, auth=sign)
        with pytest.raises(SettingsError) as by_header:
            ours.get(server.url, headers={"Authorization": header})
    for caught in (by_auth, by_header):
        assert "top-secret" not in "".join(traceback.format_exception(caught.value))
    assert server.heads == []


def test_a_library_may_ask_for_less_time_but_not_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    @contextmanager
    def ours_with(bounds: Bounds) -> Iterator[requests.Session]:
        with session(bounds=bounds) as made:
            monkeypatch.setattr(
                requests.Session, "send", lambda self, request, **kwargs: asked.append(kwargs["timeout"])
            )
            yield made

    with ours_with(Bounds(connect_seconds=5, read_seconds=30)) as ours:
        for timeout in (None, 60.0, 3.0, (1.0, None), (60, 60)):
            ours.get("https://acme.example", timeout=timeout)
    assert asked == [(5, 30), (5, 30), (3, 3), (1, 30), (5, 30)]
