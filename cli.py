"""The `amends` command: parse, call, print. What the commands do is in `connector.commands`, the daemon in `schedule`.

The only composition root, and the one place where the engine is given its clocks. Everything is imported by the command
that needs it: an idle `amends sync` from a timer should cost as little as it can.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer import Context

from connector.commands import options as o
from connector.commands.terminal import agreed, ask, new_password, show, told
from connector.errors import AmendsError
from connector.roles import Rank

if TYPE_CHECKING:
    from connector.commands.people_conduct import Told
    from connector.commands.place import Place

HELP = "Keeps complaints in order: reads your helpdesks, measures, and writes back what should be known there."
app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def _group(name: str, words: str, within: typer.Typer = app) -> typer.Typer:
    group = typer.Typer(help=words, no_args_is_help=True, rich_markup_mode=None)
    within.add_typer(group, name=name)
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
hooks = _group("hooks", "What helpdesks push at us, so that changes are known within seconds.")
survey = _group("survey", "What customers are asked after a resolution, and what they say.")
tag = _group("tag", "What texts are about, and how models learn it.")
web = _group("web", "The console in a browser, and who may come in.")
user = _group("user", "People who may come into the console.", web)
token = _group("token", "What lets programs use the API.", web)
policy = _group("policy", "Who is told what: try it before it is in force.")
remedy = _group("remedy", "What customers asked for, what they were given, and what it cost.")
people = _group("people", "Who is who over all sources, and what is held of them.")
conduct = typer.Typer(help="The register of conduct; it restricts nobody.", no_args_is_help=True, rich_markup_mode=None)
people.add_typer(conduct, name="conduct")
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
        running.run(_place(ctx), console=_console)
    except AmendsError as error:
        code = told(error)
    # A call to a helpdesk that hangs must not keep the process: whatever it was about is settled by the next start.
    sys.stderr.flush()
    os._exit(code)


def _console(place: Place, reload: Callable[[], None]) -> AbstractContextManager[None]:
    from connector.console.serving import beside

    return beside(place, reload)


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
def metrics(ctx: Context) -> None:
    """Where everything stands, for Prometheus: what GET /metrics answers."""
    from connector.commands.metrics import exposition

    typer.echo(exposition(_place(ctx)), nl=False)


@app.command()
def explain(ctx: Context, name: o.Case, zone: o.ReaderZone = None, as_json: o.Json = False) -> None:
    """Why one complaint is tagged, timed, flagged and written to as it is."""
    from connector.commands import explaining
    from connector.explain import lines

    show(explaining.explained(_place(ctx), name, zone), lines, as_json)


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


# -- people --------------------------------------------------------------------------------------------------------


@people.command("list")
def people_list(ctx: Context, words: o.Words = None, most: o.Most = 50, as_json: o.Json = False) -> None:
    """People with tickets, those heard of last first."""
    from connector.commands import people as persons

    show(persons.listing(_place(ctx), words, most), persons.listing_lines, as_json)


@people.command("show")
def people_show(ctx: Context, person: o.SomePerson, as_json: o.Json = False) -> None:
    """One person over all sources: what they are known by, what joins it, and their tickets."""
    from connector.commands import people as persons

    show(persons.show(_place(ctx), person), persons.person_lines, as_json)


@people.command("link")
def people_link(
    ctx: Context, person: o.SomePerson, other: o.OtherPerson, why: o.Why = "by hand", dry_run: o.DryRun = False
) -> None:
    """Say that two are one person. `unlink` takes it back."""
    from connector.commands import keeping
    from connector.commands import people as persons

    show(persons.link(_place(ctx), person, other, why, dry_run=dry_run), keeping.done_lines)


@people.command("unlink")
def people_unlink(
    ctx: Context, identity: o.Identity, other: o.NotThem = None, why: o.Why = "by hand", dry_run: o.DryRun = False
) -> None:
    """Say that an identity is another person's. `link` takes it back."""
    from connector.commands import keeping
    from connector.commands import people as persons

    show(persons.unlink(_place(ctx), identity, other, why, dry_run=dry_run), keeping.done_lines)


