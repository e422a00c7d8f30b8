"""What is wrong with the phrase books, in words. Called by `amends check`, and by the tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from connector.errors import SettingsError
from connector.model import Complainant, Complaint, Status
from connector.tagging.book import LANGUAGE, Example, PhraseBook, TaggingSettings
from connector.tagging.tagger import Asked, Tagger

SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def check(settings: TaggingSettings) -> list[str]:
    """One line a problem: phrases that say nothing, unusable words, examples that fail.

    That facets and values exist is for whoever built the settings to see to.
    """
    problems = list(_misfits(settings))
    try:
        tagger = Tagger(settings)
    except SettingsError as error:
        return [*problems, str(error)]
    for book in settings.books:
        problems += _broken_examples(tagger, book)
    return problems


def _misfits(settings: TaggingSettings) -> Iterator[str]:
    for book in settings.books:
        if book.language not in settings.languages:
            yield f'phrases: "{book.language}" is not among the languages of the taxonomy. Add it there.'
        for name, phrase in book.phrases.items():
            if not phrase.says or LANGUAGE in phrase.says:
                yield f"phrases {book.language}: {name} must say something, and not about the language."


def _broken_examples(tagger: Tagger, book: PhraseBook) -> Iterator[str]:
    examples = book.examples
    listed = _tagged(tagger, (*examples.match, *examples.miss), book.language)
    for example, tagged in zip(examples.match, listed, strict=False):
        for facet, value in example.says.items():
            if value not in tagged.get(facet, ()):
                found = " and ".join(tagged.get(facet, ("nothing",)))
                yield f'{_place(example, book)}: "{example.text}" should be {facet}: {value}, but is {found}.'
    for example, tagged in zip(examples.miss, listed[len(examples.match) :], strict=True):
        for facet, value in example.says.items():
            if value in tagged.get(facet, ()):
                yield f'{_place(example, book)}: "{example.text}" should not be {facet}: {value}, but is.'


def _place(example: Example, book: PhraseBook) -> str:
    return example.place or f"phrases {book.language}"


def _tagged(tagger: Tagger, examples: Iterable[Example], language: str) -> list[Mapping[str, Sequence[str]]]:
    """The examples as this book reads them, whatever the language of so short a text may seem to be. All at once: to
    read one alone costs many times its share."""
    found: list[Mapping[str, Sequence[str]]] = []
    for tags in tagger.tags_of([Asked(_complaint(example.text, language)) for example in examples]):
        said: dict[str, list[str]] = {}
        for tag in tags:
            said.setdefault(tag.facet, []).append(tag.value)
        found.append(said)
    return found


def _complaint(text: str, language: str) -> Complaint:
    return Complaint(
        source="example",
        ticket="1",
        version=0,
        subject="",
        text=text,
        complainant=Complainant(key="example:1"),
        status=Status.NEW,
        opened_at=SOME_DAY,
        updated_at=SOME_DAY,
        language=language,
    )
