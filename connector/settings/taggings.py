"""The taxonomy and the phrase books: from the files to the frozen settings of the tagging room.

`load_tagging` is for commands that tag and do no more, the rest for `loading`. The structs of that room have the shape
of the files, so what is checked is converted as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from connector.settings.checking import shaped
from connector.settings.folder import SHIPPED_MARK, Folder, home_folder
from connector.settings.models import model_files
from connector.settings.packed_books import ShippedBook
from connector.settings.problems import Problems, one_of
from connector.settings.shapes.taxonomy import TaxonomyFile
from connector.settings.themes import shipped_themes
from connector.settings.yaml_file import Document
from connector.tagging import Facet, PhraseBook, ProductWords, TaggingSettings, Taxonomy
from connector.tagging.book import PART, Example, Examples, Phrase, said_in


def load_tagging(home: Path | None = None) -> tuple[TaggingSettings, tuple[Path, ...]]:
    """What tags are made of, and nothing else: taxonomy and phrases, and the files of the models.

    Raises SettingsFilesError with everything that is wrong in them, SettingsError where there is no such folder.
    """
    problems = Problems()
    folder = Folder(home_folder(home), problems)
    books = [folder.book(name) for name in folder.names("phrases")]
    tagging = tagging_of(folder.document("taxonomy.yaml"), books, problems)
    problems.raise_if_any()
    assert tagging is not None, "what could not be understood was raised"
    return tagging, model_files(folder.home)


def tagging_of(
    taxonomy: Document | None, books: Sequence[Document | ShippedBook | None], problems: Problems
) -> TaggingSettings | None:
    """What the tagger is built from, or None with the reasons among `problems`."""
    before = len(problems)
    found = _taxonomy(taxonomy, problems)
    read: list[PhraseBook] = []
    claimed: dict[tuple[str, str, str], str] = {}
    for document in books:
        book = _book(document, found, problems)
        if book is not None and document is not None:
            _check_names(document, book, claimed, problems)
            read.append(book)
    if found is None or len(problems) > before:
        return None
    return TaggingSettings(found, tuple(read), tuple(_products(taxonomy)), shipped_themes())


def _check_names(
    document: Document | ShippedBook, book: PhraseBook, claimed: dict[tuple[str, str, str], str], problems: Problems
) -> None:
    """Files of one language are read as one book, in which a phrase is known by its name."""
    for group, named in (("phrases", book.phrases), ("guards", book.guards)):
        for name in named:
            other = claimed.setdefault((book.language, group, name), document.name)
            if other != document.name:
                what = f"{other} has {group} called {name!r} for {book.language!r} as well"
                problems.add(document.place((group, name), key=True), what, "give it another name")


def _products(document: Document | None) -> Iterable[ProductWords]:
    if document is not None and isinstance(document.value, dict):
        yield from _planted(document.value.get("products") or {})


def _planted(branch: Mapping[str, Any]) -> Iterable[ProductWords]:
    for name, product in branch.items():
        words = (product or {}).get("words") or {}
        yield ProductWords(name, {language: tuple(listed) for language, listed in words.items()})
        yield from _planted((product or {}).get("parts") or {})


def _taxonomy(document: Document | None, problems: Problems) -> Taxonomy | None:
    if document is None or shaped(document, TaxonomyFile, problems) is None:
        return None
    raw = document.value["facets"]
    taxonomy = msgspec.convert({"facets": {name: _flat(facet) for name, facet in raw.items()}}, Taxonomy)
    for name, facet in taxonomy.facets.items():
        _check_raises(document, name, facet, taxonomy, problems)
        if facet.default is not None and facet.default not in facet.values:
            place = document.place(("facets", name, "default"))
            what = f"{facet.default!r} is not among the values of {name}"
            problems.add(place, what, one_of(facet.default, list(facet.values)))
    return taxonomy


def _flat(facet: Mapping[str, Any]) -> dict[str, Any]:
    """A facet with its tree of values as the tagging room has it: path → title, and what else is said of each."""
    flat: dict[str, Any] = {"values": {}, "titles": {}, "was": {}, "raises": {}}
    _flatten(facet["values"], "", flat)
    return {**{key: value for key, value in facet.items() if key != "values"}, **flat}


def _flatten(branch: Mapping[str, Any], above: str, flat: dict[str, Any]) -> None:
    for name, said in branch.items():
        path = f"{above}{name}"
        if isinstance(said, str):
            flat["values"][path] = said
            continue
        flat["values"][path] = said["title"]
        for key in ("titles", "raises"):
            if said.get(key):
                flat[key][path] = said[key]
        if said.get("was"):
            flat["was"][said["was"]] = path
        _flatten(said.get("parts") or {}, f"{path}{PART}", flat)


def _check_raises(document: Document, name: str, facet: Facet, taxonomy: Taxonomy, problems: Problems) -> None:
    for value, raised in facet.raises.items():
        for other, least in raised.items():
            known = taxonomy.facets.get(other)
            path = (
                "facets",
                name,
                "values",
                *PART.join(value.split(PART)).replace(PART, "\0parts\0").split("\0"),
                "raises",
            )
            if known is None:
                what, fix = f"there is no facet {other!r} in the taxonomy", one_of(other, list(taxonomy.facets))
                problems.add(document.place((*path, other), key=True), what, fix)
            elif least not in known.values:
                what, fix = f"the facet {other} has no value {least!r}", one_of(least, list(known.values))
                problems.add(document.place((*path, other)), what, fix)


def _book(document: Document | ShippedBook | None, taxonomy: Taxonomy | None, problems: Problems) -> PhraseBook | None:
    if isinstance(document, ShippedBook):
        return document.book if taxonomy is None else _as_named(document.book, document.says, taxonomy)
    if document is None:
        return None
    from connector.settings.shapes.books import PhrasesFile  # most have no book of their own

    if shaped(document, PhrasesFile, problems) is None:
        return None
    book = msgspec.convert(document.value, PhraseBook)
    if taxonomy is None:
        return book
    if document.name.endswith(SHIPPED_MARK):
        return _as_named(book, said_in(book), taxonomy)
    _check_sayings(document, document.value, {name: facet.values for name, facet in taxonomy.facets.items()}, problems)
    return replace(book, examples=Examples(*(_placed(document, book, kind) for kind in ("match", "miss"))))


def _placed(document: Document, book: PhraseBook, kind: str) -> tuple[Example, ...]:
    """The examples with where they stand, so that one that fails can be found."""
    return tuple(
        replace(one, place=str(document.place(("examples", kind, number, "text"))))
        for number, one in enumerate(getattr(book.examples, kind))
    )


def _as_named(book: PhraseBook, says: Iterable[tuple[str, str]], taxonomy: Taxonomy) -> PhraseBook:
    """A shipped book in the words of the admin's taxonomy: renamed values by `was`, those that are not there not."""

    @cache
    def ours(facet: str, value: str) -> str | None:
        return taxonomy.facets[facet].named(value) if facet in taxonomy.facets else None

    def named(says: Mapping[str, str]) -> dict[str, str]:
        return {facet: name for facet, value in says.items() if (name := ours(facet, value)) is not None}

    def in_ours(phrases: Mapping[str, Phrase]) -> dict[str, Phrase]:
        return {name: replace(one, says=named(one.says)) for name, one in phrases.items()}

    def examples(listed: Iterable[Example]) -> tuple[Example, ...]:
        return tuple(Example(one.text, says) for one in listed if (says := named(one.says)))

    if all(ours(facet, value) == value for facet, value in says):
        return book
    return replace(
        book,
        phrases={name: one for name, one in in_ours(book.phrases).items() if one.says},
        guards=in_ours(book.guards),
        examples=Examples(examples(book.examples.match), examples(book.examples.miss)),
    )


def _check_sayings(document: Document, book: Any, facets: Mapping[str, Mapping[str, str]], problems: Problems) -> None:
    """Every facet and value that a phrase or an example says has to be in the taxonomy."""
    for path, says in _sayings(book):
        for facet, value in says.items():
            if facet not in facets:
                place = document.place((*path, facet), key=True)
                problems.add(place, f"there is no facet {facet!r} in the taxonomy", one_of(facet, list(facets)))
            elif value not in facets[facet]:
                what = f"the facet {facet} has no value {value!r} in the taxonomy"
                problems.add(document.place((*path, facet)), what, one_of(value, list(facets[facet])))


def _sayings(book: Any) -> Iterable[tuple[tuple[str | int, ...], dict[str, str]]]:
    for group in ("phrases", "guards"):
        for name, phrase in book.get(group, {}).items():
            if "says" in phrase:
                yield (group, name, "says"), phrase["says"]
    for group, examples in book.get("examples", {}).items():
        for index, example in enumerate(examples):
            yield ("examples", group, index, "says"), example["says"]
