"""The company's products as a tree with the words that people and helpdesks use for them; pure.

`settings` builds it from the `products` of taxonomy.yaml; `mapping.reading` places the values of `product` by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import force_setattr

SEPARATOR = " / "
ANY = ""  # a word without a language


class Product(msgspec.Struct, frozen=True):
    """A product or a group of them. `words` holds synonyms by language (ISO 639-1); its own name needs none."""

    name: str
    words: dict[str, tuple[str, ...]] = {}
    parts: tuple[Product, ...] = ()


class Products(msgspec.Struct, frozen=True):
    """The whole tree. `groups` and `known` are derived: the names above each product, and word → language → product."""

    roots: tuple[Product, ...]
    groups: dict[str, tuple[str, ...]] = {}
    known: dict[str, dict[str, str]] = {}

    def __post_init__(self) -> None:
        groups: dict[str, tuple[str, ...]] = {}
        known: dict[str, dict[str, str]] = {}
        for product, above in _walk(self.roots, ()):
            groups[product.name] = above
            for language, word in words_of(product):
                known.setdefault(folded(word), {}).setdefault(language, product.name)
        force_setattr(self, "groups", groups)
        force_setattr(self, "known", known)

    def find(self, value: str, language: str | None) -> str | None:
        """The product that `value` names, None for none. Of a path ("Kitchen / Kettle") the last known part counts; a
        word that names different things in different languages is read in `language`."""
        by_language = self.known.get(folded(value))
        if by_language is None and SEPARATOR.strip() in value:
            parts = (self.known.get(folded(part)) for part in reversed(value.split(SEPARATOR.strip())))
            by_language = next((part for part in parts if part), None)
        if by_language is None:
            return None
        if language in by_language:
            return by_language[language]
        named = set(by_language.values())
        return by_language.get(ANY) or (named.pop() if len(named) == 1 else None)

    def group_of(self, name: str) -> str | None:
        """The groups above a product, outermost first, as one text."""
        return SEPARATOR.join(self.groups.get(name, ())) or None


def folded(word: str) -> str:
    return " ".join(word.casefold().split())


def words_of(product: Product) -> Iterator[tuple[str, str]]:
    """(language, word) of everything that a product is called; its name counts in every language."""
    yield ANY, product.name
    for language, words in product.words.items():
        yield from ((language, word) for word in words)


def _walk(roots: Iterable[Product], above: tuple[str, ...]) -> Iterator[tuple[Product, tuple[str, ...]]]:
    for product in roots:
        yield product, above
        yield from _walk(product.parts, (*above, product.name))