@people.command("proposals")
def people_proposals(ctx: Context, most: o.Most = 50, as_json: o.Json = False) -> None:
    """Who may be one person although nothing proves it, the most likely first."""
    from connector.commands import people as persons

    show(persons.proposals(_place(ctx), most), persons.proposals_lines, as_json)


@people.command("repeats")
def people_repeats(ctx: Context, as_json: o.Json = False) -> None:
    """Who had to come back, with their cases, and how often we had been at fault first."""
    from connector.commands import people as persons

    show(persons.repeats(_place(ctx)), persons.repeats_lines, as_json)


@people.command("export")
def people_export(ctx: Context, person: o.SomePerson, out: o.Out = None) -> None:
    """All that is held of a person, as JSON."""
    from connector.commands import people_privacy

    body = people_privacy.export(_place(ctx), person, out)
    typer.echo(body.decode() if body is not None else f"Written to {out}. Keep it as you keep the store.")


@people.command("erase")
def people_erase(
    ctx: Context, person: o.SomePerson, dry_run: o.DryRun = False, yes: o.SayYes = False, as_json: o.Json = False
) -> None:
    """Erase a person and all their tickets from the store. Asks before it does."""
    from connector.commands import people_privacy as privacy

    place = _place(ctx)
    if not (dry_run or yes):
        plan = privacy.erase(place, person, dry_run=True)
        agreed("\n".join(privacy.erased_lines(plan, 120)), "Erase that? It cannot be undone.")
    show(privacy.erase(place, person, dry_run=dry_run), privacy.erased_lines, as_json)


@conduct.command("list")
def conduct_list(ctx: Context, everything: o.All = False, as_json: o.Json = False) -> None:
    """The registers that are not over, or with --all, all of them."""
    from connector.commands import people_conduct as register

    show(register.listing(_place(ctx), everything=everything), register.listing_lines, as_json)


@conduct.command("show")
def conduct_show(ctx: Context, number: o.Register, as_json: o.Json = False) -> None:
    """One register, step by step."""
    from connector.commands import people_conduct as register

    show(register.show(_place(ctx), number), register.register_lines, as_json)


@conduct.command("suggest")
def conduct_suggest(ctx: Context, as_json: o.Json = False) -> None:
    """Whom people may want to talk about, because of how often they write. Changes nothing."""
    from connector.commands import people_conduct as register

    show(register.suggestions(_place(ctx)), register.suggestions_lines, as_json)


