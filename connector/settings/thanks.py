"""How customers say nothing but thanks: from the books in thanks/ to what a timeline is folded with.

Called by `loading`. A file that is called like a shipped one replaces it; one with a name of its own adds to it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connector.gratitude import Thanks, ThanksBook
from connector.settings.checking import shaped
from connector.settings.folder import Folder
from connector.settings.problems import Problems
from connector.settings.shapes.books import ThanksFile
from connector.settings.yaml_file import Document

GROUP = "thanks"


def thanks_of(folder: Folder, problems: Problems) -> Thanks:
    """The books of all languages. What ships was proved when it was released, and is read with the first message that
    may be thanks."""
    names = folder.names(GROUP)
    shipped = [name for name in names if folder.as_shipped(name)]
    own = [_book(folder.document(name), problems) for name in names if name not in shipped]
    return Thanks((book for book in own if book is not None), lambda: _shipped(folder, shipped))


def _shipped(folder: Folder, names: Iterable[str]) -> list[ThanksBook]:
    problems = Problems()
    found = [_book(folder.shipped(name, problems), problems) for name in names]
    problems.raise_if_any()
    return [book for book in found if book is not None]


def _book(document: Document | None, problems: Problems) -> ThanksBook | None:
    if document is None or shaped(document, ThanksFile, problems) is None:
        return None
    return msgspec.convert(document.value, ThanksBook)
