"""Phrases found in text: one automaton a book, linear in the text however many phrases there are.

Called by `tagger`. A phrase's fixed beginning is looked up by Aho-Corasick; what follows a `*` or `..` is then held
against a small regular expression.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256

import msgspec
from ahocorasick_rs import AhoCorasick

from connector.tagging.book import Phrase, PhraseBook, Strength
from connector.tagging.fold import Folded, fold
from connector.tagging.pattern import Line, gap_of, lines_of, one_of, unspaced

# Tuned on English complaints: one usual phrase carries a tag, one hint does not, two different hints do.
WEIGHT = {Strength.HINT: 0.35, Strength.USUAL: 0.65, Strength.SURE: 0.85, Strength.CERTAIN: 0.95}

# What may stand between a negation and the phrase that it takes back: two words of the same clause.
_NEAR = re.compile(r"(?: [^\s.,;:!?\0]+){0,2} ")


class Rule(msgspec.Struct, frozen=True, eq=False):
    """A phrase or guard, ready for use. `author` is its id as tags quote it ("phrase:en/delivery-late")."""

    author: str
    says: tuple[tuple[str, str], ...]
    weight: float
    guard: bool


class Hit(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A rule found at [start, end) of the folded text; `denied` by a negation shortly before."""

    start: int
    end: int
    rule: Rule
    denied: bool = False


# All that may be meant where one fixed beginning is found: whether it may begin and end within a word, whether it is a
# negation, the rules it is a whole line of, and the rules it begins a line of. A tuple, as it is unpacked most often.
_Key = tuple[bool, bool, bool, tuple[Rule, ...], tuple[tuple["_Rest", Rule], ...]]


class _Rest:
    """What may follow a fixed beginning: an expression that is compiled when the beginning is first found."""

    __slots__ = ("_gap", "_lines", "match")

    def __init__(self, lines: Iterable[str], gap: str) -> None:
        self._lines, self._gap = lines, gap
        self.match: Callable[[str, int], re.Match[str] | None] = self._first

    def _first(self, text: str, at: int) -> re.Match[str] | None:
        self.match = one_of(self._lines, self._gap).match
        return self.match(text, at)


class Lookup:
    """Lines of words, compiled."""

    def __init__(self, listed: Iterable[tuple[Line, Rule]], negations: Collection[str], gap: str) -> None:
        """`gap` is the expression for `..` with which the lines were made."""
        lines: dict[str, list[tuple[Line, Rule]]] = {word: [] for word in sorted(negations)}
        for line, rule in listed:
            lines.setdefault(line.key, []).append((line, rule))
        self._keys = _keys(lines, negations, gap)
        self._automaton = AhoCorasick(list(lines)) if lines else None

    def find(self, text: str) -> list[Hit]:
        """Where the lines stand in a folded text, in no order."""
        if self._automaton is None:
            return []
        hits: list[Hit] = []
        negations: list[int] = []
        keys, length = self._keys, len(text)
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            free_left, free_right, negation, whole, begun = keys[index]
            if start and not free_left and ((before := text[start - 1]).isalnum() or before in "@_"):
                continue
            if free_right or end == length or not ((after := text[end]).isalnum() or after == "_"):
                if negation:
                    negations.append(end)
                if whole:
                    hits += [Hit(start, end, rule) for rule in whole]
            for rest, rule in begun:
                found = rest.match(text, end)
                if found:
                    hits.append(Hit(start, found.end(), rule))
        return _denied(hits, text, negations) if negations else hits


class _Books:
    """The phrase books of one language, known by what they say: two that are read from the same files are equal."""

    __slots__ = ("_digest", "books")

    def __init__(self, books: Sequence[PhraseBook]) -> None:
        said = [(book.language, book.phrases, book.guards, book.negations) for book in books]
        self._digest = sha256(msgspec.json.encode(said)).digest()
        self.books = books

    def __hash__(self) -> int:
        return hash(self._digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Books) and self._digest == other._digest


# A book takes a tenth of a second and more to compile, and settings that are read again mostly have the same ones.
@lru_cache(maxsize=16)
def _compiled(known: _Books) -> Lookup:
    books, known.books = known.books, ()  # a cached key would keep them
    negations = {fold(word).text for book in books for word in book.negations}
    gap = gap_of(negations)
    rules = [(rule, words) for book in books for rule, phrase in _rules(book) for words in phrase.words]
    lines = lines_of([(words, rule.author) for rule, words in rules], gap)
    return Lookup(zip(lines, (rule for rule, _ in rules), strict=True), negations, gap)


