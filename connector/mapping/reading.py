"""Reading one snapshot through a mapping: text, time, label, language, zone, each kept within bounds; pure.

Used by `mapping.complaints` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Mapping as Table
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from connector.mapping.rules import TABLED, UNMAPPED, Mapping
from connector.model import JSON

MAX_TEXT_CHARACTERS = 64 * 1024
MAX_LINE_CHARACTERS = 1000
MAX_SHOWN_CHARACTERS = 80
LARGEST_WHOLE = 2**53


class Reading:
    """Reads one snapshot through a mapping and notes what was odd; lives for a single `normalise`."""

    __slots__ = ("fields", "lines", "mapping", "paths", "problems", "tables", "types")

    def __init__(self, fields: Table[str, JSON], mapping: Mapping) -> None:
        self.fields = fields
        self.mapping = mapping
        self.paths = mapping.paths
        self.tables = mapping.values
        self.types = mapping.types
        self.problems: list[str] = []
        self.lines = _lines(fields, mapping.plain)

    def raw(self, name: str) -> Any:
        path = self.paths.get(name)
        if path is None:
            return None
        value: Any = self.fields
        try:
            for step in path:
                value = value[step]
        except (KeyError, TypeError):
            return None  # absent, or no object where one was expected
        return value

    def text(
        self, name: str, limit: int = MAX_LINE_CHARACTERS, place: Callable[[str], str] | None = None
    ) -> str | None:
        """The field as text, within bounds; put through `place`, else through its table where it has one."""
        line = self.lines.get(name)
        if line is not None:  # as nearly all are
            return line
        if name not in self.paths:
            return None
        value: Any = self.raw(name)
        if value is None or value == "":
            return self.mapping.defaults.get(name)
        if name in self.types:
            self.prove_type(name, value)
        if type(value) is not str and (value := self.one_text(name, value)) is None:
            return self.mapping.defaults.get(name)
        if len(value) > limit or not value.isascii() or "\x00" in value:
            value = self.bounded(name, value, limit)
        if place is not None:
            return place(value)
        return self.placed(name, value, self.tables[name]) if name in self.tables else value

    def bounded(self, name: str, value: str, limit: int) -> str:
        if len(value) > limit:
            self.problems.append(f"{name}: cut after {limit} of {len(value)} characters")
        return clean(value[:limit])

    def one_text(self, name: str, value: Any) -> str | None:
        if type(value) is int:
            return str(value)
        several = isinstance(value, list) and value and all(isinstance(part, str) for part in value)
        if several and (name in TABLED or name in self.types):
            if self.types.get(name) == "choices":
                return ", ".join(value)
            if len(value) > 1:
                self.problems.append(f"{name}: {len(value)} values, the first counts")
            return str(value[0]) or None
        if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_WHOLE:
            return str(int(value))  # an order number in a field for numbers
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        if value != []:
            self.odd(name, "text", value)
        return None

    def placed(self, name: str, value: str, table: Table[str, str]) -> str:
        ours = table.get(value)
        return self.unplaced(name, value) if ours is None else ours

    def unplaced(self, name: str, value: str) -> str:
        self.problems.append(f"{UNMAPPED}{name} {shown(repr(value))}")
        return f"{UNMAPPED}{value}"

    def product(self, language: str | None) -> str | None:
        """By the field's table, else by the tree of products, where there is either."""
        products, table = self.mapping.products, self.tables.get("product", {})
        if products is None:
            return self.text("product")

        def place(value: str) -> str:
            ours = table.get(value)
            found = products.find(value if ours is None else ours, language)
            return found or ours or self.unplaced("product", value)

        return self.text("product", place=place)

    def prove_type(self, name: str, value: Any) -> None:
        """A field that was changed at the source into one of another type is told, whatever becomes of its value."""
        kind = self.types[name]
        if not _TYPES.get(kind, _anything)(value):
            self.odd(name, _TYPE_WORDS.get(kind, f"a {kind.replace('_', ' ')}"), value)

    def time(self, name: str) -> datetime | None:
        value = self.raw(name)
        if value is None or value == "":
            return None
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
            if self.types.get(name) == "date":
                return moment.replace(tzinfo=UTC)
        except (TypeError, ValueError, OverflowError):
            pass
        self.odd(name, "a time with its zone", value)
        return None

    def yes(self, name: str) -> bool:
        value = self.raw(name)
        if value is not None and not isinstance(value, bool):
            self.odd(name, "true or false", value)
        return value is True

    def language(self, name: str) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        code = _language(value)
        if code is None:
            self.odd(name, "a locale with a two-letter language", value)
        return code

    def zone(self, name: str) -> str | None:
        value = self.text(name)
        if value is None or _is_zone(value):
            return value
        self.odd(name, "an IANA time zone", value)
        return None

    def labels(self) -> tuple[str, ...]:
        value = self.raw("labels")
        if value is None:
            return ()
        if not isinstance(value, list):
            self.odd("labels", "a list of texts", value)
            return ()
        if _plain(value):
            return tuple(value)
        kept = tuple([clean(label) for label in value if isinstance(label, str)])
        if len(kept) < len(value):
            self.odd("labels", "a list of texts", value)
        return kept

    def extra(self) -> dict[str, JSON]:
        found: dict[str, JSON] = {}
        for name, short in self.mapping.extras:
            value = self.raw(name)
            if value is None or value == "":
                if name in self.mapping.defaults:
                    found[short] = self.mapping.defaults[name]
                continue
            table = self.tables.get(name)
            if name in self.types and not isinstance(value, str):
                self.prove_type(name, value)
            if isinstance(value, str):
                value = self.text(name, MAX_TEXT_CHARACTERS)
            elif table is not None:
                value = [
                    self.placed(name, str(part), table) for part in (value if isinstance(value, list) else [value])
                ]
            found[short] = _cleaned(value)
        return found

    def odd(self, name: str, expected: str, found: JSON) -> None:
        self.problems.append(f"{name}: expected {expected}, found {shown(repr(found))}")


