"""Holding a document against its shape, and pydantic's findings in plain words at their line and column.

Used by the loading modules of this room.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connector.settings.known_keys import known_keys
from connector.settings.problems import Problems, one_of
from connector.settings.shapes.shape import Shape
from connector.settings.yaml_file import Document

MAX_SHOWN_CHARACTERS = 60

AnyShape = TypeVar("AnyShape", bound=Shape)
Words = tuple[str, str]  # what is wrong, what to write instead


def shaped(document: Document | None, shape: type[AnyShape], problems: Problems) -> AnyShape | None:
    """The document's value as `shape`, or None with every finding among `problems`."""
    if document is None:
        return None
    try:
        return shape.model_validate(document.value)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _report(detail, document, shape, problems)
    return None


def _report(detail: ErrorDetails, document: Document, shape: type[Shape], problems: Problems) -> None:
    kind, path = detail["type"], detail["loc"]
    if kind == "missing":
        problems.add(document.place(path[:-1]), f"{path[-1]!r} is missing", f"add a line `{path[-1]}: …`")
    elif kind == "extra_forbidden":
        problems.add(
            document.place(path, key=True), f"unknown key {path[-1]!r}", one_of(path[-1], known_keys(shape, path[:-1]))
        )
    else:
        what, remedy = _SECRET if path[2:3] in (("secrets",), ("reach",)) else _words(detail)
        problems.add(document.place(path, key=path[-1:] == ("[key]",)), what, remedy)


def _words(detail: ErrorDetails) -> Words:
    found = shown(detail["input"])
    kind = detail["type"]
    if kind == "value_error":
        what, _, remedy = str(detail["ctx"]["error"]).partition("; ")
        return what, remedy
    if detail["input"] is None:
        return "there is no value here", "write one, or take the line out"
    if kind in ("enum", "literal_error"):
        known = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        return f"{found} is not known here", one_of(detail["input"], known)
    for start, words in _KINDS.items():
        if kind.startswith(start):
            return words(found)
    said = detail["msg"].removeprefix("Input ").removeprefix("Value ")
    return f"{found} {said}", ""


# Whatever stands among the secrets may be one, so it is never repeated.
_SECRET = (
    "this is no reference to a secret",
    'write "env:NAME", "file:/run/secrets/name" or "keyring:service/user", and change a secret that stood here',
)
_KINDS: dict[str, Callable[[str], Words]] = {
    "string_type": lambda found: (f"expected text, found {found}", f'put it in quotes: "{found}"'),
    "string_too_short": lambda _: ("this text is empty", "write one, or take the line out"),
    "string_pattern": lambda found: (
        f"{found} cannot be a name here",
        "use up to 40 lower-case letters, digits, - and _, a letter or digit first",
    ),
    "bool": lambda found: (f"expected true or false, found {found}", "write true or false"),
    "int": lambda found: (f"expected a whole number, found {found}", "write digits without quotes"),
    "float": lambda found: (f"expected a number, found {found}", "write it as 0.75"),
    "datetime": lambda found: (f"expected a time, found {found}", 'write it as "2026-06-01T00:00:00Z"'),
    "timezone": lambda found: (f"the time {found} has no zone", 'write it as "2026-06-01T00:00:00Z"'),
    "date": lambda found: (f"expected a date, found {found}", "write it as 2026-12-25"),
    "tuple": lambda found: (f"expected a list, found {found}", "write it in brackets: [one, two]"),
    "dict": lambda found: (f"expected keys with values, found {found}", "write it as `key: value`, indented"),
    "model": lambda found: (f"expected keys with values, found {found}", "write it as `key: value`, indented"),
}


def shown(value: Any) -> str:
    """A value as a message quotes it: short, and in the words of YAML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "keys with values" if value else "nothing"
    if isinstance(value, list):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…"
