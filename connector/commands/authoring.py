"""`amends adapter …`: what is there, and a new one to start from, which is the package that the engineers' page builds.

The page is the one source of that code; its own test runs the conformance kit over what is taken out of it here.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from connector.adapter import adapter_names, find_adapter
from connector.display import table
from connector.errors import AmendsError, SettingsError

_PAGE = "first-adapter.md"
_BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


class Known(msgspec.Struct, frozen=True):
    """An adapter that can be named in amends.yaml; `error` is why it cannot be used."""

    name: str
    streams: tuple[str, ...] = ()
    can: tuple[str, ...] = ()
    error: str | None = None


class Made(msgspec.Struct, frozen=True):
    """The files of a new adapter."""

    name: str
    folder: str
    files: tuple[str, ...]
    dry_run: bool


def known() -> list[Known]:
    """All adapters, built in or installed by others."""
    found = []
    for name in adapter_names():
        try:
            adapter = find_adapter(name)
        except SettingsError as error:
            found.append(Known(name, error=str(error)))
        else:
            found.append(Known(name, tuple(adapter.streams), tuple(sorted(kind.value for kind in adapter.can))))
    return found


def new(name: str, folder: Path, *, dry_run: bool) -> Made:
    """Write a whole adapter package called `name`, with its mapping and conformance test, into an empty `folder`."""
    if not _NAME.fullmatch(name):
        raise AmendsError(f"{name!r} cannot be an adapter's name.", remedy="Use lower-case letters, digits and _.")
    if name in adapter_names():
        raise AmendsError(f"there is an adapter {name!r} already.", remedy="Choose another name.")
    if folder.exists() and any(folder.iterdir()):
        raise AmendsError(f"{folder} is not empty.", remedy="Name another folder with --into.")
    files = {_named(path, name): _named(text, name) for path, text in _blocks().items()}
    if not dry_run:
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return Made(name, str(folder), tuple(files), dry_run)


def _blocks() -> dict[str, str]:
    """The files in the page; the last one, amends.yaml, is for the admin and not of the package."""
    here = Path(__file__)
    page = here.with_name(_PAGE)
    if not page.exists():
        page = here.parents[2] / "docs" / "engineers" / _PAGE
    blocks = dict(_BLOCK.findall(page.read_text(encoding="utf-8")))
    blocks.pop("amends.yaml", None)
    return blocks


def _named(text: str, name: str) -> str:
    title = name.replace("_", " ").title()
    text = text.replace("Acme Desk", title).replace("acme-amends", f"{name.replace('_', '-')}-amends")
    return text.replace("Acme", title.replace(" ", "")).replace("acme", name)


def known_lines(rows: list[Known], columns: int) -> list[str]:
    cells = [(one.name, ", ".join(one.streams) or "-", one.error or ", ".join(one.can) or "only read") for one in rows]
    return table(("NAME", "STREAMS", "CAN"), cells, columns)


def made_lines(told: Made, _columns: int) -> list[str]:
    return [
        f"{'Would write' if told.dry_run else 'Wrote'} to {told.folder}/:",
        *(f"  {name}" for name in told.files),
        "",
        "Next:",
        f"  cd {told.folder} && pip install -e . pytest && pytest",
        "It passes as it is, against a made-up helpdesk. Put yours in its place, one method at a time.",
    ]
