"""The keys that may stand at a place of a file, for the remedy where one is unknown. Called by `checking`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from connector.settings.shapes.shape import Shape


def known_keys(shape: type[Shape], path: Sequence[str | int]) -> list[str]:
    """The keys that may stand in the mapping at `path` of a file of that shape; [] where any may."""
    top = _schema(shape)
    node = _resolved(top, top)
    for step in path:
        node = _resolved(_part(node, step), top)
    return sorted(node.get("properties", {}))


@cache
def _schema(shape: type[Shape]) -> dict[str, Any]:
    return shape.model_json_schema()


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
