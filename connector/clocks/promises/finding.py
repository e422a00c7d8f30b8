"""Whether a reply promises a date: who speaks, what kind of sentence it is, and which date it names.

Precision goes before completeness: what is a question, a condition, the customer's own duty or somebody else's words is
left out; what may be a promise and may be none is found with a doubt, for a person to decide. Called by `keeping`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache

import msgspec

from connector.clocks.promises.book import Book, Words
from connector.clocks.promises.dates import Reading, Works, read
from connector.clocks.promises.spans import Grammar, Span, any_of

MOST_CHARACTERS = 20_000
MOST_WORDS = 300  # characters of a reply that are kept as the words of a promise
BRIEF_WORDS = 2
HEDGED = "it is not said for certain"
WHO = "it is not said who binds themselves"

_QUOTED = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_BELOW = re.compile(
    r"^[ \t]*(?:-{2,}\s*\w[\w ]*\s*-{2,}|-- ?|_{8,}|(?:on|am|le|el|il|op|em|dne|w dniu)\b.{4,120}:)[ \t]*$", re.M
)
_SENTENCE = re.compile(r"(?<!\d)[.…]+(?=\s|$)|[!?。！？]+|\n\s*\n|\n\s*[-*•]\s|\Z")
_CLAUSE = re.compile(r"[;:—–()，、；：]|,(?!\d)|\s-\s")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "\u00a0": " ", "\u202f": " ", "\t": " ", "\r": " "})


class Found(msgspec.Struct, frozen=True):
    """A date that a reply gives: the sentence that does (`words`, at `start`), and why a person has to look."""

    start: int
    words: str
    day: date
    at: datetime | None
    language: str
    doubt: str | None


class Searcher:
    """A book made ready, which takes a while; `searcher_of` keeps them. Shared by threads."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.grammar = Grammar(book)

        def pattern(words: Words) -> re.Pattern[str]:
            return re.compile(any_of(words, spaced=book.spaced))

        self.anchors = pattern(tuple(book.anchors()))
        self.commits, self.weak, self.hedges = pattern(book.commits), pattern(book.weak), pattern(book.hedges)
        self.not_ours, self.conditions = pattern(book.not_ours), pattern(book.conditions)
        self.joins, self.past = pattern(book.joins), pattern(book.past)

    def search(self, text: str, made: datetime, works: Works) -> Iterator[Found]:
        """Every date that `text` (lower case, as long as the reply) gives, in order."""
        if not (self._binds(text) and (self.anchors.search(text) or any(map(str.isdecimal, text)))):
            return
        for start, end, mark in sentences(text):
            sentence = text[start:end]
            if "?" in mark or "？" in mark or not self._binds(sentence) or self.conditions.search(sentence):
                continue
            yield from self._sentence(sentence, start, made, works)

    def _binds(self, text: str) -> bool:
        return self.commits.search(text) is not None or self.weak.search(text) is not None

    def _sentence(self, sentence: str, offset: int, made: datetime, works: Works) -> Iterator[Found]:
        spans = list(self.grammar.spans(sentence))
        clauses = self._clauses(sentence, spans)
        rest = _without(sentence, spans)
        for span in spans:
            doubt = self._promised(rest, clauses, span)
            if doubt is None:
                continue
            reading = read(span, self.grammar, made, works)
            if reading is not None:
                yield self._found(sentence, offset, reading, doubt or reading.doubt, made)

    def _found(self, sentence: str, offset: int, reading: Reading, doubt: str | None, made: datetime) -> Found:
        at = None if reading.at is None else datetime.combine(reading.day, reading.at, made.tzinfo)
        lead = len(sentence) - len(sentence.lstrip(" \n-*•"))
        return Found(offset + lead, sentence[lead:].strip(), reading.day, at, self.book.language, doubt or None)

    def _clauses(self, sentence: str, spans: Sequence[Span]) -> list[tuple[int, int]]:
        """The parts of a sentence that stand for themselves; none is cut within a date."""
        cuts = sorted(
            (one.start(), one.end())
            for pattern in (_CLAUSE, self.joins)
            for one in pattern.finditer(sentence)
            if not any(span.start < one.end() and one.start() < span.end for span in spans)
        )
        begins = [0, *(end for _, end in cuts)]
        ends = [*(start for start, _ in cuts), len(sentence)]
        return list(zip(begins, ends, strict=True))

    def _promised(self, rest: str, clauses: Sequence[tuple[int, int]], span: Span) -> str | None:
        """Whether the span is promised: None if not, "" for certain, else the doubt. `rest` is the sentence without
        its dates.

        Who binds themselves may do so in the same part of the sentence, or in one beside it. A day that is no limit
        has to come after who does, or begin its part: "your call on Monday will be answered" promises no Monday.
        """
        here = next(index for index, (start, end) in enumerate(clauses) if start <= span.start <= end)
        own = _part(rest, clauses[here])
        where = None if self.not_ours.search(own) else self._binding(rest, clauses, here)
        if where is None:
            return None
        part = _part(rest, clauses[where])
        sure = self.commits.search(part)
        binds = sure or self.weak.search(part)
        if binds is None or not (span.latest or self._day_of(rest, clauses, here, where, binds.start(), span)):
            return None
        if any(self.hedges.search(one) for one in (own, part, _brief(rest, clauses, here - 1))):
            return HEDGED
        return "" if sure else WHO

    def _day_of(
        self, rest: str, clauses: Sequence[tuple[int, int]], here: int, where: int, binds: int, span: Span
    ) -> bool:
        """Whether a day that is no limit is the one of what somebody binds themselves to: it begins its part of the
        sentence, or comes after that in the same part, or in one that is joined to it."""
        begin = clauses[here][0]
        if self.past.search(_part(rest, clauses[here])):
            return False
        if not self.book.spaced or not rest[begin : span.start].strip():
            return True
        if here != where:
            return where < here and self.joins.search(rest[clauses[here - 1][1] : begin]) is not None
        return clauses[where][0] + binds < span.start

    def _binding(self, sentence: str, clauses: Sequence[tuple[int, int]], here: int) -> int | None:
        """The part in which somebody binds themselves to what is said `here`."""
        if self._binds(_part(sentence, clauses[here])):
            return here
        for beside in (here - 1, here + 1, here - 2):
            if 0 <= beside < len(clauses):
                part = _part(sentence, clauses[beside])
                if self._binds(part) and not self.not_ours.search(part):
                    return beside
        return None


