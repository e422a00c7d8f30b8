"""The ledger: every effect that an API write had, in order. The oracle for "nothing lost, nothing doubled"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

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


class Ledger:
    """Append-only. Iterate it, or ask for the effects of a ticket or of a marker."""

    def __init__(self) -> None:
        self._effects: list[Effect] = []

    def __iter__(self) -> Iterator[Effect]:
        return iter(list(self._effects))

    def __len__(self) -> int:
        return len(self._effects)

    def add(self, **what: Any) -> Effect:
        effect = Effect(number=len(self._effects) + 1, **what)
        self._effects.append(effect)
        return effect

    def of_ticket(self, ticket: int) -> list[Effect]:
        return [effect for effect in self._effects if effect.ticket == ticket]

    def of_marker(self, marker: str) -> list[Effect]:
        """Effects whose metadata holds `marker` as a value at any depth."""
        return [effect for effect in self._effects if marker in _texts(effect.marker)]

    def markers(self) -> Counter[str]:
        """How often each text in any metadata was applied; more than once is a doubled write."""
        return Counter(text for effect in self._effects for text in set(_texts(effect.marker)))


def _texts(value: JSON) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [str(value)]
