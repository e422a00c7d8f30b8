"""A generated city: people who write to three helpdesks, as each of these knows them. The same one for each seed.

Called by `people`. What makes it hard is what makes it real: families on one mailbox or landline (a few of them name a
child after a parent), offices with role mailboxes, slips in names, five scripts with more than one romanisation, people
who moved house or changed their mail provider, phone numbers that went to somebody else, and names that hundreds bear.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from anyascii import anyascii

from connector.model import Complainant
from connector.store.people import Seen

# First names, last names; those in other scripts with a second romanisation.
# First names, common last names, and what rarer ones are made of; one language a line.
_TONGUES = tuple(
    tuple(tuple(names.split()) for names in line.split("\t"))
    for line in Path(__file__).with_name("city_names.tsv").read_text(encoding="utf-8").splitlines()[1:]
)
_HAN = 6
_OTHER_ROMAN = (("yu", "ju"), ("ya", "ja"), ("zh", "sch"), ("shch", "sch"), ("kh", "ch"), ("ey", "ej"), ("iy", "i"))
_STREETS = ("Mill", "Harbour", "Church", "Station", "Garden", "Chapel", "Bridge", "Market", "River", "Castle", "Forest")
_HOSTS = ("example.com", "example.net", "example.org", "mail.example", "post.example")
_TAKEN: dict[str, int] = {}  # whose each address is; of two people nobody gets the same
_ROLES = ("info", "office", "family", "contact")


class Record(NamedTuple):
    """How one source knows somebody: `person` is the truth, which nobody else is told, and so are the `marks`: which
    mailbox, phone, home and customer number of theirs it knows."""

    person: int
    seen: Seen
    marks: frozenset[str]


class _Resident(NamedTuple):
    number: int
    household: int
    first: str
    last: str
    tongue: int
    mail: str
    phone: str
    place: str
    customer: str


def city(people: int, seed: int) -> Iterator[Record]:
    """The records of `people` residents, one to three for each, those of one person never in a row."""
    dice = random.Random(seed)
    _TAKEN.clear()
    records = [record for resident in _residents(people, dice) for record in _records(resident, dice)]
    dice.shuffle(records)
    yield from records


def _residents(people: int, dice: random.Random) -> Iterator[_Resident]:
    number = household = 0
    phones: list[str] = []
    while number < people:
        household += 1
        tongue = dice.choices(range(len(_TONGUES)), (30, 20, 15, 12, 8, 10, 5))[0]
        last = _last_name(tongue, dice)
        home = _home(dice)
        landline, family_mail = _phone(dice), f"{_plain(last)}{household}@{dice.choice(_HOSTS)}"
        size = dice.choices((1, 2, 3, 4), (45, 30, 15, 10))[0]
        shares_mail, shares_phone = dice.random() < 0.12, dice.random() < 0.4
        first_names: list[str] = []
        for _ in range(min(size, people - number)):
            first = dice.choice([*_TONGUES[tongue][0]])
            if first in first_names and dice.random() > 0.02:  # few name a child after a parent
                first = next(name for name in _TONGUES[tongue][0] if name not in first_names)
            first_names.append(first)
            own_phone = dice.choice(phones) if phones and dice.random() < 0.002 else _phone(dice)
            phones.append(own_phone)
            yield _Resident(
                number, household, first, last, tongue,
                family_mail if shares_mail else _mail(first, last, number, dice),
                landline if shares_phone else own_phone,
                home, f"C-{number:07d}",
            )  # fmt: skip
            number += 1


def _last_name(tongue: int, dice: random.Random) -> str:
    """A few names are borne by many, many by a few."""
    _, common, stems, endings = _TONGUES[tongue]
    if tongue == _HAN or dice.random() < 0.4:
        return dice.choice(common)
    return f"{dice.choice(stems)}{dice.choice(endings)}"


def _records(one: _Resident, dice: random.Random) -> Iterator[Record]:
    sources = dice.sample(("shop", "post", "trade"), dice.choices((1, 2, 3), (35, 40, 25))[0])
    moved = dice.random() < 0.1
    for turn, source in enumerate(sources):
        mail = one.mail
        if turn and dice.random() < 0.12:
            mail = (
                _mail(one.first, one.last, one.number, dice) if dice.random() < 0.8 else f"x{one.number}y@post.example"
            )
        if dice.random() < 0.02:
            mail = f"{dice.choice(_ROLES)}@firm{one.household}.example"
        place = _home(dice) if turn and moved else one.place
        verified = source != "trade" or dice.random() < 0.3
        # What a source knows of somebody besides name and mail.
        phone = one.phone if dice.random() < (0.2 if source == "post" else 0.6) else None
        where = _typed(place, dice) if dice.random() < (0.25 if source == "post" else 0.7) else None
        number = (f"customer_number:{one.customer}",) if source != "post" and dice.random() < 0.4 else ()
        name = _written(one, dice)
        key = f"post:{mail}/{name.casefold()}" if source == "post" else f"{source}:{one.number}"
        person = Complainant(key, name=name, address=mail, phone=_dialled(phone, dice), verified=verified)
        known = {mail, phone, place if where else None, *number} - {None}
        yield Record(one.number, Seen(person, number, where), frozenset(filter(None, known)))


def _written(one: _Resident, dice: random.Random) -> str:
    """The name as somebody types it this time."""
    first, last = one.first, one.last
    if one.tongue == _HAN:
        if dice.random() < 0.5:
            return f"{last}{first}"
        roman = f"{anyascii(last)} {anyascii(first)}"
        return roman if dice.random() < 0.5 else " ".join(reversed(roman.split(" ", 1)))
    if not f"{first}{last}".isascii() and dice.random() < 0.5:
        first, last = anyascii(first), anyascii(last)
        if dice.random() < 0.4:
            first, last = _other_roman(first), _other_roman(last)
    chance = dice.random()
    if chance < 0.08:
        last = _slip(last, dice)
    elif chance < 0.12:
        first = _slip(first, dice)
    elif chance < 0.17:
        first = f"{first[0]}."
    return f"{last}, {first}" if dice.random() < 0.06 else f"{first} {last}"


def _slip(word: str, dice: random.Random) -> str:
    at = dice.randrange(1, max(2, len(word) - 1))
    before, after = word[:at], word[at:]
    swapped = f"{before[:-1]}{after[0]}{before[-1]}{after[1:]}"
    return dice.choice((before + after[1:], before + after[0] + after, swapped))


def _other_roman(word: str) -> str:
    lower = word.casefold()
    for ours, theirs in _OTHER_ROMAN:
        lower = lower.replace(ours, theirs)
    return lower.capitalize()


def _plain(word: str) -> str:
    return "".join(char for char in anyascii(word).casefold() if char.isalpha())


def _mail(first: str, last: str, number: int, dice: random.Random) -> str:
    form = dice.choice(("{f}.{l}{n}", "{f}{l}{n}", "{l}.{f}{n}", "{i}{l}{n}", "{f}{n}"))
    # Some have one number in all their addresses, some another in each, and some none.
    digits = dice.choice((str(number % 1000), str(dice.randrange(1950, 2010)), ""))
    local = form.format(f=_plain(first), l=_plain(last), i=_plain(first)[:1], n=digits)
    mail = f"{local}@{dice.choice(_HOSTS)}"
    return mail if _TAKEN.setdefault(mail, number) == number else f"{local}.{number}@{mail.partition('@')[2]}"


def _phone(dice: random.Random) -> str:
    return f"+4479{dice.randrange(10**8):08d}"


def _dialled(phone: str | None, dice: random.Random) -> str | None:
    if phone is None:
        return None
    return dice.choice((phone, f"0{phone[3:]}", f"{phone[:3]} {phone[3:7]} {phone[7:]}"))


def _home(dice: random.Random) -> str:
    town = dice.randrange(100, 999)
    return f"{dice.choice(_STREETS)} Street {dice.randrange(1, 200)}, {town}{dice.randrange(10):d} Newtown"


def _typed(place: str, dice: random.Random) -> str:
    return place.replace("Street", "St.") if dice.random() < 0.3 else place
