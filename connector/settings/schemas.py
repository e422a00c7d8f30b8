"""The JSON Schema of each file, for editors and for remedies that name the keys that exist.

Called by `init` (through `start`), the schema command, and `checking` when a key is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from connector.settings.files import FILES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema of the file called `name`: amends, mapping, taxonomy, phrases, calendars, sla or policy."""
    return {"$schema": DIALECT, "title": f"Amends: {name}"} | FILES[name].model_json_schema(mode="validation")


def known_keys(name: str, path: Sequence[str | int]) -> list[str]:
    """The keys that may stand in the mapping at `path` of the file called `name`; [] where any may."""
    top = schema(name)
    node = _resolved(top, top)
    for step in path:
        node = _resolved(_part(node, step), top)
    return sorted(node.get("properties", {}))


def _part(node: dict[str, Any], step: str | int) -> dict[str, Any]:
    if isinstance(step, int):
        part = node.get("items")
    else:
        part = node.get("properties", {}).get(step)
        # A name of the admin's own: it may be one that its pattern forbids, but what is in it has the same shape.
        part = part or next(iter(node.get("patternProperties", {}).values()), None)
        part = part or node.get("additionalProperties")
    return part if isinstance(part, dict) else {}


def _resolved(node: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """`node` with its reference followed, and of several alternatives the one that has parts."""
    while True:
        if "$ref" in node:
            node = top["$defs"][node["$ref"].rpartition("/")[2]]
        elif "anyOf" in node:
            with_parts = [part for part in node["anyOf"] if part.get("type") != "null" and part.get("type") != "string"]
            node = with_parts[0] if with_parts else {}
        else:
            return node
