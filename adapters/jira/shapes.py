"""Field values in the shapes that Jira takes, by what it says of each field itself (editmeta, createmeta). Pure.

A mapping speaks plainly ("High", an account id, "Hardware / Lamp"); Jira wants objects, documents and lists. Fields
that hold several values are added to, never replaced. Used by `writing`, `transitions` and `creating`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.jira import documents, wiki
from connector.model import JSON

Meta = Mapping[str, Any]
LONG = ("description", "environment")
CHILD = "option-with-child"
MOST_OFFERED = 12


class ShapeError(ValueError):
    """The value does not fit the field; the text says why, and what would."""


def operations(value: JSON, meta: Meta, cloud: bool) -> list[dict[str, JSON]]:
    """What an edit or a transition does to the field: one "set", or an "add" for each value of a field that holds
    several; one that can only be set is to be `joined`. Raises ShapeError."""
    if _schema(meta).get("type") == "array":
        adds = "add" in (meta.get("operations") or ("add",))
        shapes = _several(value, meta, cloud)
        return [{"add": one} for one in shapes] if adds else [{"set": shapes}]
    return [{"set": whole(value, meta, cloud)}]


def whole(value: JSON, meta: Meta, cloud: bool) -> JSON:
    """The field's whole value, as a new issue takes it. Raises ShapeError."""
    schema = _schema(meta)
    if schema.get("type") == "array":
        return _several(value, meta, cloud)
    return _one(value, str(schema.get("type")), meta, cloud)


def joined(wanted: list[dict[str, JSON]], now: JSON) -> list[dict[str, JSON]]:
    """The operations to send, `now` being what the field holds: a list that can only be set whole keeps what is in it,
    for agents may have put it there."""
    if not isinstance(now, list) or not wanted or not isinstance(values := wanted[0].get("set"), list):
        return wanted
    missing = [one for one in values if not any(_same(held, one) for held in now)]
    return [{"set": [*(again(held) for held in now), *missing]}]


def unchanged(wanted: list[dict[str, JSON]], now: JSON) -> list[dict[str, JSON]]:
    """Operations like the wanted ones that leave the field as it is, for a screen that insists on a value."""
    if isinstance(now, list) and any("add" in operation for operation in wanted):
        return [{"add": again(now[0])}]
    return wanted if now is None else [{"set": again(now)}]


def again(value: JSON) -> JSON:
    """What a field holds, in the shape in which it could be written back."""
    if isinstance(value, list):
        return [again(one) for one in value]
    if not isinstance(value, dict) or value.get("type") == "doc":
        return value
    name = next((name for name in ("accountId", "id", "name", "value") if value.get(name) is not None), None)
    kept = value if name is None else {name: value[name]}
    return {**kept, "child": again(value["child"])} if value.get("child") else kept


def is_empty(value: JSON) -> bool:
    if isinstance(value, dict) and value.get("type") == "doc":
        return not documents.text_of(value).strip()
    return value is None or value == [] or value == {} or (isinstance(value, str) and not value.strip())


def fits(now: JSON, wanted: list[dict[str, JSON]]) -> bool:
    """Whether the field already holds what the operations would put there; a list may hold more."""
    return all(
        _holds(now, operation["add"])
        if "add" in operation
        else all(_holds(now, one) for one in operation["set"])
        if isinstance(operation["set"], list)
        else _same(now, operation["set"])
        for operation in wanted
    )


def holds_several(wanted: list[dict[str, JSON]]) -> bool:
    """Whether the operations are those of a field that holds several values."""
    return all("add" in one or isinstance(one.get("set"), list) for one in wanted)


def added(now: JSON, wanted: list[dict[str, JSON]], before: JSON) -> list[JSON]:
    """Of the values that the operations put into a list which held `before`, those that are new and still there."""
    values = [one for step in wanted for one in ([step["add"]] if "add" in step else step["set"])]
    return [one for one in values if _holds(now, one) and not _holds(before, one)]


def without(now: JSON, values: list[JSON]) -> list[JSON]:
    """What a list holds besides these."""
    return [held for held in now if not any(_same(held, one) for one in values)] if isinstance(now, list) else []


