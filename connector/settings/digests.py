"""Names for what files say: whatever was made by other rules than those in force is known by them.

Called by `loading`, and by `packed_books` ahead of time.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec


def digest(value: Any) -> str:
    """The same for the same content, in whatever order and with whatever comments; examples do not count."""
    if isinstance(value, dict):
        value = {key: part for key, part in value.items() if key != "examples"}
    return sha256(msgspec.json.encode(value, order="sorted")).hexdigest()
