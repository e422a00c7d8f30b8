"""Reading one snapshot through a mapping: text, time, label, language, zone, each kept within bounds; pure.

Used by `mapping.complaints` alone.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from connector.mapping.rules import Mapping
from connector.model import JSON

MAX_TEXT_CHARACTERS = 64 * 1024
MAX_LINE_CHARACTERS = 1000
MAX_SHOWN_CHARACTERS = 80


class Reading:
    """Reads one snapshot through a mapping and notes what was odd; lives for a single `normalise`."""

    __slots__ = ("fields", "mapping", "paths", "problems", "tables")

    def __init__(self, fields: Table[str, JSON], mapping: Mapping) -> None:
        self.fields = fields
        self.mapping = mapping
        self.paths = mapping.paths
        self.tables = mapping.values
        self.problems: list[str] = []

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

    def text(self, name: str, limit: int = MAX_LINE_CHARACTERS) -> str | None:
        path = self.paths.get(name)
        if path is None:
            return None
        # As `raw` does; each field of each ticket passes here.
        value: Any = self.fields
        try:
            for step in path:
                value = value[step]
        except (KeyError, TypeError):
            return None
        if value is None or value == "":
            return None
        if type(value) is not str:
            if type(value) is not int and not isinstance(value, float):
                self.odd(name, "text", value)
                return None
            value = str(value)
        if len(value) > limit:
            self.problems.append(f"{name}: cut after {limit} of {len(value)} characters")
            value = value[:limit]
        if not value.isascii() or "\x00" in value:
            value = clean(value)
        if name in self.tables:
            return self.placed(name, value, self.tables[name])
        return value  # type: ignore[no-any-return]

    def placed(self, name: str, value: str, table: Table[str, str]) -> str:
        ours = table.get(value)
        if ours is None:
            self.problems.append(f"unmapped:{name} {shown(repr(value))}")
            return value
        return ours

    def time(self, name: str) -> datetime | None:
        value = self.raw(name)
        if value is None or value == "":
            return None
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
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
        kept = tuple(
            [
                label if label.isascii() and "\x00" not in label else clean(label)
                for label in value
                if isinstance(label, str)
            ]
        )
        if len(kept) < len(value):
            self.odd("labels", "a list of texts", value)
        return kept

    def extra(self) -> dict[str, JSON]:
        found: dict[str, JSON] = {}
        for name, short in self.mapping.extras:
            value = self.raw(name)
            if value is None or value == "":
                continue
            table = self.tables.get(name)
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
