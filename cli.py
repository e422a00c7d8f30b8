"""The `amends` command: parse, call, print. What the commands do is in `connector.commands`, the daemon in `schedule`.

The only composition root, and the one place where the engine is given its clocks. Everything is imported by the command
that needs it: an idle `amends sync` from a timer should cost as little as it can.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.errors import AmendsError

if TYPE_CHECKING:
    from connector.commands.place import Place

HELP = (
    "Amends keeps complaints in order: it reads your helpdesks, measures, and writes back what should be known there."
)
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


# -- what options are called ---------------------------------------------------------------------------------------


def _complete_source(ctx: typer.Context, incomplete: str) -> list[str]:
    from connector.commands.place import source_names

    home = (ctx.find_root().params or {}).get("home")
    return [name for name in source_names(home) if name.startswith(incomplete)]


def _complete_state(incomplete: str) -> list[str]:
    from connector.store.intentions import State

    return [state.value for state in State if state.value.startswith(incomplete)]


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and do nothing.")]
Sources = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SOURCE]...", autocompletion=_complete_source, help="All, if none is named."),
]
OfSource = Annotated[str | None, typer.Option("--source", autocompletion=_complete_source, help="Only this source.")]
Most = Annotated[int, typer.Option("--most", min=1, help="Show at most so many.")]
Numbers = Annotated[list[int] | None, typer.Argument(metavar="[NUMBER]...", help="As the listing shows them.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]
Case = Annotated[str, typer.Argument(metavar="ID", help="SOURCE/TICKET; TICKET alone where only one source has it.")]


def _place(ctx: typer.Context) -> Place:
    from connector.commands.place import Place

    home = ctx.find_root().params.get("home")
    now, scale = _clock(home)
    return Place(home, now=now, wall=_wall, scale=scale, seam=_seam())


def _show(value: Any, lines: Callable[[Any, int], Sequence[str]], as_json: bool = False) -> None:
    """Print, and leave with the exit code that the value carries."""
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
    else:
        from shutil import get_terminal_size

        columns = get_terminal_size((200, 24)).columns if sys.stdout.isatty() else 200
        typer.echo("\n".join(lines(value, columns)))
    if code := getattr(value, "exit_code", 0):
        raise typer.Exit(code)


# -- time, and ending before one's time ----------------------------------------------------------------------------


def _wall() -> datetime:
    return datetime.now(UTC)


def _clock(home: Path | None) -> tuple[Callable[[], datetime], float]:
    """The time in the complaints' world, and how fast it runs: real time, unless AMENDS_CLOCK or the demo's folder
    tells another one, such as "2026-03-02T08:00:00Z@1772438400x60" (see `sandbox.clock.ToldClock`)."""
    text = os.environ.get("AMENDS_CLOCK") or _demo_clock(home or Path("amends"))
    if not text:
        return _wall, 1.0
    from sandbox.clock import ToldClock

    try:
        clock = ToldClock(text)
    except ValueError as error:
        raise AmendsError(f"AMENDS_CLOCK: {error}.", remedy="Write 2026-03-02T08:00:00Z@1772438400x60.") from None
    return clock, clock.scale


def _demo_clock(home: Path) -> str | None:
    try:
        return (home / "demo-clock").read_text(encoding="utf-8")
    except OSError:
        return None


def _seam() -> Callable[[str], None]:
    """Where AMENDS_CRASH_AT says "17" or "outbox: applied*2", the process is killed as it passes there; for tests."""
    wish, passed = os.environ.get("AMENDS_CRASH_AT", ""), 0
    name, _, number = wish.rpartition("*") if "*" in wish else ("", "", wish)

    def seam(place: str) -> None:
        nonlocal passed
        passed += not name or name == place
        if wish and passed == int(number):
            os.kill(os.getpid(), 9)

    return seam


# -- the daemon and the single pass --------------------------------------------------------------------------------


@app.callback()
def _common(
    home: Annotated[
        Path | None, typer.Option("--home", envvar="AMENDS_HOME", help="Folder of settings; default: ./amends")
    ] = None,
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"amends {installed('amends')}")
        raise typer.Exit


@app.command()
def demo(
    ctx: typer.Context,
    fast: Annotated[bool, typer.Option("--fast", help="A quarter of the time.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live view.")] = False,
) -> None:
    """See it at work: five days of a shop's complaints in about a minute, and a crash in the middle."""
    from sandbox.demo import demo as play

    raise typer.Exit(play(ctx.find_root().params.get("home"), fast=fast, plain=plain, wall=_wall))


