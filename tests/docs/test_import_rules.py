"""The import rules in pyproject.toml bite: each is broken on purpose in a tree of empty rooms, and must say so."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RULES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
COMMAND = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"

ONE_WAY = "The rooms of the engine import one way"
ADAPTER = "An adapter knows the contract"
STRANGERS = "Adapters do not know each other"
NO_VENDOR = "The engine knows no vendor"
PURE = "Pure rooms do no I/O"
SQL = "Only the store speaks SQL"
NO_CLI = "Nobody imports the command line"
NO_SANDBOX = "The engine does not know the sandbox"


def rooms() -> list[str]:
    layers = RULES["contracts"][0]["layers"]
    return [room.strip(" ()") for layer in layers for room in layer.split("|")]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A tree in which every room of the engine and two adapters exist, and import only what they may."""
    for name in (*(f"connector/{room}" for room in rooms()), "adapters/acme", "adapters/bolt", "sandbox/acme", "cli"):
        module = tmp_path / f"{name}.py"
        module.parent.mkdir(exist_ok=True)
        (module.parent / "__init__.py").touch()
        module.touch()
    (tmp_path / "__init__.py").unlink(missing_ok=True)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    plant(tmp_path, "connector/store.py", "import sqlalchemy")
    plant(tmp_path, "connector/settings.py", "import yaml")
    plant(tmp_path, "connector/adapter.py", "import adapters")
    plant(tmp_path, "adapters/acme.py", "import zenpy, connector.adapter, connector.errors, connector.model")
    plant(tmp_path, "cli.py", "import sandbox.acme, connector.sync")
    return tmp_path


def plant(house: Path, module: str, line: str) -> None:
    with (house / module).open("a") as file:
        file.write(f"{line}\n")


def broken_rules(house: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "--no-cache", "--no-logo"],
        cwd=house,
        env={"PYTHONPATH": str(house), "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert any("kept" in line and "broken" in line for line in lines), done.stdout + done.stderr
    broken = [line for line in lines if line.split("(")[0].rstrip().endswith("BROKEN")]
    assert bool(broken) == bool(done.returncode)
    return broken


def test_a_tree_that_keeps_the_rules_passes(house: Path) -> None:
    assert broken_rules(house) == []


@pytest.mark.parametrize(
    ("module", "line", "rule"),
    [
        ("connector/model.py", "import connector.adapter", ONE_WAY),
        ("connector/mapping.py", "import connector.settings", ONE_WAY),
        ("connector/store.py", "import connector.sync", ONE_WAY),
        ("connector/schedule.py", "import connector.web", ONE_WAY),
        ("connector/clocks.py", "import connector.people", ONE_WAY),
        ("connector/attic.py", "", ONE_WAY),
        ("adapters/bolt.py", "import connector.http", ADAPTER),
        ("adapters/bolt.py", "import sandbox.acme", ADAPTER),
        ("adapters/bolt.py", "import adapters.acme", STRANGERS),
        ("connector/sync.py", "import adapters.acme", NO_VENDOR),
        ("connector/http.py", "import zenpy", NO_VENDOR),
        ("connector/clocks.py", "import time", PURE),
        ("connector/tagging.py", "import pathlib", PURE),
        ("connector/policy.py", "import yaml", PURE),
        ("connector/sync.py", "import sqlalchemy", SQL),
        ("adapters/bolt.py", "import sqlite3", SQL),
        ("connector/store.py", "import cli", NO_CLI),
        ("sandbox/acme.py", "import cli", NO_CLI),
        ("connector/testing.py", "import sandbox.acme", NO_SANDBOX),
    ],
)
def test_a_broken_rule_is_reported(house: Path, module: str, line: str, rule: str) -> None:
    plant(house, module, line)
    assert [report for report in broken_rules(house) if report.startswith(rule)]
