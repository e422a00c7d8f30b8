"""`amends store …`, as typed."""

from __future__ import annotations

from pathlib import Path

from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import show

store = group("Look after the store.")


@store.command("migrate")
def store_migrate(ctx: Context, dry_run: o.DryRun = False) -> None:
    """Bring the tables up to date; the daemon does so by itself when it starts."""
    from connector.commands import keeping

    show(keeping.migrate(placed(ctx), dry_run=dry_run), keeping.done_lines)


@store.command("backup")
def store_backup(ctx: Context, file: Path, dry_run: o.DryRun = False) -> None:
    """Copy the store to a new file while the daemon runs, and prove the copy."""
    from connector.commands import keeping

    show(keeping.back_up(placed(ctx), file, dry_run=dry_run), keeping.done_lines)


@store.command("restore")
def store_restore(ctx: Context, file: Path, dry_run: o.DryRun = False) -> None:
    """Put a backup in the place of the store, which is kept beside it. Stop the daemon first."""
    from connector.commands import keeping

    show(keeping.restore(placed(ctx), file, dry_run=dry_run), keeping.done_lines)


@store.command("check")
def store_check(ctx: Context, file: o.Backup = None, audit_head: o.AuditHead = None, as_json: o.Json = False) -> None:
    """Read every page of the store, prove its audit log, and say whether it is sound."""
    from connector.commands import keeping

    show(keeping.check(placed(ctx), file, audit_head), keeping.checked_lines, as_json)


@store.command("tidy")
def store_tidy(ctx: Context, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Erase what was kept as long as `retention` in people.yaml says. The daemon does so by itself."""
    from connector.commands import people_privacy

    show(people_privacy.tidy(placed(ctx), dry_run=dry_run), people_privacy.tidied_lines, as_json)
