"""`amends adapter …` and `amends mail …`, as typed."""

from __future__ import annotations

from pathlib import Path

from connector.commands import options as o
from connector.commands.groups import group
from connector.commands.terminal import show

adapter = group("The kinds of helpdesk that Amends can talk to.")
mail = group("What Amends understands of a mail.")


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
