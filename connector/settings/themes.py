"""The themes that ship (themes/*.txt): words by what they are about, for the models. Called by `taggings`.

One file a language, in the form that `connector.tagging.themes` takes apart when the language is first met. A model
knows the themes by name, so they are changed only together with the model that ships.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from connector.settings.folder import SHIPPED


@cache
def shipped_themes(folder: Path = SHIPPED / "themes") -> dict[str, str]:
    """Language → its list as it lies in the file."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))}
