"""What an admin says about the meaning of a source's fields, as frozen values; pure.

Built by `settings` from mappings/*.yaml; read by the other modules of this room.
"""

from __future__ import annotations

from collections.abc import Mapping as Table

import msgspec
from msgspec.structs import force_setattr

from connector.condition import Condition
from connector.errors import SettingsError
from connector.model import JSON, Priority, Status
from connector.timeline import Words

REQUESTER = ("id", "name", "address", "phone", "verified", "language", "time_zone")
FIELDS = (
    "subject",
    "text",
    "url",
    "channel",
    "team",
    "product",
    "order_number",
    "language",
    "owner",
    "labels",
    "opened_at",
    "updated_at",
    "stage",
    "outcome",
    "accepted_at",
    *(f"requester.{name}" for name in REQUESTER),
)
EXTRA = "extra."
TABLED = ("channel", "team", "product", "language", "owner", "stage", "outcome")  # besides `extra.…`


class Example(msgspec.Struct, frozen=True):
    """What an admin says must hold, at `place` (file:line:column). Either the source fields `given` make a complaint
    that is as `expect` says, or the complaint's `change` is written as the source fields `writes`."""

    place: str
    given: dict[str, JSON] = {}
    expect: dict[str, JSON] = {}
    change: dict[str, JSON] = {}
    writes: dict[str, JSON] = {}


class Mapping(msgspec.Struct, frozen=True):
    """What the fields and words of one kind of source mean.

    `fields`: complaint field (one of FIELDS, or "extra.<name>") → source field id. `status`, `priority`: the source's
    word → ours. `values`: complaint field → the source's value → ours. `write`: complaint field → source field id,
    `write_values`: complaint field → our value → the source's. A no outweighs a yes where both rules speak.
    `paths` and `extras` are derived: the steps to each field, and to each of the admin's own ones.
    """

    adapter: str
    fields: dict[str, str]
    status: dict[str, Status]
    priority: dict[str, Priority] = {}
    values: dict[str, dict[str, str]] = {}
    complaint_labels: frozenset[str] = frozenset()
    not_complaint_labels: frozenset[str] = frozenset()
    complaint_when: Condition | None = None
    not_complaint_when: Condition | None = None
    write: dict[str, str] = {}
    write_values: dict[str, dict[str, JSON]] = {}
    examples: tuple[Example, ...] = ()
    paths: dict[str, tuple[str, ...]] = {}
    extras: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        force_setattr(self, "paths", {name: _steps(path) for name, path in self.fields.items()})
        own = tuple((name, name.removeprefix(EXTRA)) for name in self.fields if name.startswith(EXTRA))
        force_setattr(self, "extras", own)


def _steps(path: str) -> tuple[str, ...]:
    """`model.fields_of`, taken apart once and not for every ticket."""
    if ":" in path:
        head, _, member = path.partition(":")
        return head, member
    return tuple(path.split("."))


def words(mapping: Mapping) -> Words:
    """The status and priority words with which a timeline of this source is folded."""
    return Words(status=mapping.status, priority=mapping.priority)


def to_source(mapping: Mapping, change: Table[str, JSON]) -> dict[str, JSON]:
    """`change` (complaint field → our value) as source field id → the source's value.

    Raises SettingsError for a field without a `write` line and for a value that its table does not hold.
    """
    written: dict[str, JSON] = {}
    for name, value in change.items():
        field = mapping.write.get(name)
        file = f"mappings/{mapping.adapter}.yaml"
        if field is None:
            raise SettingsError(
                f"the mapping for {mapping.adapter} does not say where to write {name!r}.",
                remedy=f"Add `{name}: <field id>` under `write` in {file}, or take it out of the rule.",
            )
        table = mapping.write_values.get(name)
        if table is not None and str(value) not in table:
            raise SettingsError(
                f"the mapping for {mapping.adapter} does not say how to write {name} {value!r}.",
                remedy=f"Add it to `write`, `{name}`, `values` in {file}. Known: {', '.join(table) or 'none'}.",
            )
        written[field] = value if table is None else table[str(value)]
    return written
