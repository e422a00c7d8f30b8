"""Folders for tests that build worlds by the hundred, outside pytest's own: all of them go when the process ends."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp


@cache
def _base() -> Path:
    base = Path(mkdtemp(prefix="amends-tests-"))
    atexit.register(shutil.rmtree, base, ignore_errors=True)
    return base


def folder() -> Path:
    """A new, empty folder."""
    return Path(mkdtemp(dir=_base()))
