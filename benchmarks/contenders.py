"""Who is measured on a Zendesk, and with which commands; what a contender is, here and in `jira_contenders`. Called by
`run`.

A contender is a list of steps that share a folder; the next step finds what the one before left. Peers that are not
ours to depend on live in environments of their own, made on demand.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SIDELOADS = "users,metric_sets"


Command = Sequence[str | Path]


class Step(NamedTuple):
    """One command. `counted` says how many tickets it dealt with, from what it printed; None: that is not asked.
    `measured` False: preparation."""

    title: str
    command: Command
    counted: Callable[[str], int] | None = None
    measured: bool = True


class Contender(NamedTuple):
    """`steps` is called with the server's address and the folder of this run, to write files and name the commands."""

    name: str
    steps: Callable[[str, Path], list[Step]]
    environment: Mapping[str, str] = {}
    needs: str | None = None  # a key of the helpdesk's `peers`: the environment it runs in


class Helpdesk(NamedTuple):
    """What `server` serves under `name`, and who reads it. `raw` is the contender that ratios are to, `ours` the steps
    of ours; `peers` are the requirements of environments, by name."""

    name: str
    raw: str
    ours: Callable[[str, Path], list[Step]]
    contenders: tuple[Contender, ...]
    peers: Mapping[str, tuple[str, ...]]


PEERS = {
    "dlt": ("dlt[duckdb]==1.31.0",),
    "tap-zendesk": ("tap-zendesk==2.8.2",),
    "airbyte": ("airbyte-source-zendesk-support==4.9.1",),
}
REDIRECTED = {"PYTHONPATH": str(HERE / "redirect")}


def module(name: str, *arguments: str) -> list[str | Path]:
    program: list[str | Path] = [sys.executable, HERE / f"{name}.py"]
    return [*program, *arguments]


def told(output: str) -> int:
    """How many tickets a client says it read: its closing JSON, or its record messages."""
    last = output.rstrip().rsplit("\n", 1)[-1]
    if last.startswith('{"tickets"'):
        return int(json.loads(last)["tickets"])
    return sum(1 for line in output.splitlines() if '"type":"RECORD"' in line[:60].replace(" ", ""))


def stored(home: Path) -> Callable[[str], int]:
    """Counts the complaints in a store of ours, whatever the command printed."""

    def count(_output: str) -> int:
        with closing(sqlite3.connect(home / "amends.db")) as store:
            return int(store.execute("select count(*) from complaint").fetchone()[0])

    return count


def raw(*arguments: str, title: str = "first run") -> Callable[[str, Path], list[Step]]:
    return lambda base, _: [Step(title, module("raw_loop", base, *arguments), told)]


def floor(base: str, folder: Path) -> list[Step]:
    command = module("raw_loop", base, "--store", str(folder / "floor.db"))
    return [Step("first run", command, told), Step("nothing new", command)]


def zenpy(_base: str, _folder: Path) -> list[Step]:
    return [Step("first run", module("peer_zenpy", SIDELOADS), told)]


EDIT = """
import sys, pathlib
source, target, before, after = sys.argv[1:]
text = pathlib.Path(source).read_text()
assert before in text, (source, before)
pathlib.Path(target).parent.mkdir(exist_ok=True)
pathlib.Path(target).write_text(text.replace(before, after))
"""


def edit(name: str, folder: Path, before: str, after: str) -> Step:
    """An admin takes over the shipped file `name` and changes a word in it."""
    shipped = ROOT / "mappings" / name
    return Step("", [sys.executable, "-c", EDIT, shipped, folder / name, before, after], measured=False)


Edit = tuple[str, str, str]  # a mapping's file, a word in it, and the word instead


def amends(source: str, mapping: Edit | None = None) -> Callable[[str, Path], list[Step]]:
    """The steps of ours for `source`: its settings in YAML, with BASE for the address. Without a change of the mapping
    to replay: the first run alone, without tagging."""

    def steps(base: str, folder: Path) -> list[Step]:
        home = folder / "amends"
        write_settings(home, source.replace("BASE", base), tagging=mapping is not None)
        command: list[str | Path] = [Path(sys.executable).parent / "amends", "--home", home]
        first = Step("first run", [*command, "sync", "bench"], stored(home))
        return [first] if mapping is None else [first, *_later(command, home, first, mapping)]

    return steps


