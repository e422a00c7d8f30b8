"""Where a page of a listing begins and ends, as text in an address. Pure; used by pages and API."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlencode

import msgspec

from connector.console.errors import RequestError
from connector.store.browsing import Spot


def cursor_of(spot: Spot | None) -> str | None:
    """Text that stands for a place in a listing; opaque to whoever gets it."""
    return None if spot is None else base64.urlsafe_b64encode(msgspec.json.encode(spot)).decode().rstrip("=")


def spot_of(cursor: str | None) -> Spot | None:
    """The place that `cursor_of` made the text of. Raises RequestError."""
    if not cursor:
        return None
    try:
        body = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        spot = msgspec.json.decode(body, type=Spot)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        spot = None
    if spot is None or not (abs(spot.at) < 1 << 62 and 0 <= spot.id < 1 << 62):
        raise RequestError("this cursor is none of ours.", remedy="Begin with the first page.")
    return spot


def address(path: str, **values: object) -> str:
    """`path` with those values that are there as its query."""
    asked = urlencode({name: value for name, value in values.items() if value not in (None, "")})
    return f"{path}?{asked}" if asked else path
