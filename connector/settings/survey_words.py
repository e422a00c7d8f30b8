"""surveys/*.yaml: what the page of survey questions says, by language. The admin's own files, else those that ship.

Called by `loading`, which checks what is the admin's own, and by the page itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connector.settings.checking import shaped
from connector.settings.folder import Folder, home_folder
from connector.settings.problems import Problems
from connector.settings.shapes.customers import SurveyWordsFile

GROUP = "surveys"
SurveyWords = SurveyWordsFile


def check_own(folder: Folder, problems: Problems) -> None:
    """Whether the admin's own files can be understood."""
    for name in folder.own(GROUP):
        _words(folder, name, problems)


def survey_words(home: Path | None) -> Mapping[str, SurveyWords]:
    """The words by language, in order of their codes. Raises SettingsFilesError with everything that is wrong."""
    problems = Problems()
    folder = Folder(home_folder(home), problems)
    found = [_words(folder, name, problems) for name in folder.names(GROUP)]
    problems.raise_if_any()
    return {one.language: one for one in sorted((one for one in found if one), key=lambda one: one.language)}


def _words(folder: Folder, name: str, problems: Problems) -> SurveyWords | None:
    document = folder.document(name)
    words = shaped(document, SurveyWordsFile, problems)
    if document is not None and words is not None and words.language != Path(name).stem:
        problems.add(document.place(("language",)), f"{name} is not for {words.language!r}", "name the file after it")
        return None
    return words
