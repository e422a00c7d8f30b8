"""The headers of one message: raw values to clean text. Pure; never raises on any header.

Called by `message` and, through `Headers`, by every module that reads a header. Encoded words (RFC 2047) are read as
senders write them, not only as the standard allows: inside quotes, split inside a letter, with spaces, in raw UTF-8.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import a2b_qp
from collections.abc import Iterable
from itertools import groupby

from adapters.imap.charsets import decoded

LONGEST_VALUE = 16_384  # bytes; a longer header value is cut
_WORD = re.compile(r"=\?([^?\s]{1,80})\?\s?([bBqQ])\?(.*?)\?=", re.DOTALL)
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t\r\n]+(?==\?[^?\s]{1,80}\?[bBqQ]\?)")
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_SPACES = re.compile(r"[ \t\u00a0]+")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


class Headers:
    """The headers of a message or part, by lower-case name, in the order in which they stand.

    `most` names and values were kept; `cut` says that there were more, or that a value was shortened.
    """

    __slots__ = ("_values", "cut", "ordered")

    def __init__(self, items: Iterable[tuple[str, str]], most: int = 500) -> None:
        self._values: dict[str, list[str]] = {}
        self.ordered: list[tuple[str, str]] = []
        self.cut = False
        for name, value in items:
            if len(self.ordered) == most:
                self.cut = True
                break
            self.cut |= len(value) > LONGEST_VALUE
            entry = (name.strip().lower(), value[:LONGEST_VALUE])
            self.ordered.append(entry)
            self._values.setdefault(entry[0], []).append(entry[1])

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> str:
        """The first value of `name` as it was sent, unfolded, its eight-bit bytes escaped; "" where there is none."""
        values = self._values.get(name)
        return _unfolded(values[0]) if values else ""

    def said(self, name: str) -> str:
        """The same as text: bytes that are no UTF-8 are U+FFFD. For ids, dates and words of the standards."""
        return _eight_bit(self.raw(name), guess=False)

    def every(self, name: str) -> list[str]:
        """All values of `name`, topmost first, as they were sent, unfolded."""
        return [_unfolded(value) for value in self._values.get(name, ())]

    def text(self, name: str) -> str:
        """The first value of `name` that says something, decoded and on one line; "" where there is none."""
        return next((text for value in self._values.get(name, ()) if (text := plain(value))), "")

    def as_sent(self, name: str) -> str:
        """The same, by the letter of RFC 6532: eight-bit bytes that are no UTF-8 are U+FFFD, not guessed."""
        values = self._values.get(name, ())
        return next((text for value in values if (text := plain(value, guess=False))), "")


def _unfolded(value: str) -> str:
    return _FOLD.sub(" ", value).strip()


def plain(value: str, *, guess: bool = True) -> str:
    """A header value as a person reads it: decoded, on one line, without control marks."""
    return tidy(unencoded(_unfolded(value), guess=guess))


def tidy(text: str) -> str:
    """`text` on one line, without characters that control a terminal or turn the direction of writing."""
    return _SPACES.sub(" ", _UNSEEN.sub("", text)).strip()


def unencoded(value: str, *, guess: bool = True) -> str:
    """`value` with its encoded words decoded and its raw eight-bit letters read as UTF-8 or else, by guess, Western."""
    if "=?" not in value:
        return _eight_bit(value, guess)
    value = _BETWEEN_WORDS.sub(r"\1", value)
    parts: list[str] = []
    end = 0
    run: list[tuple[str, bytes]] = []
    # Nothing after the last end of a word can be one: without this bound, many open words take quadratic time.
    for found in _WORD.finditer(value, 0, value.rfind("?=") + 2):
        if found.start() != end:
            parts += [_run(run), _eight_bit(value[end : found.start()], guess)]
            run = []
        run.append((found[1].partition("*")[0], _word_bytes(found[2], found[3])))
        end = found.end()
    return "".join([*parts, _run(run), _eight_bit(value[end:], guess)])


def _run(words: list[tuple[str, bytes]]) -> str:
    """Adjacent words of one encoding are joined before they are decoded: senders split letters between them."""
    joined = groupby(words, key=lambda word: word[0].lower())
    return "".join(decoded(b"".join(data for _, data in same), label)[0] for label, same in joined)


def _word_bytes(encoding: str, content: str) -> bytes:
    if encoding in "qQ":
        return a2b_qp(as_bytes(content), header=True)
    letters = _NOT_BASE64.sub("", content)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return b64decode(letters + "=" * (-len(letters) % 4))


def _eight_bit(value: str, guess: bool = True) -> str:
    if value.isascii():
        return value
    return decoded(as_bytes(value), None)[0] if guess else as_bytes(value).decode("utf-8", "replace")


def as_bytes(value: str) -> bytes:
    """The bytes of a header value that the standard parser gave as ASCII with escaped bytes."""
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace")
