"""What is wrong in the admin's files, collected over all of them so that one run shows everything.

Used by every module of this room; `SettingsFilesError` reaches the command line.
"""

from __future__ import annotations

from difflib import get_close_matches

import msgspec

from connector.errors import SettingsError


class Place(msgspec.Struct, frozen=True, order=True):
    """A spot in a file, counted from 1 as editors do; line 0 stands for the file as a whole."""

    file: str
    line: int = 0
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Problem(msgspec.Struct, frozen=True, order=True):
    """One thing to edit: `what` is wrong at `place`, and what to write instead."""

    place: Place
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}; {self.remedy}" if self.remedy else f"{self.place}: {self.what}"


class SettingsFilesError(SettingsError):
    """Everything that is wrong in the folder, in the order of files and lines."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(str(problem) for problem in problems)
        super().__init__(f"{count} in the settings; nothing was loaded.\n{lines}")
        self.problems = problems


class Problems:
    """The list while it grows; lives for a single loading."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, place: Place, what: str, remedy: str = "") -> None:
        self._found.append(Problem(place, what.rstrip("."), remedy.rstrip(".")))

    def add_error(self, place: Place, error: SettingsError) -> None:
        """A refusal by a pure room, put where the refused value stands."""
        self.add(place, error.message, error.remedy or "")

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self) -> None:
        """Raises SettingsFilesError when anything was added."""
        if self._found:
            raise SettingsFilesError(tuple(sorted(set(self._found))))


def one_of(word: object, known: list[str]) -> str:
    """A remedy for a wrong word: the nearest known one, else all of them."""
    close = get_close_matches(str(word), known, 1, 0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(known)}" if known else "there is none to choose from"
