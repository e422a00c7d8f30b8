"""The folder an admin owns, laid over the defaults that ship: which file counts, and what it is called in messages.

Used by `loading` (and through it by every command) and by `start`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import mappings
from connector.errors import SettingsError
from connector.settings.digests import Stamp, content_digest, digest, stamp_of
from connector.settings.packed_books import ShippedBook, shipped_book
from connector.settings.problems import Place, Problems
from connector.settings.yaml_file import Document, read_file

HOME_VARIABLE = "AMENDS_HOME"
USUAL_HOME = "amends"
SHIPPED_MARK = " (as shipped)"
SHIPPED = Path(mappings.__file__).parent
SINGLE = (
    "amends.yaml",
    "taxonomy.yaml",
    "calendars.yaml",
    "sla.yaml",
    "policy.yaml",
    "people.yaml",
    "contacts.yaml",
    "playbooks.yaml",
    "trends.yaml",
    "letters.yaml",
)


def home_folder(home: Path | None) -> Path:
    """The folder to use: `home`, else $AMENDS_HOME, else ./amends. Raises SettingsError for a named one that is not
    there; the usual one may be missing, and then the defaults count."""
    named = home or (Path(os.environ[HOME_VARIABLE]) if os.environ.get(HOME_VARIABLE) else None)
    if named is not None and not named.is_dir():
        raise SettingsError(f"there is no folder {named}.", remedy="Make it with `amends init`, or name another one.")
    return named or Path(USUAL_HOME)


class Folder:
    """Reads the admin's files; each is read once."""

    def __init__(self, home: Path, problems: Problems, drafts: Mapping[str, Path] | None = None) -> None:
        """`drafts` are read in the place of the files that they are named for."""
        self.home = home
        self._drafts = dict(drafts or {})
        self.problems = problems
        self._read: dict[str, Document | None] = {}
        self._packed: dict[str, ShippedBook] = {}
        self._paths: dict[str, Path | None] = {}

    def document(self, name: str) -> Document | None:
        """The file `name` ("sla.yaml", "mappings/zendesk.yaml"): the admin's own, else the shipped one. None where it
        cannot be read (with the reason among the problems) or there is neither."""
        if name not in self._read:
            path = self._path(name)
            self._read[name] = self._document(path, self._called(path, name)) if path else None
            if path is None and name in SINGLE:
                self.problems.add(
                    Place(name), "the file is neither here nor among the defaults", "install Amends again"
                )
        return self._read[name]

    def _document(self, path: Path, called: str) -> Document | None:
        shipped = _sound(path, stamp_of(path), called) if path.is_relative_to(SHIPPED) else None
        return shipped or read_file(path, called, self.problems)

    def book(self, name: str) -> Document | ShippedBook | None:
        """The phrase book `name`; one that is as shipped need not be read as YAML."""
        path = self._path(name)
        packed = shipped_book(path, self._called(path, name)) if path and self.as_shipped(name) else None
        if packed is None:
            return self.document(name)
        self._packed[name] = packed
        return packed

    def has(self, name: str) -> bool:
        return self._path(name) is not None

    def as_shipped(self, name: str) -> bool:
        """Whether the file is the one that ships: neither the admin's own nor a draft."""
        path = self._path(name)
        return path is not None and path.is_relative_to(SHIPPED)

    def shipped(self, name: str, problems: Problems) -> Document | None:
        """The file as it ships, whatever lies in the admin's folder by now: for what is read after the settings were
        proved, so that nothing unproved comes in. What is wrong with it is among `problems`, and not this folder's."""
        return read_file(SHIPPED / name, f"{name}{SHIPPED_MARK}", problems)

    def shipped_digests(self, group: str) -> dict[str, str]:
        """(name: digest) of the files of a group that are as shipped, without reading them as YAML."""
        names = [name for name in self.names(group) if self.as_shipped(name)]
        return {name: content_digest(SHIPPED / name) for name in names}

    def digests(self) -> dict[str, str]:
        """(name: digest) of every file that was asked for and could be read."""
        read = {name: digest(document.value) for name, document in self._read.items() if document}
        return read | {name: book.digest for name, book in self._packed.items()}

    def own(self, group: str) -> list[str]:
        """The admin's own files of a group ("mappings", "phrases"), by their names within the folder."""
        return [f"{group}/{path.name}" for path in _yaml_files(self.home / group)]

    def names(self, group: str) -> list[str]:
        """The files of a group, own and shipped."""
        shipped = SHIPPED / group if group != "mappings" else SHIPPED
        taken = set(SINGLE) if group == "mappings" else set()
        found = {f"{group}/{path.name}" for path in _yaml_files(shipped) if path.name not in taken}
        return sorted(found | set(self.own(group)))

    def strangers(self) -> list[str]:
        """YAML files in the folder that nothing reads: perhaps a slip of the pen."""
        own = {path.relative_to(self.home).as_posix() for path in _yaml_files(self.home)}
        return sorted(own - set(SINGLE))

    def _path(self, name: str) -> Path | None:
        if name not in self._paths:
            self._paths[name] = self._found(name)
        return self._paths[name]

    def _found(self, name: str) -> Path | None:
        if name in self._drafts:
            return self._drafts[name]
        own = self.home / name
        if own.exists() or own.is_symlink():  # a link that leads nowhere is somebody's slip, and named
            return own
        shipped = SHIPPED / name.removeprefix("mappings/")
        return shipped if shipped.exists() else None

    def _called(self, path: Path, name: str) -> str:
        return f"{name}{SHIPPED_MARK}" if path.is_relative_to(SHIPPED) else str(path)


@lru_cache(maxsize=64)
def _sound(path: Path, _stamp: Stamp, called: str) -> Document | None:
    """A file that ships, read once; None where something is wrong with it."""
    return read_file(path, called, Problems())


def hidden(path: Path) -> bool:
    """Whether a file is none of the admin's own, such as the lock (`.#sla.yaml`) that an editor leaves beside it."""
    return path.name.startswith(".")


def _yaml_files(folder: Path) -> Iterable[Path]:
    found = (path for path in folder.glob("*.y*ml") if path.suffix in (".yaml", ".yml"))
    return sorted(path for path in found if not hidden(path))
