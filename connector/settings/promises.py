"""How promises are kept track of: from sla.yaml and the books in promises/ to the frozen settings of the clocks.

Called by `loading`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from connector.clocks.business_hours import Hours
from connector.clocks.promises.book import Book
from connector.clocks.promises.keeping import Finder, Promising
from connector.mapping import EXTRA
from connector.settings.checking import shaped
from connector.settings.folder import Folder
from connector.settings.notation import duration_seconds
from connector.settings.problems import Problems, one_of
from connector.settings.shapes.books import PromisesFile
from connector.settings.shapes.clocks import PromisesShape
from connector.settings.yaml_file import Document

GROUP = "promises"
Books = tuple[Iterable[Book], Callable[[], Iterable[Book]]]  # those of the admin's own, and those that ship


def promising_of(
    shape: PromisesShape,
    document: Document,
    calendars: dict[str, Hours],
    languages: Iterable[str],
    books_of: Callable[[Iterable[str]], Books],
    problems: Problems,
) -> Promising | None:
    """The section `promises` of sla.yaml, or None with the reasons among `problems`. `languages` have books, which
    `books_of` knows."""
    hours = calendars.get(shape.calendar)
    if hours is None:
        place = document.place(("promises", "calendar"))
        problems.add(place, f"there is no calendar {shape.calendar!r}", one_of(shape.calendar, sorted(calendars)))
        return None
    if shape.field is not None and not shape.field.startswith(EXTRA):
        what = f"{shape.field!r} is no field of your own"
        problems.add(document.place(("promises", "field")), what, f"map the date to one, and write {EXTRA}promised")
    known = sorted(languages)
    for index, language in enumerate(shape.languages or ()):
        if language not in known:
            place = document.place(("promises", "languages", index))
            problems.add(place, f"there is no file promises/{language}.yaml", one_of(language, known))
    wanted = [one for one in known if shape.languages is None or one in shape.languages] if shape.find else []
    own, late = books_of(wanted)
    return Promising(
        calendar=shape.calendar,
        hours=hours,
        finder=Finder(tuple(own), lambda: tuple(late())) if wanted else None,
        field=shape.field.removeprefix(EXTRA) if shape.field else None,
        warn_before_seconds=duration_seconds(shape.warn_before),
        of_customer=shape.ends == "customer",
    )


def books_in(folder: Folder, languages: Iterable[str], problems: Problems) -> Books:
    """The books of these languages. What ships was proved when it was released: it is read when a reply is, which
    spares every other command a third of its start."""
    own, shipped = [], []
    for language in languages:
        name = f"{GROUP}/{language}.yaml"
        if folder.as_shipped(name):
            shipped.append(name)
        elif (book := _book(folder.document(name), problems)) is not None:
            own.append(book)
    return own, lambda: _shipped(folder, shipped)


def _shipped(folder: Folder, names: Iterable[str]) -> list[Book]:
    problems = Problems()
    found = [_book(folder.shipped(name, problems), problems) for name in names]
    problems.raise_if_any()
    return [book for book in found if book is not None]


def _book(document: Document | None, problems: Problems) -> Book | None:
    if document is None or shaped(document, PromisesFile, problems) is None:
        return None
    return msgspec.convert(document.value, Book)
