"""`amends clock test`: an admin's own cases for calendars, from YAML or JSON lines. Called by the command line."""

from __future__ import annotations

import json
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connector.clocks.case_reading import unread
from connector.clocks.cases import Tried, tried
from connector.display import count, cut, plain
from connector.errors import SettingsError
from connector.settings.problems import Problems
from connector.settings.yaml_file import read_text


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """One case of a file: where it stands, what came out, or what is wrong with it."""

    place: str
    tried: Tried | None = None
    error: str | None = None
    id: str | None = None
    unread: tuple[str, ...] = ()


class Outcomes(msgspec.Struct, frozen=True):
    outcomes: tuple[Outcome, ...]

    @property
    def exit_code(self) -> int:
        """2 where a case cannot be read, 1 where one comes out differently."""
        if any(one.error for one in self.outcomes):
            return SettingsError.exit_code
        return int(any(one.tried is not None and one.tried.ok is False for one in self.outcomes))


class _Unreadable(msgspec.Struct, frozen=True):
    """In the place of a case: why there is none."""

    why: str


def run_cases(files: Sequence[str]) -> Outcomes:
    """Every case of every file, in order; "-" is the standard input. A case that is wrong stops no other.

    Raises SettingsError for a file that cannot be read at all.
    """
    return Outcomes(tuple(_outcome(place, case) for file in files for place, case in _cases(file)))


def _outcome(place: str, case: Any) -> Outcome:
    if isinstance(case, _Unreadable):
        return Outcome(place, error=case.why)
    if not isinstance(case, dict):
        return Outcome(
            place, error=f"{plain(case)} is no case. Write a mapping with id, calendar, start, target_minutes."
        )
    try:
        return Outcome(place, tried(case), unread=tuple(unread(case)))
    except SettingsError as error:
        return Outcome(place, error=str(error), id=None if case.get("id") is None else str(case["id"]))


def _cases(file: str) -> Iterator[tuple[str, Any]]:
    """(where it stands, the case)."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.", remedy="Name files with cases.") from None
    content = content.removeprefix(BOM_UTF8)  # as some editors begin a file
    if Path(file).suffix in (".yaml", ".yml") or content.lstrip()[:1] not in (b"{", b"["):
        yield from _of_yaml(content, file)
    elif content.lstrip()[:1] == b"[":
        yield from ((f"{file}, case {number}", case) for number, case in enumerate(_decoded(content, file), 1))
    else:
        for number, line in enumerate(content.splitlines(), 1):
            if line.strip():
                try:
                    yield f"{file}:{number}", json.loads(line)
                except ValueError as error:
                    yield f"{file}:{number}", _Unreadable(f"this line is not JSON: {error}.")


def _decoded(content: bytes, file: str) -> list[Any]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise SettingsError(f"{file} is not JSON: {error}.", remedy="Write a list of cases, or one a line.") from None
    return list(found)


def _of_yaml(content: bytes, file: str) -> Iterator[tuple[str, Any]]:
    problems = Problems()
    document = read_text(content, file, problems)
    problems.raise_if_any()
    assert document is not None, "what could not be read was among the problems"
    path: tuple[str, ...] = ("cases",) if isinstance(document.value, dict) and "cases" in document.value else ()
    cases = document.value["cases"] if path else document.value
    if not isinstance(cases, list):
        raise SettingsError(f"{file} holds no list of cases.", remedy="Begin each case with `- id: …`.")
    for index, case in enumerate(cases):
        yield str(document.place((*path, index))), case


def json_line(one: Outcome) -> dict[str, Any]:
    """What `--json` prints for a case, on a line of its own."""
    if one.tried is None:
        return {"id": one.id, "place": one.place, "error": one.error}
    told: dict[str, Any] = msgspec.to_builtins(one.tried)
    return told


def lines(told: Outcomes, columns: int) -> list[str]:
    """A line a case, and more where something is not as expected."""
    found = [line for one in told.outcomes for line in _lines(one, columns)]
    wrong = sum(one.error is not None or (one.tried is not None and one.tried.ok is False) for one in told.outcomes)
    return [*found, "", f"{count(len(told.outcomes), 'case')}, {wrong or 'none'} not as expected."]


def _lines(one: Outcome, columns: int) -> Iterator[str]:
    if one.tried is None:
        yield cut(f"  error  {one.place}: {one.error}", max(columns, 200 + len(str(one.place))))
        return
    this = one.tried
    verdict = {True: "right", False: "WRONG", None: "     "}[this.ok]
    yield cut(f"  {verdict}  {this.id}: due {_there(this.due, this.zone)}", columns)
    if this.ok is False and this.expected != this.due:
        yield f"         expected {_there(this.expected, this.zone)}  ({one.place})"
    for probe in this.probes:
        if not probe.ok:
            at = _there(probe.at, this.zone)
            yield f"         at {at}: {probe.used_minutes:g} min used, expected {probe.expected_minutes:g} min"
    if one.unread:
        yield f"         nobody reads: {', '.join(one.unread)}"


def _there(at: datetime | None, zone: str) -> str:
    return "never" if at is None else f"{at.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M:%S %Z}"
