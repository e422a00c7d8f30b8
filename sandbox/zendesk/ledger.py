"""What one API write did to the account: the entries of its ledger (see `sandbox.http.ledger`)."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.http import ledger

JSON = Any


class Effect(msgspec.Struct, frozen=True):
    """One write that changed something. Refused writes and writes without a change leave none.

    `kind` is ticket.create, ticket.update, ticket.delete, tags.add, tags.set or tags.remove. `marker` is whatever the
    caller put into `ticket.metadata`. `comment` is {"body", "public"}. `fields` maps names ("status", "custom:17") to
    [before, after]. `stamp` is the updated_stamp sent with it. `late` says that it landed after its sender gave up.
    """

    number: int
    request_id: str
    kind: str
    ticket: int
    actor: int
    audit: int
    applied_at: str
    marker: dict[str, JSON] = {}
    comment: dict[str, JSON] | None = None
    fields: dict[str, list[JSON]] = {}
    tags_added: list[str] = []
    tags_removed: list[str] = []
    stamp: str | None = None
    late: bool = False


class Ledger(ledger.Ledger[Effect]):
    effect = Effect
