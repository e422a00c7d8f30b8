"""The shipped phrase books as they were last read, so that a command need not read thousands of lines of YAML again.

`make books` writes the file; `folder` uses it for each book whose YAML is
still what it was packed from, and reads the YAML of any other. The admin's own files are always read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from weakref import WeakValueDictionary

import msgspec
import zstandard

from connector.settings.checking import shaped
from connector.settings.digests import content_digest, digest
from connector.settings.problems import Place, Problems
from connector.settings.yaml_file import read_file
from connector.tagging import PhraseBook
from connector.tagging.book import said_in

FILE = "books.bin"
LEVEL = 19
LARGEST = 1 << 28
# What a file that came to harm says: its YAML is read then.
_DAMAGED = (zstandard.ZstdError, msgspec.MsgspecError, UnicodeDecodeError)


class _Packed(msgspec.Struct, array_like=True, frozen=True):
    """A book: the digests of its file and of what it says, every (facet, value) in it, and all of it, compressed."""

    content: str
    digest: str
    says: tuple[tuple[str, str], ...]
    value: bytes


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
    book = _book(path, found)
    return ShippedBook(name, found.digest, book, frozenset(found.says)) if book is not None else None


def _book(path: Path, found: _Packed) -> PhraseBook | None:
    book = _HELD.get((path, found.content))
    if book is None:
        try:
            book = msgspec.json.decode(zstandard.decompress(found.value, LARGEST), type=PhraseBook)
        except _DAMAGED:
            return None
        _HELD[path, found.content] = book
    return book


# Settings that are read again share their books as long as any hold them. Who has compiled a book lets go of it: all
# twelve together are ten megabytes.
_HELD: WeakValueDictionary[tuple[Path, str], PhraseBook] = WeakValueDictionary()


@cache
def _books(file: Path) -> dict[str, _Packed]:
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=dict[str, _Packed])
    except (OSError, *_DAMAGED):
        return {}


def packed(folder: Path) -> bytes:
    """The file for the books of a folder. Raises SettingsFilesError where one is not in the shape that it has to
    have: that is not looked at again."""
    from connector.settings.shapes.books import PhrasesFile  # whoever unpacks needs no shape of what was checked

    problems = Problems()
    found: dict[str, _Packed] = {}
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    for path in sorted(folder.glob("*.yaml")):
        document = read_file(path, path.name, problems)
        if document is not None and shaped(document, PhrasesFile, problems) is not None:
            book = msgspec.convert(document.value, PhraseBook)
            value = compressor.compress(msgspec.json.encode(document.value))
            says = tuple(sorted(said_in(book)))
            found[path.name] = _Packed(content_digest(path), digest(document.value), says, value)
    problems.raise_if_any()
    return msgspec.msgpack.encode(found)


def main() -> None:
    """Write the file of the shipped books."""
    from connector.settings.folder import SHIPPED

    content = packed(SHIPPED / "phrases")
    (SHIPPED / "phrases" / FILE).write_bytes(content)
