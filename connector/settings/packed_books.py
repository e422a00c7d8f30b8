"""The shipped phrase books as they were last read, so that a command need not read thousands of lines of YAML again.

`make books` writes the file; `folder` uses it for each book whose YAML is
still what it was packed from, and reads the YAML of any other. The admin's own files are always read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from connector.settings.checking import shaped
from connector.settings.digests import content_digest, digest
from connector.settings.problems import Place, Problems
from connector.settings.shapes import PhrasesFile
from connector.settings.yaml_file import read_file
from connector.tagging import PhraseBook
from connector.tagging.book import said_in

FILE = "books.bin"
LEVEL = 19
LARGEST = 1 << 28


class _Packed(msgspec.Struct, array_like=True, frozen=True):
    content: str
    digest: str
    value: msgspec.Raw


class ShippedBook(msgspec.Struct, frozen=True):
    """A shipped book that is packed as it is now: `name` is what messages call it, `digest` names what it says, and
    `says` is every (facet, value) in it."""

    name: str
    digest: str
    book: PhraseBook
    says: frozenset[tuple[str, str]]

    def place(self, _path: Sequence[str | int] = (), *, key: bool = False) -> Place:
        """Where a value stands: what ships is not for the admin to edit, so its places are not kept."""
        return Place(self.name, 1, 1)


def shipped_book(path: Path, name: str) -> ShippedBook | None:
    """The shipped book in `path`; None where it is not packed as it is now."""
    found = _books(path.parent / FILE).get(path.name)
    if found is None or found.content != content_digest(path):
        return None
    return ShippedBook(name, found.digest, *_book(path.parent / FILE, path.name))


# What settings hold anyway: those that are read again share it. As many as ship, and a folder of tests.
@lru_cache(maxsize=32)
def _book(file: Path, name: str) -> tuple[PhraseBook, frozenset[tuple[str, str]]]:
    book = msgspec.json.decode(_books(file)[name].value, type=PhraseBook)
    return book, said_in(book)


@cache
def _books(file: Path) -> dict[str, _Packed]:
    try:
        content = zstandard.ZstdDecompressor().decompress(file.read_bytes(), max_output_size=LARGEST)
        return msgspec.json.decode(content, type=dict[str, _Packed])
    except (OSError, zstandard.ZstdError, msgspec.MsgspecError):
        return {}


def packed(folder: Path) -> bytes:
    """The file for the books of a folder. Raises SettingsFilesError where one is not in the shape that it has to
    have: that is not looked at again."""
    problems = Problems()
    found: dict[str, tuple[str, str, Any]] = {}
    for path in sorted(folder.glob("*.yaml")):
        document = read_file(path, path.name, problems)
        if document is not None and shaped(document, PhrasesFile, problems) is not None:
            found[path.name] = content_digest(path), digest(document.value), document.value
    problems.raise_if_any()
    return zstandard.ZstdCompressor(level=LEVEL).compress(msgspec.json.encode(found))


def main() -> None:
    """Write the file of the shipped books."""
    from connector.settings.folder import SHIPPED

    content = packed(SHIPPED / "phrases")
    (SHIPPED / "phrases" / FILE).write_bytes(content)
