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
from connector.settings.notation import duration_seconds
from connector.settings.problems import Problems, one_of
from connector.settings.shapes import PromisesFile, PromisesShape
from connector.settings.yaml_file import Document

BookOf = Callable[[str], Book | None]  # by its language; None with the reasons among the problems


def promising_of(
    shape: PromisesShape,
    document: Document,
    calendars: dict[str, Hours],
    languages: Iterable[str],
    book_of: BookOf,
    problems: Problems,
) -> Promising | None:
    """The section `promises` of sla.yaml, or None with the reasons among `problems`. `languages` have books."""
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
    books = [book for language in wanted if (book := book_of(language)) is not None]
    return Promising(
        calendar=shape.calendar,
        hours=hours,
        finder=Finder(books) if books else None,
        field=shape.field.removeprefix(EXTRA) if shape.field else None,
        warn_before_seconds=duration_seconds(shape.warn_before),
        of_customer=shape.ends == "customer",
    )


def book_in(document: Document | None, problems: Problems) -> Book | None:
    """A book, or None with the reasons among `problems`."""
    if document is None or shaped(document, PromisesFile, problems) is None:
        return None
    return msgspec.convert(document.value, Book)
