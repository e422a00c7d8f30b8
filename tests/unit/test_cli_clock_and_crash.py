"""The told clock of the demo and of crash tests, and the seam at which a process is killed."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

import cli
from connector.commands.place import deadly_seam, source_names, store_url
from connector.errors import AmendsError
from sandbox.clock import ToldClock
from sandbox.demo.schedule import Schedule

ROOT = Path(cli.__file__).parent
MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_told_clock_runs_as_fast_as_it_is_told() -> None:
    clock = ToldClock(f"{MORNING.isoformat()}@{BEGIN.timestamp()}x60")
    assert clock.at(BEGIN) == MORNING
    assert clock.at(BEGIN + timedelta(seconds=2)) == MORNING + timedelta(minutes=2)
    assert clock.scale == 60


def test_several_told_times_take_over_from_each_other() -> None:
    later = BEGIN + timedelta(seconds=10)
    clock = ToldClock(f"{MORNING.isoformat()}@{BEGIN.timestamp()}x60;{MORNING.isoformat()}@{later.timestamp()}x0")
    assert clock.at(later - timedelta(seconds=1)) == MORNING + timedelta(minutes=9)
    assert clock.at(later + timedelta(hours=1)) == MORNING


@pytest.mark.parametrize("text", ["", "now", "2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z@x", "soon@1x1"])
def test_a_clock_that_cannot_be_told_is_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError):
        ToldClock(text)
    if text:
        monkeypatch.setenv("AMENDS_CLOCK", text)
        with pytest.raises(AmendsError):
            cli._clock(tmp_path)


def test_time_is_real_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMENDS_CLOCK", raising=False)
    assert cli._clock(tmp_path) == (cli._wall, 1.0)


def test_a_folder_may_hold_its_own_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMENDS_CLOCK", raising=False)
    (tmp_path / "demo-clock").write_text(f"{MORNING.isoformat()}@0x0\n")
    now, _ = cli._clock(tmp_path)
    assert now() == MORNING


def test_the_demos_days_follow_each_other_without_a_jump() -> None:
    schedule = Schedule(MORNING.replace(hour=0), BEGIN, 75)
    times = [schedule.now(BEGIN + timedelta(seconds=tenth / 10)) for tenth in range(800)]
    steps = [(after - before).total_seconds() for before, after in pairwise(times)]
    assert all(0 < step < 2 * 3600 for step in steps)
    assert times[0] == schedule.first
    assert abs((schedule.now(schedule.over_at) - schedule.last).total_seconds()) < 60
    assert abs((schedule.over_at - BEGIN).total_seconds() - 75) < 1


@pytest.mark.parametrize(("wish", "passed"), [("3", ["a", "b"]), ("b*2", ["a", "b", "a"])])
def test_the_process_is_killed_exactly_where_it_was_wished(wish: str, passed: list[str]) -> None:
    code = (
        "from connector.commands.place import deadly_seam; import sys\n"
        f"seam = deadly_seam({wish!r})\n"
        "for place in ['a', 'b', 'a', 'b', 'a']:\n"
        "    seam(place); print(place, flush=True)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == -9
    assert ended.stdout.split() == passed


def test_without_a_wish_nothing_is_killed() -> None:
    for _ in range(10):
        deadly_seam(None)("anywhere")


def test_the_store_is_a_file_a_url_or_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_URL", "postgresql://db/amends")
    assert store_url(tmp_path, "amends.db") == f"sqlite:///{tmp_path}/amends.db"
    assert store_url(tmp_path, "postgresql://db/amends") == "postgresql://db/amends"
    assert store_url(tmp_path, "env:STORE_URL") == "postgresql://db/amends"


def test_completion_knows_the_sources_and_survives_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "amends.yaml").write_text("sources: {shop: {adapter: zendesk}, mail: {adapter: imap}}")
    assert source_names(tmp_path) == ["mail", "shop"]
    (tmp_path / "amends.yaml").write_text("sources: [")
    assert source_names(tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_is_offered_completion(shell: str) -> None:
    code = "import cli, sys; sys.argv = ['amends']; cli.app(prog_name='amends')"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"_AMENDS_COMPLETE": f"source_{shell}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "amends" in ended.stdout


def test_help_imports_neither_the_store_nor_the_settings() -> None:
    code = (
        "import sys, cli\nsys.argv = ['amends', '--help']\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'pydantic_core', 'requests', 'rich', 'alembic', 'apscheduler', 'zenpy'}\n"
        "heavy &= set(sys.modules)\n"
        "print('heavy:', sorted(heavy))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines()[-1] == "heavy: []"
