"""Which ticket a mail belongs to, by evidence; and what is put aside for a person, or for nobody, instead. Pure.

The order of evidence: a word that we signed, the nearest known mail that it answers, the provider's own thread, and
last the ids themselves: the first of References names the thread, so that an answer finds its ticket whichever of the
two is read first. Evidence says what a mail is about, never who wrote it: somebody new in a known thread goes to review
and changes nothing. A subject is no evidence. Called by `desk`, for `pages` and `getting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from adapters.imap import composing
from adapters.imap.addresses import canonical
from adapters.imap.authentication import Trust
from adapters.imap.automatic import Kind
from adapters.imap.caps import person
from adapters.imap.evidence import Letter, first_name, names, print_name, thread_names, ticket_of
from adapters.imap.people import CLAIMED, acquainted
from adapters.imap.purposes import Purpose
from connector.adapter import Known


class Role(StrEnum):
    """What a mail is for its ticket: its beginning, a word of the customer's, an answer of our people's, our
    machine's word that it has come, a failed delivery."""

    FIRST = "first"
    CUSTOMER = "customer"
    STAFF = "staff"
    ACKNOWLEDGED = "acknowledged"
    BOUNCE = "bounce"


class Placed(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a mail belongs, and why (`evidence`, in words). `names` are what later mail may call it by, `follows` is
    the finished ticket that it goes on from. `aside`, `quiet` and `stops` are those of `connector.adapter.Record`."""

    ticket: str
    role: Role
    evidence: str
    names: tuple[str, ...]
    follows: str | None = None
    aside: str | None = None
    quiet: bool = False
    stops: tuple[tuple[str, str], ...] = ()


def placed(letter: Letter, known: Mapping[str, Known]) -> Placed | None:
    """Where this mail belongs, by what is `known`; None for what is of no ticket and nobody needs to see: what was sent
    to others, and our own automatic mail among it."""
    seen = known.get(print_name(letter))
    if letter.sent:
        return _answer(letter, known)
    if letter.leaving is not None:
        return _left(letter, letter.leaving, known)
    if letter.ours is not None or letter.automatic is Kind.OWN:
        return None if seen is not None else _aside(letter, "our own mail came round", quiet=True)
    if seen is not None:
        return _again(letter, seen, known)
    if letter.automatic is not None:
        return _automatic(letter, known)
    if letter.trust is Trust.FAILED:
        return _aside(letter, "the sender's address is not theirs, says our border")
    thread, evidence = _thread_of(letter, known)
    if thread is None:
        return _by_its_ids(letter, known)
    if not acquainted(letter.who, thread.people):
        return _aside(letter, f"somebody new writes into the thread of {thread.ticket}")
    if thread.finished:
        return _new(letter, known, f"{evidence}, but that ticket is finished", follows=thread.ticket)
    return Placed(thread.ticket, Role.CUSTOMER, evidence, names(letter))


def _again(letter: Letter, seen: Known, known: Mapping[str, Known]) -> Placed:
    """This very mail is stored: a copy of it, or it was moved, or its flags changed."""
    if letter.automatic is Kind.BOUNCE:
        return Placed(seen.ticket, Role.BOUNCE, "seen before", (print_name(letter),))
    first = known.get(first_name(letter))
    beginning = first is not None and first.ticket == seen.ticket
    role = Role.FIRST if beginning else Role.CUSTOMER
    return Placed(seen.ticket, role, "seen before", (*names(letter), *([first_name(letter)] if beginning else [])))


def _answer(letter: Letter, known: Mapping[str, Known]) -> Placed | None:
    """Mail among what was sent: an answer of ours where the thread is known. Of our automatic mail only what a customer
    was told at once is part of a ticket's history; all else is the outbox's."""
    if letter.ours not in (None, Purpose.ACKNOWLEDGEMENT):
        return None
    thread, evidence = _thread_of(letter, known)
    role = Role.STAFF if letter.ours is None else Role.ACKNOWLEDGED
    return None if thread is None else Placed(thread.ticket, role, evidence, names(letter))


def _automatic(letter: Letter, known: Mapping[str, Known]) -> Placed:
    if letter.automatic is Kind.BOUNCE:
        marks = [mark.marker for one in letter.returned if (mark := composing.ours(one)) is not None]
        about = next((known[one] for one in (*letter.signed, *letter.returned, *marks) if one in known), None)
        if about is not None:
            stops = _unreachable(letter, about) if marks or letter.signed else ()
            return Placed(about.ticket, Role.BOUNCE, "it reports on a mail of ours", (print_name(letter),), stops=stops)
    return _aside(letter, f"automatic mail, {letter.automatic}: {letter.reason}", quiet=True)


def _unreachable(letter: Letter, about: Known) -> tuple[tuple[str, str], ...]:
    """Those of the ticket's people whom our mail did not reach. A report can be forged, but only by who has that mail;
    and it silences nobody but those it was for."""
    people = {canonical(address) for address in letter.unreached} & {who.removeprefix(CLAIMED) for who in about.people}
    return tuple((person(address), "mail to this address came back") for address in sorted(people))


def _left(letter: Letter, ticket: str, known: Mapping[str, Known]) -> Placed:
    """Somebody used the way out that stood in our mail to them."""
    people = known[ticket].people if ticket in known else frozenset()
    stops = tuple((person(who.removeprefix(CLAIMED)), "asked for no more mail") for who in sorted(people) if "@" in who)
    return msgspec.structs.replace(_aside(letter, "it asks for no more surveys", quiet=True), stops=stops)


def _thread_of(letter: Letter, known: Mapping[str, Known]) -> tuple[Known | None, str]:
    for ticket in letter.signed:
        if ticket in known:
            return known[ticket], "a word that we signed"
    for parent in letter.parents:
        if parent in known:
            return known[parent], "it answers a mail that we know"
    for name in thread_names(letter):
        if name in known:
            return known[name], "the provider's thread"
    return None, ""


def _by_its_ids(letter: Letter, known: Mapping[str, Known]) -> Placed:
    """Nothing that it refers to is known. The id of its thread gives a ticket that others of the thread will find."""
    if letter.root is None:
        return _new(letter, known, "it answers nothing")
    there = known.get(ticket_of(letter.root))
    if there is None:
        return _beginning(letter, ticket_of(letter.root), "the first id of its References")
    if not acquainted(letter.who, there.people):
        return _aside(letter, f"somebody new writes into the thread of {there.ticket}")
    if there.finished:
        return _new(letter, known, "the first id of its References, but that ticket is finished", follows=there.ticket)
    return Placed(there.ticket, Role.CUSTOMER, "the first id of its References", names(letter))


def _new(letter: Letter, known: Mapping[str, Known], evidence: str, follows: str | None = None) -> Placed:
    """A ticket of its own. Its Message-ID names it, unless another mail has that id already, or a thread of others."""
    name = letter.message_id
    if name is None or name in known:
        why = "it has no Message-ID" if name is None else "another mail has its Message-ID"
        return _beginning(letter, ticket_of(letter.identity), f"{evidence}; {why}", follows)
    there = known.get(ticket_of(name))
    if there is None:
        return _beginning(letter, ticket_of(name), evidence, follows)
    if follows is None and acquainted(letter.who, there.people) and not there.finished:
        return Placed(
            there.ticket, Role.FIRST, "others answered it before we saw it", (*names(letter), first_name(letter))
        )
    return _beginning(letter, ticket_of(letter.identity), f"{evidence}; others took up its thread", follows)


def _beginning(letter: Letter, ticket: str, evidence: str, follows: str | None = None) -> Placed:
    return Placed(ticket, Role.FIRST, evidence, (*names(letter), ticket, first_name(letter)), follows)


def _aside(letter: Letter, why: str, *, quiet: bool = False) -> Placed:
    """A ticket of its own, should a person let it in."""
    apart = _beginning(letter, ticket_of(letter.identity), "put aside")
    return msgspec.structs.replace(apart, aside=why, quiet=quiet)
