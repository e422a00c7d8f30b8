"""`amends hooks …`, as typed."""

from __future__ import annotations

from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import show

hooks = group("What helpdesks push at us, so that changes are known within seconds.")


@hooks.command("list")
def hooks_list(ctx: Context, as_json: o.Json = False) -> None:
    """How the hook of each source is, and when it was heard last."""
    from connector.commands import hooks as pushed

    show(pushed.listing(placed(ctx)), pushed.listing_lines, as_json)


@hooks.command("mend")
def hooks_mend(
    ctx: Context, sources: o.Sources = None, renew: o.Renew = False, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Look at the hooks now and mend what is wrong; the daemon does so by itself every six hours."""
    from connector.commands import hooks as pushed

    show(pushed.mend(placed(ctx), sources or [], renew=renew, dry_run=dry_run), pushed.done_lines, as_json)


@hooks.command("drop")
def hooks_drop(ctx: Context, source: o.OneSource, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Take the hook of a source away at its helpdesk."""
    from connector.commands import hooks as pushed

    show(pushed.drop(placed(ctx), source, dry_run=dry_run), pushed.done_lines, as_json)
