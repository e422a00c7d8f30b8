"""The themes that ship (themes/*.txt): words by what they are about, for the models. Called by `taggings`.

One file a language, a line a theme: its name, a colon, and its words with commas between; lines that begin with "#" are
remarks. A model knows the themes by name, so they are changed only together with the model that ships.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from connector.settings.folder import SHIPPED


@cache
def shipped_themes(folder: Path = SHIPPED / "themes") -> dict[str, dict[str, tuple[str, ...]]]:
    """Language → theme → its words."""
    return {path.stem: _themes(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.txt"))}


def _themes(text: str) -> dict[str, tuple[str, ...]]:
    lines = (line.split(":", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: tuple(word for word in map(str.strip, words.split(",")) if word) for name, words in lines}
