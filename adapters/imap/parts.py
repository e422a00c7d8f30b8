"""The MIME structure of a message: raw bytes to headers and a flat list of parts, within limits. Pure; never raises.

Called by `message`. Works on offsets into the raw bytes and decodes a part when it is asked for, so that a message
costs little more than its own size, and hostile structure no more than the limits allow. (The standard library's
parser keeps a copy of every line, passes each through every open level, and knows no limits.) What is malformed is read
as mail clients show it, and named among the defects.
"""

from __future__ import annotations

import re

import msgspec

from adapters.imap.headers import Headers, as_bytes, tidy
from adapters.imap.parameters import content_type
from adapters.imap.transfer import transferred

_KNOWN = (
    "from|to|cc|subject|date|received|message-id|mime-version|content-type|return-path|delivered-to|reply-to|sender"
    "|content-transfer-encoding|dkim-signature|authentication-results|in-reply-to|references|bcc|resent-from"
)
_KNOWN_HEADER = re.compile(rf"(?:^|(?<=[\r\n]))(?:{_KNOWN})[ \t]*:".encode(), re.IGNORECASE)
_HEADER = re.compile(rb"([\x21-\x39\x3b-\x7e]{1,200})[ \t]{0,40}:")
# What only mail has, while people write "From:" and "Subject:" into their texts.
_TECHNICAL = "received|message-id|mime-version|content-type|return-path|delivered-to|dkim-signature"
_TECHNICAL_HEADER = re.compile(rf"(?:^|(?<=[\r\n]))(?:{_TECHNICAL})[ \t]*:".encode(), re.IGNORECASE)
_LINE_END = re.compile(rb"\r\n|\n|\r")
_LEADING = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*")
_MARKUP = re.compile(rb"<(?:!doctype html|html|head|body|div|p|table|meta|style)[\s>]", re.IGNORECASE)
_EDGE_TAIL = re.compile(rb"(--)?[ \t]*(?=[\r\n]|\Z)")


LONGEST_LINE = 65_536  # bytes; a message whose first line feed comes later has lines that end otherwise
MOST_CANDIDATES = 20_000  # lines that start like a boundary


class Limits(msgspec.Struct, frozen=True):
    """How much of a message is looked at. What lies beyond is left out, and a defect says so."""

    bytes_of_message: int = 26_214_400
    parts: int = 1_000
    depth: int = 50
    headers: int = 500
    header_bytes: int = 262_144
    scanned_bytes: int = 400_000_000  # summed over all levels of multiparts, each of which is searched for boundaries
    text_characters: int = 1_000_000


class Part(msgspec.Struct, frozen=True, eq=False):
    """One leaf of the tree (or an attached message, which is not opened).

    `inside` names the types of the parts around it, outermost first; `branch` gives, for each of them, its place there.
    `start` and `end` bound its body in `raw`.
    """

    raw: bytes
    start: int
    end: int
    headers: Headers
    type: str
    inside: tuple[str, ...]
    branch: tuple[int, ...]
    parameters: dict[str, str]
    disposition: str
    name: str

    def content(self, most: int | None = None) -> bytes:
        """Its bytes, decoded as far as they can be; of a longer part, about the first `most`."""
        end = self.end if most is None else min(self.end, self.start + most * 4)
        return transferred(self.raw[self.start : end], self.headers.raw("content-transfer-encoding"))[:most]

    def inner(self, limits: Limits) -> Headers:
        """The headers of the message that this part holds."""
        content = self.content(limits.header_bytes).lstrip(b"\r\n")
        end = _head_end(content, 0, len(content))
        return Headers(_items(content[: end[0]] if end else content)[0], limits.headers)


class Parsed(msgspec.Struct, frozen=True, eq=False):
    """The headers of the message, its leaves in order, and what is wrong with it, in words."""

    raw: bytes
    headers: Headers
    parts: tuple[Part, ...]
    defects: tuple[str, ...]
    types: tuple[str, ...]  # of all parts, containers too, outermost first


