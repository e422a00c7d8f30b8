"""`amends complaints …` and `amends audit …`, as typed."""

from __future__ import annotations

from datetime import UTC

import typer
from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import show

complaints = group("Look at what is stored.")
audit = group("Who did what, when.")


@complaints.command("list")
def complaints_list(
    ctx: Context,
    source: o.OfSource = None,
    status: o.OfStatus = None,
    flag: o.OfFlag = None,
    complaint: o.Answer = None,
    since: o.Since = None,
    most: o.Most = 50,
    as_json: o.Json = False,
) -> None:
    """Complaints, newest first."""
    from connector.commands import cases

    wanted = cases.Wanted(source, status, flag, complaint, since.replace(tzinfo=UTC) if since else None, most)
    show(cases.listing(placed(ctx), wanted), cases.listing_lines, as_json)


@complaints.command("show")
def complaintsshow(ctx: Context, name: o.Case, as_json: o.Json = False) -> None:
    """One complaint as it is stored; `amends explain` says why."""
    from connector.commands import cases

    show(cases.show(placed(ctx), name), cases.shown_lines, as_json)


@complaints.command("export")
def complaints_export(
    ctx: Context,
    form: o.Form = "csv",
    out: o.Out = None,
    source: o.OfSource = None,
    status: o.OfStatus = None,
    flag: o.OfFlag = None,
    complaint: o.Answer = None,
    since: o.Since = None,
) -> None:
    """Write complaints to a file. It holds personal data: keep it as you keep the store."""
    from connector.commands import cases

    wanted = cases.Wanted(source, status, flag, complaint, since.replace(tzinfo=UTC) if since else None, None)
    number = cases.export(placed(ctx), wanted, form, out)
    typer.echo(f"{number:,} complaints written.", err=True)


@audit.command("list")
def audit_list(
    ctx: Context, source: o.OfSource = None, ticket: o.OfTicket = None, most: o.Most = 50, as_json: o.Json = False
) -> None:
    """What Amends and people did, newest first."""
    from connector.commands import keeping

    rows = keeping.audit(placed(ctx), source=source, ticket=ticket, most=most)
    show(rows, keeping.audit_lines, as_json)
