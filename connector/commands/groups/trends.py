"""`amends trends …` and `amends corrections …`, as typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import show

if TYPE_CHECKING:
    pass

trends = group("What stands out: several people with the same thing.", alone=True)
corrections = group("What is done about causes, and who has to be told.")


@trends.callback(invoke_without_command=True)
def trends_now(ctx: Context) -> None:
    """What stands out: several people with the same thing. Without a command: those that are not over."""
    if ctx.invoked_subcommand is None:
        trends_list(ctx, every=False, most=50, as_json=False)


@trends.command("list")
def trends_list(ctx: Context, every: o.All = False, most: o.Most = 50, as_json: o.Json = False) -> None:
    """The trends that are not over, newest first; --all for those that are as well."""
    from connector.commands import trends as standing

    show(standing.listing(placed(ctx), everything=every, most=most), standing.listing_lines, as_json)


@trends.command("show")
def trends_show(ctx: Context, number: o.Number, as_json: o.Json = False) -> None:
    """One trend: how likely it is by chance, since when, and every complaint in it."""
    from connector.commands import trends as standing

    show(standing.show(placed(ctx), number), standing.shown_lines, as_json)


def _said(ctx: Context, number: int, state: str, why: str | None, dry_run: bool, as_json: bool) -> None:
    from connector.commands import trends as standing
    from connector.trends.life import State

    done = standing.decide(placed(ctx), number, State(state), why, dry_run=dry_run)
    show(done, standing.said_lines, as_json)


@trends.command("themes")
def trends_themes(ctx: Context, days: o.ThemeDays = 60, people: o.People = 3, as_json: o.Json = False) -> None:
    """What several people write about and no category names yet, to be made one."""
    from connector.commands import unnamed

    show(unnamed.proposed(placed(ctx), days, people), unnamed.themes_lines, as_json)


@trends.command("ack")
def trends_ack(
    ctx: Context, number: o.Number, why: o.SaidWhy = None, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Say that you have seen a trend and look into it."""
    _said(ctx, number, "acknowledged", why, dry_run, as_json)


@trends.command("explain")
def trends_explain(
    ctx: Context, number: o.Number, why: o.Because, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Say what a trend comes from, where nothing has to be done about it; its complaints lose their flag."""
    _said(ctx, number, "explained", why, dry_run, as_json)


@trends.command("action")
def trends_action(
    ctx: Context,
    number: o.Number,
    owner: o.Owner = None,
    due: o.DueDay = None,
    rule: o.CorrectionRule = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Open a correction for a trend: somebody removes its cause, and everybody in it is told."""
    from connector.commands import correcting

    wish = correcting.Wish(trend=number, owner=owner, due_on=due.date() if due else None, rule=rule)
    show(correcting.opened(placed(ctx), wish, dry_run=dry_run), correcting.opened_lines, as_json)


@trends.command("close")
def trends_close(
    ctx: Context, number: o.Number, why: o.Because, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Say that a trend is over. The next one in the same group is another."""
    _said(ctx, number, "closed", why, dry_run, as_json)


@corrections.command("list")
def corrections_list(ctx: Context, every: o.All = False, most: o.Most = 50, as_json: o.Json = False) -> None:
    """What is being done about causes, newest first; --all for what is closed as well."""
    from connector.commands import corrections as standing

    show(standing.listing(placed(ctx), everything=every, most=most), standing.listing_lines, as_json)


@corrections.command("show")
def corrections_show(ctx: Context, number: o.Number, as_json: o.Json = False) -> None:
    """One correction, every complaint that it concerns, and the letters to their customers."""
    from connector.commands import corrections as standing

    show(standing.show(placed(ctx), number), standing.shown_lines, as_json)


@corrections.command("open")
def corrections_open(
    ctx: Context,
    name: o.Case,
    owner: o.Owner = None,
    due: o.DueDay = None,
    rule: o.CorrectionRule = None,
    title: o.Title = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Open a correction for one grave complaint; for a trend, `amends trends action`."""
    from connector.commands import correcting

    day = due.date() if due else None
    wish = correcting.Wish(complaint=name, owner=owner, due_on=day, rule=rule, title=title)
    show(correcting.opened(placed(ctx), wish, dry_run=dry_run), correcting.opened_lines, as_json)


@corrections.command("done")
def corrections_done(
    ctx: Context, number: o.Number, changed: o.WhatChanged = None, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Say that the cause is gone and what was changed. Where there is a ticket, its resolution says the first."""
    from connector.commands import correcting, questions

    done = correcting.done(placed(ctx), number, questions.pairs(changed), dry_run=dry_run)
    show(done, correcting.changed_lines, as_json)


def _decided(
    ctx: Context,
    number: int,
    names: list[str] | None,
    state: str,
    why: str | None,
    *,
    every: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from connector.commands import correcting
    from connector.store.corrections import Told

    done = correcting.decide(placed(ctx), number, names or [], Told(state), why, everything=every, dry_run=dry_run)
    show(done, correcting.changed_lines, as_json)


@corrections.command("approve")
def corrections_approve(
    ctx: Context,
    number: o.Number,
    names: o.Cases = None,
    every: o.All = False,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Approve letters as they are drafted, and print them to be sent by hand."""
    _decided(ctx, number, names, "approved", None, every=every, dry_run=dry_run, as_json=as_json)


@corrections.command("told")
def corrections_told(
    ctx: Context,
    number: o.Number,
    names: o.Cases = None,
    every: o.All = False,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Note that customers have been told."""
    _decided(ctx, number, names, "told", None, every=every, dry_run=dry_run, as_json=as_json)


@corrections.command("waive")
def corrections_waive(
    ctx: Context,
    number: o.Number,
    why: o.Because,
    names: o.Cases = None,
    every: o.All = False,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Decide that customers need not be told, and why."""
    _decided(ctx, number, names, "waived", why, every=every, dry_run=dry_run, as_json=as_json)


@corrections.command("affected")
def corrections_affected(
    ctx: Context,
    number: o.Number,
    sales: o.Sales,
    out: o.Out = None,
    column: o.Columns = None,
    product: o.Products = None,
    batch: o.Batches = None,
    since: o.SoldSince = None,
    until: o.SoldUntil = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Customers in your list of sales who are likely to be affected and did not complain. Holds personal data."""
    from connector.commands import affected as others
    from connector.commands import questions

    wish = others.Wish(
        columns=questions.pairs(column),
        products=tuple(product or ()),
        batches=tuple(batch or ()),
        since=since.date() if since else None,
        until=until.date() if until else None,
    )
    found = others.affected(placed(ctx), number, sales, wish, out, dry_run=dry_run)
    if out is None and not dry_run:
        typer.echo("\n".join(others.found_lines(found, 0)), err=True)
    else:
        show(found, others.found_lines, as_json)
