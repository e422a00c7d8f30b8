"""`python -m sandbox.demo.picture FILE`: the demo's live view at one moment of a real run, as an SVG.

How `docs/pictures/demo.svg` is made; by hand, after the view or the stories have changed.
"""

from __future__ import annotations

import re
import sys
import tempfile
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.clock import SandboxClock
from sandbox.demo import FIRST_DAY, Performance
from sandbox.demo.view import Screen

if TYPE_CHECKING:
    from rich.console import Group

COLUMNS, ROWS = 112, 34
MOMENT = FIRST_DAY + timedelta(days=3, hours=10, minutes=50)
MATRIX = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'
TITLE = "ui-sans-serif, system-ui, sans-serif"
SHOWN = (
    "The live view of make demo on Thursday of its five days: what customers wrote in Zendesk, in Jira and by mail, "
    "and what Amends saw and did."
)


class Camera(Screen):
    """Shows nothing, and keeps the first frame at or after `MOMENT`."""

    taken: Group | None = None

    def __enter__(self) -> Camera:
        return self

    def say(self, line: str) -> None:
        """Nobody reads along."""

    def tell(self, words: str) -> None:
        """Nor what is told for a moment only."""

    def show(self, wall: datetime) -> None:
        now = self.schedule.now(wall)
        if self.taken is None and now >= MOMENT:
            self.taken = self._frame(now, COLUMNS, ROWS)


def drawn(frame: Group) -> str:
    """The frame as an SVG that asks nothing of the network: with the reader's own fonts."""
    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console

    console = Console(width=COLUMNS, record=True, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(frame)
    form = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = form.replace("Fira Code, monospace", MATRIX).replace("font-family: arial", f"font-family: {TITLE}")
    form = form.replace("<svg ", f'<svg role="img" aria-label="{SHOWN}" ', 1)
    return console.export_svg(title="make demo", code_format=form, unique_id="demo")


def main() -> int:
    clock = SandboxClock()
    with tempfile.TemporaryDirectory() as folder:
        playing = Performance(Path(folder) / "demo", fast=False, plain=True, wall=clock)
        playing.screen = camera = Camera(playing.schedule, playing.watch, plain=True)
        code = playing.play()
    if camera.taken is not None:
        Path(sys.argv[1]).write_text(drawn(camera.taken), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
