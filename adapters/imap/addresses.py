"""People in a header: From, To and their like to names and addresses. Pure; never raises; linear.

Called by `message`. Addresses are split first and decoded afterwards, since an encoded name may hold commas. A name is
never read as an address: `"boss@example.com" <x@evil.example>` is x@evil.example, whatever it calls itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from adapters.imap.headers import as_bytes, tidy, unencoded

MOST_ADDRESSES = 200
LONGEST_ADDRESS = 320
_PIECES = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[()<>,;:\[\]]|[^"\\()<>,;:\[\]]+|["\\]', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_BARE = re.compile(r"(?<![^\s<>()\[\],;:\"])[^\s<>()\[\],;:\"@]+@[^\s<>()\[\],;:\"]+")


class Address(msgspec.Struct, frozen=True):
    """A mailbox. `name` is "" where none is given; `address` has its domain in lower case and may lack one."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """The domain in lower case, "" where there is none."""
        return self.address.rpartition("@")[2] if "@" in self.address else ""


class _Mailbox:
    """What has been read of one mailbox so far."""

    __slots__ = ("angle", "comment", "words")

    def __init__(self) -> None:
        self.words: list[str] = []
        self.angle: list[str] | None = None
        self.comment: list[str] = []


def addresses(values: Iterable[str], most: int = MOST_ADDRESSES) -> tuple[Address, ...]:
    """The mailboxes of header values, at most `most`; groups are opened, and what names nobody is left out."""
    found: list[Address] = []
    for value in values:
        for mailbox in _mailboxes(value):
            address = _address(mailbox)
            if address is not None:
                found.append(address)
                if len(found) == most:
                    return tuple(found)
    return tuple(found)


def _mailboxes(value: str) -> Iterator[_Mailbox]:
    box, depth, in_angle, in_literal = _Mailbox(), 0, False, False
    for piece in _PIECES.findall(value):
        if depth:
            depth += (piece == "(") - (piece == ")")
            if depth:
                box.comment.append(piece)
        elif piece == "(":
            depth = 1
        elif piece == "<" and box.angle is None:
            in_angle, box.angle = True, []
        elif piece == ">":
            in_angle = False
        elif in_angle and box.angle is not None and (piece != "," or not _has_at(box.angle)):
            box.angle.append(piece)
        elif piece in ",;" or (piece == ":" and not in_literal and not _has_at(box.words)):
            if piece != ":":
                yield box
            box, in_angle = _Mailbox(), False
        else:
            in_literal = (in_literal or piece == "[") and piece != "]"
            box.words.append(piece)
    yield box


def _has_at(pieces: list[str]) -> bool:
    return any("@" in piece for piece in pieces)


def _address(box: _Mailbox) -> Address | None:
    words = "".join(box.words).strip()
    comment = "".join(box.comment).strip()
    if box.angle is not None:
        address = _spec("".join(box.angle))
        if not address:  # "Name x@y.example <>": the address stands where the name should
            bare = _BARE.search(words)
            return Address("", _spec(bare[0])) if bare else Address(name, "") if (name := _name(words)) else None
        return Address(_name(words) or _name(comment), address)
    bare = _BARE.search(words)
    if bare and " " in words and not words.startswith('"'):
        return Address(_name(words.replace(bare[0], " ")) or _name(comment), _spec(bare[0]))
    address = _spec(words)
    return Address(_name(comment), address) if address else None


def _spec(text: str) -> str:
    """An address without the spaces, brackets and routes (`@a,@b:c@d`) that senders leave in it."""
    text = tidy(_decoded(text)).strip("<>[] \t'")
    if text.lower().startswith("mailto:"):
        text = text[7:]
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    local, at, domain = "".join(text.split()).rpartition("@")
    if local.startswith('"') and local.endswith('"') and len(local) > 1:
        inner = _QUOTED_PAIR.sub(r"\1", local[1:-1])
        local = inner if re.fullmatch(r"[\w.+-]+", inner) else local
    return (f"{local}{at}{domain.lower().rstrip('.')}")[:LONGEST_ADDRESS]


def _name(text: str) -> str:
    quoted = text.strip()
    if len(quoted) > 1 and quoted[0] == quoted[-1] == '"':
        quoted = quoted[1:-1]
    quoted = _QUOTED_PAIR.sub(r"\1", quoted.replace('"', "") if '\\"' not in quoted else quoted)
    name = tidy(_decoded(quoted))
    while len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return name


def _decoded(text: str) -> str:
    return unencoded(text) if "=?" in text or not text.isascii() else text


def canonical(address: str) -> str:
    """`address` as it is compared: lower case, its domain in the form in which the net knows it (IDNA)."""
    local, at, domain = address.lower().rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            domain = as_bytes(domain).decode("utf-8", "replace")
    return f"{local}{at}{domain}"


def same_person_as(address: str, own: Iterable[str]) -> bool:
    """Whether `address` is one of `own`, or a plus form of one (`support+a1@…`)."""
    local, _, domain = canonical(address).rpartition("@")
    return any(canonical(mine) in (f"{local}@{domain}", f"{local.partition('+')[0]}@{domain}") for mine in own)
