"""`amends survey …`, as typed."""

from __future__ import annotations

from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import show

survey = group("What customers are asked after a resolution, and what they say.")


@survey.command("list")
def survey_list(ctx: Context, source: o.OfSource = None, most: o.Most = 50, as_json: o.Json = False) -> None:
    """Surveys that are due, were sent, or answered, the newest first."""
    from connector.commands import survey as asking

    show(asking.listing(placed(ctx), source=source, most=most), asking.listing_lines, as_json)


@survey.command("show")
def survey_show(ctx: Context, name: o.Case, as_json: o.Json = False) -> None:
    """What was asked and said about one complaint, with the customer's own words."""
    from connector.commands import survey as asking

    show(asking.show(placed(ctx), name), asking.show_lines, as_json)


@survey.command("link")
def survey_link(ctx: Context, name: o.Case, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """The link to the page of questions for one complaint, to be given to its customer."""
    from connector.commands import survey as asking

    show(asking.link(placed(ctx), name, dry_run=dry_run), asking.link_lines, as_json)


@survey.command("stop")
def survey_stop(ctx: Context, who: o.Person, dry_run: o.DryRun = False) -> None:
    """Ask somebody no more, at whatever source."""
    from connector.commands import keeping
    from connector.commands import survey as asking

    show(asking.stop(placed(ctx), who, ask_again=False, dry_run=dry_run), keeping.done_lines)


@survey.command("allow")
def survey_allow(ctx: Context, who: o.Person, dry_run: o.DryRun = False) -> None:
    """Take back a `stop`."""
    from connector.commands import keeping
    from connector.commands import survey as asking

    show(asking.stop(placed(ctx), who, ask_again=True, dry_run=dry_run), keeping.done_lines)
