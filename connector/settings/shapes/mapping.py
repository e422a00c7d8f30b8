"""The shape of a file in mappings/: which field of a source is which of ours, and what its values mean.

Validated values go on to `meanings`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from connector.mapping import EXTRA, FIELDS, TYPES
from connector.model import Priority, Status
from connector.settings.shapes.shape import Condition, Line, Shape


class ComplaintRule(Shape):
    labels: tuple[Line, ...] = Field(default=(), description="Any of these labels at the source says: a complaint.")
    when: Condition | None = Field(default=None, description="A CEL condition that says: a complaint.")
    not_labels: tuple[Line, ...] = Field(
        default=(), description="Any of these labels says: no complaint. Outweighs a yes."
    )
    not_when: Condition | None = Field(default=None, description="A CEL condition that says: no complaint.")


class WriteLine(Shape):
    to: Line
    values: dict[str, Any] = Field(default={})


class MappingExample(Shape):
    given: dict[str, Any] = Field(default={})
    expect: dict[str, Any] = Field(default={})
    change: dict[str, Any] = Field(default={})
    writes: dict[str, Any] = Field(default={})


class FieldLine(Shape):
    source: Line = Field(alias="from", description="The source's field, as `amends mapping discover` lists it.")
    type: Literal[*TYPES] | None = Field(  # type: ignore[valid-type]
        default=None, description="What the field should hold; another one is reported."
    )
    values: dict[str, str] = Field(default={}, description="The source's values: ours.")
    default: Line | None = Field(default=None, description="Our value where the source has none.")
    required: bool = Field(default=False, description="A ticket without it goes to quarantine.")
    direction: Literal["read", "write", "both"] = Field(
        default="read", description="Whether the field is read, may be written by a rule, or both."
    )


def _field_line_schema() -> dict[str, Any]:
    return {"anyOf": [{"type": "string"}, FieldLine.model_json_schema()]}


_FIELD_LINE = _field_line_schema()
_TARGET_FIELDS: dict[str, Any] = {
    "properties": dict.fromkeys(FIELDS, _FIELD_LINE),
    "patternProperties": {f"^{EXTRA.replace('.', '[.]')}": _FIELD_LINE},
    "additionalProperties": False,
}
_WRITE_LINE: dict[str, Any] = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"to": {"type": "string"}, "values": {"type": "object"}},
            "required": ["to"],
            "additionalProperties": False,
        },
    ]
}


def _long_form(line: Any) -> Any:
    return {"to": line} if isinstance(line, str) else line


def _long_field(line: Any) -> Any:
    return {"from": line} if isinstance(line, str) else line


class MappingFile(Shape):
    adapter: Line = Field(description="The kind of helpdesk whose fields these are.")
    fields: dict[str, Annotated[FieldLine, BeforeValidator(_long_field), WithJsonSchema(_FIELD_LINE)]] = Field(
        description="Complaint field: source field id, as `amends mapping discover` lists them, or more about it.",
        json_schema_extra=_TARGET_FIELDS,
    )
    status: dict[str, Status] = Field(description="The source's status: ours. Every status in use needs a line.")
    priority: dict[str, Priority] = Field(default={}, description="The source's priority: ours.")
    values: dict[str, dict[str, str]] = Field(
        default={}, description="Complaint field: table of the source's values to ours."
    )
    complaint: ComplaintRule = Field(default=ComplaintRule(), description="What the source itself says about it.")
    write: dict[str, Annotated[WriteLine, BeforeValidator(_long_form), WithJsonSchema(_WRITE_LINE)]] = Field(
        {},
        description="Complaint field, or tags, tag.<facet>, flag.<kind>, survey or survey_link: the source field that "
        "may be written, with a table if values differ.",
    )
    examples: tuple[MappingExample, ...] = Field(default=(), description="What must hold; `amends check` runs them.")
