"""One line of a phrase's words as something to look for: a fixed beginning, and an expression for what must follow.

Called by `match` when a phrase book is compiled (`lines_of`), and by `difference` (`line_of`). Every expression has a
bounded reach, so that no text can be slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from connector.errors import SettingsError
from connector.tagging.fold import fold, folded_lines

_ANY_ENDING = r"\w{0,24}"
_ANY_WORD = r" \w{1,24}"
# Chinese, Japanese and Thai write no blanks between words, so their phrases may begin and end anywhere.
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")


class Line(msgspec.Struct, frozen=True, eq=False):
    """A line of words: the fixed beginning that is looked up, and the source of an expression for what must follow."""

    key: str
    rest: str


def unspaced(character: str) -> bool:
    """Whether words of this character's script stand side by side without blanks."""
    return not character.isascii() and _UNSPACED.match(character) is not None


def any_unspaced(text: str) -> bool:
    """Whether a character of such a script is among these."""
    return _UNSPACED.search(text) is not None


def gap_of(negations: Iterable[str]) -> str:
    """The expression for `..`: up to three words of one sentence, but no negation, which would turn the meaning."""
    turns = "|".join(map(re.escape, sorted(negations)))
    guard = rf"(?!(?:{turns})(?!\w))" if turns else ""
    return rf"(?: {guard}[^\s.!?;\0]+){{0,3}}?"


def lines_of(listed: Sequence[tuple[str, str]], gap: str) -> Iterator[Line]:
    """Each of many lines of words, with its author, as `line_of` reads it."""
    for (words, author), folded in zip(listed, folded_lines([words.strip() for words, _ in listed]), strict=True):
        yield _line(folded, words, author, gap)


def line_of(words: str, author: str, gap: str) -> Line:
    """One line of words, with `gap` for `..`. Raises SettingsError if nothing fixed stands at its beginning."""
    return _line(fold(words.strip()).text, words, author, gap)


def _line(folded: str, words: str, author: str, gap: str) -> Line:
    parts = folded.split()
    if parts and "*" not in folded and ".." not in folded:
        return Line(" ".join(parts), "")
    key, rest = "", ""
    for part in parts:
        stem = part.removesuffix("*")
        if "*" in stem or (not key and stem in ("", "..")):
            raise SettingsError(
                f'{author}: the words "{words}" cannot be looked up.',
                remedy="Begin with a word or the beginning of one; put * only at the end of a word.",
            )
        key, rest = _extended(key, rest, part, gap)
    if not key:
        raise SettingsError(f"{author} has an empty line of words.", remedy="Remove the line.")
    ends_anywhere = not rest or unspaced(parts[-1][-1])
    return Line(key, rest if ends_anywhere else rest + r"(?!\w)")


def one_of(rests: Iterable[str], gap: str) -> re.Pattern[str]:
    """One expression for several: trying it once is much faster than trying each. The longer ones come first."""
    ordered = sorted(rests, key=lambda rest: (-len(rest), rest))
    choices = [rest for rest in ordered if not rest.startswith(gap)]
    after_gap = [rest.removeprefix(gap) for rest in ordered if rest.startswith(gap)]
    if after_gap:
        choices.append(f"{gap}(?:{'|'.join(after_gap)})")
    return re.compile("|".join(choices))


def _extended(key: str, rest: str, part: str, gap: str) -> tuple[str, str]:
    """The line with one more word: still part of the fixed beginning, or of what must follow."""
    if part == "..":
        return key, rest + gap
    if part == "*":
        return key, rest + _ANY_WORD
    stem = part.removesuffix("*")
    ending = _ANY_ENDING if stem != part else ""
    if rest:
        return key, f"{rest} {re.escape(stem)}{ending}"
    return f"{key} {stem}" if key else stem, ending
