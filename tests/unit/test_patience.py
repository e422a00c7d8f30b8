"""Whoever says nothing, or only half of it, is hung up on (fault case H06): both ports speak by `Patient`."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connector.console.serving import Office as Serving
from connector.web import public
from connector.web.patience import Patient
from tests.console import office

FAR_SECONDS = 20.0  # where a test that fails ends; none waits for it


class Hasty(Patient):
    header_seconds = 0.05
    body_seconds = 0.05


async def _said(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = Starlette(routes=[Route("/", _said, methods=["GET", "POST"])])
    config = uvicorn.Config(app, port=0, http=Hasty, log_config=None, access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(FAR_SECONDS)


def heard(port: int, *said: bytes) -> bytes:
    """All that comes back until the other side hangs up."""
    with socket.create_connection(("127.0.0.1", port), FAR_SECONDS) as line:
        for one in said:
            line.sendall(one)
        back = b""
        try:
            while part := line.recv(65536):
                back += part
        except ConnectionResetError:
            pass
        return back


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"


@pytest.mark.parametrize(
    "said", [b"", HEAD, HEAD + b"\r\n12", b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12"]
)
def test_h06_nothing_half_of_the_headers_or_half_of_a_body_holds_no_line(port: int, said: bytes) -> None:
    assert heard(port, said) == b""


def test_h06_a_second_request_that_is_half_sent_holds_no_line_either(port: int) -> None:
    back = heard(port, HEAD + b"\r\n12345", b"GET / HTTP/1.1\r\n")
    assert back.count(b"HTTP/1.1 200") == 1


def test_whoever_says_all_of_it_is_answered_again_and_again(port: int) -> None:
    closing = HEAD + b"Connection: close\r\n\r\n12345"
    assert heard(port, HEAD + b"\r\n12345", closing).count(b"HTTP/1.1 200") == 2


def test_both_ports_are_patient_for_a_while_only(tmp_path: Path) -> None:
    with office(tmp_path / "amends") as made:
        made.sync()
        serving = Serving(made.place, address=None, port=None, reload=None)
        outside = public.server(Starlette(), "127.0.0.1", 0)
        assert {serving.server.config.http, outside.config.http} == {Patient}
        serving.house.close()