@app.command()
def init(
    ctx: typer.Context,
    adapter: Annotated[
        str | None, typer.Option("--adapter", help="The kind of helpdesk; see `amends adapter list`.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="A short name for this account.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="The account's address.")] = None,
    auth: Annotated[str | None, typer.Option("--auth", help="How to log in.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="What else the adapter asks for.")
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option("--secret", metavar="NAME=REFERENCE", help="Where a secret is: env:NAME, file:… or keyring:…"),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="Where your people work, e.g. Europe/Lisbon.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take what is given, and the defaults.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not try the credentials.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a folder of commented settings for one helpdesk. Asks what it has to know, and tries the credentials."""
    from connector.commands import starting

    given = {**starting.pairs(option), **({"url": url} if url else {}), **({"auth": auth} if auth else {})}
    ask = None if yes else _ask
    wish = starting.Wish(adapter, source, given, starting.pairs(secret), time_zone)
    adapter_name, answers = starting.answered(wish, ask)
    home = ctx.find_root().params.get("home") or starting.USUAL_HOME
    told = starting.start(_homeless(), home, adapter_name, answers, force=force, offline=offline, dry_run=dry_run)
    _show(told, starting.started_lines, as_json)


def _ask(words: str, default: str | None, choices: Sequence[str]) -> str:
    shown = f"{words} ({', '.join(choices)})" if choices else words
    while True:
        said = str(typer.prompt(shown, default=default, err=True)).strip()
        if not choices or said in choices:
            return said
        typer.echo(f"Please choose one of: {', '.join(choices)}.", err=True)


def _homeless() -> Place:
    from connector.commands.place import Place

    return Place(None, now=_wall, wall=_wall)


@app.command()
def check(
    ctx: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Do not contact the helpdesks.")] = False,
    as_json: Json = False,
) -> None:
    """Check the settings, run their examples, and ask each source who we are and what we may do."""
    from connector.commands import checking

    _show(checking.check(_place(ctx), offline=offline), checking.checked_lines, as_json)


@app.command()
def run(
    ctx: typer.Context,
    log: Annotated[str, typer.Option("--log", help="text or json; to the standard error.")] = "text",
) -> None:
    """The daemon. SIGTERM ends it, SIGHUP makes it read its settings again."""
    from connector import logs
    from connector.commands import running

    if log not in ("text", "json"):
        raise typer.BadParameter("text or json", param_hint="--log")
    logs.set_up("json" if log == "json" else "text")
    code = 0
    try:
        running.run(_place(ctx))
    except AmendsError as error:
        code = _told(error)
    # A call to a helpdesk that hangs must not keep the process: whatever it was about is settled by the next start.
    sys.stderr.flush()
    os._exit(code)


@app.command()
def sync(
    ctx: typer.Context,
    names: Sources = None,
    pages: Annotated[
        int | None, typer.Option("--pages", min=1, help="Read at most so many pages of each stream.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """One pass: read what is new, decide what is due, write what is intended. Then exit."""
    from connector.commands import syncing

    told = syncing.sync(_place(ctx), names or [], dry_run=dry_run, most_pages=pages)
    _show(told, syncing.synced_lines, as_json)


@app.command()
def status(ctx: typer.Context, as_json: Json = False) -> None:
    """Where everything stands. Exits with 1 when something needs a person."""
    from connector.commands import overview

    _show(overview.overview(_place(ctx)), overview.overview_lines, as_json)


@app.command()
def explain(ctx: typer.Context, name: Case, as_json: Json = False) -> None:
    """Why one complaint is tagged, timed, flagged and written to as it is."""
    from connector.commands import explaining
    from connector.explain import lines

    _show(explaining.explained(_place(ctx), name), lines, as_json)


@app.command()
def pause(
    ctx: typer.Context,
    why: Annotated[str, typer.Option("--why", help="For whoever finds it so.")] = "by hand",
    dry_run: DryRun = False,
) -> None:
    """Stop all writes to all helpdesks at once; reading goes on."""
    from connector.commands import keeping

    _show(keeping.pause(_place(ctx), why, dry_run=dry_run), keeping.done_lines)


@app.command()
def resume(ctx: typer.Context, dry_run: DryRun = False) -> None:
    """Let writes go again."""
    from connector.commands import keeping

    _show(keeping.resume(_place(ctx), dry_run=dry_run), keeping.done_lines)


# -- complaints ----------------------------------------------------------------------------------------------------

Status = Annotated[str | None, typer.Option("--status", help="open, resolved …")]
Flag = Annotated[str | None, typer.Option("--flag", help="overdue, due_soon or repeat.")]
Complaint = Annotated[str | None, typer.Option("--complaint", help="yes, no or unsure.")]
Since = Annotated[
    datetime | None, typer.Option("--since", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Opened at or after (UTC).")
]


@complaints.command("list")
def complaints_list(
    ctx: typer.Context,
    source: OfSource = None,
    status: Status = None,
    flag: Flag = None,
    complaint: Complaint = None,
    since: Since = None,
    most: Most = 50,
    as_json: Json = False,
) -> None:
    """Complaints, newest first."""
    from connector.commands import cases

    wanted = cases.Wanted(source, status, flag, complaint, since.replace(tzinfo=UTC) if since else None, most)
    _show(cases.listing(_place(ctx), wanted), cases.listing_lines, as_json)


@complaints.command("show")
def complaints_show(ctx: typer.Context, name: Case, as_json: Json = False) -> None:
    """One complaint as it is stored; `amends explain` says why."""
    from connector.commands import cases

    _show(cases.show(_place(ctx), name), cases.shown_lines, as_json)


@complaints.command("export")
def complaints_export(
    ctx: typer.Context,
    form: Annotated[str, typer.Option("--format", help="csv, or jsonl with everything.")] = "csv",
    out: Annotated[Path | None, typer.Option("--out", help="A new file; default: the standard output.")] = None,
    source: OfSource = None,
    status: Status = None,
    flag: Flag = None,
    complaint: Complaint = None,
    since: Since = None,
) -> None:
    """Write complaints to a file. It holds personal data: keep it as you keep the store."""
    from connector.commands import cases

    if form not in ("csv", "jsonl"):
        raise typer.BadParameter("csv or jsonl", param_hint="--format")
    wanted = cases.Wanted(source, status, flag, complaint, since.replace(tzinfo=UTC) if since else None, None)
    number = cases.export(_place(ctx), wanted, "csv" if form == "csv" else "jsonl", out)
    typer.echo(f"{number:,} complaints written.", err=True)


# -- mapping -------------------------------------------------------------------------------------------------------


@mapping.command("discover")
def mapping_discover(ctx: typer.Context, names: Sources = None, as_json: Json = False) -> None:
    """The fields, statuses, groups and people of a source, with the ids that a mapping uses."""
    from connector.commands import checking

    _show(checking.discover(_place(ctx), names or []), checking.discovered_lines, as_json)


@mapping.command("preview")
def mapping_preview(ctx: typer.Context, names: Sources = None, most: Most = 20, as_json: Json = False) -> None:
    """What would come out differently if all stored tickets were read again by the rules as they are now."""
    from connector.commands import syncing

    told = syncing.replayed(_place(ctx), names or [], dry_run=True, most=most)
    _show(told, syncing.preview_lines, as_json)


# -- outbox --------------------------------------------------------------------------------------------------------


@outbox.command("list")
def outbox_list(
    ctx: typer.Context,
    state: Annotated[
        list[str] | None, typer.Option("--state", autocompletion=_complete_state, help="Only these states.")
    ] = None,
    source: OfSource = None,
    ticket: Annotated[str | None, typer.Option("--ticket", help="Only of this ticket.")] = None,
    most: Most = 50,
    as_json: Json = False,
) -> None:
    """Intended writes, newest first."""
    from connector.commands import writes

    states = [_state(one) for one in state or []]
    rows = writes.listing(_place(ctx), states=states, source=source, ticket=ticket, most=most)
    _show(rows, writes.listing_lines, as_json)


def _state(name: str) -> Any:
    from connector.store.intentions import State

    if name not in list(State):
        raise typer.BadParameter(f"{name!r} is none of {', '.join(State)}", param_hint="--state")
    return State(name)


@outbox.command("show")
def outbox_show(ctx: typer.Context, number: int, as_json: Json = False) -> None:
    """One write: what it would do to the ticket, and how far it has come."""
    from connector.commands import writes

    _show(writes.show(_place(ctx), number), writes.write_lines, as_json)


@outbox.command("approve")
def outbox_approve(
    ctx: typer.Context,
    numbers: Numbers = None,
    everything: All = False,
    even_shadow: Annotated[bool, typer.Option("--even-shadow", help="Also what was decided in shadow mode.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Let held writes go."""
    from connector.commands import writes

    told = writes.approve(_place(ctx), numbers or [], everything=everything, even_shadow=even_shadow, dry_run=dry_run)
    _show(told, writes.decided_lines, as_json)


@outbox.command("retry")
def outbox_retry(
    ctx: typer.Context,
    numbers: Numbers = None,
    it_is_there: Annotated[bool, typer.Option("--it-is-there", help="I looked: the write is on the ticket.")] = False,
    send_again: Annotated[bool, typer.Option("--send-again", help="I looked: it is not; send it.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Try refused writes again; settle those of which nobody could tell whether they are there."""
    from connector.commands import writes

    if it_is_there and send_again:
        raise typer.BadParameter("either --it-is-there or --send-again")
    told = writes.retry(_place(ctx), numbers or [], is_there=it_is_there, send_again=send_again, dry_run=dry_run)
    _show(told, writes.decided_lines, as_json)


@outbox.command("drop")
def outbox_drop(ctx: typer.Context, numbers: list[int], dry_run: DryRun = False, as_json: Json = False) -> None:
    """Cancel writes that have not left."""
    from connector.commands import writes

    _show(writes.drop(_place(ctx), numbers, dry_run=dry_run), writes.decided_lines, as_json)


# -- quarantine ----------------------------------------------------------------------------------------------------


@quarantine.command("list")
def quarantine_list(
    ctx: typer.Context,
    source: OfSource = None,
    everything: All = False,
    payload: Annotated[bool, typer.Option("--payload", help="With what the source sent.")] = False,
    as_json: Json = False,
) -> None:
    """What could not be understood, and why."""
    from connector.commands import aside

    rows = aside.listing(_place(ctx), source=source, payload=payload, everything=everything)
    _show(rows, aside.listing_lines, as_json)


@quarantine.command("retry")
def quarantine_retry(
    ctx: typer.Context, numbers: Numbers = None, everything: All = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Read records again by today's mapping; where that does not help, fetch their tickets afresh."""
    from connector.commands import aside

    told = aside.retry(_place(ctx), numbers or [], everything=everything, dry_run=dry_run)
    _show(told, aside.tried_lines, as_json)


@quarantine.command("skip")
def quarantine_skip(ctx: typer.Context, numbers: list[int], dry_run: DryRun = False, as_json: Json = False) -> None:
    """Leave records alone for good."""
    from connector.commands import aside

    _show(aside.skip(_place(ctx), numbers, dry_run=dry_run), aside.tried_lines, as_json)


# -- store ---------------------------------------------------------------------------------------------------------


@store.command("migrate")
def store_migrate(ctx: typer.Context, dry_run: DryRun = False) -> None:
    """Bring the tables up to date; the daemon does so by itself when it starts."""
    from connector.commands import keeping

    _show(keeping.migrate(_place(ctx), dry_run=dry_run), keeping.done_lines)


@store.command("backup")
def store_backup(ctx: typer.Context, file: Path, dry_run: DryRun = False) -> None:
    """Copy the store to a new file while the daemon runs, and prove the copy."""
    from connector.commands import keeping

    _show(keeping.back_up(_place(ctx), file, dry_run=dry_run), keeping.done_lines)


@store.command("restore")
def store_restore(ctx: typer.Context, file: Path, dry_run: DryRun = False) -> None:
    """Put a backup in the place of the store, which is kept beside it. Stop the daemon first."""
    from connector.commands import keeping

    _show(keeping.restore(_place(ctx), file, dry_run=dry_run), keeping.done_lines)


@store.command("check")
def store_check(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A backup; default: the store itself.")] = None,
    as_json: Json = False,
) -> None:
    """Read every page of the store and say whether it is sound."""
    from connector.commands import keeping

    _show(keeping.check(_place(ctx), file), keeping.checked_lines, as_json)


@store.command("replay")
def store_replay(
    ctx: typer.Context, names: Sources = None, most: Most = 20, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Read all stored tickets again by the rules as they are now; nothing is fetched."""
    from connector.commands import syncing

    told = syncing.replayed(_place(ctx), names or [], dry_run=dry_run, most=most)
    _show(told, syncing.preview_lines, as_json)


# -- adapters and the audit log ------------------------------------------------------------------------------------


@adapter.command("list")
def adapter_list(as_json: Json = False) -> None:
    """The kinds of helpdesk there are, the streams they read, and what they can write."""
    from connector.commands import authoring

    _show(authoring.known(), authoring.known_lines, as_json)


@adapter.command("new")
def adapter_new(
    name: str,
    into: Annotated[Path | None, typer.Option("--into", help="The folder; default: ./NAME-amends")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write a whole adapter to start from: code, mapping, and a conformance test that passes."""
    from connector.commands import authoring

    told = authoring.new(name, into or Path(f"{name}-amends"), dry_run=dry_run)
    _show(told, authoring.made_lines, as_json)


@audit.command("list")
def audit_list(
    ctx: typer.Context,
    source: OfSource = None,
    ticket: Annotated[str | None, typer.Option("--ticket", help="Only of this ticket.")] = None,
    most: Most = 50,
    as_json: Json = False,
) -> None:
    """What Amends and people did, newest first."""
    from connector.commands import keeping

    rows = keeping.audit(_place(ctx), source=source, ticket=ticket, most=most)
    _show(rows, keeping.audit_lines, as_json)


def _told(error: AmendsError) -> int:
    """Say what is wrong, where, and what to do; returns the exit code."""
    from connector.logs import harmless

    text = "\n".join(harmless(line) for line in str(error).splitlines())
    print(f"amends: {text}", file=sys.stderr)  # noqa: T201
    return error.exit_code


def main() -> None:
    """The entry point. Exit codes: 0 fine, 1 found something wrong, 2 settings, 3 credentials, 4 unreachable."""
    try:
        app()
    except AmendsError as error:
        sys.exit(_told(error))


if __name__ == "__main__":
    main()
