"""Signed words in our addresses and Message-IDs, by which an answer is told from a guess. Pure.

`composing` puts them in; reading takes them as the first evidence of a thread. A word names what it is about and proves
that we said so, nothing more: it never says who is writing. Lower-case letters, digits and "-" only, since mail servers
fold case; the proof is 80 bits of HMAC-SHA256, checked on our side alone, where guesses are slow.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode

import msgspec

from connector.errors import SettingsError

REPLY, UNSUBSCRIBE, SURVEY, LOOP = "reply", "unsubscribe", "survey", "loop"
MAC_LETTERS = 16
SHORTEST_SECRET = 16
LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
UNSUBSCRIBING = "u-"  # before the word in the address that takes a person off the surveys
_ID = re.compile(r"[a-z0-9]{1,4}")
_WORD = re.compile(r"([a-z0-9]{1,4})-([a-z0-9]{1,40}|am-[a-z2-7]{20})-([a-z2-7]{16})")
_IN_ADDRESS = re.compile(rf"(?:^|[+.<])({UNSUBSCRIBING})?({_WORD.pattern})(?=@)")
_IN_SUBJECT = re.compile(rf"(?:\w{{1,4}}: ?)*unsubscribe ({_WORD.pattern})")
_SURVEY_WORD = r"[a-z0-9]{1,4}-am-[a-z2-7]{20}-[a-z2-7]{16}"
_KEY = re.compile(rf"(?<![a-z0-9])(?:{_SURVEY_WORD}|(u-|unsubscribe(?: |%20)){_WORD.pattern})")
HIDDEN = "(our link)"
_REMEDY = "Set `reply_keys` to a name and a long random secret, such as k1:… ; a new one goes first, parted by a comma."


class Keys(msgspec.Struct, frozen=True):
    """Secrets by id, newest first: the first signs, all verify, so that a secret can be exchanged while answers to
    older mail still come in. Shows no secret."""

    pairs: tuple[tuple[str, bytes], ...] = ()

    def __repr__(self) -> str:
        return f"Keys({', '.join(name for name, _ in self.pairs)})"

    def __bool__(self) -> bool:
        return bool(self.pairs)


def parse(secret: str) -> Keys:
    """Keys from "k2:…, k1:…"; a single secret without an id is called "k". Raises SettingsError."""
    pairs = []
    for word in re.split(r"[\s,]+", secret.strip()):
        name, colon, value = word.partition(":")
        name, value = (name, value) if colon else ("k", name)
        if not _ID.fullmatch(name) or len(value) < SHORTEST_SECRET:
            raise SettingsError(
                f"a key of `reply_keys` has no id (1 to 4 of a-z, 0-9) or under {SHORTEST_SECRET} characters.",
                remedy=_REMEDY,
            )
        pairs.append((name, value.encode()))
    if len({name for name, _ in pairs}) < len(pairs):
        raise SettingsError("two keys of `reply_keys` have one id.", remedy=_REMEDY)
    return Keys(tuple(pairs))


def signed(keys: Keys, purpose: str, about: str) -> str:
    """The word about `about` (a ticket's id, a marker), good for `purpose` only; by the first of `keys`, which must
    hold one."""
    name, secret = keys.pairs[0]
    return f"{name}-{about}-{_mac(secret, purpose, about)}"


def each_signed(keys: Keys, purpose: str, about: str) -> tuple[str, ...]:
    """The word as each of `keys` signs it, newest first: what we may have said before a key was exchanged."""
    return tuple(signed(Keys((pair,)), purpose, about) for pair in keys.pairs)


def verified(keys: Keys, purpose: str, word: str) -> str | None:
    """What `word` is about, None where we never said it for this purpose."""
    found = _WORD.fullmatch(word.lower())
    if not found:
        return None
    name, about, mac = found.groups()
    secret = dict(keys.pairs).get(name)
    return about if secret is not None and hmac.compare_digest(mac, _mac(secret, purpose, about)) else None


def reply_ticket(keys: Keys, text: str) -> str | None:
    """The ticket that an address (plus form) or Message-ID of ours is about; None where we did not make it."""
    found = _IN_ADDRESS.search(text.lower())
    return None if found is None or found[1] else verified(keys, REPLY, found[2])


def unsubscribing(keys: Keys, text: str) -> str | None:
    """The ticket whose complainant wants no more surveys, by an address that they wrote to or the subject that our
    mail offers ("unsubscribe k1-…"); None where we did not make it."""
    found = _IN_ADDRESS.search(text.lower())
    if found and found[1]:
        return verified(keys, UNSUBSCRIBE, found[2])
    said = _IN_SUBJECT.fullmatch(text.strip().lower())
    return verified(keys, UNSUBSCRIBE, said[1]) if said else None


def without_keys(text: str) -> str:
    """`text`, in which a customer may quote a mail of ours, without the words by which a survey is answered or a person
    taken off them: whoever has such a word could do it in the customer's place."""
    return _KEY.sub(lambda found: f"{found[1] or ''}{HIDDEN}", text) if "-" in text else text


def plus(address: str, word: str) -> str | None:
    """`address` with `word` in its plus form, None where that is longer than an address may be."""
    local, _, domain = address.rpartition("@")
    whole = f"{local}+{word}"
    return f"{whole}@{domain}" if len(whole) <= LONGEST_LOCAL_PART else None


def loop_word(keys: Keys) -> str:
    """What our automatic mail carries, so that we know it when it comes round."""
    return signed(keys, LOOP, "amends") if keys else "amends"


def is_our_loop(keys: Keys, value: str) -> bool:
    """Whether a header says that we sent this mail: signed by us, or unsigned where we have no keys."""
    word = value.strip()
    return verified(keys, LOOP, word) == "amends" if keys else word == "amends"


def _mac(secret: bytes, purpose: str, about: str) -> str:
    digest = hmac.digest(secret, f"amends\0{purpose}\0{about}".encode(), "sha256")
    return b32encode(digest)[:MAC_LETTERS].decode().lower()