def _later(command: list[str | Path], home: Path, first: Step, mapping: Edit) -> list[Step]:
    replay = [*command, "mapping", "backfill", "--yes"]
    name, before, after = mapping
    return [
        first._replace(title="nothing new"),
        Step("replay of everything", replay, stored(home)),
        edit(name, home / "mappings", before, after),
        Step("replay, mapping changed", replay, stored(home)),
        edit("sla.yaml", home, "within: 2h", "within: 3h"),
        Step("replay, target changed", replay, stored(home)),
        edit("phrases/en.yaml", home, "- ombudsman\n", "- ombudswoman\n"),
        Step("replay, phrase changed", replay, stored(home)),
    ]


def write_settings(home: Path, source: str, tagging: bool) -> None:
    """The folder an admin would keep, for one source called bench; shadow mode, so nothing is written back."""
    home.mkdir(parents=True)
    (home / "amends.yaml").write_text(
        f"""\
{"" if tagging else "tag: false"}
sources:
  bench:
{source}\
    secrets:
      api_token: env:BENCH_TOKEN
"""
    )


# The limits are far above any account's, so that the client is measured and not the vendor's patience.
SOURCE = """\
    adapter: zendesk
    options:
      url: BASE
      auth: api_token
      email: agent@example.net
      limits: {account: 1000000, export: 1000000, updates: 1000000}
"""
EDITED = ("zendesk.yaml", "high: high", "high: urgent")


def dlt(base: str, folder: Path) -> list[Step]:
    return [Step("extraction only", [python_of("dlt", folder), HERE / "peer_dlt.py", base], told)]


def tap_zendesk(_base: str, folder: Path) -> list[Step]:
    python = python_of("tap-zendesk", folder)
    config = {"start_date": "2020-01-01T00:00:00Z", "subdomain": "bench", "access_token": "benchmark"}
    (folder / "config.json").write_text(json.dumps(config))
    catalogue = Step("catalogue", [python, HERE / "peer_tap_zendesk.py", folder / "catalog.json"], measured=False)
    command: Command = [python.with_name("tap-zendesk"), "--config", "config.json", "--catalog", "catalog.json"]
    return [catalogue, Step("extraction only", command, told)]


def airbyte(_base: str, folder: Path) -> list[Step]:
    login = {"credentials": "api_token", "email": "agent@example.net", "api_token": "benchmark"}
    config = {"subdomain": "bench", "start_date": "2020-01-01T00:00:00Z", "credentials": login}
    stream = {
        "name": "tickets",
        "json_schema": {"type": "object", "properties": {}},
        "supported_sync_modes": ["full_refresh", "incremental"],
        "source_defined_cursor": True,
        "default_cursor_field": ["generated_timestamp"],
    }
    chosen = {"sync_mode": "incremental", "destination_sync_mode": "append", "cursor_field": ["generated_timestamp"]}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "catalog.json").write_text(json.dumps({"streams": [{"stream": stream, **chosen}]}))
    program = python_of("airbyte", folder).with_name("source-zendesk-support")
    command: Command = [program, "read", "--config", "config.json", "--catalog", "catalog.json"]
    return [Step("extraction only", command, told)]


RAW = "bare urllib3 + orjson loop"
OURS = "amends sync"
HELPDESK = Helpdesk(
    name="zendesk",
    raw=RAW,
    ours=amends(SOURCE, EDITED),
    contenders=(
        Contender(RAW, raw()),
        Contender("bare loop, typed decode", raw("--typed")),
        Contender("bare loop, typed, into SQLite", floor),
        Contender(OURS, amends(SOURCE, EDITED)),
        Contender("amends sync, tagging off", amends(SOURCE)),
        Contender("zenpy, incremental generator", zenpy, REDIRECTED),
        Contender("dlt, REST source", dlt, needs="dlt"),
        Contender("tap-zendesk", tap_zendesk, {**REDIRECTED, "BENCH_NO_SLEEP": "1"}, needs="tap-zendesk"),
        Contender("airbyte-source-zendesk-support", airbyte, REDIRECTED, needs="airbyte"),
    ),
    peers=PEERS,
)


def python_of(peer: str, folder: Path) -> Path:
    """The interpreter of a peer's own environment, beside the folders of the runs."""
    return folder.parent / "environments" / peer / "bin" / "python"


def install(peer: str, requirements: Sequence[str], work: Path) -> None:
    """Make the environment of a peer, if it is not there. Raises CalledProcessError where it cannot be installed."""
    python = python_of(peer, work / "run")
    if python.exists():
        return
    subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
    try:
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-warn-conflicts", *requirements], check=True)
    except subprocess.CalledProcessError:
        python.unlink()
        raise
