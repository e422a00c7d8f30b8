"""The values that a mapping had no line for, as they stand among the problems of complaints; pure.

Counted by `amends mapping check` and the preview.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connector.mapping.rules import UNMAPPED


class Unplaced(msgspec.Struct, frozen=True):
    """A value of a complaint field that came up in `count` complaints, `ticket` being the last of them as given."""

    field: str
    value: str
    count: int
    ticket: str


def values_in(problems: Iterable[str]) -> list[tuple[str, str]]:
    """(complaint field, the source's value) of each problem that says so."""
    found = []
    for problem in problems:
        if problem.startswith(UNMAPPED):
            field, _, value = problem.removeprefix(UNMAPPED).partition(" ")
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            found.append((field, value[1:-1] if quoted else value))
    return found


def counted(problems: Iterable[tuple[str, Iterable[str]]]) -> tuple[Unplaced, ...]:
    """What (ticket, problems of its complaint) amount to: each value once, the commonest first."""
    counts: dict[tuple[str, str], tuple[int, str]] = {}
    for ticket, said in problems:
        for key in values_in(said):
            counts[key] = counts.get(key, (0, ""))[0] + 1, ticket
    found = [Unplaced(field, value, number, ticket) for (field, value), (number, ticket) in counts.items()]
    return tuple(sorted(found, key=lambda one: (-one.count, one.field, one.value)))
