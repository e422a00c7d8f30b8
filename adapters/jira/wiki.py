"""Jira's text markup ("wiki") to plain text and back, for Data Center and for old texts on Cloud. Pure.

Reading takes the clothes off and keeps every word: links keep their address, pictures and files their name, tables
their cells. Writing escapes, so that nothing in a note of ours is taken for markup. Both walk the text in linear time.
https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
"""

from __future__ import annotations

import html
import re

LONGEST = 30_000  # characters of a note; Jira refuses texts of more than 32,767
# While the markup is taken off, escaped signs and literal blocks stand apart, as lone surrogates: no text has those.
_APART = 0xDC00
_OPEN, _CLOSE = "\ud800", "\ud801"

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ESCAPED = re.compile(r"\\([!-/:-@\[\]-`{-~])")
_LITERAL = re.compile(r"\{(code|noformat)(?::[^{}\n]*)?\}(.*?)\{\1\}", re.S)
_MONO = re.compile(r"\{\{([^{}\n]+)\}\}")
_QUOTE = re.compile(r"\{quote\}(.*?)\{quote\}", re.S)
_PANEL = re.compile(r"\{panel(?::([^{}\n]*))?\}")
_DRESS = re.compile(r"\{(?:color(?::[^{}\n]*)?|anchor:[^{}\n]*|section|column)\}")
_LINK = re.compile(r"\[([^\[\]\n]+)\]")
_PICTURE = re.compile(r"(?<![\w!])!(?=[^\s!|])([^!|\n]+)(?:\|[^!\n]*)?!(?!\w)")
_HEAD = re.compile(r"^[ \t]*h[1-6]\.[ \t]+", re.M)
_BLOCK_QUOTE = re.compile(r"^[ \t]*bq\.[ \t]+", re.M)
_ITEM = re.compile(r"^[ \t]*([*#]+|-)[ \t]+(?=\S)")
_BREAK = re.compile(r"\\\\[ \t]?\n?")
_TABLE = re.compile(r"^[ \t]*\|")
_STRUCK = re.compile(r"(?<![\w-])-(?=[^\s-])([^-\n]*[^\s-])-(?![\w-])")
_CITED = re.compile(r"\?\?(?=\S)([^?\n]+)\?\?")
_EFFECTS = tuple(
    re.compile(rf"(?<![\w{sign}])\{sign}(?=[^\s{sign}])([^{sign}\n]*[^\s{sign}])\{sign}(?![\w{sign}])")
    for sign in ("*", "_", "+", "^", "~")
)
_ADDRESS = re.compile(r"https?://[\w\-./?#=&%:@+,~*]+", re.A)
_IN_ADDRESS = re.compile(r"[_*+~?-]|(?<!&)#")  # an address may be followed by a sign as "&#92;"
_SET = re.compile(_OPEN + r"(\d+)" + _CLOSE)


def text_of(markup: str) -> str:
    """The plain text of `markup`. Never raises; what is not understood stays as it is."""
    text = _SURROGATE.sub("\ufffd", markup).replace("\r\n", "\n")
    if not _MARKS.search(text):
        return text.strip("\n")
    blocks: list[str] = []

    def put_aside(found: re.Match[str]) -> str:
        blocks.append(found[found.lastindex or 0].strip("\n"))
        return f"{_OPEN}{len(blocks) - 1}{_CLOSE}"

    text = _BREAK.sub("\n", _LITERAL.sub(put_aside, text))
    text = _ESCAPED.sub(lambda found: chr(_APART + ord(found[1])), text)
    text = _ADDRESS.sub(lambda found: _IN_ADDRESS.sub(lambda sign: chr(_APART + ord(sign[0])), found[0]), text)
    text = _undressed(_MONO.sub(put_aside, text))
    text = html.unescape(text) if "&" in text else text
    text = _SET.sub(lambda found: blocks[int(found[1])] if int(found[1]) < len(blocks) else "", text)
    return _SURROGATE.sub(lambda found: chr(ord(found[0]) - _APART) if ord(found[0]) > _APART else "", text).strip("\n")


_MARKS = re.compile(r"[\\{\[!*#_+^~?|&-]|^[ \t]*(?:h[1-6]|bq)\.", re.M)


