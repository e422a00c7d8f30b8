"""Atlassian Document Format to plain text and back: what people wrote, without the clothes. Pure.

Jira Cloud keeps descriptions, comments and long texts as trees of nodes. Everything that carries meaning survives as
text: lists, tables, tasks, decisions, panels, quotes, mentions, dates, links with their address, names of files. A node
that nobody knows keeps its text. Used by the reading side for every text, and by the writing side for our notes.
https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from connector.model import EPOCH, JSON

DEEPEST = 40  # nobody nests further; what lies below is told as flat text, in order
LONGEST = 30_000  # characters of a note; Jira refuses texts of more than 32,767
# The signs that Jira's own text markup has for these.
PANELS = {"info": "(i)", "note": "(!)", "tip": "(/)", "success": "(/)", "warning": "(!)", "error": "(x)"}
_ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}']")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
Node = dict[str, Any]


def text_of(document: JSON) -> str:
    """The plain text of an ADF document or of any part of one; text as it is, "" for what is neither. Never raises."""
    if isinstance(document, str):
        return document
    nodes = document if isinstance(document, list) else [document]
    return "\n".join(_blocks(nodes, 0)).strip("\n")


def document_of(text: str) -> dict[str, JSON]:
    """`text` as an ADF document that shows it as it is: blank lines part paragraphs, addresses become links."""
    clean = _NO_TEXT.sub("", text.replace("\r\n", "\n"))
    kept = clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"
    parts = [part for part in re.split(r"\n[ \t]*\n", kept) if part.strip()]
    content: list[JSON] = [{"type": "paragraph", "content": _inlines_of(part.strip("\n"))} for part in parts]
    return {"type": "doc", "version": 1, "content": content}


def _inlines_of(paragraph: str) -> list[JSON]:
    nodes: list[JSON] = []
    for number, line in enumerate(paragraph.split("\n")):
        if number:
            nodes.append({"type": "hardBreak"})
        nodes += _linked(line)
    return nodes


def _linked(line: str) -> Iterator[JSON]:
    end = 0
    for found in _ADDRESS.finditer(line):
        if found.start() > end:
            yield {"type": "text", "text": line[end : found.start()]}
        yield {"type": "text", "text": found[0], "marks": [{"type": "link", "attrs": {"href": found[0]}}]}
        end = found.end()
    if line[end:]:
        yield {"type": "text", "text": line[end:]}


# Nodes of one line


def _inline(node: Any, depth: int) -> str:
    if not isinstance(node, dict):
        return ""
    kind = node.get("type")
    if kind == "text":
        return _marked(node, depth)
    tell = _INLINES.get(kind) if isinstance(kind, str) else None
    if tell is None:
        return " ".join(_block(node, depth + 1))
    return tell(_attrs(node)) + _rest(node, depth)


def _marked(node: Node, depth: int) -> str:
    text = node.get("text")
    said = (text if isinstance(text, str) else "") + _inner(node, depth)
    for mark in _list(node.get("marks")):
        kind = mark.get("type") if isinstance(mark, dict) else None
        if kind == "link":
            href = _word(_attrs(mark), "href")
            said = said if not href or href.removeprefix("mailto:") in said else f"{said} ({href})"
        elif kind == "strike" and said:
            said = f"~~{said}~~"
    return said


def _rest(node: Node, depth: int) -> str:
    """What should not be there (text or content of a node that has none) is told all the same."""
    text = node.get("text")
    return (text if isinstance(text, str) else "") + _inner(node, depth)


def _inner(node: Node, depth: int) -> str:
    content = _list(node.get("content"))
    if not content:
        return ""
    return _flat(content) if depth >= DEEPEST else "".join(_inline(one, depth + 1) for one in content)


def _mention(attrs: Node) -> str:
    name = _word(attrs, "text") or _word(attrs, "id")
    return name if name.startswith("@") else f"@{name}"


def _date(attrs: Node) -> str:
    """The day of a date node, whose stamp is milliseconds since 1970 as text, at midnight UTC."""
    stamp = attrs.get("timestamp")
    try:
        at: datetime = EPOCH + timedelta(milliseconds=int(stamp or 0))
    except (TypeError, ValueError, OverflowError):
        return _shown(stamp)
    return at.date().isoformat()


def _card(attrs: Node) -> str:
    data = attrs.get("data")
    inside: Node = data if isinstance(data, dict) else {}
    address = _word(attrs, "url") or _word(inside, "url")
    name = _word(inside, "name")
    return f"{name} ({address})" if name and address else name or address


def _media(attrs: Node) -> str:
    name = _word(attrs, "alt") or _word(attrs, "__fileName") or _word(attrs, "url") or _word(attrs, "type")
    return f"[{name}]" if name else ""


def _macro(attrs: Node) -> str:
    return _word(attrs, "text") or _word(attrs, "title") or f"[{_word(attrs, 'extensionKey')}]"


_INLINES: dict[str, Callable[[Node], str]] = {
    "hardBreak": lambda attrs: "\n",
    "mention": _mention,
    "emoji": lambda attrs: _word(attrs, "text") or _word(attrs, "shortName"),
    "date": _date,
    "status": lambda attrs: f"[{_word(attrs, 'text')}]",
    "inlineCard": _card,
    "mediaInline": _media,
    "media": _media,
    "placeholder": lambda attrs: _word(attrs, "text"),
    "inlineExtension": _macro,
}


# Nodes of their own lines


def _blocks(nodes: Sequence[Any], depth: int) -> list[str]:
    """The lines of all nodes, a blank one between two blocks; loose inline nodes make a line of their own."""
    if depth >= DEEPEST:
        return [_flat(nodes)]
    lines: list[str] = []
    loose: list[str] = []
    for node in nodes:
        if not isinstance(node, dict):
            continue
        kind = node.get("type")
        if kind == "text" or (isinstance(kind, str) and kind in _INLINES and kind != "media"):
            loose.append(_inline(node, depth))
            continue
        _join(lines, "".join(loose).split("\n") if loose else [])
        loose = []
        _join(lines, _block(node, depth))
    _join(lines, "".join(loose).split("\n") if loose else [])
    return lines


def _join(lines: list[str], block: list[str]) -> None:
    if any(block):
        if lines:
            lines.append("")
        lines += block


def _block(node: Node, depth: int) -> list[str]:
    if depth >= DEEPEST:
        return [_flat([node])]
    kind = node.get("type")
    tell = _BLOCKS.get(kind) if isinstance(kind, str) else None
    text = node.get("text")
    stray = [text] if isinstance(text, str) else []
    if tell is not None:
        return [*stray, *tell(node, depth)]
    title = [_word(_attrs(node), "title") or _word(_attrs(node), "text")]
    return [*stray, *filter(None, title), *_blocks(_list(node.get("content")), depth + 1)]


def _paragraph(node: Node, depth: int) -> list[str]:
    return _inner(node, depth).split("\n")


def _bullets(node: Node, depth: int) -> list[str]:
    return _items(node, depth, lambda number, item: "- ")


def _numbers(node: Node, depth: int) -> list[str]:
    order = _attrs(node).get("order")
    first = order if isinstance(order, int) and not isinstance(order, bool) else 1
    return _items(node, depth, lambda number, item: f"{first + number}. ")


def _tasks(node: Node, depth: int) -> list[str]:
    return _items(node, depth, lambda number, item: "[x] " if _attrs(item).get("state") == "DONE" else "[ ] ")


def _decisions(node: Node, depth: int) -> list[str]:
    return _items(node, depth, lambda number, item: "<> ")


def _items(node: Node, depth: int, sign: Callable[[int, Node], str]) -> list[str]:
    lines: list[str] = []
    number = 0
    for item in _list(node.get("content")):
        if not isinstance(item, dict):
            continue
        if item.get("type") in _LISTS:  # a list within a task list lies beside its items, not inside
            lines += [f"  {line}" for line in _block(item, depth + 1)]
            continue
        mark = sign(number, item)
        told = [line for line in _block(item, depth + 1) if line] or [""]
        lines += [mark + told[0], *(" " * len(mark) + line for line in told[1:])]
        number += 1
    return lines


def _quote(node: Node, depth: int) -> list[str]:
    return [f"> {line}" if line else ">" for line in _blocks(_list(node.get("content")), depth + 1)]


def _panel(node: Node, depth: int) -> list[str]:
    attrs = _attrs(node)
    kind = attrs.get("panelType")
    sign = PANELS.get(kind, "") if isinstance(kind, str) else ""
    sign = sign or _word(attrs, "panelIconText") or _word(attrs, "panelIcon")
    lines = _blocks(_list(node.get("content")), depth + 1)
    return [f"{sign} {lines[0]}", *lines[1:]] if sign and lines else lines


def _expand(node: Node, depth: int) -> list[str]:
    title = _word(_attrs(node), "title")
    return [*([title] if title else []), *_blocks(_list(node.get("content")), depth + 1)]


def _table(node: Node, depth: int) -> list[str]:
    rows = [row for row in _list(node.get("content")) if isinstance(row, dict)]
    return [line for row in rows for line in _block(row, depth + 1)]


def _row(node: Node, depth: int) -> list[str]:
    cells = [cell for cell in _list(node.get("content")) if isinstance(cell, dict)]
    return [" | ".join(" / ".join(filter(None, _block(cell, depth + 1))) for cell in cells)]


def _pictures(node: Node, depth: int) -> list[str]:
    lines = [_inline(one, depth + 1) for one in _list(node.get("content"))]
    return [part for line in lines for part in line.split("\n") if part]


def _of_attrs(tell: Callable[[Node], str]) -> Callable[[Node, int], list[str]]:
    return lambda node, depth: [tell(_attrs(node)), *filter(None, _inner(node, depth).split("\n"))]


_LISTS = frozenset({"bulletList", "orderedList", "taskList", "decisionList"})
_BLOCKS: dict[str, Callable[[Node, int], list[str]]] = {
    "paragraph": _paragraph,
    "heading": _paragraph,
    "codeBlock": _paragraph,
    "caption": _paragraph,
    "bulletList": _bullets,
    "orderedList": _numbers,
    "taskList": _tasks,
    "decisionList": _decisions,
    "blockquote": _quote,
    "panel": _panel,
    "expand": _expand,
    "nestedExpand": _expand,
    "table": _table,
    "tableRow": _row,
    "mediaSingle": _pictures,
    "mediaGroup": _pictures,
    "media": _of_attrs(_media),
    "blockCard": _of_attrs(_card),
    "embedCard": _of_attrs(_card),
    "rule": _of_attrs(lambda attrs: "----"),
    "extension": _of_attrs(_macro),
}


# Reading what may be anything


def _attrs(node: Node) -> Node:
    attrs = node.get("attrs")
    return attrs if isinstance(attrs, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(attrs: Node, name: str) -> str:
    return _shown(attrs.get(name))


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, bool | dict | list) else str(value)


def _flat(nodes: Sequence[Any]) -> str:
    """All texts below, in order, without recursion."""
    found: list[str] = []
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            text = node.get("text")
            if isinstance(text, str):
                found.append(text)
            waiting += reversed(_list(node.get("content")))
    return " ".join(found)
