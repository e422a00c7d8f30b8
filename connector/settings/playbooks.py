"""playbooks.yaml and wordings/: from the files to the frozen settings of the policy room. Called by `loading`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from connector.errors import SettingsError
from connector.policy.phrasing import Phrasing
from connector.policy.playbooks import REMEDY, Offer, Playbook, Playbooks
from connector.policy.wordings import Phrase, Wordings, wordings
from connector.settings.checking import shaped
from connector.settings.meanings import compiled
from connector.settings.problems import Problems
from connector.settings.rules import Path, unique, unknown_words
from connector.settings.shapes.telling import NotesFile, OfferShape, PlaybooksFile, PlaybookShape, WordingsFile
from connector.settings.yaml_file import Document
from connector.tagging import TaggingSettings

Built = TypeVar("Built")


def playbooks_of(document: Document | None, tagging: TaggingSettings | None, problems: Problems) -> Playbooks | None:
    """All playbooks, or None with the reasons among `problems`."""
    shape = shaped(document, PlaybooksFile, problems)
    if document is None or shape is None:
        return None
    before = len(problems)
    unique([one.id for one in shape.playbooks], "id", document, ("playbooks",), problems)
    books = [_playbook(index, one, document, tagging, problems) for index, one in enumerate(shape.playbooks)]
    if len(problems) > before:
        return None
    return _made(lambda: Playbooks(tuple(one for one in books if one)), document, ("playbooks",), problems)


def _playbook(
    index: int, shape: PlaybookShape, document: Document, tagging: TaggingSettings | None, problems: Problems
) -> Playbook | None:
    path: Path = ("playbooks", index)
    facets = tagging.taxonomy.facets if tagging else {}
    for key, facet, words in (("categories", "category", shape.categories), ("remedies", REMEDY, shape.remedies)):
        if facet in facets:
            unknown_words(words, list(facets[facet].values), facet, document, (*path, key), problems)
    offers = [_offer(name, one, document, (*path, "offers", name), problems) for name, one in shape.offers.items()]
    return _made(
        lambda: Playbook(
            id=shape.id,
            title=shape.title,
            categories=shape.categories,
            remedies=shape.remedies,
            when=compiled(shape.when, document, (*path, "when"), problems),
            steps=shape.steps,
            offers=tuple(one for one in offers if one),
        ),
        document,
        path,
        problems,
    )


def _offer(name: str, shape: OfferShape, document: Document, path: Path, problems: Problems) -> Offer | None:
    return _made(lambda: Offer(name, shape.most, shape.currency, shape.alone, shape.by), document, path, problems)


def _made(build: Callable[[], Built], document: Document, path: Path, problems: Problems) -> Built | None:
    try:
        return build()
    except SettingsError as error:
        problems.add_error(document.place(path, key=True), error)
        return None


def deciders(playbooks: Playbooks) -> list[tuple[str, Path]]:
    """The roles and contacts that playbooks name, with where they do."""
    return [
        (offer.by, ("playbooks", index, "offers", offer.remedy, "by"))
        for index, book in enumerate(playbooks.books)
        for offer in book.offers
        if offer.by is not None
    ]


def wordings_of(documents: Sequence[Document | None], problems: Problems) -> dict[str, Wordings]:
    """The lists by language; the examples that each holds are run."""
    found: dict[str, Wordings] = {}
    for document in documents:
        shape = shaped(document, WordingsFile, problems)
        if document is None or shape is None:
            continue
        phrases = [Phrase(name, one.words, one.why, one.better) for name, one in shape.phrases.items()]
        made = _made(lambda: wordings(shape.language, phrases), document, ("phrases",), problems)  # noqa: B023
        if made is not None:
            found[shape.language] = made
            _prove(made, shape, document, problems)
    return found


def _prove(made: Wordings, shape: WordingsFile, document: Document, problems: Problems) -> None:
    for index, example in enumerate(shape.examples.match):
        if example.says not in [phrase.id for phrase in made.found_in(example.text)]:
            place = document.place(("examples", "match", index))
            problems.add(place, f"{example.says!r} is not found in this example", "correct the phrase or the example")
    for index, text in enumerate(shape.examples.miss):
        found = made.found_in(text)
        if found:
            place = document.place(("examples", "miss", index))
            problems.add(place, f"{found[0].id!r} is found in this example", "correct the phrase or the example")


def phrasing_of(document: Document | None, problems: Problems) -> Phrasing | None:
    """The words of notes in one language, or None with the reasons among `problems`."""
    shape = shaped(document, NotesFile, problems)
    if shape is None:
        return None
    return Phrasing(
        shape.language, shape.headlines, shape.reasons, shape.clocks, shape.next_steps, shape.lines, shape.words
    )
