"""What is typed is found, whichever group it is in, and however many commands run in one process."""

from __future__ import annotations

import subprocess
import sys

import pytest

import cli


def said(words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "argv", ["amends", *words])
    with pytest.raises(SystemExit):
        cli.main()
    return "".join(capsys.readouterr())


def test_a_group_is_made_when_it_is_named_and_no_other_one() -> None:
    """A start makes one of them, and pays for one."""
    program = (
        "import sys, cli\n"
        "made = cli.command().commands\n"
        "sys.argv = ['amends', 'outbox', 'list', '--help']\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "print('made:', [name for name, one in dict.items(made) if hasattr(one, 'commands')])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.endswith("made: ['outbox']\n")


def test_a_slip_of_the_pen_is_told_what_may_have_been_meant(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Did you mean 'outbox'?" in said(["outbx", "list"], capsys, monkeypatch)
    assert "Did you mean 'list'?" in said(["outbox", "lst"], capsys, monkeypatch)
    assert "corrections" in said(["--help"], capsys, monkeypatch)
