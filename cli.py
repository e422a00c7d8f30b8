"""The `amends` command: parse, call, print. What the commands do is in `connector.commands`, the daemon in `schedule`.

The only composition root, and the one place where the engine is given its clocks. Everything is imported by the command
that needs it: an idle `amends sync` from a timer should cost as little as it can.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer import Context

from connector.commands import options as o
from connector.commands.terminal import agreed, ask, show, told
from connector.errors import AmendsError

if TYPE_CHECKING:
    from connector.commands.place import Place

HELP = "Keeps complaints in order: reads your helpdesks, measures, and writes back what should be known there."
app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def _group(name: str, words: str) -> typer.Typer:
    group = typer.Typer(help=words, no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name=name)
    return group


complaints = _group("complaints", "Look at what is stored.")
mapping = _group("mapping", "What the fields of a source mean.")
outbox = _group("outbox", "Intended writes, and your decisions about them.")
quarantine = _group("quarantine", "Records that could not be understood.")
store = _group("store", "Look after the store.")
adapter = _group("adapter", "The kinds of helpdesk that Amends can talk to.")
audit = _group("audit", "Who did what, when.")
mail = _group("mail", "What Amends understands of a mail.")
clock = _group("clock", "Working time: try it, and see what a change would do.")
tag = _group("tag", "What texts are about, and how models learn it.")
trends = typer.Typer(help="What stands out: several people with the same thing.", rich_markup_mode=None)
app.add_typer(trends, name="trends")
corrections = _group("corrections", "What is done about causes, and who has to be told.")


def _place(ctx: Context) -> Place:
    from connector.commands.place import Place, deadly_seam

    home = ctx.find_root().params.get("home")
    now, scale = _clock(home or Path("amends"))
    return Place(home, now=now, wall=_wall, scale=scale, seam=deadly_seam(os.environ.get("AMENDS_CRASH_AT")))


def _wall() -> datetime:
    return datetime.now(UTC)


def _clock(home: Path) -> tuple[Callable[[], datetime], float]:
    """The time in the complaints' world, and how fast it runs: real time, unless AMENDS_CLOCK or the demo's folder
    tells another one, such as "2026-03-02T08:00:00Z@1772438400x60" (see `sandbox.clock.ToldClock`)."""
    file, text = home / "demo-clock", os.environ.get("AMENDS_CLOCK")
    if not text and not file.exists():
        return _wall, 1.0
    from sandbox.clock import ToldClock

    try:
        clock = ToldClock(text or file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AmendsError(f"AMENDS_CLOCK: {error}.", remedy="Write 2026-03-02T08:00:00Z@1772438400x60.") from None
    return clock, clock.scale


@app.callback()
def _common(home: o.Home = None, version: o.Version = False) -> None:
    """What goes before a command: `--version` answers by itself, and each command asks its context for `--home`."""


@app.command()
def demo(ctx: Context, fast: o.Fast = False, plain: o.Plain = False) -> None:
    """See it at work: five days of a shop's complaints in about a minute, and a crash in the middle."""
    from sandbox.demo import demo as play

    raise typer.Exit(play(ctx.find_root().params.get("home"), fast=fast, plain=plain, wall=_wall))


