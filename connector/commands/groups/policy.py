"""`amends policy …` and `amends remedy …`, as typed."""

from __future__ import annotations

from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import show

policy = group("Who is told what: try it before it is in force.")
remedy = group("What customers asked for, what they were given, and what it cost.")


@policy.command("try")
def policy_try(
    ctx: Context, days: o.Days = 30, draft: o.PolicyDraft = None, most: o.Most = 50, as_json: o.Json = False
) -> None:
    """What the policy would have sent of late, to whom, and how often. Sends nothing."""
    from connector.commands import policy_try as trying

    tried = trying.attempt(placed(ctx), days=days, draft=draft, most=most)
    show(tried, trying.tried_lines, as_json)


@remedy.command("list")
def remedy_list(ctx: Context, source: o.OfSource = None, most: o.Most = 50, as_json: o.Json = False) -> None:
    """What was granted against what was asked, and what it cost."""
    from connector.commands import remedies

    show(remedies.ledger(placed(ctx), source=source, most=most), remedies.ledger_lines, as_json)


@remedy.command("show")
def remedy_show(ctx: Context, name: o.Case, as_json: o.Json = False) -> None:
    """The playbook that fits a complaint: its steps, and what may be offered."""
    from connector.commands import remedies

    show(remedies.steps(placed(ctx), name), remedies.steps_lines, as_json)


@remedy.command("grant")
def remedy_grant(
    ctx: Context,
    name: o.Case,
    what: o.Remedy,
    cost: o.Cost = None,
    currency: o.CurrencyCode = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Write down what a customer was given."""
    from connector.commands import remedies

    done = remedies.grant(placed(ctx), name, what, cost=cost, currency=currency, dry_run=dry_run)
    show(done, remedies.granted_lines, as_json)


@remedy.command("strike")
def remedy_strike(ctx: Context, number: o.Number, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Strike out what was written down by mistake."""
    from connector.commands import remedies

    show(remedies.take_back(placed(ctx), number, dry_run=dry_run), remedies.taken_back_lines, as_json)
