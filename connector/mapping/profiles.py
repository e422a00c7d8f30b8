"""How a source uses its fields, learnt from a sample of its tickets: how often filled, with how many values; pure.

`amends mapping discover` shows it, `suggesting` reads it, `fitting` looks for fields that never come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from connector.adapter import Field
from connector.mapping.masking import looks_personal, shape
from connector.model import JSON, fields_of

MOST_SAMPLES = 5
LONGEST_SAMPLE = 40
# Types whose values the helpdesk's own administrators made up; what people typed is only shown by its shape.
SHOWN = frozenset({"choice", "choices", "labels", "number", "date", "time", "yes_no"})
_NAMES = ("name", "value", "title", "displayName", "id")


class Profile(msgspec.Struct, frozen=True):
    """One field in `read` tickets: `filled` in so many of them. `values` are those seen, the commonest first, each with
    its count, as the source has them: they never leave the process (see `samples`)."""

    field: Field
    read: int
    filled: int
    values: tuple[tuple[str, int], ...] = ()

    @property
    def share(self) -> float:
        return self.filled / self.read if self.read else 0.0

    @property
    def distinct(self) -> int:
        return len(self.values)

    def samples(self) -> tuple[str, ...]:
        """The commonest values as anybody may see them."""
        drawn = (_drawn(value, self.field.type) for value, _ in self.values)
        return tuple(dict.fromkeys(drawn))[:MOST_SAMPLES]


def _drawn(value: str, kind: str) -> str:
    if kind not in SHOWN or (kind not in ("date", "time") and looks_personal(value)):
        return shape(value)
    return value if len(value) <= LONGEST_SAMPLE else f"{value[: LONGEST_SAMPLE - 1]}…"


def profiles(fields: Iterable[Field], snapshots: Sequence[Mapping[str, JSON]]) -> tuple[Profile, ...]:
    """Every field as these tickets use it."""
    return tuple(_profile(field, snapshots) for field in fields)


def _profile(field: Field, snapshots: Sequence[Mapping[str, JSON]]) -> Profile:
    counts: Counter[str] = Counter()
    filled = 0
    for snapshot in snapshots:
        texts = [text for text in texts_of(fields_of(snapshot, field.id)) if text]
        filled += bool(texts)
        counts.update(set(texts))
    return Profile(field, len(snapshots), filled, tuple(counts.most_common()))


def texts_of(value: JSON) -> list[str]:
    """A value as words: each member of a list, the name of an object; [] for nothing."""
    if value is None or value == "":
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, list):
        return [text for part in value for text in texts_of(part)]
    if isinstance(value, dict):
        named = next((value[name] for name in _NAMES if isinstance(value.get(name), (str, int))), None)
        return [str(named)] if named is not None else [f"{{{', '.join(sorted(value))}}}"] if value else []
    return [str(value)]
