"""Who may be the same person although no key says so: candidates by likeness, and how likely they are; pure.

What comes out is a proposal and nothing else: a human decides. `blocks` are what two identities of one person are
likely to have in common in spite of slips, other scripts and other addresses; `near` says whom these find, and those
are compared: as few in a city as in a village, for what many have in common finds nobody. `weigh` adds up evidence for
and against as natural log odds, after Fellegi and Sunter (1969); the weights are set by hand and measured on a
generated city (docs/engineers/people.md). Called by `sync.knowing`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec

from connector.people.identity import FINDING, MAIL, PHONE, Identity
from connector.people.japanese import in_characters, in_kana, spellings
from connector.people.names import Fit, fit, likeness, sound, weakest, words

# From these log odds on, a pair is worth a human's look.
PROPOSED_FROM = 6.0
# More of them for one identity would be read by nobody.
MOST_FOR_ONE = 5
# A block of more is a company, a switchboard or a common name, which finds nobody.
MOST_OF_ONE_BLOCK = 25
# With more of them, those who have the least in common are not compared: the work for one is bounded.
MOST_COMPARED = 40
# A name that no more persons bear than these two is evidence by itself.
RARE = 2
_LETTERS = re.compile(r"[a-z]+")
_NUMBERED = re.compile(r"[a-z]*[0-9][a-z0-9]*")
_IN_FULL, _RUN_TOGETHER, _MAILBOX_NAME, _PHONE_END, _HOME = "~f:", "~j:", "~a:", "~p:", "~w:"
# Under what somebody is found by name, address, phone and home; other keys are numbers.
_NO_NUMBERS = frozenset((
    *(each.rstrip(":") for each in (_IN_FULL, _RUN_TOGETHER, _MAILBOX_NAME, _PHONE_END, _HOME)),
    MAIL, PHONE, f"{FINDING}{MAIL}", f"{FINDING}{PHONE}",
))  # fmt: skip
SHORTEST_LOCAL = 5
PHONE_DIGITS = 8


class Likely(msgspec.Struct, frozen=True):
    """A pair that may be one person: the other's id, log odds, and the evidence in words."""

    other: int
    score: float
    why: str


def blocks(one: Identity, claimed: Iterable[str] = ()) -> frozenset[str]:
    """Under what an identity is to be found by those who are like it. `claimed` are numbers it only names. A shared
    address finds nobody. A part of a name is no block: whom nothing else finds is hardly ever the same person."""
    keys = (f"{FINDING}{key}" for key in (*one.keys, *claimed) if not key.startswith(FINDING))
    return frozenset((*full_names(one.name or ""), *_by_address(one), *keys))


@lru_cache(maxsize=65_536)
def full_names(name: str) -> tuple[str, ...]:
    """The blocks of a name of at least two words: how its longest words sound, in any order, and all of them run
    together, for "Zhao LiHua", "Li Hua Zhao" and "Lihua, Zhao" are written with spaces where it pleases."""
    return tuple(dict.fromkeys(block for spelling in spellings(name) for block in _spelt_so(spelling)))


def _spelt_so(name: str) -> Iterator[str]:
    parts = [word for word in words(name) if len(word) > 1]
    joined = "".join(parts)
    if len(parts) > 1:
        longest = sorted(parts, key=lambda word: (-len(word), word))[:3]
        yield f"{_IN_FULL}{'/'.join(sorted(sound(word) or word for word in longest))}"
    if len(parts) > 1 or in_kana(name):
        # Whichever word comes first, the same letters follow each other in a ring, which is read from one place.
        yield f"{_RUN_TOGETHER}{min(joined[at:] + joined[:at] for at in range(len(joined)))}"


def _by_address(one: Identity) -> Iterator[str]:
    if one.address and not one.shared:
        yield f"{FINDING}{MAIL}:{one.address.strip().casefold()}"
        local = _local(one.address)
        parts = _LETTERS.findall(local)
        if len("".join(parts)) >= SHORTEST_LOCAL:
            yield f"{_MAILBOX_NAME}{''.join(sorted(parts))}{re.sub(r'[^0-9]', '', local)}"
    digits = re.sub(r"[^0-9]", "", one.phone or "")
    if len(digits) >= PHONE_DIGITS:
        yield f"{_PHONE_END}{digits[-PHONE_DIGITS:]}"
    if place := _place(one.place):
        yield f"{_HOME}{place}"


