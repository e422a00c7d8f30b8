"""`amends mapping …`, as typed."""

from __future__ import annotations

from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import agreed, show

mapping = group("What the fields of a source mean.")


@mapping.command("discover")
def mapping_discover(ctx: Context, names: o.Sources = None, most: o.Tickets = 100, as_json: o.Json = False) -> None:
    """The fields of a source and how they are used, its statuses, groups and people, with the ids a mapping uses."""
    from connector.commands import mapping_discover as discovering

    show(discovering.discover(placed(ctx), names or [], most), discovering.discovered_lines, as_json)


@mapping.command("suggest")
def mapping_suggest(
    ctx: Context,
    name: o.OneSource,
    most: o.Tickets = 100,
    write: o.WriteIt = False,
    force: o.Afresh = False,
    as_json: o.Json = False,
) -> None:
    """A proposed mapping: which field is which, and what each status means, with the reason for each line."""
    from connector.commands import mapping_suggest as suggesting

    done = suggesting.suggested(placed(ctx), name, most, write=write, force=force)
    show(done, suggesting.suggested_lines, as_json)


@mapping.command("preview")
def mapping_preview(
    ctx: Context, name: o.OneSource, most: o.Tickets = 10, draft: o.Draft = None, as_json: o.Json = False
) -> None:
    """Live tickets as the mapping understands them, beside what was stored; what it cannot place, and quarantine."""
    from connector.commands import mapping_preview as previewing

    show(previewing.preview(placed(ctx), name, most, draft), previewing.previewed_lines, as_json)


@mapping.command("check")
def mapping_check(
    ctx: Context,
    names: o.Sources = None,
    most: o.Tickets = 50,
    offline: o.Offline = False,
    as_json: o.Json = False,
) -> None:
    """Where a mapping and its source do not fit, and stored values that have no line."""
    from connector.commands import mapping_check as fitting

    show(fitting.check(placed(ctx), names or [], most, offline=offline), fitting.checked_lines, as_json)


@mapping.command("backfill")
def mapping_backfill(
    ctx: Context,
    names: o.Sources = None,
    most: o.Most = 20,
    dry_run: o.DryRun = False,
    closed: o.ClosedToo = False,
    yes: o.SayYes = False,
    as_json: o.Json = False,
) -> None:
    """Read all stored tickets again by the rules as they are now; nothing is fetched. Shows first what would change."""
    from connector.commands import mapping_backfill as filling

    place = placed(ctx)
    if not (dry_run or yes):
        plan = filling.backfill(place, names or [], dry_run=True, most=most, closed_too=closed)
        if not any(one.changed for one in plan):
            show(plan, filling.backfill_lines, as_json)
            return
        agreed("\n".join(filling.backfill_lines(plan, 120)), "Store that?")
    done = filling.backfill(place, names or [], dry_run=dry_run, most=most, closed_too=closed)
    show(done, filling.backfill_lines, as_json)


@mapping.command("schemas")
def mapping_schemas(ctx: Context, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Write the JSON Schemas of all settings files into .schemas, by which editors complete and complain."""
    from connector.commands import starting

    show(starting.write_schemas(placed(ctx), dry_run=dry_run), starting.schemas_lines, as_json)
