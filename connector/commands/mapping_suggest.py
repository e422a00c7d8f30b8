"""`amends mapping suggest`: a proposed mapping for a source, from its names, types and values.

What is written goes into the file that the source uses, after what stands there; nothing in it is changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from connector.commands.mapping_live import look
from connector.commands.place import Place
from connector.display import clean, count, wrapped
from connector.errors import AmendsError
from connector.mapping.suggesting import Suggestion, suggest
from connector.settings import SourceSettings, shipped_mapping, shipped_text
from connector.settings.drafting import drafted, fresh, with_suggestions


class Suggested(msgspec.Struct, frozen=True):
    """What was found for one source. `file` is the mapping that it goes into, `written` whether it did, `kept` where
    the former file is."""

    source: str
    file: str
    read: int
    suggestions: tuple[Suggestion, ...]
    text: str
    written: bool = False
    kept: str | None = None


def suggested(place: Place, name: str, most: int, *, write: bool, force: bool) -> Suggested:
    """Look at the source, and propose. With `write`, add the lines to its mapping; with `force`, begin again from the
    shipped one and keep the former file beside it.

    Raises AuthError, TemporaryError; AmendsError where the file cannot be written.
    """
    (source,) = place.chosen([name])
    seen = look(place, source, most)
    path = place.home / source.mapping_file
    found = suggest(shipped_mapping(source.adapter) if force else source.mapping, seen.discovery, seen.used)
    if path.exists() and not force:
        found = fresh(path.read_text(encoding="utf-8"), found)
    told = Suggested(name, str(path), len(seen.records), found, drafted(found))
    if not write or not (found or force):
        return told
    kept = _write(path, source, found, force=force)
    return msgspec.structs.replace(told, written=True, kept=kept)


def _write(path: Path, source: SourceSettings, found: Iterable[Suggestion], *, force: bool) -> str | None:
    """The file with the suggestions; where its former self was kept, or None."""
    there = path.exists()
    try:
        text = path.read_text(encoding="utf-8") if there and not force else shipped_text(source.adapter)
        text = with_suggestions(text, str(path), found)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = path.with_name(f"{path.name}.old") if there and force else None
        if kept is not None:
            os.replace(path, kept)  # noqa: PTH105  # the words say what happens
        draft = path.with_name(f".{path.name}.part")
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)  # noqa: PTH105
    except OSError as error:
        raise AmendsError(f"{path} cannot be written ({error.strerror}).", remedy="Correct its permissions.") from error
    return str(kept) if kept else None


def suggested_lines(told: Suggested, columns: int) -> list[str]:
    sure = sum(one.certain for one in told.suggestions)
    unsure = len(told.suggestions) - sure
    if not told.suggestions:
        lines = [f"{told.source}: nothing to add; {told.file} covers all that can be known by its name."]
    else:
        lines = [
            f"# {told.source}: {count(sure, 'line')} to add after a look at {count(told.read, 'live ticket')}, and "
            f"{count(unsure, 'guess', 'guesses')} as comments",
            *(clean_line(line) for line in told.text.splitlines()),
        ]
    if told.kept:
        lines.append(f"# the former file is {told.kept}")
    if told.written:
        lines += [f"# written to {told.file}; what stood there was not changed"]
        lines += [f"# next: amends mapping preview {told.source}"]
    elif told.suggestions:
        lines += wrapped(f"# add it to {told.file} with: amends mapping suggest {told.source} --write", columns)
    return lines


def clean_line(line: str) -> str:
    """A line with its indent, and without what a terminal would obey."""
    return " " * (len(line) - len(line.lstrip(" "))) + clean(line)
