"""`amends mail parse`: a line of JSON for each mail, whatever is in it."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from cli import app

MAIL = (
    b"From: Ana Novak <ana@home.example>\nTo: help@shop.example\nSubject: Re: Your order\n"
    b"Date: Mon, 2 Mar 2026 09:14:00 +0100\n"
    b"Message-ID: <1@home.example>\n\nThe lamp arrived broken for the second time, I want my money back.\n\n"
    b"On 1 Mar 2026, at 10:00, Shop <help@shop.example> wrote:\n> It is on its way.\n"
)


def test_each_mail_is_one_line_with_all_that_is_understood(tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("a.eml", "b.eml")]
    for file in files:
        Path(file).write_bytes(MAIL)
    done = CliRunner().invoke(app, ["mail", "parse", *files])
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert [one["file"] for one in found] == files
    first = found[0]
    assert first["from"] == [{"name": "Ana Novak", "address": "ana@home.example"}]
    assert (first["subject"], first["date"]) == ("Re: Your order", "2026-03-02T08:14:00+00:00")
    assert first["reply_text"] == "The lamp arrived broken for the second time, I want my money back."
    assert (first["cut_reason"], first["language"]) == ("introduction", "en")
    assert first["automatic"]["kind"] is None
    assert (first["bounce_recipients"], first["attachments"], first["defects"]) == ([], [], [])


def test_a_mail_comes_from_the_standard_input_too() -> None:
    done = CliRunner().invoke(app, ["mail", "parse", "-"], input=MAIL)
    assert json.loads(done.stdout)["message_id"] == "1@home.example"


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL)
    done = CliRunner().invoke(app, ["mail", "parse", str(tmp_path / "none.eml"), str(tmp_path / "a.eml")])
    assert done.exit_code == 1
    assert "none.eml cannot be read" in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_nothing_that_a_stranger_wrote_reaches_the_terminal_as_it_is() -> None:
    done = CliRunner().invoke(
        app, ["mail", "parse", "-"], input=b"From: a@b.example\nSubject: x\n\n\x1b[2J\xe2\x80\xae evil"
    )
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
