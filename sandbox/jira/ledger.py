"""What one API write did to the site: the entries of its ledger (see `sandbox.http.ledger`)."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.http import ledger

JSON = Any


class Effect(msgspec.Struct, frozen=True):
    """One write that changed something. Refused writes and writes without a change leave none.

    `kind` is issue.create, issue.update, issue.delete, comment.add, comment.edit, comment.delete, property.set,
    property.delete, transition, link or remotelink. `ticket` is the issue's numeric id, `actor` an account id.
    `marker` holds the properties that came with the write by key (of the issue or of the comment), its historyMetadata
    and a remote link's globalId. `comment` is {"id", "body" (plain text), "public", "properties"}. `fields` maps names
    ("status", "customfield_10042") to [before, after] as the API tells them. `late` says that it landed after its
    sender gave up.
    """

    number: int
    request_id: str
    kind: str
    ticket: int
    key: str
    actor: str
    applied_at: str
    marker: dict[str, JSON] = {}
    comment: dict[str, JSON] | None = None
    fields: dict[str, list[JSON]] = {}
    labels_added: list[str] = []
    labels_removed: list[str] = []
    late: bool = False


class Ledger(ledger.Ledger[Effect]):
    effect = Effect

    def of_kind(self, kind: str) -> list[Effect]:
        return [effect for effect in self if effect.kind == kind]
