"""What `amends init` writes: a commented folder made of the shipped files and the answers given; no I/O on the folder.

The command line asks, tries the credentials and writes the files; this module only says what would be in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from connector.adapter import find_adapter
from connector.errors import SettingsError
from connector.model import JSON, ActionKind
from connector.settings.editing import with_lines
from connector.settings.files import FILES
from connector.settings.folder import SHIPPED
from connector.settings.mapping_files import shipped_text
from connector.settings.problems import Problems
from connector.settings.schemas import schema
from connector.settings.yaml_file import read_text

# The files that every company edits. The others are taken over by copying them when somebody wants to change them.
COPIED = ("calendars.yaml", "sla.yaml", "policy.yaml", "people.yaml", "trends.yaml", "contacts.yaml")
SCHEMAS = ".schemas"
_NO_SOURCES = "sources: {}\n"
_ZONE = re.compile(r"^(\s*zone:\s*)\S+", re.MULTILINE)


class Answers(msgspec.Struct, frozen=True):
    """What was asked: the source's short name, its adapter's options, its secrets by reference, the company's zone."""

    source: str
    options: dict[str, JSON] = {}
    secrets: dict[str, str] = {}
    time_zone: str | None = None


def starting_files(adapter: str, answers: Answers) -> dict[str, str]:
    """Path within the folder → text, for one source of kind `adapter` with everything in shadow.

    Raises SettingsError where no mapping ships for that adapter.
    """
    mapping = f"{adapter}.yaml"
    meaning = shipped_text(adapter)
    main = _shipped("amends.yaml").replace(_NO_SOURCES, f"sources:\n{_source(adapter, answers)}")
    files = {"amends.yaml": _pointed(main, f"{SCHEMAS}/amends.json")}
    files[f"mappings/{mapping}"] = _pointed(meaning, f"../{SCHEMAS}/mapping.json")
    for name in COPIED:
        text = _zoned(_shipped(name), answers.time_zone)
        files[name] = _pointed(text, f"{SCHEMAS}/{Path(name).stem}.json")
    return files | schema_files() | {".gitignore": "amends.db*\ntokens/\n"}


def further_source(adapter: str, answers: Answers, main: str) -> dict[str, str]:
    """Path within the folder → text, for one more source in the folder whose amends.yaml is `main`: that file with the
    source added, and nothing else of it touched; and the adapter's mapping.

    Raises SettingsError where no mapping ships, where there is a source of that name, or nothing can be added."""
    document = read_text(main.encode(), "amends.yaml", Problems())
    sources = document.value.get("sources") if document is not None and isinstance(document.value, dict) else None
    if answers.source in (sources or {}):
        raise SettingsError(f"there is a source {answers.source!r} already.", remedy="Name it with --source.")
    lines = [line.removeprefix("  ") for line in _source(adapter, answers).splitlines()]
    meaning = _pointed(shipped_text(adapter), f"../{SCHEMAS}/mapping.json")
    return {"amends.yaml": with_lines(main, "sources", lines), f"mappings/{adapter}.yaml": meaning}


def schema_files() -> dict[str, str]:
    """Path within the folder → the JSON Schema of each kind of file, by which editors complete and complain."""
    return {f"{SCHEMAS}/{name}.json": json.dumps(schema(name), indent=2) + "\n" for name in FILES}


def _shipped(name: str) -> str:
    return (SHIPPED / Path(name)).read_text(encoding="utf-8")


def _pointed(text: str, schema_file: str) -> str:
    """`text` with the line by which editors find its schema."""
    line = f"# yaml-language-server: $schema={schema_file}\n"
    return text if text.startswith(line) else line + text


def _zoned(text: str, zone: str | None) -> str:
    return _ZONE.sub(lambda line: line[1] + zone, text) if zone else text


def _source(adapter: str, answers: Answers) -> str:
    lines = [f"  {answers.source}:", f"    adapter: {adapter}", "    poll: 60s"]
    made: Any = find_adapter(adapter)
    words = {one.name: one.words for one in getattr(made, "asked", ())}
    for name, table in (("options", answers.options), ("secrets", answers.secrets)):
        if table:
            lines += [f"    {name}:", *_told(table, words if name == "options" else {})]
    lines += ["    modes:    # shadow only writes down what would be sent; then approve, then live"]
    able = made.can
    # An undo is wanted by a person, each single one, so it has no mode.
    lines += [f"      {kind.value}: shadow" for kind in ActionKind if kind in able and kind is not ActionKind.UNDO]
    return "\n".join(lines) + "\n"


def _told(table: Mapping[str, JSON], words: Mapping[str, str]) -> Iterator[str]:
    """Options as lines, each below what was asked; an option with options of its own as a table."""
    for key, value in table.items():
        inner = value if isinstance(value, dict) else None
        said = words.get(key) or words.get(f"{key}.{next(iter(inner))}" if inner else "")
        if said:
            yield f"      # {said}"
        if inner is None:
            yield f"      {key}: {json.dumps(value, ensure_ascii=False)}"
            continue
        yield f"      {key}:"
        yield from (f"        {name}: {json.dumps(one, ensure_ascii=False)}" for name, one in inner.items())
