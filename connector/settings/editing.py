"""Adding lines to a YAML file of the admin's without touching what stands there: comments, order and quotes stay.

Called by `drafting`, for what our commands write into a mapping. Pure: text in, text out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from connector.errors import SettingsError
from connector.settings.problems import Problems
from connector.settings.yaml_file import read_text

_PLAIN = re.compile(r"[A-Za-z_][\w.:/-]*(?: [\w./-]+)*", re.ASCII)
_INDENT = "  "
_LOADER: Any = yaml.SafeLoader


def scalar(text: str) -> str:
    """`text` as it stands in YAML, plain where every reader takes it for just this text, else in quotes."""
    if _PLAIN.fullmatch(text) and not text.endswith(":") and read_back(text) == text:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def read_back(text: str) -> Any:
    """What our own reader, and those of YAML 1.1 (for whom `no` is false), make of one plain word."""
    document = read_text(f"- {text}\n".encode(), "", Problems())
    old = yaml.safe_load(f"- {text}\n")
    return old[0] if document is not None and document.value == old else None


def with_lines(text: str, section: str, lines: Sequence[str]) -> str:
    """`text` with `lines` (not indented) at the end of its top-level `section`, which is made where there is none.

    Raises SettingsError where the section cannot be added to without losing a comment.
    """
    if not lines:
        return text
    found = _section(text, section)
    if found is None:
        body = "".join(f"{_INDENT}{line}\n" for line in lines)
        return f"{_ended(text)}{_gap(text)}{section}:\n{body}"
    key, value, _ = found
    if getattr(value, "flow_style", False) or not value.value:
        text = _opened(text, key, value, section)
        return with_lines(text, section, lines) if value.value else _inserted(text, section, lines, _INDENT)
    return _inserted(text, section, lines, " " * value.value[0][0].start_mark.column)


def with_entries(text: str, path: Sequence[str], lines: Sequence[str]) -> str:
    """`text` with `lines` (not indented) at the end of the mapping at `path`, whose last step is made where it is not
    there. Raises SettingsError where the mapping above is not there, or one of the two is written within braces."""
    root: Any = yaml.compose(text, Loader=_LOADER)
    above = root
    for step in path[:-1]:
        above = _part(above, step)
    if not isinstance(above, yaml.MappingNode) or above.flow_style:
        raise _not_editable(path[:-1])
    node, indent = _part(above, path[-1]), " " * above.value[0][0].start_mark.column
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return _before_line(text, node.end_mark.line, [" " * node.value[0][0].start_mark.column + one for one in lines])
    if node is None:
        block = [f"{indent}{path[-1]}:", *(f"{indent}{_INDENT}{one}" for one in lines)]
        return _before_line(text, above.end_mark.line, block)
    raise _not_editable(path)


def _not_editable(path: Sequence[str]) -> SettingsError:
    return SettingsError(
        f"nothing can be added to {', '.join(path)}.", remedy="Write each of its entries on a line of its own."
    )


def _before_line(text: str, line: int, block: Sequence[str]) -> str:
    """`text` with `block` before that line (0-based), and before the blank lines and comments that lead to it."""
    standing = _ended(text).splitlines(keepends=True)
    line = min(line, len(standing))
    while line and (not standing[line - 1].strip() or standing[line - 1].lstrip().startswith("#")):
        line -= 1
    return "".join([*standing[:line], *(f"{one}\n" for one in block), *standing[line:]])


def with_value(text: str, path: Sequence[str], old: str, new: str) -> str:
    """`text` with `new` (as it stands in YAML) for the plain value `old` at `path`, or for its `from` where the long
    form stands there; as it is where something else does."""
    node: Any = yaml.compose(text, Loader=_LOADER)
    for step in path:
        node = _part(node, step)
    node = _part(node, "from") or node
    if getattr(node, "value", None) != old:
        return text
    return text[: node.start_mark.index] + new + text[node.end_mark.index :]


def _part(node: Any, name: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in pairs if key.value == name), None)


def _section(text: str, name: str) -> tuple[Any, Any, int] | None:
    root = yaml.compose(text, Loader=_LOADER)
    if root is None:
        return None
    for index, (key, value) in enumerate(root.value):
        if key.value == name:
            later = root.value[index + 1 :]
            return key, value, later[0][0].start_mark.line if later else len(text.splitlines())
    return None


def _opened(text: str, key: Any, value: Any, section: str) -> str:
    """`text` with the section's flow form `{a: b}` as lines, each part exactly as it was written."""
    start, end = value.start_mark.index, value.end_mark.index
    if "\n" in text[start:end] and "#" in text[start:end]:
        raise SettingsError(
            f"line {key.start_mark.line + 1}: {section} has comments within braces, and nothing can be added to it.",
            remedy="Write each of its entries on a line of its own.",
        )
    parts = [
        f"{_INDENT}{text[one.start_mark.index : one.end_mark.index]}: "
        f"{text[other.start_mark.index : other.end_mark.index]}\n"
        for one, other in (value.value or [])
    ]
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    rest = text[end:line_end].rstrip()
    head = text[:start].rstrip(" ")
    return f"{head}{rest and '  '}{rest.lstrip()}\n{''.join(parts)}{text[line_end + 1 :]}"


def _inserted(text: str, section: str, lines: Sequence[str], indent: str) -> str:
    found = _section(text, section)
    assert found is not None
    key, _, after = found
    standing = _ended(text).splitlines(keepends=True)
    # What stands between this section and the next one without an indent belongs to the next one.
    while after - 1 > key.start_mark.line and _is_between(standing[after - 1]):
        after -= 1
    return "".join([*standing[:after], *(f"{indent}{line}\n" for line in lines), *standing[after:]])


def _is_between(line: str) -> bool:
    return not line.strip() or line.startswith("#")


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _gap(text: str) -> str:
    return "\n" if text.strip() else ""
