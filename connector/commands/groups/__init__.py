"""The commands of `amends` that come in groups, as they are typed: parse, call, print. Put together by `cli`.

What they do is in the modules beside this room; each imports those late, because the shell waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer import Context, Typer

if TYPE_CHECKING:
    from connector.commands.place import Place


def placed(ctx: Context) -> Place:
    """The folder that a command was typed for; the command line says how it is opened."""
    made: Place = ctx.find_root().obj(ctx)
    return made


def group(words: str, *, alone: bool = False) -> Typer:
    """A group with this help; `alone` does something without a command, too."""
    return Typer(help=words, no_args_is_help=not alone, rich_markup_mode=None)