def _undressed(text: str) -> str:
    text = _PANEL.sub(lambda found: _title(found[1] or ""), text)
    text = _DRESS.sub("", text)
    text = _QUOTE.sub(lambda found: _quoted(found[1]), text)
    text = _BLOCK_QUOTE.sub("> ", _HEAD.sub("", text))
    text = "\n".join(_line(line, number) for line, number in _numbered(text.split("\n")))
    text = _LINK.sub(lambda found: _link(found[1]), text)
    text = _PICTURE.sub(r"[\1]", text)
    text = _CITED.sub(r"\1", _STRUCK.sub(r"~~\1~~", text))
    for effect in _EFFECTS:
        text = effect.sub(r"\1", text)
    return text


def _title(options: str) -> str:
    """The title of a panel, which may stand without its name: {panel:title=Note|borderStyle=dashed}."""
    named = dict(part.partition("=")[::2] for part in options.split("|"))
    return f"{named['title']}\n" if named.get("title") else ""


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" if line.strip() else ">" for line in text.strip("\n").split("\n"))


def _numbered(lines: list[str]) -> list[tuple[str, int]]:
    """Each line with its number in the ordered list that it belongs to; 0 elsewhere."""
    found = []
    counts: dict[str, int] = {}
    for line in lines:
        item = _ITEM.match(line)
        signs = item[1] if item else ""
        counts = {level: count for level, count in counts.items() if signs.startswith(level)}
        if signs.endswith("#"):
            counts[signs] = counts.get(signs, 0) + 1
        found.append((line, counts.get(signs, 0)))
    return found


def _line(line: str, number: int) -> str:
    item = _ITEM.match(line)
    if item:
        sign = f"{number}. " if number else "- "
        return "  " * (len(item[1]) - 1) + sign + line[item.end() :]
    if _TABLE.match(line):
        bare = _LINK.sub(lambda found: _link(found[1]), line)  # a link's own bar parts no cells
        cells = [cell.strip() for cell in re.split(r"\|+", bare.strip().strip("|"))]
        return " | ".join(cells)
    return line


def _link(inside: str) -> str:
    """What a link says: "[name|address]", "[address]", "[~person]", "[^file]"."""
    name, bar, address = inside.partition("|")
    if not bar:
        name, address = "", inside
    if address.startswith("~"):
        who = address[1:].removeprefix("accountid:")
        return f"@{name or who}"
    if address.startswith("^"):
        return f"[{name or address[1:]}]"
    if not bar:
        return inside.removeprefix("mailto:") if _goes(inside) else f"[{inside}]"
    target = address.split("|")[0]
    return f"{name} ({target})" if target.removeprefix("mailto:") not in name else name


def _goes(address: str) -> bool:
    return "://" in address or address.startswith(("mailto:", "#", "/"))


# Writing

_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_PLAIN_ADDRESS = re.compile(r"https?://(?:[\w\-./?=#%:@+,~*]|&(?!#?\w+;))+", re.A)
_SPECIAL = re.compile(
    r"[{}\[\]*_^~|+]"  # macros, links, effects, tables
    r"|(?<!\w)-|-(?!\w)"  # lists, dashes, rules, struck text; not the one in OPS-12
    r"|!(?=\S)|\?(?=\?)|(?<=\?)\?"
    r"|^[ \t]*#|(?<=^h[1-6])\.|(?<=^bq)\."
    r"|\((?=(?:[ynix/!?]|on|off|flag|flagoff)\))|[:;](?=[()PD|])|<(?=/?3)",  # smileys
    re.M,
)
_BEFORE_DOT = re.compile(r"^([ \t]+)(?=(?:h[1-6]|bq)\.)", re.M)


def markup_of(text: str) -> str:
    """`text` as markup that shows it as it is. Addresses stay plain, and Jira makes them links."""
    clean = _NO_TEXT.sub("", text.replace("\r\n", "\n"))
    kept = _BEFORE_DOT.sub("", clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…")
    parts = []
    end = 0
    for found in _PLAIN_ADDRESS.finditer(kept):
        parts += [_escaped(kept[end : found.start()], kept[:end].endswith("\n") or not end), found[0]]
        end = found.end()
    return "".join([*parts, _escaped(kept[end:], kept[:end].endswith("\n") or not end)])


def _escaped(text: str, at_line_start: bool) -> str:
    guarded = text if at_line_start else "\ud802" + text  # the rest of a line is no start of a line
    guarded = _ENTITY.sub("&amp;", guarded.replace("\\", "\ud803"))
    guarded = _SPECIAL.sub(lambda found: found[0][:-1] + "\\" + found[0][-1], guarded)
    return guarded.replace("\ud802", "").replace("\ud803", "&#92;")