@app.command()
def init(
    ctx: Context,
    adapter: o.NewAdapter = None,
    source: o.NewSource = None,
    url: o.Url = None,
    auth: o.Auth = None,
    option: o.Given = None,
    secret: o.Secrets = None,
    time_zone: o.Zone = None,
    yes: o.Yes = False,
    offline: o.Offline = False,
    add: o.Add = False,
    force: o.Force = False,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Make a folder of commented settings for one helpdesk, or with --add, add one to the folder that is there.

    Asks what it has to know, and tries the credentials."""
    from connector.commands import questions, starting
    from connector.commands.place import Place

    given = questions.pairs(option) | {name: value for name, value in (("url", url), ("auth", auth)) if value}
    wish = questions.Wish(adapter, source, given, questions.pairs(secret), time_zone, add)
    home = ctx.find_root().params.get("home") or starting.USUAL_HOME
    place = Place(home, now=_wall, wall=_wall)
    chosen, answers = questions.answered(wish, None if yes else ask, None if offline else starting.offers(place))
    done = starting.start(place, home, chosen, answers, force=force, offline=offline, dry_run=dry_run, further=add)
    show(done, starting.started_lines, as_json)


@app.command()
def check(ctx: Context, offline: o.Offline = False, as_json: o.Json = False) -> None:
    """Check the settings, run their examples, and ask each source who we are and what we may do."""
    from connector.commands import checking

    show(checking.check(_place(ctx), offline=offline), checking.checked_lines, as_json)


@app.command()
def run(ctx: Context, log: o.Log = "text") -> None:
    """The daemon. SIGTERM ends it, SIGHUP makes it read its settings again."""
    from connector import logs
    from connector.commands import running

    logs.set_up(log)
    code = 0
    try:
        running.run(_place(ctx))
    except AmendsError as error:
        code = told(error)
    # A call to a helpdesk that hangs must not keep the process: whatever it was about is settled by the next start.
    sys.stderr.flush()
    os._exit(code)


@app.command()
def sync(
    ctx: Context,
    names: o.Sources = None,
    pages: o.Pages = None,
    census: o.Census = False,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """One pass: read what is new, decide what is due, write what is intended. Then exit."""
    from connector.commands import syncing

    done = syncing.sync(_place(ctx), names or [], dry_run=dry_run, most_pages=pages, count_now=census)
    show(done, syncing.synced_lines, as_json)


@app.command()
def status(ctx: Context, as_json: o.Json = False, alive: o.Alive = False) -> None:
    """Where everything stands. Exits with 1 when something needs a person; with --alive, when no daemon runs."""
    from connector.commands import overview

    if alive:
        show(overview.life(_place(ctx)), overview.life_lines, as_json)
    else:
        show(overview.overview(_place(ctx)), overview.overview_lines, as_json)


@app.command()
def explain(ctx: Context, name: o.Case, as_json: o.Json = False) -> None:
    """Why one complaint is tagged, timed, flagged and written to as it is."""
    from connector.commands import explaining
    from connector.explain import lines

    show(explaining.explained(_place(ctx), name), lines, as_json)


@app.command()
def pause(ctx: Context, why: o.Why = "by hand", dry_run: o.DryRun = False) -> None:
    """Stop all writes to all helpdesks at once; reading goes on."""
    from connector.commands import keeping

    show(keeping.pause(_place(ctx), why, dry_run=dry_run), keeping.done_lines)


@app.command()
def resume(ctx: Context, dry_run: o.DryRun = False) -> None:
    """Let writes go again."""
    from connector.commands import keeping

    show(keeping.resume(_place(ctx), dry_run=dry_run), keeping.done_lines)


# -- complaints ----------------------------------------------------------------------------------------------------


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
    show(cases.listing(_place(ctx), wanted), cases.listing_lines, as_json)


@complaints.command("show")
def complaintsshow(ctx: Context, name: o.Case, as_json: o.Json = False) -> None:
    """One complaint as it is stored; `amends explain` says why."""
    from connector.commands import cases

    show(cases.show(_place(ctx), name), cases.shown_lines, as_json)


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
    number = cases.export(_place(ctx), wanted, form, out)
    typer.echo(f"{number:,} complaints written.", err=True)


# -- mapping -------------------------------------------------------------------------------------------------------


@mapping.command("discover")
def mapping_discover(ctx: Context, names: o.Sources = None, most: o.Tickets = 100, as_json: o.Json = False) -> None:
    """The fields of a source and how they are used, its statuses, groups and people, with the ids a mapping uses."""
    from connector.commands import mapping_discover as discovering

    show(discovering.discover(_place(ctx), names or [], most), discovering.discovered_lines, as_json)


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

    done = suggesting.suggested(_place(ctx), name, most, write=write, force=force)
    show(done, suggesting.suggested_lines, as_json)


@mapping.command("preview")
def mapping_preview(
    ctx: Context, name: o.OneSource, most: o.Tickets = 10, draft: o.Draft = None, as_json: o.Json = False
) -> None:
    """Live tickets as the mapping understands them, beside what was stored; what it cannot place, and quarantine."""
    from connector.commands import mapping_preview as previewing

    show(previewing.preview(_place(ctx), name, most, draft), previewing.previewed_lines, as_json)


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

    show(fitting.check(_place(ctx), names or [], most, offline=offline), fitting.checked_lines, as_json)


@mapping.command("backfill")
def mapping_backfill(
    ctx: Context,
    names: o.Sources = None,
    most: o.Most = 20,
    dry_run: o.DryRun = False,
    yes: o.SayYes = False,
    as_json: o.Json = False,
) -> None:
    """Read all stored tickets again by the rules as they are now; nothing is fetched. Shows first what would change."""
    from connector.commands import mapping_backfill as filling

    place = _place(ctx)
    if not (dry_run or yes):
        plan = filling.backfill(place, names or [], dry_run=True, most=most)
        if not any(one.changed for one in plan):
            show(plan, filling.backfill_lines, as_json)
            return
        agreed("\n".join(filling.backfill_lines(plan, 120)), "Store that?")
    show(filling.backfill(place, names or [], dry_run=dry_run, most=most), filling.backfill_lines, as_json)


@mapping.command("schemas")
def mapping_schemas(ctx: Context, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Write the JSON Schemas of all settings files into .schemas, by which editors complete and complain."""
    from connector.commands import starting

    show(starting.write_schemas(_place(ctx), dry_run=dry_run), starting.schemas_lines, as_json)


# -- outbox --------------------------------------------------------------------------------------------------------


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
    rows = writes.listing(_place(ctx), states=states, source=source, ticket=ticket, most=most)
    show(rows, writes.listing_lines, as_json)


@outbox.command("show")
def outboxshow(ctx: Context, number: o.Number, as_json: o.Json = False) -> None:
    """One write: what it would do to the ticket, and how far it has come."""
    from connector.commands import writes

    show(writes.show(_place(ctx), number), writes.write_lines, as_json)


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

    done = writes.approve(_place(ctx), numbers or [], everything=everything, even_shadow=even_shadow, dry_run=dry_run)
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
    done = writes.retry(_place(ctx), numbers or [], is_there=it_is_there, send_again=send_again, dry_run=dry_run)
    show(done, writes.decided_lines, as_json)


@outbox.command("drop")
def outbox_drop(ctx: Context, numbers: o.SomeNumbers, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Cancel writes that have not left."""
    from connector.commands import writes

    show(writes.drop(_place(ctx), numbers, dry_run=dry_run), writes.decided_lines, as_json)


# -- quarantine ----------------------------------------------------------------------------------------------------


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

    rows = aside.listing(_place(ctx), source=source, payload=payload, everything=everything)
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

    done = aside.retry(_place(ctx), numbers or [], everything=everything, dry_run=dry_run)
    show(done, aside.tried_lines, as_json)


@quarantine.command("skip")
def quarantine_skip(ctx: Context, numbers: o.SomeNumbers, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Leave records alone for good."""
    from connector.commands import aside

    show(aside.skip(_place(ctx), numbers, dry_run=dry_run), aside.tried_lines, as_json)


# -- store ---------------------------------------------------------------------------------------------------------


@store.command("migrate")
def store_migrate(ctx: Context, dry_run: o.DryRun = False) -> None:
    """Bring the tables up to date; the daemon does so by itself when it starts."""
    from connector.commands import keeping

    show(keeping.migrate(_place(ctx), dry_run=dry_run), keeping.done_lines)


@store.command("backup")
def store_backup(ctx: Context, file: Path, dry_run: o.DryRun = False) -> None:
    """Copy the store to a new file while the daemon runs, and prove the copy."""
    from connector.commands import keeping

    show(keeping.back_up(_place(ctx), file, dry_run=dry_run), keeping.done_lines)


@store.command("restore")
def store_restore(ctx: Context, file: Path, dry_run: o.DryRun = False) -> None:
    """Put a backup in the place of the store, which is kept beside it. Stop the daemon first."""
    from connector.commands import keeping

    show(keeping.restore(_place(ctx), file, dry_run=dry_run), keeping.done_lines)


@store.command("check")
def store_check(ctx: Context, file: o.Backup = None, as_json: o.Json = False) -> None:
    """Read every page of the store and say whether it is sound."""
    from connector.commands import keeping

    show(keeping.check(_place(ctx), file), keeping.checked_lines, as_json)


# -- adapters and the audit log ------------------------------------------------------------------------------------


@adapter.command("list")
def adapter_list(as_json: o.Json = False) -> None:
    """The kinds of helpdesk there are, the streams they read, and what they can write."""
    from connector.commands import authoring

    show(authoring.known(), authoring.known_lines, as_json)


@adapter.command("new")
def adapter_new(name: str, into: o.Into = None, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Write a whole adapter to start from: code, mapping, and a conformance test that passes."""
    from connector.commands import authoring

    done = authoring.new(name, into or Path(f"{name}-amends"), dry_run=dry_run)
    show(done, authoring.made_lines, as_json)


@audit.command("list")
def audit_list(
    ctx: Context, source: o.OfSource = None, ticket: o.OfTicket = None, most: o.Most = 50, as_json: o.Json = False
) -> None:
    """What Amends and people did, newest first."""
    from connector.commands import keeping

    rows = keeping.audit(_place(ctx), source=source, ticket=ticket, most=most)
    show(rows, keeping.audit_lines, as_json)


# -- mail ----------------------------------------------------------------------------------------------------------


@mail.command("parse")
def mail_parse(files: o.Mails, own: o.OwnAddresses = None, trusted: o.TrustedHosts = None) -> None:
    """Read mails from files and print what is understood, a line of JSON for each. Contacts and keeps nothing."""
    from msgspec.json import encode

    from adapters.imap.describing import described
    from adapters.imap.habits import LANGUAGES
    from adapters.imap.message import understood
    from connector.display import harmless_json
    from connector.tagging.language import guess

    code = 0
    for file in files:
        try:
            raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError as error:
            words = f"{file} cannot be read: {error.strerror}."
            code = told(AmendsError(words, remedy="Name files that hold a mail each."))
            continue
        message = understood(raw, own_addresses=own or (), trusted_hosts=trusted or ())
        language = guess(message.reply_text or message.subject, LANGUAGES).language
        typer.echo(harmless_json(encode(described(file, message, language))))
    if code:
        raise typer.Exit(code)


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

    show(clock_whatif.what_if(_place(ctx), file, names=names or (), most=most), clock_whatif.lines, as_json)


@clock.command("diff")
def clock_diff(ctx: Context, names: o.Sources = None, since: o.Since = None, as_json: o.Json = False) -> None:
    """Where our clocks differ from the helpdesk's own by more than a minute, and why. Exits with 1 where one does."""
    from connector.commands import clock_diff as differing

    show(differing.diff(_place(ctx), names=names or (), since=since), differing.lines, as_json)


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
    from connector.commands.terminal import yes

    place = _place(ctx)
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
        promises.listing(_place(ctx), source=source, states=wanted, unsure=unsure, most=limit), promises.lines, as_json
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

    done = promises.decide(_place(ctx), name, number, stands=True, due=due, dry_run=dry_run)
    show(done, promises.decided_lines, as_json)


@clock.command("dismiss")
def clock_dismiss(
    ctx: Context, name: o.Case, number: o.PromiseNumber, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Say that a date in a reply is no promise."""
    from connector.commands import clock_promises as promises

    show(promises.decide(_place(ctx), name, number, stands=False, dry_run=dry_run), promises.decided_lines, as_json)


# -- tag -----------------------------------------------------------------------------------------------------------


@tag.command("text")
def tag_text(ctx: Context, file: o.Texts = "-", model: o.ModelFolder = None, as_json: o.Json = False) -> None:
    """What each text of a file is about: a line of JSON in ({"id", "text"}, perhaps "lang", "subject"), one out."""
    from shutil import get_terminal_size

    from connector.commands import tag_text as texts

    columns = get_terminal_size((200, 24)).columns if sys.stdout.isatty() else 200
    code = texts.tag_text(
        ctx.find_root().params.get("home"),
        file,
        model=model,
        as_json=as_json,
        columns=columns,
        put=lambda lines: typer.echo(lines, nl=False),
        complain=lambda line: typer.echo(line, err=True),
    )
    if code:
        raise typer.Exit(code)


@tag.command("train")
def tag_train(
    ctx: Context,
    facet: o.Facet,
    files: o.LabelledFiles = None,
    model: o.ModelFolder = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Learn one question from labelled texts: those of files alone with --model, else from what agents said here too.

    Without --model it goes live, if it is no worse than what is.
    """
    from connector.commands import tag_train as training

    def complain(line: str) -> None:
        typer.echo(line, err=True)

    done = training.train(_place(ctx), files or [], facet, model=model, dry_run=dry_run, complain=complain)
    show(done, training.trained_lines, as_json)


@tag.command("evaluate")
def tag_evaluate(
    ctx: Context, file: o.LabelledFile, facet: o.Facet, model: o.ModelFolder = None, as_json: o.Json = False
) -> None:
    """How good the answers to one question are, on labelled texts."""
    from connector.commands import tag_evaluate as evaluating

    home = ctx.find_root().params.get("home")
    done = evaluating.evaluate(home, file, facet, model=model, complain=lambda line: typer.echo(line, err=True))
    show(done, evaluating.evaluation_lines, as_json)


@tag.command("review")
def tag_review(
    ctx: Context,
    facet: o.SomeFacet = None,
    say: o.SayIt = None,
    most: o.MostReviewed = 20,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Go through what nothing could decide, and say what is right. With --json or in a pipe it is only listed."""
    from connector.commands import tag_review as reviewing

    someone = ask if sys.stdin.isatty() and not as_json else None
    done = reviewing.review(
        _place(ctx), facet, most=most, answers=say or [], ask=someone, put=typer.echo, dry_run=dry_run
    )
    show(done, reviewing.reviewed_lines, as_json)


@tag.command("models")
def tag_models(ctx: Context, as_json: o.Json = False) -> None:
    """The models that were trained here, and which are live."""
    from connector.commands import tag_train as training

    show(training.models(_place(ctx)), training.models_lines, as_json)


@tag.command("rollback")
def tag_rollback(
    ctx: Context,
    facet: o.OneFacet,
    to: o.VersionNumber = None,
    shipped: o.ToShipped = False,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Put an earlier model in force again."""
    from connector.commands import tag_train as training

    done = training.rollback(_place(ctx), facet, to, shipped=shipped, dry_run=dry_run)
    show(done, training.rolled_lines, as_json)


# -- trends and corrections ----------------------------------------------------------------------------------------


@trends.callback(invoke_without_command=True)
def trends_now(ctx: Context) -> None:
    """What stands out: several people with the same thing. Without a command: those that are not over."""
    if ctx.invoked_subcommand is None:
        trends_list(ctx, every=False, most=50, as_json=False)


@trends.command("list")
def trends_list(ctx: Context, every: o.All = False, most: o.Most = 50, as_json: o.Json = False) -> None:
    """The trends that are not over, newest first; --all for those that are as well."""
    from connector.commands import trends as standing

    show(standing.listing(_place(ctx), everything=every, most=most), standing.listing_lines, as_json)


@trends.command("show")
def trends_show(ctx: Context, number: o.Number, as_json: o.Json = False) -> None:
    """One trend: how likely it is by chance, since when, and every complaint in it."""
    from connector.commands import trends as standing

    show(standing.show(_place(ctx), number), standing.shown_lines, as_json)


def _said(ctx: Context, number: int, state: str, why: str | None, dry_run: bool, as_json: bool) -> None:
    from connector.commands import trends as standing
    from connector.trends.life import State

    done = standing.decide(_place(ctx), number, State(state), why, dry_run=dry_run)
    show(done, standing.said_lines, as_json)


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
    show(correcting.opened(_place(ctx), wish, dry_run=dry_run), correcting.opened_lines, as_json)


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

    show(standing.listing(_place(ctx), everything=every, most=most), standing.listing_lines, as_json)


@corrections.command("show")
def corrections_show(ctx: Context, number: o.Number, as_json: o.Json = False) -> None:
    """One correction, every complaint that it concerns, and the letters to their customers."""
    from connector.commands import corrections as standing

    show(standing.show(_place(ctx), number), standing.shown_lines, as_json)


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
    show(correcting.opened(_place(ctx), wish, dry_run=dry_run), correcting.opened_lines, as_json)


@corrections.command("done")
def corrections_done(
    ctx: Context, number: o.Number, changed: o.WhatChanged = None, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Say that the cause is gone and what was changed. Where there is a ticket, its resolution says the first."""
    from connector.commands import correcting, questions

    done = correcting.done(_place(ctx), number, questions.pairs(changed), dry_run=dry_run)
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

    done = correcting.decide(_place(ctx), number, names or [], Told(state), why, everything=every, dry_run=dry_run)
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
    until: o.Until = None,
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
    found = others.affected(_place(ctx), number, sales, wish, out, dry_run=dry_run)
    if out is None and not dry_run:
        typer.echo("\n".join(others.found_lines(found, 0)), err=True)
    else:
        show(found, others.found_lines, as_json)


def main() -> None:
    """The entry point. Exit codes: 0 fine, 1 found something wrong, 2 settings, 3 credentials, 4 unreachable."""
    # What is imported stays: looking through it for garbage again and again is a thirtieth of an idle run.
    gc.set_threshold(100_000)
    try:
        app()
    except AmendsError as error:
        sys.exit(told(error))


if __name__ == "__main__":
    main()