def _without(sentence: str, spans: Iterable[Span]) -> str:
    for span in spans:
        sentence = sentence[: span.start] + " " * (span.end - span.start) + sentence[span.end :]
    return sentence


def _brief(sentence: str, clauses: Sequence[tuple[int, int]], index: int) -> str:
    """The part of a sentence where it is of two words at most: "we hope, …"."""
    part = _part(sentence, clauses[index]) if index >= 0 else ""
    return part if len(part.split()) <= BRIEF_WORDS else ""


def _part(sentence: str, clause: tuple[int, int]) -> str:
    return sentence[clause[0] : clause[1]]


def sentences(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, the mark at its end) of each sentence."""
    start = 0
    for mark in _SENTENCE.finditer(text):
        if text[start : mark.start()].strip():
            yield start, mark.start(), mark[0]
        start = mark.end()


def own_words(text: str) -> str:
    """The reply in lower case without what it quotes, letter for letter where it was."""
    plain = text[:MOST_CHARACTERS].translate(_PLAIN)
    if ">" in plain:
        plain = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), plain)
    below = _BELOW.search(plain.lower())
    plain = plain[: below.start()] if below else plain
    lower = plain.lower()
    return lower if len(lower) == len(plain) else "".join(one if len(one.lower()) > 1 else one.lower() for one in plain)


def searcher_of(book: Book) -> Searcher:
    """The book made ready; one that says the same as another, as after a reload, is not made ready again."""
    return _made_ready(msgspec.json.encode(msgspec.structs.replace(book, examples=None)))


@lru_cache(maxsize=32)
def _made_ready(said: bytes) -> Searcher:
    return Searcher(msgspec.json.decode(said, type=Book))


def find(text: str, made: datetime, searchers: Iterable[Searcher], works: Works) -> tuple[Found, ...]:
    """The dates that a reply promises, each day once, in the order of their words. `made` is when it was written, in
    the zone in which its writer speaks of days."""
    lower = own_words(text)
    best: dict[tuple[date, datetime | None], Found] = {}
    for searcher in searchers:
        for one in searcher.search(lower, made, works):
            key = one.day, one.at
            known = best.get(key)
            if known is None or (known.doubt and not one.doubt):
                best[key] = msgspec.structs.replace(one, words=_words(text, one))
    return tuple(sorted(best.values(), key=lambda one: (one.start, one.day)))


def _words(text: str, one: Found) -> str:
    return " ".join(text[one.start : one.start + len(one.words)].split())[:MOST_WORDS]
