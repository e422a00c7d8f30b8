"""The page of faults tells the truth: each test it names exists, and no fault of a source or of mail was forgotten."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/engineers/faults.md"
ROW = re.compile(r"^\| ([SLWMH]\d\d) \|.*\| ([^|]+) \|$", re.MULTILINE)


def test_every_test_that_the_page_names_exists() -> None:
    there = {
        name for file in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", _text(file))
    }
    named = set(re.findall(r"`(test_[slwmh]\d\d_\w+)`", _text(PAGE)))
    assert named and not named - there


def test_every_fault_is_held_by_a_test_of_its_name_or_waits_for_something() -> None:
    rows = {one: (line, held) for one, line, held in ((row[1], row[0], row[2]) for row in ROW.finditer(_text(PAGE)))}
    for letter, count in (("S", 47), ("M", 20)):
        assert [one for one in rows if one.startswith(letter)] == [
            f"{letter}{number:02d}" for number in range(1, count + 1)
        ]
    for one, (line, held) in rows.items():
        assert f"`test_{one.lower()}_" in held or "aits for" in line, f"{one} is held by nothing"


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