def near(
    one: int, found_under: Collection[str], sharing: Mapping[str, Collection[int]], whose: Mapping[int, int]
) -> tuple[list[int], frozenset[str]]:
    """Whom this identity is worth comparing with, those with the most blocks in common first; and which of its names
    are common. `sharing` is who is found under each block, `whose` the person of each of these where they are no more
    than MOST_OF_ONE_BLOCK: one person with many accounts makes no name common, and a common name finds nobody."""
    found: Counter[int] = Counter()
    smallest: dict[int, int] = {}
    common = set()
    for key in found_under:
        members = sharing[key]
        named, few = key.startswith((_IN_FULL, _RUN_TOGETHER)), len(members) <= MOST_OF_ONE_BLOCK
        if named and not (few and len({whose[each] for each in members}) <= RARE):
            common.add(key)
        elif few:
            for each in members:
                found[each] += 1
                smallest[each] = min(len(members), smallest.get(each, len(members)))
    others = [each for each in found if whose[each] != whose[one]]
    others.sort(key=lambda each: (-found[each], smallest[each], each))
    return others[:MOST_COMPARED], frozenset(common)


def _local(address: str | None) -> str:
    """The part of an address before the @, without what stands behind a plus."""
    return (address or "").casefold().rpartition("@")[0].partition("+")[0]


def _place(place: str | None) -> str:
    """What tells a postal address from others whatever its words: its numbers, "12, 1000-001 Lisboa" as "1000001/12";
    "" where there are fewer than two, for a code or a house number alone is a whole quarter's."""
    found = sorted(_numbers(place or ""))
    return "/".join(found[:4]) if len(found) > 1 else ""


def _numbers(place: str) -> set[str]:
    return set(_NUMBERED.findall(place.casefold().replace("-", "")))


def weigh(one: Identity, other: Identity, *, rare: bool, single: frozenset[str]) -> Likely:
    """How likely these two are one person. `rare`: few others are called like that."""
    names = list(_of_names(one, other, rare=rare))
    home = [*_of_addresses(one, other), *_of_phones(one, other), *_of_places(one, other)]
    found = [*names, *home, *_of_numbers(one, other, single)]
    score = sum(weight for weight, _ in found)
    if any(weight <= OTHER_NAME for weight, _ in names):
        # Whoever lives together shares mailbox, phone and place: three times the same reason.
        score -= max(0.0, sum(weight for weight, _ in home) - HOUSEHOLD)
    return Likely(other.id, round(score, 1), "; ".join(words for _, words in found if words))


# Log odds for names at least so alike, both in full.
_NAMES = ((0.97, 5.0), (0.9, 4.0), (0.8, 2.5))
OTHER_NAME = -4.0
# Words less alike than that are two words, not one with a slip.
OTHER_WORD = 0.7
# The most that mailbox, phone and place together say for two people of different names.
HOUSEHOLD = 5.0


def _of_names(one: Identity, other: Identity, *, rare: bool) -> Iterator[tuple[float, str]]:
    ours, theirs = words(one.name or ""), words(other.name or "")
    if not ours or not theirs:
        return
    alike, full = likeness(one.name, other.name), min(len(ours), len(theirs)) > 1
    worth = next((weight for least, weight in _NAMES if alike >= least), 0.0)
    how = fit(one.name, other.name)
    if how is Fit.NO and full and weakest(one.name, other.name) < OTHER_WORD and alike < _NAMES[0][0]:
        # One surname and two first names are a family; one first name and two surnames may be a wedding.
        yield (
            (1.5, "the same first name") if _sounds_alike(_first(one), _first(other)) else (OTHER_NAME, "another name")
        )
    elif worth:
        yield (worth if full else worth / 2), "the same name" if alike >= _NAMES[0][0] else "a name like that"
        if rare and full:
            yield 1.0, "which nobody else bears"
    elif how is not Fit.NO:
        yield 2.5, "a name that fits"
    elif weakest(one.name, other.name) >= OTHER_WORD:
        yield 1.0, "a name that may be the same"  # an initial and a slip, or two romanisations of one name
    else:
        yield OTHER_NAME, "another name"


