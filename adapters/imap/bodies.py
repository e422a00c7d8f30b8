"""Which parts of a message are its text, and which are attachments. Pure; never raises.

Called by `message`. Of alternatives the plain one is taken, unless it is empty or only says that there is another;
texts that follow each other are joined in their order; an attached message is an attachment.
"""

from __future__ import annotations

import re

import msgspec

from adapters.imap import markup
from adapters.imap.charsets import decoded
from adapters.imap.lines import MARK
from adapters.imap.parts import Limits, Parsed, Part

_TEXTS = frozenset({"text/plain", "text/html", "text/enriched", "text/richtext", "text/x-amp-html", "text", "text/"})
_MACHINE = frozenset({"message/delivery-status", "message/disposition-notification", "text/rfc822-headers"})
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ue000]")
_USE_HTML = re.compile(
    r"(?:support|display|show|view|read).{0,30}\bhtml\b|(?:view|read|see) (?:it|this|the) .{0,40}(?:html|browser)"
    r"|(?:html|mime)\W.{0,80}(?:compatible|capable|enabled|viewer|support|version)"
    r"|HTML-(?:E-?Mail|Version|fähig)|\bno text (?:body|part)|format html|formato html|HTML形式",
    re.IGNORECASE,
)
LONGEST_EXCUSE = 400  # characters of a plain text that only points to the other one
LONGEST_UNWRAPPED = 200_000  # characters
_ENRICHED = re.compile(r"<param>.*?</param>|</?[a-zA-Z][a-zA-Z-]{0,60}>|<(<)", re.IGNORECASE | re.DOTALL)
_SMILEYS = str.maketrans({"\u00a0": " ", "\u2007": " ", "\u202f": " "})


class Body(msgspec.Struct, frozen=True, eq=False):
    """The text that a person sees, and the parts that are not text of the message itself."""

    text: str
    attachments: tuple[Part, ...]
    defects: tuple[str, ...]


class _Piece(msgspec.Struct, frozen=True, eq=False):
    part: Part
    text: str
    is_markup: bool


def body(parsed: Parsed, limits: Limits) -> Body:
    """The text of a message and its attachments."""
    defects: list[str] = []
    texts = [part for part in parsed.parts if is_text(part)]
    chosen = _chosen([_piece(part, limits, defects) for part in texts])
    attachments = tuple(part for part in parsed.parts if not is_text(part) and part.type not in _MACHINE)
    whole = "\n\n".join(piece.text.strip("\n") for piece in chosen if piece.text.strip())
    if len(whole) > limits.text_characters:
        whole = whole[: limits.text_characters]
        defects.append("the text is too long: only its beginning was kept")
    return Body(whole, attachments, tuple(dict.fromkeys(defects)))


def is_text(part: Part) -> bool:
    """Whether a part is shown as text of the message, and not as a file."""
    if part.type not in _TEXTS or part.disposition == "attachment":
        return False
    # Apple Mail and others give inline texts a name; a file that only lacks its disposition has one with an ending.
    return not part.name or part.disposition == "inline" or "." not in part.name or not part.inside


def _piece(part: Part, limits: Limits, defects: list[str]) -> _Piece:
    content = part.content(4 * limits.text_characters)
    if len(content) == 4 * limits.text_characters:
        defects.append("the text is too long: only its beginning was kept")
    text, guessed = decoded(content, part.parameters.get("charset"))
    if guessed:
        defects.append("the encoding of a text was guessed")
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    is_markup = part.type == "text/html" or (part.type != "text/plain" and text.lstrip()[:6].lower() in _HTML_STARTS)
    if is_markup:
        text = markup.text(text)
    elif part.type in ("text/enriched", "text/richtext"):
        text = _ENRICHED.sub(r"\1", text)
    elif part.parameters.get("format", "").lower() == "flowed":
        text = unwrapped(text, part.parameters.get("delsp", "").lower() == "yes")
    return _Piece(part, text.translate(_SMILEYS), is_markup)


_HTML_STARTS = frozenset({"<html>", "<html ", "<!doct"})


def _chosen(pieces: list[_Piece]) -> list[_Piece]:
    """All pieces in order; of those that are alternatives of each other, one branch."""
    kept: list[_Piece] = []
    groups: dict[tuple[int, ...], list[_Piece]] = {}
    for piece in pieces:
        key = _alternative(piece.part)
        if key is None:
            kept.append(piece)
        elif key in groups:
            groups[key].append(piece)
        else:
            groups[key] = [piece]
            kept.append(piece)
    return [best for piece in kept for best in _best(piece, groups)]


def _alternative(part: Part) -> tuple[int, ...] | None:
    """Which multipart/alternative the part lies in, by the path to it; None where it lies in none."""
    for level, kind in enumerate(part.inside):
        if kind == "multipart/alternative":
            return part.branch[:level]
    return None


def _best(first: _Piece, groups: dict[tuple[int, ...], list[_Piece]]) -> list[_Piece]:
    key = _alternative(first.part)
    if key is None:
        return [first]
    plain = [piece for piece in groups[key] if not piece.is_markup]
    rich = [piece for piece in groups[key] if piece.is_markup]
    said = "\n".join(piece.text for piece in plain).strip()
    seen = "\n".join(piece.text for piece in rich).replace(MARK, "").strip()
    if not rich or (said and not _is_excuse(said, seen)):
        return plain
    return rich if seen else plain or rich


def _is_excuse(said: str, seen: str) -> bool:
    """Whether a plain text only stands in for the other one: it says so, or is mark-up or a word where that is long."""
    if said.lstrip()[:6].lower() in _HTML_STARTS:
        return True
    return len(said) <= LONGEST_EXCUSE and _folded(said) not in _folded(seen) and bool(_USE_HTML.search(said))


def _folded(text: str) -> str:
    return " ".join(text[: 10 * LONGEST_EXCUSE].split())


def unwrapped(text: str, drop_space: bool) -> str:
    """format=flowed (RFC 3676): lines that end with a space go on in the next one of the same depth of quotes."""
    if len(text) > LONGEST_UNWRAPPED:
        return text
    lines: list[str] = []
    flows = False
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ") if depth else line.removeprefix(" ") if line.startswith(" >") else line
        delimiter = content == "-- "
        if flows and lines and _depth(lines[-1]) == depth and not delimiter:
            lines[-1] = (lines[-1][:-1] if drop_space else lines[-1]) + content
        else:
            lines.append(">" * depth + (" " if depth else "") + content)
        flows = content.endswith(" ") and not delimiter and bool(content.strip())
    return "\n".join(line if line == "-- " else line.rstrip() for line in lines)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(">"))
