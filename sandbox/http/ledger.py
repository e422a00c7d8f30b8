"""The ledger: every effect that an API write had, in order. The oracle for "nothing lost, nothing doubled".

Each stand-in has its own kind of effect, with at least `ticket` and `marker`; this is the book they are written into.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar

JSON = Any


class Entered(Protocol):
    """`ticket` is whatever the vendor names one by, `marker` what the caller put beside the write to know it again."""

    @property
    def ticket(self) -> int | str: ...

    @property
    def marker(self) -> JSON: ...


EffectT = TypeVar("EffectT", bound=Entered)


class Ledger(Generic[EffectT]):
    """Append-only. Iterate it, or ask for the effects of a ticket or of a marker."""

    effect: Callable[..., EffectT]  # a vendor's ledger says which

    def __init__(self) -> None:
        self._effects: list[EffectT] = []

    def __iter__(self) -> Iterator[EffectT]:
        return iter(list(self._effects))

    def __len__(self) -> int:
        return len(self._effects)

    def add(self, **what: Any) -> EffectT:
        effect = self.effect(number=len(self._effects) + 1, **what)
        self._effects.append(effect)
        return effect

    def of_ticket(self, ticket: int | str) -> list[EffectT]:
        return [effect for effect in self._effects if effect.ticket == ticket]

    def of_marker(self, marker: str) -> list[EffectT]:
        """Effects whose marker holds `marker` as a value at any depth."""
        return [effect for effect in self._effects if marker in texts(effect.marker)]

    def markers(self) -> Counter[str]:
        """How often each text in any marker was applied; more than once is a doubled write."""
        return Counter(text for effect in self._effects for text in set(texts(effect.marker)))


def texts(value: JSON) -> list[str]:
    """Every value in `value` at any depth, as text."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [str(value)]
