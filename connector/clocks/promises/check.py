"""What is wrong with the books of promises by their own examples, in words. Called by `amends check` and the tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from connector.clocks.promises.book import Book
from connector.clocks.promises.finding import Searcher, find, searcher_of

SATURDAY = 5


def check(books: Iterable[Book]) -> list[str]:
    """One line for each example that does not hold. In their weeks, Monday to Friday are worked."""
    return [line for book in books if book.examples is not None for line in _broken(book)]


def number_of_examples(books: Iterable[Book]) -> int:
    return sum(len(one.examples.match) + len(one.examples.miss) for one in books if one.examples is not None)


def _works(day: date) -> bool:
    return day.weekday() < SATURDAY


def _broken(book: Book) -> Iterator[str]:
    assert book.examples is not None
    searcher, said = searcher_of(book), datetime.fromisoformat(book.examples.said).replace(tzinfo=UTC)
    for example in book.examples.match:
        wanted = f"{example.due}{' (unsure)' if example.unsure else ''}"
        found = _told(example.text, said, searcher)
        if found != [wanted]:
            what = ", ".join(found) or "nothing"
            yield f'promises {book.language}: "{example.text}" should be due {wanted}, but {what} is found.'
    for text in book.examples.miss:
        found = _told(text, said, searcher)
        if found:
            yield f'promises {book.language}: "{text}" promises nothing, but {", ".join(found)} is found.'


def _told(text: str, said: datetime, searcher: Searcher) -> list[str]:
    return [
        f"{one.day if one.at is None else f'{one.at:%Y-%m-%dT%H:%M}'}{' (unsure)' if one.doubt else ''}"
        for one in find(text, said, [searcher], _works)
    ]
