"""`amends store …`, `pause`, `resume` and `audit`: looking after the store, and the switch that stops all writes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from connector.commands.place import Place, prove_source
from connector.commands.progress import Progress
from connector.display import clean, moment, table
from connector.errors import AmendsError, StoreError
from connector.store import Store, Transaction, assessments, backup, erasure, sources
from connector.store.backup import Checked
from connector.store.erasure import Erased
from connector.store.migrate import HEAD, version
from connector.store.sources import AuditLine, SourceRow


class Done(msgspec.Struct, frozen=True):
    """One sentence on what was done, or would be."""

    said: str
    dry_run: bool = False


class Proved(Checked, frozen=True):
    """A store file as it was found; what is not sound ends the command with 1, for a script that looks at that."""

    @property
    def exit_code(self) -> int:
        return 1 if self.problems else 0


def back_up(place: Place, target: Path, *, dry_run: bool) -> Done:
    """Copy the store while the daemon runs. Raises StoreError."""
    with place.store() as store:
        if dry_run:
            if target.exists():
                raise StoreError(f"{target} is there already.", remedy="Name another file.")
            return Done(f"Would copy {_named(store)} to {target} and prove the copy.", True)
        with Progress("backup", "pages") as tell:
            found = backup.back_up(store, target, tell)
        with store.write("store: backed up") as connection:
            sources.log(connection, place.now(), place.who, "store: backed up", detail={"file": str(target)})
    return Done(f"Copied to {target}: sound, {found.rows.get('complaint', 0):,} complaints. It holds personal data.")


def restore(place: Place, source: Path, *, dry_run: bool) -> Done:
    """Put a backup in the place of the store. Raises StoreError while the store is in use."""
    store = place.bare_store()
    try:
        if dry_run:
            found = backup.check(source)
            if found.problems:
                raise StoreError(f"{source} could not be restored: {found.problems[0]}.", remedy="Name another backup.")
            sound = f"sound, {found.rows.get('complaint', 0):,} complaints"
            return Done(f"Would put {source} ({sound}) in the place of {_named(store)}, which would be kept.", True)
        erased = [*(backup.erasures(store.file) if store.file else ()), *backup.erasures(source)]
        # Read first: with settings that nobody can read, somebody who was erased would be back.
        rules = place.settings.people.identifying if erased else None
        found_back = backup.restore(store, source, place.now())
    finally:
        store.close()
    with place.store(create=True) as fresh, fresh.write("store: restored") as connection:
        detail = {"from": str(source), "replaced": found_back.replaced}
        sources.log(connection, place.now(), place.who, "store: restored", detail=detail)
        again = erasure.carry_over(connection, erased, rules, place.now()) if rules is not None else Erased()
    kept = f" The former store is {found_back.replaced}." if found_back.replaced else ""
    doubt = f" {found_back.doubted:,} writes will be looked up before anything is sent." if found_back.doubted else ""
    gone = f" {again.tickets:,} tickets that were erased since were erased again." if again.rows else ""
    return Done(f"Restored {found_back.file} from {source}.{kept}{doubt}{gone} Start the daemon again.")


def migrate(place: Place, *, dry_run: bool) -> Done:
    """Bring the tables up to date; a copy of an older file is put beside it first."""
    if not dry_run:
        with place.leased_store("amends store migrate") as store:
            return Done(f"{_named(store)} stands at version {HEAD}.")
    store = place.bare_store()
    try:
        found = version(store) if store.file is None or store.file.exists() else None
        said = "is up to date" if found == HEAD else f"would go from {found or 'nothing'} to {HEAD}"
        return Done(f"{_named(store)} {said}.", True)
    finally:
        store.close()


def check(place: Place, file: Path | None, audit_head: str | None = None) -> Proved:
    """Read every page of the store, or of a backup, and prove its audit log. Raises StoreError where there is none."""
    if file is not None:
        return _proved(file, audit_head)
    store = place.bare_store()
    try:
        if store.file is None:
            raise AmendsError("this store is a database server.", remedy="Use the server's own tools to check it.")
        return _proved(store.file, audit_head)
    finally:
        store.close()


def _proved(file: Path, audit_head: str | None) -> Proved:
    return Proved(**msgspec.structs.asdict(backup.check(file, audit_head)))


def _named(store: Store) -> str:
    return str(store.file or store.url.render_as_string(hide_password=True))


def checked_lines(told: Checked, columns: int) -> list[str]:
    lines = [f"{told.file}: {'NOT SOUND' if told.problems else 'sound'}, version {told.version or 'unknown'}"]
    lines += [f"  {clean(problem)}" for problem in told.problems]
    if told.audit_head:
        lines.append(f"audit log ends with {told.audit_head}")
    rows = [(name, f"{number:,}") for name, number in told.rows.items()]
    return lines + (["", *table(("TABLE", "ROWS"), rows, columns)] if rows else [])


# -- the switch that stops all writes --------------------------------------------------------------------------------


def pause(place: Place, why: str, *, dry_run: bool, source: str | None = None) -> Done:
    """Stop all writes everywhere, or those to one source; reading goes on. Works beside a daemon, which obeys before
    its next write.

    Raises StoreError where there is neither a store nor settings: in the wrong folder it would stop nothing, and say
    that it had. Raises SettingsError for a source that is not there.
    """
    _prove_ours(place)
    if source is not None:
        return _pause_one(place, source, why, dry_run=dry_run)
    if dry_run:
        return Done("Would stop all writes to all helpdesks; reading would go on.", True)
    with place.store(create=True) as store, store.write("pause") as connection:
        sources.pause(connection, place.now(), f"{why} ({place.who})")
        sources.log(connection, place.now(), place.who, "writes: paused", detail={"why": why})
        where = _named(store)
    return Done(
        f"All writes are stopped; reading goes on. `amends resume` lets them go again. This is noted in {where}."
    )


def _pause_one(place: Place, name: str, why: str, *, dry_run: bool) -> Done:
    if dry_run:
        place.chosen([name])
        return Done(f"Would stop all writes to {name}; reading would go on.", True)
    with place.store(create=True) as store, store.write("pause") as connection:
        row = _row(place, connection, name)
        sources.pause(connection, place.now(), f"{why} ({place.who})", row.id)
        assessments.look_again(connection, place.now())  # what was left to that source may have to be done elsewhere
        sources.log(connection, place.now(), place.who, "source: paused", source=name, detail={"why": why})
    return Done(
        f"All writes to {name} are stopped; reading goes on. `amends resume --source {name}` lets them go again."
    )


def _row(place: Place, connection: Transaction, name: str) -> SourceRow:
    """The row of a source that is there, or that the settings name and that was never read yet."""
    found = sources.by_name(connection, name)
    return found or sources.enlist(connection, name, place.chosen([name])[0].adapter)


def _prove_ours(place: Place) -> None:
    file = place.bare_store().file
    if file is not None and not file.exists() and not (place.home / "amends.yaml").exists():
        raise StoreError(
            f"there is neither a store {file} nor settings in {place.home}, so nothing was paused.",
            remedy="Name the daemon's folder with --home or AMENDS_HOME.",
        )


def resume(place: Place, *, dry_run: bool, source: str | None = None) -> Done:
    """Let writes go again, or those to one source. Raises SettingsError for a source that is not there."""
    if source is not None:
        return _resume_one(place, source, dry_run=dry_run)
    with place.store() as store:
        with store.read() as connection:
            paused = sources.paused(connection)
        if paused is None:
            return Done("Nothing is paused.", dry_run)
        if dry_run:
            return Done("Would let writes go again.", True)
        with store.write("resume") as connection:
            sources.resume(connection)
            sources.log(connection, place.now(), place.who, "writes: resumed")
        still = [one.name for one in _everyone(store) if one.paused_at is not None]
    rest = f" Those to {', '.join(still)} stay stopped: `amends resume --source NAME`." if still else ""
    return Done(f"Writes go again.{rest}")


def _everyone(store: Store) -> list[SourceRow]:
    with store.read() as connection:
        return sources.everyone(connection)


def _resume_one(place: Place, name: str, *, dry_run: bool) -> Done:
    with place.store() as store:
        with store.read() as connection:
            prove_source(connection, name)
            row = sources.by_name(connection, name)
            all_of_them = sources.paused(connection) is not None
        if row is None or row.paused_at is None:
            return Done(f"Writes to {name} are not paused by themselves.", dry_run)
        if dry_run:
            return Done(f"Would let writes to {name} go again.", True)
        with store.write("resume") as connection:
            sources.resume(connection, row.id)
            sources.log(connection, place.now(), place.who, "source: resumed", source=name)
    rest = " All writes are stopped still: `amends resume`." if all_of_them else ""
    return Done(f"Writes to {name} go again.{rest}")


# -- the audit log ---------------------------------------------------------------------------------------------------


def audit(place: Place, *, source: str | None, ticket: str | None, most: int) -> list[AuditLine]:
    """Newest first."""
    with place.store() as store, store.read() as connection:
        prove_source(connection, source)
        return sources.audit_lines(connection, source=source, ticket=ticket, most=most)


def audit_lines(rows: list[AuditLine], columns: int) -> list[str]:
    if not rows:
        return ["Nothing has been noted yet."]
    cells = [(_second(one.at), one.who, one.what, _place(one), _detail(one)) for one in rows]
    return table(("WHEN", "WHO", "WHAT", "TICKET", "DETAIL"), cells, columns)


def _second(at: datetime) -> str:
    return f"{moment(at)[:-1]}:{at:%S}Z"


def _place(one: AuditLine) -> str:
    return "/".join(part for part in (one.source, one.ticket) if part) or "-"


def _detail(one: AuditLine) -> str:
    if not isinstance(one.detail, dict):
        return "-"
    return ", ".join(f"{name}: {value}" for name, value in one.detail.items() if name != "receipt")


def done_lines(told: Done, columns: int) -> list[str]:
    from connector.display import wrapped

    return wrapped(told.said, columns)
