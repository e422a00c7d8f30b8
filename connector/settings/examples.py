"""The labelled messages that ship (examples/*.tsv), as examples to learn from. Called by the commands that train.

One file a language, written for Amends: tab separated, a line of column names after the lines that begin with "#".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from connector.errors import SettingsError
from connector.settings.folder import SHIPPED
from connector.tagging.book import LANGUAGE
from connector.tagging.labelled import Labelled

COLUMNS = ("text", "complaint", "category", "root_cause", "remedies", "emergency", "severity", "sentiment")
_ONE = ("complaint", "category", "root_cause", "severity", "sentiment")
_SEVERAL = {"remedies": "remedy", "emergency": "emergency"}


def shipped_examples(folder: Path = SHIPPED / "examples") -> list[Labelled]:
    """All of them, by language and line. Raises SettingsError for a line that is not as the others are."""
    return [example for path in sorted(folder.glob("*.tsv")) for example in _read(path)]


def _read(path: Path) -> Iterator[Labelled]:
    header: Sequence[str] = ()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if not header:
            header = cells
        if len(cells) != len(COLUMNS) or tuple(header) != COLUMNS:
            raise SettingsError(
                f"{path}:{number}: there are {len(cells)} columns, and {len(COLUMNS)} are expected.",
                remedy=f"Write {', '.join(COLUMNS)}, with a tab between each.",
            )
        if cells is not header:
            yield _example(dict(zip(COLUMNS, cells, strict=True)), path.stem)


def _example(row: dict[str, str], language: str) -> Labelled:
    labels: dict[str, tuple[str, ...]] = {name: (row[name].strip(),) for name in _ONE if row[name].strip()}
    labels |= {facet: tuple(row[column].split()) for column, facet in _SEVERAL.items()}
    return Labelled(row["text"], {**labels, LANGUAGE: (language,)}, language)
