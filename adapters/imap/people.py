"""Who wrote a mail, as far as that may be believed: names for actors in a timeline, and who may join a thread. Pure.

An address is a claim. What it is worth travels with it: an address that our border vouches for is the person; one that
nobody vouches for is told apart from it, and one that is known to be forged stands for nobody. Used by `threading` and
`records`.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from adapters.imap.addresses import canonical, same_person_as
from adapters.imap.authentication import Trust
from adapters.imap.message import Message

BELIEVED = frozenset({Trust.VERIFIED, Trust.PLAUSIBLE})
CLAIMED = "unverified:"


class Writer(msgspec.Struct, frozen=True):
    """The person who wrote a mail: the address ("" where there is none to speak of), the name they give themselves, and
    how far the address may be believed."""

    address: str
    name: str
    trust: Trust


def actor(address: str, trust: Trust) -> str | None:
    """How a timeline names the sender: the address where it is believed, marked where it is only claimed, None where
    it is forged or missing."""
    if not address or trust is Trust.FAILED:
        return None
    return canonical(address) if trust in BELIEVED else CLAIMED + canonical(address)


def writer_of(message: Message, own: Collection[str]) -> Writer:
    """Who wrote `message`: the one in From; nobody where there is none or several.

    A form on our own site writes from an address of ours and names the person in Reply-To. That is a claim as well.
    """
    if len(message.sender) != 1:
        return Writer("", "", Trust.UNVERIFIED)
    sender = message.sender[0]
    if same_person_as(sender.address, own) and message.reply_to:
        return Writer(message.reply_to[0].address, message.reply_to[0].name, Trust.UNVERIFIED)
    return Writer(sender.address, sender.name, message.authentication.level)


def acquainted(who: str | None, people: Collection[str]) -> bool:
    """Whether `who` (see `actor`) is among the `people` of a ticket.

    Whoever was only claimed may come back as claimed, or as believed; whoever was believed has to be believed again.
    """
    if who is None:
        return False
    return who in people or (not who.startswith(CLAIMED) and CLAIMED + who in people)
