"""Files that hold personal data: made for their user's eyes alone, and on the disk before they count.

Called by `backup` and `migrate`.
"""

from __future__ import annotations

import os
from pathlib import Path


def make_private(path: Path) -> None:
    """An empty file of mode 0600 in the place of any that is there. Raises OSError."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def put_in_place(draft: Path, target: Path) -> None:
    """Give a finished file its name, once all of it is on the disk: a crash leaves it whole or not there. Raises
    OSError."""
    flush(draft)
    draft.rename(target)
    flush(target.parent)


def flush(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
