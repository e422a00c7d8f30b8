"""`amends outbox …` and `amends quarantine …`, as typed."""

from __future__ import annotations

import typer
from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import show

outbox = group("Intended writes, and your decisions about them.")
quarantine = group("Records that could not be understood.")


@outbox.command("list")
def outbox_list(
    ctx: Context,
    state: o.States = None,
    source: o.OfSource = None,
    ticket: o.OfTicket = None,
    most: o.Most = 50,
    as_json: o.Json = False,
) -> None:
    """Intended writes, newest first."""
    from connector.commands import writes

    states = writes.states_named(state or [])
    rows = writes.listing(placed(ctx), states=states, source=source, ticket=ticket, most=most)
    show(rows, writes.listing_lines, as_json)


@outbox.command("show")
def outboxshow(ctx: Context, number: o.Number, as_json: o.Json = False) -> None:
    """One write: what it would do to the ticket, and how far it has come."""
    from connector.commands import writes

    show(writes.show(placed(ctx), number), writes.write_lines, as_json)


@outbox.command("approve")
def outbox_approve(
    ctx: Context,
    numbers: o.Numbers = None,
    everything: o.All = False,
    even_shadow: o.EvenShadow = False,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Let held writes go."""
    from connector.commands import writes

    done = writes.approve(placed(ctx), numbers or [], everything=everything, even_shadow=even_shadow, dry_run=dry_run)
    show(done, writes.decided_lines, as_json)


@outbox.command("retry")
def outbox_retry(
    ctx: Context,
    numbers: o.Numbers = None,
    it_is_there: o.ItIsThere = False,
    send_again: o.SendAgain = False,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Try refused writes again; settle those of which nobody could tell whether they are there."""
    from connector.commands import writes

    if it_is_there and send_again:
        raise typer.BadParameter("either --it-is-there or --send-again")
    done = writes.retry(placed(ctx), numbers or [], is_there=it_is_there, send_again=send_again, dry_run=dry_run)
    show(done, writes.decided_lines, as_json)


@outbox.command("drop")
def outbox_drop(ctx: Context, numbers: o.SomeNumbers, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Cancel writes that have not left."""
    from connector.commands import writes

    show(writes.drop(placed(ctx), numbers, dry_run=dry_run), writes.decided_lines, as_json)


@outbox.command("undo")
def outbox_undo(
    ctx: Context,
    numbers: o.Numbers = None,
    rule: o.OfRule = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Take back what writes left on their tickets, where it is still ours."""
    from connector.commands import undoing

    if not numbers and rule is None:
        raise typer.BadParameter("name writes by their numbers, or a --rule")
    done = undoing.undo(placed(ctx), numbers or [], rule=rule, dry_run=dry_run)
    show(done, undoing.undoing_lines, as_json)


@quarantine.command("list")
def quarantine_list(
    ctx: Context,
    source: o.OfSource = None,
    everything: o.All = False,
    payload: o.Payload = False,
    as_json: o.Json = False,
) -> None:
    """What could not be understood, and why."""
    from connector.commands import aside

    rows = aside.listing(placed(ctx), source=source, payload=payload, everything=everything)
    show(rows, aside.listing_lines, as_json)


@quarantine.command("retry")
def quarantine_retry(
    ctx: Context,
    numbers: o.Numbers = None,
    everything: o.All = False,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Read records again by today's mapping; where that does not help, fetch their tickets afresh."""
    from connector.commands import aside

    done = aside.retry(placed(ctx), numbers or [], everything=everything, dry_run=dry_run)
    show(done, aside.tried_lines, as_json)


@quarantine.command("skip")
def quarantine_skip(ctx: Context, numbers: o.SomeNumbers, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Leave records alone for good."""
    from connector.commands import aside

    show(aside.skip(placed(ctx), numbers, dry_run=dry_run), aside.tried_lines, as_json)
