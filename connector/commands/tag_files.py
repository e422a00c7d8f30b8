"""Texts in files: a JSON object a line, read one by one, each mistake told with its line. Called by `tag …`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from connector.errors import AmendsError
from connector.model import JSON

# Longer ones are a slip of the pen, and cost memory before anybody can say so.
LONGEST_LINE = 16_000_000


class Mistake(msgspec.Struct, frozen=True):
    """A line that cannot be used: where it is, and what is wrong with it."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


class Line(msgspec.Struct, frozen=True):
    """A line that is a JSON object with a text."""

    file: str
    line: int
    value: dict[str, JSON]

    @property
    def text(self) -> str:
        return str(self.value["text"])

    @property
    def language(self) -> str | None:
        """Of "de-AT" or "DE" the language alone: "de"."""
        lang = self.value.get("lang")
        return re.split("[-_]", lang.strip())[0].lower() if isinstance(lang, str) else None


def lines_of(files: Sequence[str]) -> Iterator[Line | Mistake]:
    """The lines of files, "-" for the standard input; empty ones are passed over. Raises AmendsError where a file
    cannot be read."""
    for name in files:
        if name == "-":
            yield from _lines(sys.stdin.buffer, "standard input")
            continue
        try:
            with Path(name).open("rb") as file:
                yield from _lines(file, name)
        except OSError as error:
            raise AmendsError(
                f"{name} cannot be read: {error.strerror}.", remedy="Name a file with a JSON object on each line."
            ) from None


def _lines(file: BinaryIO, name: str) -> Iterator[Line | Mistake]:
    number = 0
    while raw := file.readline(LONGEST_LINE):
        number += 1
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield Mistake(name, number, f"the line has more than {LONGEST_LINE:,} bytes")
        elif raw.strip():
            yield _line(raw, name, number)


def _line(raw: bytes, name: str, number: int) -> Line | Mistake:
    try:
        value = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        # Half of a surrogate pair, as some exports have it, is read by the slower parser only.
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError) as error:
            what = (
                str(error).partition(":")[0].lower().removesuffix(" at")
                if isinstance(error, json.JSONDecodeError)
                else "broken text"
            )
            return Mistake(name, number, f"this is not JSON ({what})")
    except RecursionError:
        return Mistake(name, number, "this is not JSON (nested too deeply)")
    if not isinstance(value, dict):
        return Mistake(name, number, 'this is no object: write {"id": …, "text": …}')
    if not isinstance(value.get("text"), str):
        return Mistake(name, number, 'there is no "text" that is text')
    for key in ("lang", "subject"):
        if value.get(key) is not None and not isinstance(value[key], str):
            return Mistake(name, number, f'"{key}" is not text')
    return Line(name, number, value)
