"""What is sold, as phrases beside those of the books. Called by `reading` and `difference`."""

from __future__ import annotations

from collections.abc import Iterable

from connector.tagging.book import PRODUCT, Phrase, PhraseBook, ProductWords, Strength, TaggingSettings
from connector.tagging.fold import fold


def product_books(settings: TaggingSettings) -> list[PhraseBook]:
    """One book a language: a product's name in every language, its other words in theirs, long ones with any ending."""
    found = []
    for language in settings.languages if settings.products else ():
        phrases = dict(_phrases(settings.products, language))
        if phrases:
            found.append(PhraseBook(language, phrases))
    return found


def _phrases(products: Iterable[ProductWords], language: str) -> Iterable[tuple[str, Phrase]]:
    for product in products:
        words = (product.name, *product.words.get(language, ()))
        lines = tuple(dict.fromkeys(_line(word) for word in words if fold(word).text.strip(" *.")))
        if lines:
            yield product.name, Phrase(lines, {PRODUCT: product.name}, Strength.USUAL)


def _line(word: str) -> str:
    plain = word.replace("*", " ").replace("..", " ").strip()
    return f"{plain}*" if len(plain) >= 5 and plain[-1].isalpha() else plain
