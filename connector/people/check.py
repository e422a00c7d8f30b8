"""The examples of people.yaml: pairs of identities that its rules must join, or must not; pure.

Run by `amends check`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from connector.model import EPOCH, Complainant
from connector.people.identity import Identifying, Identity, keys_of, nobodys
from connector.people.linking import Said, Tie, components, links


class Example(msgspec.Struct, frozen=True):
    """Two identities as their sources know them, with the numbers of their tickets, and whether rules join them.
    `place` is where the example stands."""

    one: Complainant
    other: Complainant
    numbers: tuple[Mapping[str, str], Mapping[str, str]]
    joined: bool
    place: str


def joined(example: Example, rules: Identifying) -> bool:
    """Whether the rules take both for one person."""
    pair = [
        _identity(number, person, example.numbers[number], rules)
        for number, person in enumerate((example.one, example.other))
    ]
    ties = [
        Tie(a, b, Said.KEY, key, "", EPOCH)
        for key in sorted(pair[0].keys & pair[1].keys)
        for a, b in links(key, pair, rules.single)
    ]
    return len(set(components(pair, ties, rules.single).values())) == 1


def _identity(ident: int, person: Complainant, numbers: Mapping[str, str], rules: Identifying) -> Identity:
    keys = keys_of(person, [f"{name}:{value.upper()}" for name, value in numbers.items()], rules)
    return Identity(ident, person.key, person.name, shared=nobodys(person, rules), keys=keys)


def check(examples: tuple[Example, ...], rules: Identifying) -> Iterator[str]:
    """What is wrong with each example that does not hold."""
    for one in examples:
        if joined(one, rules) != one.joined:
            found = "are not joined" if one.joined else "are joined"
            yield f"{one.place}: {one.one.name or one.one.key} and {one.other.name or one.other.key} {found}."
