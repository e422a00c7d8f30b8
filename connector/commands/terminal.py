"""Asking, printing and complaining on a terminal; called by the command line for every command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from shutil import get_terminal_size
from typing import Any

import msgspec
import typer

from connector.errors import AmendsError, SettingsError

COLUMNS_ELSEWHERE = 200


def ask(words: str, default: str | None, choices: Sequence[str]) -> str:
    """What the person at the terminal answers: one of `choices`, where there are any."""
    shown = f"{words} ({', '.join(choices)})" if choices else words
    while True:
        said = str(typer.prompt(shown, default=default, err=True)).strip()
        if not choices or said in choices:
            return said
        typer.echo(f"Please choose one of: {', '.join(choices)}.", err=True)


def agreed(plan: str, question: str) -> None:
    """Show a plan and go on if the person at the terminal says yes. Raises SettingsError where nobody is there."""
    typer.echo(plan, err=True)
    if not sys.stdin.isatty():
        raise SettingsError("nobody is there to agree to this.", remedy="Say --yes, or --dry-run to look only.")
    typer.confirm(question, abort=True, err=True)


def yes(question: str) -> bool:
    """Whether the person at the terminal agrees; no, unless they say so."""
    return typer.confirm(question, default=False, err=True)


def show(value: Any, lines: Callable[[Any, int], Sequence[str]], as_json: bool = False) -> None:
    """Print what a command returned, and leave with the exit code that it carries, if any."""
    if as_json:
        from connector.display import harmless_json

        typer.echo(harmless_json(msgspec.json.format(msgspec.json.encode(value), indent=2)))
    else:
        columns = get_terminal_size((COLUMNS_ELSEWHERE, 24)).columns if sys.stdout.isatty() else COLUMNS_ELSEWHERE
        typer.echo("\n".join(lines(value, columns)))
    if code := getattr(value, "exit_code", 0):
        raise typer.Exit(code)


def told(error: AmendsError) -> int:
    """Say what is wrong, where, and what to do; returns the exit code."""
    from connector.logs import harmless

    text = "\n".join(harmless(line) for line in str(error).splitlines())
    typer.echo(f"amends: {text}", err=True)
    return error.exit_code


def new_password() -> str:
    """A password that somebody types twice without its being shown, or the first line of the standard input: never an
    argument, which others on this machine could read."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
