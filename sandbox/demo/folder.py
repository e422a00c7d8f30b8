"""The demo's folder of settings: what `amends init` would write, set to live. It stays, to be looked into later."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from connector.errors import AmendsError
from connector.settings import Answers, starting_files
from sandbox.zendesk import content

SOURCE = "shop"
CLOCK = "demo-clock"
# What an admin of the imaginary shop has added to the shipped mapping: the fields of its own.
FIELDS = {
    "  # product: custom:360000000001": f"  product: custom:{content.PRODUCT}",
    "  # order_number: custom:360000000002": f"  order_number: custom:{content.ORDER_NUMBER}",
}


def clear(home: Path) -> None:
    """Make room, if there is nothing but a former demo. Raises AmendsError where there is something else."""
    if home.exists():
        if any(home.iterdir()) and not (home / CLOCK).exists():
            raise AmendsError(f"{home} is not a former demo.", remedy="Name an empty folder with --home.")
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (home / CLOCK).touch()
    (home / ".gitignore").write_text("*\n")


def settle_in(home: Path, url: str) -> None:
    """Write the settings for the sandbox at `url`."""
    secrets = {}
    for name, value in (("client_id", content.CLIENT_ID), ("client_secret", content.CLIENT_SECRET)):
        file = home / name
        file.touch(mode=0o600)
        file.write_text(value)
        secrets[name] = f"file:{file}"
    answers = Answers(SOURCE, {"url": url}, secrets, "Europe/London")
    for name, text in starting_files("zendesk", answers).items():
        path = home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(_adapted(name, text), encoding="utf-8")


def _adapted(name: str, text: str) -> str:
    if name == "amends.yaml":
        return text.replace(": shadow\n", ": live\n").replace("poll: 60s", "poll: 30s")
    if name == "mappings/zendesk.yaml":
        for shipped, own in FIELDS.items():
            text = text.replace(shipped, own)
    return text


def stop_clock(home: Path, at: datetime) -> None:
    """Let time stand still in this folder, so that looking into it later shows what was shown."""
    (home / CLOCK).write_text(f"{at.isoformat()}@0x0\n")
