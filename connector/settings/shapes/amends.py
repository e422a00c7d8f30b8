"""The shape of amends.yaml: the store, the sources, and what this machine serves to its people and to the world.

Validated values go on to `sources` and `web`; `loading` reads the rest.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field

from connector.model import ActionKind, Mode
from connector.roles import Rank
from connector.settings.shapes.shape import DurationText, Line, Name, Reference, Shape


def _public(text: str) -> str:
    parts = urlsplit(text)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("not an address such as https://amends.example.com")
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise ValueError("must begin with https://")
    return text.rstrip("/")


Address = Annotated[str, AfterValidator(_public), Field(examples=["https://amends.example.com"])]


class Hooks(StrEnum):
    """Whether a source pushes its changes to us, and who sees to its hook."""

    NONE = "none"
    KEPT = "kept"
    BY_HAND = "by_hand"


class Source(Shape):
    adapter: Line = Field(description="Which kind of helpdesk this is; `amends adapter list` names them.")
    mapping: Name | None = Field(
        default=None, description="The file in mappings/ that gives meaning; default: the adapter's."
    )
    poll: DurationText = Field(default="60s", description="How often to look for changes.")
    options: dict[str, Any] = Field(default={}, description="What this adapter asks for, such as an address.")
    secrets: dict[str, Reference] = Field(default={}, description="Secrets by reference: env:, file: or keyring:.")
    modes: dict[ActionKind, Mode] = Field(
        default={}, description="How far each kind of write-back may go; default: shadow."
    )
    act_from: AwareDatetime | None = Field(default=None, description="Act on nothing older; default: the first sync.")
    read_from: AwareDatetime | None = Field(default=None, description="Read only what changed since; default: all.")
    streams: tuple[Line, ...] | None = Field(
        default=None, description="What to read; default: everything the adapter can."
    )
    hooks: Hooks = Field(
        default=Hooks.NONE,
        description="Whether the source pushes its changes too: kept (Amends makes and mends the hook), by_hand, none.",
    )


class Hook(Shape):
    url: Line = Field(description="Where to tell it: https, or http on this machine.")
    secret: Reference = Field(
        description="What it is signed with (Standard Webhooks, `whsec_…`): env:, file: or keyring:."
    )
    events: tuple[Line, ...] = Field(
        default=("write:",), description="Beginnings of what is told, as the audit log calls it; default: writes."
    )


class SignIn(Shape):
    issuer: Line = Field(description="The identity provider's address, as its discovery document has it.")
    client_id: Line = Field(description="What the identity provider calls this console.")
    client_secret: Reference | None = Field(default=None, description="Its secret by reference, where it has one.")
    claim: Line = Field(
        default="groups", description="The claim that gives the role, in the ID token or told on asking."
    )
    scopes: tuple[Line, ...] = Field(
        default=("email", "profile"), description="What is asked for beside openid; some want groups for the groups."
    )
    roles: dict[Line, Rank] = Field(description="A value of that claim: the role it gives. The highest one counts.")
    passwords: bool = Field(default=True, description="Whether passwords still let people in beside it.")


class Web(Shape):
    serve: bool = Field(default=False, description="Whether `amends run` serves the console and the API too.")
    address: Line = Field(default="127.0.0.1", description="Where to listen; default: this machine only.")
    port: int = Field(default=8484, ge=1, le=65535, description="On which port.")
    url: Line | None = Field(
        default=None, description="The https address by which people reach it, where a proxy stands before it."
    )
    proxies: tuple[Line, ...] = Field(
        default=(), description="Addresses of proxies whose word on who is calling is believed."
    )
    sign_in: SignIn | None = Field(default=None, description="Signing in by OpenID Connect.")
    hooks: dict[Name, Hook] = Field(default={}, description="Webhooks that go out, by a short name of yours.")


class PublicShape(Shape):
    url: Address = Field(description="Where the world reaches it, over https.")
    address: Line = Field(default="127.0.0.1", description="Where to listen; default: this machine, behind a proxy.")
    port: int = Field(default=8485, ge=1, le=65535, description="On which port; never the console's.")


class AmendsFile(Shape):
    store: Line = Field(
        default="amends.db", description="A file in this folder, a database URL, or env:NAME holding one."
    )
    tag: bool = Field(default=True, description="Whether complaints are tagged; off only to measure or to debug.")
    sources: dict[Name, Source] = Field(
        default={}, description="Every helpdesk account or inbox, by a short name of yours."
    )
    web: Web = Field(default=Web(), description="The console, the API, and webhooks that go out.")
    public: PublicShape | None = Field(
        default=None, description="What the world may reach: hooks of helpdesks, and the page of surveys."
    )
