"""Whether a message comes from whom it says: what our own border found out about it, and nothing else. Pure.

Called by `message`. Only the topmost Authentication-Results of a trusted host counts, and only where no server outside
has written above it (RFC 8601, section 5): everything below is text that a sender can type.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum

import msgspec

from adapters.imap.addresses import Address, canonical
from adapters.imap.headers import Headers

_BY = re.compile(r"\bby\s+([\w.:\[\]-]+)", re.IGNORECASE)
_FIRST_WORD = re.compile(r"[^\s;=]+")
_RESULT = re.compile(r"\s*([A-Za-z][\w-]*)(?:\s*/\s*\d+)?\s*=\s*([A-Za-z]+)(.*)", re.DOTALL)
_PROPERTY = re.compile(r"(?:^|\s)([A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)?)\s*=\s*(\"[^\"]*\"|[^\s;]+)")


class Trust(StrEnum):
    """How far the sender's address may be believed."""

    VERIFIED = "verified"  # DMARC passed for the domain in From
    PLAUSIBLE = "plausible"  # SPF or DKIM passed, but for nothing that binds From
    UNVERIFIED = "unverified"  # nothing known
    FAILED = "failed"  # the border says that From is forged, or may well be


class Authentication(msgspec.Struct, frozen=True):
    """The trust in From, why, and what the border found ("pass", "fail", "none"…, "" where it says nothing)."""

    level: Trust
    reason: str
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""


class _Result(msgspec.Struct, frozen=True):
    method: str
    result: str
    properties: dict[str, str]


def authentication(headers: Headers, senders: Sequence[Address], trusted: Collection[str]) -> Authentication:
    """What the border whose ids are `trusted` found out about a message from `senders`."""
    value = _border_says(headers, frozenset(host.lower().rstrip(".") for host in trusted))
    if value is None:
        return Authentication(Trust.UNVERIFIED, "no result of a trusted host")
    results = list(_results(value))
    found = {method: _best(results, method) for method in ("spf", "dkim", "dmarc", "compauth")}
    level, reason = _level(found, senders)
    return Authentication(level, reason, **{name: _said(found[name]) for name in ("spf", "dkim", "dmarc")})


def _border_says(headers: Headers, trusted: frozenset[str]) -> str | None:
    """The topmost result of a trusted host, where nobody outside the border has written above it."""
    for name, value in headers.ordered[: _border(headers, trusted)]:
        if name == "authentication-results":
            host, results = _host(value)
            if host in trusted:
                return results
    return None


def _border(headers: Headers, trusted: frozenset[str]) -> int:
    """Where what others wrote begins: at the first Received below that of a trusted host, which may have hops of ours
    above it; at the very first Received, where no server calls itself by a trusted name."""
    inside: list[tuple[int, bool]] = []
    for at, (name, value) in enumerate(headers.ordered):
        if name == "received":
            by = _BY.search(_uncommented(value))
            inside.append((at, by is not None and _is_inside(by[1].lower().rstrip("."), trusted)))
    entered = next((number for number, (_, ours) in enumerate(inside) if ours), 0)
    return next((at for at, ours in inside[entered:] if not ours), len(headers.ordered))


def _is_inside(host: str, trusted: frozenset[str]) -> bool:
    return any(host == name or host.endswith("." + name) for name in trusted)


def _host(value: str) -> tuple[str, str]:
    """The id of the host that writes, and its results."""
    text = _uncommented(" ".join(value.split()))
    head, _, rest = text.partition(";")
    word = _FIRST_WORD.match(head.strip())
    if "=" in head:  # Microsoft leaves out its name in some hops
        return "", text
    return (word[0].lower().strip('"').rstrip(".") if word else ""), rest


def signer(headers: Headers) -> str:
    """Who wrote the topmost result, whether or not they are trusted; "" where nobody says."""
    return next((_host(value)[0] for value in headers.every("authentication-results")), "")


def _uncommented(value: str) -> str:
    """`value` without its comments, which nest and may hold anything."""
    if "(" not in value:
        return value
    kept, depth, quoted, escaped = [], 0, False, False
    for character in value:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
        elif character == "(" and not quoted:
            depth += 1
        if not depth:
            kept.append(character)
        elif character == ")" and not escaped:
            depth -= 1
    return "".join(kept)


def _results(text: str) -> Iterator[_Result]:
    for part in text.split(";"):
        found = _RESULT.match(part)
        if found:
            properties = {name.lower(): value.strip('"').lower() for name, value in _PROPERTY.findall(found[3])}
            yield _Result(found[1].lower(), found[2].lower(), properties)


def _best(results: list[_Result], method: str) -> _Result | None:
    """One signature that holds is enough; of the other methods there is one result."""
    mine = [result for result in results if result.method == method]
    return next((result for result in mine if result.result == "pass"), mine[0] if mine else None)


def _said(result: _Result | None) -> str:
    return result.result if result else ""


def _level(found: dict[str, _Result | None], senders: Sequence[Address]) -> tuple[Trust, str]:
    dmarc, compauth = found["dmarc"], found["compauth"]
    if _said(dmarc) == "fail" or _said(compauth) == "fail":
        return Trust.FAILED, "DMARC failed" if _said(dmarc) == "fail" else "compauth failed"
    if len(senders) != 1 or not senders[0].domain:
        return Trust.UNVERIFIED, "From does not name exactly one address"
    if dmarc is not None and dmarc.result == "pass":
        claimed = dmarc.properties.get("header.from", "").rpartition("@")[2].rstrip(".")
        if claimed and claimed == canonical(senders[0].address).rpartition("@")[2]:
            return Trust.VERIFIED, "DMARC passed"
        return Trust.PLAUSIBLE, "DMARC passed, but it does not say for this domain"
    for name in ("dkim", "spf", "compauth"):
        if _said(found[name]) == "pass":
            return Trust.PLAUSIBLE, f"{name.upper()} passed, without DMARC"
    return Trust.UNVERIFIED, "nothing passed"
