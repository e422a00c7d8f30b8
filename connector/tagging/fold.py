"""Text made comparable without losing where it came from: one case, no accents, plain quotes, single blanks.

`match` looks phrases up in the folded text, `tagger` turns what it finds into offsets of the original.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence

import msgspec


def _bare(code: int) -> str:
    """A Latin letter without its accents (customers leave them out as often as not), any other character as it is."""
    letters = unicodedata.normalize("NFKD", chr(code))
    return letters[0] if letters[0].isascii() and all(map(unicodedata.combining, letters[1:])) else chr(code)


# One character for one, so that ordinary text needs no offset map.
_SAME = (
    {chr(code): _bare(code) for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)) if _bare(code) != chr(code)}
    | dict.fromkeys("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000", " ")
    | {chr(code): " " for code in range(0x2000, 0x200B)}
    | dict.fromkeys("`\u00b4\u02bc\u2018\u2019", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-")
    | {"\u2026": ".", "\u0401": "\u0415", "\u0451": "\u0435"}
    # Unicode takes no stroke off, but Polish is typed without it on phones as often as not.
    | {"\u0141": "L", "\u0142": "l"}
    | {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
)
# Half of a surrogate pair is no character, and nothing else can work with it.
_SPECIAL = re.compile("[" + "".join(map(re.escape, _SAME)) + "\ud800-\udfff]")
# What nobody sees: soft hyphens, joiners and other characters without width, marks of direction. Mail programs put them
# into words, and so does who wants to pass a filter.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_BREAK = re.compile(rf"\s(?:{_UNSEEN.pattern}*\s)+")
_WORD = re.compile(r"\s|\S+")
# A bound on the marks keeps a hostile pile of accents from taking quadratic time to put in order.
_CLUSTER = re.compile(
    "(?s).[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f]{0,8}"
)
LONGEST_READ = 4_000
_QUOTED_LINE = re.compile(r"(?m)^[^\S\n]*>.*$")


class Folded(msgspec.Struct, frozen=True, gc=False):
    """Folded text and, where lengths changed, the map back: piece n begins at `begins[n]` in `text` and is
    `pieces[n]` = (start, end, even) in the original; an even piece maps character by character."""

    text: str
    begins: list[int] | None = None
    pieces: list[tuple[int, int, bool]] = []

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range of the original text that folded characters `start` to `end` (not empty) came from."""
        if self.begins is None:
            return start, end
        first = bisect_right(self.begins, start) - 1
        last = bisect_right(self.begins, end - 1) - 1
        begin, _, even = self.pieces[first]
        last_begin, last_end, last_even = self.pieces[last]
        return (
            begin + start - self.begins[first] if even else begin,
            last_begin + end - self.begins[last] if last_even else last_end,
        )


def without_quotes(text: str) -> str:
    """The text with each line of quoted earlier mail (beginning with ">") blanked, at unchanged length."""
    return _QUOTED_LINE.sub(lambda line: "\0" * len(line[0]), text) if ">" in text else text


def readable(text: str) -> str:
    """What is read of a message's field: its first 4,000 characters, without lines of quoted earlier mail."""
    return without_quotes(text[:LONGEST_READ])


def fold(text: str) -> Folded:
    """Case folded, NFKC, Latin letters without accents, quotes and dashes plain, without what nobody sees; white space
    is one blank, and an empty line one "\\n", which no phrase crosses."""
    same = _same_length(text)
    return _mapped(text, same) if same is None or "  " in same else Folded(same)


def folded_lines(lines: Sequence[str]) -> list[str]:
    """The folded text of each of many short lines: mostly as quick as one long text."""
    if len(lines) == 1:
        return [fold(lines[0]).text]
    same = _same_length("\0".join(lines)) if lines else None
    if same is not None and "  " not in same and same.count("\0") == len(lines) - 1:
        return same.split("\0")
    middle = len(lines) // 2
    return [*folded_lines(lines[:middle]), *folded_lines(lines[middle:])] if lines else []


def _plain(text: str) -> str:
    return _SPECIAL.sub(lambda found: _SAME.get(found[0], "\ufffd"), text)


def _same_length(text: str) -> str | None:
    """The folded text if each of its characters came from one of the original, which is nearly always so."""
    plain = _plain(text)
    folded = plain.casefold()
    if len(folded) != len(text) or (not text.isascii() and _UNSEEN.search(text)):
        return None
    normal = folded.isascii() or (
        unicodedata.is_normalized("NFKC", plain) and unicodedata.is_normalized("NFKC", folded)
    )
    return folded if normal else None


def _mapped(text: str, same: str | None) -> Folded:
    out: list[str] = []
    begins: list[int] = []
    pieces: list[tuple[int, int, bool]] = []
    length = 0
    for folded, start, end in _pieces(text, same):
        if folded:
            out.append(folded)
            begins.append(length)
            pieces.append((start, end, len(folded) == end - start))
            length += len(folded)
    return Folded("".join(out), begins, pieces)


def _pieces(text: str, same: str | None) -> Iterator[tuple[str, int, int]]:
    """(folded, start, end) of stretch after stretch, each with one blank for the run of white space that ends it."""
    at = 0
    for gap in _BREAK.finditer(text):
        start, end = gap.span()
        blank = "\n" if text.count("\n", start, end) > 1 else " "
        if same is not None:
            yield same[at:start] + blank, at, start + 1
        else:
            yield from _stretch(text[at:start], at)
            yield blank, start, start + 1
        at = end
    yield from _stretch(text[at:], at) if same is None else ((same[at:], at, len(text)),)


def _stretch(text: str, at: int) -> list[tuple[str, int, int]]:
    """Large even pieces where possible, single words else, single characters with their marks at worst."""
    same = _same_length(text)
    if same is not None:
        return [(same, at, at + len(text))]
    found: list[tuple[str, int, int]] = []
    for word in _WORD.finditer(text):
        same = _same_length(word[0])
        if same is not None:
            found.append((same, at + word.start(), at + word.end()))
            continue
        for cluster in _CLUSTER.finditer(word[0]):
            start = at + word.start()
            found.append((_normal(cluster[0]), start + cluster.start(), start + cluster.end()))
    return found


def _normal(text: str) -> str:
    seen = _UNSEEN.sub("", text)
    return _plain(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _plain(seen)).casefold()))
