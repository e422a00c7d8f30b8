"""By what a person is known: the keys of one identity, and who is nobody in particular; pure.

An identity is one account, or one mailbox and name, at one source: a `Complainant` under its key. A key is text of the
form "kind:value": "mail:kim@example.com", "phone:+351210000001", "customer_number:C-1042". `store.people` keeps the
keys, `linking` joins identities by them, `matching` compares the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from connector.model import Complainant, Complaint

MAIL, PHONE = "mail", "phone"
# Marks, among the keys of an identity, what only finds those who are like it; it proves nothing.
FINDING = "~"
_GROUP = re.compile(r"(?<!\\)\((?!\?)")
# Whoever a mailbox does not vouch for is known by nothing: a forged sender would be somebody else.
UNTRUSTED = frozenset({"unverified", "failed"})


class Number(msgspec.Struct, frozen=True):
    """A number that customers have: where it stands (complaint fields), and how it looks (a regular expression; None:
    whatever stands there). `single`: no person has two of them. `said`: also search subject and text, which proves
    nothing, but is worth a proposal."""

    name: str
    fields: tuple[str, ...]
    pattern: str | None = None
    single: bool = False
    said: bool = False


class Identifying(msgspec.Struct, frozen=True):
    """How people are told apart, as people.yaml says.

    `country` (ISO 3166-1) is whose phone numbers are written without a prefix; None: such numbers say nothing.
    `shared` holds local parts of addresses that nobody has alone ("info"), and whole addresses; `staff` domains whose
    people write for customers. `place` names the fields of a postal address.
    """

    country: str | None = None
    numbers: tuple[Number, ...] = ()
    shared: frozenset[str] = frozenset()
    staff: frozenset[str] = frozenset()
    place: tuple[str, ...] = ()

    @property
    def single(self) -> frozenset[str]:
        """The kinds of number of which nobody has two."""
        return frozenset(number.name for number in self.numbers if number.single)


class Identity(msgspec.Struct, frozen=True):
    """One identity as the store holds it. `keys` are all it is known by; `place` is its postal address as text."""

    id: int
    key: str
    name: str | None = None
    address: str | None = None
    phone: str | None = None
    verified: bool = False
    shared: bool = False
    place: str | None = None
    keys: frozenset[str] = frozenset()

    @property
    def source(self) -> str:
        return self.key.partition(":")[0]


def nobodys(person: Complainant, rules: Identifying) -> bool:
    """Whether an address belongs to nobody in particular: a role's, a shared one's, or one of our own people's."""
    address = _address(person.address)
    if address is None:
        return False
    local, _, domain = address.rpartition("@")
    return (
        local.partition("+")[0] in rules.shared
        or address in rules.shared
        or any(domain == ours or domain.endswith(f".{ours}") for ours in rules.staff)
    )


def keys_of(person: Complainant, numbers: Iterable[str], rules: Identifying) -> frozenset[str]:
    """What an identity is known by. `numbers` are those of its complaint (`numbers_of`). Nothing for whoever is not
    trusted, and for an address that is nobody's."""
    if person.trust in UNTRUSTED or nobodys(person, rules):
        return frozenset()
    found = set(numbers)
    address = _address(person.address)
    if person.verified and address is not None:
        found.add(f"{MAIL}:{address}")
    if person.phone and (number := e164(person.phone, rules.country)):
        found.add(f"{PHONE}:{number}")
    return frozenset(found)


def _address(text: str | None) -> str | None:
    folded = text.strip().casefold() if text else ""
    return folded if "@" in folded else None


@lru_cache(maxsize=4096)
def e164(text: str, country: str | None) -> str | None:
    """A phone number in the form of E.164 ("+351210000001"), or None where it is none that can exist."""
    import phonenumbers  # half a megabyte of numbering plans, for whoever has a phone number

    try:
        number = phonenumbers.parse(text[:50], country)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def numbers_of(complaint: Complaint, rules: Identifying) -> tuple[str, ...]:
    """The numbers in the fields of a complaint, as keys."""
    return tuple(
        key
        for number in rules.numbers
        for field in number.fields
        if (value := _value(complaint, field)) and (key := _key(number, value)) is not None
    )


def said_numbers(complaint: Complaint, rules: Identifying) -> tuple[str, ...]:
    """The numbers that a customer only names in their words, as keys; where the settings say to search for them."""
    words = f"{complaint.subject}\n{complaint.text}"
    return tuple(
        dict.fromkeys(
            f"{number.name}:{_plain(found)}"
            for number in rules.numbers
            if number.said and number.pattern
            for found in _compiled(number.pattern).findall(words)
        )
    )


def _key(number: Number, value: str) -> str | None:
    if number.pattern is not None:
        found = _compiled(number.pattern).search(value)
        if found is None:
            return None
        value = found[0]
    return f"{number.name}:{_plain(value)}"


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern with its own groups taken as no groups, and bounded by what is no letter or digit."""
    ungrouped = _GROUP.sub("(?:", pattern)
    return re.compile(f"(?<![A-Za-z0-9])(?:{ungrouped})(?![A-Za-z0-9])", re.IGNORECASE)


def _plain(value: str) -> str:
    return "".join(value.split()).upper()


def place_of(complaint: Complaint, rules: Identifying) -> str | None:
    """The postal address that the fields of a complaint name, as one text; None where there is none."""
    parts = [value for field in rules.place if (value := _value(complaint, field))]
    return ", ".join(parts) or None


def _value(complaint: Complaint, field: str) -> str | None:
    if field == "order_number":
        return complaint.order_number
    extra: Mapping[str, object] = complaint.extra
    value = extra.get(field.removeprefix("extra."))
    return str(value).strip() or None if isinstance(value, str | int) and not isinstance(value, bool) else None
