"""Who may be the same person although no key says so: candidates by likeness, and how likely they are; pure.

What comes out is a proposal and nothing else: a human decides. `blocks` are what two identities of one person are
likely to have in common in spite of slips, other scripts and other addresses; whoever shares one is compared. `weigh`
adds up evidence for and against as natural log odds, after Fellegi and Sunter (1969); the weights are set by hand and
measured on a generated city (docs/engineers/people.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from connector.people.identity import FINDING, MAIL, PHONE, Identity
from connector.people.names import likeness, sound, words

# From these log odds on, a pair is worth a human's look.
PROPOSED_FROM = 6.0
# More of them for one identity would be read by nobody.
MOST_FOR_ONE = 5
# A block of more is a common name, which finds nobody.
MOST_OF_ONE_BLOCK = 60
# A name that so few bear is evidence by itself.
RARE = 3
_LETTERS = re.compile(r"[a-z]+")
_NUMBERED = re.compile(r"[a-z]*[0-9][a-z0-9]*")
FULL_NAME = "~f:"
_NO_NUMBERS = frozenset(("~n", "~f", "~l", "~a", "~p", "~w", MAIL, PHONE, f"~{MAIL}", f"~{PHONE}"))
SHORTEST_LOCAL = 5
PHONE_DIGITS = 8


class Likely(msgspec.Struct, frozen=True):
    """A pair that may be one person: the other's id, log odds, and the evidence in words."""

    other: int
    score: float
    why: str


def blocks(one: Identity, claimed: Iterable[str] = ()) -> frozenset[str]:
    """Under what an identity is to be found by those who are like it. `claimed` are numbers it only names. Nothing for
    a shared address."""
    if one.shared:
        return frozenset()
    return frozenset((*_by_name(one), *_by_address(one), *(f"~{key}" for key in (*one.keys, *claimed))))


def _by_name(one: Identity) -> Iterator[str]:
    parts = sorted(words(one.name or ""), key=lambda word: (-len(word), word))[:3]
    heard = [(sound(word) or word, word) for word in parts if len(word) > 1]
    place = _place(one.place)
    for index, (sounds, _) in enumerate(heard):
        if place:
            yield f"~l:{place}/{sounds}"
        for other, (_, word) in enumerate(heard):
            if other != index:
                yield f"~n:{sounds}/{word[0]}"
    if len(heard) > 1:
        yield f"{FULL_NAME}{'/'.join(sorted(sounds for sounds, _ in heard))}"


def _by_address(one: Identity) -> Iterator[str]:
    parts = _local(one.address)
    whole = "".join(parts)
    if len(whole) >= SHORTEST_LOCAL:
        yield f"~a:{''.join(sorted(parts))}"
        if len(parts) > 1:
            yield f"~a:{''.join(sorted(map(sound, parts)))}~"
    digits = re.sub(r"\D", "", one.phone or "")
    if len(digits) >= PHONE_DIGITS:
        yield f"~p:{digits[-PHONE_DIGITS:]}"
    if place := _place(one.place):
        yield f"~w:{place}"


def _local(address: str | None) -> list[str]:
    """The words of a mailbox's local part: "anna.smith+shop77@…" is ["anna", "smith"]."""
    local = (address or "").casefold().rpartition("@")[0].partition("+")[0]
    return _LETTERS.findall(local)


def _place(place: str | None) -> str:
    """What tells a postal address from others whatever its words: its numbers, "12, 1000-001 Lisboa" as "1000001/12";
    "" where there are fewer than two, for a code or a house number alone is a whole quarter's."""
    found = sorted(set(_NUMBERED.findall((place or "").casefold().replace("-", ""))))
    return "/".join(found[:4]) if len(found) > 1 else ""


def weigh(one: Identity, other: Identity, *, rare: bool, single: frozenset[str]) -> Likely:
    """How likely these two are one person. `rare`: few others are called like that."""
    found = [
        *_of_names(one, other, rare=rare),
        *_of_addresses(one, other),
        *_of_phones(one, other),
        *_of_places(one, other),
        *_of_numbers(one, other, single),
    ]
    why = "; ".join(words for _, words in found if words)
    return Likely(other.id, round(sum(weight for weight, _ in found), 1), why)


def _of_names(one: Identity, other: Identity, *, rare: bool) -> Iterator[tuple[float, str]]:
    ours, theirs = words(one.name or ""), words(other.name or "")
    if not ours or not theirs:
        return
    alike = likeness(one.name, other.name)
    full = min(len(ours), len(theirs)) > 1
    worth = next((weight for least, weight in _NAMES if alike >= least), -4.0)
    if worth > 0:
        worth = worth if full else worth / 2
        yield worth, "the same name" if alike >= _NAMES[0][0] else "a name like that"
        if rare and full and worth >= _NAMES[1][1]:
            yield 2.0, "which few bear"
    else:
        yield worth, "another name" if worth < 0 else ""
    shared = set(map(sound, ours)) & set(map(sound, theirs)) - {""}
    if full and worth <= 0 and shared:
        yield 1.5, f"but {'one word' if len(shared) == 1 else 'words'} of it"


_NAMES = ((0.97, 5.0), (0.9, 4.0), (0.8, 2.5), (0.65, 0.0))


def _of_addresses(one: Identity, other: Identity) -> Iterator[tuple[float, str]]:
    ours, theirs = (each.address.casefold() if each.address else "" for each in (one, other))
    if not ours or not theirs:
        return
    if ours == theirs:
        yield 5.0, "the same mail address"
        return
    local, other_local = sorted(_local(ours)), sorted(_local(theirs))
    if not local or not other_local:
        return
    from rapidfuzz import fuzz

    alike = fuzz.ratio(" ".join(local), " ".join(other_local))
    if local == other_local and len("".join(local)) >= SHORTEST_LOCAL:
        yield 3.5, "the same name at another mail domain"
    elif alike >= 85:
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
    from rapidfuzz import fuzz

    alike = fuzz.token_set_ratio(ours, theirs)
    if alike >= 90:
        yield 4.0, "the same postal address"
    elif alike >= 75:
        yield 2.5, "a postal address like that"
    else:
        yield -0.5, ""


def _of_numbers(one: Identity, other: Identity, single: frozenset[str]) -> Iterator[tuple[float, str]]:
    plain = [{key.lstrip(FINDING) for key in each.keys if _is_number(key)} for each in (one, other)]
    for key in sorted(plain[0] & plain[1]):
        yield 5.0, f"the same {key.partition(':')[0].replace('_', ' ')}"
    for kind in single:
        ours, theirs = ({key for key in each if key.startswith(f"{kind}:")} for each in plain)
        if ours and theirs and not ours & theirs:
            yield -2.0, f"two numbers ({kind.replace('_', ' ')})"


def _is_number(key: str) -> bool:
    return key.partition(":")[0] not in _NO_NUMBERS


def proposals(
    one: Identity, candidates: Sequence[Identity], common: frozenset[int], single: frozenset[str]
) -> list[Likely]:
    """The candidates worth a human's look, the most likely first. `common` are those whose name many bear."""
    found = [weigh(one, each, rare=each.id not in common, single=single) for each in candidates if each.id != one.id]
    likely = sorted((each for each in found if each.score >= PROPOSED_FROM), key=lambda each: (-each.score, each.other))
    return likely[:MOST_FOR_ONE]
