"""The corrections of policy.yaml, held against the source at which they open tickets; part of `amends check`.

The source is asked as before a real correction (`Adapter.prepare`), so that what it would refuse one day is known
now. Nothing is written. Called by `checking`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.adapter import Adapter
from connector.commands.place import Place
from connector.errors import RejectedError
from connector.model import JSON, Action, ActionKind, Effect
from connector.policy.rules import Correction
from connector.settings.folder import Folder
from connector.settings.problems import Problems
from connector.settings.sources import SourceSettings
from connector.settings.yaml_file import Document

# Stands for what Amends itself writes about the complaint.
TOLD: dict[str, JSON] = {"summary": "Remove the cause of a complaint", "description": "A complaint has a cause."}
FILE = "policy.yaml"
WHERE_TO = ("project", "issuetype")


def refusals(place: Place, source: SourceSettings, adapter: Adapter) -> Iterator[str]:
    """What this source would refuse of the corrections that go there, each with file, line and column.

    Raises AuthError, TemporaryError.
    """
    document = Folder(place.home, Problems()).document(FILE)
    for index, rule in enumerate(place.settings.policy.corrections):
        if rule.at == source.name and document is not None:
            for field, error in _refused(place, rule, adapter):
                said = f"{error.message} {error.remedy or ''}".rstrip()
                yield f"{_place(document, index, field)}: correction {rule.id!r}: {said}"


def _refused(place: Place, rule: Correction, adapter: Adapter) -> Iterator[tuple[str | None, RejectedError]]:
    """(the field that it is about, the refusal). A source tells of one fault at a time, so a field that was refused is
    left out and the rest asked again; without a project or a type, nothing more can be known."""
    fields, dropped = dict(rule.fields), set[str]()
    while True:
        try:
            adapter.prepare(_action(place, rule, fields))
            return
        except RejectedError as error:
            if any(name in error.message for name in dropped):
                return  # it is only missing because we left it out
            name = _culprit(error.message, fields)
            yield name, error
            if name is None or name in WHERE_TO:
                return
            dropped.add(name)
            del fields[name]


def _action(place: Place, rule: Correction, fields: dict[str, JSON]) -> Action:
    about = "check/1"
    return Action(
        key="check",
        marker="amends-check",
        source=rule.at,
        ticket=about,
        kind=ActionKind.CORRECT,
        rule=rule.id,
        episode="check",
        effect=Effect(tags=rule.tags, create={**TOLD, **fields}),
        why="to see whether it could be written",
        not_before=place.now(),
        origin=about,
    )


def _culprit(message: str, fields: dict[str, Any]) -> str | None:
    """The field whose id, else whose value, else whose mere name the refusal says."""
    quoted = (name for name in fields if repr(name) in message)
    by_value = (name for name, value in fields.items() if name != "project" and _said(value, message))
    return next(quoted, None) or next(by_value, None) or next((name for name in WHERE_TO if name in message), None)


def _said(value: Any, message: str) -> bool:
    words = value.values() if isinstance(value, dict) else [value]
    return any(isinstance(one, str) and repr(one) in message for one in words)


def _place(document: Document, index: int, field: str | None) -> str:
    path = ("corrections", index, "fields", *([field] if field else ()))
    return str(document.place(path, key=field is not None))
