"""Names for what files say: whatever was made by other rules than those in force is known by them.

Called by `loading`, and by `packed_books` ahead of time. Settings are read again and again in one process (a reload, a
save in the console); what files hold is looked at anew where they were written to.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec


def digest(value: Any) -> str:
    """The same for the same content, in whatever order and with whatever comments; examples do not count."""
    if isinstance(value, dict):
        value = {key: part for key, part in value.items() if key != "examples"}
    return sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


class Stamp(NamedTuple):
    """Another one for a file that was written to, or that another file took the place of."""

    inode: int
    bytes: int
    written_ns: int
    changed_ns: int


def stamp_of(path: Path) -> Stamp:
    """Raises OSError."""
    found = path.stat()
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def content_digest(path: Path) -> str:
    """Names the very bytes of a file. Raises OSError."""
    return _content_digest(path.absolute(), stamp_of(path))


@lru_cache(maxsize=256)
def _content_digest(path: Path, _stamp: Stamp) -> str:
    return sha256(path.read_bytes()).hexdigest()