def as_deep(now: JSON, wanted: list[dict[str, JSON]]) -> bool:
    """Whether a choice has one below it just where ours had: "Hardware" and "Hardware / Lamp" are two."""
    value = wanted[0].get("set") if wanted else None
    ours, held = (isinstance(one, dict) and bool(one.get("child")) for one in (value, now))
    return ours == held


def _holds(now: JSON, value: JSON) -> bool:
    return isinstance(now, list) and any(_same(held, value) for held in now)


def shown(value: JSON) -> JSON:
    """A value before our write, short enough for a log."""
    if isinstance(value, dict):
        plain = next((value[name] for name in ("name", "value", "displayName", "accountId") if value.get(name)), None)
        return shown(plain if plain is not None else documents.text_of(value))
    if isinstance(value, list):
        return [shown(one) for one in value[:20]]
    return value[:255] if isinstance(value, str) else value


def _schema(meta: Meta) -> Meta:
    schema = meta.get("schema")
    return schema if isinstance(schema, dict) else {}


def _several(value: JSON, meta: Meta, cloud: bool) -> list[JSON]:
    kind = str(_schema(meta).get("items"))
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [_one(one, kind, meta, cloud) for one in values]


def _one(value: JSON, kind: str, meta: Meta, cloud: bool) -> JSON:
    if value is None or isinstance(value, dict | list):
        return value
    if kind == "user":
        return {"accountId" if cloud else "name": str(value)}
    if kind == "group":
        return {"name": str(value)}
    if kind == CHILD:
        return _cascade(str(value), meta)
    if kind == "number":
        return _number(value)
    if kind in ("date", "datetime"):
        return str(value)[:10] if kind == "date" else str(value)
    if meta.get("allowedValues") or kind in ("option", "priority", "resolution", "version", "component", "issuetype"):
        return _chosen(value, kind, meta.get("allowedValues"))
    if kind == "string":
        return _text(str(value), meta, cloud)
    return value


def _number(value: JSON) -> JSON:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ShapeError(f"{value!r} is no number") from error


def _text(value: str, meta: Meta, cloud: bool) -> JSON:
    """Long texts are documents on Cloud and markup on a Data Center; a short text is what it is."""
    schema = _schema(meta)
    if schema.get("system") not in LONG and not str(schema.get("custom", "")).endswith(":textarea"):
        return " ".join(value.split())
    return documents.document_of(value) if cloud else wiki.markup_of(value)


def _chosen(value: JSON, kind: str, allowed: JSON) -> JSON:
    """The choice of that name (as people see it), or of that id."""
    if not isinstance(allowed, list) or not allowed:
        return {"value" if kind == "option" else "name": str(value)}
    choices = [one for one in allowed if isinstance(one, dict) and not one.get("disabled")]
    for fold in (str, str.casefold):
        wanted = fold(str(value))
        for names in (("value", "name"), ("id",)):
            for one in choices:
                if any(fold(str(one[name])) == wanted for name in names if one.get(name) is not None):
                    return {"id": str(one["id"])} if one.get("id") is not None else {"name": one.get("name")}
    offered = ", ".join(str(one.get("value") or one.get("name") or one.get("id")) for one in choices[:MOST_OFFERED])
    raise ShapeError(f"{value!r} is no choice here; there are: {offered}{' …' * (len(choices) > MOST_OFFERED)}")


def _cascade(value: str, meta: Meta) -> JSON:
    """ "Hardware / Lamp": a choice and the one below it."""
    first, slash, second = (part.strip() for part in value.partition(" / "))
    allowed = meta.get("allowedValues")
    chosen = _chosen(first, "option", allowed)
    if not slash:
        return chosen
    parent = next((one for one in allowed or [] if isinstance(one, dict) and _same(one, chosen)), {})
    return {**chosen, "child": _chosen(second, "option", parent.get("children"))}


def _same(now: JSON, wanted: JSON) -> bool:
    if isinstance(now, dict) and now.get("type") == "doc":
        return documents.text_of(now) == documents.text_of(wanted)
    if isinstance(now, dict) and isinstance(wanted, dict):
        return all(_same(now.get(name), inner) for name, inner in wanted.items())
    if isinstance(now, int | float) and isinstance(wanted, int | float):
        return now == wanted
    return now == wanted or (now is not None and wanted is not None and str(now) == str(wanted))
