"""The `web` section of amends.yaml: where the console listens, who lets people in, and which webhooks go out.

Called by `loading`; read by the console. What would put the console on a network without encryption is refused here.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from connector.roles import Rank
from connector.settings.problems import Problems
from connector.settings.shapes.amends import Hook, PublicShape, SignIn, Web
from connector.settings.yaml_file import Document


class HookSettings(msgspec.Struct, frozen=True):
    """A webhook that goes out. `secret` is a reference; `events` are beginnings of what the audit log calls things."""

    name: str
    url: str
    secret: str
    events: tuple[str, ...]


class SignInSettings(msgspec.Struct, frozen=True):
    """An OpenID Connect provider; `roles` says which value of the claim `claim` gives which role; `scopes`
    are asked for beside "openid"."""

    issuer: str
    client_id: str
    client_secret: str | None
    claim: str
    roles: dict[str, Rank]
    passwords: bool
    scopes: tuple[str, ...] = ("email", "profile")


class WebSettings(msgspec.Struct, frozen=True):
    """The console's settings. `url` is None where people reach it on this machine only, over plain http."""

    serve: bool = False
    address: str = "127.0.0.1"
    port: int = 8484
    url: str | None = None
    proxies: tuple[str, ...] = ()
    sign_in: SignInSettings | None = None
    hooks: tuple[HookSettings, ...] = ()


class PublicSettings(msgspec.Struct, frozen=True):
    """What the world may reach, on a port of its own: nothing of the console can be asked for there."""

    url: str
    address: str = "127.0.0.1"
    port: int = 8485


def public_of(shape: PublicShape | None, web: Web, document: Document, problems: Problems) -> PublicSettings | None:
    """The section `public`; None where nothing is open to the world."""
    if shape is None:
        return None
    if (shape.address, shape.port) == (web.address, web.port):
        what = f"port {shape.port} is the console's, which the world may not reach"
        problems.add(document.place(("public", "port"), key=True), what, "write another port, such as 8485")
    return PublicSettings(shape.url, shape.address, shape.port)


def web_of(shape: Web, document: Document, problems: Problems) -> WebSettings:
    """The section, its addresses checked."""
    if shape.url is not None and not _secure(shape.url):
        what = "the address is not an https one without a path"
        problems.add(document.place(("web", "url")), what, "write https://amends.example.com")
    if shape.url is None and not loopback(shape.address):
        what = f"passwords would cross the network in the clear at {shape.address}"
        remedy = "listen on 127.0.0.1, or put a proxy with TLS before it and name its address in `url`"
        problems.add(document.place(("web", "address")), what, remedy)
    return WebSettings(
        serve=shape.serve,
        address=shape.address,
        port=shape.port,
        url=shape.url.rstrip("/") if shape.url else None,
        proxies=shape.proxies,
        sign_in=_sign_in(shape.sign_in, document, problems),
        hooks=tuple(_hook(name, one, document, problems) for name, one in shape.hooks.items()),
    )


def _sign_in(shape: SignIn | None, document: Document, problems: Problems) -> SignInSettings | None:
    if shape is None:
        return None
    if not _reachable(shape.issuer):
        what = "the identity provider has no https address"
        problems.add(
            document.place(("web", "sign_in", "issuer")), what, "write the issuer, such as https://id.example.com"
        )
    return SignInSettings(
        shape.issuer,
        shape.client_id,
        shape.client_secret,
        shape.claim,
        dict(shape.roles),
        shape.passwords,
        shape.scopes,
    )


def _hook(name: str, shape: Hook, document: Document, problems: Problems) -> HookSettings:
    if not _reachable(shape.url):
        what = "what is told would cross the network in the clear"
        problems.add(document.place(("web", "hooks", name, "url")), what, "write an https address")
    return HookSettings(name, shape.url, shape.secret, shape.events)


def _secure(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname) and parts.path in ("", "/") and not parts.query


def _reachable(url: str) -> bool:
    parts = urlsplit(url)
    if not parts.hostname or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and loopback(parts.hostname))


def loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
