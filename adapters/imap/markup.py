"""The mark-up of a mail to text as a person sees it, with quoted parts marked for `lines`. Pure; never raises.

Called by `bodies`. Scripts, styles and hidden text are left out: what a person does not see is no complaint of theirs.
Nothing is ever fetched. A block that a client's own mark-up calls a quote gets "> " before each line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from adapters.imap.lines import MARK

LONGEST = 1_000_000  # characters of mark-up; the rest is left out
DEEPEST = 200  # above this, the tree is not built: its cost grows with the square of the depth
MOST_STEPS = 80_000
LONGEST_STYLE = 500  # characters of one style that are looked at

_INVISIBLE = frozenset(
    "script style template head title meta link noscript object iframe svg audio video select".split()  # noqa: SIM905
)
_PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6 ul ol dl blockquote pre table hr".split())  # noqa: SIM905
_BLOCKS = _PARAGRAPHS | frozenset(
    [
        "div",
        "li",
        "tr",
        "dt",
        "dd",
        "section",
        "article",
        "header",
        "footer",
        "center",
        "form",
        "fieldset",
        "address",
        "main",
        "nav",
        "aside",
        "caption",
        "title",
        "body",
    ]
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
# Where clients say by a name, and not by a quote block, that another message begins.
_BEGINS_QUOTE = re.compile(
    r"^(?:divRplyFwdMsg|appendonsend|mail-editor-reference-message-container|reply-intro|OLK_SRC_BODY_SECTION"
    r"|ms-outlook-mobile-reference-message|yahoo_quoted_\w*|replyforward|isReplyContent|stopSpelling"
    r"|x_divRplyFwdMsg)$"
    r"|(?:^|\s)(?:OutlookMessageHeader|yahoo_quoted|gmail_extra|gmail_attr|moz-cite-prefix|moz-email-headers-table"
    r"|zmail_extra|protonmail_quote|tutanota_quote|WordSection1_reply|mail-quote-header|js-helper|ntes_quote_head"
    r"|mail_android_quote|acronis_quoted)(?:\s|$)"
)
_QUOTE_CLASS = re.compile(
    r"(?:^|\s)(?:gmail_quote|cite|moz-cite|quote|yahoo_quoted|protonmail_quote|tutanota_quote)(?:\s|$)"
)
_OUTLOOK_LINE = re.compile(
    r"border\s*:\s*none.*border-top\s*:\s*solid|border-top\s*:\s*(?:#?\w+ )?(?:1|1\.0)pt\s+solid"
    r"|border-top:solid|border-top-width\s*:\s*1(?:\.0)?p[xt]\s*;\s*border-top-style\s*:\s*solid",
    re.I,
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})(?=[\s/>])")
_ANY_TAG = re.compile(r"<[!?/]?[a-zA-Z][^<>]{0,5000}>|<!--")
_SPACE = re.compile(r"[ \t\n\r\f\v]+")
_NEVER_CLOSED = frozenset("br img hr meta link input area base col embed source track wbr p li td tr th dt dd".split())  # noqa: SIM905
_INVISIBLE_EDGE = re.compile(r"<(/?)(script|style|head|template|title)(?=[\s/>])", re.IGNORECASE)
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d|/table)\b[^<>]{0,1000}>", re.IGNORECASE)


def text(markup: str) -> str:
    """The text of `markup`, a paragraph or line of it on a line, quoted blocks with "> " before their lines."""
    markup = markup[:LONGEST].replace("\0", "").replace(MARK, "")
    if _depth(markup) > DEEPEST:
        return _without_tree(markup)
    try:
        seen = _Text(LexborHTMLParser(markup)).text()
    except (SelectolaxError, ValueError, RuntimeError):
        seen = None
    return _without_tree(markup) if seen is None else seen


def _depth(markup: str) -> int:
    """How deeply elements are nested at most, as far as their tags tell."""
    depth = deepest = 0
    for closing, name in _TAG.findall(markup):
        if closing:
            depth = max(0, depth - 1)
        elif name.lower() not in _NEVER_CLOSED:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def _without_tree(markup: str) -> str:
    """The text by leaving out tags alone, for mark-up that is too deep for a tree."""
    seen = _ANY_TAG.sub("", _BREAKS.sub("\n", "".join(_visible(markup))))
    return "\n".join(line for part in unescape(seen).split("\n") if (line := _SPACE.sub(" ", part).strip()))


def _visible(markup: str) -> Iterator[str]:
    """The parts of `markup` outside of scripts, styles and heads; an element that never ends hides nothing."""
    end, hidden, since = 0, "", 0
    for edge in _INVISIBLE_EDGE.finditer(markup):
        name = edge[2].lower()
        if not hidden and not edge[1]:
            yield markup[end : edge.start()]
            hidden, since = name, edge.start()
        elif edge[1] and name == hidden:
            hidden, end = "", edge.end()
    yield markup[since if hidden else end :]


class _Text:
    """Walks a tree without recursion and collects its lines."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        self._lines: list[str] = []
        self._line: list[str] = []
        self._space = False
        self._depth = 0  # of quotes
        self._verbatim = 0

    def text(self) -> str | None:
        """All lines, or None where the tree is too large to be walked."""
        root = self._tree.body or self._tree.root
        for steps, (node, entering) in enumerate(_walk(root) if root is not None else ()):
            if steps > MOST_STEPS:
                return None
            (self._enter if entering else self._leave)(node)
        self._end_line()
        return "\n".join(self._lines)

    def _enter(self, node: LexborNode) -> None:
        tag = node.tag
        if tag == "-text":
            self._write(node.text_content or "")
        elif tag == "br":
            self._end_line(keep_empty=True)
        elif tag == "img":
            self._write(_smiley(node))
        elif tag in ("td", "th"):
            self._space = True
        elif tag in _BLOCKS:
            self._end_line()
            if tag in _PARAGRAPHS:
                self._gap()
            self._verbatim += tag == "pre"
            self._enter_block(node, tag)
        elif node.attributes and _begins_quote(node):
            self._mark()

    def _enter_block(self, node: LexborNode, tag: str) -> None:
        if tag == "li":
            self._line.append("- ")
        if node.attributes and _begins_quote(node):
            self._mark()
        if tag == "hr":
            self._line.append("_" * 8)
            self._end_line()
        if tag == "blockquote" and _is_quote(node):
            self._depth += 1

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag
        if tag in _BLOCKS:
            self._end_line()
            self._verbatim -= tag == "pre"
            if tag == "blockquote" and _is_quote(node):
                self._depth -= 1
            if tag in _PARAGRAPHS:
                self._gap()

    def _mark(self) -> None:
        self._end_line()
        if self._depth == 0 and MARK not in self._lines[-3:]:
            self._lines.append(MARK)

    def _gap(self) -> None:
        """An empty line, unless there is one."""
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append("> " * self._depth)

    def _write(self, words: str) -> None:
        if self._verbatim:
            *ended, last = words.replace("\r\n", "\n").split("\n")
            for line in ended:
                self._line.append(line)
                self._end_line(keep_empty=True)
            self._line.append(last)
            return
        folded = _SPACE.sub(" ", words)
        if folded.startswith(" "):
            self._space = True
        inner = folded.strip(" ")
        if inner:
            if self._space and self._line:
                self._line.append(" ")
            self._line.append(inner)
            self._space = folded.endswith(" ")

    def _end_line(self, keep_empty: bool = False) -> None:
        line = "".join(self._line).replace("\u00a0", " ")
        if line.strip() or keep_empty:
            self._lines.append("> " * self._depth + line.rstrip() if self._depth else line.rstrip())
        self._line.clear()
        self._space = False


