"""JQL, the part that integrations use, read into a tree. Pure; `search` gives the tree meaning.

Understood: field op value with = != > >= < <= ~ !~ in, not in, is, is not; and, or, not, parentheses; quoted and bare
words; the functions now() and currentUser(); ORDER BY with up to seven fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from sandbox.http.answers import Refused

MOST_ORDERS = 7
TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>!=|!~|>=|<=|[=><~(),])"""
    r"""|(?P<word>[^\s"'(),=!<>~]+))"""
)
SIGNS = frozenset({"=", "!=", ">", ">=", "<", "<=", "~", "!~"})


class Clause(msgspec.Struct, frozen=True):
    """`op` is a sign, "in", "not in", "is" or "is not"; EMPTY is the value None, a function ends with "()"."""

    field: str
    op: str
    values: tuple[str | None, ...]


class Both(msgspec.Struct, frozen=True):
    """`how` is "and" or "or"."""

    how: str
    parts: tuple[Node, ...]


class Not(msgspec.Struct, frozen=True):
    part: Node


Node = Clause | Both | Not


class Query(msgspec.Struct, frozen=True):
    """`orders` are (field, whether descending)."""

    where: Node | None
    orders: tuple[tuple[str, bool], ...]


def refused(words: str) -> Refused:
    return Refused(400, {"errorMessages": [words], "warningMessages": []})


def parse(text: str) -> Query:
    """Raises Refused(400) as the vendor does."""
    reader = _Reader(text)
    where = None if reader.at_end() or reader.peek_word("order") else reader.either()
    orders = reader.orders()
    if not reader.at_end():
        raise refused(f"Error in the JQL Query: Expecting either 'OR' or 'AND' but got '{reader.next()[1]}'.")
    return Query(where, orders)


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def next(self) -> tuple[str, str]:
        if self.at_end():
            raise refused("Error in the JQL Query: The query ended where more was expected.")
        self._at += 1
        return self._tokens[self._at - 1]

    def peek_word(self, *words: str) -> bool:
        kinds = self._tokens[self._at : self._at + len(words)]
        return len(kinds) == len(words) and all(
            kind == "word" and text.lower() == word for (kind, text), word in zip(kinds, words, strict=True)
        )

    def take(self, *words: str) -> bool:
        found = self.peek_word(*words)
        self._at += len(words) if found else 0
        return found

    def take_sign(self, sign: str) -> bool:
        found = not self.at_end() and self._tokens[self._at] == ("sign", sign)
        self._at += found
        return found

    def either(self) -> Node:
        parts = [self._all()]
        while self.take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Both("or", tuple(parts))

    def _all(self) -> Node:
        parts = [self._single()]
        while self.take("and"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Both("and", tuple(parts))

    def _single(self) -> Node:
        if self.take("not"):
            return Not(self._single())
        if self.take_sign("("):
            inner = self.either()
            self._closed()
            return inner
        return self._clause()

    def _clause(self) -> Clause:
        kind, field = self.next()
        if kind == "sign":
            raise refused(f"Error in the JQL Query: Expecting a field name but got '{field}'.")
        for words, op in ((("not", "in"), "not in"), (("in",), "in")):
            if self.take(*words):
                return Clause(field, op, self._list())
        for words, op in ((("is", "not"), "is not"), (("is",), "is")):
            if self.take(*words):
                return Clause(field, op, (self._value(),))
        kind, sign = self.next()
        if kind != "sign" or sign not in SIGNS:
            raise refused(f"Error in the JQL Query: Expecting operator but got '{sign}'.")
        return Clause(field, sign, (self._value(),))

    def _list(self) -> tuple[str | None, ...]:
        if not self.take_sign("("):
            raise refused("Error in the JQL Query: Expecting '(' after 'in'.")
        values = [self._value()]
        while self.take_sign(","):
            values.append(self._value())
        self._closed()
        return tuple(values)

    def _value(self) -> str | None:
        kind, text = self.next()
        if kind == "sign":
            raise refused(f"Error in the JQL Query: Expecting a value but got '{text}'.")
        if kind == "word" and self.take_sign("("):
            self._closed()
            return f"{text}()"
        return None if kind == "word" and text.lower() in ("empty", "null") else text

    def _closed(self) -> None:
        if not self.take_sign(")"):
            raise refused("Error in the JQL Query: Expecting ')'.")

    def orders(self) -> tuple[tuple[str, bool], ...]:
        found: list[tuple[str, bool]] = []
        if self.take("order", "by"):
            while not found or self.take_sign(","):
                field = self.next()[1]
                descending = self.take("desc")
                found.append((field, descending or (not self.take("asc") and False)))
        if len(found) > MOST_ORDERS:
            raise refused(f"The maximum number of order fields is {MOST_ORDERS}.")
        return tuple(found)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, text = 0, text.rstrip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise refused(f"Error in the JQL Query: The character '{text[at]}' at position {at} is not expected.")
        at = found.end()
        kind = str(found.lastgroup)
        word = found.group(kind)
        yield ("quoted", re.sub(r"\\(.)", r"\1", word[1:-1])) if kind == "quoted" else (kind, word)
