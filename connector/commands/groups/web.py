"""`amends web …` and `amends web user …` and `amends web token …`, as typed."""

from __future__ import annotations

import typer
from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import new_password, show
from connector.roles import Rank

web = group("The console in a browser, and who may come in.")
user = group("People who may come into the console.")
web.add_typer(user, name="user")
token = group("What lets programs use the API.")
web.add_typer(token, name="token")


@web.command("link")
def web_link(ctx: Context, name: o.LinkName = None, dry_run: o.DryRun = False) -> None:
    """A link that lets somebody into the console once, within a quarter of an hour; you as an admin, without a name."""
    from connector.commands import accounts

    place = placed(ctx)
    key = accounts.link(place, name, dry_run=dry_run)
    typer.echo(f"{accounts.web_address(place)}/enter?key={key}" if key else "Would make a link.")


@user.command("list")
def web_user_list(ctx: Context, as_json: o.Json = False) -> None:
    """Who may come into the console, as what, and how."""
    from connector.commands import accounts

    show(accounts.listing(placed(ctx)), accounts.listing_lines, as_json)


@user.command("add")
def web_user_add(ctx: Context, name: o.UserName, role: o.UserRole = Rank.VIEWER, dry_run: o.DryRun = False) -> None:
    """Let somebody into the console. The password is asked for, or read from the standard input."""
    from connector.commands import accounts

    password = None if dry_run else new_password()
    show(accounts.add(placed(ctx), name, role, password, dry_run=dry_run), accounts.changed_lines)


@user.command("role")
def web_user_role(ctx: Context, name: o.UserName, role: o.GivenRole, dry_run: o.DryRun = False) -> None:
    """Give somebody another role; their sessions end."""
    from connector.commands import accounts

    show(accounts.change(placed(ctx), name, rank=role, dry_run=dry_run), accounts.changed_lines)


@user.command("password")
def web_user_password(ctx: Context, name: o.UserName, dry_run: o.DryRun = False) -> None:
    """Give somebody another password, asked for or read from the standard input; their sessions end."""
    from connector.commands import accounts

    password = None if dry_run else new_password()
    show(accounts.change(placed(ctx), name, password=password, dry_run=dry_run), accounts.changed_lines)


@user.command("remove")
def web_user_remove(ctx: Context, name: o.UserName, dry_run: o.DryRun = False) -> None:
    """Let somebody in no more."""
    from connector.commands import accounts

    show(accounts.remove(placed(ctx), name, dry_run=dry_run), accounts.changed_lines)


@token.command("list")
def web_token_list(ctx: Context, as_json: o.Json = False) -> None:
    """The tokens of programs, what each may do, and when it was last used."""
    from connector.commands import accounts

    show(accounts.tokens(placed(ctx)), accounts.tokens_lines, as_json)


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

    made = accounts.add_token(placed(ctx), name, [one.value for one in scope or []], days or None, dry_run=dry_run)
    show(made, accounts.made_lines, as_json)


@token.command("remove")
def web_token_remove(ctx: Context, name: o.TokenName, dry_run: o.DryRun = False) -> None:
    """Take a token back."""
    from connector.commands import accounts

    show(accounts.remove_token(placed(ctx), name, dry_run=dry_run), accounts.changed_lines)