def _lines(fields: Table[str, JSON], plain: Iterable[tuple[str, str, str | None]]) -> dict[str, str]:
    """What stands in the fields that are taken as they are, where that is a line of text or a whole number."""
    found: dict[str, str] = {}
    for name, head, member in plain:  # in one loop: each field of each ticket passes here
        try:
            value: Any = fields[head] if member is None else fields[head][member]
        except (KeyError, TypeError):
            continue
        if type(value) is str:
            if 0 < len(value) <= MAX_LINE_CHARACTERS:
                found[name] = value if value.isascii() and "\x00" not in value else clean(value)
        elif type(value) is int:
            found[name] = str(value)
    return found


def _plain(value: list[Any]) -> bool:
    """Whether these are texts with nothing to clean, as nearly all labels are."""
    try:
        joined = "".join(value)
    except TypeError:
        return False
    return joined.isascii() and "\x00" not in joined


def _anything(_value: Any) -> bool:
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lstrip("+-").replace(".", "", 1).isdecimal()
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_time(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_yes_no(value: Any) -> bool:
    return isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("text", "long_text", "choice", "person"), _is_text),
    **dict.fromkeys(("choices", "people", "labels"), _is_list),
    **dict.fromkeys(("date", "time"), _is_time),
    "number": _is_number,
    "yes_no": _is_yes_no,
}
_TYPE_WORDS = {
    "yes_no": "true or false",
    "long_text": "text",
    "text": "text",
    "choices": "a list of values",
    "people": "a list of people",
    "labels": "a list of texts",
}


def clean(text: str) -> str:
    """`text` with what no store and no mail can carry (NUL, lone surrogates) replaced by U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    return text


def _cleaned(value: JSON) -> JSON:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): _cleaned(item) for key, item in value.items()}
    return value


def shown(text: str) -> str:
    return clean(text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…")


@lru_cache(maxsize=1024)
def _language(locale: str) -> str | None:
    """The two-letter code at the head of a locale such as "pt-BR"; three-letter codes have none."""
    head = locale.replace("_", "-").partition("-")[0].strip().lower()
    return head if len(head) == 2 and head.isascii() and head.isalpha() else None


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    # The zone table is reference data that ships with us, like the Unicode tables behind `isalpha`.
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
