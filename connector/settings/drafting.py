"""Suggested lines as an admin reads them in a mapping: those that are sure as lines, the others as comments.

Called by `amends mapping suggest` and `amends init`. Pure: text in, text out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connector.mapping.suggesting import Suggestion
from connector.settings.editing import scalar, with_lines, with_value
from connector.settings.problems import Problems
from connector.settings.yaml_file import read_text

SECTIONS = ("fields", "status", "priority", "values", "write")


def drafted(suggestions: Iterable[Suggestion]) -> str:
    """The suggestions as a piece of a mapping file, section by section."""
    text = ""
    listed = list(suggestions)
    for section in SECTIONS:
        lines = [line for one in listed if one.section == section for line in _lines(one)]
        text += f"{section}:\n" + "".join(f"  {line}\n" for line in lines) if lines else ""
    return text


def fresh(text: str, suggestions: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    """Those that can be added to the mapping file `text`: they do not stand there already, as a comment at least, and
    take the place of no line (`amends mapping check` names those)."""
    return tuple(
        one for one in suggestions if not one.instead and (one.certain or not _is_there(next(_lines(one)), text))
    )


def with_suggestions(text: str, name: str, suggestions: Iterable[Suggestion]) -> str:
    """The mapping file `text` (called `name` in messages) with the suggestions added at the ends of its sections.

    What stands there stays, comments and all; a line that is there already, as a line or as a comment, is not added
    again. Only a suggestion that says `instead` of what it stands changes the field in its line.
    Raises SettingsFilesError where the file cannot be read, SettingsError where a section cannot be added to.
    """
    problems = Problems()
    document = read_text(text.encode(), name, problems)
    problems.raise_if_any()
    standing = document.value if document is not None and isinstance(document.value, dict) else {}
    listed = list(suggestions)
    for one in listed:
        if one.instead and isinstance(one.value, str):
            text = with_value(text, (one.section, one.name), one.instead, scalar(one.value))
    for section in SECTIONS:
        there = standing.get(section) or {}
        fresh = [one for one in listed if one.section == section and not (one.certain and one.name in there)]
        lines = [line for one in fresh for line in _lines(one) if not _is_there(line, text)]
        text = with_lines(text, section, lines)
    return text


def _is_there(line: str, text: str) -> bool:
    return line.startswith("# ") and line.partition("  # ")[0] in text


def _lines(one: Suggestion) -> Iterator[str]:
    mark = "" if one.certain else "# "
    # A field's title is in it, and may hold what cannot stand in YAML.
    reason = "".join(letter if letter.isprintable() else " " for letter in one.reason)
    why = f"  # {one.confidence:.0%}: {' '.join(reason.split())}"
    if isinstance(one.value, str):
        said = f"{{from: {scalar(one.value)}, type: {one.type}}}" if one.type else scalar(one.value)
        yield f"{mark}{scalar(one.name)}: {said}{why}"
        return
    yield f"{mark}{scalar(one.name)}:{why}"
    yield from (f"{mark}  {scalar(theirs)}: {scalar(ours)}" for theirs, ours in one.value.items())
