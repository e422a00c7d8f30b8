"""What every request passes before a route sees it, and every answer on its way out. Used by `app`.

Plain ASGI, because it has to act before a body is read: hosts that are not ours, bodies that are too large, and the
headers by which browsers hold pages to their own scripts.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector.settings.web import WebSettings

LARGEST_BODY_BYTES = 1 << 20
_NAMED = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Nothing leaves this host; under "no-referrer" browsers would not say either where our own forms come from.
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
_YEARS = "max-age=63072000"


def hosts_of(web: WebSettings) -> frozenset[str]:
    """The names under which this console may be asked for, whatever the port. Another one is a page elsewhere whose
    name was pointed at us, or a proxy that is set up wrongly."""
    own = urlsplit(web.url or f"http://{web.address}").hostname
    return frozenset({"localhost", "127.0.0.1", "::1", *([own] if own else [])})


def named_host(said: str) -> str | None:
    """The host of a Host header, without its port; None where it is none."""
    found = _NAMED.fullmatch(said.lower())
    return found[1].strip("[]") if found else None


class Door:
    """Wraps the app."""

    def __init__(self, app: ASGIApp, web: WebSettings) -> None:
        self.app, self.hosts, self.secure = app, hosts_of(web), web.url is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if named_host(headers.get("host", "")) not in self.hosts:
            await _refuse(send, 421, b"This console is not known by that name.\n")
            return
        if int(headers.get("content-length") or 0) > LARGEST_BODY_BYTES:
            await _refuse(send, 413, b"That is too much.\n")
            return
        limited = _Limited(receive)
        await self.app(scope, limited, self._with_headers(send))

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self.secure:
                    headers["strict-transport-security"] = _YEARS
            await send(message)

        return sending


class _Limited:
    """Hands on a body of unknown length as far as it is allowed to go."""

    def __init__(self, receive: Receive) -> None:
        self.receive, self.seen = receive, 0

    async def __call__(self) -> Message:
        message = await self.receive()
        self.seen += len(message.get("body", b""))
        if self.seen > LARGEST_BODY_BYTES:
            return {"type": "http.disconnect"}
        return message


async def _refuse(send: Send, status: int, words: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(words)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words})
