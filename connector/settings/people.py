"""people.yaml: from the file to the frozen settings of the people room. Called by `loading`."""

from __future__ import annotations

import re

import msgspec

from connector.mapping import EXTRA
from connector.model import Complainant
from connector.people.check import Example
from connector.people.conduct import LONGEST_REVIEW_DAYS, Conduct
from connector.people.identity import MAIL, PHONE, Identifying, Number
from connector.people.retention import Retention
from connector.settings.checking import shaped
from connector.settings.notation import whole_days
from connector.settings.problems import Problems
from connector.settings.shapes.customers import IdentityShape, NumberShape, PeopleFile
from connector.settings.yaml_file import Document


class People(msgspec.Struct, frozen=True):
    """All of people.yaml."""

    identifying: Identifying
    retention: Retention
    conduct: Conduct
    examples: tuple[Example, ...] = ()


def people_of(document: Document | None, problems: Problems) -> People | None:
    """The rules about people, or None with the reasons among `problems`."""
    shape = shaped(document, PeopleFile, problems)
    if document is None or shape is None:
        return None
    before = len(problems)
    _check(document, shape, problems)
    review = whole_days(shape.conduct.review_within)
    if not 1 <= review <= LONGEST_REVIEW_DAYS:
        what = f"a restriction is looked at again within {LONGEST_REVIEW_DAYS} days"
        problems.add(document.place(("conduct", "review_within")), what, f"write {LONGEST_REVIEW_DAYS}d or less")
    if len(problems) > before:
        return None
    return People(
        identifying=_identifying(shape),
        retention=Retention(_days(shape.retention.tickets), _days(shape.retention.records)),
        conduct=Conduct(review_days=review, suggest_after=shape.conduct.suggest_after),
        examples=tuple(
            Example(
                _complainant(one.one, "one"),
                _complainant(one.other, "other"),
                (one.one.numbers, one.other.numbers),
                one.joined,
                str(document.place(("examples", index))),
            )
            for index, one in enumerate(shape.examples)
        ),
    )


def _identifying(shape: PeopleFile) -> Identifying:
    return Identifying(
        country=shape.country,
        numbers=tuple(_number(name, one) for name, one in shape.numbers.items()),
        shared=frozenset(one.casefold() for one in shape.shared),
        staff=frozenset(one.casefold() for one in shape.staff),
        place=shape.place,
    )


def _number(name: str, shape: NumberShape) -> Number:
    return Number(name, shape.source, shape.pattern, single=shape.single, said=shape.said)


def _days(text: str | None) -> int | None:
    return None if text is None else whole_days(text)


def _complainant(shape: IdentityShape, key: str) -> Complainant:
    return Complainant(key, name=shape.name, address=shape.address, phone=shape.phone, verified=shape.verified)


def _check(document: Document, shape: PeopleFile, problems: Problems) -> None:
    for name, number in shape.numbers.items():
        place = document.place(("numbers", name), key=True)
        if name in (MAIL, PHONE):
            problems.add(place, f"{name!r} is what Amends calls something else", "give the number another name")
        if not number.source and not number.said:
            problems.add(place, "nothing says where this number stands", "add a line `from: [extra.…]`")
        if number.said and not number.pattern:
            problems.add(place, "without a pattern, no number is found in a text", "add a line `pattern: …`")
        if number.pattern is not None:
            _check_pattern(number.pattern, document, name, problems)
        _check_fields(number.source, ("numbers", name, "from"), document, problems)
    _check_fields(shape.place, ("place",), document, problems)


def _check_pattern(pattern: str, document: Document, name: str, problems: Problems) -> None:
    try:
        matches_nothing = re.compile(pattern).search("") is not None
    except re.error as error:
        problems.add(document.place(("numbers", name, "pattern")), f"the pattern is wrong: {error}", "correct it")
        return
    if matches_nothing:
        what = "the pattern finds a number where there is none"
        problems.add(document.place(("numbers", name, "pattern")), what, r"write one like `C-\d{6}`")


def _check_fields(fields: tuple[str, ...], path: tuple[str, ...], document: Document, problems: Problems) -> None:
    for index, field in enumerate(fields):
        if field != "order_number" and not field.startswith(EXTRA):
            what = f"{field!r} is no field that identifies anybody"
            problems.add(document.place((*path, index)), what, "write order_number or extra.…")
