"""Which texts changed phrases can speak about: only those have to be tagged anew.

Called by `sync.replay`, which keeps what tags were made of (`packed`) and compares it with what they are made of now.
The answer errs on the side of tagging anew. A text in which no changed line and no changed negation is found has the
same hits in both books: every hit comes from a line that both have, and a gap that may not cross a negation differs
only where that negation stands. The same hits are the same features for the same model, so the same tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import zstandard
from msgspec.structs import replace

from connector.errors import SettingsError
from connector.tagging.book import Examples, Lexicon, Phrase, PhraseBook, TaggingSettings, Taxonomy
from connector.tagging.fold import fold, readable
from connector.tagging.match import Lookup, Rule
from connector.tagging.pattern import Line, gap_of, line_of
from connector.tagging.products import product_books

LARGEST = 1 << 28
# Kept with the first sync by new phrases, who is waited for: the ninth level takes five times as long for a tenth less.
LEVEL = 4

# A phrase as both books know it: guard or phrase, of products or of the admin's files, and its name.
_Name = tuple[str, bool, str]
_MARK = Rule("difference", (), 0.0, guard=False)


class Difference:
    """The lines of words in which two lexicons differ, of all languages: a text's language may not be known."""

    def __init__(self, lines: Iterable[Line], gap: str) -> None:
        self._lookup = Lookup([(line, _MARK) for line in lines], (), gap)

    def touches(self, subject: str, text: str) -> bool:
        """Whether a message may be tagged otherwise than before."""
        return any(self._lookup.find(fold(readable(part)).text) for part in (subject, text) if part)


def packed(lexicon: Lexicon) -> bytes:
    """A lexicon as it is kept: without examples, which decide nothing, and themes, which change with a model only."""
    books = tuple(replace(book, examples=Examples()) for book in lexicon.settings.books)
    bare = replace(lexicon, settings=replace(lexicon.settings, books=books, themes={}))
    return zstandard.ZstdCompressor(level=LEVEL).compress(msgspec.json.encode(bare))


def unpacked(content: bytes) -> Lexicon | None:
    """The lexicon that `packed` made `content` of; None where another release made something else of it."""
    try:
        plain = zstandard.ZstdDecompressor().decompress(content, max_output_size=LARGEST)
        return msgspec.json.decode(plain, type=Lexicon)
    except (zstandard.ZstdError, msgspec.MsgspecError):
        return None


def difference(before: Lexicon, now: Lexicon) -> Difference | None:
    """What differs in phrases, guards, negations and words of products; None where everything has to be tagged anew,
    as after another model, taxonomy or release."""
    if (before.models, before.version) != (now.models, now.version):
        return None
    if _deciding(before.settings) != _deciding(now.settings):
        return None
    old, new = _by_language(before.settings), _by_language(now.settings)
    if not _in_order(list(old), list(new)):
        return None
    gap = gap_of(())  # crosses everything, so it finds whatever either book's own would
    try:
        lines = [line for one in old.keys() | new.keys() for line in _changed(old.get(one, ()), new.get(one, ()), gap)]
    except (SettingsError, _MovedError):
        return None
    return Difference(lines, gap)


class _MovedError(Exception):
    """Phrases that both books have changed places: the first of two equals speaks."""


def _deciding(settings: TaggingSettings) -> Any:
    """Whatever decides about tags but for phrases; titles do not."""
    rest = replace(settings, taxonomy=Taxonomy({}), books=(), products=(), themes={})
    return rest, _untitled(settings.taxonomy), [product.name for product in settings.products]


def _untitled(taxonomy: Taxonomy) -> list[Any]:
    return [
        (name, list(facet.values), replace(facet, title="", titles={}, values=dict.fromkeys(facet.values, "")))
        for name, facet in taxonomy.facets.items()
    ]


def _by_language(settings: TaggingSettings) -> dict[str, list[tuple[bool, PhraseBook]]]:
    """The books by language, in the order in which they are read; True for those of products."""
    found: dict[str, list[tuple[bool, PhraseBook]]] = {}
    for book in settings.books:
        found.setdefault(book.language, []).append((False, book))
    for book in product_books(settings):
        found.setdefault(book.language, []).append((True, book))
    return found


def _changed(
    old: Sequence[tuple[bool, PhraseBook]], new: Sequence[tuple[bool, PhraseBook]], gap: str
) -> Iterable[Line]:
    """The lines that one language's books do not have in common, and the negations."""
    before, after = _phrases(old), _phrases(new)
    if not _in_order(list(before), list(after)):
        raise _MovedError
    for name in before.keys() | after.keys():
        for words in _unequal(before.get(name), after.get(name)):
            yield line_of(words, name[2], gap)
    turned = {word for _, book in old for word in book.negations} ^ {word for _, book in new for word in book.negations}
    yield from (Line(key, "") for word in turned if (key := fold(word).text))


def _phrases(books: Iterable[tuple[bool, PhraseBook]]) -> dict[_Name, Phrase]:
    found: dict[_Name, Phrase] = {}
    for of_products, book in books:
        for kind, named in (("phrase", book.phrases), ("guard", book.guards)):
            for name, phrase in named.items():
                if found.setdefault((kind, of_products, name), phrase) is not phrase:
                    raise _MovedError  # which of two of the same name is meant cannot be told
    return found


def _unequal(before: Phrase | None, after: Phrase | None) -> Iterable[str]:
    """The lines of words that are not, or do not say the same, in both."""
    old, new = (set(one.words) if one is not None else set() for one in (before, after))
    if before is None or after is None or _meaning(before) != _meaning(after):
        return old | new
    return old ^ new


def _meaning(phrase: Phrase) -> tuple[Any, ...]:
    return tuple(phrase.says.items()), replace(phrase, words=())


def _in_order(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Whether what both have stands in the same order in both."""
    common = set(before).intersection(after)
    return [one for one in before if one in common] == [one for one in after if one in common]