@conduct.command("incident")
def conduct_incident(
    ctx: Context,
    person: o.SomePerson,
    text: o.Text = "",
    document: o.Document = None,
    case: o.AboutCases = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Log what somebody did: facts, not the person. Opens a register."""
    from connector.commands import people_conduct as register

    told = register.Told(text, document, cases=tuple(case or ()))
    show(register.begin(_place(ctx), person, told, dry_run=dry_run), register.register_lines, as_json)


@conduct.command("check")
def conduct_check(
    ctx: Context,
    number: o.Register,
    answer: o.Answers = None,
    document: o.Document = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Answer whether we were fair. A single no ends it."""
    from connector.commands import people_conduct as register

    told = register.Told(document=document, answers=register.answers(answer or []))
    _file_step(ctx, number, "fairness", told, dry_run, as_json)


@conduct.command("warn")
def conduct_warn(
    ctx: Context, number: o.Register, document: o.Document = None, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Note the letter that told them and asked them to change."""
    from connector.commands import people_conduct as register

    _file_step(ctx, number, "warning", register.Told(document=document), dry_run, as_json)


@conduct.command("decide")
def conduct_decide(
    ctx: Context,
    number: o.Register,
    measure: o.MeasureOf,
    review: o.Review,
    text: o.Text = "",
    case: o.AboutCases = None,
    request: o.WrittenRequest = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Decide on a measure, its matter and the day on which it lapses. Two other people have to approve it."""
    from connector.commands import people_conduct as register
    from connector.people.conduct import Measure

    told = register.Told(text, None, request, Measure(measure), review.date(), tuple(case or ()))
    _file_step(ctx, number, "decision", told, dry_run, as_json)


@conduct.command("approve")
def conduct_approve(ctx: Context, number: o.Register, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Approve a decision or an extension, in your own name."""
    from connector.commands import people_conduct as register

    _file_step(ctx, number, "approval", register.Told(), dry_run, as_json)


@conduct.command("notice")
def conduct_notice(
    ctx: Context, number: o.Register, document: o.Document = None, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Note the letter that says why, what, how long and how to appeal. Only from then on it is in force."""
    from connector.commands import people_conduct as register

    _file_step(ctx, number, "notice", register.Told(document=document), dry_run, as_json)


@conduct.command("extend")
def conduct_extend(
    ctx: Context,
    number: o.Register,
    review: o.Review,
    text: o.Text = "",
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Ask for another day on which it lapses, with reasons. Two other people have to approve it."""
    from connector.commands import people_conduct as register

    _file_step(ctx, number, "extension", register.Told(text, review=review.date()), dry_run, as_json)


@conduct.command("end")
def conduct_end(
    ctx: Context, number: o.Register, text: o.Text = "", dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """End it before its day."""
    from connector.commands import people_conduct as register

    _file_step(ctx, number, "end", register.Told(text), dry_run, as_json)


def _file_step(ctx: Context, number: int, step: str, told: Told, dry_run: bool, as_json: bool) -> None:
    from connector.commands import people_conduct as register
    from connector.people.conduct import Step

    show(register.file(_place(ctx), number, Step(step), told, dry_run=dry_run), register.register_lines, as_json)


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
    done = undoing.undo(_place(ctx), numbers or [], rule=rule, dry_run=dry_run)
    show(done, undoing.undoing_lines, as_json)


# -- people --------------------------------------------------------------------------------------------------------


@app.command()
def contacts(ctx: Context, role: o.OfRole = None, as_json: o.Json = False) -> None:
    """Where a complaint goes: whom it is taken to, and how to reach them."""
    from connector.commands import people_told

    show(people_told.directory(_place(ctx), role), people_told.directory_lines, as_json)


@app.command()
def ack(ctx: Context, name: o.Case, by: o.Who = None, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Say that you see to a complaint: nobody further up is told of it."""
    from connector.commands import people_told

    show(people_told.ack(_place(ctx), name, who=by, dry_run=dry_run), people_told.acked_lines, as_json)


@policy.command("try")
def policy_try(
    ctx: Context, days: o.Days = 30, draft: o.PolicyDraft = None, most: o.Most = 50, as_json: o.Json = False
) -> None:
    """What the policy would have sent of late, to whom, and how often. Sends nothing."""
    from connector.commands import policy_try as trying

    tried = trying.attempt(_place(ctx), days=days, draft=draft, most=most)
    show(tried, trying.tried_lines, as_json)


@remedy.command("list")
def remedy_list(ctx: Context, source: o.OfSource = None, most: o.Most = 50, as_json: o.Json = False) -> None:
    """What was granted against what was asked, and what it cost."""
    from connector.commands import remedies

    show(remedies.ledger(_place(ctx), source=source, most=most), remedies.ledger_lines, as_json)


@remedy.command("show")
def remedy_show(ctx: Context, name: o.Case, as_json: o.Json = False) -> None:
    """The playbook that fits a complaint: its steps, and what may be offered."""
    from connector.commands import remedies

    show(remedies.steps(_place(ctx), name), remedies.steps_lines, as_json)


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

    done = remedies.grant(_place(ctx), name, what, cost=cost, currency=currency, dry_run=dry_run)
    show(done, remedies.granted_lines, as_json)


@remedy.command("strike")
def remedy_strike(ctx: Context, number: o.Number, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Strike out what was written down by mistake."""
    from connector.commands import remedies

    show(remedies.take_back(_place(ctx), number, dry_run=dry_run), remedies.taken_back_lines, as_json)


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
def store_check(ctx: Context, file: o.Backup = None, audit_head: o.AuditHead = None, as_json: o.Json = False) -> None:
    """Read every page of the store, prove its audit log, and say whether it is sound."""
    from connector.commands import keeping

    show(keeping.check(_place(ctx), file, audit_head), keeping.checked_lines, as_json)


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


@hooks.command("list")
def hooks_list(ctx: Context, as_json: o.Json = False) -> None:
    """How the hook of each source is, and when it was heard last."""
    from connector.commands import hooks as pushed

    show(pushed.listing(_place(ctx)), pushed.listing_lines, as_json)


@hooks.command("mend")
def hooks_mend(
    ctx: Context, sources: o.Sources = None, renew: o.Renew = False, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Look at the hooks now and mend what is wrong; the daemon does so by itself every six hours."""
    from connector.commands import hooks as pushed

    show(pushed.mend(_place(ctx), sources or [], renew=renew, dry_run=dry_run), pushed.done_lines, as_json)


@hooks.command("drop")
def hooks_drop(ctx: Context, source: o.OneSource, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Take the hook of a source away at its helpdesk."""
    from connector.commands import hooks as pushed

    show(pushed.drop(_place(ctx), source, dry_run=dry_run), pushed.done_lines, as_json)


@store.command("tidy")
def store_tidy(ctx: Context, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Erase what was kept as long as `retention` in people.yaml says. The daemon does so by itself."""
    from connector.commands import people_privacy

    show(people_privacy.tidy(_place(ctx), dry_run=dry_run), people_privacy.tidied_lines, as_json)


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


# -- report --------------------------------------------------------------------------------------------------------


@app.command()
def report(
    ctx: Context,
    period: o.Period = None,
    since: o.From = None,
    until: o.Until = None,
    by: o.By = None,
    where: o.Where = None,
    as_of: o.AsOf = None,
    cell: o.OneCell = None,
    pack: o.ReviewMonth = None,
    form: o.Reporting = "text",
    out: o.Out = None,
    most: o.Most = 25,
    as_json: o.Json = False,
) -> None:
    """Figures: how many, why, how fast, how well, at what cost, and what customers say. Each can be traced."""
    from shutil import get_terminal_size

    from connector.commands import report as reporting

    at = as_of.replace(tzinfo=UTC) if as_of else None
    place, wish = _place(ctx), reporting.Wish(period, since, until, tuple(by or ()), tuple(where or ()), at, most)
    if cell is not None:
        show(reporting.cell(place, wish, cell, most=most), reporting.cell_lines, as_json)
        return
    told, review = reporting.packed(place, pack, wish) if pack else (reporting.reported(place, wish), None)
    columns = get_terminal_size((200, 24)).columns if sys.stdout.isatty() else 200
    chosen = "json" if as_json else form
    reporting.put(reporting.written(told, chosen, review, columns), chosen, out)


# -- survey --------------------------------------------------------------------------------------------------------


@survey.command("list")
def survey_list(ctx: Context, source: o.OfSource = None, most: o.Most = 50, as_json: o.Json = False) -> None:
    """Surveys that are due, were sent, or answered, the newest first."""
    from connector.commands import survey as asking

    show(asking.listing(_place(ctx), source=source, most=most), asking.listing_lines, as_json)


@survey.command("show")
def survey_show(ctx: Context, name: o.Case, as_json: o.Json = False) -> None:
    """What was asked and said about one complaint, with the customer's own words."""
    from connector.commands import survey as asking

    show(asking.show(_place(ctx), name), asking.show_lines, as_json)


@survey.command("link")
def survey_link(ctx: Context, name: o.Case, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """The link to the page of questions for one complaint, to be given to its customer."""
    from connector.commands import survey as asking

    show(asking.link(_place(ctx), name, dry_run=dry_run), asking.link_lines, as_json)


@survey.command("stop")
def survey_stop(ctx: Context, who: o.Person, dry_run: o.DryRun = False) -> None:
    """Ask somebody no more, at whatever source."""
    from connector.commands import keeping
    from connector.commands import survey as asking

    show(asking.stop(_place(ctx), who, ask_again=False, dry_run=dry_run), keeping.done_lines)


@survey.command("allow")
def survey_allow(ctx: Context, who: o.Person, dry_run: o.DryRun = False) -> None:
    """Take back a `stop`."""
    from connector.commands import keeping
    from connector.commands import survey as asking

    show(asking.stop(_place(ctx), who, ask_again=True, dry_run=dry_run), keeping.done_lines)


@survey.command("serve")
def survey_serve(ctx: Context, host: o.Host = "127.0.0.1", port: o.PagePort = 8480) -> None:
    """Serve the page of questions, for a web server in front of it. SIGTERM or Ctrl-C ends it."""
    from connector.web.public import serve_survey

    serve_survey(_place(ctx), host, port, tell=lambda line: typer.echo(line, err=True))


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


# -- the console ---------------------------------------------------------------------------------------------------


@web.command("serve")
def web_serve(ctx: Context, address: o.Address = None, port: o.Port = None) -> None:
    """The console and the API, beside a daemon or without one. Only this machine can reach it, unless amends.yaml says
    otherwise."""
    from connector.commands import accounts
    from connector.console.serving import Office

    place = _place(ctx)
    office = Office(place, address=address, port=port, reload=None)
    typer.echo(f"The console is at {office.said}; Ctrl-C ends it.")
    if all(one.by == "link" for one in accounts.listing(place)):
        key = accounts.link(place, None, dry_run=False)
        typer.echo(f"Nobody has a password yet. This lets you in once:\n  {office.said}/enter?key={key}")
    office.run()


@web.command("link")
def web_link(ctx: Context, name: o.LinkName = None, dry_run: o.DryRun = False) -> None:
    """A link that lets somebody into the console once, within a quarter of an hour; you as an admin, without a name."""
    from connector.commands import accounts

    place = _place(ctx)
    key = accounts.link(place, name, dry_run=dry_run)
    typer.echo(f"{accounts.web_address(place)}/enter?key={key}" if key else "Would make a link.")


@user.command("list")
def web_user_list(ctx: Context, as_json: o.Json = False) -> None:
    """Who may come into the console, as what, and how."""
    from connector.commands import accounts

    show(accounts.listing(_place(ctx)), accounts.listing_lines, as_json)


@user.command("add")
def web_user_add(ctx: Context, name: o.UserName, role: o.UserRole = Rank.VIEWER, dry_run: o.DryRun = False) -> None:
    """Let somebody into the console. The password is asked for, or read from the standard input."""
    from connector.commands import accounts

    password = None if dry_run else new_password()
    show(accounts.add(_place(ctx), name, role, password, dry_run=dry_run), accounts.changed_lines)


@user.command("role")
def web_user_role(ctx: Context, name: o.UserName, role: o.GivenRole, dry_run: o.DryRun = False) -> None:
    """Give somebody another role; their sessions end."""
    from connector.commands import accounts

    show(accounts.change(_place(ctx), name, rank=role, dry_run=dry_run), accounts.changed_lines)


@user.command("password")
def web_user_password(ctx: Context, name: o.UserName, dry_run: o.DryRun = False) -> None:
    """Give somebody another password, asked for or read from the standard input; their sessions end."""
    from connector.commands import accounts

    password = None if dry_run else new_password()
    show(accounts.change(_place(ctx), name, password=password, dry_run=dry_run), accounts.changed_lines)


@user.command("remove")
def web_user_remove(ctx: Context, name: o.UserName, dry_run: o.DryRun = False) -> None:
    """Let somebody in no more."""
    from connector.commands import accounts

    show(accounts.remove(_place(ctx), name, dry_run=dry_run), accounts.changed_lines)


@token.command("list")
def web_token_list(ctx: Context, as_json: o.Json = False) -> None:
    """The tokens of programs, what each may do, and when it was last used."""
    from connector.commands import accounts

    show(accounts.tokens(_place(ctx)), accounts.tokens_lines, as_json)


@token.command("add")
def web_token_add(
    ctx: Context,
    name: o.TokenName,
    scope: o.Scopes = None,
    days: o.TokenDays = 90,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """A token for a program. It is shown this once."""
    from connector.commands import accounts

    made = accounts.add_token(_place(ctx), name, [one.value for one in scope or []], days or None, dry_run=dry_run)
    show(made, accounts.made_lines, as_json)


@token.command("remove")
def web_token_remove(ctx: Context, name: o.TokenName, dry_run: o.DryRun = False) -> None:
    """Take a token back."""
    from connector.commands import accounts

    show(accounts.remove_token(_place(ctx), name, dry_run=dry_run), accounts.changed_lines)


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


@trends.command("themes")
def trends_themes(ctx: Context, days: o.ThemeDays = 60, people: o.People = 3, as_json: o.Json = False) -> None:
    """What several people write about and no category names yet, to be made one."""
    from connector.commands import unnamed

    show(unnamed.proposed(_place(ctx), days, people), unnamed.themes_lines, as_json)


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
