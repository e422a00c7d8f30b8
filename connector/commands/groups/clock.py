"""`amends clock …`, as typed."""

from __future__ import annotations

import sys

import typer
from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import show, yes

clock = group("Working time: try it, and see what a change would do.")


@clock.command("test")
def clock_test(files: o.CaseFiles, as_json: o.JsonLines = False) -> None:
    """Run your own cases for calendars: what is due when, and how much time is used by when."""
    from msgspec.json import encode

    from connector.commands import clock_cases
    from connector.display import harmless_json

    found = clock_cases.run_cases(files)
    if not as_json:
        show(found, clock_cases.lines)
        return
    for one in found.outcomes:
        typer.echo(harmless_json(encode(clock_cases.json_line(one))))
    if found.exit_code:
        raise typer.Exit(found.exit_code)


@clock.command("what-if")
def clock_what_if(
    ctx: Context, file: o.DraftFile, names: o.Sources = None, most: o.Most = 20, as_json: o.Json = False
) -> None:
    """How many open complaints another sla.yaml or calendars.yaml would change, and how. Changes nothing."""
    from connector.commands import clock_whatif

    show(clock_whatif.what_if(placed(ctx), file, names=names or (), most=most), clock_whatif.lines, as_json)


@clock.command("diff")
def clock_diff(ctx: Context, names: o.Sources = None, since: o.Since = None, as_json: o.Json = False) -> None:
    """Where our clocks differ from the helpdesk's own by more than a minute, and why. Exits with 1 where one does."""
    from connector.commands import clock_diff as differing

    show(differing.diff(placed(ctx), names=names or (), since=since), differing.lines, as_json)


@clock.command("import")
def clock_import(
    ctx: Context,
    file: o.IcsFile,
    calendar: o.CalendarName,
    year: o.Years = None,
    accept: o.Accepted = None,
    accept_all: o.AcceptAll = False,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Add days off from an iCalendar file to a calendar, each one after a look. Asks at a terminal."""
    from connector.commands import clock_import as importing

    place = placed(ctx)
    named = {one.date() for one in accept or ()}

    def agreed_to(day: importing.Day) -> bool:
        if accept_all or named or not sys.stdin.isatty():
            return accept_all or day.date in named
        return yes(f"{day.date:%a} {day.date}  {day.name}: closed on that day?")

    years = sorted(year or (place.now().year, place.now().year + 1))
    done = importing.import_days(place, file, calendar, years=years, accept=agreed_to, dry_run=dry_run)
    show(done, importing.lines, as_json)


@clock.command("promises")
def clock_promises(
    ctx: Context,
    source: o.OfSource = None,
    state: o.PromiseStates = None,
    unsure: o.Unsure = False,
    most: o.Most = 50,
    every: o.All = False,
    as_json: o.Json = False,
) -> None:
    """The dates that customers were given, and what became of them."""
    from connector.commands import clock_promises as promises

    wanted = tuple(one.value for one in state or ())
    limit = None if every else most
    show(
        promises.listing(placed(ctx), source=source, states=wanted, unsure=unsure, most=limit), promises.lines, as_json
    )


@clock.command("confirm")
def clock_confirm(
    ctx: Context,
    name: o.Case,
    number: o.PromiseNumber,
    due: o.Due = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Say that a date in a reply is a promise, or that it is due on another day."""
    from connector.commands import clock_promises as promises

    done = promises.decide(placed(ctx), name, number, stands=True, due=due, dry_run=dry_run)
    show(done, promises.decided_lines, as_json)


@clock.command("dismiss")
def clock_dismiss(
    ctx: Context, name: o.Case, number: o.PromiseNumber, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Say that a date in a reply is no promise."""
    from connector.commands import clock_promises as promises

    show(promises.decide(placed(ctx), name, number, stands=False, dry_run=dry_run), promises.decided_lines, as_json)
