"""Who may be sent mail by a machine, and who never. Pure; used by `writing` and by whoever acknowledges.

Rules of RFC 3834 and of what went wrong elsewhere: helpdesks that answered robots, flooded third parties whose address
was forged, or told customers what was meant for the staff.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from adapters.imap.addresses import canonical, same_person_as
from adapters.imap.robots import NO_REPLY, ROBOT

# Stricter than the standard: no quoting, no comments, no routes, so that an address can be nothing but an address.
_ADDRESS = re.compile(
    r"(?!-)[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)
_LONGEST = 254
_LISTS = re.compile(r"(?:listserv|majordomo|root|daemon|nobody)(?:[+._-].*)?|.*-(?:request|owner)", re.IGNORECASE)
VERIFIED = "verified"


class Correspondent(msgspec.Struct, frozen=True):
    """Who wrote the mail that we would answer, as far as that is known.

    `trust` is "verified", "plausible", "unverified" or "failed"; `automatic` the kind of automatic mail it was, None
    where a person wrote it; `silent` that it asks for no automatic answer all the same; `to_us` whether one of our
    addresses stands in To or Cc; `returns_to` the Return-Path ("" is the null path, None where none is known).
    """

    address: str
    trust: str
    automatic: str | None = None
    silent: bool = False
    to_us: bool = True
    returns_to: str | None = None


def mailable(address: str) -> str | None:
    """`address` as it may stand in an envelope and a header, its domain in ASCII; None where it may not."""
    plain = f"{address.rpartition('@')[0]}@{canonical(address).rpartition('@')[2]}"
    return plain if len(plain) <= _LONGEST and _ADDRESS.fullmatch(plain) and plain.index("@") <= 64 else None


def objection(who: Correspondent, own: Iterable[str]) -> str | None:
    """Why no machine may write to this person on its own account, None where it may."""
    address = mailable(who.address)
    if address is None:
        return "the complainant's address is none that mail can safely be sent to"
    if same_person_as(address, own):
        return "the complainant's address is our own"
    local = address.rpartition("@")[0]
    if any(pattern.fullmatch(local) for pattern in (ROBOT, NO_REPLY, _LISTS)):
        return "the complainant's address is a machine's"
    if who.automatic is not None:
        return f"the mail was automatic ({who.automatic})"
    if who.silent:
        return "the mail asks that no machine answers it"
    if who.trust != VERIFIED:
        return f"nobody vouches that the mail came from this address (it is {who.trust})"
    return None


def objection_to_answering(who: Correspondent, own: Iterable[str]) -> str | None:
    """Why this mail gets no automatic answer, None where it may: what `objection` says, and RFC 3834, section 2."""
    if who.returns_to == "":
        return "the mail has a null return path"
    if not who.to_us:
        return "the mail was not addressed to us"
    return objection(who, own)


def internal(notify_to: Iterable[str], own: Iterable[str], customer: str) -> tuple[str, ...]:
    """Those of `notify_to` who may be told what customers must not read: never an inbox that we read ourselves, and
    never the complainant, even one of our own people."""
    inboxes = tuple(own)
    found = (mailable(address) for address in notify_to)
    return tuple(
        address
        for address in dict.fromkeys(filter(None, found))
        if not same_person_as(address, inboxes)
        and not same_person_as(address, [customer])
        and not same_person_as(customer, [address])
    )
