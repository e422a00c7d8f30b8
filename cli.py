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
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer import Context
from typer.core import TyperGroup
from typer.main import get_command, get_group_from_info
from typer.models import TyperInfo

from connector.commands import options as o
from connector.commands.groups import (
    adapters,
    clock,
    complaints,
    hooks,
    mapping,
    people,
    policy,
    store,
    survey,
    tag,
    trends,
    web,
    writes,
)
from connector.commands.terminal import ask, show, told
from connector.errors import AmendsError

if TYPE_CHECKING:
    from connector.commands.place import Place

HELP = "Keeps complaints in order: reads your helpdesks, measures, and writes back what should be known there."


class Commands(dict[str, Any]):
    """Commands by name. A group of them is made when it is looked at: to make all hundred commands at each start was a
    tenth of a short one."""

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        if isinstance(found, TyperInfo):
            found = self[name] = get_group_from_info(
                found,
                pretty_exceptions_short=app.pretty_exceptions_short,
                suggest_commands=app.suggest_commands,
                rich_markup_mode=app.rich_markup_mode,
            )
        return found

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def items(self) -> Any:
        return {name: self[name] for name in self}.items()


class Amends(TyperGroup):
    """The command itself."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        groups = {name: TyperInfo(group, name=name) for name, group in _GROUPS.items()}
        self.commands = Commands({**self.commands, **groups})

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)


app = typer.Typer(help=HELP, cls=Amends, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


_GROUPS = {
    "complaints": complaints.complaints,
    "mapping": mapping.mapping,
    "outbox": writes.outbox,
    "quarantine": writes.quarantine,
    "store": store.store,
    "adapter": adapters.adapter,
    "audit": complaints.audit,
    "mail": adapters.mail,
    "clock": clock.clock,
    "hooks": hooks.hooks,
    "survey": survey.survey,
    "tag": tag.tag,
    "web": web.web,
    "policy": policy.policy,
    "remedy": policy.remedy,
    "people": people.people,
    "trends": trends.trends,
    "corrections": trends.corrections,
}


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
def _common(ctx: Context, home: o.Home = None, version: o.Version = False) -> None:
    """What goes before a command: `--version` answers by itself, and each command asks its context for `--home`."""
    ctx.obj = _place


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
def pause(ctx: Context, why: o.Why = "by hand", source: o.PausedSource = None, dry_run: o.DryRun = False) -> None:
    """Stop all writes to all helpdesks at once, or to one source; reading goes on."""
    from connector.commands import keeping

    show(keeping.pause(_place(ctx), why, dry_run=dry_run, source=source), keeping.done_lines)


@app.command()
def resume(ctx: Context, source: o.PausedSource = None, dry_run: o.DryRun = False) -> None:
    """Let writes go again, or those to one source that was paused by itself."""
    from connector.commands import keeping

    show(keeping.resume(_place(ctx), dry_run=dry_run, source=source), keeping.done_lines)


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


@adapters.mail.command("parse")
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


@survey.survey.command("serve")
def survey_serve(ctx: Context, host: o.Host = "127.0.0.1", port: o.PagePort = 8480) -> None:
    """Serve the page of questions, for a web server in front of it. SIGTERM or Ctrl-C ends it."""
    from connector.web.public import serve_survey

    serve_survey(_place(ctx), host, port, tell=lambda line: typer.echo(line, err=True))


@web.web.command("serve")
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


@cache
def command() -> Any:
    """What parses and calls: the same for all that are run in one process."""
    return get_command(app)


def main() -> None:
    """The entry point. Exit codes: 0 fine, 1 found something wrong, 2 settings, 3 credentials, 4 unreachable."""
    # What is imported stays: looking through it for garbage again and again is a thirtieth of an idle run.
    gc.set_threshold(100_000)
    try:
        command()()
    except AmendsError as error:
        sys.exit(told(error))


if __name__ == "__main__":
    main()