def _walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every visible node twice, entering and leaving, in document order, without recursion."""
    stack: list[tuple[LexborNode, bool]] = [(root, True)]
    while stack:
        node, entering = stack.pop()
        yield node, entering
        if not entering or node.tag == "-text":
            continue
        stack.append((node, False))
        children = [child for child in node.iter(include_text=True) if not _is_invisible(child)]
        stack += [(child, True) for child in reversed(children)]


def _is_invisible(node: LexborNode) -> bool:
    tag = node.tag
    if tag == "-text":
        return False
    if tag is None or tag in _INVISIBLE or tag.startswith("-"):
        return True
    attributes = node.attributes
    style = attributes.get("style") if attributes else None
    return bool(attributes and ("hidden" in attributes or (style and _HIDDEN.search(style))))


def _begins_quote(node: LexborNode) -> bool:
    attributes = node.attributes
    name, kind, style = attributes.get("id"), attributes.get("class"), attributes.get("style")
    return bool(
        (name and _BEGINS_QUOTE.search(name))
        or (kind and _BEGINS_QUOTE.search(kind))
        or (style and node.tag == "div" and _OUTLOOK_LINE.search(style[:LONGEST_STYLE]))
    )


def _is_quote(node: LexborNode) -> bool:
    """Whether a block quote is quoted mail: clients say so; people who indent a paragraph do not."""
    attributes = node.attributes
    kind, style = attributes.get("class") or "", attributes.get("style") or ""
    return bool(
        attributes.get("type") or attributes.get("cite") or _QUOTE_CLASS.search(kind) or "border-left" in style.lower()
    )


def _smiley(node: LexborNode) -> str:
    """An image that stands for a letter or an emoji; any other image says nothing."""
    alt = (node.attributes.get("alt") or "").strip()
    return alt if alt and len(alt) <= 3 and not alt.isascii() else ""
