"""`amends tag …`, as typed."""

from __future__ import annotations

import sys

import typer
from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import ask, show

tag = group("What texts are about, and how models learn it.")


@tag.command("text")
def tag_text(ctx: Context, file: o.Texts = "-", model: o.ModelFolder = None, as_json: o.Json = False) -> None:
    """What each text of a file is about: a line of JSON in ({"id", "text"}, perhaps "lang", "subject"), one out."""
    from shutil import get_terminal_size

    from connector.commands import tag_text as texts

    columns = get_terminal_size((200, 24)).columns if sys.stdout.isatty() else None
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
    method: o.Method = "plain",
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Learn one question from labelled texts: those of files alone with --model, else from what agents said here too.

    Without --model it goes live, if it is no worse than what is.
    """
    from connector.commands import tag_train as training

    def complain(line: str) -> None:
        typer.echo(line, err=True)

    done = training.train(
        placed(ctx), files or [], facet, model=model, method=method, dry_run=dry_run, complain=complain
    )
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
        placed(ctx), facet, most=most, answers=say or [], ask=someone, put=typer.echo, dry_run=dry_run
    )
    show(done, reviewing.reviewed_lines, as_json)


@tag.command("models")
def tag_models(ctx: Context, as_json: o.Json = False) -> None:
    """The models that were trained here, and which are live."""
    from connector.commands import tag_train as training

    show(training.models(placed(ctx)), training.models_lines, as_json)


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

    done = training.rollback(placed(ctx), facet, to, shipped=shipped, dry_run=dry_run)
    show(done, training.rolled_lines, as_json)
