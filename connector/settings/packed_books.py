"""The shipped phrase books as they were last read, so that a command need not read thousands of lines of YAML again.

`make books` writes the file; `folder` uses it for each book whose YAML is
still what it was packed from, and reads the YAML of any other. The admin's own files are always read.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from connector.settings.problems import Problems
from connector.settings.yaml_file import Document, Spot, read_file

FILE = "books.bin"
LEVEL = 19
LARGEST = 1 << 28


class _Book(msgspec.Struct, array_like=True, frozen=True):
    content: str
    value: msgspec.Raw


def document_of(path: Path, name: str) -> Document | None:
    """The shipped book in `path`, without the places of its values; None where it is not packed as it is now."""
    book = _books(path.parent / FILE).get(path.name)
    if book is None or book.content != _digest(path.read_bytes()):
        return None
    return Document(name, msgspec.json.decode(book.value), Spot(0, 0))


@cache
def _books(file: Path) -> dict[str, _Book]:
    try:
        content = zstandard.ZstdDecompressor().decompress(file.read_bytes(), max_output_size=LARGEST)
        return msgspec.json.decode(content, type=dict[str, _Book])
    except (OSError, zstandard.ZstdError, msgspec.MsgspecError):
        return {}


def packed(folder: Path) -> bytes:
    """The file for the books of a folder. Raises SettingsFilesError where one cannot be read."""
    problems = Problems()
    found: dict[str, tuple[str, Any]] = {}
    for path in sorted(folder.glob("*.yaml")):
        document = read_file(path, path.name, problems)
        if document is not None:
            found[path.name] = _digest(path.read_bytes()), document.value
    problems.raise_if_any()
    return zstandard.ZstdCompressor(level=LEVEL).compress(msgspec.json.encode(found))


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def main() -> None:
    """Write the file of the shipped books."""
    from connector.settings.folder import SHIPPED

    content = packed(SHIPPED / "phrases")
    (SHIPPED / "phrases" / FILE).write_bytes(content)
