"""What an admin says about the meaning of a source's fields, as frozen values; pure.

Built by `settings` from mappings/*.yaml; read by the other modules of this room.
"""

from __future__ import annotations

from collections.abc import Mapping as Table

import msgspec
from msgspec.structs import force_setattr

from connector.condition import Condition
from connector.errors import SettingsError
from connector.gratitude import Thanks
from connector.mapping.products import Products
from connector.model import JSON, Priority, Status
from connector.timeline import Words

REQUESTER = ("id", "name", "address", "phone", "verified", "language", "time_zone", "trust")
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
    "follows",
    *(f"requester.{name}" for name in REQUESTER),
)
# What is a line of text, the same in every ticket that says it.
LINES = tuple(
    name for name in FIELDS if name not in ("labels", "opened_at", "updated_at", "accepted_at", "requester.verified")
)
_STEPS = 2
EXTRA = "extra."
TABLED = ("channel", "team", "product", "language", "owner", "stage", "outcome")  # besides `extra.…`
DEFAULTED = (*TABLED, "order_number", "requester.language")  # besides `extra.…`
# What `discover` calls the types of fields.
TYPES = (
    "text",
    "long_text",
    "number",
    "date",
    "time",
    "choice",
    "choices",
    "person",
    "people",
    "labels",
    "yes_no",
    "sla",
    "other",
)
UNMAPPED = "unmapped:"
# What is written besides complaint fields: tags, each facet's value, each flag, and the wish for a survey.
TAGS, SURVEY, FACET, FLAG = "tags", "survey", "tag.", "flag."
SURVEY_LINK = "survey_link"


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
    word → ours; a status may be "KEY/Name", see `timeline.Words`. `values`: complaint field → the source's value →
    ours. `types`: complaint field → what the source should send (one of TYPES), `defaults`: → our value where the
    source has none, `required`: those without which a ticket goes to quarantine. `products` places values of `product`
    that its table does not have.
    `write`: complaint field, or one of TARGETS, → source field id, `write_values`: the same → our value → the source's.
    A no outweighs a yes where both rules speak. `file` is the file that says all this, `places` where each line of it
    stands ("fields.product" → "mappings/jira.yaml:12:3").
    `thanks` knows messages that say nothing else.
    `besides` names all that decides how a ticket is read but for `status` and `priority`; empty where nobody knows.
    `paths`, `extras` and `plain` are derived: the steps to each field, to each of the admin's own ones, and the one or
    two steps to those lines of text that are taken as they are, since they have neither table nor type.
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
    types: dict[str, str] = {}
    defaults: dict[str, str] = {}
    required: frozenset[str] = frozenset()
    products: Products | None = None
    thanks: Thanks | None = None
    file: str = ""
    places: dict[str, str] = {}
    besides: str = ""
    paths: dict[str, tuple[str, ...]] = {}
    extras: tuple[tuple[str, str], ...] = ()
    plain: tuple[tuple[str, str, str | None], ...] = ()

    def __post_init__(self) -> None:
        force_setattr(self, "paths", {name: _steps(path) for name, path in self.fields.items()})
        own = tuple((name, name.removeprefix(EXTRA)) for name in self.fields if name.startswith(EXTRA))
        force_setattr(self, "extras", own)
        placed = {*self.values, *self.types, *(("product",) if self.products is not None else ())}
        paths = {name: (*self.paths[name], None) for name in LINES if name in self.paths and name not in placed}
        plain = tuple((name, *path[:_STEPS]) for name, path in paths.items() if len(path) <= _STEPS + 1)
        force_setattr(self, "plain", plain)
        force_setattr(self, "file", self.file or f"mappings/{self.adapter}.yaml")

    def place(self, line: str) -> str:
        """Where a line stands ("fields.product", "write.team"), the file where nobody knows."""
        return self.places.get(line, self.file)


def _steps(path: str) -> tuple[str, ...]:
    """`model.fields_of`, taken apart once and not for every ticket."""
    if ":" in path:
        head, _, member = path.partition(":")
        return head, member
    return tuple(path.split("."))


def words(mapping: Mapping) -> Words:
    """The status and priority words with which a timeline of this source is folded."""
    return Words(mapping.status, mapping.priority, mapping.fields.get("team"), mapping.thanks)


def source_fields(mapping: Mapping) -> tuple[str, ...]:
    """The ids of all source fields that the mapping names, sorted: what an adapter has to fetch. Of "a.b" it is "a"."""
    return tuple(sorted({head(path) for path in (*mapping.fields.values(), *mapping.write.values())}))


def head(path: str) -> str:
    """The field that a path begins with: "a" of "a.b", and the whole of "custom:17"."""
    return path if ":" in path else path.partition(".")[0]


def placed(mapping: Mapping, what: str, value: JSON) -> dict[str, JSON]:
    """Where a finding belongs at the source: {source field id: the source's value}, {} where the mapping has no target
    for it, or its target has a table without this value.

    `what` is "tag.<facet>" with the facet's value, "flag.<kind>" with the kind, "survey" with "due", or "tags" with a
    list of tags; {} for tags says that they go where the source has its own labels (`Effect.tags`).
    """
    field = mapping.write.get(what)
    if field is None or (what == TAGS and field == mapping.fields.get("labels")):
        return {}
    if isinstance(value, str) and value.startswith(UNMAPPED):
        return {}  # a word of theirs that we could not place is no finding of ours
    table = mapping.write_values.get(what)
    if table is None:
        return {field: value}
    return {field: table[str(value)]} if str(value) in table else {}


def to_source(mapping: Mapping, change: Table[str, JSON]) -> dict[str, JSON]:
    """`change` (complaint field → our value) as source field id → the source's value.

    Raises SettingsError for a field without a `write` line and for a value that its table does not hold.
    """
    written: dict[str, JSON] = {}
    for name, value in change.items():
        field = mapping.write.get(name)
        file = mapping.file
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
