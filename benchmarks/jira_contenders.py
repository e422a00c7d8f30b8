"""Who is measured on a Jira site, and with which commands. Called by `run`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from benchmarks import jira_issues, jira_loop
from benchmarks.contenders import (
    HERE,
    OURS,
    REDIRECTED,
    Command,
    Contender,
    Helpdesk,
    Step,
    amends,
    module,
    python_of,
    told,
)

RAW = "bare requests + orjson loop"
PEERS = {
    "dlt": ("dlt[duckdb]==1.31.0",),
    "tap-jira": ("tap-jira==2.6.0",),
}
SOURCE = f"""\
    adapter: jira
    options:
      url: BASE
      projects: [{jira_issues.PROJECT}]
      email: agent@example.net
      limits: {{account: 1000000, search: 1000000, issue: 1000000}}
"""
EDITED = ("jira.yaml", "  High: high", "  High: urgent")


def raw(*arguments: str) -> Callable[[str, Path], list[Step]]:
    return lambda base, _: [Step("first run", module("jira_loop", base, *arguments), told)]


def library(base: str, _folder: Path) -> list[Step]:
    return [Step("first run", module("peer_jira", base), told)]


def dlt(base: str, folder: Path) -> list[Step]:
    command: Command = [python_of("dlt", folder), HERE / "peer_dlt_jira.py", base, ",".join(jira_loop.FIELDS)]
    return [Step("extraction only", command, told)]


def tap_jira(base: str, folder: Path) -> list[Step]:
    python = python_of("tap-jira", folder)
    config = {
        "start_date": "2020-01-01T00:00:00Z",
        "username": "agent@example.net",
        "password": "benchmark",
        "base_url": base,
        "user_agent": "benchmark",
    }
    (folder / "config.json").write_text(json.dumps(config))
    catalogue = Step("catalogue", [python, HERE / "peer_tap_jira.py", folder / "catalog.json"], measured=False)
    command: Command = [python.with_name("tap-jira"), "--config", "config.json", "--properties", "catalog.json"]
    return [catalogue, Step("extraction only", command, told)]


HELPDESK = Helpdesk(
    name="jira",
    raw=RAW,
    ours=amends(SOURCE, EDITED),
    contenders=(
        Contender(RAW, raw()),
        Contender("bare requests loop, its own JSON", raw("--plain")),
        Contender(OURS, amends(SOURCE, EDITED)),
        Contender("amends sync, tagging off", amends(SOURCE)),
        Contender("jira library, enhanced search", library),
        Contender("dlt, REST source", dlt, needs="dlt"),
        Contender("tap-jira", tap_jira, {**REDIRECTED, "BENCH_NO_SLEEP": "1"}, needs="tap-jira"),
    ),
    peers=PEERS,
)