class Phrases:
    """All phrase books, compiled. Immutable; safe to share between threads."""

    def __init__(self, books: Iterable[PhraseBook], *, late: bool = False) -> None:
        """`late`: a language's books are compiled when it is first asked for."""
        together: dict[str, list[PhraseBook]] = {}
        for book in books:
            together.setdefault(book.language, []).append(book)
        self._languages = tuple(together)
        self._waiting = together
        self._books: dict[str, Lookup] = {}
        if not late:
            for language in self._languages:
                self._book(language)

    def _book(self, language: str) -> Lookup | None:
        # Two threads may compile the same book; they come to the same. What was compiled need not be held any more.
        books = self._waiting.get(language)
        if books is not None:
            self._books[language] = _compiled(_Books(books))
            self._waiting.pop(language, None)
        return self._books.get(language)

    def find(self, folded: Folded, language: str | None) -> list[Hit]:
        """Every phrase of that language's book (of all books if None), ordered by start, the longer first."""
        text = folded.text
        if language is not None:
            book = self._book(language)
            hits = book.find(text) if book is not None else []
        else:
            hits = [hit for one in self._languages if (book := self._book(one)) is not None for hit in book.find(text)]
        hits.sort(key=_longest_first)
        return _unguarded(hits, len(text))


def _longest_first(hit: Hit) -> tuple[int, int]:
    return hit.start, -hit.end


def _unguarded(hits: list[Hit], length: int) -> list[Hit]:
    """Without the phrases that a guard overlaps; the guards stay, for they may speak."""
    guards = [hit for hit in hits if hit.rule.guard]
    if not guards:
        return hits
    covered = bytearray(length)
    for guard in guards:
        covered[guard.start : guard.end] = b"\1" * (guard.end - guard.start)
    return [hit for hit in hits if hit.rule.guard or covered.find(1, hit.start, hit.end) < 0]


def _denied(hits: list[Hit], text: str, negations: list[int]) -> list[Hit]:
    """The hits, those denied that begin at most two words after a negation. `negations` are their ends, in order."""
    reaches = []
    for end in negations:
        near = _NEAR.match(text, end)
        reaches.append(near.end() if near else end)
    marked = []
    for hit in hits:
        last = bisect_left(negations, hit.start)
        denied = last > 0 and hit.start <= reaches[last - 1]
        marked.append(Hit(hit.start, hit.end, hit.rule, denied=True) if denied else hit)
    return marked


def _rules(book: PhraseBook) -> Iterator[tuple[Rule, Phrase]]:
    for kind, phrases in (("phrase", book.phrases), ("guard", book.guards)):
        for name, phrase in phrases.items():
            says = tuple(phrase.says.items())
            yield Rule(f"{kind}:{book.language}/{name}", says, WEIGHT[phrase.strength], kind == "guard"), phrase


def _keys(lines: Mapping[str, Sequence[tuple[Line, Rule]]], negations: Collection[str], gap: str) -> list[_Key]:
    """All that is meant by each fixed beginning. Most lines of a rule mean the same, and most endings are alike: each
    is made once, for there are ten thousand lines in a book."""
    rests: dict[frozenset[str], _Rest] = {}
    keys: dict[_Key, _Key] = {}
    found = []
    for key, begun in lines.items():
        one = _key(key, begun, key in negations, lambda these: rests.setdefault(these, _Rest(these, gap)))
        found.append(keys.setdefault(one, one))
    return found


def _key(
    key: str, lines: Sequence[tuple[Line, Rule]], negation: bool, rest_of: Callable[[frozenset[str]], _Rest]
) -> _Key:
    """All lines that begin with `key`; those of one rule become one expression."""
    if len(lines) == 1 and not lines[0][0].rest:
        return unspaced(key[0]), unspaced(key[-1]), negation, (lines[0][1],), ()
    rests: dict[Rule, set[str]] = {}
    for line, rule in lines:
        if line.rest:
            rests.setdefault(rule, set()).add(line.rest)
    whole = tuple({rule: None for line, rule in lines if not line.rest})
    begun = tuple((rest_of(frozenset(found)), rule) for rule, found in rests.items())
    return unspaced(key[0]), unspaced(key[-1]), negation, whole, begun
