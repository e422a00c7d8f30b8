"""How far each folder has been read: the cursor of the one stream, as JSON and as values. Pure; used by `pages`.

{"since": time or null, "folders": {key: {"validity", "uid", "modseq", "newest", "marks", "back"}}}; see `Place`.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from connector.adapter import Cursor
from connector.errors import CursorError

MOST_MARKS = 2000


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far one folder has been read: all up to number `uid` under this `validity`, and all changes up to `modseq`.

    `newest` is when the newest mail that was read arrived: where the numbers become void, reading starts some time
    before it. `marks` are the flags that were seen, by number, of those mails that had any worth telling; the newest
    of them only, so that a cursor stays small.
    """

    validity: int
    uid: int = 0
    modseq: int | None = None
    newest: datetime | None = None
    marks: dict[int, str] = {}
    back: datetime | None = None


class Places(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cursor: nothing that arrived before `since` was asked for."""

    since: datetime | None = None
    folders: dict[str, Place] = {}


def parsed(cursor: Cursor, source: str) -> Places:
    """Raises CursorError for what is no cursor of ours."""
    try:
        return msgspec.convert(cursor, Places, strict=False)
    except msgspec.ValidationError as error:
        raise CursorError(f"this is no cursor of a mail source: {error}.", source=source) from None


def written(places: Places) -> Cursor:
    made: Cursor = msgspec.to_builtins(places, str_keys=True)
    return made


def with_place(places: Places, key: str, place: Place) -> Places:
    return msgspec.structs.replace(places, folders={**places.folders, key: place})


def newest_marks(marks: dict[int, str]) -> dict[int, str]:
    """Those of the newest mails, so many that a cursor can hold them."""
    return dict(sorted(marks.items())[-MOST_MARKS:])