class _Range(msgspec.Struct, frozen=True, eq=False):
    """A part that has yet to be read: its headers begin at `start`."""

    start: int
    end: int
    inside: tuple[str, ...]
    branch: tuple[int, ...]


def parsed(raw: bytes, limits: Limits) -> Parsed:
    """The structure of `raw`."""
    defects: list[str] = []
    if len(raw) > limits.bytes_of_message:
        raw = raw[: limits.bytes_of_message]
        defects.append("the message is too large: only its beginning was read")
    leading = _LEADING.match(raw)
    start = leading.end() if leading else 0
    head_end = _head_end(raw, start, len(raw))
    head = raw[start : min(head_end[0] if head_end else len(raw), start + limits.header_bytes)]
    if (_HEADER.match(head) and _KNOWN_HEADER.search(head)) or _TECHNICAL_HEADER.search(head):
        return _Walk(raw, limits, defects).walk(_Range(start, len(raw), (), ()))
    if b"\0" in raw[:1000]:
        return Parsed(raw, Headers(()), (), ("this is no mail, and no text either",), ())
    defects.append("there are no headers: all of it was taken as text")
    kind = "text/html" if _MARKUP.match(raw, start) else "text/plain"
    part = _part(raw, 0, len(raw), Headers(()), kind, {}, (), ())
    return Parsed(raw, part.headers, (part,), tuple(defects), (kind,))


class _Walk:
    """Reads a message from its first part to its last, and stops at the limits."""

    def __init__(self, raw: bytes, limits: Limits, defects: list[str]) -> None:
        self._raw, self._limits, self._defects = raw, limits, defects
        self._scanned = 0
        self._types: list[str] = []
        self._parts: list[Part] = []

    def walk(self, whole: _Range) -> Parsed:
        top: Headers | None = None
        stack = [whole]
        while stack:
            if len(self._types) >= self._limits.parts:
                self._defects.append("there are too many parts: the rest was left out")
                break
            where = stack.pop()
            headers, body = self._head(where)
            top = top or headers
            stack += reversed(self._opened(where, headers, body))
        found = tuple(dict.fromkeys(self._defects))
        return Parsed(self._raw, top or Headers(()), tuple(self._parts), found, tuple(self._types))

    def _head(self, where: _Range) -> tuple[Headers, int]:
        """The headers of a part, and where its body begins."""
        if self._raw[where.start : where.start + 2].lstrip(b"\r")[:1] == b"\n":
            return Headers(()), self._raw.index(b"\n", where.start) + 1
        stop, body = _head_end(self._raw, where.start, where.end) or (where.end, where.end)
        if stop - where.start > self._limits.header_bytes:
            self._defects.append("the headers are too long: some were left out")
            stop = where.start + self._limits.header_bytes
        items, text_at, odd = _items(self._raw[where.start : stop])
        if odd:
            self._defects.append("a line among the headers is none")
        if text_at is not None:
            self._defects.append("no empty line ends the headers")
            body = where.start + text_at
        headers = Headers(items, self._limits.headers)
        if headers.cut:
            self._defects.append("there are too many or too long headers: some were left out")
        return headers, body

    def _opened(self, where: _Range, headers: Headers, body: int) -> list[_Range]:
        """The parts of a multipart; a leaf is kept, and has none."""
        usual = "message/rfc822" if where.inside[-1:] == ("multipart/digest",) else "text/plain"
        kind, parameters = content_type(headers.raw("content-type"), usual)
        self._types.append(kind)
        ranges = self._split(where, kind, parameters, body) if kind.startswith("multipart/") else []
        if not ranges:
            kind = "text/plain" if kind.startswith("multipart/") else kind
            part = _part(self._raw, body, where.end, headers, kind, parameters, where.inside, where.branch)
            self._parts.append(part)
        return ranges

    def _split(self, where: _Range, kind: str, parameters: dict[str, str], body: int) -> list[_Range]:
        boundary = as_bytes(parameters.get("boundary", "")).rstrip()
        self._scanned += where.end - body
        if not boundary:
            self._defects.append("a multipart has no boundary")
            return []
        if len(where.inside) >= self._limits.depth or self._scanned > self._limits.scanned_bytes:
            self._defects.append("too many parts lie inside each other: the innermost were taken as text")
            return []
        edges, closed = self._edges(b"--" + boundary, body, where.end)
        if not closed:
            self._defects.append("a multipart never ends" if edges else "a multipart never begins")
        ends = [_before_line(self._raw, line) for line, _ in edges[1:]] + [where.end] * (not closed)
        inside = (*where.inside, kind)
        return [
            _Range(min(start, end), end, inside, (*where.branch, at))
            for at, ((_, start), end) in enumerate(zip(edges, ends, strict=False))
        ]

    def _edges(self, mark: bytes, start: int, end: int) -> tuple[list[tuple[int, int]], bool]:
        """Where the lines that part a multipart begin and end, and whether the last of them closes it."""
        raw = self._raw
        edges: list[tuple[int, int]] = []
        at = start if raw.startswith(mark, start, end) else _next_line(raw, mark, start, end)
        for _ in range(MOST_CANDIDATES):
            tail = _EDGE_TAIL.match(raw, at + len(mark), end) if at >= 0 else None
            if at < 0 or len(edges) > self._limits.parts:
                break
            if tail is not None:
                edges.append((at, _after_line(raw, tail.end())))
                if tail[1]:
                    return edges, True
            at = _next_line(raw, mark, at + 1, end)
        return edges, False


