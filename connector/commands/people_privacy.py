"""`amends people …`, `amends store tidy`: all that is held of a person, told or taken away."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from connector.commands.people import identity_called
from connector.commands.place import Place
from connector.display import clean, count, harmless_json, table
from connector.errors import AmendsError
from connector.people.identity import Identifying, Identity
from connector.people.linking import Said, Tie, components
from connector.store import Transaction, erasure, identities, sources
from connector.store.erasure import Erased
from connector.sync import tidy as let_go

BACKUPS = (
    "Backups made before today still hold them. Restored, they forget again what the store they replace knows to be "
    "erased; to be sure, delete old backups, `amends.db.replaced-…` and `amends.db.before-…`."
)


class Perhaps(msgspec.Struct, frozen=True):
    """An identity that may be of the same person, though nothing proves it, and why it may; `tickets` of theirs."""

    id: int
    name: str
    tickets: int
    why: str


class Reach(msgspec.Struct, frozen=True):
    """Whom a request of somebody for their own data reaches: the identities that are theirs by proof, and those that
    may be theirs."""

    person: int
    ids: frozenset[int]
    perhaps: tuple[Perhaps, ...]


def reach(place: Place, connection: Transaction, name: str, include: Sequence[str] = ()) -> Reach:
    """How far proof goes from the one called `name`: over keys that join by rule. What a person joined by hand, what is
    only proposed, and whoever writes from the same mailbox may be somebody else, and their letters are nobody's to hand
    out or to take away on a guess; `include` names those that somebody looked at. Raises AmendsError."""
    rules = place.settings.people.identifying
    asked = identity_called(place, connection, name)
    known = identities.identities(connection, asked)
    own = [one for one in known if _vouched(one, name)] or known
    proven = {one.id: _proven(connection, one.id, rules) for one in own}
    if any(not group >= proven.keys() for group in proven.values()):
        named = ", ".join(f"{one.id} ({one.name or one.key})" for one in own)
        raise AmendsError(f"nothing proves that {name!r} is one person.", remedy=f"Say which: {named}.")
    ids = {one for group in proven.values() for one in group}
    for each in include:
        ids.update(identity_called(place, connection, each))
    return Reach(min(ids), frozenset(ids), tuple(_perhaps(connection, ids, asked)))


def _vouched(one: Identity, name: str) -> bool:
    """Whether what somebody is called by here is theirs alone: not the address of a shared mailbox, nor one that nobody
    vouches for."""
    by_address = one.address is not None and one.address.casefold() == name.strip().casefold()
    return not by_address or (one.verified and not one.shared)


def _proven(connection: Transaction, one: int, rules: Identifying) -> set[int]:
    """The identities that keys alone join to this one."""
    group = next(iter(identities.members(connection, [one]).values()))
    known = identities.identities(connection, group, keys=True)
    ties = [tie for tie in identities.ties_of(connection, group) if tie.said in (Said.KEY, Said.APART)]
    person = components(known, ties, rules.single)
    return {each for each in group if person[each] == person[one]}


def _perhaps(connection: Transaction, ids: Collection[int], asked: Iterable[int]) -> Iterator[Perhaps]:
    why = dict.fromkeys(asked, "the same address, for which nobody vouches")
    for group in identities.members(connection, ids).values():
        why |= dict.fromkeys(group, "joined over somebody else")
    for tie in identities.ties_of(connection, ids):
        other = tie.b if tie.a in ids else tie.a
        if tie.said in _REASONS:
            why[other] = _REASONS[tie.said](tie)
    mailboxes = identities.at_the_same_address(connection, ids)
    why = dict.fromkeys(mailboxes, "the same mailbox") | why
    known = {one.id: one for one in identities.identities(connection, why.keys() - ids)}
    tickets = erasure.tickets_by_identity(connection, known)
    for one in sorted(known):
        yield Perhaps(one, known[one].name or known[one].key, tickets.get(one, 0), why[one])


_REASONS: dict[Said, Callable[[Tie], str]] = {
    Said.LINKED: lambda tie: f"a person said so: {tie.why}",
    Said.PROPOSED: lambda tie: f"proposed: {tie.why}",
}


def perhaps_lines(perhaps: Sequence[Perhaps], columns: int) -> list[str]:
    """What somebody has to look at by hand; nothing where there is nobody."""
    if not perhaps:
        return []
    cells = [(str(one.id), clean(one.name), str(one.tickets), clean(one.why)) for one in perhaps]
    said = "Perhaps also, though nothing proves it; --include ID adds whom you looked at:"
    return ["", said, *table(("ID", "NAME", "TICKETS", "WHY"), cells, columns)]


class Exported(msgspec.Struct, frozen=True):
    """All that is held, as JSON; None where it was written to a file. `perhaps` is for whoever exports, and in no
    export: it names other people."""

    body: bytes | None
    perhaps: tuple[Perhaps, ...]


def export(place: Place, name: str, out: Path | None, include: Sequence[str] = ()) -> Exported:
    """All that is held of a person, as JSON: to `out` (mode 0600), or returned."""
    with place.store() as store, store.read() as connection:
        found = reach(place, connection, name, include)
        held = erasure.held(connection, found.ids)
    said = {"person": found.person, "exported_at": place.now(), "held": held}
    body = harmless_json(msgspec.json.format(msgspec.json.encode(said), indent=2)).encode()
    if out is None:
        return Exported(body, found.perhaps)
    try:
        descriptor = os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise AmendsError(f"{out} cannot be written ({error.strerror}).", remedy="Name a new file.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
    return Exported(None, found.perhaps)


class ErasedTold(msgspec.Struct, frozen=True):
    """What was erased, or would be, and who may have been meant as well. `clean` says that the database's log holds
    nothing of it any more either."""

    person: int
    identities: tuple[int, ...]
    erased: Erased
    dry_run: bool
    clean: bool = True
    perhaps: tuple[Perhaps, ...] = ()


def erase(place: Place, name: str, *, dry_run: bool, include: Sequence[str] = ()) -> ErasedTold:
    """Erase a person and all their tickets from every table, as far as proof goes; what the source still has of before
    is not read again.

    Raises AmendsError while a write to one of their tickets is on its way.
    """
    rules = place.settings.people.identifying
    with place.store() as store:
        if dry_run:
            with store.read() as connection:
                to = reach(place, connection, name, include)
                erasure.prove_settled(connection, erasure.tickets_of(connection, to.ids))
                held = erasure.held(connection, to.ids)
                held.pop("audit", None)
                found = Erased(len(held.get("complaint", ())), {table: len(rows) for table, rows in held.items()})
            return ErasedTold(to.person, tuple(sorted(to.ids)), found, True, perhaps=to.perhaps)
        with store.write("people: erased") as connection:
            to = reach(place, connection, name, include)
            found = erasure.erase_people(connection, to.ids, rules, place.now())
            sources.log(connection, place.now(), place.who, "people: erased", detail=msgspec.to_builtins(found))
        clean_now = erasure.leave_no_trace(store)
        return ErasedTold(to.person, tuple(sorted(to.ids)), found, False, clean_now, to.perhaps)


def erased_lines(told: ErasedTold, columns: int) -> list[str]:
    what = f"{count(len(told.identities), 'identity', 'identities')} and {count(told.erased.tickets, 'ticket')}"
    lines = [f"{'Would erase' if told.dry_run else 'Erased'} person {told.person}: {what}."]
    lines += [f"  {name:<14} {number:>6,}" for name, number in sorted(told.erased.rows.items())]
    lines += perhaps_lines(told.perhaps, columns)
    if not told.dry_run:
        lines.append(BACKUPS)
    if not told.clean:
        lines.append("The database's log was being read and is emptied with the next erasure or restart.")
    return lines


class Tidied(msgspec.Struct, frozen=True):
    """What was let go because people.yaml says that it was kept long enough."""

    erased: Erased
    retention: str
    dry_run: bool


def tidy(place: Place, *, dry_run: bool) -> Tidied:
    """Erase what was kept as long as `retention` says. The daemon does so by itself."""
    retention, now = place.settings.people.retention, place.now()
    days = (("tickets", retention.tickets_days), ("records", retention.records_days))
    said = ", ".join(f"{name} {number} days" for name, number in days if number is not None) or "no limit"
    with place.store() as store:
        if not dry_run:
            done = let_go(store, retention, place.settings.people.identifying, now)
            erasure.leave_no_trace(store)
            return Tidied(done, said, False)
        before = retention.tickets_before(now)
        with store.read() as connection:
            tickets = erasure.overdue_tickets(connection, before, 1_000_000) if before is not None else []
    return Tidied(Erased(len(tickets)), said, True)


def tidied_lines(told: Tidied, columns: int) -> list[str]:
    verb = "Would erase" if told.dry_run else "Erased"
    lines = [f"{verb} {count(told.erased.tickets, 'ticket')} (people.yaml, retention: {told.retention})."]
    return lines + [f"  {name:<14} {number:>6,}" for name, number in sorted(told.erased.rows.items())]
