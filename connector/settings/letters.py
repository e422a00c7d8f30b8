"""letters.yaml: the words for customers whose complaint's cause is gone. Called by the commands that draft letters; a
daemon, which drafts none, need not read it."""

from __future__ import annotations

from pathlib import Path

from connector.errors import SettingsError
from connector.policy.letter import Letters
from connector.settings.checking import shaped
from connector.settings.folder import Folder, home_folder
from connector.settings.problems import Problems
from connector.settings.shapes.customers import LettersFile

FILE = "letters.yaml"


def load_letters(home: Path | None = None) -> Letters:
    """The letters in the folder, as shipped where it has none. Raises SettingsFilesError with all that is wrong."""
    problems = Problems()
    folder = Folder(home_folder(home), problems)
    document = folder.document(FILE)
    shape = shaped(document, LettersFile, problems)
    found: Letters | None = None
    if document is not None and shape is not None:
        try:
            found = Letters(dict(shape.letters), shape.contact)
        except SettingsError as error:
            problems.add_error(document.place(("letters",), key=True), error)
    problems.raise_if_any()
    assert found is not None, "what could not be understood was raised"
    return found