def _next_line(raw: bytes, mark: bytes, start: int, end: int) -> int:
    """Where the next line that starts with `mark` begins, -1 where there is none."""
    at = raw.find(b"\n" + mark, start, end)
    if at < 0 and b"\n" not in raw[:LONGEST_LINE]:
        at = raw.find(b"\r" + mark, start, end)
    return at + 1 if at >= 0 else -1


def _head_end(raw: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Where the empty line that ends the headers begins, and where the body does; None where there is no such line."""
    found = None
    for gap in (b"\n\r\n", b"\n\n") if b"\n" in raw[start : start + LONGEST_LINE] else (b"\r\r",):
        at = raw.find(gap, start, end)
        if at >= 0:
            found, end = (at, at + len(gap)), at
    return found


def _after_line(raw: bytes, at: int) -> int:
    return at + 2 if raw[at : at + 2] == b"\r\n" else min(at + 1, len(raw))


def _before_line(raw: bytes, at: int) -> int:
    return at - 2 if raw[at - 2 : at] == b"\r\n" else at - 1


def _items(head: bytes) -> tuple[list[tuple[str, str]], int | None, bool]:
    """(name, value) pairs; where the text begins, if no empty line ends the headers; whether lines were left out.

    A line that is no header is left out where known headers follow it; else the text begins there.
    """
    items: list[tuple[str, str]] = []
    at, odd, current = 0, False, None
    for line in _LINE_END.split(head):
        if line[:1] in (b" ", b"\t", b"") and current is not None:
            current.append(line)
        elif (found := _HEADER.match(line)) is not None:
            current = [line[found.end() :]]
            items.append((found[1].decode("ascii"), current))  # type: ignore[arg-type]
        elif not line.startswith((b"From ", b">From ")) and line:
            if not _KNOWN_HEADER.search(head[at + len(line) : at + len(line) + 300]):
                return _joined_lines(items), at, odd
            odd = True
        at += len(line) + (2 if head[at + len(line) : at + len(line) + 2] == b"\r\n" else 1)
    return _joined_lines(items), None, odd


def _joined_lines(items: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, b"\n".join(lines).decode("ascii", "surrogateescape")) for name, lines in items]  # type: ignore[arg-type]


def _part(
    raw: bytes,
    start: int,
    end: int,
    headers: Headers,
    kind: str,
    parameters: dict[str, str],
    inside: tuple[str, ...],
    branch: tuple[int, ...],
) -> Part:
    disposition, said = content_type("x/" + headers.raw("content-disposition").lstrip(), "x/")
    name = said.get("filename") or parameters.get("name") or ""
    return Part(raw, start, end, headers, kind, inside, branch, parameters, disposition[2:], tidy(name)[:255])
