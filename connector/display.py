"""Text for a terminal: tables, times and the words of strangers made harmless. Called by the commands and the demo.

Pure. What a customer wrote never reaches a terminal with its control characters: they could rewrite the screen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

NARROWEST = 12
GAP = "  "
_NAMING = ("name", "value", "key", "id")  # by which helpdesks call the objects in their fields
# Line breaks, escape sequences, and the marks that turn the direction of a whole line around.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_UNSAFE_BUT_BREAKS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+"
)


def clean(text: str | None) -> str:
    """`text` on one line and without anything that a terminal would obey."""
    return _UNSAFE.sub(" ", text or "").strip()


def harmless_cell(text: str) -> str:
    """`text` with its own line breaks, for a cell of a CSV file, and without what a terminal or the eye would obey."""
    return _UNSAFE_BUT_BREAKS.sub(" ", text)


def harmless_json(encoded: bytes) -> str:
    """JSON as it may go to a terminal: what JSON lets through unescaped and a terminal would obey is escaped."""
    return _UNSAFE_BUT_BREAKS.sub(lambda found: "".join(f"\\u{ord(one):04x}" for one in found[0]), encoded.decode())


def width(text: str) -> int:
    """How many columns `text` takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """`text` in at most `columns` columns, with an ellipsis where something is left out."""
    if width(text) <= columns:
        return text
    kept, used = "", 0
    for character in text:
        used += _columns(character)
        if used > columns - 1:
            break
        kept += character
    return kept.rstrip() + "…"


def pad(text: str, columns: int) -> str:
    """`text` cut or filled up to exactly `columns` columns."""
    text = cut(text, columns)
    return text + " " * (columns - width(text))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], columns: int | None = None) -> list[str]:
    """Aligned lines under `head`. Where they would be wider than `columns`, the widest column gives way."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(width(cell) for cell in column) for column in zip(head, *cells, strict=True)]
    if columns is not None:
        _narrow(widths, columns - len(GAP) * (len(widths) - 1))
    return [
        GAP.join(pad(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip() for row in (head, *cells)
    ]


def _narrow(widths: list[int], room: int) -> None:
    while (over := sum(widths) - room) > 0:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= NARROWEST:
            return
        widths[widest] = max(NARROWEST, widths[widest] - over)


def moment(at: datetime | None, zone: str | None = None) -> str:
    """ "2026-03-02 08:04Z", or in `zone` (an IANA name) "2026-03-02 09:04 CET"; "-" for None."""
    if at is None:
        return "-"
    return (
        f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z"
        if zone is None
        else f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"
    )


def span(length: timedelta) -> str:
    """ "3 d 4 h", "12 min", "8 s": the two largest units."""
    seconds = int(abs(length.total_seconds()))
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def ago(at: datetime | None, now: datetime) -> str:
    """ "12 min ago", or "never"."""
    return "never" if at is None else f"{span(now - at)} ago"


def count(number: int, one: str, many: str | None = None) -> str:
    """ "1 write", "1,234 writes"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def wrapped(text: str, columns: int, indent: str = "") -> list[str]:
    """`text` in lines of at most `columns` columns, each after `indent`; words are kept whole where they fit."""
    lines: list[str] = []
    line = ""
    for word in _breakable(clean(text), columns):
        if line and width(line) + 1 + width(word) > columns:
            lines.append(indent + line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, indent + line] if line else lines


def _breakable(text: str, columns: int) -> Iterator[str]:
    """The words of `text`; one that would not fit into a line (a link, a Chinese sentence) comes in pieces."""
    for word in text.split():
        piece, used = "", 0
        for character in word:
            size = _columns(character)
            if used + size > columns:
                yield piece
                piece, used = "", 0
            piece, used = piece + character, used + size
        yield piece


def paragraphs(text: str, columns: int, indent: str = "") -> list[str]:
    """The same, but its own line breaks are kept; empty lines are not."""
    return [line for part in text.splitlines() for line in wrapped(part, columns - width(indent), indent)]


def verbatim(text: str, columns: int) -> list[str]:
    """The same, and empty lines are kept: for words as they will stand on a ticket."""
    return [line for part in text.splitlines() for line in wrapped(part, columns) or [""]]


def plain(value: Any) -> str:
    """A value of a field as people write it: lists with commas, objects by their name, yes or no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or "nothing"
    if isinstance(value, Mapping):
        name = next((value[key] for key in _NAMING if isinstance(value.get(key), str)), None)
        if name and set(value) <= {*_NAMING, "self"}:
            return str(name)
        return ", ".join(f"{key} {plain(each)}" for key, each in value.items()) or "nothing"
    return "nothing" if value is None else str(value)
