"""The models that decide beside the phrases: the one that ships, and those that were trained here. Files only.

`load` names them, `desks` and the commands read them when something is to be tagged, `amends tag train` adds versions.
A folder `models/FACET/NUMBER/` holds a version (model.bin, report.json); `models/FACET/live` names the one in force.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from connector.errors import SettingsError
from connector.settings.digests import content_digest
from connector.settings.folder import SHIPPED

if TYPE_CHECKING:
    from connector.tagging import Model

WEIGHTS = SHIPPED / "weights.bin"
MODEL, REPORT, LIVE = "model.bin", "report.json", "live"


class Version(msgspec.Struct, frozen=True):
    """A trained version of a facet's model; `number` counts from 1."""

    facet: str
    number: int
    folder: Path
    live: bool


def model_files(home: Path) -> tuple[Path, ...]:
    """The model that ships, then the live one of each facet that was trained here: a later one has the last word."""
    shipped = (WEIGHTS,) if WEIGHTS.exists() else ()
    return (*shipped, *(one.folder / MODEL for one in versions(home) if one.live))


def versions(home: Path, facet: str | None = None) -> list[Version]:
    """The versions that were trained here, by facet and number."""
    found = []
    for folder in sorted((home / "models").glob("*")):
        if not folder.is_dir() or facet not in (None, folder.name):
            continue
        live = _live(folder)
        kept = [one for one in folder.glob("*") if one.name.isdigit() and (one / MODEL).exists()]
        found += [
            Version(folder.name, int(one.name), one, int(one.name) == live)
            for one in sorted(kept, key=lambda one: int(one.name))
        ]
    return found


def _live(folder: Path) -> int | None:
    try:
        text = (folder / LIVE).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdigit() else None


def read_models(files: Iterable[Path]) -> list[Model]:
    """The models in these files. Raises SettingsError for one that cannot be read or is none."""
    return [read_model(file) for file in files]


def read_model(file: Path) -> Model:
    """The model in a file, or in a folder that `amends tag train --model` filled."""
    from connector.tagging.model_file import unpacked

    path = file / MODEL if file.is_dir() else file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"the model {path} cannot be read: {error.strerror}.", remedy="Train it: `amends tag train`."
        ) from None
    return unpacked(content, str(path))


def digest_of(files: Sequence[Path]) -> list[str]:
    """Names the content of each model, so that tickets which another one tagged are noticed."""
    return [_name(file) for file in files]


def _name(file: Path) -> str:
    try:
        return content_digest(file)
    except OSError:
        return "unreadable"


def keep(folder: Path, model: bytes, report: bytes) -> None:
    """Write a version into a folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in ((REPORT, report), (MODEL, model)):
        _replace(folder / name, content)


def next_folder(home: Path, facet: str) -> Path:
    """Where the next version of a facet's model goes."""
    numbers = [one.number for one in versions(home, facet)]
    return home / "models" / facet / str(max(numbers, default=0) + 1)


def go_live(home: Path, facet: str, number: int | None) -> None:
    """Put a version in force, or the shipped model with None. A daemon takes it up when it reads its settings again."""
    path = home / "models" / facet / LIVE
    if number is None:
        path.unlink(missing_ok=True)
    else:
        _replace(path, f"{number}\n".encode())


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
