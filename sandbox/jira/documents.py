"""Texts in Jira's two notations: the Atlassian Document Format (v3) and wiki text (v2, Data Center). Pure.

A text is kept as it was written, a string or a document, and told in the notation of the version that asks.
"""

from __future__ import annotations

from typing import Any

JSON = Any


def as_document(text: JSON) -> JSON:
    """A paragraph for each line group of a plain text; a document stays as it is; None stays None."""
    if text is None or isinstance(text, dict):
        return text
    return {"type": "doc", "version": 1, "content": [_paragraph(part) for part in str(text).split("\n\n") if part]}


def _paragraph(text: str) -> JSON:
    content: list[JSON] = []
    for line in text.split("\n"):
        content += [{"type": "hardBreak"}] if content else []
        content += [{"type": "text", "text": line}] if line else []
    return {"type": "paragraph", "content": content}


def as_wiki(text: JSON) -> JSON:
    """A document as rough wiki text; a string stays as it is; None stays None."""
    return _told(text).strip("\n") if isinstance(text, dict) else text


def _told(node: JSON) -> str:
    kind, inner = node.get("type"), "".join(_told(one) for one in node.get("content", []))
    attributes = node.get("attrs", {})
    match kind:
        case "text":
            return str(node.get("text", ""))
        case "hardBreak":
            return "\n"
        case "mention":
            return f"[~accountid:{attributes.get('id')}]"
        case "emoji":
            return str(attributes.get("text") or attributes.get("shortName", ""))
        case "inlineCard":
            return f"[{attributes.get('url', '')}]"
        case "listItem":
            return f"* {inner.strip()}\n"
        case "panel":
            return f"{{panel}}\n{inner.strip()}\n{{panel}}\n\n"
        case "tableRow":
            return f"|{inner}\n"
        case "tableCell" | "tableHeader":
            return f"{inner.strip()}|"
    return f"{inner}\n\n" if kind in ("paragraph", "heading", "codeBlock", "blockquote", "table") else inner


def is_document(value: JSON) -> bool:
    return isinstance(value, dict) and value.get("type") == "doc" and isinstance(value.get("content"), list)
