"""The chain that holds the audit log together: each line's proof covers the line before it, so that one that was
altered, put in or taken out is found, with its place.

A line's detail may name a person. The proof covers its seal, a digest with a number of its own; when a person is
erased, detail and number go and the seal stays, so that the chain holds and tells nothing. Pure; used by `sources`,
which writes lines, by `backup`, which checks them, and by the migration that began the chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

START = "0" * 64


class Line(NamedTuple):
    """A row of the audit log as it is stored. `at` is microseconds since 1970 UTC; `detail` is JSON text, `nonce` the
    number that its seal was made with, both None once they were erased (or `detail` where there was none)."""

    id: int
    at: int
    who: str
    what: str
    source: str | None
    ticket: str | None
    detail: str | None
    nonce: str | None
    seal: str
    proof: str


def sealed(detail: str | None, nonce: str) -> str:
    """The digest that stands for a line's detail."""
    return hashlib.sha256(f"{nonce}\n{detail or ''}".encode()).hexdigest()


def proven(before: str, at: int, who: str, what: str, source: str | None, ticket: str | None, seal: str) -> str:
    """The proof of a line that follows the one whose proof is `before` (`START` for the first)."""
    return hashlib.sha256(msgspec.json.encode([before, at, who, what, source, ticket, seal])).hexdigest()


def breaks(lines: Iterable[Line], head: str | None, most: int = 5) -> list[str]:
    """What is wrong with the chain, oldest first, at most so many: one sentence each. `head` is "ID:PROOF" of the line
    that was written last, as the store or a person noted it; None where nobody did."""
    found: list[str] = []
    before, last, seen = START, None, head is None or head == f"0:{START}"
    for line in lines:
        seen = seen or head == f"{line.id}:{line.proof}"
        if line.proof != proven(before, line.at, line.who, line.what, line.source, line.ticket, line.seal):
            found.append(f"audit log: line {line.id} was altered, or what stood before it was")
        elif line.nonce is not None and line.seal != sealed(line.detail, line.nonce):
            found.append(f"audit log: the detail of line {line.id} was altered")
        elif line.nonce is None and line.detail is not None:
            found.append(f"audit log: line {line.id} was given a detail after it was erased")
        before, last = line.proof, line.id
        if len(found) == most:
            return found
    if not seen:
        found.append(f"audit log: what follows line {last or 0} was taken out")
    return found
