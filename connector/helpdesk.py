"""One configured source at work: its adapter, its mapping and its row in the store. Made by the command line, used by
`sync` and `outbox`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from connector.adapter import Adapter
from connector.mapping import Mapping
from connector.model import Action, ActionKind, Mode
from connector.timeline import Words


class Helpdesk(msgspec.Struct, frozen=True):
    """A source that the engine reads from and writes to.

    `actor` is our own user there, by which our echo is known. Nothing that happened before `act_from` is acted upon.
    `rules_digest` names the mapping and rules in force, so that a changed one is noticed. `survey_link` makes the link
    at which a survey can be answered, where there is a page of our own.
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
    survey_link: Callable[[Action], str] | None = None
