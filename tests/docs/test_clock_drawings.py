"""The drawings of docs/clocks.md are what the engine draws today."""

from __future__ import annotations

from tests.docs.clock_drawings import BLOCK, PAGE, drawings, page_with


def test_every_drawing_on_the_page_is_what_the_engine_draws() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page_with(text) == text, "python -m tests.docs.clock_drawings writes them anew"


def test_every_story_is_on_the_page() -> None:
    shown = [found[1] for found in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
    assert sorted(shown) == sorted(drawings())
