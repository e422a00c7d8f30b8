"""One configured source at work: its adapter, its mapping and its row in the store. Made by the command line, used by
`sync` and `outbox`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from connector.adapter import Adapter, Credentials
from connector.mapping import Mapping
from connector.model import Action, ActionKind, Mode
from connector.timeline import Words


class CallsLeft(msgspec.Struct, frozen=True):
    """How many calls a source allowed when it last answered: `remaining` of `limit` at `endpoint` ("account": of all
    together) at `seen_at`, anew from `until`. `stated`: it said so itself; else by the limit in its settings."""

    endpoint: str
    limit: int
    remaining: int
    seen_at: datetime
    until: datetime
    stated: bool


class HookOrder(msgspec.Struct, frozen=True):
    """The hook of one source: the `address` that it pushes to, and where its secret is kept; `by_hand` where a person
    made it, so that we only listen."""

    address: str
    secrets: Credentials
    by_hand: bool = False


class Helpdesk(msgspec.Struct, frozen=True):
    """A source that the engine reads from and writes to.

    `actor` is our own user there, by which our echo is known. Nothing that happened before `act_from` is acted upon.
    `rules_digest` names the mapping and rules in force, so that a changed one is noticed. `hook` is None where changes
    come by the poll alone. `survey_link` makes the link at which a survey can be answered, where there is a page of our
    own; `hide` takes such links out of what is read. `calls_left` tells what the source's limits still allow.
    """

    id: int
    name: str
    adapter: Adapter
    streams: tuple[str, ...]
    mapping: Mapping
    words: Words
    modes: dict[ActionKind, Mode]
    rules_digest: str
    actor: str | None
    act_from: datetime
    read_from: datetime | None = None
    hook: HookOrder | None = None
    survey_link: Callable[[Action], str] | None = None
    calls_left: Callable[[], tuple[CallsLeft, ...]] = tuple
    hide: Callable[[bytes], bytes] | None = None
