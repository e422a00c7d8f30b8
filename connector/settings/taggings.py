"""The taxonomy and the phrase books: from the files to the frozen settings of the tagging room.

Called by `loading`. The structs of that room have the shape of the files, so what is checked is converted as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from connector.settings.checking import shaped
from connector.settings.problems import Problems, one_of
from connector.settings.shapes import PhrasesFile, TaxonomyFile
from connector.settings.yaml_file import Document
from connector.tagging import PhraseBook, TaggingSettings, Taxonomy


def tagging_of(
    taxonomy: Document | None, books: Iterable[Document | None], problems: Problems
) -> TaggingSettings | None:
    """What the tagger is built from, or None with the reasons among `problems`."""
    before = len(problems)
    found = _taxonomy(taxonomy, problems)
    read: list[PhraseBook] = []
    for document in books:
        book = _book(document, found, problems)
        if book is None or document is None:
            continue
        if any(book.language == one.language for one in read):
            what = f"there is another phrase book for {book.language!r}"
            problems.add(document.place(("language",)), what, "put all its phrases into one file")
        read.append(book)
    if found is None or len(problems) > before:
        return None
    return TaggingSettings(found, tuple(read))


def _taxonomy(document: Document | None, problems: Problems) -> Taxonomy | None:
    if document is None or shaped(document, TaxonomyFile, problems) is None:
        return None
    taxonomy = msgspec.convert({"facets": document.value["facets"]}, Taxonomy)
    for name, facet in taxonomy.facets.items():
        if facet.default is not None and facet.default not in facet.values:
            place = document.place(("facets", name, "default"))
            what = f"{facet.default!r} is not among the values of {name}"
            problems.add(place, what, one_of(facet.default, list(facet.values)))
    return taxonomy


def _book(document: Document | None, taxonomy: Taxonomy | None, problems: Problems) -> PhraseBook | None:
    if document is None or shaped(document, PhrasesFile, problems) is None:
        return None
    if taxonomy is not None:
        _check_sayings(document, {name: facet.values for name, facet in taxonomy.facets.items()}, problems)
    return msgspec.convert(document.value, PhraseBook)


def _check_sayings(document: Document, facets: Mapping[str, Mapping[str, str]], problems: Problems) -> None:
    """Every facet and value that a phrase or an example says has to be in the taxonomy."""
    for path, says in _sayings(document.value):
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
