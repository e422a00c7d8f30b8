"""`amends people …`, `amends store tidy`: all that is held of a person, told or taken away."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from connector.commands.people import person_called
from connector.commands.place import Place
from connector.display import count, harmless_json
from connector.errors import AmendsError
from connector.store import erasure, sources
from connector.store.erasure import Erased
from connector.sync import tidy as let_go

BACKUPS = (
    "Backups made before today still hold them. Restored, they forget again what the store they replace knows to be "
    "erased; to be sure, delete old backups, `amends.db.replaced-…` and `amends.db.before-…`."
)


class ErasedTold(msgspec.Struct, frozen=True):
    """What was erased, or would be. `clean` says that the database's log holds nothing of it any more either."""

    person: int
    identities: tuple[int, ...]
    erased: Erased
    dry_run: bool
    clean: bool = True


def export(place: Place, name: str, out: Path | None) -> bytes | None:
    """All that is held of a person, as JSON: to `out` (mode 0600), or returned."""
    with place.store() as store, store.read() as connection:
        person, ids = person_called(place, connection, name)
        held = erasure.held(connection, ids)
    said = {"person": person, "exported_at": place.now(), "held": held}
    body = harmless_json(msgspec.json.format(msgspec.json.encode(said), indent=2)).encode()
    if out is None:
        return body
    try:
        descriptor = os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise AmendsError(f"{out} cannot be written ({error.strerror}).", remedy="Name a new file.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
    return None


def erase(place: Place, name: str, *, dry_run: bool) -> ErasedTold:
    """Erase a person and all their tickets from every table; what the source still has of before is not read again.

    Raises AmendsError while a write to one of their tickets is on its way.
    """
    with place.store() as store:
        if dry_run:
            with store.read() as connection:
                person, ids = person_called(place, connection, name)
                erasure.prove_settled(connection, erasure.tickets_of(connection, ids))
                held = erasure.held(connection, ids)
                held.pop("audit", None)
                found = Erased(len(held.get("complaint", ())), {table: len(rows) for table, rows in held.items()})
            return ErasedTold(person, tuple(sorted(ids)), found, True)
        with store.write("people: erased") as connection:
            person, ids = person_called(place, connection, name)
            found = erasure.erase_people(connection, ids, place.now())
            sources.log(connection, place.now(), place.who, "people: erased", detail=msgspec.to_builtins(found))
        return ErasedTold(person, tuple(sorted(ids)), found, False, erasure.leave_no_trace(store))


def erased_lines(told: ErasedTold, columns: int) -> list[str]:
    what = f"{count(len(told.identities), 'identity', 'identities')} and {count(told.erased.tickets, 'ticket')}"
    lines = [f"{'Would erase' if told.dry_run else 'Erased'} person {told.person}: {what}."]
    lines += [f"  {name:<14} {number:>6,}" for name, number in sorted(told.erased.rows.items())]
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
            done = let_go(store, retention, now)
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