def _first(one: Identity) -> str:
    written, *_ = spellings(one.name or "")
    parts = words(written)
    return "".join(parts[1:]) if in_characters(written) else parts[0]


def _sounds_alike(one: str, other: str) -> bool:
    return one == other or (len(sound(one)) > 1 and sound(one) == sound(other))


def _of_addresses(one: Identity, other: Identity) -> Iterator[tuple[float, str]]:
    ours, theirs = (each.address.casefold() if each.address and not each.shared else "" for each in (one, other))
    if not ours or not theirs:
        return
    if ours == theirs:
        yield 5.0, "the same mail address"
        return
    local, other_local = _local(ours), _local(theirs)
    letters, other_letters = (sorted(_LETTERS.findall(each)) for each in (local, other_local))
    digits, other_digits = (re.sub(r"[^0-9]", "", each) for each in (local, other_local))
    if not letters or not other_letters:
        return
    same_digits = digits == other_digits
    if letters == other_letters and len("".join(letters)) >= SHORTEST_LOCAL:
        if same_digits:
            yield 4.0, "the same name at another mail domain"
        return
    from rapidfuzz import fuzz

    alike = fuzz.ratio("".join(letters), "".join(other_letters))
    if same_digits and len(digits) > 1 and alike >= 60:
        yield 3.0, "a mail address like that, with the same number"
    elif same_digits and alike >= 85:
        yield 2.0, "a mail address like that"


def _of_phones(one: Identity, other: Identity) -> Iterator[tuple[float, str]]:
    ours, theirs = (re.sub(r"\D", "", each.phone or "") for each in (one, other))
    if len(ours) < PHONE_DIGITS or len(theirs) < PHONE_DIGITS:
        return
    if ours[-PHONE_DIGITS:] == theirs[-PHONE_DIGITS:]:
        yield 5.0, "the same phone"
    else:
        yield -0.5, ""


def _of_places(one: Identity, other: Identity) -> Iterator[tuple[float, str]]:
    if not one.place or not other.place:
        return
    ours, theirs = (" ".join(words(each.replace(",", " "))) for each in (one.place, other.place))
    numbers, other_numbers = (
        set(_NUMBERED.findall(each.casefold().replace("-", ""))) for each in (one.place, other.place)
    )
    from rapidfuzz import fuzz

    alike = fuzz.token_set_ratio(ours, theirs)
    if numbers == other_numbers and alike >= 75:
        yield 4.0, "the same postal address"
    elif numbers & other_numbers and alike >= 85:
        yield 1.5, "a postal address like that"
    else:
        yield -0.5, ""


def _of_numbers(one: Identity, other: Identity, single: frozenset[str]) -> Iterator[tuple[float, str]]:
    plain = [_numbers_in(each.keys) for each in (one, other)]
    for key in sorted(plain[0] & plain[1]):
        yield 5.0, f"the same {key.partition(':')[0].replace('_', ' ')}"
    for kind in single:
        ours, theirs = ({key for key in each if key.startswith(f"{kind}:")} for each in plain)
        if ours and theirs and not ours & theirs:
            yield -2.0, f"two numbers ({kind.replace('_', ' ')})"


@lru_cache(maxsize=1024)
def _numbers_in(keys: frozenset[str]) -> frozenset[str]:
    return frozenset(key.lstrip(FINDING) for key in keys if key.partition(":")[0] not in _NO_NUMBERS)


def proposals(
    one: Identity, candidates: Sequence[Identity], common: frozenset[str], single: frozenset[str]
) -> list[Likely]:
    """The candidates worth a human's look, the most likely first. `common` are the names that many bear."""
    found = [
        weigh(one, each, rare=common.isdisjoint(full_names(each.name or "")), single=single)
        for each in candidates
        if each.id != one.id
    ]
    likely = sorted((each for each in found if each.score >= PROPOSED_FROM), key=lambda each: (-each.score, each.other))
    return likely[:MOST_FOR_ONE]
