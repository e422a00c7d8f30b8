"""A helpdesk that answers as fast as it can: pages rendered and compressed once, over TLS, on loopback.

Run by `run` as a process of its own (python -m benchmarks.server FOLDER --tickets N --helpdesk NAME), so that its work
is never counted; prints its address when it is ready, then serves until its standard input closes. It is for speed
only: it takes no writes, and Zendesk's event stream is empty. GET /_seen tells what was asked for since it was last
asked.
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, unquote

import msgspec

from benchmarks import tickets
from benchmarks.jira_site import Jira

encode = msgspec.json.encode
PAGE = 1000
REASONS = {200: b"OK", 401: b"Unauthorized", 404: b"Not Found"}


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """A throw-away authority, and a certificate for localhost and *.zendesk.com: (authority, certificate, key)."""
    authority, certificate, key = folder / "authority.pem", folder / "server.pem", folder / "server.key"
    if certificate.exists():
        return authority, certificate, key
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "names").write_text(
        "subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:*.zendesk.com\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
    )
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    usage = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    to_be = ("-keyout", folder / "authority.key", "-out", authority, "-days", "30", "-subj", "/CN=benchmark authority")
    by = ("-CA", authority, "-CAkey", folder / "authority.key", "-CAcreateserial", "-extfile", folder / "names")
    request = folder / "server.csr"
    for command in (
        ("req", "-x509", *curve, *to_be, *usage),
        ("req", *curve, "-keyout", key, "-out", request, "-subj", "/CN=benchmark"),
        ("x509", "-req", "-in", request, "-out", certificate, "-days", "30", *by),
    ):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    return authority, certificate, key


class Site(Protocol):
    """A helpdesk: `body` answers `asked` (the body of the request) in JSON, None where there is nothing; `missing` is
    what it says then."""

    missing: bytes

    def body(self, base: str, path: str, query: Mapping[str, str], asked: bytes) -> bytes | None: ...


class Pages:
    """Every page of a site that was asked for, compressed, and what was asked for."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.kept: dict[tuple[str, ...], bytes] = {}
        self.seen: Counter[str] = Counter()

    def answer(self, base: str, path: str, query: dict[str, str], asked: bytes) -> tuple[int, bytes]:
        """The status and the compressed body."""
        key = (base, path, asked.decode(), *(f"{name}={value}" for name, value in sorted(query.items())))
        found = self.kept.get(key)
        if found is None:
            body = self.site.body(base, path, query, asked)
            if body is None:
                return 404, pack(self.site.missing)
            found = self.kept[key] = pack(body)
        return 200, found

    def told(self) -> bytes:
        """What was asked for since this was last called: requests by path."""
        body = encode(dict(self.seen))
        self.seen.clear()
        return body


class Zendesk:
    """The account: tickets as JSON bytes."""

    missing = b'{"error":"RecordNotFound"}'

    def __init__(self, count: int) -> None:
        self.customers, self.agents = ([encode(user) for user in users] for users in tickets.people(count))
        self.items = [
            (
                item.changed,
                item.ticket["requester_id"] - tickets.FIRST_USER,
                encode(item.ticket),
                encode(item.metric_set),
            )
            for item in tickets.items(count)
        ]

    def body(self, base: str, path: str, query: Mapping[str, str], asked: bytes) -> bytes | None:
        match path.removeprefix("/api/v2/").removesuffix(".json").split("/"):
            case ["incremental", "tickets", "cursor"]:
                return self._export(base, query)
            case ["incremental", "ticket_events"]:
                end = int(tickets.NEWEST.timestamp())
                following = f"{base}/api/v2/incremental/ticket_events.json?start_time={end}"
                tail = {"count": 0, "end_of_stream": True, "end_time": end, "next_page": following}
                return encode({"ticket_events": [], **tail})
            case ["incremental", "ticket_metric_events"]:
                return encode({"ticket_metric_events": [], "count": 0, "end_of_stream": True, "end_time": None})
            case ["users", "me"]:
                return b'{"user":' + self.agents[0] + b"}"
            case ["account", "settings"]:
                return b'{"settings":{}}'
            case [("ticket_fields" | "groups" | "custom_statuses" | "brands" | "ticket_forms" | "users") as name]:
                return encode({name: [], "count": 0, "next_page": None, "meta": {"has_more": False}, "links": {}})
        return None

    def _export(self, base: str, query: Mapping[str, str]) -> bytes:
        include = query.get("include", "")
        begin = int(query.get("cursor", "0").removeprefix("page-"))
        chosen = self.items[begin : begin + int(query.get("per_page", PAGE))]
        with_metrics = "metric_sets" in include
        rendered = (
            ticket[:-1] + b',"metric_set":' + metrics + b"}" if with_metrics else ticket
            for _, _, ticket, metrics in chosen
        )
        body = b'{"tickets":[' + b",".join(rendered) + b"]"
        if "users" in include:
            who = sorted({customer for _, customer, _, _ in chosen})
            body += b',"users":[' + b",".join([*(self.customers[one] for one in who), *self.agents]) + b"]"
        end = begin + len(chosen)
        cursor = f"page-{end}"
        following = f"{base}/api/v2/incremental/tickets/cursor.json?cursor={cursor}" + f"&include={include}" * bool(
            include
        )
        tail = {"after_url": following, "after_cursor": cursor, "before_url": None, "before_cursor": None}
        return body + b"," + encode({**tail, "end_of_stream": end == len(self.items)})[1:]


def pack(body: bytes) -> bytes:
    squeeze = zlib.compressobj(6, zlib.DEFLATED, 31)
    return squeeze.compress(body) + squeeze.flush()


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive; requests may have a body of a known length."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while (end := self.waiting.find(b"\r\n\r\n")) >= 0:
            first, *others = self.waiting[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in others)}
            begin = end + 4
            end = begin + int(headers.get("content-length", 0))
            if len(self.waiting) < end:
                return
            asked, self.waiting = self.waiting[begin:end], self.waiting[end:]
            self.transport.writelines(self._respond(first, headers, asked))

    def _respond(self, first: str, headers: Mapping[str, str], asked: bytes) -> Iterable[bytes]:
        method, target, _ = first.split(" ", 2)
        path, _, query = target.partition("?")
        if path == "/_seen":
            status, body = 200, pack(self.pages.told())
        elif "authorization" not in headers:
            status, body = 401, pack(b'{"error":"Couldn\'t authenticate you"}')
        else:
            self.pages.seen[f"{method} {path}"] += 1
            base = f"https://{headers['host']}"
            status, body = self.pages.answer(base, unquote(path), dict(parse_qsl(query)), asked)
        coding = b"Content-Encoding: gzip\r\n"
        if "gzip" not in headers.get("accept-encoding", ""):
            body, coding = zlib.decompress(body, 31), b""
        yield b"HTTP/1.1 %d %s\r\nContent-Type: application/json; charset=utf-8\r\n" % (status, REASONS[status])
        yield coding + b"Content-Length: %d\r\n\r\n" % len(body)
        yield body


HELPDESKS: Mapping[str, Callable[[int], Site]] = {"zendesk": Zendesk, "jira": Jira}


async def serve(pages: Pages, context: ssl.SSLContext) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(pages), "127.0.0.1", 0, ssl=context)
    print(f"https://localhost:{server.sockets[0].getsockname()[1]}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the certificates are kept")
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--helpdesk", choices=HELPDESKS, default="zendesk")
    chosen = parser.parse_args()
    _, certificate, key = certificates(chosen.folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asyncio.run(serve(Pages(HELPDESKS[chosen.helpdesk](chosen.tickets)), context))


if __name__ == "__main__":
    main()
